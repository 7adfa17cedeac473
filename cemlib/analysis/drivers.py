"""Which KPIs go with satisfaction, and how much of it each explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from cemlib.analysis.resampling import MIN_CUSTOMERS, customer_weights, read_interval
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["group_collinear", "shapley_shares", "share_by_segment"]

_MOST_GROUPS = 12


def group_collinear(X: pd.DataFrame, rank: float = 0.6) -> dict[str, list[str]]:
    """Put features that say nearly the same into one group: average linkage of ``1 - |rank correlation|``, cut at ``1 - rank``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> stalls, price = rng.normal(size=(2, 300))
    >>> group_collinear(pd.DataFrame({"stalls": stalls, "wait": stalls + rng.normal(0, 0.3, 300), "price": price}))
    {'stalls, wait': ['stalls', 'wait'], 'price': ['price']}
    """
    names = list(X.columns)
    if len(names) < 2:
        return {name: [name] for name in names}
    apart = 1 - X.corr(method="spearman").abs().fillna(0).to_numpy()
    np.fill_diagonal(apart, 0)
    labels = fcluster(linkage(squareform(np.clip(apart, 0, 1), checks=False), "average"), 1 - rank, criterion="distance")
    members: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        members.setdefault(int(label), []).append(name)
    return {", ".join(one): one for one in members.values()}


def _checked_groups(X: pd.DataFrame, groups: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    found = group_collinear(X) if groups is None else {name: list(names) for name, names in groups.items()}
    named = [one for names in found.values() for one in names]
    for one in named:
        if one not in X.columns:
            raise UnknownNameError("feature", one, X.columns)
    if len(set(named)) < len(named) or not all(found.values()):
        raise ParameterError("A feature is in two groups, or a group is empty.", came=str(found)[:200])
    if len(found) > _MOST_GROUPS:
        raise ParameterError("Too many groups for exact shares.", wanted=f"at most {_MOST_GROUPS}", came=str(len(found)), todo="Give groups of features that belong together.")
    return found


def _explained(moments: np.ndarray, columns: np.ndarray, n: int | None) -> np.ndarray:
    """Share of the variance of the last column that these columns explain, adjusted for n rows; 0 for none. Of many matrices at once."""
    if not len(columns):
        return np.zeros(moments.shape[:-2])
    inside, beside = moments[..., columns[:, None], columns], moments[..., columns, -1]
    # columns that say the same share what they say
    ridge = 1e-9 * np.trace(inside, axis1=-2, axis2=-1)[..., None, None] / len(columns) * np.eye(len(columns)) + 1e-300 * np.eye(len(columns))
    plain = np.sum(beside * np.linalg.solve(inside + ridge, beside[..., None])[..., 0], axis=-1) / moments[..., -1, -1]
    return plain if n is None else 1 - (1 - plain) * (n - 1) / max(n - len(columns) - 1, 1)


def shapley_shares(moments: np.ndarray, parts: Sequence[np.ndarray], n: int | None = None) -> np.ndarray:
    """Share of the explained variance of each part, averaged over all orders (Shapley value; LMG: Lindeman, Merenda and Gold 1980).

    Parameters
    ----------
    moments : ndarray
        Covariances of the columns, the outcome last; or many such matrices.
    parts : sequence of ndarray of int
        Columns of each part.
    n : int, optional
        Independent rows, for the adjustment of R2; without it R2 is as it is.

    Returns
    -------
    ndarray
        One value a part (the last axis); they add up to the R2 of all.

    Examples
    --------
    Two uncorrelated columns of correlation .6 and .3 with the outcome: their squares.

    >>> moments = np.array([[1, 0, 0.6], [0, 1, 0.3], [0.6, 0.3, 1]])
    >>> shapley_shares(moments, [np.array([0]), np.array([1])]).round(2).tolist()
    [0.36, 0.09]
    """
    count = len(parts)
    value = {chosen: _explained(moments, np.concatenate([parts[one] for one in chosen]).astype(int) if chosen else np.array([], int), n)
             for size in range(count + 1) for chosen in combinations(range(count), size)}
    shares = np.zeros((*moments.shape[:-2], count))
    for chosen, worth in value.items():
        weight_in = factorial(len(chosen) - 1) * factorial(count - len(chosen)) / factorial(count) if chosen else 0.0
        weight_out = factorial(len(chosen)) * factorial(count - len(chosen) - 1) / factorial(count) if len(chosen) < count else 0.0
        for one in range(count):
            shares[..., one] += weight_in * worth if one in chosen else -weight_out * worth
    return shares


def share_by_segment(X: pd.DataFrame, y: pd.Series, customers: pd.Series, by: pd.Series | None = None, *, groups: Mapping[str, Sequence[str]] | None = None,
                     draws: int = 100, level: float = 0.9, seed: int = 0) -> pd.DataFrame:
    """Drivers of each segment: how much of the differences in satisfaction goes with each group of KPIs.

    Each feature counts with its square, so that a bend counts too. It is an association: a driver need not be a cause.

    A share of variance cannot be below 0, so chance makes it too large, and more so where a customer rates several times. What the draws are larger on average
    than the ratings from which they were drawn is taken off it (bias by bootstrap: Efron and Tibshirani 1993, 10.4), and off the draws a second time. So the
    share of what has nothing to do with the rating is around 0 and may be below.

    Parameters
    ----------
    X, y, customers : DataFrame, Series, Series
        Features, ratings and the customer of each row, on one index.
    by : Series, optional
        Segment of each row; rows without one are left out.
    groups : mapping of str to list of str, optional
        By default features of a rank correlation of .6 or more stand together, since their shares cannot be told apart.
    draws, level, seed
        Of the cluster bootstrap.

    Returns
    -------
    pandas.DataFrame
        ``segment``, ``driver``, ``share`` (ratio of the variance of the ratings), ``low``, ``high``, ``of_explained`` (ratio), ``n``, ``n_customers``,
        ``state`` ("ok", or "too few" below 30 customers, with empty figures).
    """
    parts = _checked_groups(X, groups)
    columns = [name for names in parts.values() for name in names]
    rows = []
    segments = pd.Series("all", index=X.index) if by is None else by.reindex(X.index)
    for segment, index in segments.dropna().groupby(segments, sort=True).groups.items():
        inside = X.loc[index, columns].dropna()
        who = customers.loc[inside.index]
        count = {"n": len(inside), "n_customers": int(who.nunique())}
        enough = count["n_customers"] >= MIN_CUSTOMERS and y.loc[inside.index].nunique() > 1
        share, low, high = _bootstrap(inside, y.loc[inside.index], who, parts, draws, level, seed) if enough else np.full((3, len(parts)), np.nan)
        total = share.sum() if share.sum() > 0 else np.nan
        rows += [{"segment": segment, "driver": name, "share": share[one], "low": low[one], "high": high[one], "of_explained": share[one] / total, **count,
                  "state": "ok" if enough else "too few"} for one, name in enumerate(parts)]
    columns = ["segment", "driver", "share", "low", "high", "of_explained", "n", "n_customers", "state"]
    return pd.DataFrame(rows, columns=columns).sort_values(["segment", "share"], ascending=[True, False], kind="stable", ignore_index=True)


def _bootstrap(X: pd.DataFrame, y: pd.Series, who: pd.Series, parts: Mapping[str, list[str]], draws: int, level: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The shares without their bias, with both ends of their intervals."""
    Z = ((X - X.mean()) / X.std().where(lambda one: one > 0, 1.0)).to_numpy()
    # a square of a feature of two values says nothing new
    bent = [one for one, name in enumerate(X.columns) if X[name].nunique() > 2]
    data = np.column_stack([Z, Z[:, bent] ** 2, y.to_numpy(float)])
    place = {name: [one] + ([Z.shape[1] + bent.index(one)] if one in bent else []) for one, name in enumerate(X.columns)}
    at = [np.array([one for name in names for one in place[name]]) for names in parts.values()]
    mean, moments = np.zeros(len(data)), []
    for number, weight in enumerate(customer_weights(who, draws, seed)):
        moments.append(_moments(data, weight))
        mean += weight / draws if number else 0.0
    # what the draws are on average, as one draw: against it their bias shows without the luck of so few draws
    found = shapley_shares(np.array([*moments, _moments(data, mean)]), at)
    plain, drawn, average = found[0], found[1:-1], found[-1]
    share = plain - (drawn.mean(axis=0) - average)
    low, high = read_interval(drawn - drawn.mean(axis=0) + share, level, int(who.nunique()))
    return share, np.minimum(low, share), np.maximum(high, share)


def _moments(data: np.ndarray, weight: np.ndarray) -> np.ndarray:
    centred = data - np.average(data, axis=0, weights=weight)
    return (centred * weight[:, None]).T @ centred / weight.sum()
