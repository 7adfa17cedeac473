"""How much of a ratio's change is other rates, and how much another mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.leaves import Leaves

__all__ = ["Shift", "split_shift"]


@dataclass(frozen=True)
class Shift:
    """The change of a ratio, split exactly.

    Attributes
    ----------
    before, after : float
        The ratio of the whole.
    rate, mix : numpy.ndarray
        By leaf; all of both together are the change.
    table : pandas.DataFrame
        ``dimension``, ``rate_shift``, ``mix_shift``: by all leaves (dimension ``"all"``), and by one dimension alone.
    """

    before: float
    after: float
    rate: np.ndarray
    mix: np.ndarray
    table: pd.DataFrame


def _kitagawa(events: np.ndarray, trials: np.ndarray, base_events: np.ndarray, base_trials: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    old = np.divide(base_events, base_trials, out=guess.astype(float), where=base_trials > 0)
    new = np.divide(events, trials, out=old.copy(), where=trials > 0)
    weight_old, weight_new = base_trials / base_trials.sum(), trials / trials.sum()
    return (new - old) * (weight_new + weight_old) / 2, (weight_new - weight_old) * (new + old) / 2


def split_shift(leaves: Leaves, events: np.ndarray, trials: np.ndarray, base_events: np.ndarray, base_trials: np.ndarray, guess: np.ndarray) -> Shift:
    """Split the change of ``events / trials`` between cells whose rate changed and cells whose share of the trials changed (Kitagawa 1955).

    Parameters
    ----------
    leaves : Leaves
    events, trials, base_events, base_trials : numpy.ndarray
        By leaf.
    guess : numpy.ndarray
        Rate of a leaf that the base does not have.

    Examples
    --------
    >>> from cemlib.analysis.leaves import read_leaves
    >>> then = pd.DataFrame({"cell": ["a", "b"], "fail": [10, 40], "att": [100, 100]})
    >>> now = pd.DataFrame({"cell": ["a", "b"], "fail": [5, 60], "att": [50, 150]})
    >>> leaves = read_leaves({"now": now, "then": then}, ["cell"], ["fail", "att"], max_values=9)
    >>> found = split_shift(leaves, *(leaves.numbers[name] for name in ("now.fail", "now.att", "then.fail", "then.att")), np.zeros(2))
    >>> round(found.after - found.before, 3), round(float(found.rate.sum()), 3), round(float(found.mix.sum()), 3)    # the cells fail as often as before
    (0.075, 0.0, 0.075)
    """
    rate, mix = _kitagawa(events, trials, base_events, base_trials, guess)
    rows = [("all", rate.sum(), mix.sum())]
    for dim, (name, values) in enumerate(zip(leaves.dims, leaves.values)):
        sums = [np.bincount(leaves.codes[:, dim], one, len(values)) for one in (events, trials, base_events, base_trials)]
        whole = np.full(len(values), base_events.sum() / base_trials.sum())
        rows.append((name, *(float(one.sum()) for one in _kitagawa(*sums, whole))))
    table = pd.DataFrame([rows[0], *sorted(rows[1:], key=lambda row: str(row[0]))], columns=["dimension", "rate_shift", "mix_shift"])
    return Shift(float(base_events.sum() / base_trials.sum()), float(events.sum() / trials.sum()), rate, mix, table)
