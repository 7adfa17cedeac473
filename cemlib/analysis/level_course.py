"""Alarms of levels: a bin out of its band opens one, calm bins close it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.analysis.alarm import alarm_table, find_spells, recover_after

__all__ = ["PAIR", "level_alarms"]

#: Two bins in a row with a tail of so many times alpha open an alarm too: where the past has one wild bin, an outage cannot be rarer than it.
PAIR = 4


def level_alarms(judged: pd.DataFrame, alpha: float, hold: float, calm: int, level_limit: str) -> pd.DataFrame:
    """The alarms of bins that have been judged.

    Parameters
    ----------
    judged : DataFrame
        entity, at, value, expected, low, high, p; sorted by entity and time. A missing ``p`` says nothing.
    alpha, hold : float
        The tail that opens an alarm (or twice in a row :data:`PAIR` times it), and the one that keeps it open.
    calm : int
        Bins in a row without such a tail that close it.
    level_limit : str
        The column whose value at the opening is told as the limit.

    Returns
    -------
    DataFrame
        Of :data:`~cemlib.analysis.alarm.ALARM_COLUMNS`.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01", periods=6, freq="h")
    >>> judged = pd.DataFrame({"entity": "A", "at": at, "value": [9, 1, 2, 9, 9, 1], "expected": 9.0, "low": 5.0, "high": 12.0, "p": [.5, .001, .04, .5, .5, .001]})
    >>> level_alarms(judged, 0.001, 0.05, 2, "low")[["state", "n", "observed", "excess"]].values.tolist()
    [['closed', 2, 1.5, 15.0], ['open', 1, 1.0, 8.0]]
    """
    rows = []
    for _, mine in judged[judged["entity"].isin(judged.loc[judged["p"] <= PAIR * alpha, "entity"].unique())].groupby("entity", sort=False):
        p = mine["p"].to_numpy()
        near = p <= PAIR * alpha
        opens = np.flatnonzero((p <= alpha) | (near & np.r_[False, near[:-1]]))
        says = np.where(np.isnan(p), 0.0, np.where(p > hold, 1.0, -np.inf))

        def opening(first: int, start: int, opens: np.ndarray = opens) -> int | None:
            later = opens[opens >= first]
            return int(later[0]) if later.size else None

        def closing(opened: int, start: int, says: np.ndarray = says) -> tuple[int, int] | None:
            found = recover_after(says[opened + 1:], calm)
            return None if found is None else (opened + 1 + found[0], opened + 1 + found[1])

        for spell in find_spells(opening, closing):
            begun = spell.opened - int(p[spell.opened] > alpha)  # the first of the pair
            bad = mine.iloc[begun:spell.good_since]
            some = bad["value"].notna()
            time = [pd.NaT if place is None else mine["at"].iloc[place] for place in (spell.closed, spell.good_since)]
            first, excess = bad.iloc[0], float((bad["expected"] - bad["value"])[some].sum())
            rows.append((first["entity"], "open" if spell.closed is None else "closed", first["at"], mine["at"].iloc[spell.opened], *time, f"{spell.opened - begun + 1} bin", int(some.sum()), float(bad["value"].mean()),
                         float(bad["expected"][some].mean()), float(first[level_limit]), abs(excess), float(p[spell.opened]), len(bad)))
    return alarm_table(rows, judged["at"])
