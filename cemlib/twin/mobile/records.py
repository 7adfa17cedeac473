"""The home network's files: what its systems write of sessions, calls, messages and signalling, each with its own clock and gaps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cemlib.twin import exact
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import EPOCH_MS, codes, instants
from cemlib.twin.mobile.declared import MOBILE, RATS
from cemlib.twin.season import DAY_MS
from cemlib.twin.subscribers import fiction_numbers, padded

__all__ = ["cell_names", "local_offsets"]

_NONE = 4294967295
_RAT_TYPES = ("2", "1", "6", "10")
_ACCESS = ("GERAN", "UTRAN", "LTE", "NR")
_APPS = ("WEB", "VIDEO", "IM", "OTHER")
_CLASSES = ("WEB_BROWSING", "HTTP_STREAMING", "INSTANT_MESSAGING")
_EVENTS = ("ATTACH", "TAU", "X2_HO", "SERVICE_REQUEST")
_GTP_CAUSES, _GTP_SHARES = ("100", "94", "73", "92", "113"), (0.36, 0.2, 0.18, 0.16, 0.1)
_SIP_CAUSES, _SIP_SHARES = ("503", "480", "408", "500"), (0.4, 0.3, 0.2, 0.1)
_NAS_CAUSES, _NAS_SHARES = ("17", "22", "15", "TIMEOUT"), (0.3, 0.34, 0.12, 0.24)
#: The network renames the cells of every ninth site in the middle of the period.
_RENAMED = 9


@MOBILE.node("customer")
def customer_row(draw):
    """Place in the block: where the names of the customer are found."""
    return np.arange(len(draw.ids))


def _delay(draw, median_s: float, p95_s: float, late: float = 0.003):
    """How long a record lies before it is written; a few wait for hours."""
    sigma = round(float(exact.log(p95_s / median_s)) / 1.6448536269514722, 6)
    usual = np.minimum(median_s * draw.of(exact.lognormal_quantile(sigma)), 5.5 * 3600)
    return (1000 * np.where(draw.uniform("late") < late, 3600 * (6 + 14 * draw.uniform("late_by")), usual)).astype(np.int64)


@MOBILE.node("session")
def session_written(draw, session_at, session_length, session_fails, session_setup):
    """When the session's record was written."""
    return session_at + np.where(session_fails, session_setup, session_length).astype(np.int64) + _delay(draw, 240, 1500)


@MOBILE.node("session")
def session_is_probed(draw, session_service, session_site, day_is_customer):
    """Whether the traffic probe saw the session: it taps part of the sites, and takes half of the sessions."""
    return day_is_customer & (session_service < 3) & (session_site % 5 < 3) & draw.chance(0.7)


@MOBILE.node("call")
def call_written(draw, call_at, call_setup, call_talk):
    """When the call's record was written."""
    return call_at + (call_setup + call_talk).astype(np.int64) + _delay(draw, 300, 1800)


@MOBILE.node("text")
def text_written(draw, text_at):
    """When the message's record was written."""
    return text_at + _delay(draw, 200, 900)


@MOBILE.node("move")
def move_written(draw, move_at):
    """When the event's record was written."""
    return move_at + _delay(draw, 90, 600)


def cell_names(cells: np.ndarray, at: np.ndarray, days: int) -> pa.Array:
    """The names of cells at some times: C-<site>-<radio>; renamed ones begin with CX from the middle of the period on."""
    count = 240 * len(RATS)
    plain = [f"C-{site:04d}-{rat}" for site in range(240) for rat in range(2, 2 + len(RATS))]
    renamed = ["CX" + one[1:] for one in plain]
    new = (cells // len(RATS) % _RENAMED == 0) & (at >= days // 2 * DAY_MS)
    return pa.DictionaryArray.from_arrays(pa.array((cells + count * new).astype(np.int32)), pa.array([*plain, *renamed]))


def local_offsets(world, at: np.ndarray) -> np.ndarray:
    """Local time minus UTC in ms at some times."""
    return world.offsets[-1, (at // DAY_MS).clip(0, world.days - 1)]


def named(values, index: np.ndarray) -> pa.Array:
    """Text by its index in a list without repetitions, kept as a dictionary: Parquet stores it so."""
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), values if isinstance(values, pa.Array) else pa.array(values, pa.string()))


def _imeisv(people, row, u) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(row.astype(np.int32), mask=u < 0.03), people.imeisv)


def _pick(u: np.ndarray, shares) -> np.ndarray:
    return np.searchsorted(np.cumsum(shares), u, side="right").clip(0, len(shares) - 1)


@MOBILE.node("session")
def session_chance(draw):
    """What the record's small print is drawn from: causes, gaps."""
    return draw.uniform()


@MOBILE.node("call")
def call_chance(draw):
    """What the record's small print is drawn from."""
    return draw.uniform()


@MOBILE.node("text")
def text_chance(draw):
    """What the record's small print is drawn from."""
    return draw.uniform()


@MOBILE.node("move")
def move_chance(draw):
    """What the record's small print is drawn from."""
    return draw.uniform()


def _fresh(u: np.ndarray, times: int) -> np.ndarray:
    """Another number from the digits of u that were not used yet."""
    place = u * times
    return place - np.floor(place)


@MOBILE.feed("mobile_data", "session", file="usage_{day}.parquet", written="session_written", keep="day_is_customer", dirt=Dirt(
    {"duplicate": 2, "missing_value": 2, "bad_imsi": 1, "unknown_code": 1, "out_of_range": 1},
    {"missing_value": "start_ms", "bad_imsi": "imsi", "unknown_code": "app_group", "out_of_range": "retx_pct"},
    {"unknown_code": "SIDE", "out_of_range": 250.0}))
def mobile_data(session_written, session_at, session_length, session_fails, session_drops, session_setup, session_rtt, session_mbps, session_bytes,
                session_service, session_cell, session_rat, session_chance, customer_row, customer_is_business, people, days):
    """Usage records of the gateway and the probe behind it."""
    u, v, w = session_chance, _fresh(session_chance, 1 << 12), _fresh(session_chance, 1 << 24)
    hole = np.where(session_fails, True, v < 0.004)
    up = session_bytes * np.array([0.09, 0.03, 0.45, 0.16])[session_service]
    return {
        "start_ms": session_at + EPOCH_MS,
        "duration_ms": np.where(session_fails, 0, np.where(v > 0.998, _NONE, session_length)).astype(np.int64),
        "export_ms": session_written + EPOCH_MS,
        "imsi": named(people.imsi, customer_row), "imeisv": _imeisv(people, customer_row, w), "plmn": named(["99970"], np.zeros(len(u))),
        "cell": cell_names(session_cell, session_at, days), "rat_type": named(_RAT_TYPES, session_rat),
        "apn": named(["internet", "corporate", "Internet"], np.where(customer_is_business & (w < 0.4), 1, np.where(w > 0.97, 2, 0))),
        "snssai": named(["0", "1"], session_rat == 3), "app_group": named(_APPS, session_service),
        "cause": named(["16", *_GTP_CAUSES], np.where(session_fails, 1 + _pick(u, _GTP_SHARES), 0)),
        "setup_ms": session_setup.astype(np.int64), "dns_us": np.where(hole, _NONE, 620 * session_rtt).astype(np.int64),
        "tcp_rtt_us": np.where(hole, _NONE, 1000 * session_rtt).astype(np.int64),
        "retx_pct": np.where(hole, np.nan, np.round(0.2 + 3 * v * v / np.sqrt(session_mbps + 0.2), 2)),
        "thp_dl_kbps": np.where(hole, _NONE, np.rint(1000 * session_mbps)).astype(np.int64),
        "bytes_dl": np.where(session_fails, 0, session_bytes).astype(np.int64), "bytes_ul": np.where(session_fails, 0, up).astype(np.int64),
        "abnormal_release": session_drops.astype(np.int8),
    }


@MOBILE.feed("media_session", "session", file="media_{day}.parquet", written="session_written", keep="session_is_probed", dirt=Dirt(
    {"duplicate": 2, "missing_value": 2, "bad_imsi": 1, "unknown_code": 1},
    {"missing_value": "ts_start", "bad_imsi": "imsi", "unknown_code": "outcome"}, {"unknown_code": "9"}))
def media_session(session_written, session_at, session_length, session_fails, session_drops, session_ready, session_stall, session_service, session_cell,
                  session_rat, session_chance, customer_row, customer_device, people, world, days):
    """Web, video and messaging as the traffic probe sees them; its clock is 1.5 s ahead."""
    w = _fresh(session_chance, 1 << 20)
    return {
        "ts_start": np.round((session_at + EPOCH_MS + 1500) / 1000, 2), "duration_ms": np.where(session_fails, -1, session_length).astype(np.int64),
        "ts_export": (session_written + EPOCH_MS) // 1000 + 2, "imsi": named(people.imsi, customer_row),
        "tac": named([*world.devices, "00000000"], np.where(w < 0.03, len(world.devices), customer_device)),
        "plmn": named(["99970"], np.zeros(len(w))), "ecgi": cell_names(session_cell, session_at, days), "rat": named([one.upper() for one in RATS], session_rat),
        "app_class": named(_CLASSES, session_service), "time_to_ready_ms": np.where(session_fails, -1, session_ready).astype(np.int64),
        "rebuffer_ms": np.where(session_fails | (session_service != 1), -1, session_stall).astype(np.int64),
        "outcome": named(["0", "1", "2"], np.where(session_fails, 1 + (w < 0.3), np.where(session_drops, 1, 0))),
    }


@MOBILE.feed("mobile_voice", "call", file="calls_{day}.parquet", written="call_written", keep="day_is_customer", dirt=Dirt(
    {"duplicate": 2, "missing_value": 2, "bad_imsi": 1, "unknown_code": 1, "bad_order": 1},
    {"missing_value": "invite", "bad_imsi": "imsi", "unknown_code": "leg", "bad_order": ("release", "invite")}, {"unknown_code": "MX"}))
def mobile_voice(ids, call_written, call_at, call_setup, call_talk, call_fails, call_is_answered, call_drops, call_mos, call_rat, call_cell, call_chance,
                 customer_row, people, days):
    """Legs of calls, as the IMS core and the MSC write them."""
    u, v, w = call_chance, _fresh(call_chance, 1 << 12), _fresh(call_chance, 1 << 24)
    ring = call_at + call_setup.astype(np.int64)
    answer = ring + 1500 + (16_000 * v * v).astype(np.int64)
    release = np.where(call_fails, ring, np.where(call_is_answered, answer + call_talk.astype(np.int64), ring + 25_000))
    other = fiction_numbers((w * 60_000).astype(np.int64))
    outgoing = v < 0.55
    mine = named(people.msisdn, customer_row).cast(pa.string()).to_numpy(zero_copy_only=False)
    volte = call_rat >= 2
    response = np.where(call_fails, 1 + _pick(u, _SIP_SHARES), 0)
    return {
        "icid": pa.array(np.char.add("IC", padded(ids, 15))), "leg": named(["MT", "MO"], outgoing), "invite": instants(call_at),
        "ringing": instants(ring, call_fails), "answer": instants(answer, ~call_is_answered), "release": instants(release), "exported": instants(np.maximum(call_written, release)),
        "imsi": named(people.imsi, customer_row), "imei": pa.DictionaryArray.from_arrays(pa.array(customer_row.astype(np.int32), mask=w < 0.03), people.imei),
        "plmn": named(["99970"], np.zeros(len(u))), "cell": cell_names(call_cell, call_at, days), "access": named(_ACCESS, call_rat),
        "calling": pa.array(np.where(outgoing, mine, np.where(v > 0.99, "anonymous", other))), "called": pa.array(np.where(outgoing, other, mine)),
        "proto": named(["BICC", "SIP"], volte), "final_response": named(["200", *_SIP_CAUSES], response), "abnormal_release": call_drops.astype(np.int8),
        "mos_x100": np.where(call_is_answered, np.rint(100 * call_mos), 65535).astype(np.int64),
    }


def _local_text(at: np.ndarray, offset: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    import pyarrow.compute as pc

    text = pc.strftime(pa.array(at + EPOCH_MS + offset).cast(pa.timestamp("ms")).cast(pa.timestamp("s"), safe=False), "%Y%m%d%H%M%S")
    return text if missing is None else pc.if_else(pa.array(missing), pa.scalar("0" * 14), text)


@MOBILE.feed("mobile_sms", "text", file="smsc_{day}.csv.gz", written="text_written", keep="day_is_customer", delimiter="|", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_time": 2, "bad_imsi": 1},
    {"bad_time": "SUBMIT_TIME", "bad_imsi": "ORIG_IMSI"}, {"bad_time": "20260230999999"}))
def mobile_sms(ids, text_written, text_at, text_fails, text_cell, text_chance, customer_row, people, world, days):
    """Records of the message centre: local times to the second, and the offset of its clock beside them."""
    v, w = _fresh(text_chance, 1 << 12), _fresh(text_chance, 1 << 24)
    offset = local_offsets(world, text_at)
    delivered = text_at + 1000 + (9000 * v * v).astype(np.int64)
    return {
        "SUBMIT_TIME": _local_text(text_at, offset), "DELIVERY_TIME": _local_text(delivered, offset, text_fails),
        "WRITE_TIME": _local_text(np.maximum(text_written, delivered) + 1000, offset), "UTC_OFFSET": codes(["+0100", "+0200"], offset > 3_600_000),
        "SMSC": codes(["1", "2"], customer_row % 2), "ORIG_IMSI": named(people.imsi, customer_row), "SERVING_PLMN": codes(["99970"], np.zeros(len(ids))),
        "CELL_ID": pa.array(np.where(w < 0.02, "FFFF", cell_names(text_cell, text_at, days).cast(pa.string()).to_numpy(zero_copy_only=False))),
        "RAT": codes([_ACCESS[1], _ACCESS[2]], text_cell % len(RATS) >= 2), "STATUS": codes(["DELIVRD", "EXPIRED", "27"], np.where(text_fails, 1 + (v < 0.4), 0)),
        "PARTS": pa.array(1 + (w > 0.93).astype(np.int64)),
    }


@MOBILE.feed("mobile_signalling", "move", file="mobility_{day}.parquet", written="move_written", keep="day_is_customer", dirt=Dirt(
    {"duplicate": 2, "missing_value": 2, "bad_imsi": 1, "unknown_code": 1},
    {"missing_value": "event_ms", "bad_imsi": "imsi", "unknown_code": "event"}, {"unknown_code": "DANCE"}))
def mobile_signalling(move_written, move_at, move_procedure, move_fails, move_cell, move_chance, customer_row, people, days):
    """Attach, tracking area update, handover and service request of our own subscribers at home."""
    u, v, w = move_chance, _fresh(move_chance, 1 << 12), _fresh(move_chance, 1 << 24)
    rat = move_cell % len(RATS)
    return {
        "event_ms": move_at + EPOCH_MS, "export_ms": move_written + EPOCH_MS, "event": named(_EVENTS, move_procedure),
        "proto": named(["EMM", "5GMM"], rat == 3), "cause": named(["0", *_NAS_CAUSES], np.where(move_fails, 1 + _pick(u, _NAS_SHARES), 0)),
        "imsi": named(people.imsi, customer_row), "imeisv": _imeisv(people, customer_row, w), "plmn": named(["99970"], np.zeros(len(u))),
        "cell": cell_names(move_cell, move_at, days), "rat_type": named(_RAT_TYPES, rat),
        "duration_ms": np.where(move_procedure == 2, _NONE, np.where(move_fails, 10_000, 60 + 900 * v * v)).astype(np.int64),
    }
