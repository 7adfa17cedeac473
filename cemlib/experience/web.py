"""Web browsing: from how long a page took to MOS, ITU-T G.1030."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cemlib.errors import ParameterError
from cemlib.experience.inputs import Limit, compute_rows
from cemlib.experience.score import Score

__all__ = ["score_page_load"]

_LIMITS = {"session_s": Limit("s", "time of the web session", 0, math.inf, 0, math.inf)}


def score_page_load(session_s: Any, best_s: float = 0.67, worst_s: float = 6.0) -> Score:
    """MOS of web sessions by their duration, ITU-T G.1030 (02/2014) equation II-2, read where an open source cites it.

    ``MOS = 4 / ln(best / worst) (ln t - ln best) + 5``, held within 1 and 5.

    Parameters
    ----------
    session_s : number or column
        From the click to the end of the last download of the task.
    best_s, worst_s : float
        The duration that scores 5 and the one that scores 1. They follow from what users expect: the Recommendation has
        (0.67, 6) where a page of a fast network is expected, and the text read here also names (2.16, 155), (30, 155) and
        (60, 155).

    Raises
    ------
    ParameterError
        When ``0 < best_s < worst_s`` does not hold, or for a single time that is negative.

    Notes
    -----
    The Recommendation lets the last page weigh more in a session of several; its weights were not found, so none are made
    up here.

    Examples
    --------
    >>> score_page_load([0.67, 2, 6, -1, None]).values.round(3).tolist()
    [5.0, 3.005, 1.0, nan, nan]
    """
    if not 0 < best_s < worst_s < math.inf:
        raise ParameterError("best_s is the time that scores 5, worst_s the one that scores 1.", wanted="0 < best_s < worst_s",
                             came=f"best_s = {best_s}, worst_s = {worst_s}")
    steepness = 4 / math.log(best_s / worst_s)

    def score(session_s):
        # faster than the best is the best: held before the logarithm, so that 0 s has one
        held = np.clip(session_s, best_s, worst_s)
        return {"mos": np.clip(steepness * (np.log(held) - math.log(best_s)) + 5, 1.0, 5.0)}

    found, counts = compute_rows(score, {"session_s": session_s}, _LIMITS, outputs=("mos",))
    return Score(found["mos"], "g1030", f"MOS, web session, expectation {best_s:g} to {worst_s:g} s", "MOS", 1.0, 5.0, counts)
