"""The feeds of signalling: registration attempts as the probes on the links write them, and who is attached where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin.causes import CAUSES, NO_ANSWER
from cemlib.twin.feed import Feed, codes, instants, numbers
from cemlib.twin.season import export_times
from cemlib.twin.signalling import RATS, Attempts
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["presence_feed", "served_by", "signalling_feed", "who"]

_MAP_PROCEDURES, _S6A_PROCEDURES, _NAS_PROCEDURES = (0.7, 0.3, 0.0, 0.0), (0.45, 0.3, 0.25, 0.0), (0.0, 0.4, 0.6, 0.0)
_PROCEDURES = ("update_location", "attach", "tau", "registration")


def who(people: pd.DataFrame, person: np.ndarray, column: str, missing: np.ndarray | None = None) -> pa.Array:
    """A text column of the persons of some records."""
    found = pa.array(people[column].to_numpy(object), pa.string()).take(pa.array(person))
    return found if missing is None else pa.array(np.where(missing, None, found.to_numpy(zero_copy_only=False)), pa.string())


def served_by(world: World, own: np.ndarray, plmn_row: np.ndarray) -> pa.Array:
    """The PLMN that served: the partner's for our roamers, ours for visitors."""
    return codes([*world.networks["plmn"], world.home["plmn"]], np.where(own, plmn_row, len(world.networks)))


def signalling_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, tries: Attempts) -> Feed:
    """Every registration attempt as a record of the signalling probes.

    Whether a reject was sent on purpose is known for some 70 % of the rejects, and never for those of the partners' own homes.
    """
    ids, own = tries.id, days["is_own"].to_numpy()[tries.rd]
    person = days["person"].to_numpy()[tries.rd]
    u = streams.uniform("registration.procedure", ids)
    mixes = {"map_update_location": _MAP_PROCEDURES, "diameter_3gpp": _S6A_PROCEDURES, "emm": _NAS_PROCEDURES}
    procedure = np.full(len(ids), 3)
    for protocol, mix in mixes.items():
        mine = tries.protocol == protocol
        procedure[mine] = np.searchsorted(np.cumsum(mix), u[mine], side="right").clip(0, 2)
    median = np.select([tries.rat < 2, tries.rat == 2], [950.0, 420.0], 310.0) + 2.0 * world.countries["rtt_ms"].to_numpy()[days["country_row"]][tries.rd]
    timed_out = tries.cause == NO_ANSWER
    duration = np.where(timed_out, 10_000 + 5_000 * streams.uniform("registration.timer", ids).round(1),
                        streams.lognormal("registration.duration", ids, median, 0.38).clip(40, 9_800))
    unknown = tries.failed & ((streams.uniform("registration.sor_known", ids) < 0.30) | ~own)
    barred = (tries.cause == [row[2] for row in CAUSES].index("5004")) & ~tries.is_steered
    diagnostic = barred & (streams.uniform("registration.diagnostic", ids) < 0.6)
    written = export_times(streams, "signalling", ids, tries.at, 120, 720)
    # the probes on one hub's links keep whole seconds only
    written = np.where((world.networks["hub"] == "CIRRUS").to_numpy()[tries.plmn_row], written // 1000 * 1000, written)
    table = pa.table({
        "attempt_time": instants(tries.at), "export_time": instants(written), "direction": codes(["IN", "OUT"], own),
        "imsi": who(people, person, "imsi"), "imei": who(people, person, "imei", streams.uniform("registration.no_imei", ids) < 0.03),
        "vplmn": served_by(world, own, tries.plmn_row), "procedure": codes(_PROCEDURES, procedure),
        "protocol": codes([row[0] for row in CAUSES], tries.cause), "vendor": codes([row[1] for row in CAUSES], tries.cause),
        "cause": codes([row[2] for row in CAUSES], tries.cause), "diagnostic": codes(["", "4"], diagnostic),
        "sor": codes(["0", "1", ""], np.where(unknown, 2, tries.is_steered)), "rat": codes(RATS, tries.rat),
        "duration_ms": numbers(duration, 0),
    })
    return Feed("roaming_signalling", table, ids, written)


def presence_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame) -> Feed:
    """Who was attached where: one interval a roamer and day; a stay that goes on is cut at midnight UTC and goes on in the next.

    On the last day of the period an interval that goes on has no end yet.
    """
    rd, own, person = days["rd"].to_numpy(), days["is_own"].to_numpy(), days["person"].to_numpy()
    start = days["start"].to_numpy() + np.where(days["is_arrival"], (1000 * (30 + 200 * streams.uniform("presence.start", rd))).astype(np.int64), 0)
    end = days["end"].to_numpy()
    still = days["goes_on"].to_numpy() & (end >= world.end)
    written = export_times(streams, "presence", rd, end, 60, 420)
    # an interval that is still open is told in the evening, by the last report of the day
    written = np.where(still, end - 1000 * (60 + (3000 * streams.uniform("presence.open", rd)).astype(np.int64)), written)
    fits = start + 60_000 < np.minimum(end, written)
    rat = np.select([streams.uniform("presence.rat", rd) < edge for edge in (0.07, 0.2, 0.93)], [0, 1, 2], 2)
    table = pa.table({
        "start_time": instants(start), "end_time": instants(end, still), "export_time": instants(written), "direction": codes(["IN", "OUT"], own),
        "imsi": who(people, person, "imsi"), "vplmn": served_by(world, own, days["plmn_row"].to_numpy()), "rat": codes(RATS, rat),
    })
    return Feed("roaming_presence", table, rd, written).take(np.flatnonzero(fits))
