"""What a manager sees of segments: no few customers, neither by place, nor by answer, nor by rule."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from cemwidgets.segments.state import SegmentState
from hypothesis import given, settings
from hypothesis import strategies as st

import cemlib as cem
from cemlib.usecases import view_segments
from cemlib.usecases.segments import reader
from cemlib.usecases.segments.features import Feature
from cemlib.usecases.segments.movement import find_places, profile_segments, trace_moves
from cemlib.usecases.segments.outcomes import Outcome, hide_few_told, measure_segments
from tests.usecases import grouped_lake, grouped_study

SQUARES = pd.DataFrame({"resource_id": ["X", "Y", "Z"], "latitude_deg": [45.1, 46.1, 47.1], "longitude_deg": 2.1})


def _places(counts: dict[str, dict[str, int]], segment: str, role: str = "manager", small: tuple[str, ...] = ()) -> pd.DataFrame:
    people = [(cell, name) for cell, of in counts.items() for name, n in of.items() for _ in range(n)]
    cells, labels = (pd.Series(one) for one in zip(*people))
    return find_places(cells, labels, SQUARES, segment, role, small)


def _shown(places: pd.DataFrame) -> list[int | None]:
    return [None if pd.isna(one) else int(one) for one in places["n"]]


COUNTED = {"X": {"a": 60, "b": 37, "c": 30}, "Y": {"a": 50, "b": 4, "c": 12}, "Z": {"a": 40, "b": 20, "c": 15}}


def test_few_of_a_segment_in_a_square_are_hidden_and_cannot_be_worked_out():
    # the 4 of b in Y; the 12 of c with them, or 66 - 50 - 12 tells them; in Z one more of b and of c, or their sizes tell them
    assert _shown(_places(COUNTED, "b")) == [37, None, None]
    assert _shown(_places(COUNTED, "c")) == [30, None, None]
    assert _shown(_places(COUNTED, "a")) == [60, 50, 40]
    assert _shown(_places(COUNTED, "b", "analyst")) == [37, 4, 20]
    hidden = _places(COUNTED, "b").iloc[1]
    assert hidden["is_suppressed"]
    assert hidden[["subscribers", "n", "share_ratio", "low", "high"]].isna().all()
    # all customers are no group of few
    assert _shown(_places(COUNTED, "")) == [127, 66, 75]


def test_few_outside_a_segment_are_hidden_and_none_is_shown():
    assert _shown(_places({"X": {"a": 95, "b": 5}, "Y": {"a": 10, "b": 90}}, "a")) == [None, None]
    assert _shown(_places({"X": {"a": 50, "b": 50}, "Y": {"b": 40}}, "a")) == [50, 0]


def test_a_hidden_segment_is_not_what_the_others_leave():
    # d is of three, whose cell is not known; b is hidden for its sake, and would be told by X, where all others are a or c, but for the three of no place
    counts = {"X": {"a": 60, "b": 30, "c": 40}, "Y": {"a": 20, "c": 25}, "elsewhere": {"d": 3}}
    assert _shown(_places(counts, "b", small=("b", "d"))) == [None, None]
    assert _shown(_places(counts, "a", small=("b", "d"))) == [60, 20]
    # where their place is known, b and d together are the 3 that a and c leave in Y: c goes, 25 and 40, rather than a, 20 and 60
    counts = {"X": {"a": 60, "b": 30, "c": 40}, "Y": {"a": 20, "c": 25, "d": 3}}
    assert _shown(_places(counts, "a", small=("b", "d"))) == [60, 20]
    assert _shown(_places(counts, "c", small=("b", "d"))) == [None, None]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=1, max_size=3).filter(lambda rows: any(map(any, rows))))
def test_no_square_shows_few(rows):
    # nor can they be worked out: see the tests of cell suppression
    counts = {cell: dict(zip("abc", row)) for cell, row in zip("XYZ", rows)}
    shown = np.array([_shown(_places(counts, one)) for one in ["a", "b", "c", ""]], dtype=float)
    assert not ((shown > 0) & (shown < 10)).any()
    # a square whose customers are hidden shows none of them
    assert np.isnan(shown[:, np.isnan(shown[3])]).all()


MOVED = [("a", "a", 50), ("a", "b", 3), ("b", "b", 1), ("c", "c", 12), ("d", "d", 50), ("d", "e", 20), ("e", "e", 60)]


def _moves(role):
    before, after = (pd.Series([move[at] for move in MOVED for _ in range(move[2])]) for at in (0, 1))
    return trace_moves(before, after, role, ("b", "c"))


def test_moves_from_and_to_a_hidden_segment_are_hidden():
    # four are in b, and c is hidden for their sake. That 3 went from a to b is told by those who stayed in a, so these are hidden too
    hidden = _moves("manager")[0].set_index(["before", "after"])["is_suppressed"].unstack()
    assert hidden.loc["b"].all()
    assert hidden["c"].all()
    assert hidden.loc["a", ["a", "b", "c"]].all()
    assert not hidden.loc["d":, "d":].any(axis=None)
    assert not _moves("analyst")[0]["is_suppressed"].any()


def test_how_many_stayed_does_not_tell_a_hidden_move():
    # 173 of 196 stayed: in tens where moves are hidden
    assert _moves("analyst")[1]["value"] == 173 / 196
    assert _moves("manager")[1]["value"] == 170 / 196


@pytest.fixture(scope="module")
def watched_lake():
    return grouped_lake.make_lake(watched=range(3), things=range(500, 515))


@pytest.mark.parametrize("name", ["VIP", "IoT fleet"])
def test_a_hidden_set_has_no_places(watched_lake, name):
    view = view_segments(watched_lake, by="named", segment=name, role="manager")
    everybody = view_segments(watched_lake, by="named", role="manager")
    pd.testing.assert_frame_equal(view.places, everybody.places)
    assert any(f"“{name}”" in one and "hidden" in one for one in view.missing)
    assert not any("hidden" in one for one in everybody.missing)
    page = SegmentState(view, []).places()
    assert f"the share of {name} is hidden" in page
    assert "coloured by the share" not in page


def test_a_map_of_hidden_squares_alone_is_drawn(watched_lake):
    # the three hidden ones live in both squares: thirty roamers of each are hidden with them
    view = view_segments(watched_lake, by="named", segment="roamer", role="manager")
    assert view.places["is_suppressed"].all()
    page = SegmentState(view, []).places()
    assert "share of roamer" in page
    assert page.count("hidden, too few customers in the segment, or outside it") == 3
    assert "nan" not in page


def test_who_may_see_records_sees_where_three_are(watched_lake):
    view = view_segments(watched_lake, by="named", segment="VIP", role="analyst")
    assert _shown(view.places) == [1, 2]
    assert not any("hidden" in one for one in view.missing)


NPS = [Outcome("rec", "NPS", "points", 0, "nps", 1)]


@pytest.mark.parametrize(("answers", "role", "told"), [
    (1, "analyst", [None, 1, "too_few"]), (1, "manager", [None, None, "suppressed"]), (12, "manager", [None, 12, "too_few"]), (40, "manager", [100, 40, "ok"]), (0, "manager", [None, 0, "no_data"])])
def test_an_outcome_of_few_is_nowhere(answers, role, told):
    values = pd.DataFrame({"rec": [10.0] * answers + [np.nan] * (215 - answers)})
    row = hide_few_told(measure_segments(pd.Series(["a"] * 215), values, NPS), NPS, role).iloc[0]
    assert [None if pd.isna(row[name]) else row[name] for name in ("rec", "rec_n", "rec_state")] == told
    assert pd.isna(row["rec_low"]) == pd.isna(row["rec_high"]) == (told[0] is None)


def _told(numbers: list[int], small: tuple[str, ...] = ()) -> pd.DataFrame:
    """What a manager sees of segments of forty, of whom so many answered."""
    labels = pd.Series([name for name in "abcd"[:len(numbers)] for _ in range(40)])
    values = pd.DataFrame({"rec": [one for n in numbers for one in [10.0] * n + [np.nan] * (40 - n)]})
    return hide_few_told(measure_segments(labels, values, NPS), NPS, "manager", small).set_index("segment")


def test_answers_of_few_are_not_what_the_others_leave():
    # 5 of a, 18 of b, 31 of c: of the 54 that a file tells, 49 would leave 5
    shown = _told([5, 18, 31])
    assert [None if pd.isna(one) else one for one in shown["rec_n"]] == [None, None, 31]
    assert shown["rec_state"].tolist() == ["suppressed", "suppressed", "ok"]
    # three and four are few together; nobody's answers are none
    assert _told([3, 4, 12, 30])["rec_n"].dropna().to_dict() == {"d": 30}
    assert _told([0, 12, 30])["rec_n"].to_dict() == {"a": 0, "b": 12, "c": 30}
    # a and b are hidden themselves: the five of them are not told by the others
    assert _told([0, 5, 12, 30], ("a", "b"))["rec_n"].dropna().to_dict() == {"d": 30}


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), st.sets(st.sampled_from("abcd")))
def test_what_a_total_leaves_is_no_few(numbers, small):
    shown = _told(numbers, tuple(small))["rec_n"]
    hidden = [n for n, one in zip(numbers, shown) if pd.isna(one)]
    if hidden:
        # all who answered are hidden, or as many as make a group, of more than one segment
        assert shown.sum() == 0 or (len(hidden) > 1 and sum(numbers) - shown.sum() >= 10)
    assert not shown.between(1, 9).any()


@pytest.fixture
def study_lake(tmp_path, monkeypatch):
    """Of ninety customers one answered 10, and twelve of sixty answered 3."""
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    grouped_study.write_invented(tmp_path / "studies")
    path = tmp_path / "studies" / "answers.csv"
    answers = pd.read_csv(path, dtype=str)
    answers.loc[[*range(1, 90), *range(102, 150)], "Recommend"] = None
    answers.to_csv(path, index=False)
    return cem.open_lake(tmp_path / "lake")


def test_the_published_table_has_no_outcome_of_few(study_lake):
    # how many answered is told of the file, so the twelve are hidden with the one
    for role, numbers, states in (("manager", [None, None], ["suppressed", "suppressed"]), ("analyst", [1, 12], ["too_few", "too_few"])):
        view = view_segments(study_lake, study="invented", role=role)
        table = view.tables["segments"]
        assert table[["nps", "nps_low", "nps_high"]].isna().all(axis=None)
        assert [None if pd.isna(one) else one for one in table["nps_n"]] == numbers
        assert table["nps_state"].tolist() == states
        assert table["satisfaction"].tolist() == [4, 2]
        page = SegmentState(view, []).segments()
        assert ("too few: 12" in page) == (role == "analyst")
        assert ("too few: 1<" in page) == (role == "analyst")


def test_a_median_of_few_is_hidden():
    frame = pd.DataFrame({"gb": [5.0] * 40 + [7.0] * 4 + [np.nan] * 36})
    for role, hidden in (("manager", [False, True]), ("analyst", [False, False])):
        made = profile_segments(frame, pd.Series(["a"] * 40 + ["b"] * 40), [Feature("gb", "behaviour", "GB", "data volume")], role)
        assert made["is_suppressed"].tolist() == made["value"].isna().tolist() == made["strength"].isna().tolist() == hidden


def test_rules_of_few_are_hidden(study_lake, monkeypatch):
    find = reader.find_division

    def with_few(features, used):
        division = find(features, used)
        one, other = division.rules["segment"].iloc[0], next(name for name in division.labels.unique() if name != division.rules["segment"].iloc[0])
        rules = pd.DataFrame({"segment": [one, one, other, other], "rule": ["p", "q", "r", "s"], "n": [30, 12, 6, 40], "precision": [1.0, 0.5, 0.5, 0.9], "coverage": [0.6, 0.1, 0.1, 0.7]})
        return dataclasses.replace(division, rules=rules, odd=5)

    monkeypatch.setattr(reader, "find_division", with_few)
    view = view_segments(study_lake, study="invented", role="manager")
    # the 12 go with the 6: how many meet some rule is shown
    rules = view.tables["segment_rules"].set_index("rule")
    assert rules["is_suppressed"].to_dict() == {"p": False, "q": True, "r": True, "s": False}
    assert rules.loc[["q", "r"], ["n", "precision", "coverage"]].isna().all(axis=None)
    assert view.counts["odd"] is None
    page = SegmentState(view, [])
    assert page.rules().count("<small>hidden</small>") == 2
    assert "unlike any segment: hidden" in page.cards()
    seen = view_segments(study_lake, study="invented", role="analyst")
    assert seen.rules["n"].tolist() == [30, 12, 6, 40]
    assert "of 6" in SegmentState(seen, []).rules()
    assert "5 unlike any segment" in SegmentState(seen, []).cards()


def test_rules_of_a_hidden_segment_keep_no_number(study_lake, monkeypatch):
    # of ninety and sixty both are hidden where a hundred make a group
    monkeypatch.setenv("CEM_MINIMUM_GROUP", "70")
    view = view_segments(study_lake, study="invented", role="manager")
    assert view.segments["is_suppressed"].all()
    assert len(view.rules) > 1
    assert view.rules[["n", "precision", "coverage"]].isna().all(axis=None)
