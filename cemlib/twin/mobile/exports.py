"""The network's own files: inventory, hourly counters of the last days, and daily aggregates of thirteen months."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.twin.clocks import home_offset, local_iso, local_text
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import EPOCH_MS, codes
from cemlib.twin.mobile.declared import MOBILE, RATS
from cemlib.twin.mobile.records import cell_names
from cemlib.twin.season import DAY_MS, HOUR_MS, begins_of, hours_down
from cemlib.twin.subscribers import padded

__all__ = ["COUNTER_DAYS"]

#: Hourly counters are kept so many days; what is older is there by day.
COUNTER_DAYS = 7
_CLASSES = ("GsmCell", "UtranCell", "EUtranCell", "NRCellDU")
_FIGURES = ("data_volume_gb", "mean_users", "setup_fail_ratio")


@MOBILE.node("cell_hour")
def cell_hour_is_kept(draw, cell_exists, days):
    """Whether the hour's counters are still kept."""
    return cell_exists & (draw.number >= 24 * (days - COUNTER_DAYS))


@MOBILE.node("cell_hour")
def cell_hour_start(draw):
    """Begin of the hour."""
    return draw.number * HOUR_MS


@MOBILE.node("cell_hour")
def cell_hour_written(draw, cell_hour_start):
    """When the counters of the hour were written: ten minutes after its end."""
    return cell_hour_start + HOUR_MS + 600_000 + (60_000 * draw.uniform()).astype(np.int64)


@MOBILE.node("cell")
def cell_row(draw):
    """Number of the cell."""
    return draw.ids


def _clock(at: np.ndarray, form: str, offset: int = HOUR_MS) -> pa.Array:
    return pc.strftime(pa.array(at + EPOCH_MS + offset).cast(pa.timestamp("ms")).cast(pa.timestamp("s"), safe=False), form)


@MOBILE.feed("resource_inventory", "cell", file="inventory.csv", keep="cell_exists")
def resource_inventory(cell_row, cell_rat, cell_site, geography, days):
    """Sites and cells; a renamed cell ends and begins anew under its other name in the middle of the period."""
    middle = np.datetime64("2026-03-01") + np.timedelta64(days // 2, "D")
    old = cell_names(cell_row, np.zeros(len(cell_row)), days).cast(pa.string()).to_pylist()
    new = cell_names(cell_row, np.full(len(cell_row), days * DAY_MS), days).cast(pa.string()).to_pylist()
    sites = np.arange(len(geography.region))
    rows = [[f"S-{site:04d}", "Site", f"Site {site}", "", round(geography.latitude[site] * 1e6), round(geography.longitude[site] * 1e6), "2024-01-01", "9999-12-31"] for site in sites.tolist()]
    for before, after, rat, site in zip(old, new, cell_rat.tolist(), cell_site.tolist()):
        place = [f"S-{site:04d}", round(geography.latitude[site] * 1e6), round(geography.longitude[site] * 1e6)]
        spans = [(before, "2024-01-01", "9999-12-31")] if before == after else [(before, "2024-01-01", str(middle)), (after, str(middle), "9999-12-31")]
        rows += [[name, _CLASSES[rat], f"{name} {RATS[rat]}", *place, since, until] for name, since, until in spans]
    names = ("object_id", "object_class", "user_label", "parent", "lat_e6", "lon_e6", "in_service", "out_of_service")
    return {name: pa.array(column) for name, column in zip(names, zip(*rows))}


@MOBILE.feed("network_counter", "cell_hour", file="pm_{day}.csv.gz", written="cell_hour_written", keep="cell_hour_is_kept", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_time": 1}, {"bad_time": "BeginTime"}))
def network_counter(ids, cell_hour_start, cell_hour_load, cell_hour_fail_rate, cell_hour_is_up, cell_hour_cabinet_c, cell_row, cell_rat, cell_base_load, days):
    """Counters of an hour, with NIL where nothing was collected; the time has the winter's offset all year."""
    tries = np.rint(900 * cell_hour_load * cell_hour_is_up).astype(np.int64)
    good = np.rint(tries * (1 - cell_hour_fail_rate)).astype(np.int64)
    text = tries.astype("<U8")
    return {
        "BeginTime": _clock(cell_hour_start, "%Y-%m-%dT%H:%M:%S+01:00"), "Granularity": codes(["PT3600S"], np.zeros(len(ids))),
        "MeasObj": cell_names(cell_row, cell_hour_start, days).cast(pa.string()), "Suspect": codes(["false", "true"], ~cell_hour_is_up),
        "RRC.ConnEstabAtt.sum": pa.array(np.where(ids % 509 == 7, "NIL", text)), "RRC.ConnEstabSucc.sum": pa.array(good),
        "RRU.PrbTotDl": pa.array(np.rint(10_000 * np.minimum(cell_hour_load, 1)).astype(np.int64)),
        "RRU.CellUnavailableTime.sum": pa.array(np.where(cell_hour_is_up, 0, 3600)),
        "RRC.ConnMean": pa.array(np.round(60 * cell_hour_load, 2)), "DRB.IPVolDl.sum": pa.array(np.rint(4e6 * cell_hour_load * (1 + cell_rat)).astype(np.int64)),
    }


@MOBILE.node("cell_hour")
def cell_goes_down(draw, cell_hour_is_up):
    """Whether the cell goes off the air in the hour."""
    return begins_of(cell_hour_is_up.reshape(draw.shape)).ravel()


@MOBILE.node("cell_hour", unit="h")
def cell_down_h(draw, cell_hour_is_up):
    """Hours until it is on the air again, counted from each hour on."""
    return hours_down(cell_hour_is_up.reshape(draw.shape)).ravel()


@MOBILE.node("cell_hour")
def cell_is_told_down(cell_exists, cell_goes_down):
    """Whether an alarm is raised: of cells that there are."""
    return cell_exists & cell_goes_down


@MOBILE.node("cell_hour")
def cell_is_reported_down(cell_is_told_down, cell_down_h):
    """Whether the service desk keeps an outage of it: of more than an hour."""
    return cell_is_told_down & (cell_down_h > 1)


@MOBILE.feed("network_alarm", "cell_hour", file="alarms.csv", delimiter=";", keep="cell_is_told_down", dirt=Dirt(
    {"too_few_columns": 1, "too_many_columns": 1, "duplicate": 1, "unknown_code": 1}, {"unknown_code": "PerceivedSeverity"}, {"unknown_code": "9"}))
def network_alarm(ids, cell_hour_start, cell_down_h, cell_row, days, world):
    """Alarms of cells off the air, in local time without offset; one that lasts when the period ends is not cleared."""
    at, until = cell_hour_start + 40_000, cell_hour_start + cell_down_h * HOUR_MS + 25_000
    form, open_end = "%Y-%m-%d %H:%M:%S", pa.array(until >= days * DAY_MS)
    cleared = pc.if_else(open_end, pa.scalar("-"), local_text(until, home_offset(world, until), form))
    return {
        "NotificationId": pa.array(np.char.add("N", padded(ids, 10))), "ManagedObject": cell_names(cell_row, cell_hour_start, days).cast(pa.string()),
        "EventTime": local_text(at, home_offset(world, at), form), "ClearTime": cleared, "PerceivedSeverity": codes(["2", "1"], cell_down_h > 1),
        "ProbableCause": codes(["Power_Problem", "Link_Failure"], ids % 3 == 0), "SpecificProblem": codes(["cell off the air"], np.zeros(len(ids))), "AckUser": codes([""], np.zeros(len(ids))),
    }


@MOBILE.feed("outage_report", "cell_hour", part="mobile", file="outages_cells.csv", keep="cell_is_reported_down", dirt=Dirt(
    {"too_few_columns": 1, "duplicate": 1, "bad_time": 1}, {"bad_time": "began"}))
def cell_outage(ids, cell_hour_start, cell_down_h, cell_row, days, world):
    """Cells that were off the air for more than an hour."""
    until = cell_hour_start + cell_down_h * HOUR_MS
    restored = pc.if_else(pa.array(until >= days * DAY_MS), pa.scalar(None, pa.string()), local_iso(until, world))
    return {"incident": pa.array(np.char.add("INC-C", padded(ids, 10))), "ci": cell_names(cell_row, cell_hour_start, days).cast(pa.string()), "began": local_iso(cell_hour_start, world),
            "restored": restored, "priority": codes(["P2", "P1"], cell_down_h > 3), "reason": codes(["hardware", "power"], ids % 2 == 0)}


@MOBILE.node("cell_history")
def history_is_kept(cell_rat):
    """Thirteen months are kept of the 4G cells."""
    return cell_rat == 2


@MOBILE.node("cell_history", decimals=5, pool={"cell_hour_fail_rate": "sum"})
def history_fail_rate(draw, cell_hour_fail_rate):
    """Share of set-ups that failed on the day; within the period that of its hours."""
    return np.where(draw.number < 0, 0.0038 * (1 + 0.12 * (draw.uniform() - 0.5)), cell_hour_fail_rate / 24)


@MOBILE.feed("daily_aggregate", "cell_history", file="daily_cells.csv.gz", keep="history_is_kept", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_time": 1}, {"bad_time": "day"}, {"bad_time": "2026-02-30"}))
def daily_aggregate(ids, history_load, history_fail_rate, history_day, cell_row, cell_rat, days):
    """Volume, users and failures of each cell and local day."""
    day = pc.strftime(pa.array(history_day * DAY_MS + EPOCH_MS).cast(pa.timestamp("ms")).cast(pa.timestamp("s")), "%Y-%m-%d")
    name = cell_names(cell_row, history_day * DAY_MS, days).cast(pa.string())
    values = (np.round(24 * 0.5 * history_load * (1 + cell_rat), 3), np.round(60 * history_load, 3), history_fail_rate)
    return {
        "day": pa.concat_arrays([day] * 3), "object": pa.concat_arrays([name] * 3), "figure": codes(_FIGURES, np.repeat(np.arange(3), len(ids))),
        "value": pa.array(np.concatenate(values)), "flagged": pa.array(np.zeros(3 * len(ids), np.int8)),
    }


@MOBILE.node("cell_history")
def history_day(draw):
    """Number of the day, negative before the period."""
    return draw.number


