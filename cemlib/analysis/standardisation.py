"""The regression over which effects are standardised, with its cluster bootstrap kept: a moved slider only multiplies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.spline import Spline
from cemlib.analysis.treatment import Overlap

__all__ = ["Draws", "Standardisation"]

#: With more customers than that each draw is one step from the estimate (its linear part), which there is the same and a hundred times quicker.
_MANY = 5000
#: With fewer ratings the changed variables get three knots.
_FEW = 100


class Draws:
    """How often each customer counts in each draw; the same for all regressions, so that their effects can be added up draw by draw."""

    def __init__(self, groups: pd.Series, count: int, seed: int) -> None:
        codes, who = pd.factorize(groups)
        self.codes, self.customers, self.count, self.seed = pd.Series(codes, index=groups.index), len(who), count, seed
        self._weights: np.ndarray | None = None

    def count_customers(self, rows: np.ndarray) -> int:
        """Customers of these rows (True or False for each)."""
        return int(np.count_nonzero(np.bincount(self.codes.to_numpy()[rows], minlength=1)))

    @property
    def weights(self) -> np.ndarray:
        """Draws by customers."""
        if self._weights is None:
            rng = np.random.default_rng(self.seed)
            self._weights = np.array([np.bincount(rng.integers(0, self.customers, self.customers), minlength=self.customers) for _ in range(self.count)], dtype=np.float32)
        return self._weights


@dataclass(frozen=True)
class Standardisation:
    """A fitted regression with splines of all variables and products of the changed ones with all others.

    Attributes
    ----------
    changed, columns : list of str
        The changed variables, and all, the changed ones first.
    index : pandas.Index
        The ratings that have all variables.
    scaled : ndarray
        Their variables, centred and scaled.
    centre, spread : pandas.Series
    splines : list of Spline
    terms : ndarray
        Their terms: constant, linear, products, bends.
    betas : ndarray
        Coefficients of the terms: the estimate first, then the draws.
    overlap : Overlap
    """

    changed: list[str]
    columns: list[str]
    index: pd.Index
    scaled: np.ndarray
    centre: pd.Series
    spread: pd.Series
    splines: list[Spline]
    terms: np.ndarray
    betas: np.ndarray
    overlap: Overlap

    @classmethod
    def fit(cls, full: pd.DataFrame, y: pd.Series, changed: list[str], draws: Draws, seed: int) -> Standardisation:
        """Fit on rows without missing values."""
        centre, spread = full.mean(), full.std().where(lambda one: one > 0, 1.0)
        scaled = ((full - centre) / spread).to_numpy()
        fine = 3 if len(full) < _FEW else 5 if draws.customers <= _MANY else 7
        splines = [Spline.through(column, fine if number < len(changed) else 3) for number, column in enumerate(scaled.T)]
        products = [scaled[:, number + 1:] * scaled[:, [number]] for number in range(len(changed))]
        terms = np.column_stack([np.ones(len(full)), scaled, *products, *(one.bends(column) for one, column in zip(splines, scaled.T))])
        rating, codes = y.loc[full.index].to_numpy(float), draws.codes.loc[full.index].to_numpy()
        estimate = _solve(terms.T @ terms, terms.T @ rating)
        drawn = _step_draws(terms, rating, estimate, codes, draws) if draws.customers > _MANY else _full_draws(terms, rating, codes, draws)
        return cls(changed, list(full.columns), full.index, scaled, centre, spread, splines, terms, np.vstack([estimate, drawn]), Overlap(scaled, seed))

    def steps(self, then: np.ndarray) -> np.ndarray:
        """How the terms of each row change when its scaled variables become these."""
        found, width, count = np.zeros(self.terms.shape, order="F"), self.scaled.shape[1], len(self.changed)
        # the terms of what is not changed stay as they are
        found[:, 1:1 + count] = then[:, :count] - self.scaled[:, :count]
        start = 1 + width
        for number in range(count):
            end = start + width - number - 1
            found[:, start:end] = then[:, number + 1:] * then[:, [number]] - self.terms[:, start:end]
            start = end
        for number in range(count):
            bends = self.splines[number].bends(then[:, number])
            end = start + bends.shape[1]
            found[:, start:end] = bends - self.terms[:, start:end]
            start = end
        return found


def _solve(moments: np.ndarray, beside: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(moments, beside, rcond=None)[0]


def _full_draws(terms: np.ndarray, rating: np.ndarray, codes: np.ndarray, draws: Draws) -> np.ndarray:
    found = []
    for weight in draws.weights:
        weighted = terms * weight[codes][:, None]
        found.append(_solve(weighted.T @ terms, weighted.T @ rating))
    return np.array(found).reshape(draws.count, terms.shape[1])


def _step_draws(terms: np.ndarray, rating: np.ndarray, estimate: np.ndarray, codes: np.ndarray, draws: Draws) -> np.ndarray:
    left = rating - terms @ estimate
    scores = np.column_stack([np.bincount(codes, column * left, draws.customers) for column in terms.T]).astype(np.float32)
    return estimate + np.linalg.lstsq(terms.T @ terms, (draws.weights @ scores - scores.sum(axis=0)).T.astype(float), rcond=None)[0].T
