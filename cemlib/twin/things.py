"""NB-IoT fleets: things with a coverage level, a battery and reports that are due; meters in cellars, trackers on the road."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cemlib.twin import exact
from cemlib.twin.assembly import Part, register_part
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import EPOCH_MS, codes
from cemlib.twin.mobile.records import cell_names, named
from cemlib.twin.scm import Domain
from cemlib.twin.season import DAY_MS, HOUR_MS
from cemlib.twin.subscribers import padded

__all__ = ["FLEETS", "THINGS"]

#: Customers for one thing.
_EVERY = 4
#: fleet: [share of the things, reports a day, active timer s, periodic update timer h, eDRX cycle s, depth dB, payload byte, years of battery]
FLEETS = {
    "water_meters": (0.28, 1, 10, 48, 0.0, 10.0, 48, 12.0), "gas_meters": (0.20, 1, 10, 48, 0.0, 6.0, 44, 14.0),
    "parking": (0.14, 4, 20, 24, 0.0, 4.0, 26, 7.0), "trackers": (0.12, 6, 60, 12, 20.48, -4.0, 90, 3.0),
    "street_lights": (0.12, 2, 30, 24, 40.96, -6.0, 64, 40.0), "cold_chain": (0.08, 8, 20, 6, 10.24, -2.0, 52, 2.5),
    "alarm_panels": (0.06, 4, 60, 12, 10.24, 2.0, 40, 30.0),
}
_TABLE = np.array(list(FLEETS.values()))

THINGS = Domain("things", constants=["geography", "days"], needs=["mobile"])
THINGS.entities("thing")
THINGS.steps("thing_day", of="thing", step_ms=DAY_MS)
THINGS.events("report", of="thing_day", count="thing_reports", clock="report_due")


@THINGS.node("thing", labels=tuple(FLEETS))
def thing_fleet(draw):
    """The fleet of an enterprise."""
    return draw.pick(_TABLE[:, 0])


@THINGS.node("thing")
def thing_serial(draw):
    """Number of the thing."""
    return draw.ids


@THINGS.node("thing", to="cell")
def thing_cell(draw, geography):
    """The cell that serves it: the 4G cell of a site, in whose band NB-IoT lies."""
    return (draw.uniform() * len(geography.region)).astype(np.int64) * 4 + 2


@THINGS.node("thing", decimals=1, unit="dB")
def thing_coupling_db(draw, thing_fleet, cell_level_db):
    """Loss between antenna and thing: distance, walls, and for meters the depth of the cellar."""
    return 124 + _TABLE[thing_fleet, 5] - cell_level_db + 14 * draw.of(exact.weibull_quantile(2.0))


@THINGS.node("thing", decimals=3)
def thing_battery_years(draw, thing_fleet, thing_coupling_db):
    """Years that the battery lasts: repetitions at the edge of coverage cost energy."""
    drain = 1 + 0.8 * (thing_coupling_db > 144) + 2.5 * (thing_coupling_db > 154)
    return _TABLE[thing_fleet, 7] * draw.of(exact.lognormal_quantile(0.25)) / drain


@THINGS.node("thing", decimals=3)
def thing_age_years(draw, thing_battery_years):
    """Years since the battery was new: an empty one is found and replaced sooner or later."""
    return 1.01 * draw.uniform() * thing_battery_years


@THINGS.node("thing_day")
def thing_has_power(draw, thing_age_years, thing_battery_years):
    """Whether the battery still has power on the day."""
    return thing_age_years + draw.number / 365.25 < thing_battery_years


@THINGS.node("thing_day", decimals=1, unit="dB")
def thing_day_loss_db(draw):
    """What the day adds to the loss: a parked lorry, a flooded shaft."""
    return 2.0 * draw.normal()


@THINGS.node("thing_day")
def thing_is_silent(draw):
    """Whether the thing does not report at all though it has power: its software hangs."""
    return draw.uniform() < 0.0006


@THINGS.node("thing_day")
def thing_reports(thing_fleet):
    """Reports that are due on the day."""
    return _TABLE[thing_fleet, 1].astype(np.int64)


@THINGS.node("thing")
def thing_phase(draw):
    """When in its interval the thing reports, so that not all do at once."""
    return draw.uniform()


@THINGS.node("thing_day")
def thing_day_number(draw):
    """Number of the day."""
    return draw.number


@THINGS.node("report", unit="ms")
def report_due(draw, thing_day_number, thing_reports, thing_phase):
    """When the report is due: at the same times each day, on the second."""
    return thing_day_number * DAY_MS + ((draw.number + thing_phase) * (86_400 // np.maximum(thing_reports, 1))).astype(np.int64) * 1000


@THINGS.node("report", to="cell_hour")
def report_cell_hour(report_due, thing_cell, days):
    """The hour of the serving cell."""
    return thing_cell * days * 24 + report_due // HOUR_MS


@THINGS.node("report", decimals=1, unit="dB")
def report_coupling_db(draw, thing_coupling_db, thing_day_loss_db, cell_hour_power_db):
    """Loss at the report."""
    return thing_coupling_db + thing_day_loss_db - cell_hour_power_db + 1.5 * draw.normal()


@THINGS.node("report", labels=("0", "1", "2"))
def report_level(report_coupling_db):
    """Coverage enhancement level, by losses of 144 and 154 dB."""
    return (report_coupling_db > 144).astype(np.int8) + (report_coupling_db > 154)


@THINGS.node("report")
def report_arrives(draw, report_level, report_coupling_db, thing_has_power, thing_is_silent, cell_hour_is_up):
    """Whether the report arrives; beyond 164 dB none does."""
    chance = np.array([0.9985, 0.991, 0.955])[report_level]
    return thing_has_power & ~thing_is_silent & cell_hour_is_up & (report_coupling_db < 164) & (draw.uniform() < chance)


@THINGS.node("report", decimals=0, unit="ms")
def report_latency_ms(draw, report_level):
    """How long the report took: repetitions take time."""
    return np.array([1400.0, 3600.0, 9500.0])[report_level] * draw.of(exact.lognormal_quantile(0.45))


@THINGS.node("report")
def report_written(draw, report_due, report_arrives):
    """When the platform wrote the record: soon after the arrival, or when it gave up after six hours."""
    return report_due + np.where(report_arrives, 60_000 + 120_000 * draw.uniform(), 6 * HOUR_MS).astype(np.int64)


@THINGS.node("thing_day", unit="ms")
def thing_update_at(draw, thing_day_number, thing_phase):
    """When the thing updates its tracking area."""
    return thing_day_number * DAY_MS + (thing_phase * 23 * HOUR_MS + HOUR_MS * draw.uniform()).astype(np.int64)


@THINGS.node("thing_day")
def thing_is_heard(thing_has_power, thing_is_silent):
    """Whether the network hears of the thing on the day."""
    return thing_has_power & ~thing_is_silent


@THINGS.node("thing_day")
def thing_update_fails(draw, thing_coupling_db):
    """Whether the update fails."""
    return draw.uniform() < 0.004 + 0.03 * (thing_coupling_db > 154)


@THINGS.node("thing_day")
def thing_update_written(thing_update_at):
    """When the record was written."""
    return thing_update_at + 120_000


def _imsi(serial: np.ndarray) -> pa.Array:
    return pa.array(np.char.add("99970900", padded((serial * 7919 + 1_000_003) % 10_000_000, 7)))


@THINGS.feed("thing_register", "thing", file="things.csv", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_imsi": 1, "unknown_code": 1}, {"bad_imsi": "imsi", "unknown_code": "sim_state"}, {"unknown_code": "LOST"}))
def thing_register(ids, thing_fleet, thing_serial, thing_age_years):
    """The SIMs of the connectivity platform."""
    none = codes([""], np.zeros(len(ids)))
    return {
        "imsi": _imsi(thing_serial), "iccid": pa.array(np.char.add("8999970", padded(thing_serial, 12))),
        "account_no": codes([f"A-T{at:06d}" for at in range(len(FLEETS))], thing_fleet), "fleet": codes(tuple(FLEETS), thing_fleet), "profile": codes(["nbiot_s"], np.zeros(len(ids))),
        "sim_state": codes(["ACTIVATED"], np.zeros(len(ids))), "activated_ms": pa.array(EPOCH_MS - np.rint(np.minimum(thing_age_years, 12) * 365.25).astype(np.int64) * DAY_MS),
        "retired_ms": pa.array(np.zeros(len(ids), np.int64)), "label": none,
    }


@THINGS.feed("iot_report", "report", file="reports_{day}.parquet", written="report_written", dirt=Dirt(
    {"duplicate": 2, "missing_value": 2, "bad_imsi": 1, "unknown_code": 1, "out_of_range": 1},
    {"missing_value": "due", "bad_imsi": "imsi", "unknown_code": "ce_level", "out_of_range": "nrsrp_ddbm"}, {"unknown_code": 7, "out_of_range": 500}))
def iot_report(ids, report_due, report_written, report_arrives, report_latency_ms, report_level, report_coupling_db, thing_serial, thing_fleet, thing_cell, days):
    """Reports that were due: of one that never came only the plan is known."""
    lost, fleet = ~report_arrives, _TABLE[thing_fleet]
    # the reference signal leaves the antenna with 29 dBm on a subcarrier
    level = np.rint(10 * (29.0 - report_coupling_db)).astype(np.int64)
    return {
        "due": (report_due + EPOCH_MS) // 1000, "arrived_ms": np.where(lost, 0, report_due + EPOCH_MS + report_latency_ms.astype(np.int64)), "written": (report_written + EPOCH_MS) // 1000,
        "imsi": _imsi(thing_serial), "fleet": named(list(FLEETS), thing_fleet), "cell": cell_names(thing_cell, report_due, days),
        "ce_level": np.where(lost, 255, report_level.astype(np.int64)), "nrsrp_ddbm": np.where(lost, 32767, level),
        "bytes": pa.array(fleet[:, 6].astype(np.int64), mask=lost), "t3324_s": pa.array(fleet[:, 2].astype(np.int64), mask=lost),
        "t3412_h": pa.array(fleet[:, 3].astype(np.int64), mask=lost), "edrx_s": pa.array(np.where(lost, 0.0, fleet[:, 4])),
    }


@THINGS.feed("mobile_signalling", "thing_day", part="things", file="mobility_things_{day}.parquet", written="thing_update_written", keep="thing_is_heard")
def thing_signalling(ids, thing_update_at, thing_update_written, thing_update_fails, thing_serial, thing_cell, days):
    """Tracking area updates of things."""
    none = np.zeros(len(ids))
    return {
        "event_ms": thing_update_at + EPOCH_MS, "export_ms": thing_update_written + EPOCH_MS, "event": named(["TAU"], none), "proto": named(["EMM"], none),
        "cause": named(["0", "22"], thing_update_fails), "imsi": _imsi(thing_serial), "imeisv": pa.nulls(len(ids), pa.string()), "plmn": named(["99970"], none),
        "cell": cell_names(thing_cell, thing_update_at, days), "rat_type": named(["8"], none), "duration_ms": np.where(thing_update_fails, 10_000, 900 + ids % 700).astype(np.int64),
    }


register_part("things", Part(
    THINGS, entities=lambda assembly, first, end: {"thing": range(-(-first // _EVERY), -(-end // _EVERY))},
    steps=lambda assembly: {"thing_day": (0, assembly.plan.days)}))
