"""Which of two series precedes the other: Granger's test in both directions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import f as f_distribution
from statsmodels.tsa.stattools import grangercausalitytests

from cemlib.errors import ParameterError

__all__ = ["Precedence", "find_precedence"]


@dataclass(frozen=True)
class Precedence:
    """Whether the past of one series says more about the other than the other's own past.

    Attributes
    ----------
    verdict : str
        ``"left precedes right"``, ``"right precedes left"``, ``"both"`` or ``"neither"``. To precede is not to cause.
    p_left, p_right : float
        That left says nothing about the right to come, and the other way about.
    n, order : int
        Bins and bins of the past that were used.
    method : str
    parameters : dict
    claim : str
    """

    verdict: str
    p_left: float
    p_right: float
    n: int
    order: int
    method: str = "Granger (1969), F test of nested regressions, Holm over both directions"
    parameters: dict = field(default_factory=dict)
    claim: str = "association"


def find_precedence(left: np.ndarray, right: np.ndarray, order: int, alpha: float = 0.05, spent: int = 0) -> Precedence:
    """Ask which of two series comes first.

    Parameters
    ----------
    left, right : ndarray (bins,)
        Without season; NaN is missing, and only the longest stretch that both have is used.
    order : int
        Bins of the past.
    alpha : float
    spent : int
        Coefficients of a season that were taken out of both before.

    Raises
    ------
    ParameterError
        Where the longest stretch without gaps is too short.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=400)
    >>> find_precedence(x, np.r_[0, 0, x[:-2]] + rng.normal(size=400), 3).verdict
    'left precedes right'
    """
    both = np.isfinite(left) & np.isfinite(right)
    edges = np.flatnonzero(np.diff(np.r_[0, both.astype(int), 0]))
    stretches = edges.reshape(-1, 2)
    begin, end = max(stretches, key=lambda one: one[1] - one[0]) if len(stretches) else (0, 0)
    n = int(end - begin)
    if n < 5 * order + 20 + spent:
        raise ParameterError("Too few bins without a gap to say what precedes.", wanted=f"{5 * order + 20 + spent} for {order} bins of the past and the season", came=str(n))
    x, y = left[begin:end], right[begin:end]
    p_left, p_right = (_probability(np.column_stack(pair), order, spent) for pair in ((y, x), (x, y)))
    small, large = sorted((p_left, p_right))
    first, second = small <= alpha / 2, small <= alpha / 2 and large <= alpha
    verdict = "neither" if not first else "both" if second else "left precedes right" if p_left < p_right else "right precedes left"
    return Precedence(verdict, p_left, p_right, n, order, parameters={"alpha": alpha})


def _probability(pair: np.ndarray, order: int, spent: int) -> float:
    """That the second column says nothing about the first; the season's coefficients are taken off the degrees of freedom."""
    ratio, _, freedom, restrictions = grangercausalitytests(pair, [order])[order][0]["ssr_ftest"]
    left = freedom - spent
    return float(f_distribution.sf(ratio * left / freedom, restrictions, left))
