"""The regression over which effects are standardised, with its cluster bootstrap kept: a moved slider only multiplies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.treatment import Overlap

__all__ = ["Draws", "Standardisation"]

#: With more customers than that each draw is one step from the estimate (its linear part), which there is the same and a hundred times quicker.
_MANY = 5000


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
    """A fitted regression with squares of all variables and products of the changed ones with all.

    Attributes
    ----------
    changed, columns : list of str
        The changed variables, and all, the changed ones first.
    index : pandas.Index
        The ratings that have all variables.
    scaled : ndarray
        Their variables, centred and scaled.
    centre, spread : pandas.Series
    terms : ndarray
        Their terms: constant, linear, squares, products.
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
    terms: np.ndarray
    betas: np.ndarray
    overlap: Overlap

    @classmethod
    def fit(cls, full: pd.DataFrame, y: pd.Series, changed: list[str], draws: Draws, seed: int) -> Standardisation:
        """Fit on rows without missing values."""
        centre, spread = full.mean(), full.std().where(lambda one: one > 0, 1.0)
        scaled = ((full - centre) / spread).to_numpy()
        terms = np.column_stack([np.ones(len(full)), _terms(scaled, len(changed))])
        rating, codes = y.loc[full.index].to_numpy(float), draws.codes.loc[full.index].to_numpy()
        estimate = _solve(terms.T @ terms, terms.T @ rating)
        drawn = _step_draws(terms, rating, estimate, codes, draws) if draws.customers > _MANY else _full_draws(terms, rating, codes, draws)
        return cls(changed, list(full.columns), full.index, scaled, centre, spread, terms, np.vstack([estimate, drawn]), Overlap(scaled, seed))

    def steps(self, then: np.ndarray) -> np.ndarray:
        """How the terms of each row change when its scaled variables become these."""
        found, width, count = np.zeros_like(self.terms), self.scaled.shape[1], len(self.changed)
        # the terms of what is not changed stay as they are
        found[:, 1:1 + count] = then[:, :count] - self.scaled[:, :count]
        found[:, 1 + width:1 + width + count] = then[:, :count] ** 2 - self.scaled[:, :count] ** 2
        start = 1 + 2 * width
        for number in range(count):
            end = start + width - number - 1
            found[:, start:end] = then[:, number + 1:] * then[:, [number]] - self.terms[:, start:end]
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


def _terms(Z: np.ndarray, changed: int) -> np.ndarray:
    """Linear terms, squares, and the products of the changed variables (the first ones) with all others."""
    products = [Z[:, number + 1:] * Z[:, [number]] for number in range(changed)]
    return np.column_stack([Z, Z**2, *products])
