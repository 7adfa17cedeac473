"""Whether a KPI that gets worse costs more than one that gets better brings, and from where more of it brings nothing."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtri

from cemlib.analysis.resampling import MIN_CUSTOMERS, customer_weights, draw_customers
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["find_knee", "oriented", "penalty_and_reward"]

_MARKS = 10  # of a rating with more values than that: tenths
_MOST_ROWS = 20_000  # of customers drawn at random: a bend is as plain in these as in all


def oriented(X: pd.DataFrame, y: pd.Series, better: Mapping[str, int]) -> pd.Series:
    """Direction of each feature: as told, else the sign of its rank correlation with the rating.

    Raises
    ------
    UnknownNameError
        A direction is told of a feature that is not there.

    Examples
    --------
    >>> oriented(pd.DataFrame({"stalls": [3, 2, 1], "speed": [1, 2, 3]}), pd.Series([1, 2, 4]), {}).to_dict()
    {'stalls': -1, 'speed': 1}
    """
    for name in better:
        if name not in X.columns:
            raise UnknownNameError("feature", name, X.columns)
    return pd.Series({name: better.get(name) or (-1 if X[name].nunique() > 1 and X[name].corr(y, method="spearman") < 0 else 1) for name in X}, dtype=int)


def _marks(y: pd.Series) -> pd.Series:
    """Ratings in order, as few marks as an ordinal model can take."""
    marks = y if y.nunique() <= _MARKS + 1 else pd.qcut(y.rank(method="average"), _MARKS, labels=False, duplicates="drop")
    return pd.Series(pd.Categorical(marks, ordered=True), index=y.index)


def _usual_step(X: pd.DataFrame) -> pd.Series:
    """The quartiles' distance as a standard deviation of a normal one: long tails do not stretch it. Where it is 0, the standard deviation."""
    quartiles = (X.quantile(0.75) - X.quantile(0.25)) / 1.349
    return quartiles.where(quartiles > 0, X.std()).where(lambda one: one > 0, 1.0)


def penalty_and_reward(X: pd.DataFrame, y: pd.Series, customers: pd.Series, *, better: Mapping[str, int] | None = None,
                       reference: Mapping[str, float] | None = None, level: float = 0.98) -> pd.DataFrame:
    """What a KPI below its reference costs and above it brings.

    Every feature of three or more values is split at its reference into two hinges (penalty-reward contrast: Brandt 1987). They are fitted in one
    ordered probit of the ratings, so that the end of the rating scale makes no KPI look as if more of it brought nothing; errors allow for several
    ratings of one customer (sandwich).

    Parameters
    ----------
    X, y, customers : DataFrame, Series, Series
    better : mapping of str to -1 or 1, optional
        Which direction is good; by default the sign of the rank correlation.
    reference : mapping of str to float, optional
        What is expected; the median by default.
    level : float
        Of the interval of the difference; a label needs it to exclude 0.

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``reference``, ``penalty`` and ``reward`` (standard deviations of the latent rating that a usual step of the KPI, its quartiles'
        distance / 1.349, costs below and brings above), ``difference`` with ``low`` and ``high``, ``asymmetry`` ("penalty", "reward", "not told apart"), ``kano`` ("basic": only
        its lack counts; "excitement": only its presence counts; "performance": both, unequally; "" where the interval holds 0).

    Raises
    ------
    ParameterError
        Fewer than 30 customers, no feature of three values, or a model that does not settle.
    """
    full = X.dropna()
    full = full[draw_customers(customers.loc[full.index], _MOST_ROWS, 0)]
    kept = [name for name in full if full[name].nunique() > 2]
    rating, who = y.loc[full.index], customers.loc[full.index]
    if who.nunique() < MIN_CUSTOMERS or not kept:
        raise ParameterError("Too little to tell penalty from reward.", wanted=f"{MIN_CUSTOMERS} customers and a feature of three or more values",
                             came=f"{who.nunique()} customers, {len(kept)} such features")
    direction, spread = oriented(full, rating, better or {}), _usual_step(full)
    middle = pd.Series({name: (reference or {}).get(name, full[name].median()) for name in full})
    good = (full - middle) / spread * direction
    design = {}
    for name in full:
        if name in kept:
            design[f"{name}|penalty"], design[f"{name}|reward"] = good[name].clip(upper=0), good[name].clip(lower=0)
        elif full[name].nunique() == 2:
            design[name] = good[name]
    frame = pd.DataFrame(design)
    fit = _ordered_probit(frame.loc[:, frame.std() > 0], rating, who)
    slopes, errors = fit.params, pd.DataFrame(fit.cov_params(), index=fit.params.index, columns=fit.params.index)
    return pd.DataFrame([_contrast(name, float(middle[name]), slopes, errors, level) for name in kept])


def _ordered_probit(X: pd.DataFrame, y: pd.Series, who: pd.Series):
    # loaded by who asks: a knee, and most of a page, do without
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("error", HessianInversionWarning)
        try:
            return OrderedModel(_marks(y), X, distr="probit").fit(method="bfgs", maxiter=500, disp=False, cov_type="cluster", cov_kwds={"groups": pd.factorize(who)[0]})
        except (ConvergenceWarning, HessianInversionWarning, np.linalg.LinAlgError) as error:
            raise ParameterError("The model of penalty and reward does not settle.", came=str(error)[:100], todo="Leave out features that say nearly the same.") from error


def _contrast(name: str, reference: float, slopes: pd.Series, errors: pd.DataFrame, level: float) -> dict:
    low_side, high_side = f"{name}|penalty", f"{name}|reward"
    if low_side not in slopes or high_side not in slopes:
        # all customers lie on one side of the reference
        return {"feature": name, "reference": reference, "penalty": slopes.get(low_side, np.nan), "reward": slopes.get(high_side, np.nan), "difference": np.nan,
                "low": np.nan, "high": np.nan, "asymmetry": "not told apart", "kano": ""}
    penalty, reward = float(slopes[low_side]), float(slopes[high_side])
    quantile = float(ndtri((1 + level) / 2))
    # of the sizes: a KPI whose good direction was told wrong has two negative slopes
    sign_low, sign_high = np.sign(penalty) or 1.0, np.sign(reward) or 1.0
    spread_low, spread_high = (float(np.sqrt(errors.loc[one, one])) for one in (low_side, high_side))
    between = float(errors.loc[low_side, high_side])
    difference = abs(penalty) - abs(reward)
    half = quantile * np.sqrt(max(spread_low**2 + spread_high**2 - 2 * sign_low * sign_high * between, 0))
    told = difference - half > 0 or difference + half < 0
    counts = abs(penalty) > quantile * spread_low, abs(reward) > quantile * spread_high
    kano = {(True, False): "basic", (False, True): "excitement", (True, True): "performance"}.get(counts, "") if told else ""
    return {"feature": name, "reference": reference, "penalty": penalty, "reward": reward, "difference": difference, "low": difference - half, "high": difference + half,
            "asymmetry": ("penalty" if difference > 0 else "reward") if told else "not told apart", "kano": kano}


def find_knee(X: pd.DataFrame, y: pd.Series, customers: pd.Series, feature: str, *, better: int = 1, draws: int = 100, level: float = 0.9,
              seed: int = 0) -> dict:
    """Where a KPI saturates: from this value on, improving it brings less than half of what it brought before.

    A line with one bend is fitted for each of 17 quantiles of the KPI (10 % … 90 %), the other features linear beside it; the best bend is taken. The
    knee is told only where the slope behind it is below half of the one before it in the share ``level`` of the draws of the cluster bootstrap.

    Parameters
    ----------
    X, y, customers : DataFrame, Series, Series
    feature : str
    better : 1 or -1
        Good direction: with -1, such as for a time stalled, the knee is where less of it brings nothing any more.
    draws, level, seed
        Of the cluster bootstrap. Of more than 20,000 rows those of customers drawn at random are used.

    Returns
    -------
    dict
        ``feature``, ``knee`` with ``low`` and ``high`` (None where there is none), ``slope_before``, ``slope_after`` (rating per unit of improvement),
        ``n``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mbps": rng.uniform(0, 40, 2000)})
    >>> y = 2 + 0.1 * X["mbps"].clip(upper=20) + rng.normal(0, 0.3, 2000)
    >>> round(find_knee(X, y, pd.Series(range(2000)), "mbps")["knee"])
    20
    """
    if feature not in X.columns:
        raise UnknownNameError("feature", feature, X.columns)
    if better not in (-1, 1):
        raise ParameterError("A direction is neither -1 nor 1.", came=str(better))
    full = X.dropna()
    full = full[draw_customers(customers.loc[full.index], _MOST_ROWS, seed)]
    rating, who = y.loc[full.index].to_numpy(float), customers.loc[full.index]
    values = better * full[feature].to_numpy(float)
    knots = np.unique(np.quantile(values, np.linspace(0.1, 0.9, 17)))
    if who.nunique() < MIN_CUSTOMERS or len(knots) < 5:
        raise ParameterError("Too little to look for a knee.", wanted=f"{MIN_CUSTOMERS} customers and a feature of many values", came=f"{who.nunique()} customers, {full[feature].nunique()} values")
    others = [name for name in full if name != feature and full[name].nunique() > 1]
    base = np.column_stack([np.ones(len(full)), (full[others] - full[others].mean()) / full[others].std(), values])
    # all bends at once: each has its own last column
    everything = np.column_stack([base, np.maximum(values[:, None] - knots, 0), rating])
    found = []
    for weight in customer_weights(who, draws, seed):
        found.append(_best_bend((everything * weight[:, None]).T @ everything, base.shape[1], len(knots)))
    at, before, after = (np.array(one) for one in zip(*found, strict=True))
    # before it an improvement brings something
    bends = (before > 0) & (np.abs(after) * 2 < before)
    is_knee = bool(bends[0]) and np.mean(bends[1:]) >= level
    low, high = sorted(better * np.quantile(knots[at[1:]], [(1 - level) / 2, (1 + level) / 2])) if is_knee else (None, None)
    return {"feature": feature, "knee": float(better * knots[at[0]]) if is_knee else None, "low": None if low is None else float(low), "high": None if high is None else float(high),
            "slope_before": float(before[0]), "slope_after": float(after[0]), "n": len(full)}


def _best_bend(moments: np.ndarray, base: int, knots: int) -> tuple[int, float, float]:
    """The knot that leaves least unexplained, with the slopes on both sides."""
    best = (np.inf, 0, 0.0, 0.0)
    for knot in range(knots):
        columns = [*range(base), base + knot]
        beside = moments[columns, -1]
        slopes = np.linalg.lstsq(moments[np.ix_(columns, columns)], beside, rcond=1e-12)[0]
        left = moments[-1, -1] - beside @ slopes
        if left < best[0]:
            best = (left, knot, float(slopes[-2]), float(slopes[-2] + slopes[-1]))
    return best[1:]
