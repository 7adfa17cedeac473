"""The IQX hypothesis: quality of experience falls exponentially with what disturbs, fitted on ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from cemlib.errors import ParameterError
from cemlib.experience.inputs import read_values
from cemlib.experience.score import Score

__all__ = ["IqxCurve"]

_NAMES = ("alpha", "beta", "gamma")


class IqxCurve:
    """``QoE = alpha exp(-beta x) + gamma``, fitted by least squares (Fiedler, Hossfeld, Tran-Gia 2010).

    Parameters
    ----------
    bounds : mapping, optional
        (low, high) of alpha, beta or gamma. By default alpha and beta are 0 or more: experience does not rise with the
        disturbance; gamma, what is left of it at the end, lies on the scale.
    scale : (float, float)
        Where the ratings lie; predictions are held within it.
    level : float
        Confidence level of the intervals.

    Attributes
    ----------
    alpha_, beta_, gamma_ : float
    intervals_ : DataFrame
        value, low, high of each parameter; NaN for one that lies on its bound, where no interval of this kind holds.
    at_bound_ : tuple of str
        Parameters that ended on a bound: the data say less than the curve needs.
    residuals_ : ndarray
        Observed minus fitted, NaN where a row was not used.
    rmse_, r2_ : float
    n_ : int
        Rows used.
    counts_ : dict
        rows, scored, missing, impossible.
    method_, parameters_, claim_
        What the result rests on.

    Notes
    -----
    ``x`` is a disturbance (loss, delay, stalls) of 0 or more. Coefficients published for single services were not verified
    and are not shipped. The intervals assume independent rows of equal spread; several ratings by one person are not.

    Examples
    --------
    >>> x = np.array([0.0, 1, 2, 4, 8, 16, 32])
    >>> curve = IqxCurve().fit(x, 3 * np.exp(-0.25 * x) + 1.5)
    >>> round(curve.alpha_, 4), round(curve.beta_, 4), round(curve.gamma_, 4)
    (3.0, 0.25, 1.5)
    >>> curve.predict([0, 2, -1]).values.round(3).tolist()
    [4.5, 3.32, nan]
    """

    method_ = "IQX, least squares with bounds, delta intervals"
    claim_ = "association"

    def __init__(self, bounds: dict[str, tuple[float, float]] | None = None, scale: tuple[float, float] = (1.0, 5.0), level: float = 0.95) -> None:
        low, high = scale
        if not low < high:
            raise ParameterError("A scale goes from its worst to its best value.", wanted="low < high", came=str(scale), where="scale")
        if not 0 < level < 1:
            raise ParameterError("level is the confidence level.", wanted="between 0 and 1", came=str(level), where="level")
        self.scale, self.level = (float(low), float(high)), level
        self.bounds = {"alpha": (0.0, high - low), "beta": (0.0, np.inf), "gamma": (float(low), float(high))}
        for name, pair in (bounds or {}).items():
            if name not in self.bounds:
                raise ParameterError(f"IQX has no parameter {name!r}.", wanted=", ".join(_NAMES), where="bounds")
            if not pair[0] < pair[1]:
                raise ParameterError(f"The bounds of {name} are upside down.", wanted="low < high", came=str(pair), where="bounds")
            self.bounds[name] = (float(pair[0]), float(pair[1]))

    @property
    def parameters_(self) -> dict:
        """The parameters of this estimator."""
        return {"bounds": self.bounds, "scale": self.scale, "level": self.level}

    def fit(self, x: Any, y: Any) -> IqxCurve:
        """Fit the curve on a disturbance and the ratings given under it.

        Parameters
        ----------
        x, y : columns
            Rows with a null, a negative disturbance or a rating off the scale are left out and counted.

        Raises
        ------
        ParameterError
            With too few rows (5, at 4 different disturbances), a constant disturbance, or constant ratings.
        """
        x, y = read_values(x, "x"), read_values(y, "y")
        if x.shape != y.shape or x.ndim != 1:
            raise ParameterError("Each disturbance has its rating.", wanted="two columns of one length", came=f"{x.shape} and {y.shape}", where="x, y")
        missing = np.isnan(x) | np.isnan(y)
        with np.errstate(invalid="ignore"):
            wrong = ~missing & ((x < 0) | ~np.isfinite(x) | (y < self.scale[0]) | (y > self.scale[1]))
        use = ~(missing | wrong)
        self.n_ = int(use.sum())
        self.counts_ = {"rows": int(x.size), "scored": self.n_, "missing": int(missing.sum()), "impossible": int(wrong.sum())}
        some_x, some_y = x[use], y[use]
        distinct = np.unique(some_x).size
        left_out = f"{self.n_} usable of {x.size} rows ({self.counts_['missing']} missing, {self.counts_['impossible']} impossible), {distinct} different disturbances"
        if self.n_ and distinct == 1:
            raise ParameterError("The disturbance is constant: it cannot explain anything.", wanted="4 different values", came=left_out, where="x")
        if self.n_ < 5 or distinct < 4:
            raise ParameterError("Too few rows to fit three parameters.", wanted="5 rows at 4 different disturbances", came=left_out, where="x, y")
        if np.ptp(some_y) == 0:
            raise ParameterError("All ratings are the same: there is no curve to fit.", wanted="ratings that differ", came=left_out, where="y")
        unit = float(np.quantile(some_x[some_x > 0], 0.5))
        best = self._search(some_x / unit, some_y, unit)
        self.alpha_, self.beta_, self.gamma_ = float(best.x[0]), float(best.x[1] / unit), float(best.x[2])
        self._state_uncertainty(best, unit)
        self.residuals_ = np.where(use, y - self._curve(np.where(use, x, 0.0)), np.nan)
        rest = self.residuals_[use]
        self.rmse_ = float(np.sqrt(np.mean(rest**2)))
        self.r2_ = float(1 - np.sum(rest**2) / np.sum((some_y - some_y.mean()) ** 2))
        return self

    def _search(self, x: np.ndarray, y: np.ndarray, unit: float) -> optimize.OptimizeResult:
        """Bounded least squares from several steepnesses: the sum of squares has more than one valley."""
        low, high = (np.array([self.bounds[name][side] * (unit if name == "beta" else 1) for name in _NAMES]) for side in (0, 1))

        def rest(p):
            return p[0] * np.exp(-p[1] * x) + p[2] - y

        def slope(p):
            decay = np.exp(-p[1] * x)
            return np.column_stack([decay, -p[0] * x * decay, np.ones_like(x)])

        inner = np.where(np.isfinite(high), (low + np.where(np.isfinite(high), high, 0)) / 2, low + 1)
        starts = []
        for steep in np.geomspace(0.01, 30, 12):
            # with the steepness given, the rest is a straight line
            line = np.column_stack([np.exp(-steep * x), np.ones_like(x)])
            (alpha, gamma), *_ = np.linalg.lstsq(line, y, rcond=None)
            start = np.array([alpha, steep, gamma])
            start = np.where((start > low) & (start < high), start, inner)
            starts.append((float(np.sum(rest(start) ** 2)), start))
        starts.sort(key=lambda one: one[0])
        found = [optimize.least_squares(rest, start, jac=slope, bounds=(low, high), xtol=1e-12, ftol=1e-12, gtol=1e-12) for _, start in starts[:2]]
        return min(found, key=lambda one: one.cost)

    def _state_uncertainty(self, best: optimize.OptimizeResult, unit: float) -> None:
        values = np.array([self.alpha_, self.beta_, self.gamma_])
        bound = np.array([[self.bounds[name][side] for name in _NAMES] for side in (0, 1)])
        near = np.isclose(values, bound, rtol=1e-6, atol=1e-9).any(axis=0)
        self.at_bound_ = tuple(name for name, there in zip(_NAMES, near) if there)
        spread = 2 * best.cost / max(self.n_ - 3, 1)
        # a parameter on its bound is held there; the others' spread is that of the rest of the curve
        free = np.flatnonzero(~near)
        jacobian = best.jac[:, free]
        covariance = np.full((3, 3), np.nan)
        if free.size and np.linalg.matrix_rank(jacobian) == free.size:
            # from the singular values: the inverse of the squares may give a negative variance where the data hardly determine a parameter
            _, sizes, turn = np.linalg.svd(jacobian, full_matrices=False)
            root = turn.T / sizes * np.array([1.0, 1 / unit, 1.0])[free, None]
            covariance[np.ix_(free, free)] = root @ root.T * spread
        self.covariance_ = covariance
        half = stats.t.ppf(0.5 + self.level / 2, self.n_ - 3) * np.sqrt(np.diag(covariance))
        self.intervals_ = pd.DataFrame({"value": values, "low": values - half, "high": values + half}, index=list(_NAMES))

    def _curve(self, x: np.ndarray) -> np.ndarray:
        return self.alpha_ * np.exp(-self.beta_ * x) + self.gamma_

    def _require_fit(self) -> None:
        if not hasattr(self, "alpha_"):
            raise ParameterError("The curve was not fitted yet.", todo="Call fit(x, y) first.")

    def predict(self, x: Any) -> Score:
        """The fitted experience at disturbances, held within the scale; null where x is missing or negative."""
        self._require_fit()
        x = read_values(x, "x")
        missing = np.isnan(x)
        with np.errstate(invalid="ignore"):
            wrong = ~missing & ((x < 0) | np.isinf(x))
        gone = missing | wrong
        values = np.where(gone, np.nan, np.clip(self._curve(np.where(gone, 0.0, x)), *self.scale))
        counts = {"rows": int(x.size), "scored": int(x.size - gone.sum()), "missing": int(missing.sum()), "impossible": int(wrong.sum()),
                  "outside": 0, "extrapolated": 0}
        return Score(values, "iqx", "fitted on ratings (IQX)", "MOS" if self.scale == (1.0, 5.0) else "score", *self.scale, counts)

    def bound_curve(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """The confidence limits of the fitted curve (of the mean rating, not of a single one) at disturbances."""
        self._require_fit()
        x = read_values(x, "x")
        with np.errstate(invalid="ignore"):
            x = np.where(x >= 0, x, np.nan)
        decay = np.exp(-self.beta_ * x)
        slope = np.stack([decay, -self.alpha_ * x * decay, np.ones_like(x)], axis=-1)
        free = np.isfinite(np.diag(self.covariance_))
        variance = np.einsum("...i,ij,...j->...", slope[..., free], self.covariance_[np.ix_(free, free)], slope[..., free])
        half = stats.t.ppf(0.5 + self.level / 2, self.n_ - 3) * np.sqrt(np.maximum(variance, 0))
        centre = self._curve(x)
        return np.clip(centre - half, *self.scale), np.clip(centre + half, *self.scale)
