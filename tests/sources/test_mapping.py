"""Mapping files: what they may say, and what is told when they say something else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import SourceError, UnknownNameError
from cemlib.sources import Mapping, Rating, RoamingSignalling, catalogue, connector, load_mapping
from cemlib.sources.event_time import EventTime

MAPPINGS = Path(load_mapping.__code__.co_filename).parent / "mappings"
SMALL = {"code": "votes", "title": "votes", "tables": ["survey_answer"],
         "columns": {"when": {"to": "occurred_at", "required": True}, "score": "score_value"}}


def changed(**parts):
    return {**SMALL, "columns": {**SMALL["columns"], **parts}}


@pytest.mark.parametrize("name", sorted(one.stem for one in MAPPINGS.glob("*.yaml")))
def test_every_mapping_that_comes_with_the_workbench_is_sound(name):
    mapping = load_mapping(name)
    kinds = [one for one in catalogue().values() if set(mapping.tables) <= set(one.default_tables)]
    assert kinds
    assert set(mapping.columns).isdisjoint(mapping.ignore)


def test_a_mapping_of_ones_own_is_a_file(tmp_path):
    path = tmp_path / "votes.yaml"
    path.write_text("code: votes\ntitle: votes\ntables: [survey_answer]\ncolumns: {when: occurred_at, score: score_value}\n")
    assert Rating("votes.csv", mapping=path).code == "votes"
    assert load_mapping(str(path)) == load_mapping(path)


@pytest.mark.parametrize(("text", "told"), [
    ("code: votes\ntitle: votes\ntables: [survey_answer]\ncolumns: {when: {too: occurred_at}}\n", "columns.when.0.too"),
    ("code: Votes!\ntitle: votes\ntables: [survey_answer]\ncolumns: {}\n", "code"),
    ("columns: [\n", "not YAML"),
    ("code: votes\ntitle: v\ntables: [survey_answer]\ncolumns: {a: {to: score_value, range: [5, 1]}}\n", "upside down"),
    ("code: votes\ntitle: v\ntables: [survey_answer]\ncolumns: {a: score_value, b: score_value}\n", "filled more than once"),
    ("code: votes\ntitle: v\ntables: [survey_answer]\ncolumns: {a: {identifier: imsi, to: subscriber_key, facts: [tac_code]}}\n", "derives no"),
    ("code: votes\ntitle: v\ntables: [survey_answer]\ncolumns: {a: {range: [1, 2]}}\n", "needs `to`"),
])
def test_a_broken_mapping_names_what_is_broken(tmp_path, text, told):
    path = tmp_path / "votes.yaml"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        load_mapping(path)
    assert told in str(caught.value)


def test_unknown_names_get_the_nearest():
    with pytest.raises(UnknownNameError, match="score_valu") as caught:
        Mapping.model_validate(changed(score="score_valu"))
    assert caught.value.near[0] == "score_value"
    with pytest.raises(UnknownNameError) as caught:
        load_mapping("trai_mycal")
    assert caught.value.near[0] == "trai_mycall"
    with pytest.raises(UnknownNameError) as caught:
        connector("roaming_signaling")
    assert caught.value.near[0] == "roaming_signalling"


def test_a_mapping_for_other_tables_does_not_fit():
    with pytest.raises(SourceError, match="does not fit"):
        RoamingSignalling("x.csv", mapping="trai_mycall")


def test_a_zone_that_is_none(tmp_path, door):
    path = tmp_path / "votes.csv"
    path.write_text("when,score\n")
    with pytest.raises(SourceError, match="time zone"):
        list(Rating(path, mapping=Mapping.model_validate({**SMALL, "time_zone": "Nowhere/X"})).read(path, door))


def test_the_event_time_comes_from_the_file_name_or_the_caller(tmp_path, door, read_all):
    rows = "Operator,In Out Travelling,Network Type,Rating,Call Drop Category,Latitude,Longitude,State Name\nA,Indoor,4G,5,Satisfactory,-1,-1,NA\n"
    path = tmp_path / "MyCall_Data_September_2019.csv"
    path.write_text(rows)
    table = read_all(Rating(path, mapping="trai_mycall"), door)[0]["survey_answer"]
    assert table.column("occurred_at").to_pylist() == [dt.datetime(2019, 9, 1, tzinfo=dt.UTC)]
    assert table.column("time_grain_code").to_pylist() == ["month"]
    table = read_all(Rating(path, mapping="trai_mycall", event_time="2019-08-15T12:00:00+02:00"), door)[0]["survey_answer"]
    assert table.column("occurred_at").to_pylist() == [dt.datetime(2019, 8, 15, 10, tzinfo=dt.UTC)]
    other = tmp_path / "ratings.csv"
    other.write_text(rows)
    with pytest.raises(SourceError, match="does not tell the time") as caught:
        read_all(Rating(other, mapping="trai_mycall"), door)
    assert "event_time=" in caught.value.todo
    assert read_all(Rating(other, mapping="trai_mycall", event_time=dt.date(2019, 8, 1)), door)[0]["survey_answer"].num_rows == 1
    with pytest.raises(SourceError, match="not a date"):
        Rating(other, mapping="trai_mycall", event_time="last week")
    with pytest.raises(SourceError, match="without a time of their own"):
        Rating(other, event_time="2019-08-01")


@given(st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2099, 12, 31)))
def test_any_month_and_day_in_a_file_name(day):
    told = EventTime(file_name=r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)").of_file(Path(f"votes_{day:%Y%m%d}.csv"))
    assert told.date() == day
