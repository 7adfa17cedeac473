"""The regression over which effects are standardised, with its cluster bootstrap kept: a moved slider only multiplies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.spline import Spline
from cemlib.analysis.treatment import Overlap

__all__ = ["Draws", "Standardisation", "leave_out_levels"]

#: With more customers than that each draw is one step from the estimate (its linear part), which there is the same and a hundred times quicker.
_MANY = 5000
#: A direction of the terms in which the ratings differ by less than that, against the strongest, is not told apart from none.
_SEEN = 1e-7
#: A variable that goes with the others so that its interval is that many times as wide is told. A judgement: then as much as half of the ratings are lost.
_WIDER = 1.4
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

    def draw_means(self, values: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Mean in each draw of values of these customers (their codes), each value counted as often as its customer."""
        mean = values.mean()
        # what differs from the mean, since the weights are of single precision
        sums, sizes = (np.bincount(codes, one, self.customers).astype(np.float32) for one in (values - mean, np.ones(len(values))))
        return mean + (self.weights @ sums) / np.maximum(self.weights @ sizes, 1)

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
    tied : dict of str to (str, float)
        See :class:`cemlib.analysis.whatif_result.WhatIfResult`.
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
    tied: dict[str, tuple[str, float]]

    @classmethod
    def fit(cls, full: pd.DataFrame, y: pd.Series, changed: list[str], draws: Draws, seed: int) -> Standardisation:
        """Fit on rows without missing values."""
        centre, spread = full.mean(), full.std().where(lambda one: one > 0, 1.0)
        scaled = ((full - centre) / spread).to_numpy()
        fine = 3 if len(full) < _FEW else 5 if draws.customers <= _MANY else 7
        splines = [Spline.through(column, fine if number < len(changed) else 3) for number, column in enumerate(scaled.T)]
        products = [scaled[:, number + 1:] * scaled[:, [number]] for number in range(len(changed))]
        terms = np.column_stack([np.ones(len(full)), scaled, *products, *(one.bends(column) for one, column in zip(splines, scaled.T))])
        codes = draws.codes.loc[full.index].to_numpy()
        weighted, rating = leave_out_levels(terms, y.loc[full.index].to_numpy(float), codes)
        inside, back = _basis(weighted)
        found = _step_draws(inside, rating, codes, draws) if draws.customers > _MANY else _full_draws(inside, rating, codes, draws)
        return cls(changed, list(full.columns), full.index, scaled, centre, spread, splines, terms, found @ back.T, Overlap(scaled, seed), _tied(scaled, list(full.columns), len(changed)))

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


def _tied(scaled: np.ndarray, names: list[str], changed: int) -> dict[str, tuple[str, float]]:
    """By changed variable (the first ones) that nearly goes with the others: with which most, and the root of its variance inflation factor."""
    together = scaled.T @ scaled / len(scaled)
    np.fill_diagonal(together, np.maximum(together.diagonal(), 1e-12))
    found = {}
    for number in range(changed if len(names) > 1 else 0):
        others = np.delete(np.arange(len(names)), number)
        beside = together[others, number]
        explained = float(beside @ np.linalg.lstsq(together[np.ix_(others, others)], beside, rcond=_SEEN)[0]) / together[number, number]
        wider = (1 / max(1 - explained, 1e-6)) ** 0.5
        if wider >= _WIDER:
            found[names[number]] = (names[others[int(np.argmax(np.abs(beside)))]], float(wider))
    return found


def leave_out_levels(terms: np.ndarray, rating: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Terms and ratings after which the ratings of a customer no longer go together: of each is taken off a part of the customer's mean.

    What a customer always rates higher or lower (random effect) tells nothing of what varies between the customer's ratings, so it is noise that can be taken out
    (generalised least squares with one correlation between all ratings of a customer: Fuller and Battese 1973). How much it is, is told by the residuals of
    plain least squares. The draws are of customers, so the intervals do not rest on that correlation.
    """
    sizes = np.bincount(codes)
    if sizes.max() < 2:
        return terms, rating
    left = rating - terms @ np.linalg.lstsq(terms, rating, rcond=_SEEN)[0]
    pairs = float((sizes * (sizes - 1)).sum())
    common = max((float((np.bincount(codes, left) ** 2).sum()) - float(left @ left)) / pairs, 0.0)
    own = max(float(left @ left) / len(left) - common, 1e-12)
    part = (1 - np.sqrt(own / (own + sizes * common)))[codes]
    means = np.column_stack([np.bincount(codes, column) for column in terms.T]) / np.maximum(sizes, 1)[:, None]
    mean = np.bincount(codes, rating) / np.maximum(sizes, 1)
    return terms - part[:, None] * means[codes], rating - part * mean[codes]


def _basis(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns that span the terms, and what leads from coefficients of theirs back to those of the terms.

    Bends and products of variables that go together are nearly the same: with moments of the terms themselves the rounding of the scores would be
    multiplied by ten millions and more, and shift all draws to one side of the estimate.
    """
    size = np.linalg.norm(terms, axis=0)
    size[size == 0] = 1.0
    left, strength, right = np.linalg.svd(terms / size, full_matrices=False)
    kept = strength > strength[0] * _SEEN
    return left[:, kept], (right[kept].T / strength[kept]) / size[:, None]


def _full_draws(inside: np.ndarray, rating: np.ndarray, codes: np.ndarray, draws: Draws) -> np.ndarray:
    """The estimate, then each draw fitted anew; coefficients of the basis."""
    found = [inside.T @ rating]
    for weight in draws.weights:
        weighted = inside * weight[codes][:, None]
        found.append(np.linalg.lstsq(weighted.T @ inside, weighted.T @ rating, rcond=None)[0])
    return np.array(found)


def _step_draws(inside: np.ndarray, rating: np.ndarray, codes: np.ndarray, draws: Draws) -> np.ndarray:
    """The same, each draw one step from the estimate."""
    estimate = inside.T @ rating
    left = rating - inside @ estimate
    scores = np.column_stack([np.bincount(codes, column * left, draws.customers) for column in inside.T])
    return np.vstack([estimate, *(estimate + (weight - 1.0) @ scores for weight in draws.weights)])
