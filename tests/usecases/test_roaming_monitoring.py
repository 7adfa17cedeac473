"""The roaming view on a small demo operator: what was planted comes out, what was not is not accused.

The analysis never reads the truth; it is compared with it here.
"""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest
from cemwidgets.roaming.view import RoamingPage

import cemlib as cem
from cemlib.errors import ParameterError, PrivacyError, UnknownNameError
from cemlib.twin import write_operator
from cemlib.usecases import explain_change, monitor_roaming

pytestmark = pytest.mark.slow

SOURCES = ("partner_directory", "steering_plan", "device_catalogue", "customer_base", "roaming_signalling", "roaming_data", "roaming_probe")


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    place = tmp_path_factory.mktemp("operator")
    write_operator(place / "incoming", seed=7, subscribers=8000, days=30, truth=place / "truth.json")
    lake = cem.open_lake(place / "lake")
    for code in SOURCES:
        lake.ingest(cem.sources.catalogue()[code](place / "incoming" / code))
    return lake, json.loads((place / "truth.json").read_text())["planted"]


@pytest.fixture(scope="module")
def lake(operator):
    return operator[0]


@pytest.fixture(scope="module")
def planted(operator):
    return operator[1]


@pytest.fixture(scope="module")
def view(lake):
    return monitor_roaming(lake)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).tz_localize(None)


# --- what was planted


def test_why_leads_to_the_planted_range(lake, view, planted):
    assert view.why == {"kpi": "roaming_registration_unsteered_success_ratio", "period": f"{view.parameters['since']:%Y-%m-%d}/{view.parameters['until'] - dt.timedelta(days=1):%Y-%m-%d}",
                        "where": "direction_code=outbound"}
    partner = monitor_roaming(lake, partner=planted["s6a_reject"]["plmn"], rat="4g")
    assert partner.why["where"] == f"direction_code=outbound; rat_code=4g; partner_plmn_code={planted['s6a_reject']['plmn']}"
    found = explain_change(lake, **{**partner.why, "period": "2026-03-22/2026-03-25"}, against="2026-03-14/2026-03-20", role="analyst")
    assert found.causes["pattern"].iloc[0]["imsi_range_code"] == planted["s6a_reject"]["imsi_range"]


def test_the_page_has_the_question_and_the_schedule_at_its_chips(lake, view):
    page = RoamingPage(lake, view, {"direction": "outbound", "service": "registration", "rat": "all", "days": 7}, ["colour is no parameter."])
    assert 'href="root_cause.ipynb?kpi=roaming_registration_unsteered_success_ratio&amp;period=' in page.filters.html
    assert "colour is no parameter." in page.head.html
    assert "root_cause" not in page.top.static()
    page.filters.clicked = {"event": "schedule", "n": 1}
    assert "cem report roaming_monitoring -p direction=outbound" in page.filters.notice
    page.deeper.clicked = {"event": "tab", "to": "silent", "n": 1}
    assert 'data-to="silent" data-key="tab-silent" aria-pressed="true"' in page.deeper.html
    # the twin has every tab under another
    assert page.deeper.static().count("<h3>") >= 5


def test_the_planted_partner_stands_first_with_its_cause_side_and_time(view, planted):
    truth = planted["s6a_reject"]
    first = view.partners.iloc[0]
    assert (first["partner_plmn"], first["rank"], first["verdict"]) == (truth["plmn"], 1, "below")
    assert (first["cause"], first["side"]) == ("S6a " + truth["cause"], "us")
    assert abs(first["since"] - at(truth["from"])) <= pd.Timedelta(hours=2)
    assert view.selection.concentration["value_code"] == truth["imsi_range"]
    assert view.causes.iloc[0]["cause_code"] == truth["cause"]


def test_nobody_else_is_accused(view, planted):
    accused = set(view.partners.loc[view.partners["verdict"].isin(["below", "below_peers", "slow", "slow_peers"]), "partner_plmn"])
    assert accused == {planted["s6a_reject"]["plmn"]}
    assert view.figures["partners_failing_count"] == 1


def test_the_hub_is_named_with_its_hour(view, planted):
    truth = planted["hub_outage"]
    assert view.hub_incidents[["hub", "since", "until"]].to_numpy().tolist() == [[truth["hub"], at(truth["from"]), at(truth["until"])]]
    assert truth["hub"] in view.answer[1]
    assert "stopped answering for an hour" in view.answer[1]


def test_the_decoy_is_ruled_out_and_the_small_partner_is_not_judged(view, planted):
    decoy = planted["steering_burst"]["plmn"]
    assert view.ruled_out["partner_plmn"].tolist() == [decoy]
    assert view.ruled_out["elsewhere"].iloc[0] > 0.95
    small = view.partners[view.partners["partner_plmn"] == planted["small_partner"]["plmn"]].iloc[0]
    assert small["verdict"] == "too_few"
    assert pd.isna(small["rank"])
    assert view.partners.index[view.partners["verdict"] == "too_few"].min() > view.partners.index[view.partners["verdict"] == "within"].max()
    assert "too small to judge" in view.answer[-1]


def test_under_data_the_slow_partner_is_the_worst(lake, planted):
    truth = planted["slow_data"]
    view = monitor_roaming(lake, service="data")
    first = view.partners.iloc[0]
    assert (first["partner_plmn"], first["verdict"]) == (truth["plmn"], "slow")
    assert abs(first["since"] - at(truth["from"])) <= pd.Timedelta(days=1)
    assert first["quality"] < first["quality_expected_low"]
    assert len(view.level_trend) == 30
    assert "round trip" in view.selection.sentences[1]


def test_before_it_began_nobody_is_accused(lake):
    view = monitor_roaming(lake, until="2026-03-20")
    assert view.answer[0].startswith("None of the")
    assert view.figures["partners_failing_count"] == 0


def test_a_longer_period_and_a_country_tell_the_same(lake, planted):
    month = monitor_roaming(lake, days=30)
    assert month.partners.iloc[0]["partner_plmn"] == planted["s6a_reject"]["plmn"]
    country = monitor_roaming(lake, country="TR")
    assert abs(country.selection.since - at(planted["s6a_reject"]["from"])) <= pd.Timedelta(hours=2)
    assert country.selection.plmns == ("99917", "99918", "99919")


# --- the view's own rules


def test_figures_are_those_of_the_kpi_and_open_to_records(lake, view):
    first = view.partners.iloc[0]
    rows = view.rows(partner_plmn=first["partner_plmn"])
    # number to rows: unsteered attempts of the partner in the period, and the successes among them
    assert (len(rows), int(rows["is_success"].sum())) == (first["den"], first["num"])
    assert len(view.rows(partner_plmn=first["partner_plmn"], part="rest")) == first["rejects"]
    assert rows["attempted_at"].min() >= pd.Timestamp(view.parameters["since"])
    same = cem.evaluate(lake, "roaming_registration_unsteered_success_ratio", where={"direction_code": "outbound", "partner_plmn": first["partner_plmn"]},
                        since=view.parameters["since"], until=view.parameters["until"]).frame.iloc[0]
    assert [float(same[one]) for one in ("value", "low", "high")] == pytest.approx([first["value"], first["low"], first["high"]])


def test_the_tables_add_up(view):
    assert view.evidence["records"] == view.partners["den"].sum()
    assert view.evidence["rejects"] == view.partners["rejects"].sum()
    assert set(view.tables) >= {"partners", "countries", "causes", "trend", "drill", "steering", "probes"}
    assert all(isinstance(one, pd.DataFrame) for one in view.tables.values())
    drill = view.drill.groupby("dimension")["den"].sum()
    assert drill.nunique() == 1


def test_there_are_ten_figures_and_four_cards_each_with_its_comparison(view):
    assert len(view.figures) >= 10
    assert all(isinstance(one, float) for one in view.figures.values())
    assert [card.name for card in view.cards] == ["success_ratio", "affected_count", "quality_level", "steering_ratio"]
    for card in view.cards:
        assert view.figures[card.name] == card.value
        assert card.low <= card.value <= card.high
        assert card.compare
        assert len(card.series) == 30


def test_the_trend_has_no_holes_and_marks_the_change(view):
    trend = view.trend
    step = pd.Timedelta(hours=view.selection.bin_hours)
    assert (trend["at"].diff().dropna() == step).all()
    assert trend["at"].iloc[-1] + step == pd.Timestamp(view.parameters["until"])
    after = trend[trend["at"] >= view.selection.since]
    assert (after["verdict"] == "below").mean() > 0.15
    assert (trend[trend["at"] < view.selection.since - step]["verdict"] == "below").sum() == 0


def test_the_same_question_has_the_same_answer(lake, view):
    again = monitor_roaming(lake)
    assert again.answer == view.answer
    assert again.figures == view.figures
    pd.testing.assert_frame_equal(again.partners, view.partners)


@pytest.mark.parametrize("asked", [{"direction": "inbound"}, {"rat": "2g"}, {"days": 1}, {"hub": "TRAMONTANE"}, {"partner": "MONSOON"}, {"partner": "99930"},
                                   {"service": "data", "direction": "inbound", "days": 3}])
def test_other_questions_have_answers_too(lake, asked):
    view = monitor_roaming(lake, **asked)
    assert not view.is_empty
    assert view.answer
    assert all(len(one) < 1500 and "nan" not in one.split() for one in (*view.answer, *view.now, *view.selection.sentences))


def test_a_country_with_one_partner_and_no_failure_is_within_its_band(lake):
    view = monitor_roaming(lake, country="Poland")
    assert view.selection.sentences[0] == "Poland: within its expected band."


# --- bad input and nothing to see


@pytest.mark.parametrize(("asked", "near"), [({"partner": "Boreal Mobile"}, "Boreal Mobil"), ({"country": "Turkiye"}, "Türkiye"), ({"rat": "6g"}, "5g"), ({"hub": "AURROA"}, "AURORA")])
def test_what_does_not_exist_is_answered_with_the_nearest(lake, asked, near):
    with pytest.raises(ParameterError) as error:
        monitor_roaming(lake, **asked)
    assert near in str(error.value)


def test_a_period_without_data_is_one_clear_sentence(lake):
    view = monitor_roaming(lake, until="2025-06-01")
    assert view.is_empty
    assert view.answer[0].startswith("There are no outbound registrations from 2025-05-26 00:00 to 2025-06-02 00:00 UTC; the data end on 2026-03-30 23:5")
    assert len(view.answer) == 1
    assert view.partners.empty
    assert view.rows().empty


def test_an_empty_lake_is_one_clear_sentence(tmp_path):
    view = monitor_roaming(cem.open_lake(tmp_path / "lake"))
    assert view.answer == ("The lake has no registrations yet.",)
    assert view.footer


def test_a_service_without_a_feed_says_so(lake):
    assert monitor_roaming(lake, service="voice").answer == ("The lake has no calls yet.",)


def test_signalling_alone_is_enough(operator, tmp_path):
    incoming = operator[0].path.parent / "incoming"
    lake = cem.open_lake(tmp_path / "lake")
    lake.ingest(cem.sources.RoamingSignalling(*sorted((incoming / "roaming_signalling").iterdir())[-3:]))
    view = monitor_roaming(lake, days=2)
    # without the directory a partner is its PLMN; without the plan and the feeds there are no cards of them
    assert not view.is_empty
    assert "99917" in set(view.partners["partner_plmn"])
    assert [card.name for card in view.cards] == ["success_ratio", "affected_count"]


# --- roles


def test_a_manager_sees_no_small_group_no_pseudonym_and_no_record(lake, planted):
    view = monitor_roaming(lake, role="manager")
    small = view.partners[view.partners["partner_plmn"] == planted["small_partner"]["plmn"]].iloc[0]
    assert (small["state"], small["verdict"]) == ("suppressed", "suppressed")
    assert small[["num", "den", "value", "rejects"]].isna().all()
    assert view.affected.empty
    assert "IMSI range" not in set(view.drill["dimension"])
    assert not any("IMSI" in one for one in (*view.answer, *view.selection.sentences))
    with pytest.raises(PrivacyError, match="not shown to a manager"):
        view.rows(partner_plmn="99917")
    shown = view.partners[~view.partners["is_suppressed"]]
    assert (shown["subscribers"] >= 10).all()


def test_a_manager_who_chooses_a_small_partner_is_told_why_there_is_nothing(lake, planted):
    view = monitor_roaming(lake, role="manager", partner=planted["small_partner"]["plmn"])
    assert "not shown" in view.selection.sentences[0]
    assert view.trend.empty
    assert view.causes.empty


def test_an_analyst_sees_who_is_affected_as_pseudonyms(view):
    assert view.affected["subscriber_key"].str.fullmatch(r"[0-9a-f]{32}").all()
    assert view.affected["failures"].is_monotonic_decreasing
    with pytest.raises(UnknownNameError):
        view.rows(partner_plnm="99917")


def test_a_date_may_be_given_as_a_date(lake):
    assert monitor_roaming(lake, until=dt.date(2026, 3, 20)).parameters["until"] == dt.datetime(2026, 3, 21)
