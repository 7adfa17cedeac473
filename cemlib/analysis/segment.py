"""Groups of customers with other behaviour or expectations, if there are any."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import chi2
from sklearn.cluster import HDBSCAN
from threadpoolctl import threadpool_limits

from cemlib.analysis.columns import read_numbers
from cemlib.analysis.drift import compare_shares, population_stability
from cemlib.analysis.mixture import GroupedMixture, choose_mixture, fit_mixtures, refit_mixture
from cemlib.analysis.straighten import apply_powers, find_powers, log_stretch
from cemlib.analysis.tied_values import spread_ties
from cemlib.analysis.tree_rules import read_rules
from cemlib.errors import ParameterError

__all__ = ["Segmenter"]

_SEARCH_ROWS = 4000  # rows among which shape and number are looked for; the one chosen is fitted anew on all of ``fit_rows``


class Segmenter:
    """Segments by a Gaussian mixture that are found again in each half of the customers.

    Parameters
    ----------
    blocks : mapping of str to list of str
        Features by block, for instance ``{"behaviour": [...], "expectation": [...]}``.
    k : "stable" or int
        ``"stable"``: of the mixtures (numbers and shapes) the one with the best BIC whose two halves agree. One segment is a possible answer.
    weights : mapping of str to float, optional
        Weight of a block, 1 by default; below 1 its differences count less.
    k_max : int
        Most segments looked for.
    min_stability : float
        Adjusted Rand index that two halves must reach.
    smallest : int
        A segment of fewer customers is none.
    fit_rows : int
        The mixture is fitted on at most so many customers drawn at random; all are assigned.
    seed : int

    Attributes
    ----------
    labels_ : pandas.Series
        Name of each customer's segment; missing where a feature is missing.
    k_, is_stable_, message_ : int, bool, str
    stability_ : pandas.DataFrame
        Of the best mixtures: ``components``, ``shape`` of their covariance, ``bic``, ``segments`` (components that are taken for each other make one),
        ``ari`` of the halves (missing where it was not needed), ``smallest``.
    rules_ : pandas.DataFrame
        ``segment``, ``rule`` in plain words, ``n``, ``precision``, ``coverage`` on customers that the tree did not see.
    fidelity_ : float
        Share of those customers to whom their rule gives the segment of the mixture, of those whom a rule meets.
    rule_coverage_ : float
        Share of those customers whom a rule meets; of the others the rules say nothing.
    fidelity_of_all_ : float
        Share of all those customers to whom a rule gives the segment of the mixture.
    profiles_ : pandas.DataFrame
        Size, share and median of each feature by segment.
    odd_ : pandas.Series
        Customers far from every segment: ``"odd group 1"``…, ``"alone"``, else missing.
    n_, n_missing_ : int
    claim : str

    Notes
    -----
    Features are centred by the median and scaled by the interquartile range. A mixture of normal distributions (Fraley and Raftery 2002) would take a
    skewed feature for several groups: it is raised to a power (Yeo and Johnson 2000) where the BIC is then better. It would take each step of a count or a grade
    for one too: values that are shared are spread over their steps before the mixture is fitted, and not where customers get their segment.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X = pd.DataFrame({"gb": np.r_[rng.normal(2, 1, 300), rng.normal(12, 1, 300)], "price": rng.normal(20, 2, 600)})
    >>> found = Segmenter({"behaviour": ["gb"], "expectation": ["price"]}).fit(X)
    >>> found.k_, sorted(found.sizes_)
    (2, [300, 300])
    >>> sorted(found.labels_.unique())
    ['high gb', 'low gb']
    """

    claim = "association"

    def __init__(self, blocks: Mapping[str, Sequence[str]], k: str | int = "stable", *, weights: Mapping[str, float] | None = None,
                 k_max: int = 8, min_stability: float = 0.75, smallest: int = 10, fit_rows: int = 20_000, seed: int = 0) -> None:
        if not isinstance(blocks, Mapping) or any(isinstance(names, str) for names in blocks.values()):
            raise ParameterError("Blocks are not told as wanted.", wanted='{"behaviour": ["gb", "calls"], "expectation": ["price"]}', came=repr(blocks)[:80])
        features = [name for names in blocks.values() for name in names]
        if not features or len(set(features)) < len(features):
            raise ParameterError("Blocks name no feature, or one twice.", wanted="each feature in one block", came=", ".join(features) or "none")
        if k != "stable" and not (isinstance(k, int) and k >= 1):
            raise ParameterError("The number of segments is neither 'stable' nor a whole number.", came=repr(k))
        unknown = set(weights or {}) - set(blocks)
        if unknown or any(weight <= 0 for weight in (weights or {}).values()):
            raise ParameterError("A weight is not positive, or of no block.", wanted=", ".join(blocks), came=str(dict(weights or {})))
        self.blocks, self.k, self.weights = {name: list(names) for name, names in blocks.items()}, k, dict(weights or {})
        self.k_max, self.min_stability, self.smallest, self.fit_rows, self.seed = k_max, min_stability, smallest, fit_rows, seed
        self.features = features

    def fit(self, X: pd.DataFrame, previous: Segmenter | None = None) -> Segmenter:
        """Find the segments; with ``previous``, a segment that is still there keeps its name.

        Raises
        ------
        ParameterError
            A feature is text, a customer stands there twice, or fewer customers than five times ``smallest`` have all features.
        """
        numbers = self._read(X)
        full = numbers.dropna()
        self.n_, self.n_missing_ = len(full), len(numbers) - len(full)
        if self.n_ < 5 * self.smallest:
            raise ParameterError("Too few customers to look for segments.", wanted=f"at least {5 * self.smallest} with all features",
                                 came=f"{self.n_} ({self.n_missing_} more miss a feature)")
        self._learn_scale(full)
        rng = np.random.default_rng(self.seed)
        rows = rng.permutation(self.n_)[: self.fit_rows]
        sample = self._scale(spread_ties(full.iloc[rows], self.seed))
        # of hundreds of fits on a few thousand rows each: several threads spend their time waiting for each other
        with threadpool_limits(1):
            self._choose(sample, previous)
        parts = self.mixture_.predict(self._straight(full))
        self._sample = full.iloc[rows]
        self.names_ = self._name(full, parts, previous)
        self.labels_ = pd.Series(np.array(self.names_, dtype=object)[parts], index=full.index).reindex(X.index)
        self.sizes_ = [int(np.sum(parts == part)) for part in range(self.k_)]
        self._describe(full, parts)
        rules = read_rules(full.iloc[rows], self.labels_.loc[full.index].iloc[rows], assign=self.predict, seed=self.seed)
        self.rules_, self.fidelity_, self.rule_coverage_, self.fidelity_of_all_ = rules.table, rules.fidelity, rules.coverage, rules.fidelity_of_all
        self.odd_ = self._odd(full.iloc[rows], apply_powers(sample, self._powers)).reindex(X.index)
        return self

    def _read(self, X: pd.DataFrame) -> pd.DataFrame:
        numbers = read_numbers(X, self.features)
        if X.index.has_duplicates:
            raise ParameterError("A customer stands in the table twice.", came=f"{X.index[X.index.duplicated()][0]}"[:60],
                                 todo="Set the customer's key as index, one row each, or number the rows: X.reset_index(drop=True).")
        return numbers

    def _learn_scale(self, full: pd.DataFrame) -> None:
        low, self._middle, high = (full.quantile(q) for q in (0.25, 0.5, 0.75))
        spread = (high - low) / 1.349
        spread = spread.where(spread > 0, full.std())
        dead = spread.index[~(spread > 0)]
        if len(dead):
            raise ParameterError(f"Feature {dead[0]!r} is the same for all customers.", todo="Leave it out of the blocks.")
        weight = pd.Series({name: self.weights.get(block, 1.0) for block, names in self.blocks.items() for name in names})
        self._factor = weight / spread

    def _scale(self, numbers: pd.DataFrame) -> np.ndarray:
        return np.clip(((numbers - self._middle) * self._factor).to_numpy(), -50, 50)

    def _straight(self, numbers: pd.DataFrame) -> np.ndarray:
        return apply_powers(self._scale(numbers), self._powers)

    def _choose(self, Z: np.ndarray, previous: Segmenter | None) -> None:
        k_max = min(self.k_max, self.n_ // (5 * self.smallest))
        sizes = list(range(1, k_max + 1)) if self.k == "stable" else [self.k]
        fitted = self._straighten(Z[:_SEARCH_ROWS], sizes)
        Z = apply_powers(Z, self._powers)
        before = None if previous is None else (previous.mixture_.mixture.n_components, previous.mixture_.mixture.covariance_type)
        found, self.stability_, self.is_stable_ = choose_mixture(Z[:_SEARCH_ROWS], None if self.k == "stable" else self.k, k_max, self.smallest * min(1, _SEARCH_ROWS / self.n_),
                                                                 self.min_stability, self.seed, before, fitted)
        if len(Z) > _SEARCH_ROWS:
            found = GroupedMixture(refit_mixture(found.mixture, Z, self.seed), found.group)
        self.mixture_, self.k_ = found, found.groups
        self.message_ = (f"{self.k_} segments, found again in each half of the customers." if self.is_stable_ else
                         "No stable segments: the customers are one group." if self.k_ == 1 else
                         f"{self.k_} segments as asked for; they are not found again in each half of the customers.")

    def _straighten(self, Z: np.ndarray, sizes: list[int]) -> dict:
        """The mixtures on the features as they are, or straightened where that has the better BIC; a skewed crowd is not several groups."""
        fitted, powers = fit_mixtures(Z, sizes, self.seed), find_powers(Z)
        self._powers = np.ones(Z.shape[1])
        if (powers != 1).any():
            straight = apply_powers(Z, powers)
            other = fit_mixtures(straight, sizes, self.seed)
            paid = np.log(len(Z)) * (powers != 1).sum() - 2 * log_stretch(Z, powers)
            if min(one.bic(straight) for one in other.values()) + paid < min(one.bic(Z) for one in fitted.values()):
                self._powers, fitted = powers, other
        return fitted

    def _name(self, full: pd.DataFrame, parts: np.ndarray, previous: Segmenter | None) -> list[str]:
        if self.k_ == 1:
            names = ["all customers"]
        else:
            centres = (full.groupby(parts).median().reindex(range(self.k_)) - full.median()) * self._factor
            names = [_words(centres, part) for part in range(self.k_)]
        if previous is not None:
            before = previous.predict(full)
            shared = pd.crosstab(pd.Series(parts, index=full.index), before).reindex(range(self.k_), fill_value=0)
            union = shared.sum(axis=1).to_numpy()[:, None] + shared.sum().to_numpy()[None, :] - shared.to_numpy()
            overlap = shared.to_numpy() / np.maximum(union, 1)
            kept = {new: shared.columns[old] for new, old in zip(*linear_sum_assignment(-overlap)) if overlap[new, old] >= 0.5}
            # a new segment may not bear the name of one that is gone
            names = [kept.get(part, f"{name} (new)" if name in previous.names_ else name) for part, name in enumerate(names)]
        seen: dict[str, int] = {}
        for part, name in enumerate(names):
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                names[part] = f"{name} {seen[name]}"
        return names

    def _describe(self, full: pd.DataFrame, parts: np.ndarray) -> None:
        medians = full.groupby(parts).median().reindex(range(self.k_))
        medians.insert(0, "segment", self.names_)
        medians.insert(1, "n", self.sizes_)
        medians.insert(2, "share", np.array(self.sizes_) / self.n_)
        # the figures of a handful of customers are those of persons
        medians.loc[medians["n"] < self.smallest, self.features] = np.nan
        self.profiles_ = medians.sort_values("n", ascending=False).reset_index(drop=True)

    def _odd(self, sample: pd.DataFrame, Z: np.ndarray) -> pd.Series:
        away = self.mixture_.distance(Z)
        far = np.flatnonzero(away > chi2.ppf(0.9999, Z.shape[1]))[:5000]
        out = pd.Series(None, index=sample.index, dtype=object)
        out.iloc[far] = "alone"
        if len(far) >= 2 * self.smallest:
            groups = HDBSCAN(min_cluster_size=self.smallest, allow_single_cluster=True, copy=True).fit_predict(Z[far])
            for group in range(groups.max() + 1):
                out.iloc[far[groups == group]] = f"odd group {group + 1}"
        return out

    def predict(self, X: pd.DataFrame) -> pd.Series:
        """Name of the segment of each customer; missing where a feature is missing."""
        if not hasattr(self, "mixture_"):
            raise ParameterError("The segments are not fitted yet.", todo="Call fit(X) first.")
        full = self._read(X).dropna()
        parts = self.mixture_.predict(self._straight(full)) if len(full) else np.zeros(0, int)
        return pd.Series(np.array(self.names_, dtype=object)[parts], index=full.index, dtype=object).reindex(X.index)

    def without_customers(self) -> Segmenter:
        """A copy that knows of no single customer, to be kept: it gives others their segment (:meth:`predict`); ``labels_``, ``odd_`` and :meth:`drift` are gone."""
        if not hasattr(self, "mixture_"):
            raise ParameterError("The segments are not fitted yet.", todo="Call fit(X) first.")
        found = copy.copy(self)
        for name in ("labels_", "odd_", "_sample"):
            vars(found).pop(name, None)
        return found

    def drift(self, X: pd.DataFrame) -> dict[str, Any]:
        """How far other customers, or those of a later month, are from the ones of the fit.

        Returns
        -------
        dict
            ``features``: PSI of each feature; ``shares``: share of each segment then and now; ``jsd``: Jensen-Shannon divergence of the shares (bits);
            ``centres``: shift of each segment's medians in robust standard deviations.
        """
        if not hasattr(self, "_sample"):
            raise ParameterError("The customers of the fit are not known any more.", todo="Fit anew: call fit(X).")
        labels = self.predict(X)
        full = self._read(X)
        then = self.profiles_.set_index("segment")
        shares, jsd = compare_shares(then["share"], labels.value_counts(normalize=True))
        moved = (full.groupby(labels).median() - then[self.features]) * self._factor
        return {"features": pd.Series({name: population_stability(self._sample[name], full[name]) for name in self.features}, name="psi"),
                "shares": shares, "jsd": jsd, "centres": moved}

    def migration(self, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
        """Customers (by index) by their segment before (rows) and after (columns); who is in one month alone is ``"not there"``."""
        one, two = self.predict(before), self.predict(after)
        if one.index.has_duplicates or two.index.has_duplicates:
            raise ParameterError("A customer stands in a month twice.", todo="Set the customer's key as index, one row each.")
        both = pd.concat({"before": one, "after": two}, axis=1).fillna("not there")
        return pd.crosstab(both["before"], both["after"])


def _words(centres: pd.DataFrame, part: int) -> str:
    """What a segment is high or low in against all customers; where it is like most of them, against the segment that differs most from it.

    Examples
    --------
    Most customers never leave the country: among all of them nothing about them is low.

    >>> centres = pd.DataFrame({"abroad": [0.0, 5.0], "calls": [0.1, -0.2]})
    >>> [_words(centres, part) for part in (0, 1)]
    ['low abroad', 'high abroad']
    """
    row, spread = centres.iloc[part], centres.max() - centres.min()
    told = [name for name in row.abs().sort_values(ascending=False).index[:2] if abs(row[name]) >= 0.5 and spread[name] >= 1]
    if told:
        return ", ".join(f"{'high' if row[name] > 0 else 'low'} {name}" for name in told)
    away = (row - centres.drop(centres.index[part])).stack()
    if away.abs().max() < 1:
        return "middle"
    _, name = away.abs().idxmax()
    return f"{'high' if away.loc[away.abs().idxmax()] > 0 else 'low'} {name}"
