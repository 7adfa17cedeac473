"""Features that know the answer already."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["find_leaks"]


def find_leaks(X: pd.DataFrame, y: pd.Series, *, pure_share: float = 0.3, rank: float = 0.95, least: int = 50) -> pd.DataFrame:
    """Find features that alone tell the outcome too well to have been known before it.

    Two signs: the outcome is the same for all rows in values of the feature that hold at least ``least`` rows each and together more than
    ``pure_share`` of all rows, though over all rows no outcome has more than 95 %; or the rank correlation reaches ``rank``.

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``sign``.

    Examples
    --------
    >>> score = pd.Series([1, 3, 5] * 100)
    >>> find_leaks(pd.DataFrame({"score": score}), (score < 2).astype(float))["feature"].tolist()
    ['score']
    """
    found = []
    varied = y.value_counts(normalize=True).iloc[0] <= 0.95
    for name in X:
        values = X[name]
        if values.nunique() < 2:
            continue
        bins = values if values.nunique() <= 20 else values.rank(method="average", pct=True).mul(20).pipe(np.ceil)
        by = y.groupby(bins).agg(["nunique", "size"])
        pure = by.loc[(by["nunique"] == 1) & (by["size"] >= least), "size"].sum() / len(y)
        rho = values.corr(y, method="spearman")
        if varied and pure > pure_share:
            found.append({"feature": name, "sign": f"{pure:.0%} of the rows have values with one outcome only"})
        elif abs(rho) >= rank:
            found.append({"feature": name, "sign": f"rank correlation with the outcome {rho:.2f}"})
    return pd.DataFrame(found, columns=["feature", "sign"])
