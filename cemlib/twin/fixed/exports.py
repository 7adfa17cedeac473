"""The fixed network's files: inventory, lines, measurements of the configuration server, television, calls, alarms, outages, tickets, orders."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cemlib.twin.clocks import local_iso
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import codes, instants
from cemlib.twin.fixed.declared import FIXED, HEADS, NODES
from cemlib.twin.fixed.lines import PRODUCTS
from cemlib.twin.mobile.records import named
from cemlib.twin.season import DAY_MS, HOUR_MS, begins_of, hours_down
from cemlib.twin.subscribers import fiction_numbers, padded

__all__: list[str] = []

_NONE = 4294967295
_LINES = {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2}
_NODE_NAMES = tuple(f"{'OLT' if at % 8 < 3 else 'DSLAM'}-{at:03d}" for at in range(NODES))
_HEAD_NAMES = tuple(f"IPTV-{at + 1}" for at in range(HEADS))


def _lines(numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add("LN", padded(numbers, 8)))


@FIXED.node("cabinet")
def cabinet_region(node_region):
    """Region of the cabinet."""
    return node_region


@FIXED.feed("resource_inventory", "cabinet", part="fixed", file="inventory_fixed.csv")
def fixed_inventory(ids, cabinet_number, cabinet_region, world):
    """Access nodes, what lies below them, the servers of television."""
    regions = world.regions
    where = [(round(regions["lat"][row] * 1e6), round(regions["lon"][row] * 1e6)) for row in range(len(regions))]
    rows = [[name, name.split("-")[0], name, "", 0, 0] for name in _NODE_NAMES]
    rows += [[f"CAB-{one:04d}", "PON" if one % NODES % 8 < 3 else "CABINET", f"Cabinet {one}", _NODE_NAMES[one % NODES], *where[region]]
             for one, region in zip(cabinet_number.tolist(), cabinet_region.tolist())]
    rows += [[name, "IPTV", name, "", 0, 0] for name in _HEAD_NAMES]
    names = ("object_id", "object_class", "user_label", "parent", "lat_e6", "lon_e6")
    columns = {name: pa.array(list(column)) for name, column in zip(names, zip(*rows))}
    return columns | {"in_service": codes(["2022-01-01"], np.zeros(len(rows))), "out_of_service": codes(["9999-12-31"], np.zeros(len(rows)))}


@FIXED.feed("line_inventory", "line", file="lines.csv", delimiter=";", dirt=Dirt(
    {**_LINES, "unknown_code": 1, "bad_number": 1}, {"unknown_code": "ACCESS_TECH", "bad_number": "SOLD_DOWN_KBPS"}, {"unknown_code": "ISDN", "bad_number": "16k"}))
def line_inventory(ids, line_number, line_cabinet, line_technology, customer_row, people):
    """Lines with what was sold; the access node is the cabinet's, the cabinet is where the pair ends."""
    sold, none = np.array([one[1:] for one in PRODUCTS])[line_technology], np.zeros(len(ids))
    return {
        "LINE_ID": _lines(line_number), "ACCOUNT_NO": named(people.account, customer_row).cast(pa.string()), "ACCESS_NODE": pa.array(np.char.add("CAB-", padded(line_cabinet, 4))),
        "ACCESS_TECH": codes(["ADSL2P", "VDSL2", "GPON"], line_technology), "PRODUCT": codes([one[0] for one in PRODUCTS], line_technology),
        "SOLD_DOWN_KBPS": pa.array(sold[:, 0]), "SOLD_UP_KBPS": pa.array(sold[:, 1]), "STATE": codes(["INS"], none), "ACTIVATED": codes(["01/02/2024", "15/09/2025"], ids % 3 == 0),
        "CEASED": codes([""], none),
    }


@FIXED.node("line_day")
def line_day_written(line_day_number):
    """When the configuration server wrote the day's measurements."""
    return (line_day_number + 1) * DAY_MS + 20 * 60_000


@FIXED.feed("line_measurement", "line_day", file="acs_{day}.parquet", written="line_day_written", dirt=Dirt(
    {"duplicate": 2, "missing_value": 1, "out_of_range": 2}, {"missing_value": "LineID", "out_of_range": "DownstreamNoiseMargin"}, {"out_of_range": 9000}))
def line_measurement(ids, line_number, line_cabinet, line_day_number, line_day_written, line_technology, line_length_m, line_sync_kbps, line_attainable_kbps, line_margin_db,
                     line_optical_dbm, line_errored_s, line_retrains, line_wifi_dbm, line_wifi_kbps):
    """A line's day as the box reports it: full counters where there is nothing to say."""
    fibre = line_technology == 2

    def copper(values: np.ndarray) -> np.ndarray:
        return np.where(fibre, _NONE, np.rint(values)).astype(np.int64)

    loss = np.where(line_technology == 0, 13.8, 22.0) * line_length_m / 1000
    return {
        "LineID": _lines(line_number), "AccessNode": named([f"CAB-{one:04d}" for one in range(480)], line_cabinet), "PeriodStart": instants(line_day_number * DAY_MS),
        "PeriodSeconds": np.full(len(ids), 86_400), "Collected": instants(line_day_written), "DownstreamCurrRate": copper(line_sync_kbps),
        "DownstreamMaxBitRate": copper(line_attainable_kbps), "DownstreamNoiseMargin": copper(10 * line_margin_db), "DownstreamAttenuation": copper(10 * np.minimum(loss, 120)),
        "OpticalSignalLevel": np.where(fibre, np.rint(1000 * line_optical_dbm), -65_536).astype(np.int64), "ErroredSecs": line_errored_s, "LinkRetrain": line_retrains,
        "WiFiSignalStrength": np.rint(line_wifi_dbm).astype(np.int64), "WiFiLinkRate": line_wifi_kbps.astype(np.int64),
    }


@FIXED.node("watch")
def watch_written(watch_at, watch_s):
    """When the set-top box reported."""
    return watch_at + (1000 * watch_s).astype(np.int64) + 45_000


@FIXED.feed("iptv_session", "watch", file="iptv_{day}.parquet", written="watch_written", dirt=Dirt(
    {"duplicate": 2, "missing_value": 1, "unknown_code": 1}, {"missing_value": "tuned", "unknown_code": "status"}, {"unknown_code": "HUM"}))
def iptv_session(ids, watch_at, watch_s, watch_written, watch_fails, watch_zap_ms, watch_freeze_ms, line_number, line_head):
    """Channels watched."""
    return {
        "tuned": instants(watch_at), "watched_s": np.where(watch_fails, 0, watch_s).astype(np.int64), "reported": instants(watch_written), "line_id": _lines(line_number),
        "head": named(_HEAD_NAMES, line_head), "channel": (ids % 80).astype(np.int64), "stb_model": named(["stb_a", "stb_b"], ids % 2),
        "zap_ms": np.where(watch_fails, -1, watch_zap_ms).astype(np.int64), "freeze_ms": np.where(watch_fails, -1, watch_freeze_ms).astype(np.int64),
        "status": named(["OK", "ERR"], watch_fails),
    }


@FIXED.node("fixed_call")
def fixed_call_written(fixed_call_at, fixed_call_talk_ms, fixed_call_end):
    """When the border controller wrote the record."""
    return fixed_call_at + 20_000 + np.where(fixed_call_end == 0, fixed_call_talk_ms, 0).astype(np.int64) + 120_000


@FIXED.node("fixed_call")
def fixed_call_small_print(draw):
    """What times and numbers are drawn from."""
    return draw.uniform()


@FIXED.feed("fixed_voice", "fixed_call", file="voip_{day}.csv.gz", written="fixed_call_written", dirt=Dirt(
    {**_LINES, "bad_time": 2, "bad_order": 1, "unknown_code": 1}, {"bad_time": "start", "bad_order": ("end", "start"), "unknown_code": "leg"}))
def fixed_voice(ids, fixed_call_at, fixed_call_end, fixed_call_talk_ms, fixed_call_mos, fixed_call_written, fixed_call_small_print, line_number, line_cabinet):
    """Calls over the line."""
    u, none = fixed_call_small_print, np.zeros(len(ids))
    ring = fixed_call_at + (700 + 2000 * u).astype(np.int64)
    answer = ring + (2000 + 9000 * (u * 17 % 1)).astype(np.int64)
    answered, rang = fixed_call_end == 0, (fixed_call_end == 0) | (fixed_call_end == 2)
    end = np.where(answered, answer + fixed_call_talk_ms.astype(np.int64), ring + 12_000)
    return {
        "call_id": pa.array(np.char.add("F", padded(ids, 17))), "leg": codes(["ORIG"], none), "start": instants(fixed_call_at), "ring": instants(ring, ~rang), "connect": instants(answer, ~answered),
        "end": instants(end), "written": instants(fixed_call_written), "line_id": _lines(line_number), "access_node": pa.array(np.char.add("CAB-", padded(line_cabinet, 4))),
        "from_number": codes(["anonymous"], none), "to_number": pa.array(fiction_numbers((u * 60_000).astype(np.int64))), "sip_code": codes(["200", "486", "480", "503"], fixed_call_end),
        "lost": pa.array(np.zeros(len(ids), np.int8)), "moscq": pa.array(np.where(answered, fixed_call_mos, 0.0)),
    }


@FIXED.node("node_hour")
def node_goes_down(draw, node_hour_is_up):
    """Whether the node loses its power in the hour."""
    return begins_of(node_hour_is_up.reshape(draw.shape)).ravel()


@FIXED.node("node_hour", unit="h")
def node_down_h(draw, node_hour_is_up):
    """Hours until it has power again, counted from each hour on."""
    return hours_down(node_hour_is_up.reshape(draw.shape)).ravel()


@FIXED.node("node_hour")
def node_hour_number(draw):
    """Number of the hour."""
    return draw.number


@FIXED.node("node_hour")
def node_row(draw):
    """Number of the node."""
    return draw.row_above if hasattr(draw, "row_above") else np.repeat(np.arange(draw.shape[0]), draw.shape[1])


@FIXED.feed("outage_report", "node_hour", part="fixed", file="outages_fixed.csv", keep="node_goes_down", dirt=Dirt(
    {"too_few_columns": 1, "duplicate": 1, "bad_time": 1}, {"bad_time": "began"}))
def fixed_outage(ids, node_row, node_hour_number, node_down_h, world):
    """Nodes without power."""
    none, at = np.zeros(len(ids)), node_hour_number * HOUR_MS
    return {"incident": pa.array(np.char.add("INC-F", padded(ids, 8))), "ci": codes(_NODE_NAMES, node_row), "began": local_iso(at, world), "restored": local_iso(at + node_down_h * HOUR_MS, world),
            "priority": codes(["P2", "P1"], node_down_h > 3), "reason": codes(["power"], none)}


@FIXED.feed("care_ticket", "line_day", part="fixed", file="tickets_fixed.csv", keep="line_complains", dirt=Dirt({**_LINES, "bad_time": 1}, {"bad_time": "opened"}))
def fixed_ticket(ids, line_word_at, line_retrains, line_wifi_dbm, customer_row, people, days):
    """Tickets of lines."""
    closed = line_word_at + (ids % 60 + 2) * HOUR_MS
    about = np.where(line_retrains > 1, 0, np.where(line_wifi_dbm < -78, 1, 2))
    return {
        "ticket_id": pa.array(np.char.add("TF-", padded(ids, 12))), "opened": instants(line_word_at), "closed": instants(closed, closed >= days * DAY_MS),
        "msisdn": named(people.msisdn, customer_row).cast(pa.string()), "category": codes(["line_drops", "wifi", "television"], about), "channel": codes(["phone", "chat"], ids % 3 == 0),
        "severity": codes(["minor", "major"], line_retrains > 3), "vplmn": codes([""], np.zeros(len(ids))), "country": codes(["FR"], np.zeros(len(ids))),
    }


@FIXED.feed("line_order", "line_day", file="line_orders.csv", keep="line_ceases", dirt=Dirt(
    {"too_few_columns": 1, "duplicate": 1, "unknown_code": 1}, {"unknown_code": "order_type"}, {"unknown_code": "GIFT"}))
def line_order(ids, line_number, line_day_number, line_technology, world):
    """Lines that are given up."""
    at, none = line_day_number * DAY_MS + 10 * HOUR_MS, np.zeros(len(ids))
    return {"order_id": pa.array(np.char.add("LO-", padded(ids, 12))), "line_id": _lines(line_number), "order_type": codes(["CEASE"], none), "effective": local_iso(at, world),
            "completed": local_iso(at + 30_000, world), "tariff": codes([one[0] for one in PRODUCTS], line_technology), "channel": codes(["phone", "web"], ids % 2 == 0), "agent": codes([""], none)}


@FIXED.feed("network_counter", "head_hour", part="fixed", file="pm_heads.csv.gz")
def head_counters(ids, head_hour_start, head_hour_fails, head_hour_stall, head_number, hour_season):
    """Requests and errors of the servers of television."""
    asked = np.rint(40_000 * hour_season[head_hour_start]).astype(np.int64)
    return {"BeginTime": instants(head_hour_start * HOUR_MS), "Granularity": codes(["PT3600S"], np.zeros(len(ids))), "MeasObj": codes(_HEAD_NAMES, head_number),
            "Suspect": codes(["false"], np.zeros(len(ids))), "Http.Req": pa.array(asked), "Http.Err5xx": pa.array(np.rint(asked * head_hour_fails).astype(np.int64))}


