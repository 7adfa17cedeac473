"""From a mean opinion to how many are dissatisfied: users differ, and a MOS of 3.5 hides one in five who find it poor.

SOS hypothesis (Hossfeld, Schatz, Egger 2011): the variance of ratings is ``a (MOS - 1)(5 - MOS)`` with one parameter a for a
service. Ratings of one condition then follow a Beta distribution on 1 … 5 of that mean and variance. Formulas read and run in
the authors' open implementation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import betainc

from cemlib.errors import ParameterError
from cemlib.experience.inputs import Limit, compute_rows, read_values

__all__ = ["SOS_DEFAULT", "RatingSpread", "fit_sos", "spread_ratings"]

#: The SOS parameter where none was fitted: in the middle of published ones (web 0.3, video streaming 0.2; from memory).
SOS_DEFAULT = 0.25

_GOOD, _POOR = 3.5, 2.5
_LIMITS = {"mos": Limit("", "mean opinion score", 1, 5, 1, 5), "sos": Limit("", "SOS parameter", 0.001, 0.999, 0, 1)}
# with one parameter for many rows, the shares are a smooth function of MOS alone: a spline through so many points of it
# differs from it by less than 1e-9 and costs a twentieth of the incomplete beta function
_MANY, _KNOTS = 20_000, 8193


@dataclass(frozen=True, eq=False)
class RatingSpread:
    """How the ratings behind a MOS spread.

    Attributes
    ----------
    good_or_better_ratio, poor_or_worse_ratio : ndarray
        Shares of users who rate 3.5 or more (GoB), and 2.5 or less (PoW: the dissatisfied).
    alpha, beta : ndarray
        The Beta distribution on 1 … 5; NaN at MOS 1 and 5, where all agree.
    counts : mapping
        As in :class:`~cemlib.experience.Score`.
    """

    good_or_better_ratio: np.ndarray
    poor_or_worse_ratio: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    counts: dict[str, int]


def _shape(mos, sos):
    total = 1 / sos - 1
    alpha = total * (mos - 1) / 4
    return alpha, total - alpha


def _shares(mos, sos):
    alpha, beta = _shape(mos, sos)
    inside = (mos > 1) & (mos < 5)
    a, b = np.where(inside, alpha, 1.0), np.where(inside, beta, 1.0)
    good = np.where(inside, 1 - betainc(a, b, (_GOOD - 1) / 4), mos >= 5)
    poor = np.where(inside, betainc(a, b, (_POOR - 1) / 4), mos <= 1)
    return good, poor, np.where(inside, alpha, np.nan), np.where(inside, beta, np.nan)


def spread_ratings(mos: Any, sos: Any = SOS_DEFAULT) -> RatingSpread:
    """The shares of satisfied and dissatisfied users behind mean opinion scores.

    Parameters
    ----------
    mos : number or column
        Within 1 and 5.
    sos : number or column
        The SOS parameter of the service, between 0 (all agree) and 1; :func:`fit_sos` fits it on ratings.

    Examples
    --------
    At MOS 3.5, with the usual diversity, 18 % find it poor or worse, and 54 % good or better:

    >>> spread = spread_ratings([3.5, None, 7.0])
    >>> spread.poor_or_worse_ratio.round(4).tolist(), spread.good_or_better_ratio.round(4).tolist()
    ([0.1822, nan, nan], [0.5407, nan, nan])
    """
    names = ("good", "poor", "alpha", "beta")
    values = read_values(sos, "sos")
    given = {"mos": read_values(mos, "mos"), "sos": values}
    spline = None
    if values.ndim == 0 and given["mos"].size > _MANY and _LIMITS["sos"].low <= float(values) <= _LIMITS["sos"].high:
        at = 3 - 2 * np.cos(np.linspace(0, np.pi, _KNOTS))  # denser towards both ends, where the shares bend most
        spline = CubicSpline(at, np.stack(_shares(at, float(values))[:2], axis=1))

    def spread(mos, sos):
        if spline is None:
            return dict(zip(names, _shares(mos, sos)))
        good, poor = np.clip(spline(mos), 0, 1).T
        alpha, beta = _shape(mos, sos)
        return {"good": good, "poor": poor, "alpha": np.where((mos > 1) & (mos < 5), alpha, np.nan), "beta": np.where((mos > 1) & (mos < 5), beta, np.nan)}

    found, counts = compute_rows(spread, given, _LIMITS, outputs=names)
    return RatingSpread(found["good"], found["poor"], found["alpha"], found["beta"], counts)


def fit_sos(mos: Any, variance: Any) -> float:
    """The SOS parameter of a service: least squares of the ratings' variances on ``(MOS - 1)(5 - MOS)``.

    Parameters
    ----------
    mos, variance : columns
        Mean and variance of the ratings, one pair for each condition that several people rated.

    Raises
    ------
    ParameterError
        With fewer than three conditions whose mean lies inside 1 … 5, or a variance that no ratings within 1 … 5 can have.

    Examples
    --------
    >>> round(fit_sos([2, 3, 4], [0.75, 1.0, 0.75]), 6)
    0.25
    """
    mos, variance = read_values(mos, "mos"), read_values(variance, "variance")
    if mos.shape != variance.shape:
        raise ParameterError("Each condition has a mean and a variance.", wanted="two columns of one length", came=f"{mos.size} and {variance.size}")
    known = np.isfinite(mos) & np.isfinite(variance)
    mos, variance = mos[known], variance[known]
    widest = (mos - 1) * (5 - mos)
    if np.any((mos < 1) | (mos > 5) | (variance < 0) | (variance > widest + 1e-9)):
        raise ParameterError("Ratings within 1 and 5 cannot have such a mean and variance.", wanted="0 <= variance <= (MOS - 1)(5 - MOS)",
                             todo="Use the population variance (ddof=0) of ratings from 1 to 5.")
    use = widest > 0
    if use.sum() < 3:
        raise ParameterError("Too few conditions to fit the SOS parameter.", wanted="3 with a mean inside 1 … 5", came=str(int(use.sum())))
    return float(np.sum(variance[use] * widest[use]) / np.sum(widest[use] ** 2))
