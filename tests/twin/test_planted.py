"""The planted facts stand in the raw files: found with plain pandas, not with the workbench's own code."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def tries(operator):
    frame = operator.rows("roaming_signalling")
    frame["ok"] = frame["cause"] == "0"
    return frame


@pytest.fixture(scope="module")
def abroad(tries, operator):
    partners = operator.rows("partner_directory").drop_duplicates("plmn").set_index("plmn")
    frame = tries[tries["direction"] == "OUT"].copy()
    return frame.assign(country=frame["vplmn"].map(partners["country"]), hub=frame["vplmn"].map(partners["hub"]))


def followed_elsewhere(abroad: pd.DataFrame, rejects: pd.DataFrame) -> pd.Series:
    """Whether the roamer was registered in another network within five minutes after each reject."""
    good = abroad.loc[abroad["ok"], ["imsi", "attempt_time", "vplmn"]].rename(columns={"attempt_time": "then", "vplmn": "there"}).sort_values("then")
    found = pd.merge_asof(rejects.sort_values("attempt_time"), good, left_on="attempt_time", right_on="then", by="imsi",
                          direction="forward", tolerance=pd.Timedelta("5min"))
    return found["there"].notna() & (found["there"] != found["vplmn"])


def test_one_imsi_range_is_rejected_at_one_partner_and_nobody_steers_it(abroad, operator):
    truth = operator.truth["planted"]["s6a_reject"]
    start = pd.Timestamp(truth["from"])
    # the period ends on 03-13 00:00 UTC; ten days before and 14 hours on
    assert start == pd.Timestamp("2026-03-03T14:00Z")
    here = abroad[(abroad["vplmn"] == "99917") & (abroad["rat"] == "4G")]
    after, before = here[here["attempt_time"] >= start], here[here["attempt_time"] < start]
    is_reject = (after["protocol"] == "diameter_3gpp") & (after["cause"] == "5004")
    assert is_reject.mean() == pytest.approx(0.12, abs=0.03)
    assert (before["cause"] == "5004").mean() < 0.01
    in_range = after["imsi"].str.startswith(truth["imsi_range"])
    assert is_reject[in_range].mean() > 0.4
    assert is_reject[~in_range].mean() < 0.01
    assert not (after.loc[is_reject, "sor"] == "1").any()
    assert set(after.loc[is_reject, "vendor"]) == {"10415"}
    assert followed_elsewhere(abroad, after[is_reject]).mean() < 0.03
    # the truth's own counts are of attempts, of which a few had not arrived when the period ended
    assert is_reject.sum() == pytest.approx(truth["rejects"], rel=0.02)


def test_one_partner_s_data_are_three_times_slower_and_its_registrations_are_fine(operator, abroad):
    data, truth = operator.rows("roaming_data"), operator.truth["planted"]["slow_data"]
    # 16 days before the end lies before this short period: it is slow all the time; other partners are the comparison
    assert pd.Timestamp(truth["from"]) < data["start_time"].min()
    outbound = data[(data["direction"] == "OUT") & (data["rat"] == "4G")]
    median = outbound.groupby("vplmn")[["rtt_ms", "dl_mbps"]].median()
    neighbour = median.loc["99912"]  # the same country
    assert median.loc["99911", "rtt_ms"] / neighbour["rtt_ms"] == pytest.approx(3.0, rel=0.35)
    assert neighbour["dl_mbps"] / median.loc["99911", "dl_mbps"] == pytest.approx(3.0, rel=0.45)
    assert abroad.loc[abroad["vplmn"] == "99911", "ok"].mean() > 0.965
    probes = operator.rows("roaming_probe")
    rtt = probes[probes["step"] == "http"].assign(rtt=lambda f: pd.to_numeric(f["rtt_ms"])).groupby("vplmn")["rtt"].median()
    assert rtt["99911"] / rtt["99912"] > 2.2


def test_every_partner_of_one_hub_times_out_for_an_hour(abroad, operator):
    window = abroad["attempt_time"].between(pd.Timestamp("2026-03-10T16:00Z"), pd.Timestamp("2026-03-10T16:59:59.999Z"))
    hub = abroad["hub"] == "TRAMONTANE"
    failed = abroad[window & hub & ~abroad["ok"]]
    assert abroad.loc[window & hub, "ok"].mean() < 0.25
    assert failed["cause"].isin(["no_answer", "3002"]).mean() > 0.85
    assert {"no_answer", "3002"} <= set(failed["cause"])
    # steering is left out of what is normal
    normal = abroad[(abroad["cause"] != "5004") & (abroad["cause"] != "8")]
    assert normal.loc[window & ~hub, "ok"].mean() > 0.93
    assert normal.loc[hub & ~window, "ok"].mean() > 0.96
    assert failed["vplmn"].nunique() >= 4


def test_the_steering_burst_is_no_fault(abroad, operator):
    truth = operator.truth["planted"]["steering_burst"]
    on_that_day = abroad["attempt_time"].dt.strftime("%Y-%m-%d") == "2026-03-11"
    burst = abroad[on_that_day & (abroad["vplmn"] == "99902") & abroad["cause"].isin(["5004", "8"])]
    usual = abroad[~on_that_day & (abroad["vplmn"] == "99902") & abroad["cause"].isin(["5004", "8"])]
    assert truth["is_fault"] is False
    assert len(burst) > 10 * len(usual) / 11
    assert len(burst) == pytest.approx(truth["steering_rejects"], rel=0.05)
    assert followed_elsewhere(abroad, burst).mean() > 0.95
    # the flag does not give it away: it is missing on nearly a third of the rejects
    assert (burst["sor"] == "").mean() == pytest.approx(0.30, abs=0.05)
    probes = operator.rows("roaming_probe")
    there = probes[(probes["vplmn"] == "99902") & (probes["start_time"].dt.strftime("%Y-%m-%d") == "2026-03-11") & (probes["step"] == "attach")]
    unsteered = there[there["steered"] == "0"]
    assert len(unsteered) >= 5
    assert (unsteered["cause"] == "0").mean() > 0.8


def test_one_partner_is_too_small_to_judge_and_looks_bad(abroad):
    last_week = abroad["attempt_time"] >= pd.Timestamp("2026-03-06T00:00Z")
    small = abroad[last_week & (abroad["vplmn"] == "99930")]
    assert 5 <= len(small) < 25
    assert small["ok"].mean() < 0.75


def test_roamers_at_one_partner_are_registered_and_use_nothing(operator):
    # the signs of use, by SIM and day
    used = set()
    for feed, at in (("roaming_data", "start_time"), ("roaming_voice", "start_time"), ("roaming_sms", "submit_time")):
        frame = operator.rows(feed)
        used |= set(zip(frame["imsi"], frame[at].dt.strftime("%Y-%m-%d")))
    present = operator.rows("roaming_presence").query("direction == 'OUT'")
    silent = pd.Series([key not in used for key in zip(present["imsi"], present["start_time"].dt.strftime("%Y-%m-%d"))])
    by_plmn = silent.groupby(present["vplmn"].to_numpy()).mean()
    elsewhere = silent[(present["vplmn"] != "99931").to_numpy()].mean()
    assert elsewhere < 0.16
    assert by_plmn["99931"] - elsewhere == pytest.approx(0.19, abs=0.09)


def test_one_region_is_unhappy_with_4g_indoors_and_some_regions_are_too_small(operator):
    ratings = operator.rows("rating").assign(rating=lambda f: f["rating"].astype(int))
    ours = ratings[ratings["operator"] == "Alder Mobile"]
    indoor = ours[(ours["network"] == "4G") & (ours["place"] == "indoor")]
    by_state = indoor.groupby("state")["rating"].agg(["mean", "size"])
    judged = by_state[by_state["size"] >= 30]
    assert judged["mean"].idxmin() == "Westermark"
    assert judged.loc["Westermark", "mean"] < judged["mean"].drop("Westermark").median() - 0.6
    outdoor = ours[(ours["place"] == "outdoor") & (ours["state"] == "Westermark")]
    assert outdoor["rating"].mean() > by_state.loc["Westermark", "mean"] + 0.5
    few = operator.truth["planted"]["indoor_4g"]["states_too_few"]
    assert len(few) >= 3
    assert (ours["state"].value_counts().reindex(few).fillna(0) < 30).all()
    tests = operator.rows("speed_test")
    tests = tests[(tests["technology"] == "4g") & (tests["operator"] == "Alder Mobile") & (tests["dl_mbps"] != "2147483647")]
    speed = tests["dl_mbps"].astype(float).groupby(tests["state"]).median()
    assert speed["Westermark"] < 0.7 * tests["dl_mbps"].astype(float).median()
