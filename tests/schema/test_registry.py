"""The canonical schema: declared once, laid out whole, with the rules that save a rewrite."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from cemlib.errors import ContractError, UnknownNameError
from cemlib.schema import check_contract, codes, fields, frame_contract, schema_page, table, tables

HOME = Path(__file__).resolve().parents[2]

# the tables that the use cases need, written down here a second time on purpose: leaving one out must be a decision
NAMES = """identity account subscriber subscription_event network resource access_line device_model registration attachment
data_session voice_call message media_session iot_report line_measurement counter alarm outage probe_test reconciliation
usage_record rate agreement_term settlement_line steering_target exchange_rate bill_line sla_term ticket interaction
survey_answer social_post calendar_event intervention"""


def test_the_schema_is_whole():
    assert set(tables()) == set(NAMES.split())


def test_every_declared_column_is_used_or_derived():
    used = {name for one in tables().values() for name in one.columns}
    assert set(fields()) - used == {"episode_id"}  # derived in enrich, stored nowhere


@pytest.mark.parametrize("one", tables().values(), ids=lambda one: one.name)
def test_a_fact_has_its_event_time_key_and_partition(one):
    if one.kind == "fact":
        assert fields()[one.event_at].type == "timestamp"
        assert {one.event_at, "event_date", "record_id", "source_code", "received_at"} <= one.required
        assert one.columns[:5] == ("record_id", "source_code", "observation_code", "received_at", "event_date")
    else:
        assert one.event_at is None
        assert "valid_from_at" in one.required
    assert set(one.natural_key) <= set(one.columns)


@pytest.mark.parametrize("field", fields().values(), ids=lambda field: field.name)
def test_a_name_says_its_unit_and_kind(field):
    suffixes = {"s": "_s", "ms": "_ms", "dB": "_db", "dBm": "_dbm", "Mbit/s": "_mbps", "kbit/s": "_kbps", "byte": "_bytes", "deg": "_deg",
                "currency": "_amount"}
    if field.unit in suffixes:
        assert field.name.endswith(suffixes[field.unit])
    assert field.name.endswith("_at") == (field.type == "timestamp")
    assert field.name.endswith("_date") == (field.type == "date")
    assert bool(re.match(r"(is|has)_", field.name)) == (field.type == "bool")
    assert field.name.endswith("_key") == (field.privacy == "pseudonym")
    assert (field.resolution is not None) == (field.type == "float64"), "a measured float declares its resolution"
    assert len(field.meaning) > 5


def test_no_raw_identifier_has_a_column():
    assert not {"imsi", "msisdn", "imei", "subscriber_name", "email", "text"} & set(fields())


def test_plmn_and_partner_and_tadig_are_three_things():
    assert {"plmn_code", "tadig_code", "partner_code"} <= set(table("network").columns)
    assert fields()["plmn_code"].type == "string"  # "01" is not "1"


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="registration"):
        table("registrations")
    with pytest.raises(UnknownNameError, match="rat_code"):
        table("registration").field("rat_cod")


def one_target(**change):
    import datetime as dt

    row = {"country_code": "TR", "plmn_code": "99917", "basis_code": "registrations", "target_ratio": 0.8,
           "valid_from_at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "valid_to_at": None, **change}
    return pa.Table.from_pylist([row], schema=pa.schema([pa.field(f.name, f.type) for f in table("steering_target").arrow_schema()]))


def test_a_good_record_passes_the_contract():
    check_contract("steering_target", one_target())


@pytest.mark.parametrize(("change", "says"), [
    ({"target_ratio": 1.2}, "target_ratio must lie in 0 … 1"),
    ({"target_ratio": None}, "target_ratio must not be null"),
    ({"target_ratio": float("nan")}, "target_ratio must be a finite number"),
    ({"basis_code": "registratons"}, "basis_code must be one of registrations, roamers, volume"),
])
def test_a_broken_record_is_named_with_its_rule(change, says):
    with pytest.raises(ContractError, match=re.escape(says)) as caught:
        check_contract("steering_target", one_target(**change))
    assert "row 1" in caught.value.where


def test_a_missing_column_and_another_type_are_named():
    with pytest.raises(ContractError) as caught:
        check_contract("steering_target", one_target().drop_columns(["target_ratio"]))
    assert "missing: target_ratio" in caught.value.came
    column = one_target().column("target_ratio").cast(pa.float32())
    with pytest.raises(ContractError, match="another type"):
        check_contract("steering_target", one_target().set_column(3, "target_ratio", column))


def test_the_frame_contract_refuses_what_the_record_contract_refuses():
    frame = one_target().to_pandas()
    frame_contract("steering_target").validate(frame)
    import pandera.errors  # behind frame_contract, which knows what pandera's first import warns of

    with pytest.raises(pandera.errors.SchemaError):
        frame_contract("steering_target").validate(frame.assign(target_ratio=1.2))


def test_code_lists_are_closed_and_known():
    assert codes()["direction_code"] == ("outbound", "inbound", "home")
    assert all(fields()[name].type == "string" for name in codes())


def test_the_page_in_contributing_is_the_generated_one():
    text = (HOME / "CONTRIBUTING.md").read_text()
    begin, end = "<!-- schema: begin -->\n", "<!-- schema: end -->"
    assert text.split(begin)[1].split(end)[0] == schema_page(), "run: make schema"


def test_the_frame_contract_holds_where_spark_was_used_before():
    program = ("import pyspark.sql\nimport pandas as pd\nfrom cemlib.schema import frame_contract\n"
               "frame = pd.DataFrame({'country_code': ['TR'], 'plmn_code': ['99917'], 'basis_code': ['registrations'], 'target_ratio': [0.8],"
               " 'valid_from_at': pd.Timestamp('2026-03-01', tz='UTC'), 'valid_to_at': pd.NaT})\n"
               "print(len(frame_contract('steering_target').validate(frame)))")
    done = subprocess.run([sys.executable, "-W", "error::FutureWarning", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
