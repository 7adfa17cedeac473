"""What a notebook publishes, its hash, and the CSV files."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cemlib as cem
from cemlib.errors import PrivacyError, ReportError
from cemlib.report.digest import parameter_digest, result_hash
from cemlib.report.export import safe_cell, write_csv


def test_figures_become_plain_values():
    found = cem.publish({
        "a": np.int64(3), "b": np.float64(0.1), "c": float("nan"), "d": pd.NA, "e": np.bool_(True), "f": "text", "g": pd.Timestamp("2026-03-01T12:00:00Z"),
        "h": datetime.date(2026, 3, 1), "i": decimal.Decimal("1.5"), "j": None, "k": pd.NaT, "m": np.datetime64("2026-03-01T00:00:00"),
    })["figures"]
    assert found == {"a": 3, "b": 0.1, "c": None, "d": None, "e": True, "f": "text", "g": "2026-03-01T12:00:00Z", "h": "2026-03-01", "i": 1.5, "j": None,
                     "k": None, "m": "2026-03-01T00:00:00Z"}
    assert type(found["a"]) is int


def test_a_table_keeps_its_columns_rows_and_missing_values():
    frame = pd.DataFrame({"partner_code": ["a", None], "value": [0.5, None], "den": pd.array([1, None], dtype="Int64"),
                          "hour_at": pd.to_datetime(["2026-03-01T05:00:00", None])})
    table = cem.publish({}, {"partners": frame})["tables"]["partners"]
    assert table == {"columns": ["partner_code", "value", "den", "hour_at"], "rows": [["a", 0.5, 1, "2026-03-01T05:00:00Z"], [None, None, None, None]]}


def test_an_index_that_says_something_becomes_a_column():
    frame = pd.DataFrame({"value": [1]}, index=pd.Index(["FR"], name="country_code"))
    assert cem.publish({}, {"countries": frame})["tables"]["countries"] == {"columns": ["country_code", "value"], "rows": [["FR", 1]]}


@pytest.mark.parametrize(("figures", "tables"), [
    ({"a": float("inf")}, {}), ({"../a": 1}, {}), ({"a": [1]}, {}), ({}, {"../../etc": pd.DataFrame()}), ({}, {"t": {"a": 1}}),
    ({}, {"t": pd.DataFrame([[1, 2]], columns=["a", "a"])}), ({}, {"t": pd.DataFrame({"a": [float("inf")]})}),
])
def test_what_cannot_be_published_is_refused(figures, tables):
    with pytest.raises(ReportError):
        cem.publish(figures, tables)


def test_a_manager_publishes_no_single_persons(monkeypatch):
    frame = pd.DataFrame({"subscriber_key": ["9f3c"], "den": [4]})
    assert cem.publish({}, {"t": frame})["tables"]["t"]["rows"] == [["9f3c", 4]]
    monkeypatch.setenv("CEM_ROLE", "manager")
    with pytest.raises(PrivacyError, match="single persons"):
        cem.publish({}, {"t": frame})


def test_nobody_publishes_a_raw_identifier():
    with pytest.raises(PrivacyError):
        cem.publish({}, {"t": pd.DataFrame({"msisdn": ["+33639980001"]})})


def test_the_snapshot_is_recorded():
    lake = SimpleNamespace(snapshot=lambda: SimpleNamespace(id="ab12", versions={"registration": 3}, written_at="2026-03-01T00:00:00+00:00"))
    assert cem.publish({}, {}, lake)["snapshot"] == {"id": "ab12", "written_at": "2026-03-01T00:00:00+00:00", "versions": {"registration": 3}}


def test_kpi_versions_are_recorded_where_they_are_named(monkeypatch):
    known = {"sms_delivery_mean": SimpleNamespace(version="1.0"), "voice_call_mos_mean": SimpleNamespace(version="2.1")}
    monkeypatch.setattr(cem.kpi, "catalogue", lambda: known)
    only = {"voice_call_mos_mean": "2.1"}
    assert cem.publish({"voice_call_mos_mean": 4.1})["kpis"] == only
    assert cem.publish({"voice_call_mos_mean_low": 4.0})["kpis"] == only
    assert cem.publish({}, {"t": pd.DataFrame({"kpi_code": ["voice_call_mos_mean"]})})["kpis"] == only
    assert cem.publish({}, {"t": pd.DataFrame({"voice_call_mos_mean": [4.1]})})["kpis"] == only
    assert cem.publish({}, {}, kpis=list(known))["kpis"] == {"sms_delivery_mean": "1.0", "voice_call_mos_mean": "2.1"}
    # none is named: all count
    assert cem.publish({"roamers": 3})["kpis"] == {"sms_delivery_mean": "1.0", "voice_call_mos_mean": "2.1"}
    assert cem.publish({"roamers": 3}, kpis=[])["kpis"] == {}
    with pytest.raises(cem.CemError, match="no KPI"):
        cem.publish({}, {}, kpis=["voice_call_mos_maen"])


BASE = {"figures": {"n": 3, "share": 0.3}, "tables": {"t": {"columns": ["a"], "rows": [[1]]}}, "parameters": {"days": 7}, "snapshot_id": "ab", "kpis": {"k": "1.0"}}


def test_the_hash_of_nothing_is_what_it_was():
    # sha256sum of the text {"figures":{},"kpis":{},"parameters":{},"snapshot":null,"tables":{}}
    assert result_hash({}, {}, {}, None, {}) == "4e61d34a2862c5c8ddcb76e38a3e7335fa90ce38802203718f4cb305c8e0d371"
    assert len(result_hash(**BASE)) == 64


@pytest.mark.parametrize("change", [
    {"figures": {"n": 4, "share": 0.3}}, {"figures": {"n": 3, "share": 0.30000001}}, {"figures": {"n": "3", "share": 0.3}},
    {"tables": {"t": {"columns": ["a"], "rows": [[2]]}}}, {"tables": {"t": {"columns": ["b"], "rows": [[1]]}}}, {"parameters": {"days": 8}},
    {"snapshot_id": "ac"}, {"kpis": {"k": "1.1"}}, {"figures": {"n": 3, "share": None}}, {"figures": {"n": True, "share": 0.3}},
])
def test_every_part_counts(change):
    assert result_hash(**{**BASE, **change}) != result_hash(**BASE)


def test_the_last_bits_of_a_float_and_the_order_of_names_do_not_count():
    other = {**BASE, "figures": {"share": 0.1 + 0.2, "n": 3}}
    assert result_hash(**other) == result_hash(**BASE)
    assert result_hash({"a": -0.0}, {}, {}, None, {}) == result_hash({"a": 0.0}, {}, {}, None, {})


def test_a_large_integer_counts_to_its_last_digit():
    one, other = 2**62, 2**62 + 1
    assert result_hash({"a": one}, {}, {}, None, {}) != result_hash({"a": other}, {}, {}, None, {})


def test_the_digest_of_parameters_names_a_folder():
    assert parameter_digest({"days": 7}) != parameter_digest({"days": 8})
    assert len(parameter_digest({})) == 8


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=HYPERLINK(\"x\")", "-", "+"])
def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(text):
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("value", [-5, -0.25, "-5", "+491234", "-1.5e3", "Partner A", "", None, "a=b", "99901", "2026-03-01"])
def test_numbers_and_plain_texts_are_left_alone(value):
    assert safe_cell(value) is value


def test_a_csv_file_is_utf8_with_full_precision(tmp_path):
    write_csv(tmp_path / "t.csv", {"columns": ["partner_name", "value", "is_late"], "rows": [["Côte =d", 0.1 + 0.2, True], ["=1", None, None], ['a,"b"', -1, False]]})
    text = (tmp_path / "t.csv").read_bytes().decode("utf-8")
    assert text == 'partner_name,value,is_late\nCôte =d,0.30000000000000004,true\n\'=1,,\n"a,""b""",-1,false\n'


@given(st.lists(st.lists(st.one_of(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")), st.integers(), st.floats(allow_nan=False, allow_infinity=False)), min_size=2, max_size=2), max_size=5))
def test_no_row_of_a_csv_begins_a_formula(rows):
    with io.StringIO() as file:
        csv.writer(file).writerows([safe_cell(one) for one in row] for row in rows)
        read = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert len(read) == len(rows)
    for row, given_row in zip(read, rows, strict=True):
        for cell, value in zip(row, given_row, strict=True):
            if isinstance(value, str) and cell[:1] in ("=", "@", "\t", "\r"):
                pytest.fail(f"{cell!r}")
