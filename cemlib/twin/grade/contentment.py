"""Grading of the satisfaction index: whether it ranks customers low who were made unhappy, beside what could be known at best and at least."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from sklearn.metrics import roc_auc_score

from cemlib.twin.grade.asking import Asking
from cemlib.twin.grade.cases import draw_case
from cemlib.twin.grade.marks import Mark, share, spread

__all__ = ["grade_index"]

# of ten points of willingness to recommend: whoever lost so many to what was planted was made unhappy
_LOST_POINTS = 0.5


def grade_index(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """Two kinds of planted discontent, weak signal and a dearer tariff; and the same customers where nothing was done."""
    name, found = "satisfaction_index", {"index": [], "plain": [], "oracle": [], "null": []}
    # what is usual is learnt from bills and days before the window: fewer customers, three times as long
    size = {"subscribers": max(size["subscribers"] // 3, 500), "days": 3 * size["days"]}
    for number in range(runs):
        made_unhappy = None
        for effects in (True, False):
            answer, customers = asking.of_customers("index", draw_case("unhappy_customers", seed=seed, number=number, effects=effects, **size))
            scores = pd.DataFrame.from_dict(answer["scores"], orient="index").join(customers, how="inner")
            if effects:
                lost = customers["satisfaction_no_effect"] - customers["satisfaction"]
                made_unhappy = lost.index[lost >= _LOST_POINTS]
            is_unhappy = scores.index.isin(made_unhappy)
            if not 0 < is_unhappy.sum() < len(scores):
                continue
            values = {"index": scores["score"], "plain": scores["plain"], "oracle": scores["satisfaction"]} if effects else {"null": scores["score"]}
            for what, column in values.items():
                found[what].append(float(roc_auc_score(is_unhappy, -column)))
    yield spread(name, "customers made unhappy rank below the others (AUC)", found["index"], at_least=0.65)
    yield spread(name, "the same of true satisfaction, temper and all (oracle)", found["oracle"])
    yield spread(name, "the same of the plain mean of the KPIs (baseline)", found["plain"])
    yield share(name, "the index ranks them better than the baseline", sum(one > other for one, other in zip(found["index"], found["plain"])), len(found["index"]), at_least=0.8)
    yield spread(name, "the same customers where nothing was done to them (AUC)", found["null"], at_most=0.57)
