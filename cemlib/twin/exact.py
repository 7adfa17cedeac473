"""Elementary functions from IEEE-exact operations alone, so that every machine gets the same bits.

numpy's own exp, log and power take another path with each set of processor instructions, and their last bits differ. Here each
step is an addition, multiplication, division or rounding, which IEEE 754 fixes; the error is a few units in the last place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

__all__ = ["Quantile", "exp", "log", "logistic", "lognormal_quantile", "normal_quantile", "pareto_quantile", "power", "student_quantile", "weibull_quantile"]

_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
_FACTORIALS = [1 / 479001600, 1 / 39916800, 1 / 3628800, 1 / 362880, 1 / 40320, 1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1.0, 1.0]
_CELLS = 1024


def exp(x) -> np.ndarray:
    """e to the x, for x of -700 to 700 (beyond: the value at the limit).

    Examples
    --------
    >>> bool(np.allclose(exp([-3.0, 0.0, 1.5]), np.exp([-3.0, 0.0, 1.5]), rtol=1e-14))
    True
    """
    x = np.clip(np.asarray(x, dtype=np.float64), -700.0, 700.0)
    k = np.rint(x * _LOG2_E)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    value = np.full_like(r, _FACTORIALS[0])
    for term in _FACTORIALS[1:]:
        value *= r
        value += term
    # two to the k by its bits
    return value * ((k.astype(np.int64) + 1023) << 52).view(np.float64)


def log(x) -> np.ndarray:
    """The natural logarithm of positive numbers.

    Examples
    --------
    >>> bool(np.allclose(log([0.001, 1.0, 20.0]), np.log([0.001, 1.0, 20.0]), rtol=1e-14))
    True
    """
    mantissa, exponent = np.frexp(np.asarray(x, dtype=np.float64))
    small = mantissa < 0.7071067811865476
    mantissa = np.where(small, mantissa * 2, mantissa)
    exponent = exponent - small
    s = (mantissa - 1) / (mantissa + 1)
    square, total = s * s, np.zeros_like(s)
    for odd in range(21, 0, -2):
        total = total * square + 1 / odd
    return exponent * _LN2_HIGH + (2 * s * total + exponent * _LN2_LOW)


def power(x, exponent) -> np.ndarray:
    """Non-negative numbers to any power.

    Examples
    --------
    >>> power([0.0, 4.0], 1.5).round(12).tolist()
    [0.0, 8.0]
    """
    x = np.asarray(x, dtype=np.float64)
    return np.where(x > 0, exp(exponent * log(np.where(x > 0, x, 1.0))), 0.0)


def logistic(x) -> np.ndarray:
    """1 / (1 + e^-x).

    Examples
    --------
    >>> logistic([0.0]).tolist()
    [0.5]
    """
    return 1 / (1 + exp(-np.asarray(x, dtype=np.float64)))


class Quantile:
    """The inverse of a distribution function as a table: a uniform number becomes a value by one look-up and one line.

    The outermost cell at either end has a table of its own, so that tails reach to one in a million.

    Parameters
    ----------
    inverse : callable
        The quantile function of an array of probabilities. What it gives is rounded to eleven digits, so that the machine on which the
        table is made does not matter.

    Examples
    --------
    >>> Quantile(lambda p: 10 * p)(np.array([0.25, 0.5])).round(9).tolist()
    [2.5, 5.0]
    """

    def __init__(self, inverse: Callable[[np.ndarray], np.ndarray]) -> None:
        inner = np.arange(_CELLS + 1) / _CELLS
        self._body = _settled(inverse, inner.clip(0.5 / _CELLS**2, 1 - 0.5 / _CELLS**2))
        self._low = _settled(inverse, (inner / _CELLS).clip(0.5 / _CELLS**2))
        self._high = _settled(inverse, (1 - (1 - inner) / _CELLS).clip(None, 1 - 0.5 / _CELLS**2))

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """The values at some probabilities in (0, 1)."""
        place = np.asarray(u) * _CELLS
        cell = place.astype(np.int64)
        value = _between(self._body, cell, place - cell)
        for tail, table in ((0, self._low), (_CELLS - 1, self._high)):
            there = np.flatnonzero(cell == tail)
            fine = (place[there] - tail) * _CELLS
            fine_cell = fine.astype(np.int64)
            value[there] = _between(table, fine_cell, fine - fine_cell)
        return value


def _settled(inverse: Callable, p: np.ndarray) -> np.ndarray:
    return np.array([float(f"{one:.11g}") for one in np.asarray(inverse(p)).tolist()])


def _between(table: np.ndarray, cell: np.ndarray, part: np.ndarray) -> np.ndarray:
    low = table[cell]
    return low + part * (table[cell + 1] - low)


@functools.cache
def normal_quantile() -> Quantile:
    """The standard normal distribution.

    Examples
    --------
    >>> normal_quantile()(np.array([0.5, 0.975])).round(3).tolist()
    [0.0, 1.96]
    """
    from scipy.special import ndtri

    return Quantile(ndtri)


@functools.cache
def lognormal_quantile(sigma: float) -> Quantile:
    """Log-normal with median 1: most are small, a few very large."""
    from scipy.special import ndtri

    return Quantile(lambda p: np.exp(sigma * ndtri(p)))


@functools.cache
def weibull_quantile(shape: float) -> Quantile:
    """Weibull with scale 1."""
    return Quantile(lambda p: (-np.log1p(-p)) ** (1 / shape))


@functools.cache
def pareto_quantile(tail: float) -> Quantile:
    """Pareto from 1 on with the given tail index."""
    return Quantile(lambda p: (1 - p) ** (-1 / tail))


@functools.cache
def student_quantile(freedom: float) -> Quantile:
    """Student's t scaled to the middle half of the standard normal: the same body, heavy tails."""
    from scipy.special import ndtri, stdtrit

    scale = ndtri(0.75) / stdtrit(freedom, 0.75)
    return Quantile(lambda p: scale * stdtrit(freedom, p))
