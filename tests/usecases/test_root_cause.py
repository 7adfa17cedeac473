"""True cause as a use case: a planted fall in ratings is found, counted from its records, and told from a mix; wrong calls are told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from cemwidgets.cause import CauseState
from cemwidgets.cause.view import CausePage
from cemwidgets.mobile.view import MobilePage
from hypothesis import given
from hypothesis import strategies as st

import cemlib as cem
from cemlib.errors import ParameterError, PrivacyError, UnknownNameError
from cemlib.kpi import evaluate
from cemlib.usecases import explain_change, view_mobile, why
from cemlib.usecases.cause.asking import ask_why
from cemlib.usecases.cause.filters import read_filters, write_filters

HEAD = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"
KPI = "rating_dissatisfied_ratio"


VALUES = st.one_of(st.none(), st.text(st.sampled_from("aB9 %;=|é"), min_size=1).map(str.strip).filter(bool))


def write_ratings(path, seed: int = 3) -> None:
    """Two weeks of 120 answers a day; in the second one Birch's customers indoors are dissatisfied three times out of four, and nobody else changes."""
    rng, lines = np.random.default_rng(seed), []
    for day in range(14):
        for one in range(120):
            operator, place, state = rng.choice(["Alder", "Birch", "Cedar"]), rng.choice(["indoor", "outdoor"]), rng.choice(["Westermark", "Ostland", "Valmarin"])
            is_hit = day >= 7 and operator == "Birch" and place == "indoor"
            rating = rng.choice([1, 2]) if rng.random() < (0.75 if is_hit else 0.12) else rng.choice([4, 5])
            lines.append(f"2026-03-{day + 1:02d}T10:{one % 60:02d}:{one // 60:02d}.000Z,+1500555{day * 120 + one:04d},{operator},4G,{place},{rating},satisfactory,,,{state}\n")
    path.write_text(HEAD + "".join(lines))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cause")
    write_ratings(folder / "ratings.csv")
    with cem.open_lake(folder / "lake") as lake:
        assert lake.ingest(cem.sources.Rating(folder / "ratings.csv")).accepted > 1600
        yield lake


@pytest.fixture(scope="module")
def view(lake):
    return explain_change(lake, KPI, period="2026-03-08/2026-03-14", role="analyst")


def test_the_planted_pattern_is_the_answer(view):
    assert view.verdict == "cause"
    assert view.causes["pattern"].tolist() == [{"operator_name": "Birch", "place_code": "indoor"}]
    assert view.answer[0].startswith("**operator Birch, place indoor** explains ")
    assert 0.8 < view.figures["share_explained"] < 1.2
    assert view.question.endswith("rise?")


def test_the_figures_are_those_of_the_kpi(view, lake):
    whole = evaluate(lake, KPI, since="2026-03-08", until="2026-03-15").value()
    before = evaluate(lake, KPI, since="2026-03-01", until="2026-03-08").value()
    assert view.figures["value"] == whole
    assert view.figures["compared_to"] == pytest.approx(before)
    steps = view.waterfall.set_index("step")["value"]
    assert steps.iloc[:-1].sum() == pytest.approx(steps["actual"])
    cell = evaluate(lake, KPI, where=view.causes["pattern"][0], since="2026-03-08", until="2026-03-15")
    assert view.causes["value"][0] == cell.value()


def test_a_cause_opens_to_the_records_it_was_counted_from(view):
    every = view.records(0, limit=None, failed_only=False)
    bad = view.records(0, limit=None)
    assert (len(bad), len(every)) == (view.causes["num"][0], view.causes["den"][0])
    assert set(every["operator_name"]) == {"Birch"}
    assert set(bad["score_value"]) == {1.0, 2.0}
    with pytest.raises(ParameterError, match="no such cause"):
        view.records(5)


def test_why_asks_with_one_call_of_a_result(lake, view):
    result = evaluate(lake, KPI, by="operator", since="2026-03-08", until="2026-03-15")
    assert why(result, role="analyst").causes["pattern"].tolist() == view.causes["pattern"].tolist()
    assert why(result, operator="Birch", role="analyst").causes["pattern"].tolist() == [{"place_code": "indoor"}]
    assert why(result, operator="Alder", role="analyst").verdict == "none"
    with pytest.raises(ParameterError, match="no period"):
        why(evaluate(lake, KPI))


def test_where_nothing_happened_there_is_no_cause(lake):
    quiet = explain_change(lake, KPI, period="2026-03-05/2026-03-07", against="2026-03-01/2026-03-04")
    assert quiet.verdict == "none"
    assert quiet.causes.empty
    assert "No cause found" in quiet.answer[0]


def test_a_manager_sees_no_records_and_no_small_groups(lake, view):
    shown = explain_change(lake, KPI, period="2026-03-08/2026-03-14", role="manager")
    assert shown.causes["state"].tolist() == view.causes["state"].tolist()
    with pytest.raises(PrivacyError):
        shown.records(0)
    hour = "2026-03-08T10:00:00/2026-03-08T10:30:00"
    small = explain_change(lake, KPI, period=hour, against="2026-03-01/2026-03-07", role="manager")
    assert set(small.causes.loc[small.causes["state"] == "suppressed", "value"].dropna()) == set()


def test_wrong_calls_are_told(lake):
    with pytest.raises(UnknownNameError) as caught:
        explain_change(lake, "rating_disatisfied_ratio")
    assert caught.value.near[0] == KPI
    with pytest.raises(ParameterError, match="no ratio and no count"):
        explain_change(lake, "rating_score_mean")
    with pytest.raises(ParameterError, match="no period"):
        explain_change(lake, KPI, period="lately")
    with pytest.raises(ParameterError, match="overlap"):
        explain_change(lake, KPI, period="2026-03-08/2026-03-14", against="2026-03-10")
    with pytest.raises(UnknownNameError):
        explain_change(lake, KPI, by="opertor")
    told = explain_change(lake, KPI, period="lately", strict=False)
    assert told.figures == {}
    assert "no period" in told.answer[0]
    assert explain_change(lake, "sms_delivery_success_ratio").missing


def test_filters_and_dimensions_can_be_text(lake, view):
    one = explain_change(lake, KPI, period="2026-03-08/2026-03-14", where="operator=Birch", by="place, region_name", role="analyst")
    assert one.causes["pattern"].tolist() == [{"place_code": "indoor"}]
    with pytest.raises(ParameterError, match="no pair"):
        explain_change(lake, KPI, where="operator")


@given(st.dictionaries(st.sampled_from(["rat_code", "hub_code", "region_name"]), st.one_of(VALUES, st.lists(VALUES, min_size=2, max_size=3))))
def test_filters_written_are_the_filters_read(where):
    assert read_filters(write_filters(where)) == where


def test_several_values_and_what_is_not_stated_are_filters_too(lake, view):
    both = explain_change(lake, KPI, period="2026-03-08/2026-03-14", where="operator=Alder|Birch; place=indoor", role="analyst")
    assert both.chosen["where"] == "operator_name=Alder|Birch; place_code=indoor"
    assert both.causes["pattern"].tolist() == [{"operator_name": "Birch"}]
    assert explain_change(lake, KPI, period="2026-03-08/2026-03-14", where="place=").missing
    with pytest.raises(UnknownNameError):
        explain_change(lake, KPI, where="opertor=Birch")


def test_why_asks_about_the_period_or_its_later_half_where_nothing_is_known_before(lake):
    day = dt.date(2026, 3, 1)
    assert ask_why(lake, KPI, day.replace(day=12), day.replace(day=15))["period"] == "2026-03-12/2026-03-14"
    # records from the 1st to the 14th: nothing before the 1st, nothing after the 14th
    assert ask_why(lake, KPI, day, dt.date(2026, 4, 1))["period"] == "2026-03-08/2026-03-14"
    assert ask_why(lake, KPI, dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 1, 12))["period"] == "2026-03-01T06:00/2026-03-01T12:00"
    assert ask_why(lake, "rating_score_mean", day, dt.date(2026, 3, 15)) == {}


def test_the_page_of_the_ratings_leads_to_the_planted_cause(lake, view):
    ratings = view_mobile(lake, operator="Birch", period="2026-03", role="analyst")
    assert ratings.why == {"kpi": KPI, "period": "2026-03-08/2026-03-14", "where": "operator_name=Birch"}
    found = explain_change(lake, **ratings.why, role="analyst")
    assert found.causes["pattern"].tolist() == [{"place_code": "indoor"}]
    page = MobilePage(lake, ratings)
    assert 'href="root_cause.ipynb?kpi=rating_dissatisfied_ratio&amp;period=2026-03-08%2F2026-03-14&amp;where=operator_name%3DBirch"' in page.filters.html
    assert "root_cause" not in page.top.static()
    # a notebook has no app beside it: the line to write is told
    page.filters.clicked = {"event": "why", "n": 1}
    assert "explain_change(lake, &#x27;rating_dissatisfied_ratio&#x27;, period=" in page.filters.notice


def test_a_filter_of_the_address_is_a_chip_that_can_be_taken_back(lake, view):
    page = CausePage(lake, explain_change(lake, KPI, period="2026-03-08/2026-03-14", where="operator=Birch", by="place, region_name", role="analyst"), role="analyst")
    assert "operator Birch" in page.filters.html
    assert "operator Birch" in page.filters.static()
    assert page.filters.query == f"kpi={KPI}&period=2026-03-08%2F2026-03-14&where=operator_name%3DBirch&by=place%2C+region_name"
    page.filters.clicked = {"event": "filter", "name": "where", "value": "", "n": 1}
    assert page.view.chosen["where"] == ""
    assert page.view.figures["value"] == view.figures["value"]
    page.filters.clicked = {"event": "reset", "n": 2}
    assert page.view.chosen == {"kpi": KPI, "period": "7d", "against": "before", "where": "", "by": "", "depth": "3"}
    assert page.view.causes["pattern"].tolist() == view.causes["pattern"].tolist()
    # a KPI that cannot be explained with these filters is told in place, and the filter can be taken back
    page.filters.set(where="hub_code=A")
    assert "hub_code" in page.head.html
    assert "hub A" in page.filters.html
    page.filters.set(where="")
    assert page.view.figures == view.figures


def test_the_page_shows_what_the_view_says(view):
    state = CauseState(view)
    assert 'data-figure="share_explained"' in state.cards()
    assert "operator Birch, place indoor" in state.causes()
    assert "data-event" not in state.causes(live=False)
    assert "before" in state.waterfall()
    assert "all cells" in state.shift()
    state.select(7)
    assert state.cause == 0


def test_no_data_has_a_view_too(tmp_path):
    with cem.open_lake(tmp_path / "lake") as empty:
        view = explain_change(empty, KPI)
        assert view.missing == view.answer
        assert CauseState(view).cards() == '<div class="cem-cards"></div>'
        assert pd.isna(view.figures.get("value", np.nan))
