"""evaluate(): cells, states, several KPIs in one scan, the records behind a figure."""

import math

import pandas as pd
import pytest
from tiny_lake import NETWORK, TinyLake, at

from cemlib.errors import KpiError, ParameterError, UnknownNameError
from cemlib.kpi import evaluate, find_kpi

SUCCESS, UNSTEERED = "roaming_registration_success_ratio", "roaming_registration_unsteered_success_ratio"
REFUSED = {"cause_vendor_code": "10415", "cause_code": "5004", "visited_plmn_code": "99903"}


def tries(many, **columns):
    return [columns for _ in range(many)]


LAKE = TinyLake(network=NETWORK, registration=[
    # Alfa 40 tries: 30 good, 8 fail with 5420, 2 with no answer; Beta 10: 4 good, 6 steered
    *tries(30, subscriber_key="anna"), *tries(8, cause_code="5420", subscriber_key="bert"),
    *tries(2, protocol_code="any", cause_code="no_answer", subscriber_key="carl"),
    *tries(4, visited_plmn_code="99903", subscriber_key="anna"), *tries(6, **REFUSED, is_steering=True, subscriber_key="dora"),
    # Gama a day later, in no cell of the 10th
    *tries(1, visited_plmn_code="99911", attempted_at=at("06:00", 11), subscriber_key="anna"),
])


def cell(result, **wanted):
    found = result.frame
    for name, value in wanted.items():
        found = found[found[name] == value]
    (row,) = found.to_dict("records")
    return row


def test_ratios_of_two_partners():
    result = evaluate(LAKE, [SUCCESS, UNSTEERED], by="partner", until="2026-03-11")
    alfa, beta = (cell(result, partner=name, kpi_code=SUCCESS) for name in ("ALFA", "BETA"))
    assert (alfa["num"], alfa["den"], alfa["value"]) == (30, 40, 0.75)
    # Wilson of 30/40 is 0.598 … 0.858: wider than 20 points
    assert alfa["low"] == pytest.approx(0.598060, abs=1e-6)
    assert alfa["high"] == pytest.approx(0.858129, abs=1e-6)
    assert alfa["state"] == "too_few"
    assert (beta["num"], beta["den"], beta["value"]) == (4, 10, 0.4)
    assert cell(result, partner="BETA", kpi_code=UNSTEERED)["value"] == 1.0
    assert cell(result, partner="BETA", kpi_code=UNSTEERED)["den"] == 4
    assert list(result.frame.columns) == ["partner", "kpi_code", "num", "den", "value", "low", "high", "state"]


def test_the_order_is_that_of_the_kpis_then_of_the_cells():
    result = evaluate(LAKE, [UNSTEERED, SUCCESS], by="partner")
    assert result.frame["kpi_code"].tolist() == [UNSTEERED] * 3 + [SUCCESS] * 3
    assert result.frame["partner"].tolist() == ["ALFA", "BETA", "GAMA"] * 2


def test_the_share_of_a_cause_is_of_all_attempts():
    result = evaluate(LAKE, "roaming_registration_reject_share", by=["partner", "cause_code"], subscribers=True)
    found = {(row["partner"], row["cause_code"]): (row["num"], row["den"], row["subscribers"]) for row in result.frame.to_dict("records")}
    assert found == {("ALFA", "5420"): (8, 40, 1), ("ALFA", "no_answer"): (2, 40, 1), ("BETA", "5004"): (6, 10, 1)}
    # the shares of the causes add up to the share of all rejects
    assert result.frame[result.frame["partner"] == "ALFA"]["value"].sum() == pytest.approx(10 / 40)
    # a condition on a cause narrows the rejects, not the attempts
    narrowed = evaluate(LAKE, "roaming_registration_reject_share", by="partner", where={"cause_code": "5420"})
    assert cell(narrowed, partner="ALFA")["value"] == 8 / 40
    assert cell(evaluate(LAKE, "roaming_registration_reject_share", by="fault_side_code"), fault_side_code="us")["den"] == 51


def test_one_row_even_of_nothing():
    result = evaluate(LAKE, [SUCCESS, "roaming_registration_attempt_count", "roaming_registration_setup_mean", "roaming_affected_count"],
                      where={"partner": "NOBODY"})
    assert len(result.frame) == 4
    assert result.frame["den"].tolist() == [0, 0, 0, 0]
    assert result.frame["value"].isna().all()
    assert result.frame["state"].tolist() == ["no_data"] * 4
    assert len(evaluate(LAKE, SUCCESS, by="partner", where={"partner": "NOBODY"}).frame) == 0
    for code in ("data_session_rtt_median", "roaming_attached_count", "roaming_silent_ratio", "roaming_active_count"):
        assert evaluate(TinyLake(), code).frame["state"].tolist() == ["no_data"]


def test_distinct_subscribers_of_the_denominator():
    result = evaluate(LAKE, [SUCCESS, UNSTEERED], subscribers=True, until="2026-03-11")
    assert result.frame["subscribers"].tolist() == [4, 3]  # dora was steered each time


def test_several_tables_in_one_call():
    result = evaluate(LAKE, [SUCCESS, "roaming_affected_count", "roaming_registration_episode_success_ratio"], by="country")
    assert set(result.frame["kpi_code"]) == {SUCCESS, "roaming_affected_count", "roaming_registration_episode_success_ratio"}
    # bert and carl never got in, dora was steered and got in nowhere; anna is well
    assert cell(result, country="IT", kpi_code="roaming_affected_count")["value"] == 3
    assert result.versions[SUCCESS] == "1.0"


def test_the_records_behind_a_figure():
    result = evaluate(LAKE, [SUCCESS, UNSTEERED], by=["partner", "hour"])
    rows = result.rows(kpi=SUCCESS, partner="ALFA")
    assert len(rows) == 40
    assert len(result.rows(kpi=SUCCESS, partner="ALFA", part="num")) == 30
    failed = result.rows(kpi=SUCCESS, partner="ALFA", part="rest")
    assert failed["cause_code"].value_counts().to_dict() == {"5420": 8, "no_answer": 2}
    assert len(result.rows(3, kpi=SUCCESS, partner="ALFA")) == 3
    assert len(result.rows(kpi=UNSTEERED, partner="BETA")) == 4
    again = result.recompute(rows, SUCCESS)
    assert (again["num"], again["den"], again["value"]) == (30, 40, 0.75)
    with pytest.raises(ParameterError, match="several KPIs"):
        result.rows(partner="ALFA")
    with pytest.raises(ParameterError, match="no such part"):
        result.rows(kpi=SUCCESS, part="all")
    with pytest.raises(UnknownNameError):
        result.rows(kpi=SUCCESS, parnter="ALFA")


def test_the_records_behind_a_share_of_causes():
    result = evaluate(LAKE, "roaming_registration_reject_share", by=["partner", "cause"])
    rows = result.rows(partner="ALFA", cause="5420")
    assert len(rows) == 40
    assert result.recompute(rows, partner="ALFA", cause="5420")["value"] == 8 / 40
    assert len(result.rows(partner="ALFA", cause="5420", part="num")) == 8


def test_one_figure():
    result = evaluate(LAKE, SUCCESS, by="partner")
    assert result.value(partner="ALFA") == 0.75
    with pytest.raises(KpiError, match="not one row"):
        result.value()
    with pytest.raises(UnknownNameError):
        result.value("roaming_registration_success_ratios", partner="ALFA")
    assert evaluate(TinyLake(), SUCCESS).value() is None


def test_plain_data_has_none_for_what_is_missing():
    plain = evaluate(LAKE, SUCCESS, where={"partner": "NOBODY"}).to_dict()
    assert plain["rows"][0]["value"] is None
    assert plain["snapshot"] == LAKE.snapshot().id


def test_an_old_result_does_not_show_new_records():
    lake = TinyLake(registration=[{}])
    result = evaluate(lake, SUCCESS)
    object.__setattr__(result, "snapshot", type("Other", (), {"id": "another"})())
    with pytest.raises(KpiError, match="moved on"):
        result.rows()


def test_a_mean_its_sum_and_its_interval():
    lake = TinyLake(registration=[{"setup_s": 0.1}, {"setup_s": 0.2}, {"setup_s": 0.3}, {"setup_s": None}, {"setup_s": 9.0, "cause_code": "5420"}])
    (row,) = evaluate(lake, "roaming_registration_setup_mean").frame.to_dict("records")
    # 0.1 + 0.2 + 0.3 as 100 + 200 + 300 ms is exactly 0.6
    assert (row["num"], row["den"], row["value"]) == (0.6, 3, 0.2)
    # t(0.975, 2) = 4.302653; s = 0.1; half = 4.302653 * 0.1 / sqrt(3)
    assert row["high"] == pytest.approx(0.2 + 4.302653 * 0.1 / math.sqrt(3), abs=1e-6)


def test_quantiles_of_two_cells_and_their_intervals():
    # Alfa 1 … 101: median 51, ranks 41 and 61 bound it (binomial 101, 0.5); Beta 5 values: no bound
    lake = TinyLake(network=NETWORK, data_session=[
        *[{"rtt_ms": float(n)} for n in range(101, 0, -1)], *[{"rtt_ms": float(n), "visited_plmn_code": "99903"} for n in (5, 1, 4, 2, 100)],
        {"rtt_ms": None}, {"rtt_ms": None, "visited_plmn_code": "99911"}])
    result = evaluate(lake, "data_session_rtt_median", by="partner").frame.set_index("partner")
    assert result.loc["ALFA", ["den", "value", "low", "high", "state"]].tolist() == [101, 51, 41, 61, "ok"]
    assert result.loc["BETA", ["den", "value", "state"]].tolist() == [5, 4, "too_few"]
    assert result.loc["BETA", ["low", "high"]].isna().all()
    assert result.loc["GAMA", ["den", "state"]].tolist() == [0, "no_data"]
    assert pd.isna(result.loc["GAMA", "value"])


def test_equal_values_share_their_ranks():
    # 50 times 10, 49 times 20: the median is the 50th of 99 = 10; the tenth percentile 10
    lake = TinyLake(data_session=[*[{"throughput_down_mbps": 10.0}] * 50, *[{"throughput_down_mbps": 20.0}] * 49])
    result = evaluate(lake, ["data_session_throughput_median", "data_session_throughput_p10"]).frame
    assert result["value"].tolist() == [10, 10]
    assert result["low"].tolist() == [10, 10]
    assert result["high"].tolist() == [20, 10]


def test_who_was_attached_overlaps_the_window():
    lake = TinyLake(attachment=[
        {"subscriber_key": "before", "started_at": at("10:00", 9), "ended_at": at("11:00", 9)},
        {"subscriber_key": "into", "started_at": at("10:00", 9), "ended_at": at("11:00", 10)},
        {"subscriber_key": "still", "started_at": at("10:00", 9)},
        {"subscriber_key": "after", "started_at": at("00:00", 11)},
        {"subscriber_key": "until", "started_at": at("10:00", 9), "ended_at": at("00:00", 10)}])
    result = evaluate(lake, "roaming_attached_count", since="2026-03-10", until="2026-03-11")
    assert result.value() == 2
    assert sorted(result.rows()["subscriber_key"]) == ["into", "still"]


def test_limits_of_one_use():
    strict = find_kpi(SUCCESS).with_limits(minimum=41, widest=0.5)
    assert evaluate(LAKE, strict, where={"partner": "ALFA"}).frame["state"].tolist() == ["too_few"]
    assert evaluate(LAKE, strict.with_limits(minimum=40), where={"partner": "ALFA"}).frame["state"].tolist() == ["ok"]


def test_a_call_that_makes_no_sense():
    with pytest.raises(ParameterError, match="No KPI"):
        evaluate(LAKE, [])
    with pytest.raises(UnknownNameError, match=SUCCESS):
        evaluate(LAKE, "roaming_registration_success_rate")
