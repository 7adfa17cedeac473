"""Cells: times, numbers, codes, series and gaps become canonical values, or a reason why not."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.schema import check_contract
from cemlib.sources import Door, Mapping, Rating, RoamingData, SpeedTest

DAY = "2026-03-02T08:00:00Z"
BASE = {"code": "cells", "title": "cells", "tables": ["probe_test"], "observation": "device",
        "constants": {"test_id": "t", "step_code": "http", "service_code": "speed"}, "repeated_lines": "distinct"}


def read_column(tmp_path, door, read_all, cell: dict, values: list[str], ours: str, **changes):
    """The values of one column, None where the record was rejected; and the reason codes."""
    columns = {"cell": cell} if cell.get("to") == "started_at" else {"at": "started_at", "cell": cell}
    path = tmp_path / "cells.csv"
    lead = [] if len(columns) == 1 else [DAY]
    rows = [";".join([*lead, f'"{one}"']) for one in values]
    path.write_text("\n".join([";".join(columns), *rows]) + "\n", encoding="utf-8")
    mapping = Mapping.model_validate({**BASE, "columns": columns, "delimiter": ";", **changes})
    tables, rejected, _ = read_all(SpeedTest(path, mapping=mapping), door)
    check_contract("probe_test", tables["probe_test"])
    return tables["probe_test"].column(ours).to_pylist(), [one["reason_code"] for one in rejected]


@pytest.mark.parametrize(("text", "instant"), [
    ("2026-03-02T08:00:00.123Z", dt.datetime(2026, 3, 2, 8, 0, 0, 123000)),
    ("2026-03-02 08:00:00", dt.datetime(2026, 3, 2, 8)),
    ("2026-03-02", dt.datetime(2026, 3, 2)),
    ("2026-03-02T08:00:00+05:30", dt.datetime(2026, 3, 2, 2, 30)),
    ("2026-03-02T08:00Z", dt.datetime(2026, 3, 2, 8)),
    ("2028-02-29T00:00:00Z", dt.datetime(2028, 2, 29)),
    ("2026-03-31T23:59:59.999999Z", dt.datetime(2026, 3, 31, 23, 59, 59, 999999)),
])
def test_times(tmp_path, door, read_all, text, instant):
    found, bad = read_column(tmp_path, door, read_all, {"to": "started_at"}, [text], "started_at")
    assert (found, bad) == ([instant.replace(tzinfo=dt.UTC)], [])


@pytest.mark.parametrize("text", ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "epoch", "infinity", "2026-3-2 8:00:00", "1772323200",
                                  "2026-03-02T08:00:61Z", "02.03.2026", "2026-03-02T08:00:00 Asia/Kolkata", "2026-03-02T08"])
def test_what_is_no_time(tmp_path, door, read_all, text):
    assert read_column(tmp_path, door, read_all, {"to": "started_at"}, [text], "started_at") == ([], ["bad_time"])


def test_a_clock_that_was_never_set_is_no_time_of_an_event(tmp_path, door, read_all):
    texts = ["1970-01-01T00:00:01Z", "2106-02-07T06:28:15Z"]
    assert read_column(tmp_path, door, read_all, {"to": "started_at"}, texts, "started_at") == ([], ["out_of_range"] * 2)


def test_times_without_zone_are_of_the_mapping_s_zone(tmp_path, door, read_all):
    # Berlin is one hour ahead of UTC in winter, two in summer; a zone in the text goes before
    texts = ["2026-01-15T12:00:00", "2026-07-15T12:00:00", "2026-07-15T12:00:00Z"]
    found, _ = read_column(tmp_path, door, read_all, {"to": "started_at"}, texts, "started_at", time_zone="Europe/Berlin")
    assert [one.hour for one in found] == [11, 10, 12]
    cell = {"to": "started_at", "time_format": "%d.%m.%Y %H:%M"}
    found, bad = read_column(tmp_path, door, read_all, cell, ["15.07.2026 12:00", "32.07.2026 12:00"], "started_at", time_zone="Europe/Berlin")
    assert (found[0].hour, bad) == (10, ["bad_time"])


@pytest.mark.parametrize(("text", "value"), [("0.1", 0.1), ("26", 26.0), ("+5", 5.0), (".5", 0.5), ("1e2", 100.0), (" 7.12345 ", 7.123), ("", None)])
def test_numbers_are_rounded_to_the_resolution(tmp_path, door, read_all, text, value):
    assert read_column(tmp_path, door, read_all, {"to": "throughput_down_mbps"}, [text], "throughput_down_mbps") == ([value], [])


@pytest.mark.parametrize("text", ["fast", "1_000", "nan", "inf", "0x10", "1,5", "1e999", "12 Mbit", "٣", "--1"])
def test_what_is_no_number(tmp_path, door, read_all, text):
    assert read_column(tmp_path, door, read_all, {"to": "throughput_down_mbps"}, [text], "throughput_down_mbps") == ([], ["bad_number"])


def test_units_signs_ranges_and_gaps(tmp_path, door, read_all):
    cell = {"to": "setup_s", "factor": 0.001, "decimal": ",", "range": [0, 10], "missing": [2147483647]}
    # 1234,6 ms = 1.2346 s, kept to the millisecond; 10001 ms lies above 10 s
    found, bad = read_column(tmp_path, door, read_all, cell, ["1234,6", "2147483647", "10001", "-1"], "setup_s")
    assert (found, bad) == ([1.235, None], ["out_of_range"] * 2)


def test_series_are_cut_to_one_figure_without_their_gaps(tmp_path, door, read_all):
    cell = {"to": "rsrp_dbm", "missing": [2147483647, "n/a"], "series": {"separator": "|"}}
    # median of -90 -95 -97 is -95; of -90 -95 it is -92.5; nothing left is no value
    texts = ["-95|-97|2147483647|-90", "-90|-95", "2147483647|n/a", "", "-90|x", "-90|nan"]
    found, bad = read_column(tmp_path, door, read_all, cell, texts, "rsrp_dbm")
    assert (found, bad) == ([-95.0, -92.5, None, None], ["bad_number"] * 2)


@pytest.mark.parametrize(("aggregate", "value"), [("mean", 4.0), ("first", 9.0), ("last", 1.0), ("min", 1.0), ("max", 9.0), ("median", 2.0)])
def test_figures_of_a_series(tmp_path, door, read_all, aggregate, value):
    cell = {"to": "rsrp_dbm", "series": {"separator": "|", "aggregate": aggregate}}
    assert read_column(tmp_path, door, read_all, cell, ["9|2|1"], "rsrp_dbm") == ([value], [])


def test_codes(tmp_path, door, read_all):
    cell = {"to": "rat_code", "fold": True, "values": {"LTE": "4g", "NR": "5g", "none": None}}
    found, bad = read_column(tmp_path, door, read_all, cell, ["lte", "NR", "None", "GSM", ""], "rat_code")
    assert (found, bad) == (["4g", "5g", None, None], ["unknown_code"])
    found, bad = read_column(tmp_path, door, read_all, {**cell, "other": "keep"}, ["LTE", "3G", "7G"], "rat_code")
    assert (found, bad) == (["4g", "3g"], ["unknown_code"])


def test_a_text_that_holds_an_identifier_does_not_pass(tmp_path, door, read_all):
    texts = ["Bay City", "+33639980001", "999010000000001", "call 33639980001 now", "x" * 201]
    found, bad = read_column(tmp_path, door, read_all, {"to": "city_name"}, texts, "city_name")
    assert (found, bad) == (["Bay City"], ["identifier_in_text"] * 3 + ["bad_format"])


def test_gaps_that_count_only_together(tmp_path, door, read_all):
    path = tmp_path / "ratings.csv"
    head = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"
    path.write_text(head + "".join(f"{DAY},,A,4G,indoor,5,satisfactory,{lat},{lon},\n" for lat, lon in [(-1, -1), (-1, 30), (5, -1), ("", "")]))
    table = read_all(Rating(path), door)[0]["survey_answer"]
    assert table.column("latitude_deg").to_pylist() == [None, -1.0, 5.0, None]
    assert table.column("longitude_deg").to_pylist() == [None, 30.0, -1.0, None]


def test_a_column_that_may_be_absent(tmp_path, door, read_all):
    path = tmp_path / "cells.csv"
    path.write_text(f"at\n{DAY}\n")
    mapping = Mapping.model_validate({**BASE, "columns": {"at": "started_at", "cell": {"to": "city_name", "absent": True}}})
    assert read_all(SpeedTest(path, mapping=mapping), door)[0]["probe_test"].column("city_name").to_pylist() == [None]


def sessions(**changes) -> pa.Table:
    at = [dt.datetime(2026, 3, 2, 8, at, tzinfo=dt.UTC) for at in range(4)]
    columns = {
        "start_time": at, "end_time": [at[0] + dt.timedelta(minutes=9), None, *at[2:]], "export_time": [at[3] + dt.timedelta(minutes=30)] * 4,
        "direction": ["OUT"] * 4, "imsi": [f"99901000000000{one}" for one in range(4)], "imei": [None] * 4, "vplmn": ["99917"] * 4,
        "rat": ["4G"] * 4, "apn": ["internet"] * 4, "service": ["web"] * 4, "protocol": ["gtpv2"] * 4, "cause": ["16", "16", "73", "no_answer"],
        "setup_ms": [210.0, 180.5, math.nan, None], "dns_ms": [35.04, None, math.nan, 1.0], "rtt_ms": [61.25] * 4, "retx_ratio": [0.0123456] * 4,
        "dl_mbps": [23.45678, None, None, None], "dl_bytes": [104857600, 2**40, 0, 0], "ul_bytes": [1, 2, 3, 4], "dropped": [0, 1, 0, 0],
    } | changes
    return pa.table({name: pa.array(values, pa.string()) if set(values) == {None} else values for name, values in columns.items()})


def test_parquet_keeps_its_types(tmp_path, door, read_all):
    path = tmp_path / "data_20260302.parquet"
    pq.write_table(sessions(), path)
    tables, rejected, _ = read_all(RoamingData(path), door)
    found = tables["data_session"]
    check_contract("data_session", found)
    assert not rejected
    assert found.column("setup_s").to_pylist() == [0.21, 0.18, None, None]  # 180.5 ms: halves are rounded to even
    assert found.column("dns_ms").to_pylist() == [35.0, None, None, 1.0]
    assert found.column("cause_code").to_pylist() == ["0", "0", "73", "no_answer"]
    assert found.column("is_dropped").to_pylist() == [False, True, False, False]
    assert found.column("volume_down_bytes").to_pylist() == [104857600, 2**40, 0, 0]
    assert found.column("ended_at").to_pylist()[1] is None


def test_bad_rows_of_parquet_are_told_by_their_row(tmp_path, door, read_all):
    path = tmp_path / "data_20260302.parquet"
    pq.write_table(sessions(dl_bytes=[1, -1, 3, 4], retx_ratio=[0.0, 0.0, 1.5, 0.0], rtt_ms=[1.0, 1.0, 1.0, math.inf]), path)
    _, rejected, _ = read_all(RoamingData(path), door)
    assert [(one["line"], one["column"], one["reason_code"]) for one in rejected] == [
        (2, "dl_bytes", "out_of_range"), (3, "retx_ratio", "out_of_range"), (4, "rtt_ms", "out_of_range")]
    assert rejected[0]["raw"].split(",")[4] == "999010000000001"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12)), max_size=20))
def test_whatever_comes_is_accepted_within_the_contract_or_rejected_with_a_reason(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "cells.csv"
    clean = str.maketrans("", "", "\r\n")
    path.write_text("at,score,who\n" + "".join(",".join(one.translate(clean) for one in row) + "\n" for row in rows), encoding="utf-8")
    mapping = Mapping.model_validate({"code": "any", "title": "any", "tables": ["survey_answer"], "constants": {"question_code": "q"},
                                      "columns": {"at": {"to": "occurred_at", "required": True}, "who": "operator_name",
                                                  "score": {"to": "score_value", "required": True}}})
    for batch in Rating(path, mapping=mapping).read(path, Door(b"the key of these tests")):
        assert batch.accepted + batch.rejected.num_rows == batch.records == len(rows)
        check_contract("survey_answer", batch.tables["survey_answer"])
