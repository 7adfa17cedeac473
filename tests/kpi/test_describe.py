"""What a page of the catalogue is told of a KPI, and the search."""

import pytest

from cemlib.errors import UnknownNameError
from cemlib.kpi import describe, search_kpis


def test_a_share_with_conditions_on_both_sides():
    found = describe("roaming_registration_unsteered_success_ratio")
    assert found.formula == ("number of records where is_success and not is_steering_reject ÷ number of records where not is_steering_reject")
    # the worked example of the docstring: (2, 3, 0.666667)
    assert (found.example.num, found.example.den) == (2, 3)
    assert found.example.value == pytest.approx(2 / 3)
    assert found.example.records["is_steering_reject"] == [False, False, False, True]
    assert found.interval.startswith("Wilson")
    assert not found.is_verified
    assert ">>>" not in found.meaning
    assert "Unit:" not in found.meaning


def test_conditions_with_or_are_in_brackets():
    formula = describe("voice_call_setup_mean").formula
    assert formula == "sum of setup_s ÷ number of records, over the records where (is_success or alerting_at is known) and setup_s is known"


def test_lineage_names_what_is_joined_and_who_fills_it():
    found = describe("voice_call_setup_success_ratio").lineage
    columns = {one.name: one for one in found.columns}
    assert found.facts == ("voice_call",)
    assert {"mobile_voice", "transit_cdr"} <= set(found.connectors)
    assert columns["area_code"].is_derived
    assert columns["area_code"].joined == ("data/reference/cause.csv",)
    assert {"cause_code", "protocol_code"} <= set(columns["area_code"].read_from)
    assert not columns["alerting_at"].is_derived
    assert columns["alerting_at"].read_from == ("alerting_at",)
    # the mapping of this connector fills no such column
    assert "mobile_sms" not in columns["alerting_at"].connectors


def test_a_derived_table_names_the_facts_that_it_is_made_of():
    found = describe("roaming_silent_ratio").lineage
    assert found.table == "roamer_day"
    assert set(found.facts) == {"registration", "attachment", "data_session", "voice_call", "message"}
    assert "roaming_presence" in found.connectors


def test_a_column_that_one_connector_alone_fills():
    (column,) = (one for one in describe("data_session_rtt_mean").lineage.columns if one.name == "rtt_ms")
    assert column.unit == "ms"
    assert column.connectors
    assert set(column.connectors) <= set(describe("data_session_rtt_mean").lineage.connectors)


def test_the_description_is_plain_data():
    found = describe("data_session_throughput_p10", by=["partner"]).to_dict()
    assert found["sql"].keys() == {"sums", "ranks"}
    assert "partner_code" in found["sql"]["sums"]
    assert "LEFT JOIN enrich_network" in found["sql"]["sums"]
    assert found["lineage"]["columns"][0]["name"] == "throughput_down_mbps"


def test_a_misspelt_name_or_column_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="sms_delivery_mean"):
        describe("sms_delivery_maen")
    with pytest.raises(UnknownNameError, match="partner"):
        describe("sms_delivery_mean", by=["parnter"])


def test_search_wants_every_word_and_puts_names_first():
    # the name holds both words; the other is only told to be of voice
    assert [one.code for one in search_kpis("DROP voice")] == ["voice_call_drop_ratio", "volte_call_drop_ratio"]
    assert {one.service for one in search_kpis("", service="sms")} == {"sms"}
    assert search_kpis("no such thing at all") == []
    found = [one.code for one in search_kpis("steering")]
    # called so first, then what only mentions it
    assert "steering" in found[0]
    assert found.index("roaming_registration_steering_ratio") < found.index("roaming_registration_success_ratio")
    assert any(one.service == "voice" for one in search_kpis("G.107"))
