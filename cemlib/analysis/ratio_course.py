"""The course of a failure of a ratio: when it began, and when it is over."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln

from cemlib.analysis.alarm import recover_after
from cemlib.analysis.betabinomial import beta_shape

__all__ = ["find_onset", "find_recovery"]

_MILDEST = 3.0  # an alarm holds while the odds of failure are nearer to so many times the usual ones
_ENOUGH = np.log(20.0)  # recovery must be twenty times as likely as going on


def find_onset(num: np.ndarray, den: np.ndarray, first: int, opened: int, rate: float, rho: float) -> int:
    """The bin from which on the sum of the failures, up to the opening, is most surprising.

    Parameters
    ----------
    num, den : array
        Successes and trials of the bins of one entity.
    first, opened : int
        The earliest bin that it may be, and the one that opened the alarm.
    rate, rho : float
        What is usual.

    Examples
    --------
    >>> find_onset(np.array([97, 98, 60, 60]), np.array([100] * 4), 0, 3, 0.97, 0.0)
    2
    """
    den, num = (one[first:opened + 1][::-1] for one in (den, num))
    variance = np.cumsum(den * rate * (1 - rate) * (1 + np.maximum(den - 1, 0) * rho))
    return opened - int(np.argmax(np.cumsum(den * rate - num) / np.sqrt(np.maximum(variance, 1e-12))))


def find_recovery(num: np.ndarray, den: np.ndarray, onset: int, opened: int, rate: float, rho: float, calm: int) -> tuple[int, int] | None:
    """The bin at which recovery is twenty times as likely as going on, and the first of the good ones.

    Going on means the ratio seen from the onset to the opening, or three times the usual odds of failure where that is milder: an outage that
    gets better by half is not over. At least ``calm`` bins must speak for recovery; a bin without trials says nothing.

    Parameters
    ----------
    num, den, onset, opened, rate, rho
        As in :func:`find_onset`.
    calm : int

    Returns
    -------
    (int, int) or None

    Examples
    --------
    >>> num, den = np.array([97, 50, 55, 97, 96, 97]), np.array([100] * 6)
    >>> find_recovery(num, den, 1, 1, 0.97, 0.001, calm=3)
    (5, 3)
    """
    failing = (num[onset:opened + 1].sum() + 0.5) / (den[onset:opened + 1].sum() + 1)
    odds = max(rate, 1e-9) / max(1 - rate, 1e-9)
    failing = min(max(failing, odds / (odds + _MILDEST)), rate - 1e-6)
    num, den = num[opened + 1:], den[opened + 1:]
    gain = _log_mass(num, den, rate, rho) - _log_mass(num, den, failing, rho)
    found = recover_after(np.clip(gain, -_ENOUGH, _ENOUGH / calm), _ENOUGH - 1e-9)
    return None if found is None else (opened + 1 + found[0], opened + 1 + found[1])


def _log_mass(num: np.ndarray, den: np.ndarray, rate: float, rho: float) -> np.ndarray:
    """Without the number of orders, which is the same for both hypotheses."""
    a, b = beta_shape(np.array(rate), np.array(rho))
    return betaln(num + a, den - num + b) - betaln(a, b)
