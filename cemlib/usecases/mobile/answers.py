"""The ratings, counted: by operator, technology, place, state, category, score and by who gave them."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.lake import collect_frame
from cemlib.privacy import SUPPRESSED, suppress_small_groups
from cemlib.usecases.mobile.clumping import effective_count, mean_interval, measure_agreement, share_interval
from cemlib.usecases.mobile.expectation import expected_share, split_shift
from cemlib.usecases.mobile.selection import UNKNOWN

__all__ = ["FACTORS", "QUESTION", "Clumps", "complaints_of", "count_answers", "hide_small", "judge_against", "judge_cells", "judge_levels"]

#: The question whose answers the view is about: 1 (worst) to 5 (best).
QUESTION = "call_rating_5"
SCALE = (1.0, 5.0)
DISSATISFIED = 2
TOP_BOX = 4
FACTORS = ("operator", "technology", "place", "state")
#: A cell is judged from this many answers on, which must be worth at least so many separate ones.
MINIMUM_ANSWERS = 30
MINIMUM_SEPARATE = 5
_COLUMNS = {"operator_name": "operator", "rat_code": "technology", "place_code": "place", "region_name": "state",
            "answered_category_code": "category", "time_grain_code": "grain", "month_date": "month", "day_date": "day"}


def count_answers(answers: nw.LazyFrame) -> pd.DataFrame:
    """Count the answers to the rating question.

    Parameters
    ----------
    answers : narwhals.LazyFrame
        The table ``survey_answer`` with the lake's bucket columns.

    Returns
    -------
    DataFrame
        operator, technology, place, state, category ("unknown" where the source says nothing), score, grain, month, day,
        latitude_deg, longitude_deg (to 0.01 degree, about 1 km), subscriber_key, ``n``.
    """
    keys = [*_COLUMNS, "score_value", "latitude_deg", "longitude_deg", "subscriber_key"]
    counted = (
        answers.filter(nw.col("question_code") == QUESTION)
        .with_columns(nw.col("latitude_deg").round(2), nw.col("longitude_deg").round(2))
        .group_by(*keys).agg(nw.len().alias("n"))
    )
    frame = collect_frame(counted).rename(columns={**_COLUMNS, "score_value": "score"})
    for one in ("operator", "technology", "place", "state", "category"):
        frame[one] = frame[one].astype("str").where(frame[one].notna(), UNKNOWN)
    frame["bad"] = frame["n"].where(frame["score"] <= DISSATISFIED, 0)
    frame["clump"] = _clump_names(frame)
    for one in (*FACTORS, "category", "clump"):
        frame[one] = frame[one].astype("category")
    # one order whatever the engine's threads did: floating sums, and thus the result hash, are then equal from run to run
    return frame.sort_values([*FACTORS, "category", "score", "clump", "day"], kind="stable", ignore_index=True)


def _clump_names(frame: pd.DataFrame) -> pd.Series:
    """Who gave the answer: the subscriber, else operator and square; missing where neither is known."""
    square = frame["operator"] + " " + frame["latitude_deg"].astype("str") + " " + frame["longitude_deg"].astype("str")
    name = square.where(frame["latitude_deg"].notna() & frame["longitude_deg"].notna(), None)
    return frame["subscriber_key"].astype("object").where(frame["subscriber_key"].notna(), name)


class Clumps:
    """How strongly answers come in clumps, measured once and applied to every figure of the view.

    Parameters
    ----------
    counted : DataFrame
        From :func:`count_answers`.
    role : str, optional
        Whose eyes the figures are for (see :mod:`cemlib.privacy`); the settings' by default.

    Attributes
    ----------
    agreement : float
        See :func:`cemlib.usecases.mobile.clumping.measure_agreement`.
    answers, named, clumps : int
        All answers, those whose giver or square is known, and how many givers or squares there are.
    usual_size : float
        How many answers, on average over the answers, come from the giver or square of one answer.
    separate : float
        How many separate answers all answers are worth.
    """

    def __init__(self, counted: pd.DataFrame, role: str | None = None) -> None:
        self.role = role
        work = counted.assign(expected=expected_share(counted, ["operator", "technology", "place"]))
        named = work[work["clump"].notna()]
        by_clump = named.groupby(["clump", "expected"])[["n", "bad"]].sum().reset_index()
        self.agreement = measure_agreement(by_clump) if len(by_clump) else 0.0
        self.answers, self.named = int(counted["n"].sum()), int(named["n"].sum())
        self.clumps = int(named["clump"].nunique())
        sizes = named.groupby("clump")["n"].sum()
        self.usual_size = float((sizes**2).sum() / sizes.sum()) if len(sizes) else 1.0
        self.separate = float(self.measure(counted.assign(_all=1), ["_all"])["separate"].sum()) if len(counted) else 0.0

    def measure(self, counted: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
        """Count and judge the answers by some columns; see :func:`judge_levels` for the columns of the result."""
        keys = list(by)
        moments = counted.assign(_sum=counted["n"] * counted["score"], _square=counted["n"] * counted["score"] ** 2,
                                 _top=counted["n"].where(counted["score"] >= TOP_BOX, 0))
        made = moments.groupby(keys, sort=False)[["n", "bad", "_top", "_sum", "_square"]].sum()
        sizes = counted[counted["clump"].notna()].groupby([*keys, "clump"], sort=False)["n"].sum()
        sizes = sizes.to_frame("size").assign(square=lambda one: one["size"] ** 2).groupby(level=keys)
        made["clumps"] = sizes.size().reindex(made.index).fillna(0).astype(int)
        people = counted[counted["subscriber_key"].notna()].groupby(keys, sort=False)["subscriber_key"].nunique()
        made["subscribers"] = people.reindex(made.index).fillna(0).astype("int64")
        clumped = sizes["size"].sum().reindex(made.index).fillna(0)
        made["largest_ratio"] = sizes["size"].max().reindex(made.index) / made["n"]
        squares = sizes["square"].sum().reindex(made.index).fillna(0)
        # where most givers are unknown, the answers are taken to come together as all answers do
        strange = clumped < made["n"] / 2
        usual = np.minimum(self.usual_size, made["n"]) * made["n"]
        made["separate"] = effective_count(made["n"], clumped.mask(strange, made["n"]), squares.mask(strange, usual), self.agreement)
        made["score_mean"] = made["_sum"] / made["n"]
        spread = np.sqrt((made["_square"] / made["n"] - made["score_mean"] ** 2).clip(lower=0) * made["n"] / (made["n"] - 1).clip(lower=1))
        made["score_low"], made["score_high"] = mean_interval(made["score_mean"], spread, made["separate"], SCALE)
        made["bad_ratio"], made["top_ratio"] = made["bad"] / made["n"], made["_top"] / made["n"]
        made["bad_low"], made["bad_high"] = share_interval(made["bad_ratio"], made["separate"])
        made["top_low"], made["top_high"] = share_interval(made["top_ratio"], made["separate"])
        few = made["n"] < MINIMUM_ANSWERS
        made["state_code"] = np.select([few, made["separate"] < MINIMUM_SEPARATE], ["too_few", "few_givers"], "ok")
        made = made.drop(columns=["_top", "_sum", "_square"]).reset_index()
        return _plain(made, keys)


def _plain(made: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The grouping columns as text again: a result is read, joined and exported, not grouped."""
    for one in names:
        if isinstance(made[one].dtype, pd.CategoricalDtype):
            made[one] = made[one].astype("str")
    return made


def judge_levels(counted: pd.DataFrame, dimension: str, clumps: Clumps) -> pd.DataFrame:
    """The levels of one dimension: those with more dissatisfied answers than their mix explains stand first.

    Returns
    -------
    DataFrame
        ``dimension``, n, bad, score_mean with low and high, bad_ratio, top_ratio with low and high, clumps (givers or
        squares), largest_ratio (share of the largest), separate (answers' worth), state_code (ok, too_few, few_givers),
        expected_ratio, mix_point, rate_point, excess (dissatisfied answers beyond expectation), verdict (above, within, below).
    """
    made = clumps.measure(counted, [dimension])
    made = made.merge(split_shift(counted, dimension, FACTORS), left_on=dimension, right_index=True)
    return _ranked(hide_small(_judged(made), clumps.role), [dimension])


def judge_against(counted: pd.DataFrame, by: Sequence[str], clumps: Clumps, expected: pd.Series) -> pd.DataFrame:
    """Groups of answers against a given expectation of each answer; what most of the dissatisfied name stands beside.

    Parameters
    ----------
    expected : Series
        Share by row of ``counted``.

    Returns
    -------
    DataFrame
        As :func:`judge_levels` without the two shifts, with ``complaint`` and ``complaint_ratio`` (of the dissatisfied).
    """
    made = clumps.measure(counted, by)
    weighed = counted.assign(_e=expected.reindex(counted.index) * counted["n"]).groupby(list(by), sort=False)[["_e", "n"]].sum()
    made = made.merge(_plain((weighed["_e"] / weighed["n"]).rename("expected_ratio").reset_index(), list(by)), on=list(by))
    made = _judged(made.merge(_main_complaint(counted, by), on=list(by), how="left"))
    return _ranked(hide_small(made, clumps.role), list(by))


def judge_cells(counted: pd.DataFrame, clumps: Clumps, expected: pd.Series) -> pd.DataFrame:
    """Operator x technology x place x state: where there are more dissatisfied answers than the first three explain.

    Answers that name no state are left out of the list (they cannot be placed), not of the expectation. Those above
    expectation stand first, by ``certain_excess``: the dissatisfied answers beyond it even at the lower end of the interval.
    """
    return judge_against(counted[counted["state"] != UNKNOWN], FACTORS, clumps, expected)


def hide_small(made: pd.DataFrame, role: str | None) -> pd.DataFrame:
    """Hide from a manager what fewer than k customers answered (answers that name no customer have nobody to protect)."""
    figures = [one for one in made.columns if one not in (*FACTORS, "subscribers", "state_code", "verdict", "all", "latitude_deg", "longitude_deg", "side_deg")]
    # "state" is a place here and the state of a figure there
    hidden = suppress_small_groups(made.rename(columns={"state": "_place"}), role, figures=figures, total_shown=True).rename(columns={"_place": "state"})
    small = hidden.pop("is_suppressed")
    hidden["state_code"] = hidden["state_code"].mask(small, SUPPRESSED)
    if "verdict" in hidden:
        hidden["verdict"] = hidden["verdict"].mask(small, "not_judged")
    return hidden


def _ranked(made: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Above expectation first, by what is certain of it; then by the lower bound; what cannot be judged or placed last."""
    rank = made["verdict"].map({"above": 0, "not_judged": 2}).fillna(1).mask(made[names[-1]] == UNKNOWN, 3)
    worth = made["certain_excess"].where(rank == 0, made["bad_low"])
    order = made.assign(_rank=rank, _worth=worth).sort_values(["_rank", "_worth", *names], ascending=[True, False, *[True] * len(names)])
    return order.drop(columns=["_rank", "_worth"]).reset_index(drop=True)


def _judged(made: pd.DataFrame) -> pd.DataFrame:
    made["excess"] = made["bad"] - made["n"] * made["expected_ratio"]
    made["certain_excess"] = made["n"] * (made["bad_low"] - made["expected_ratio"])
    above, below = made["bad_low"] > made["expected_ratio"], made["bad_high"] < made["expected_ratio"]
    made["verdict"] = np.select([made["state_code"] != "ok", above, below], ["not_judged", "above", "below"], "within")
    made.loc[made["state_code"] != "ok", "certain_excess"] = np.nan
    return made


def _main_complaint(counted: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """What most of the dissatisfied name, and their share of the dissatisfied."""
    bad = counted[(counted["bad"] > 0) & (counted["category"] != UNKNOWN)]
    named = bad.groupby([*by, "category"], sort=True)["bad"].sum().reset_index()
    named["complaint_ratio"] = named["bad"] / named.groupby(list(by))["bad"].transform("sum")
    first = named.sort_values("bad", ascending=False, kind="stable").drop_duplicates(list(by))
    return _plain(first.rename(columns={"category": "complaint"}).drop(columns="bad"), [*by, "complaint"])


def complaints_of(counted: pd.DataFrame) -> pd.DataFrame:
    """How the answers spread over the categories and the five ratings.

    Returns
    -------
    DataFrame
        ``category``, ``rating_1`` to ``rating_5``, ``n``, ``bad``, ``bad_share_ratio`` (of all dissatisfied answers),
        ``score_mean``; most dissatisfied answers first.
    """
    spread = counted.pivot_table(index="category", columns="score", values="n", aggfunc="sum", fill_value=0).reindex(columns=[1.0, 2.0, 3.0, 4.0, 5.0], fill_value=0)
    made = spread.set_axis([f"rating_{score}" for score in range(1, 6)], axis=1).astype("int64").reset_index()
    totals = counted.assign(_sum=counted["n"] * counted["score"]).groupby("category")[["n", "bad", "_sum"]].sum().reset_index()
    made = made.merge(totals, on="category")
    made = _plain(made, ["category"])
    made["bad_share_ratio"] = made["bad"] / max(made["bad"].sum(), 1)
    made["score_mean"] = made["_sum"] / made["n"]
    return made.drop(columns="_sum").sort_values(["bad", "n", "category"], ascending=[False, False, True], ignore_index=True)
