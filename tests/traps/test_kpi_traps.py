"""The classic ways to a wrong number, each on a tiny table with the answer worked out by hand."""

import datetime as dt
import importlib.util
import sys
from pathlib import Path

import pytest

from cemlib.enrich import enriched
from cemlib.kpi import evaluate, evaluate_frame
from cemlib.kpi import find_kpi as kpi_of

_spec = importlib.util.spec_from_file_location("tiny_lake", Path(__file__).parents[1] / "enrich" / "tiny_lake.py")
tiny_lake = sys.modules.get("tiny_lake") or importlib.util.module_from_spec(_spec)
if "tiny_lake" not in sys.modules:
    sys.modules["tiny_lake"] = tiny_lake
    _spec.loader.exec_module(tiny_lake)
TinyLake, NETWORK, at = tiny_lake.TinyLake, tiny_lake.NETWORK, tiny_lake.at

ATTEMPTS, SUCCESS = "roaming_registration_attempt_count", "roaming_registration_success_ratio"


def test_fan_out_a_network_with_two_tadigs():
    # 99901 stands twice in the directory, for two TADIGs: three attempts stay three
    lake = TinyLake(network=NETWORK, registration=[{}, {}, {"cause_code": "5420"}])
    result = evaluate(lake, [ATTEMPTS, SUCCESS], by="partner").frame
    assert result["num"].tolist() == [3, 2]
    assert result["den"].tolist() == [3, 3]


def test_fan_out_rows_of_validity_that_overlap():
    # the directory, the identities and the devices hold two rows each for the same day: one attempt stays one
    overlap = [{"valid_from_at": at("00:00", 1), "valid_to_at": at("00:00", 20)}, {"valid_from_at": at("00:00", 5), "valid_to_at": at("00:00", 15)}]
    lake = TinyLake(
        network=[{"plmn_code": "99901", "partner_code": name} | when for name, when in zip(("OLD", "NEW"), overlap)],
        identity=[{"identifier_key": "anna", "subscriber_key": name} | when for name, when in zip(("sim1", "sim2"), overlap)],
        device_model=[{"tac_code": "35000001", "model_name": name} | when for name, when in zip(("One", "Two"), overlap)],
        steering_target=[{"country_code": "IT", "plmn_code": "99901", "target_ratio": share} | when for share, when in zip((0.5, 0.9), overlap)],
        registration=[{"attempted_at": at("12:00", day), "tac_code": "35000001"} for day in (3, 10, 17, 25)])
    found = enriched(lake, "registration").collect(backend="pandas").to_native().sort_values("attempted_at")
    assert len(found) == 4
    # the row that began last holds; when it ends, the longer one holds again; after both nothing does
    assert found["partner_code"].fillna("-").tolist() == ["OLD", "NEW", "OLD", "-"]
    assert found["subscriber_key"].tolist() == ["sim1", "sim2", "sim1", "anna"]
    assert found["model_name"].fillna("-").tolist() == ["One", "Two", "One", "-"]
    assert found["preferred_target_ratio"].fillna(0).tolist() == [0.5, 0.9, 0.5, 0]


def test_fan_out_two_rows_that_began_at_the_same_instant():
    lake = TinyLake(network=[{"plmn_code": "99901", "tadig_code": "B", "partner_code": "TWO"}, {"plmn_code": "99901", "tadig_code": "A", "partner_code": "ONE"}],
                    registration=[{}])
    # the first TADIG decides, at every run
    assert evaluate(lake, ATTEMPTS, by="partner").frame[["partner", "num"]].values.tolist() == [["ONE", 1]]


def test_fan_out_a_reject_that_two_successes_follow():
    target = [{"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8}]
    refused = {"cause_vendor_code": "10415", "cause_code": "5004", "visited_plmn_code": "99903", "attempted_at": at("10:00")}
    lake = TinyLake(network=NETWORK, steering_target=target, registration=[refused, {"attempted_at": at("10:01")}, {"attempted_at": at("10:02")}])
    assert evaluate(lake, [ATTEMPTS, "roaming_registration_unsteered_success_ratio"]).frame["num"].tolist() == [3, 2]


def test_fan_out_every_table_keeps_its_number():
    many = {"identity": [{"identifier_key": "anna", "subscriber_key": f"s{n}", "valid_from_at": at("00:00", n)} for n in range(1, 9)],
            "network": [*NETWORK, *({"plmn_code": "99901", "tadig_code": f"X{n}", "partner_code": f"P{n}"} for n in range(5))],
            "device_model": [{"tac_code": "35000001", "model_name": f"M{n}"} for n in range(3)]}
    facts = {"registration": [{}, {"cause_code": "8"}], "attachment": [{}], "data_session": [{"tac_code": "35000001"}, {}],
             "voice_call": [{"tac_code": "35000001"}], "message": [{}, {"cause_code": "27"}], "probe_test": [{}, {"visited_plmn_code": "99901"}],
             "survey_answer": [{"subscriber_key": "anna", "score_value": 3.0}]}
    lake = TinyLake(**many, **facts)
    for name, rows in facts.items():
        assert len(enriched(lake, name).collect(backend="pandas").to_native()) == len(rows), name


def test_null_keys_match_nothing_and_are_not_lost():
    lake = TinyLake(
        network=[*NETWORK], identity=[{"identifier_key": "anna", "subscriber_key": "sim1"}],
        device_model=[{"tac_code": "35000001", "model_name": "One"}],
        data_session=[{"visited_plmn_code": None, "tac_code": None}, {"tac_code": "35000001"}, {"visited_plmn_code": None, "tac_code": None, "cause_code": "73"}])
    result = evaluate(lake, "data_session_setup_success_ratio", by="partner")
    # the null cell is a cell: 1 of 2; its records are found under None
    assert result.frame["num"].tolist() == [1, 1]
    assert result.frame["den"].tolist() == [1, 2]
    assert result.frame["partner"].isna().tolist() == [False, True]
    assert len(result.rows(partner=None)) == 2


def test_null_is_not_one_more_subscriber():
    lake = TinyLake(voice_call=[{"subscriber_key": "anna"}, {"subscriber_key": None}, {"subscriber_key": None}])
    assert evaluate(lake, "voice_call_drop_ratio", subscribers=True).frame["subscribers"].tolist() == [0]
    result = evaluate(lake, ["roaming_active_count", "voice_call_attempt_count"], subscribers=True).frame
    assert result["num"].tolist() == [1, 3]
    assert result["subscribers"].tolist() == [1, 1]


def test_null_is_neither_true_nor_false():
    # not known whether it was dropped: not in the denominator
    rows = {"is_success": [True, True, True, None], "is_dropped": [True, False, None, None]}
    (found,) = evaluate_frame(rows, "voice_call_drop_ratio").to_dict("records")
    assert (found["num"], found["den"]) == (1, 2)


def test_mean_of_ratios():
    # hour 10: 1 of 1; hour 11: 1 of 9. The mean of 100 % and 11 % is 56 %; of ten attempts two succeeded: 20 %
    lake = TinyLake(registration=[{"attempted_at": at("10:30")}, {"attempted_at": at("11:00")},
                                  *[{"attempted_at": at("11:30"), "cause_code": "5420"} for _ in range(8)]])
    hours = evaluate(lake, SUCCESS, by="hour").frame
    assert hours["value"].tolist() == [1.0, pytest.approx(1 / 9)]
    assert evaluate(lake, SUCCESS).value() == 0.2
    assert hours["num"].sum() / hours["den"].sum() == 0.2


def test_mean_of_means():
    # 1 s once, 2 s nine times: 1.9 s, not 1.5 s
    lake = TinyLake(registration=[{"attempted_at": at("10:30"), "setup_s": 1.0}, *[{"attempted_at": at("11:30"), "setup_s": 2.0} for _ in range(9)]])
    assert evaluate(lake, "roaming_registration_setup_mean").value() == 1.9


def test_distinct_people_do_not_add_up():
    lake = TinyLake(data_session=[{"started_at": at("10:00")}, {"started_at": at("11:00")}, {"started_at": at("11:30"), "subscriber_key": "bert"}])
    assert evaluate(lake, "roaming_active_count", by="hour").frame["value"].tolist() == [1, 2]
    assert evaluate(lake, "roaming_active_count").value() == 2


def test_a_late_record_counts_in_the_hour_of_its_event():
    # tried at 10:59 on the 10th, received two days later
    lake = TinyLake(registration=[{"attempted_at": at("10:59"), "received_at": at("10:59", 12)}, {"attempted_at": at("11:00")}])
    result = evaluate(lake, ATTEMPTS, by="hour", since="2026-03-10", until="2026-03-11").frame
    assert [str(one) for one in result["hour"]] == ["2026-03-10 10:00:00", "2026-03-10 11:00:00"]
    assert result["num"].tolist() == [1, 1]


def test_a_duplicate_key_in_the_cause_table_would_double_records():
    # a rule for all procedures and one for this procedure: the more specific one, once
    lake = TinyLake(registration=[{"protocol_code": "emm", "procedure_code": "tau", "cause_code": "9"},
                                  {"protocol_code": "any", "cause_code": "0"}, {"protocol_code": "sip", "cause_code": "0"}])
    assert evaluate(lake, [ATTEMPTS, SUCCESS]).frame["num"].tolist() == [3, 2]


def test_the_day_on_which_the_clocks_change():
    # 2026-03-29, 01:00 UTC: in central Europe 02:00 becomes 03:00. The buckets are UTC: 24 hours, none missing, none double
    lake = TinyLake(registration=[{"attempted_at": dt.datetime(2026, 3, 29, hour, 30, tzinfo=dt.UTC)} for hour in range(24)])
    result = evaluate(lake, ATTEMPTS, by=["day", "hour"]).frame
    assert result["num"].tolist() == [1] * 24
    assert result["hour"].dt.hour.tolist() == list(range(24))
    assert evaluate(lake, ATTEMPTS, by="day").frame["num"].tolist() == [24]
    # a local midnight as a window: 00:00 at +01:00 is 23:00 UTC, the next midnight is at +02:00: a day of 23 hours
    assert evaluate(lake, ATTEMPTS, since="2026-03-29T00:00+01:00", until="2026-03-30T00:00+02:00").value() == 22


def test_missing_and_zero_and_too_few_are_three_things():
    lake = TinyLake(network=NETWORK, registration=[
        *[{"cause_code": "5420"} for _ in range(200)],  # Alfa: 0 of 200, a real zero
        *[{"visited_plmn_code": "99903"} for _ in range(29)],  # Beta: 29, one too few
        {"visited_plmn_code": "99911", "is_steering": True, "cause_code": "5004", "cause_vendor_code": "10415"},  # Gama: steered away
    ])
    found = evaluate(lake, "roaming_registration_unsteered_success_ratio", by="partner").frame.set_index("partner")
    assert found.loc["ALFA", ["num", "den", "value", "state"]].tolist() == [0, 200, 0, "ok"]
    assert found.loc["BETA", ["num", "den", "value", "state"]].tolist() == [29, 29, 1, "too_few"]
    assert found.loc["GAMA", ["num", "den", "state"]].tolist() == [0, 0, "no_data"]
    assert found["value"].isna().tolist() == [False, False, True]
    # a count of none among records is zero; of no records it is missing
    assert evaluate(lake, "roaming_registration_reject_count", where={"partner": "BETA"}).value() == 0
    assert evaluate(lake, "roaming_registration_reject_count", where={"partner": "NOBODY"}).value() is None


def test_thirty_may_still_be_too_few():
    # 15 of 30: Wilson 33 … 67 %, wider than 20 points; 100 of 100: 96 … 100 %
    good, bad = {"is_success": [True] * 15 + [False] * 15}, {"is_success": [True] * 100}
    assert evaluate_frame(good, SUCCESS)["state"].tolist() == ["too_few"]
    assert evaluate_frame(bad, SUCCESS)["state"].tolist() == ["ok"]


def test_integers_do_not_divide_as_integers_and_sums_do_not_drift():
    # 0.1 added a thousand times is 100 exactly when steps of the resolution are summed
    lake = TinyLake(registration=[{"setup_s": 0.1} for _ in range(1000)])
    (row,) = evaluate(lake, "roaming_registration_setup_mean").frame.to_dict("records")
    assert (row["num"], row["value"], row["low"], row["high"]) == (100.0, 0.1, 0.1, 0.1)
    assert evaluate_frame({"is_success": [True, False, False]}, SUCCESS)["value"].tolist() == [1 / 3]


def test_the_units_of_a_share_and_of_its_limit_agree():
    assert kpi_of(SUCCESS).unit == "ratio"
    assert kpi_of(SUCCESS).widest == 0.2


def test_speech_quality_of_two_scales_is_not_mixed():
    lake = TinyLake(voice_call=[{"mos_value": 4.0}, {"mos_value": 4.9, "mos_method_code": "p863_fb"}])
    assert evaluate(lake, "voice_call_mos_mean").value() == 4.0
