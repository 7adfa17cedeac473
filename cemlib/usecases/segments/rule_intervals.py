"""How sure it is what rules are worth: Wilson intervals of shares of the customers whom the rules did not see."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.kpi.interval import bound_ratio

__all__ = ["bound_rules", "bound_worth"]


def bound_rules(rules: pd.DataFrame) -> pd.DataFrame:
    """The rules with 95 % intervals of how often they are right, and of how much of their segment they meet.

    Parameters
    ----------
    rules : DataFrame
        n (customers who meet the rule), precision, coverage (0 … 1).

    Returns
    -------
    DataFrame
        A copy with precision_low, precision_high, coverage_low, coverage_high; missing where nobody meets the rule.

    Examples
    --------
    >>> rules = bound_rules(pd.DataFrame({"n": [100], "precision": [0.85], "coverage": [0.85]}))
    >>> rules[["precision_low", "precision_high"]].round(3).values.tolist()
    [[0.767, 0.907]]
    """
    n = rules["n"].to_numpy(float)
    # of whom a rule meets, those in its segment; and all of the segment, of whom these are its coverage
    hits = np.rint(np.nan_to_num(rules["precision"].to_numpy(float)) * n)
    share = rules["coverage"].to_numpy(float)
    sizes = np.where(share > 0, np.rint(hits / np.where(share > 0, share, 1)), 0)
    bounds = {"precision": bound_ratio(hits, n), "coverage": bound_ratio(hits, sizes)}
    return rules.assign(**{f"{name}_{end}": both[place] for name, both in bounds.items() for place, end in enumerate(("low", "high"))})


def bound_worth(rules: pd.DataFrame, fidelity: float, coverage: float) -> dict[str, float]:
    """95 % intervals of the share to whom the rules give their segment, and of the share whom a rule meets.

    Parameters
    ----------
    rules : DataFrame
        n: no customer meets two of them.
    fidelity, coverage : float
        The shares: of whom a rule meets, and of all.

    Returns
    -------
    dict
        rule_fidelity_low, rule_fidelity_high, rule_coverage_low, rule_coverage_high; empty where nobody meets a rule.

    Examples
    --------
    >>> worth = bound_worth(pd.DataFrame({"n": [60, 40]}), 0.85, 0.5)
    >>> [round(one, 3) for one in worth.values()]
    [0.767, 0.907, 0.431, 0.569]
    """
    met = int(rules["n"].sum())
    if not met or not coverage > 0:
        return {}
    told = {"rule_fidelity": (fidelity, met), "rule_coverage": (coverage, round(met / coverage))}
    return {f"{name}_{end}": float(both[0]) for name, (share, n) in told.items() for end, both in zip(("low", "high"), bound_ratio([round(share * n)], [n]))}
