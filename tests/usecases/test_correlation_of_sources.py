"""Correlation of sources on a small demo operator: what moves together is found, what follows the day is greyed, and the records are there."""

from __future__ import annotations

import pandas as pd
import pytest

import cemlib as cem
from cemlib.errors import ParameterError, PrivacyError, UnknownNameError
from cemlib.twin import write_operator
from cemlib.usecases import correlate_sources

pytestmark = pytest.mark.slow

SOURCES = "roamers_attempts,roamers_success,roamers_rejects,roamers_delay,guests_success"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("operator")
    write_operator(place / "incoming", seed=7, subscribers=1500, days=14, truth=place / "truth.json")
    lake = cem.open_lake(place / "lake")
    for code in ("partner_directory", "roaming_signalling", "roaming_data"):
        lake.ingest(cem.sources.catalogue()[code](place / "incoming" / code))
    yield lake
    lake.close()


@pytest.fixture(scope="module")
def view(lake):
    return correlate_sources(lake, sources=SOURCES, time_zone="Europe/Paris", role="analyst")


def test_what_moves_together_is_found_and_opens_to_its_records(view, lake):
    found = view.links[view.links["verdict"] == "found"].set_index(["left", "right"])
    # a reject is a registration that fails: the planted faults and every other show in both in the same hour
    link = found.loc[("roamers_success", "roamers_rejects")]
    assert link["lag_bins"] == 0
    assert link["effect"] < -0.5
    assert link["low"] <= link["effect"] <= link["high"]
    assert link["q"] < 0.001
    detail = view.detail("roamers_success", "roamers_rejects")
    assert detail.lags["r"].abs().idxmax() == detail.lags.index[detail.lags["lag_bins"] == 0][0]
    assert "To precede is not to cause" in detail.precedes
    moment = detail.moments.iloc[0]
    rejects = view.records("roamers_rejects", moment["right_at"])
    # the figure of the hour is recounted from its records
    assert cem.evaluate(lake, "roaming_registration_reject_count", where={"direction": "outbound"}).recompute(rejects)["value"] == moment["value_right"]
    assert rejects["attempted_at"].dt.floor("h").nunique() == 1


def test_the_series_are_those_of_the_kpis(view, lake):
    rows = cem.evaluate(lake, "roaming_registration_success_ratio", by="hour", where={"direction": "outbound"}).to_pandas().set_index("hour")["value"]
    shown = view.series.set_index("at")["roamers_success"]
    assert shown.index.equals(pd.date_range(shown.index[0], shown.index[-1], freq="h"))
    both = shown.tz_localize(None).align(rows, join="inner")
    assert len(both[0]) > 300
    pd.testing.assert_series_equal(*both, check_names=False, check_freq=False)


def test_what_only_follows_the_day_is_greyed_with_its_reason(view):
    decoys = view.links[view.links["verdict"] == "decoy"]
    assert (decoys["plain"].abs() >= 0.3).all()
    assert decoys["reason"].str.contains("hour and the day|swing slowly").all()
    assert f"{len(decoys)} pairs only look linked" in " ".join(view.answer) or decoys.empty


def test_figures_answer_and_tables_say_the_same(view):
    assert view.figures["links_found_count"] == (view.links["verdict"] == "found").sum() == next(one.value for one in view.cards if one.name == "links_found_count")
    assert f"**{int(view.figures['links_found_count'])} of {int(view.figures['pairs_count'])} pairs move together**" in view.answer[0]
    assert len(view.tables["pairs"]) == view.figures["pairs_count"] == 10
    assert "association" in view.cautions[0]
    assert 0 <= view.figures["placebo_low"] <= view.figures["placebo_ratio"] <= view.figures["placebo_high"] <= 1


def test_a_common_cause_can_be_named(lake):
    given = correlate_sources(lake, sources=SOURCES, given="roamers_rejects", time_zone="Europe/Paris")
    assert "roamers_rejects" not in set(given.links["left"]) | set(given.links["right"])
    assert "given rejects of our roamers" in given.cautions[0]
    assert "adjusted association" in given.cards[0].compare


def test_what_is_not_loaded_is_told(lake):
    view = correlate_sources(lake, sources="roamers_success,tickets,roamers_rejects")
    assert "Tickets: no records of table ticket are loaded." in view.missing
    few = correlate_sources(lake, sources="roamers_success,roamers_rejects", period="2026-03-02")
    assert few.links.empty
    assert "too few to correlate" in few.answer[0]
    alone = correlate_sources(lake, sources="tickets,alarms")
    assert alone.figures["bins_count"] == 0


def test_misspelt_parameters(lake):
    with pytest.raises(UnknownNameError, match="roamers_succes'"):
        correlate_sources(lake, sources="roamers_succes,alarms")
    with pytest.raises(UnknownNameError, match="place"):
        correlate_sources(lake, sources=SOURCES, place="ZZ")
    with pytest.raises(ParameterError, match="period"):
        correlate_sources(lake, period="yesterday")
    with pytest.raises(ParameterError, match="grain"):
        correlate_sources(lake, grain="minute")
    told = correlate_sources(lake, sources=SOURCES, place="ZZ", strict=False)
    assert "place is left out" in told.missing[0]
    assert told.chosen["place"] == "all"


def test_a_manager_sees_no_records_and_no_bin_of_few(lake, view):
    seen = correlate_sources(lake, sources=SOURCES, time_zone="Europe/Paris", role="manager")
    hidden = seen.series["roamers_delay"].isna() & view.series["roamers_delay"].notna()
    people = cem.evaluate(lake, "data_session_rtt_mean", by="hour", where={"direction": "outbound"}, subscribers=True).to_pandas().set_index("hour")["subscribers"]
    at = pd.DatetimeIndex(seen.series.loc[hidden, "at"]).tz_localize(None)
    assert len(at) == (people < 10).sum() > 0
    assert (people[at] < 10).all()
    # what is judged is the same
    assert seen.links["effect"].tolist() == view.links["effect"].tolist()
    with pytest.raises(PrivacyError):
        seen.records("roamers_rejects", seen.series["at"].iloc[5])
