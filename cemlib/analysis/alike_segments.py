"""Segments for which the same things matter alike are one for whoever acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from cemlib.analysis.columns import read_numbers
from cemlib.errors import ParameterError

__all__ = ["AlikeSegments", "merge_alike"]


@dataclass(frozen=True)
class AlikeSegments:
    """Which segments were merged.

    Attributes
    ----------
    names : dict
        Segment to what it belongs to now.
    labels : Series
        Of each customer.
    pairs : DataFrame
        ``one``, ``two``, ``p`` (that so different effects come by chance), ``n``; of the segments that are left.
    effects : DataFrame
        Effect of a standard deviation of each driver by segment that is left.
    too_few : tuple
        Segments with too few customers to tell: they stay as they are.
    n : int
    method : str
    parameters : dict
    claim : str
        ``"association"``.
    """

    names: dict
    labels: pd.Series
    pairs: pd.DataFrame
    effects: pd.DataFrame
    too_few: tuple
    n: int
    method: str = "Wald test of equal slopes, heteroscedasticity allowed for, Bonferroni over pairs"
    parameters: dict = field(default_factory=dict)
    claim: str = "association"


def merge_alike(X: pd.DataFrame, outcome: pd.Series, segment: pd.Series, drivers: Sequence[str], *, alpha: float = 0.05) -> AlikeSegments:
    """Merge segments whose drivers' effects on an outcome are not shown to differ.

    Parameters
    ----------
    X : DataFrame
        The drivers, among others.
    outcome : Series
        Satisfaction, say, on the index of ``X``.
    segment : Series
        Of each customer, on the same index.
    drivers : sequence of str
    alpha : float
        Two segments stay apart when effects so different come by chance no more often than this, over all pairs.

    Raises
    ------
    ParameterError
        For indexes that differ, no drivers, or no segment with enough customers.

    Notes
    -----
    Own rule: the pair with the largest p is merged first, and all is reckoned anew. The levels may differ: who is less satisfied, but for the same
    reasons, needs the same. Segments of few customers are easily not shown to differ; look at ``n``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X = pd.DataFrame({"quality": rng.normal(size=600)})
    >>> segment = pd.Series(["a", "b", "c"] * 200)
    >>> outcome = X["quality"] * segment.map({"a": 1.0, "b": 1.0, "c": -1.0}) + rng.normal(size=600)
    >>> merge_alike(X, outcome, segment, ["quality"]).names
    {'a': 'a + b', 'b': 'a + b', 'c': 'c'}
    """
    if not drivers or not 0 < alpha < 1:
        raise ParameterError("There are no drivers, or alpha is no share.", wanted="a driver at least, 0 < alpha < 1", came=f"{list(drivers)}, {alpha}")
    if not (X.index.equals(outcome.index) and X.index.equals(segment.index)):
        raise ParameterError("Features, outcome and segments are not of the same customers.", wanted="one index")
    numbers = read_numbers(X.assign(_outcome=outcome), [*drivers, "_outcome"]).assign(_segment=segment).dropna()
    spread = numbers[list(drivers)].std()
    if not (spread > 0).all():
        raise ParameterError(f"Driver {spread.index[~(spread > 0)][0]!r} is the same for all customers.", todo="Leave it out.")
    numbers[list(drivers)] = (numbers[list(drivers)] - numbers[list(drivers)].mean()) / spread
    least = 5 * (len(drivers) + 1)
    parts = {(name,): part for name, part in numbers.groupby("_segment") if len(part) >= least and (part[list(drivers)].std() > 0).all()}
    if not parts:
        raise ParameterError("No segment has enough customers.", wanted=f"{least} with all drivers and an outcome", came=f"{len(numbers)} in all")
    few = tuple(name for name in segment.dropna().unique() if (name,) not in parts)
    while True:
        slopes = {names: _slopes(part, list(drivers)) for names, part in parts.items()}
        pairs = pd.DataFrame([(one, two, _differ(slopes[one], slopes[two]), len(parts[one]) + len(parts[two])) for one, two in combinations(parts, 2)],
                             columns=["one", "two", "p", "n"])
        pairs["p"] = np.minimum(pairs["p"] * len(pairs), 1.0)
        if pairs.empty or pairs["p"].max() <= alpha:
            break
        one, two = pairs.loc[pairs["p"].idxmax(), ["one", "two"]]
        joined = pd.concat([parts[one], parts[two]])
        # each segment keeps its own level: only the slopes are compared
        parts = {names: part for names, part in parts.items() if names not in (one, two)} | {tuple(sorted(one + two, key=str)): joined}
    called = {names: " + ".join(map(str, names)) for names in parts}
    names = {name: called[group] for group in called for name in group} | {name: name for name in few}
    names = dict(sorted(names.items(), key=lambda item: str(item[0])))
    effects = pd.DataFrame({called[group]: found[0] for group, found in slopes.items()}, index=list(drivers)).T
    return AlikeSegments(names, segment.map(names), pairs.assign(one=pairs["one"].map(called), two=pairs["two"].map(called)), effects, few, len(numbers),
                         parameters={"alpha": alpha, "drivers": list(drivers)})


def _slopes(part: pd.DataFrame, drivers: list[str]) -> tuple[np.ndarray, np.ndarray, int]:
    """Effects within the segments of a part, their covariance (White 1980, HC1), and degrees of freedom."""
    own = part.groupby("_segment")[[*drivers, "_outcome"]]
    within = part[[*drivers, "_outcome"]] - own.transform("mean")
    design, outcome = within[drivers].to_numpy(), within["_outcome"].to_numpy()
    inverse = np.linalg.pinv(design.T @ design)
    slope = inverse @ design.T @ outcome
    free = max(len(part) - len(drivers) - part["_segment"].nunique(), 1)
    rest = (outcome - design @ slope)[:, None] * design
    return slope, inverse @ (rest.T @ rest) @ inverse * len(part) / free, free


def _differ(one: tuple[np.ndarray, np.ndarray, int], two: tuple[np.ndarray, np.ndarray, int]) -> float:
    gap = one[0] - two[0]
    wald = float(gap @ np.linalg.pinv(one[1] + two[1]) @ gap) / gap.size
    return float(f_distribution.sf(wald, gap.size, min(one[2], two[2])))
