"""The interconnect's files: call records of the switch, rate sheets, trunks, tickets, and thirteen months of daily figures."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.twin import exact
from cemlib.twin.clocks import day_text, home_offset, local_stamp
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import codes, instants
from cemlib.twin.mobile.declared import HISTORY_DAYS
from cemlib.twin.mobile.records import named
from cemlib.twin.season import DAY_MS, HOUR_MS
from cemlib.twin.subscribers import customer_numbers, fiction_numbers, padded
from cemlib.twin.wholesale.calls import CAUSES, TABLE
from cemlib.twin.wholesale.declared import CARRIERS, DESTINATIONS, INLETS, WHOLESALE

__all__: list[str] = []

_PREFIXES = tuple(one[0] for one in DESTINATIONS.values())
_LINES = {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2}
WHOLESALE.steps("carrier_day", of="carrier", step_ms=DAY_MS, is_shared=True)


@WHOLESALE.node("transit")
def transit_written(draw, transit_at, transit_talk_ms):
    """When the switch closed the file with the record."""
    return transit_at + 30_000 + transit_talk_ms.astype(np.int64) + (300_000 * (1 + draw.uniform())).astype(np.int64)


@WHOLESALE.node("transit")
def transit_small_print(draw):
    """What numbers are drawn from."""
    return draw.uniform()


def _caller(u: np.ndarray, inlet: np.ndarray, fraud: np.ndarray, subscribers: int) -> np.ndarray:
    """Our customers' numbers, or anybody's; machines call from a handful."""
    own = np.where(fraud, (4 * u).astype(np.int64), (u * subscribers).astype(np.int64))
    return np.where(inlet < 4, customer_numbers(own), fiction_numbers((u * 20_000).astype(np.int64), 4))


@WHOLESALE.feed("transit_cdr", "transit", file="transit_{day}.parquet", written="transit_written", dirt=Dirt(
    {"duplicate": 2, "missing_value": 2, "unknown_code": 1, "bad_format": 1}, {"missing_value": "B_NUMBER", "unknown_code": "CLI_CHECK", "bad_format": "DEST_CODE"},
    {"unknown_code": "9", "bad_format": "MAROC"}))
def transit_cdr(ids, transit_at, transit_written, transit_delay_ms, transit_ring_ms, transit_talk_ms, transit_end, transit_cli, transit_mos, transit_destination,
                transit_carrier, transit_is_fraud, transit_small_print, inlet_number, world, subscribers):
    """Calls through the interconnect, in local time with the offset beside it."""
    u, offset = transit_small_print, home_offset(world, transit_at)
    answered, blocked = transit_end == 0, transit_end > 3
    ring = transit_at + transit_delay_ms.astype(np.int64)
    answer = ring + transit_ring_ms.astype(np.int64)
    release = np.where(answered, answer + transit_talk_ms.astype(np.int64), np.where(blocked, transit_at + 2500, ring + 25_000))
    digits = TABLE[transit_destination, 0].astype(np.int64)
    rest = padded((u * 1e9 % 1 * 1e9).astype(np.int64), 9)
    called = np.array([f"+{one}" for one in _PREFIXES])[transit_destination]
    called = np.char.add(called, np.array([text[9 - count:] for text, count in zip(rest.tolist(), digits.tolist())], dtype="<U9"))
    caller = _caller(u, inlet_number, transit_is_fraud, subscribers)
    caller = np.where(transit_cli == 1, "", np.where(transit_cli == 3, "000000000000", caller))
    trunks = [*(one[0] for one in INLETS)]
    return {
        "CDR_ID": pa.array(np.char.add("T", padded(ids, 17))), "SEIZURE": local_stamp(transit_at, offset),
        "PDD_MS": pa.array(np.where(blocked, -1, transit_delay_ms).astype(np.int64)), "ANSWER": pc.if_else(pa.array(answered), local_stamp(answer, offset), pa.scalar(None, pa.string())),
        "RELEASE": local_stamp(release, offset), "FILE_TIME": local_stamp(transit_written, offset), "TZ": codes(["+0100", "+0200"], offset > HOUR_MS), "SWITCH": named(["SW1"], np.zeros(len(ids))),
        "A_NUMBER": pa.array(caller), "B_NUMBER": pa.array(called), "DEST_CODE": codes(_PREFIXES, transit_destination), "IN_TRUNK": named([f"TG-{one}-1" for one in trunks], inlet_number),
        "OUT_TRUNK": named([f"TG-{one}-2" for one in CARRIERS], transit_carrier), "IN_CARRIER": named(["HOME", *CARRIERS], np.maximum(inlet_number - 3, 0)),
        "OUT_CARRIER": named(CARRIERS, transit_carrier), "REL_CAUSE": codes(["16", *CAUSES], transit_end), "CLI_CHECK": codes(["0", "1", "2", "3"], transit_cli),
        "MOS_X10": pa.array(np.where(answered, np.rint(10 * transit_mos), 255).astype(np.int64)),
    }


@WHOLESALE.feed("carrier_rate", "route", file="rates.csv", delimiter=";", dirt=Dirt(
    {"too_few_columns": 1, "duplicate": 1, "bad_format": 1}, {"bad_format": "CODE"}, {"bad_format": "tbd"}))
def carrier_rate(ids, route_number, route_price):
    """What each carrier takes, and what we take of customers; prices change in the middle of February."""
    carrier, place = route_number // len(DESTINATIONS), route_number % len(DESTINATIONS)
    rows: list[list[str]] = []
    for at, (name, one) in enumerate(DESTINATIONS.items()):
        rows.append(["RETAIL", name, one[0], "ORIGINATION", _comma(one[3] * 1.6 + 0.05), "60/60", "01.01.2026", ""])
        for row in np.flatnonzero(place == at).tolist():
            price, who = float(route_price[row]), CARRIERS[carrier[row]]
            rows.append([who, name, one[0], "TERMINATION", _comma(price * 1.04), "1/1" if carrier[row] % 3 else "60/1", "01.09.2025", "15.02.2026"])
            rows.append([who, name, one[0], "TERMINATION", _comma(price), "1/1" if carrier[row] % 3 else "60/1", "15.02.2026", ""])
    columns = [pa.array(list(one)) for one in zip(*rows)]
    named_columns = dict(zip(("CARRIER", "DESTINATION", "CODE", "DIRECTION", "RATE_PER_MIN", "INCREMENT", "EFFECTIVE", "UNTIL"), columns))
    return {**named_columns, "CUR": codes(["EUR"], np.zeros(len(rows)))}


def _comma(price: float) -> str:
    return f"{price:.4f}".replace(".", ",")


@WHOLESALE.feed("resource_inventory", "inlet", part="wholesale", file="inventory_trunks.csv")
def trunk_inventory(ids):
    """Trunks in and out."""
    names = [f"TG-{one[0]}-1" for one in INLETS] + [f"TG-{one}-2" for one in CARRIERS]
    none = np.zeros(len(names))
    return {"object_id": pa.array(names), "object_class": codes(["TRUNK"], none), "user_label": pa.array([f"trunk {one}" for one in names]), "parent": codes([""], none),
            "lat_e6": codes(["0"], none), "lon_e6": codes(["0"], none), "in_service": codes(["2021-01-01"], none), "out_of_service": codes([""], none)}


@WHOLESALE.feed("care_ticket", "transit", part="wholesale", file="tickets_idd.csv", keep="transit_complains", dirt=Dirt({**_LINES, "bad_time": 1}, {"bad_time": "opened"}))
def idd_ticket(ids, transit_at, transit_is_false, transit_is_fraud, transit_small_print, inlet_number, subscribers, days):
    """Tickets of international calls: charged without an answer, or not connected; some hours after the call."""
    u = transit_small_print
    opened = transit_at + (HOUR_MS * (1 + 9 * u)).astype(np.int64)
    closed, none = opened + 20 * HOUR_MS, np.zeros(len(ids))
    return {
        "ticket_id": pa.array(np.char.add("TI-", padded(ids, 17))), "opened": instants(opened), "closed": instants(closed, closed >= days * DAY_MS),
        "msisdn": pa.array(_caller(u, inlet_number, transit_is_fraud, subscribers)), "category": codes(["idd_not_connected", "idd_charged_unanswered"], transit_is_false),
        "channel": codes(["phone", "app"], ids % 3 == 0), "severity": codes(["minor"], none), "vplmn": codes([""], none), "country": codes(["FR"], none),
    }


@WHOLESALE.node("transit", to="carrier_day")
def transit_carrier_day(transit_carrier, inlet_hour_number, days):
    """The day of the carrier that takes the call."""
    return transit_carrier * (HISTORY_DAYS + days) + HISTORY_DAYS + inlet_hour_number // 24


@WHOLESALE.node("transit", decimals=0)
def transit_is_answered(transit_end):
    """Whether it was answered."""
    return transit_end == 0


@WHOLESALE.node("transit", decimals=2, unit="min")
def transit_minutes(transit_talk_ms, transit_is_answered):
    """Minutes of talk."""
    return transit_talk_ms / 60_000 * transit_is_answered


@WHOLESALE.node("transit", decimals=0)
def transit_is_call(transit_end):
    """One for each call."""
    return (transit_end >= 0).astype(np.int64)


@WHOLESALE.node("carrier_day")
def carrier_day_number(draw):
    """Number of the day, negative before the period."""
    return draw.number


@WHOLESALE.node("carrier_day", decimals=0, pool={"transit_is_call": "sum"})
def carrier_day_calls(draw, transit_is_call, carrier_day_number, subscribers):
    """Calls that the carrier took; within the period those of its hours."""
    past = subscribers * 0.25 / len(CARRIERS) * (1 + 0.1 * carrier_day_number / 365) * draw.of(exact.lognormal_quantile(0.1))
    return np.where(carrier_day_number < 0, past, transit_is_call)


@WHOLESALE.node("carrier_day", decimals=0, pool={"transit_is_answered": "sum"})
def carrier_day_answers(draw, transit_is_answered, carrier_day_calls, carrier_day_number):
    """Calls of these that were answered."""
    return np.where(carrier_day_number < 0, carrier_day_calls * (0.54 + 0.02 * draw.normal()), transit_is_answered)


@WHOLESALE.node("carrier_day", decimals=1, pool={"transit_minutes": "sum"})
def carrier_day_minutes(draw, transit_minutes, carrier_day_answers, carrier_day_number):
    """Minutes of talk."""
    return np.where(carrier_day_number < 0, carrier_day_answers * 3.5 * (1 + 0.05 * draw.normal()), transit_minutes)


@WHOLESALE.feed("daily_aggregate", "carrier_day", part="wholesale", file="daily_carriers.csv.gz")
def carrier_history(ids, carrier_day_number, carrier_number, carrier_day_calls, carrier_day_answers, carrier_day_minutes):
    """Thirteen months of each carrier."""
    day, name = day_text(carrier_day_number, "%Y-%m-%d"), codes([f"TG-{one}-2" for one in CARRIERS], carrier_number)
    values = np.concatenate([carrier_day_calls, carrier_day_answers, carrier_day_minutes])
    return {"day": pa.concat_arrays([day] * 3), "object": pa.concat_arrays([name] * 3), "figure": codes(["idd_calls", "idd_answered", "idd_minutes"], np.repeat(np.arange(3), len(ids))),
            "value": pa.array(values), "flagged": pa.array(np.zeros(len(values), np.int8))}
