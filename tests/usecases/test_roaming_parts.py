"""The parts of the roaming view on small tables with the answer worked out by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from cemlib.errors import ParameterError
from cemlib.usecases.roaming.causes import CAUSE_COLUMNS, Failures, begin_of_cause, count_causes, leading_cause
from cemlib.usecases.roaming.drill import find_concentration, judge_values
from cemlib.usecases.roaming.incidents import find_hub_incidents, find_steering_bursts
from cemlib.usecases.roaming.judging import failures_go_together, find_falls, judge_networks
from cemlib.usecases.roaming.levels import judge_levels
from cemlib.usecases.roaming.now import compare_last_hour, feed_delay
from cemlib.usecases.roaming.probes import reconcile
from cemlib.usecases.roaming.question import ask, chosen_networks

UNTIL = dt.datetime(2026, 3, 31)
SINCE = UNTIL - dt.timedelta(days=7)
HOURS = pd.date_range(end=pd.Timestamp(UNTIL) - pd.Timedelta(hours=1), periods=30 * 24, freq="h")
NETWORKS = pd.DataFrame({
    "plmn": ["99901", "99902", "999001"], "partner_code": ["SIERRA", "MONSOON", "MONSOON"], "partner_name": ["Sierra", "Monsoon", "Monsoon"],
    "network_name": ["Sierra Movil", "Monsoon North", "Monsoon South"], "hub": ["A", "B", "B"], "country": ["ES", "IN", "IN"], "country_name": ["Spain", "India", "India"]})


def question(**more):
    given = {"direction": "outbound", "rat": "all", "service": "registration", "days": 7, "until": "2026-03-30", "country": "", "partner": "", "hub": "", "role": "analyst", "last_event_at": None}
    return ask(**given | more)


def partners(rates: dict[str, float], den=30.0, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.concat([pd.DataFrame({"partner_plmn": name, "hour": HOURS, "num": rng.binomial(int(den), rate, len(HOURS)).astype(float), "den": den})
                      for name, rate in rates.items()], ignore_index=True)


# --- the question


def test_a_date_is_a_day_that_is_still_in_the_period():
    asked = question()
    assert (asked.since, asked.until) == (dt.datetime(2026, 3, 24), dt.datetime(2026, 3, 31))


def test_the_end_of_the_data_is_rounded_up_to_the_hour():
    assert question(until=None, last_event_at=dt.datetime(2026, 3, 30, 17, 59, 58)).until == dt.datetime(2026, 3, 30, 18)


def test_a_time_with_a_zone_becomes_utc():
    assert question(until="2026-03-30T10:00:00+02:00").until == dt.datetime(2026, 3, 30, 8)


@pytest.mark.parametrize(("more", "near"), [({"direction": "outbond"}, "outbound"), ({"service": "registraton"}, "registration"), ({"role": "analist"}, "analyst")])
def test_a_misspelt_choice_is_answered_with_the_nearest(more, near):
    with pytest.raises(ParameterError, match="There is no") as error:
        question(**more)
    assert near in str(error.value)


@pytest.mark.parametrize("days", [0, 93, 1.5, "7", True])
def test_the_period_has_bounds(days):
    with pytest.raises(ParameterError, match="days"):
        question(days=days)


def test_a_partner_is_found_by_plmn_code_or_name_and_may_have_several_networks():
    assert chosen_networks(question(partner="99901"), NETWORKS) == ("partner", "99901", frozenset({"99901"}))
    assert chosen_networks(question(partner="monsoon"), NETWORKS)[2] == {"99902", "999001"}
    assert chosen_networks(question(country="Spain"), NETWORKS) == ("country", "Spain", frozenset({"99901"}))


def test_an_unknown_partner_or_country_is_answered_with_the_nearest():
    with pytest.raises(ParameterError) as error:
        chosen_networks(question(partner="9991"), NETWORKS)
    assert "'99901'" in str(error.value)
    with pytest.raises(ParameterError) as error:
        chosen_networks(question(country="Spein"), NETWORKS)
    assert "'Spain'" in str(error.value)
    with pytest.raises(ParameterError, match="not among"):
        chosen_networks(question(country="ES", partner="99902"), NETWORKS)


# --- judging


def test_the_failing_partner_is_found_and_no_other():
    hours = partners({f"P{i}": 0.98 for i in range(12)})
    failing = (hours["partner_plmn"] == "P3") & (hours["hour"] >= "2026-03-26 14:00")
    hours.loc[failing, "num"] = np.random.default_rng(1).binomial(30, 0.85, failing.sum())
    judged = judge_networks(hours, SINCE, UNTIL).set_index("partner_plmn")
    assert judged.index[judged["verdict"] == "below"].tolist() == ["P3"]
    assert abs(judged["since"]["P3"] - pd.Timestamp("2026-03-26 14:00")) <= pd.Timedelta(hours=2)
    assert judged["gap"]["P3"] > 0.03


def test_a_partner_that_was_always_bad_is_below_its_peers():
    judged = judge_networks(partners({f"P{i}": 0.98 for i in range(15)} | {"bad": 0.90}), SINCE, UNTIL).set_index("partner_plmn")
    assert judged["verdict"]["bad"] == "below_peers"
    assert pd.isna(judged["since"]["bad"])


def test_a_partner_that_fails_for_more_than_half_the_past_is_still_below_its_own():
    hours = partners({f"P{i}": 0.98 for i in range(12)}, seed=5)
    failing = (hours["partner_plmn"] == "P0") & (hours["hour"] >= "2026-03-13")  # 18 of 30 days
    hours.loc[failing, "num"] = np.random.default_rng(1).binomial(30, 0.9, failing.sum())
    judged = judge_networks(hours, SINCE, UNTIL).set_index("partner_plmn")
    assert judged["verdict"]["P0"] == "below"
    assert abs(judged["since"]["P0"] - pd.Timestamp("2026-03-13")) <= pd.Timedelta(hours=2)


def test_few_attempts_are_too_few_whatever_the_rate():
    hours = partners({f"P{i}": 0.98 for i in range(10)})
    small = pd.DataFrame({"partner_plmn": "small", "hour": HOURS[-18:], "num": 0.0, "den": 1.0})
    judged = judge_networks(pd.concat([hours, small]), SINCE, UNTIL).set_index("partner_plmn")
    assert judged["verdict"]["small"] == "too_few"


def test_one_roamer_who_is_refused_again_and_again_is_not_the_partner():
    hours = partners({f"P{i}": 0.985 for i in range(12)}, den=4.0, seed=2)
    mine = hours.index[(hours["partner_plmn"] == "P1") & (hours["hour"] >= pd.Timestamp(SINCE))]
    hours.loc[mine[:40], "num"] = 3.0  # 40 more failures of 672 attempts, all of one roamer
    alone = judge_networks(hours, SINCE, UNTIL).set_index("partner_plmn")
    together = pd.Series({"P1": 40.0})
    known = judge_networks(hours, SINCE, UNTIL, together).set_index("partner_plmn")
    assert alone["verdict"]["P1"] == "below"
    assert known["verdict"]["P1"] == "within"


def test_what_failures_are_worth():
    # P: one roamer with 9 failures: 81/9 = 9 records a failure; the others 1 each; the usual is 1
    rows = [("P", "x", 9), *((name, str(i), 1) for name in "abc" for i in range(10))]
    worth = failures_go_together(pd.DataFrame(rows, columns=["partner_plmn", "subscriber_key", "rejects"]))
    assert worth.to_dict() == {"P": 9.0, "a": 1.0, "b": 1.0, "c": 1.0}


def test_an_outage_of_two_hours_is_no_lasting_fall():
    hours = partners({"P": 0.98})
    hours.loc[hours["hour"].isin(pd.to_datetime(["2026-03-27 08:00", "2026-03-27 09:00"])), "num"] = 0.0
    assert find_falls(hours, UNTIL).empty


def test_a_slow_partner_is_found_by_its_own_change_and_compared_within_radio_access():
    rng = np.random.default_rng(3)
    names = [f"P{i}" for i in range(12)]
    days = pd.DataFrame([{"partner_plmn": name, "day": day, "den": 300.0,
                          "value": (8.0 if not (name == "P4" and day >= pd.Timestamp("2026-03-15")) else 2.6) * np.exp(0.05 * rng.normal())}
                         for name in names for day in pd.date_range("2026-03-01", "2026-03-30")])
    total = pd.DataFrame({"partner_plmn": names, "den": 2000.0, "value": [2.6 if one == "P4" else 8.0 for one in names], "state": "ok"})
    total["low"], total["high"] = total["value"] * 0.97, total["value"] * 1.03
    # P5 has nothing but 3G, where every partner has 4 Mbit/s: it is not slow
    total.loc[total["partner_plmn"] == "P5", ["value", "low", "high"]] = [4.0, 3.9, 4.1]
    days.loc[days["partner_plmn"] == "P5", "value"] /= 2
    by_rat = pd.concat([total.assign(rat="4g")[total["partner_plmn"] != "P5"], total.assign(rat="3g", value=4.0, den=100.0)])
    judged = judge_levels(total, by_rat, days, SINCE, "higher").set_index("partner_plmn")
    assert judged.index[judged["verdict"] != "within"].tolist() == ["P4"]
    assert judged["since"]["P4"] == pd.Timestamp("2026-03-15")
    assert judged["expected_low"]["P4"] < 8 < judged["expected_high"]["P4"]


# --- causes


def failures(rows) -> Failures:
    cause = {"5004": ("diameter_3gpp", "5004", "ROAMING_NOT_ALLOWED", "agreement_or_steering", "us", "check"),
             "no_answer": ("any", "no_answer", "no answer", "transport", "interconnect", None)}
    found = [(plmn, hour, *cause[code], n) for plmn, hour, code, n in rows]
    return Failures.of(pd.DataFrame(found, columns=["partner_plmn_code", "hour_at", *CAUSE_COLUMNS, "rejects"]))


def test_the_leading_cause_is_the_one_that_grew():
    at = pd.date_range("2026-03-01", periods=4, freq="h")
    attempts = pd.DataFrame({"hour": at, "den": 100.0})
    # no answer: 5 of 100 in every hour. 5004: 1 of 100 before, 10 of 100 in the two hours after: 20 - 2 x 1 = 18 more
    some = failures([("P", hour, "no_answer", 5) for hour in at] + [("P", at[0], "5004", 1), ("P", at[1], "5004", 1), ("P", at[2], "5004", 10), ("P", at[3], "5004", 10)])
    counted = count_causes(some, attempts, begin=at[0], split=at[2], end=at[3] + pd.Timedelta(hours=1))
    assert counted["cause"].tolist() == ["S6a 5004", "no answer"]
    assert counted["excess"].tolist() == pytest.approx([18, 0])
    assert counted["share"].tolist() == pytest.approx([20 / 30, 10 / 30])
    assert leading_cause(counted)["fault_side_code"] == "us"


def test_the_begin_of_a_cause_is_its_hour():
    hours = pd.date_range("2026-03-01", periods=48, freq="h")
    some = failures([("P", hour, "5004", 10) for hour in hours[30:]] + [("P", hour, "no_answer", 9) for hour in hours[26:30]])
    attempts = pd.DataFrame({"partner_plmn": "P", "hour": hours, "den": 100.0})
    assert begin_of_cause(some, attempts, {"protocol_code": "diameter_3gpp", "cause_code": "5004"}, hours[27]) == hours[30]


def test_no_rejects_have_no_cause():
    empty = failures([])
    at = pd.Timestamp("2026-03-01")
    assert count_causes(empty, pd.DataFrame({"hour": [at], "den": [10.0]}), begin=at, split=at, end=at + pd.Timedelta(hours=1)).empty


# --- hubs, steering


def hub_hours(den=20.0):
    names = {f"P{i}": "A" if i < 4 else "B" for i in range(8)}
    return pd.concat([pd.DataFrame({"partner_plmn": name, "hub": hub, "hour": HOURS, "den": den}) for name, hub in names.items()], ignore_index=True)


def test_a_hub_that_stops_answering_is_named_with_its_partners():
    at = pd.Timestamp("2026-03-28 16:00")
    rng = np.random.default_rng(0)
    usual = hub_hours()[["partner_plmn", "hour"]].assign(failed=rng.binomial(20, 0.005, len(hub_hours())).astype(float))
    usual.loc[(usual["hour"] == at) & usual["partner_plmn"].isin(["P0", "P1", "P2", "P3"]), "failed"] = 18.0
    found = find_hub_incidents(hub_hours(), usual, SINCE, UNTIL)
    assert found[["hub", "since", "until", "partners", "attempts", "unanswered"]].to_numpy().tolist() == [["A", at, at + pd.Timedelta(hours=1), 4, 80, 72]]


def test_one_partner_alone_is_not_its_hub():
    at = pd.Timestamp("2026-03-28 16:00")
    some = pd.DataFrame({"partner_plmn": ["P0"], "hour": [at], "failed": [20.0]})
    assert find_hub_incidents(hub_hours(), some, SINCE, UNTIL).empty


def test_a_burst_of_steering_is_found_with_its_hours():
    hours = pd.DataFrame({"partner_plmn": "P", "hour": HOURS, "den": 20.0, "steered": 2.0})
    burst = (hours["hour"] >= "2026-03-29 06:00") & (hours["hour"] < "2026-03-29 20:00")
    hours.loc[burst, ["den", "steered"]] = [120.0, 102.0]
    found = find_steering_bursts(hours, SINCE, UNTIL)
    assert found[["since", "until"]].to_numpy().tolist() == [[pd.Timestamp("2026-03-29 06:00"), pd.Timestamp("2026-03-29 20:00")]]
    assert find_steering_bursts(hours, SINCE - dt.timedelta(days=7), SINCE).empty


# --- where it sits


def test_the_narrow_value_is_named_rather_than_the_broad_one():
    # 100 of 110 failures lie in a range with a tenth of the attempts; all of them in 4G, which has nine tenths
    ranges = judge_values(pd.DataFrame({"value_code": ["r1", "r2"], "num": [0.0, 890.0], "den": [100.0, 900.0], "subscribers": [10, 90]}), "imsi_range_code", 4)
    rats = judge_values(pd.DataFrame({"value_code": ["4g", "3g"], "num": [700.0, 190.0], "den": [810.0, 190.0], "subscribers": [90, 40]}), "rat_code", 4)
    found = find_concentration(pd.concat([ranges, rats], ignore_index=True))
    assert (found["dimension"], found["value_code"]) == ("IMSI range", "r1")
    # beyond what the rest has (10 of 900): 100 - 100/90 = 98.9 of 110
    assert found["excess_share"] == pytest.approx(98.889 / 110, abs=1e-4)
    assert found["also"] == ["radio access 4g"]


def test_an_even_failure_sits_nowhere():
    even = judge_values(pd.DataFrame({"value_code": ["a", "b"], "num": [90.0, 91.0], "den": [100.0, 100.0], "subscribers": [9, 9]}), "imsi_range_code", 2)
    assert find_concentration(even) == {}


# --- now


def test_the_last_hour_is_the_one_that_is_complete():
    at = pd.Timestamp("2026-03-30 22:00")
    hours = pd.DataFrame({"hour": [at - pd.Timedelta(days=7), at, at + pd.Timedelta(hours=1)], "num": [98.0, 80.0, 5.0], "den": [100.0, 100.0, 5.0]})
    delay = feed_delay(pd.DataFrame({"table_name": ["registration"], "last_event_at": [pd.Timestamp("2026-03-30 23:50")], "last_received_at": [pd.Timestamp("2026-03-30 23:59")],
                                     "delay_p50_s": [120.0], "delay_p95_s": [720.0]}), "registration")
    facts, sentences = compare_last_hour(hours, UNTIL, delay, "registrations")
    # received until 23:59 less 12 min: 23:47, so 22 - 23 h is the last complete hour; 80 against 98 of 100 is lower beyond chance
    assert facts["at"] == at
    assert facts["difference"] == pytest.approx(-0.18)
    assert "80.0 % of 100 against 98.0 % of 100" in sentences[0]
    assert "lower" in sentences[0]
    assert sentences[1] == "Data to 30 March 23:50 UTC; records arrive 2 min after the event, 95 % within 12 min."


def test_an_hour_without_records_is_said_to_be_one():
    _, sentences = compare_last_hour(pd.DataFrame({"hour": HOURS[:1], "num": [1.0], "den": [1.0]}), UNTIL, {}, "registrations")
    assert sentences == ["Last full hour (30 March 23:00 – 00:00 UTC): no registrations."]


# --- probes


def test_passive_and_active_are_reconciled_by_class():
    names = [f"P{i}" for i in range(10)]
    tests = pd.DataFrame({"partner_plmn": names, "step": "attach", "num": [42.0] * 10, "den": [42.0] * 10, "value": 1.0, "low": 0.9, "high": 1.0, "state": "ok"})
    tests.loc[[2, 3], "num"] = 20.0
    tests.loc[4, ["num", "den"]] = [1.0, 1.0]
    passive = pd.DataFrame({"partner_plmn": names, "network_name": names, "country": "XX", "value": 0.98, "verdict": ["within", "below", "within", "below"] + ["within"] * 5 + ["too_few"]})
    past = tests.assign(num=42.0, den=42.0)
    classes = reconcile(tests, past, passive).set_index("partner_plmn")["match_class_code"]
    assert classes[["P0", "P1", "P2", "P3", "P4", "P9"]].tolist() == ["both_ok", "passive_only_bad", "active_only_bad", "both_bad", "unmatched", "unmatched"]
