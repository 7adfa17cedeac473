"""Values that many customers share, spread over the steps that they stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["spread_ties"]


def spread_ties(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Spread each value that occurs several times evenly over the numbers that are nearer to it than to another value.

    Counts, grades and yes or no are steps of something that is not; a density has a peak without width at each of them, which a mixture of normal distributions
    takes for a group. What occurs once stays as it is, and so, nearly, does what has close neighbours, as a pile at zero beside measured values has.

    Parameters
    ----------
    frame : DataFrame
        Numbers without a missing one.
    seed : int

    Returns
    -------
    DataFrame

    References
    ----------
    B. Uria, I. Murray, H. Larochelle, RNADE: the real-valued neural autoregressive density-estimator, NIPS 2013 (dequantisation).

    Examples
    --------
    >>> spread = spread_ties(pd.DataFrame({"calls": [0.0] * 500 + [1.0] * 500, "gb": np.arange(1000.0)}))
    >>> [bool(abs(spread["calls"].quantile(q) - at) < 0.1) for q, at in ((0, -0.5), (0.5, 0.5), (1, 1.5))], spread["gb"].tolist() == list(range(1000))
    ([True, True, True], True)
    """
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: _spread(frame[name].to_numpy(float), rng) for name in frame}, index=frame.index)


def _spread(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    steps, step, times = np.unique(values, return_inverse=True, return_counts=True)
    if len(steps) in (1, len(values)):
        return values
    half = np.diff(steps) / 2
    # the first and the last reach as far outwards as inwards
    below, above = np.r_[half[0], half], np.r_[half, half[-1]]
    return np.where(times[step] > 1, values + rng.uniform(-below[step], above[step]), values)
