"""The operator looks like one: invented identifiers only, and every marginal in its declared range."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import stdnum.luhn

# ranges reserved for fiction: France (ARCEP), United Kingdom (Ofcom), North America (555-01xx)
FICTION = re.compile(r"\+33(63998|19900|26191|35301|46571|53649)\d{4}|\+447700900\d{3}|\+1212555 ?01\d{2}")


def test_identifiers_are_invented(operator):
    plmns, imsis, imeis, numbers = set(), set(), set(), set()
    for feed in ("roaming_signalling", "roaming_presence", "roaming_data", "roaming_voice", "roaming_sms", "roaming_probe", "customer_base",
                 "care_ticket", "rating", "partner_directory", "steering_plan"):
        frame = operator.rows(feed)
        for name, found in (("vplmn", plmns), ("plmn", plmns), ("imsi", imsis), ("imei", imeis), ("msisdn", numbers), ("calling", numbers), ("called", numbers)):
            if name in frame:
                found |= set(frame[name]) - {"", None}
    assert all(re.fullmatch(r"999\d{2,3}", one) for one in plmns)
    assert all(re.fullmatch(r"999\d{12}", one) for one in imsis)
    assert all(re.fullmatch(r"001\d{12}", one) and stdnum.luhn.is_valid(one) for one in imeis)
    assert [one for one in numbers if not FICTION.fullmatch(one.replace(" ", ""))] == []
    partners = operator.rows("partner_directory")
    assert partners["tadig"].str.fullmatch(r"ZZ[A-Z]{3}").all()
    assert partners["tadig"].is_unique
    assert operator.rows("device_catalogue")["tac"].str.fullmatch(r"001\d{5}").all()


def test_partners_countries_and_hubs_are_as_many_as_declared(operator):
    partners, steering = operator.rows("partner_directory"), operator.rows("steering_plan")
    assert (partners["partner"].nunique(), partners["country"].nunique(), partners["hub"].nunique()) == (40, 25, 4)
    assert partners["country"].str.fullmatch("[A-Z]{2}").all()  # Norway is "NO", not false
    # one partner has two PLMNs, and one PLMN two TADIGs
    assert (partners.groupby("partner")["plmn"].nunique() > 1).sum() == 1
    assert (partners.groupby("plmn")["tadig"].nunique() > 1).sum() == 1
    assert {"99901", "999001"} <= set(partners["plmn"])
    share = steering["target_share"].astype(float)
    assert share.groupby(steering["country"]).sum().round(6).eq(1).all()
    assert share.groupby(steering["country"]).max().between(0.70, 0.85).all()
    several = partners.drop_duplicates("plmn").groupby("country")["partner"].nunique()
    assert set(steering["country"]) == set(several[several > 1].index)


def test_customers_have_one_imsi_and_one_number_each(operator):
    customers = operator.rows("customer_base")
    assert len(customers) == 6_000
    assert customers["imsi"].is_unique
    assert customers["msisdn"].is_unique
    assert customers["imsi"].str.startswith("99970").all()
    assert customers["imsi"].str[:8].nunique() == 8
    assert set(customers["account_type"]) == {"consumer", "household", "enterprise"}
    assert (customers["vip_tier"] != "").mean() == pytest.approx(0.025, abs=0.01)


@pytest.fixture(scope="module")
def tries(operator):
    return operator.rows("roaming_signalling").assign(ok=lambda f: f["cause"] == "0")


def test_registrations_lie_in_their_ranges(tries):
    inbound, outbound = tries[tries["direction"] == "IN"], tries[tries["direction"] == "OUT"]
    assert 0.3 < len(inbound) / len(tries) < 0.6
    assert inbound["ok"].mean() == pytest.approx(0.98, abs=0.01)
    steering = (outbound["cause"].isin(["5004", "8"])) & (outbound["sor"] != "0")
    assert outbound.loc[~steering, "ok"].mean() > 0.955
    assert (outbound.loc[~outbound["ok"], "sor"] == "").mean() == pytest.approx(0.30, abs=0.03)
    # what the home network cannot see of its roamers abroad is not in the file
    assert set(outbound["protocol"]) <= {"map_update_location", "diameter_3gpp", "diameter_base", "any"}
    assert {"emm", "5gmm"} <= set(inbound["protocol"])
    assert "5G" not in set(outbound["rat"])
    assert (inbound["vplmn"] == "99970").all()
    assert not (outbound["vplmn"] == "99970").any()
    delay = (tries["export_time"] - tries["attempt_time"]).dt.total_seconds()
    assert delay.min() >= 0
    assert delay.quantile(0.5) == pytest.approx(120, rel=0.1)
    assert delay.quantile(0.95) == pytest.approx(740, rel=0.15)
    next_day = tries["export_time"].dt.date != tries["attempt_time"].dt.date
    assert 0.001 < next_day.mean() < 0.02


def test_registrations_have_days_and_nights_and_large_and_small_partners(tries):
    by_hour = tries.groupby(tries["attempt_time"].dt.hour).size()
    assert by_hour.loc[7:18].mean() > 2 * by_hour.loc[0:3].mean()
    size = tries[tries["direction"] == "OUT"].groupby("vplmn").size().sort_values()
    assert size.iloc[-1] > 60 * size.iloc[0]
    assert size.tail(8).sum() > 0.45 * size.sum()


def test_the_failure_rates_of_days_spread_more_than_chance(operator, tries):
    # the variance of daily success counts against the binomial's, over the large networks' inbound attempts
    inbound = tries[(tries["direction"] == "IN") & (tries["cause"] != "no_answer") & (tries["cause"] != "3002")]
    home = inbound["imsi"].str[:5]
    cell = inbound.groupby([home, inbound["attempt_time"].dt.date])["ok"].agg(["sum", "size"])
    cell = cell[cell["size"] > 100]
    rate = cell["sum"].groupby(level=0).transform("sum") / cell["size"].groupby(level=0).transform("sum")
    spread = ((cell["sum"] - cell["size"] * rate) ** 2 / (cell["size"] * rate * (1 - rate))).mean()
    assert 1.05 < spread < 3.5


def test_use_lies_in_its_ranges(operator):
    data = operator.rows("roaming_data")
    accepted = data["cause"].isin(["16", "18", "19"])
    assert accepted.mean() == pytest.approx(0.988, abs=0.006)
    assert data.loc[~accepted, ["rtt_ms", "dns_ms", "dl_mbps"]].isna().all(axis=None)
    assert (data["end_time"] >= data["start_time"]).all()
    assert data["dropped"].mean() == pytest.approx(0.008, abs=0.004)
    # heavy tails: the mean is several medians
    assert data["dl_bytes"].mean() > 5 * data["dl_bytes"].median()
    assert 4 < data.loc[data["rat"] == "4G", "dl_mbps"].median() < 25
    delay = (data["export_time"] - data["start_time"]).dt.total_seconds()
    assert delay.quantile(0.95) == pytest.approx(2400, rel=0.15)
    calls = operator.rows("roaming_voice")
    assert not calls.duplicated(["call_id", "leg"]).any()
    assert calls["call_id"].duplicated().sum() > 20  # calls between two roamers have two legs
    connected = calls["cause"] == "0"
    assert connected.mean() == pytest.approx(0.981, abs=0.008)
    assert calls.loc[~connected, "alert_time"].isna().all()
    assert (calls.loc[connected, "alert_time"] > calls.loc[connected, "start_time"]).all()
    assert pd.to_numeric(calls["mos"]).between(1, 4.41).sum() == (calls["answer_time"].notna()).sum()
    assert 0.7 < calls["answer_time"].notna().mean() < 0.85
    messages = operator.rows("roaming_sms")
    assert (messages["cause"] == "0").mean() == pytest.approx(0.986, abs=0.006)


def test_presence_is_cut_at_midnight_and_open_at_the_end(operator):
    presence = operator.rows("roaming_presence")
    assert not presence.duplicated(["imsi", "vplmn", "start_time"]).any()
    still = presence["end_time"].isna()
    assert set(presence.loc[still, "start_time"].dt.strftime("%Y-%m-%d")) == {"2026-03-12"}
    stays = presence[~still]
    assert ((stays["end_time"] - stays["start_time"]) <= pd.Timedelta("1D")).all()


def test_ratings_and_tests_lie_in_their_ranges(operator):
    ratings = operator.rows("rating").assign(score=lambda f: f["rating"].astype(int))
    assert ratings["score"].between(1, 5).all()
    assert 3.1 < ratings["score"].mean() < 3.8
    assert 0.2 < (ratings["score"] <= 2).mean() < 0.4
    assert ratings["operator"].nunique() == 3
    unplaced = ratings["lat"] == "-1"
    assert unplaced.mean() == pytest.approx(0.2, abs=0.03)
    assert (unplaced == (ratings["lon"] == "-1")).all()
    assert (unplaced == (ratings["state"] == "")).all()
    # who rates 1 says why; who rates 5 is content
    assert (ratings.loc[ratings["score"] == 1, "category"] == "satisfactory").mean() < 0.1
    assert (ratings.loc[ratings["score"] == 5, "category"] == "satisfactory").mean() > 0.95
    # some rate often
    assert ratings["msisdn"].value_counts().iloc[0] >= 4
    tests = operator.rows("speed_test")
    assert set(tests["technology"]) == {"4g", "5g", "wifi4", "wifi5"}
    mobile = tests["technology"].isin(["4g", "5g"])
    assert (tests.loc[~mobile, "rsrp"] == "2147483647").all()
    assert (tests.loc[mobile, "wifi_rssi"] == "2147483647").all()
    assert tests.loc[mobile, "rsrp"].str.contains(";").mean() > 0.7


def test_tickets_follow_trouble(operator):
    tickets = operator.rows("care_ticket")
    assert tickets["ticket_id"].is_unique
    assert (tickets["closed"].isna() | (tickets["closed"] >= tickets["opened"])).all()
    trouble = tickets[tickets["category"] == "roaming_no_service"]
    assert (trouble["vplmn"] != "").all()
    assert tickets.loc[tickets["vplmn"] == "", "country"].eq("FR").all()
    assert tickets["msisdn"].str.contains(" ").mean() == pytest.approx(0.3, abs=0.07)
