"""What a manager gets of the what-if: no figure of a few customers, and none that could be worked out from the others."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from cemwidgets.whatif import WhatIfState
from cemwidgets.whatif.tables import corners_table
from scipy.optimize import linprog

import cemlib as cem
from cemlib.analysis.expectation import PriceOfQuality
from cemlib.usecases import what_if_satisfaction
from cemlib.usecases.whatif.small_groups import SmallGroups

#: Customers by region; the twelve of the town are hidden too, or one and eight would be told to be nine.
SIZES = {"hut": 1, "village": 8, "town": 12, "city": 100}
HIDDEN = {"hut", "village", "town"}
STUDY = """
title: Groups of few
source: {file: few.csv, rating: rating, customer: who}
features:
  stalls: {label: Stalls, better: -1, lever: add, low: -2, high: 2, step: 0.5, cost: 3}
  mbps: {label: Speed, unit: Mbit/s, better: 1}
groups: [region, plan]
edges: [stalls -> outcome, mbps -> outcome]
"""


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """What a manager gets who chooses all, and then each level of each group, with all of these kept."""
    folder = tmp_path_factory.mktemp("few")
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(121), 2)
    stalls, mbps = rng.normal(1, 1, 242), rng.uniform(5, 40, 242)
    frame = pd.DataFrame({"who": who, "rating": np.clip(3.2 - 0.4 * stalls + 0.01 * mbps + rng.normal(0, 0.3, 242), 1, 5), "stalls": stalls, "mbps": mbps,
                          "region": np.repeat(list(SIZES), [2 * one for one in SIZES.values()]), "plan": np.where(who % 3 == 0, "flat", "used")})
    (folder / "studies").mkdir()
    frame.to_csv(folder / "studies" / "few.csv", index=False)
    (folder / "studies" / "few.yaml").write_text(STUDY)
    chosen = ["all", *(f"region={one}" for one in SIZES), "plan=flat", "plan=used"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CEM_LAKE", str(folder / "lake"))
        view = what_if_satisfaction(cem.open_lake(folder / "lake"), study="few", role="manager", changes="stalls-0.5", saved="|".join(f"{one}~stalls-0.5" for one in chosen[1:]))
        yield {one: view.show(one, {"stalls": -0.5}) for one in chosen}


def _is_of_few(who: str) -> bool:
    return who.partition("=")[2] in HIDDEN


def test_no_table_has_a_figure_of_a_few(views):
    seen = set()
    for view in views.values():
        for name, table in view.tables.items():
            if "group" in table:
                rows = table[table["segment"].isin(HIDDEN) & (table["group"] == "region")]
                figures = rows.drop(columns=[one for one in ("group", "segment", "driver", "improvement", "state") if one in rows])
                assert figures.isna().all(axis=None), name
                assert set(rows["state"]) <= {"suppressed"}
                seen |= {name} if len(rows) else set()
    assert seen == {"compared", "drivers_by_level", "improvements_first"}


def test_of_a_few_who_are_chosen_there_is_no_figure_at_all(views):
    for who, view in views.items():
        assert {name: one for name, one in view.figures.items() if not name.startswith("driver_") and not pd.isna(one)} == {} if _is_of_few(who) else view.figures["n_customers"] > 10
        kept = view.tables["scenarios"].set_index("who")
        for level in HIDDEN:
            assert kept.drop(columns=["changes", "claim", "state"]).loc[[f"region {level}"]].isna().all(axis=None)
            assert set(kept["claim"].loc[[f"region {level}"]]) == {""}
        if _is_of_few(who):
            assert view.answer[0].startswith(f"**Hidden:** nothing is shown of region {who.partition('=')[2]}")
            assert "compared" not in view.tables
            assert view.tables["importance"][["n_customers", "importance", "low", "high", "performance", "extrapolation_share", "split"]].isna().all(axis=None)
            assert view.about("Stalls")[0].startswith("Hidden")
    assert {one for one, _ in views["all"].choices["who"]} == {"all", "region=city", "plan=flat", "plan=used"}


def test_no_page_has_a_figure_of_a_few(views):
    for who, view in views.items():
        state = WhatIfState(view)
        for part in (state.compared, state.first, state.by_level, state.scenarios):
            for row in re.findall(r"<tr.*?</tr>", part(), re.DOTALL):
                words = re.sub(r"<[^>]*>", " ", row)
                if any(level in words for level in HIDDEN):
                    assert not re.search(r"\d", words.replace("Stalls −0.5", "")), words
        if _is_of_few(who):
            assert state.cards() == ""
            assert "hidden" in state.importance()


@pytest.mark.parametrize("count", ["n_customers", "n"])
def test_no_count_of_a_few_can_be_worked_out_by_subtraction(views, count):
    """From all that is shown a reader knows equations of the counts of the region and plan: each that is small may still be ten, for all that they say."""
    true = pd.crosstab(views["all"].ratings.groups["region"], views["all"].ratings.groups["plan"]) // (2 if count == "n_customers" else 1)
    cells = {cell: place for place, cell in enumerate((region, plan) for region in true.index for plan in true.columns)}
    known: list[tuple[list, float]] = []
    for who, view in views.items():
        group, _, level = who.partition("=")
        inside = [cell for cell in cells if group == "all" or level in cell]
        whole = view.figures["n_customers" if count == "n_customers" else "n_ratings"]
        known += [] if whole is None else [(inside, whole)]
        for name in ("compared", "drivers_by_level", "improvements_first"):
            # all of drivers and of improvements are told whoever is chosen
            part = inside if name == "compared" else list(cells)
            table = view.tables.get(name, pd.DataFrame(columns=["segment", count]))
            known += [([cell for cell in part if row["segment"] in cell], row[count]) for _, row in table.iterrows() if count in table and not pd.isna(row[count])]
    sums = np.array([[cell in part for cell in cells] for part, _ in known], dtype=float)
    told = np.array([value for _, value in known], dtype=float)
    assert np.allclose(sums @ true.to_numpy().ravel(), told)
    regions = {region: [region == cell[0] for cell in cells] for region in SIZES}
    secret = [np.eye(len(cells))[place] for cell, place in cells.items() if 0 < true.loc[cell] < 10] + [np.array(regions[one], float) for one in ("hut", "village")]
    for one in secret:
        found = linprog(-one, A_eq=sums, b_eq=told)
        assert found.status == 0
        assert -found.fun >= 10
    # the few together are not few
    together = np.sum([regions[one] for one in HIDDEN], axis=0)
    assert together @ true.to_numpy().ravel() >= 10
    assert len(known) > 8


def _small(counts: dict[str, list[int]], gaps: int = 0, role: str = "manager") -> SmallGroups:
    """Customers by region and by plan a, b, c; the first of them have no speed."""
    rows = [(region, plan) for region, of in counts.items() for plan, n in zip("abc", of, strict=True) for _ in range(n)]
    groups = pd.DataFrame(rows, columns=["region", "plan"], dtype="category")
    return SmallGroups(pd.DataFrame({"mbps": np.where(np.arange(len(rows)) < gaps, np.nan, 1.0)}), groups, pd.Series(range(len(rows))), role)


def test_within_a_level_the_few_of_another_group_are_hidden_whichever_is_chosen():
    # the example of cell suppression: of Y and b are 4; the 12 beside it, and the 20 and 15 below, would tell them
    counts = {"X": [60, 37, 30], "Y": [50, 4, 12], "Z": [40, 20, 15]}
    small = _small(counts)
    assert small.levels("region") == small.levels("plan") == frozenset()
    assert [sorted(small.within(f"region={one}", "plan")) for one in "XYZ"] == [[], ["b", "c"], ["b", "c"]]
    assert [sorted(small.within(f"plan={one}", "region")) for one in "abc"] == [[], ["Y", "Z"], ["Y", "Z"]]
    assert _small(counts, role="analyst").within("region=Y", "plan") == frozenset()


def test_few_who_have_all_that_is_needed_are_hidden_where_it_is():
    small = _small({"X": [12, 0, 0], "Y": [0, 40, 0], "Z": [0, 0, 60]}, gaps=5)
    assert small.levels("region") == frozenset()
    # seven of twelve have a speed
    assert small.levels("region", ["mbps"]) == {"X", "Y"}
    assert small.is_hidden("region=X", ["mbps"])
    assert not small.is_hidden("region=X")


def test_nothing_is_shown_of_a_study_of_a_few():
    assert _small({"X": [3, 3, 3]}).is_hidden("all")
    assert not _small({"X": [3, 3, 4]}).is_hidden("all")


def test_where_few_ratings_are_near_a_corner_it_has_no_figure(views):
    corners = pd.DataFrame({"quality": ["low", "high"], "price": "low", "expected": [3.5, 4.0], "low": [3.4, 3.9], "high": [3.6, 4.1], "n": [9, 10]})
    weighed = PriceOfQuality(0.1, 0.0, 0.2, "", corners, 242, 121)
    shown = views["all"].corners(weighed)
    assert shown.loc[0, ["expected", "low", "high", "n"]].isna().all()
    assert shown.loc[1, ["expected", "n"]].tolist() == [4.0, 10]
    page = corners_table(shown, "Speed", "Price")
    assert "hidden" in page
    assert "3.50" not in page
    assert ">10<" in page
