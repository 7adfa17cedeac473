"""Satisfaction is quality held against what was expected, and against the price: the expectation, and what price does to quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from cemlib.analysis.resampling import MIN_CUSTOMERS
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["PriceOfQuality", "expect_quality", "weigh_price"]


def expect_quality(frame: pd.DataFrame, quality: str, *, customer: str, at: str, tariff: str | None = None, memory: int = 5, prior: float = 2.0) -> pd.Series:
    """What each customer could expect at each moment: the mean of own earlier quality, newer counting more, drawn towards that of the tariff.

    Nothing from the moment itself or later is used (adaptive expectation, Cagan 1956; that it makes satisfaction is Oliver's (1980) disconfirmation).

    Parameters
    ----------
    frame : DataFrame
    quality, customer, at : str
        Columns: quality (more is better or worse, as it is), customer, and moment.
    tariff : str, optional
        Column within which strangers expect the same; all customers by default.
    memory : int
        Ratings after which an earlier one counts 1/e.
    prior : float
        How many own ratings the tariff's mean counts as.

    Returns
    -------
    pandas.Series
        On the index of ``frame``; missing where nobody of the tariff came before.

    Examples
    --------
    >>> rows = pd.DataFrame({"who": ["a", "a", "b"], "at": [1, 2, 3], "mbps": [10.0, 20.0, 30.0]})
    >>> expect_quality(rows, "mbps", customer="who", at="at").round(1).tolist()
    [nan, 10.0, 15.0]
    """
    for name in (quality, customer, at, *([tariff] if tariff else [])):
        if name not in frame.columns:
            raise UnknownNameError("column", name, frame.columns)
    if frame.index.has_duplicates:
        raise ParameterError("Two rows have the same index.", todo="Use reset_index(drop=True).")
    if memory <= 0 or prior < 0:
        raise ParameterError("Memory must be positive and the prior not negative.", came=f"memory {memory}, prior {prior}")
    rows = frame.sort_values(at, kind="stable")
    kind = rows[tariff] if tariff else pd.Series(0, index=rows.index)
    # of the same moment nobody knows the other
    known = rows[quality].notna().astype(float)
    sums = pd.DataFrame({"kind": kind, "at": rows[at], "q": rows[quality].fillna(0.0), "n": known}).groupby(["kind", "at"], sort=True)[["q", "n"]].sum()
    before = sums.groupby(level="kind").cumsum() - sums
    of_kind = pd.MultiIndex.from_arrays([kind, rows[at]])
    level = (before["q"] / before["n"].where(before["n"] > 0)).reindex(of_kind).to_numpy()
    own, weight = np.zeros(len(rows)), np.zeros(len(rows))
    fade = np.exp(-1 / memory)
    turn = rows.groupby(customer, sort=False).cumcount().to_numpy()
    who = pd.factorize(rows[customer])[0]
    kept_sum, kept_weight = np.zeros(who.max() + 1), np.zeros(who.max() + 1)
    values, is_known = rows[quality].fillna(0.0).to_numpy(), known.to_numpy()
    for number in range(int(turn.max()) + 1):
        here = np.flatnonzero(turn == number)
        own[here], weight[here] = kept_sum[who[here]], kept_weight[who[here]]
        kept_sum[who[here]] = fade * kept_sum[who[here]] + values[here] * is_known[here]
        kept_weight[who[here]] = fade * kept_weight[who[here]] + is_known[here]
    expected = (own + prior * np.nan_to_num(level)) / np.where(weight + prior > 0, weight + prior, np.nan)
    return pd.Series(np.where(np.isnan(level), np.nan, expected), index=rows.index).reindex(frame.index)


@dataclass(frozen=True)
class PriceOfQuality:
    """What the price does to the effect of quality.

    Attributes
    ----------
    interaction, low, high : float
        How much the effect of one standard deviation of quality changes with one standard deviation of price (rating points).
    verdict : str
        "a high price makes quality count more", "… less", or "not told apart".
    corners : pandas.DataFrame
        ``quality`` and ``price`` ("low", "high": their 10 % and 90 % quantiles), ``expected`` rating with ``low``, ``high``, and ``n``: ratings near it
        (own quality and price in the outer third).
    n, n_customers : int
    claim : str
    """

    interaction: float
    low: float
    high: float
    verdict: str
    corners: pd.DataFrame
    n: int
    n_customers: int
    claim: str = "association"


def weigh_price(X: pd.DataFrame, y: pd.Series, customers: pd.Series, *, quality: str, price: str, level: float = 0.9) -> PriceOfQuality:
    """Whether those who pay more rate the same quality otherwise: least squares with the product, errors by customer.

    Raises
    ------
    UnknownNameError
        A column is not there.
    ParameterError
        Fewer than 30 customers, or a column that is the same for all.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mbps": rng.normal(20, 5, 2000), "price": rng.normal(30, 5, 2000)})
    >>> y = 3 + 0.05 * (X["mbps"] - 20) + 0.01 * (X["mbps"] - 20) * (X["price"] - 30) / 5 + rng.normal(0, 0.4, 2000)
    >>> weigh_price(X, y, pd.Series(range(2000)), quality="mbps", price="price").verdict
    'a high price makes quality count more'
    """
    for name in (quality, price):
        if name not in X.columns:
            raise UnknownNameError("feature", name, X.columns)
    full = X.dropna()
    full = full.loc[:, (full.nunique() > 1) | full.columns.isin([quality, price])]
    who = customers.loc[full.index]
    if who.nunique() < MIN_CUSTOMERS or full[[quality, price]].nunique().min() < 2 or quality == price:
        raise ParameterError("Too little to weigh price against quality.", wanted=f"{MIN_CUSTOMERS} customers who differ in both", came=f"{who.nunique()} customers")
    # loaded by who asks: most fits do without
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools.tools import add_constant

    scaled = (full - full.mean()) / full.std()
    design = add_constant(scaled.assign(**{"quality x price": scaled[quality] * scaled[price]}))
    fit = OLS(y.loc[full.index].astype(float), design).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(who)[0]})
    quantile = float(ndtri((1 + level) / 2))
    value, half = float(fit.params["quality x price"]), quantile * float(fit.bse["quality x price"])
    verdict = f"a high price makes quality count {'more' if value > 0 else 'less'}" if abs(value) > half else "not told apart"
    return PriceOfQuality(value, value - half, value + half, verdict, _corners(full, design, fit, quality, price, level), len(full), int(who.nunique()))


def _corners(full: pd.DataFrame, design: pd.DataFrame, fit, quality: str, price: str, level: float) -> pd.DataFrame:
    ends = {name: full[name].quantile([0.1, 1 / 3, 2 / 3, 0.9]).to_numpy() for name in (quality, price)}
    rows = []
    for good in ("low", "high"):
        for dear in ("low", "high"):
            point, near = design.mean(), pd.Series(True, index=full.index)
            for name, end in ((quality, good), (price, dear)):
                point[name] = (ends[name][0 if end == "low" else 3] - full[name].mean()) / full[name].std()
                near &= full[name] <= ends[name][1] if end == "low" else full[name] >= ends[name][2]
            point["quality x price"] = point[quality] * point[price]
            told = fit.get_prediction(point.to_numpy()[None, :]).summary_frame(alpha=1 - level).iloc[0]
            rows.append({"quality": good, "price": dear, "expected": told["mean"], "low": told["mean_ci_lower"], "high": told["mean_ci_upper"], "n": int(near.sum())})
    return pd.DataFrame(rows)
