"""The catalogue's view: search, the figures of now with their state, suppression, the worked example, one definition opened."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import pytest

import cemlib as cem
from cemlib.errors import PrivacyError, UnknownNameError
from cemlib.kpi import Ratio, catalogue, evaluate, kpi
from cemlib.kpi.definition import registered
from cemlib.usecases import view_catalogue
from cemlib.usecases.catalogue.figures import read_course, read_figures
from cemlib.usecases.catalogue.reader import Reader

RATINGS = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """120 ratings of 120 customers on 28 March days, each fourth of them bad."""
    folder = tmp_path_factory.mktemp("catalogue")
    rows = [f"2026-03-{1 + one % 28:02d}T10:00:00.000Z,+1500555{one:04d},Alder,4G,indoor,{1 if one % 4 == 0 else 5},satisfactory,45.1,2.0,Westermark\n" for one in range(120)]
    (folder / "ratings.csv").write_text(RATINGS + "".join(rows))
    with cem.open_lake(folder / "lake") as lake:
        lake.ingest(cem.sources.Rating(folder / "ratings.csv"))
        yield lake


@pytest.fixture(scope="module")
def view(lake):
    return view_catalogue(lake, days=28)


def test_every_definition_has_an_entry_and_a_state(view):
    assert list(view.entries.index) == list(catalogue())
    counts = view.counts
    assert counts["all"] == len(catalogue())
    assert counts["ok"] + counts["too_few"] + counts["no_data"] + counts["suppressed"] + counts["failed"] == counts["all"]
    assert counts["own"] + counts["cited"] + counts["unverified"] == counts["all"]
    row = view.entries.loc["rating_dissatisfied_ratio"]
    # every fourth customer
    assert (row["num"], row["den"], row["value"], row["state"]) == (30, 120, 0.25, "ok")
    assert view.entries.loc["voice_call_drop_ratio", "state"] == "no_data"
    assert view.figures["rating_dissatisfied_ratio"] == 0.25
    assert "voice_call_drop_ratio" not in view.figures


def test_the_days_are_the_lakes_last_ones_and_too_few_is_no_figure(lake):
    week = view_catalogue(lake, days=7)
    assert week.period == "2026-03-22 to 2026-03-28 UTC"
    row = week.entries.loc["rating_dissatisfied_ratio"]
    # the days 9 to 28 have four answers each, and 30 are wanted
    assert (row["den"], row["state"]) == (28, "too_few")
    assert "rating_dissatisfied_ratio" not in week.figures


def test_words_that_find_nothing_are_told_with_the_nearest(view):
    assert view.narrow(search="dissatisfied").found[0] == "rating_dissatisfied_ratio"
    assert view.narrow(search="dissatisfied").kpi == "rating_dissatisfied_ratio"
    found = view.narrow(search="disatisfied")
    assert (found.found, found.kpi) == ([], view.kpi)
    assert found.answer[-1] == "None fits “disatisfied”. Did you mean dissatisfied?"


def test_filters_narrow_and_one_that_does_not_exist_is_told(lake, view):
    narrowed = view.narrow(service="rating", now="ok")
    assert narrowed.found
    assert {catalogue()[code].service for code in narrowed.found} == {"rating"}
    assert narrowed.entries is view.entries
    with pytest.raises(UnknownNameError, match="rating_dissatisfied_ratio"):
        view.narrow(kpi="rating_disatisfied_ratio")
    told = view_catalogue(lake, kpi="rating_disatisfied_ratio", service="ratings", strict=False)
    assert told.chosen["service"] == "all"
    assert "Did you mean 'rating'" in told.missing[0]
    assert "Did you mean 'rating_dissatisfied_ratio'" in told.missing[1]


def test_a_manager_sees_no_figure_of_few_customers_and_no_records(lake):
    one, last_day = catalogue()["rating_dissatisfied_ratio"], dt.date(2026, 3, 28)
    shown = read_figures(lake, [one], (last_day, dt.date(2026, 3, 29)), "manager").loc[one.code]
    assert shown["state"] == "suppressed"
    assert shown[["num", "den", "value", "low", "high"]].isna().all()
    assert read_figures(lake, [one], (last_day, dt.date(2026, 3, 29)), "analyst").loc[one.code, "den"] == 4
    assert read_figures(lake, [one], None, "manager").loc[one.code, "value"] == 0.25
    # four customers a day: each day is hidden, the whole is not
    assert set(read_course(lake, one, None, "manager")["state"]) == {"suppressed"}
    with pytest.raises(PrivacyError):
        Reader(lake, days=1, role="manager").records(one.code, 5)


def test_the_records_give_the_figure_again(lake, view):
    rows = view.records("rating_dissatisfied_ratio", limit=None)
    assert len(rows) == 120
    assert evaluate(lake, "rating_dissatisfied_ratio").recompute(rows)["value"] == 0.25


def test_one_that_fails_does_not_hide_the_others(lake):
    @kpi(table="survey_answer", unit="ratio", better="lower", title="Ill", grain="answer")
    def survey_ill_ratio():
        """A share of a column that is not there."""
        return Ratio(num=nw.col("no_such_column"))

    ill = registered().pop("survey_ill_ratio")
    figures = read_figures(lake, [ill, catalogue()["rating_dissatisfied_ratio"]], None)
    assert figures.loc["survey_ill_ratio", "state"] == "failed"
    assert figures.loc["survey_ill_ratio", "message"]
    assert figures.loc["rating_dissatisfied_ratio", "value"] == 0.25


def test_one_definition_opened(view):
    one = view.open("rating_dissatisfied_ratio")
    assert one.told.lineage.facts == ("survey_answer",)
    feeds = one.feeds.set_index("source_code")
    # what this lake has stands first, with its records
    assert feeds.index[0] == "rating"
    assert feeds.loc["rating", "records"] == 120
    assert (feeds["records"].iloc[1:] == 0).all()
    assert len(one.course) == 28
    assert one.course["den"].sum() == 120
