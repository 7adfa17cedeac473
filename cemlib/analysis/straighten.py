"""Skewed features made straight where that describes the customers better than more groups would."""

from __future__ import annotations

import numpy as np
from scipy.stats import skew, yeojohnson_normmax

__all__ = ["apply_powers", "find_powers", "log_stretch"]

_SKEWED = 0.3  # below it a feature stays as it is

_TAIL = 0.02  # share at each end that does not say how skewed a feature is


def find_powers(Z: np.ndarray) -> np.ndarray:
    """The power of Yeo and Johnson (2000) that makes each feature most like a normal one; 1 where it is hardly skewed.

    Parameters
    ----------
    Z : array, row x feature

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> (find_powers(np.column_stack([rng.normal(size=500), rng.gamma(2, size=500)])) < 0.5).tolist()
    [False, True]
    """
    powers = np.ones(Z.shape[1])
    # a few odd customers far away do not make a feature skewed
    inner = np.clip(Z, *np.quantile(Z, [_TAIL, 1 - _TAIL], axis=0))
    for place in np.flatnonzero(np.abs(skew(inner)) > _SKEWED):
        powers[place] = np.clip(yeojohnson_normmax(inner[:, place]), -3, 5)
    return powers


def apply_powers(Z: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Features raised to their powers; the slope at 0 is 1, so weights keep their meaning.

    Examples
    --------
    >>> apply_powers(np.array([[3.0], [0.0], [-3.0]]), np.array([0.5])).round(3).ravel().tolist()
    [2.0, 0.0, -4.667]
    """
    out = Z.copy()
    for place in np.flatnonzero(powers != 1):
        power, values = powers[place], Z[:, place]
        up, down = np.log1p(np.maximum(values, 0)), np.log1p(np.maximum(-values, 0))
        high = np.expm1(power * up) / power if abs(power) > 1e-9 else up
        low = np.expm1((2 - power) * down) / (2 - power) if abs(power - 2) > 1e-9 else down
        out[:, place] = np.where(values >= 0, high, -low)
    return out


def log_stretch(Z: np.ndarray, powers: np.ndarray) -> float:
    """Logarithm of how much the powers stretch the rows: what makes likelihoods before and after comparable.

    Examples
    --------
    >>> log_stretch(np.array([[1.0], [5.0]]), np.array([1.0]))
    0.0
    """
    return float(((powers - 1) * np.sign(Z) * np.log1p(np.abs(Z))).sum())
