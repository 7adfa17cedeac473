"""Gaussian mixtures of several shapes: how many groups, which of them are one, and whether halves of the customers find them again."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import kurtosis
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

__all__ = ["GroupedMixture", "choose_mixture", "fit_mixtures", "halves_agree", "refit_mixture"]

_SHAPES = ("tied", "diag", "spherical", "full")
_FLOOR = 0.02  # variance of the scaled features that counts as noise: it is what makes block weights count
_CONFUSED = 0.3  # two components are one group when the shares of each taken for the other add up to more
_TRIED = 6  # models whose stability is looked at
_CLOSE = 10.0  # difference in BIC that is no strong evidence (Kass and Raftery 1995)


class GroupedMixture:
    """A mixture whose components that cannot be told apart make one group.

    Parameters
    ----------
    mixture : GaussianMixture
    group : array of int
        Group of each component.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> Z = np.r_[rng.normal(0, 1, (200, 2)), rng.normal(9, 1, (200, 2))]
    >>> found = GroupedMixture.of(GaussianMixture(2, random_state=0).fit(Z), Z)
    >>> found.groups, np.bincount(found.predict(Z)).tolist()
    (2, [200, 200])
    """

    def __init__(self, mixture: GaussianMixture, group: np.ndarray) -> None:
        self.mixture, self.group, self.groups = mixture, group, int(group.max()) + 1

    @classmethod
    def of(cls, mixture: GaussianMixture, Z: np.ndarray, merge: bool = True) -> GroupedMixture:
        """Group the components, the most confused pair first (Hennig 2010, directly estimated misclassification)."""
        share, group = mixture.predict_proba(Z), np.arange(mixture.n_components)
        while merge and share.shape[1] > 1:
            # row i, column j: share of group i that is taken for j
            taken = share.T @ np.eye(share.shape[1])[share.argmax(axis=1)] / np.maximum(share.sum(axis=0), 1e-9)[:, None]
            mutual = np.triu(taken + taken.T, 1)
            one, two = np.unravel_index(np.argmax(mutual), mutual.shape)
            if mutual[one, two] < _CONFUSED:
                break
            share[:, one] += share[:, two]
            share = np.delete(share, two, axis=1)
            group = np.where(group == two, one, group - (group > two))
        return cls(mixture, group)

    def predict(self, Z: np.ndarray) -> np.ndarray:
        """The group of each row."""
        share = self.mixture.predict_proba(Z)
        return (share @ np.eye(self.groups)[self.group]).argmax(axis=1) if self.groups < len(self.group) else share.argmax(axis=1)

    def distance(self, Z: np.ndarray) -> np.ndarray:
        """Squared distance of each row to the nearest component, in its standard deviations."""
        return np.min([self._from(Z, part) for part in range(len(self.group))], axis=0)

    def _from(self, Z: np.ndarray, part: int) -> np.ndarray:
        shape, root = self.mixture.covariance_type, self.mixture.precisions_cholesky_
        gap = Z - self.mixture.means_[part]
        gap = gap @ root if shape == "tied" else gap @ root[part] if shape == "full" else gap * root[part]
        return (gap**2).sum(axis=1)


def _starts(Z: np.ndarray, k: int, seed: int) -> list[np.ndarray]:
    # scaling by the quartiles makes a feature with two humps small, so a second start gives flat features more room; a third
    # looks along the axes of all customers, where features go together within the groups
    values, axes = np.linalg.eigh(np.cov(Z.T).reshape(Z.shape[1], -1))
    turns = (np.eye(Z.shape[1]), np.diag(1 + 3 * np.maximum(-kurtosis(Z), 0)), axes / np.sqrt(np.maximum(values, _FLOOR)))
    parts = [KMeans(k, n_init=2, random_state=seed).fit_predict(Z @ turn) for turn in turns]
    return [np.array([Z[part == one].mean(axis=0) for one in range(k)]) for part in parts]


def _fit(Z: np.ndarray, k: int, shape: str, starts: list[np.ndarray], seed: int) -> GaussianMixture:
    found = [GaussianMixture(k, covariance_type=shape, means_init=start, reg_covar=_FLOOR, random_state=seed, max_iter=200).fit(Z) for start in starts]
    return max(found, key=lambda one: one.lower_bound_)


def fit_mixtures(Z: np.ndarray, sizes: list[int], seed: int) -> dict[tuple[int, str], GaussianMixture]:
    """Mixtures of so many components, of every shape of covariance.

    A shape is given up when two more components have not lowered its BIC.

    Parameters
    ----------
    Z : array
        Scaled features.
    sizes : list of int
        Numbers of components, rising.
    seed : int

    Returns
    -------
    dict
        (components, shape) to the mixture; shapes are those of scikit-learn.

    Examples
    --------
    >>> found = fit_mixtures(np.random.default_rng(1).normal(size=(200, 2)), [1, 2], 0)
    >>> sorted(found)[0]
    (1, 'diag')
    """
    found, best = {}, {}
    for k in sizes:
        starts = _starts(Z, k, seed)
        for shape in _SHAPES:
            if k - best.get(shape, (np.inf, k))[1] > 2:
                continue
            one = found[k, shape] = _fit(Z, k, shape, starts[:1] if k == 1 else starts, seed)
            best[shape] = min(best.get(shape, (np.inf, k)), (one.bic(Z), k))
    return found


def refit_mixture(mixture: GaussianMixture, Z: np.ndarray, seed: int) -> GaussianMixture:
    """The same mixture on more rows, begun where it stands.

    Examples
    --------
    >>> Z = np.random.default_rng(1).normal(size=(200, 2))
    >>> refit_mixture(GaussianMixture(1, random_state=0).fit(Z[:100]), Z, 0).n_components
    1
    """
    return _fit(Z, mixture.n_components, mixture.covariance_type, [mixture.means_], seed)


def halves_agree(Z: np.ndarray, k: int, shape: str, seed: int, rng: np.random.Generator, *, merge: bool = True, times: int = 3) -> float:
    """Adjusted Rand index of the groups that two halves of the rows give to all rows; median over some divisions.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> Z = np.r_[rng.normal(0, 1, (100, 1)), rng.normal(9, 1, (100, 1))]
    >>> halves_agree(Z, 2, "tied", 0, rng)
    1.0
    """
    found = []
    for _ in range(times):
        parts = [Z[half] for half in np.array_split(rng.permutation(len(Z)), 2)]
        one, two = (GroupedMixture.of(_fit(part, k, shape, _starts(part, k, seed), seed), part, merge).predict(Z) for part in parts)
        # both in one group: agreed, but nothing was found
        found.append(adjusted_rand_score(one, two) if max(one.max(), two.max()) > 0 else 0.0)
    return float(np.median(found))


def choose_mixture(Z: np.ndarray, k: int | None, k_max: int, smallest: float, min_stability: float, seed: int,
                   before: tuple[int, str] | None = None, fitted: dict[tuple[int, str], GaussianMixture] | None = None) -> tuple[GroupedMixture, pd.DataFrame, bool]:
    """The mixture of the best BIC whose groups are found again in each half; one group where there is none.

    Parameters
    ----------
    Z : array
        Scaled features.
    k : int or None
        Groups asked for; None: as many as are stable.
    k_max : int
    smallest : float
        A group of fewer rows is none.
    min_stability : float
        Least adjusted Rand index of the halves.
    seed : int
    before : (int, str), optional
        Components and shape of an earlier fit: preferred where its BIC is not clearly worse.
    fitted : dict, optional
        Of :func:`fit_mixtures`, where they are at hand.

    Returns
    -------
    GroupedMixture, DataFrame, bool
        The choice; ``components, shape, bic, segments, ari, smallest`` of what was tried; whether the choice is stable.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> Z = np.r_[rng.normal(0, 1, (200, 2)), rng.normal(9, 1, (200, 2))]
    >>> choose_mixture(Z, None, 3, 10, 0.75, 0)[0].groups
    2
    """
    rng = np.random.default_rng(seed)
    fitted = fitted or fit_mixtures(Z, list(range(1, k_max + 1)) if k is None else [k], seed)
    bic = pd.Series({key: one.bic(Z) for key, one in fitted.items()}).sort_values()
    order = list(bic.index)
    if before in fitted and bic[before] <= bic.iloc[0] + _CLOSE:
        order = [before, *(one for one in order if one != before)]
    grouped = {key: GroupedMixture.of(fitted[key], Z, merge=k is None) for key in order[:_TRIED]}
    rows, chosen = [], None
    for key, one in grouped.items():
        least = int(np.bincount(one.predict(Z), minlength=one.groups).min())
        agreed = np.nan
        if one.groups > 1 and (least >= smallest or k is not None) and chosen is None:
            agreed = halves_agree(Z, *key, seed, rng, merge=k is None)
        rows.append((*key, bic[key], one.groups, agreed, least))
        # the first that holds; one group holds by itself
        if chosen is None and (agreed >= min_stability or one.groups == 1 or k is not None):
            chosen = key
    table = pd.DataFrame(rows, columns=["components", "shape", "bic", "segments", "ari", "smallest"])
    if chosen is None:
        chosen = next(key for key in order if key[0] == 1)
        grouped[chosen] = GroupedMixture.of(fitted[chosen], Z)
    ari = table.set_index(["components", "shape"])["ari"].get(chosen, np.nan)
    return grouped[chosen], table, bool(ari >= min_stability)
