"""Expected rates of small cells, and what may be expected of a count by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from cemlib.analysis.leaves import Leaves

__all__ = ["Rates", "expect_rates"]

_ROUNDS = 25


@dataclass(frozen=True)
class Rates:
    """What each leaf is expected to do.

    Attributes
    ----------
    events, trials : numpy.ndarray
        Seen now, by leaf.
    base_events, base_trials : numpy.ndarray
        Seen in what it is compared to.
    prior, weight : numpy.ndarray, float
        Rate that a leaf would have by its dimensions alone, and how many trials that guess is worth.
    is_binomial : bool
        False: events are counted without an upper limit (Poisson).
    """

    events: np.ndarray
    trials: np.ndarray
    base_events: np.ndarray
    base_trials: np.ndarray
    prior: np.ndarray
    weight: float
    is_binomial: bool

    @property
    def rate(self) -> np.ndarray:
        """Expected rate of each leaf: its own, drawn to that of its dimensions the more the fewer trials it had."""
        return (self.base_events + self.weight * self.prior) / (self.base_trials + self.weight)

    def spread(self, rate: np.ndarray) -> np.ndarray:
        """Variance of one trial."""
        return rate * (1 - rate) if self.is_binomial else rate

    def noise(self, rate: np.ndarray, overdispersion: float = 0.0) -> np.ndarray:
        """Variance of the expected events of each leaf: its base had few trials, and rates differ from time to time."""
        return self.trials ** 2 * self.spread(rate) * (1 / (self.base_trials + self.weight) + overdispersion)

    def bound(self, rate: np.ndarray) -> np.ndarray:
        """Rates below 1 where they are shares."""
        return np.minimum(rate, 1 - 1e-9) if self.is_binomial else rate

    def estimate_overdispersion(self, rate: np.ndarray, where: np.ndarray) -> float:
        """How far rates of leaves differ from the expected ones beyond chance: the intraclass correlation of a beta-binomial.

        Pearson's statistic, each leaf cut off at ten and weighted by what it can tell, is made equal to its mean (method of moments).
        """
        expected, spread = self.trials * rate, self.spread(rate)
        more = self.trials * np.maximum(self.trials - 1, 0) * spread if self.is_binomial else self.trials ** 2 * spread
        told = where & (more > 0)
        if told.sum() < 2:
            return 0.0
        gap, least, more = ((self.events - expected) ** 2)[told], (self.trials * spread + self.noise(rate))[told], more[told]

        def surplus(value: float) -> float:
            total = least + value * more
            return float((more / total * (np.minimum(gap / total, 10.0) - 1)).sum())

        low, high = 0.0, 1.0
        if surplus(low) <= 0:
            return low
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if surplus(middle) > 0 else (low, middle)
        return high

    def likelihood_ratio(self, events: np.ndarray, expected: np.ndarray, noise: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """Log likelihood ratio of "its rate is another now" against "it is the same", given how well the expected one is known.

        Events ~ Binomial(trials, rate) or Poisson(trials * rate) now, and the same in as many trials of the base as give the expected
        events their variance.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.clip(expected / trials, 1e-12, 1 - 1e-12 if self.is_binomial else None)
            base = np.clip(trials ** 2 * self.spread(share) / noise, 1e-9, 1e12)
            seen = base * share
            pooled = (events + seen) / (trials + base)
            found = _fit(events, trials, events / trials, self.is_binomial) + _fit(seen, base, share, self.is_binomial)
            found = found - _fit(events, trials, pooled, self.is_binomial) - _fit(seen, base, pooled, self.is_binomial)
        return np.where(trials > 0, np.maximum(np.nan_to_num(found), 0.0), 0.0)


def _fit(events: np.ndarray, trials: np.ndarray, rate: np.ndarray, is_binomial: bool) -> np.ndarray:
    if is_binomial:
        return xlogy(events, rate) + xlogy(trials - events, 1 - rate)
    return xlogy(events, rate) - trials * rate


def expect_rates(leaves: Leaves, events: np.ndarray, trials: np.ndarray, base_events: np.ndarray, base_trials: np.ndarray, *, is_binomial: bool) -> Rates:
    """Learn from the base what each leaf may be expected to do.

    The rate of a leaf's dimensions is a product of one factor a value, fitted by iterative scaling (Deming and Stephan 1940); how far leaves
    differ from it beyond chance (method of moments) says how many trials it is worth (empirical Bayes).

    Parameters
    ----------
    leaves : Leaves
    events, trials, base_events, base_trials : numpy.ndarray
        By leaf.
    is_binomial : bool
    """
    total = base_events.sum() / max(base_trials.sum(), 1e-300)
    prior = np.full(len(leaves), total)
    for _ in range(_ROUNDS):
        before = prior
        for dim, values in enumerate(leaves.values):
            column = leaves.codes[:, dim]
            seen = np.bincount(column, base_events, len(values))
            fitted = np.bincount(column, base_trials * prior, len(values))
            # half an event of the mean's: a value without any event is rare, not impossible
            factor = (seen + 0.5) / (fitted + 0.5)
            prior = prior * factor[column]
            if is_binomial:
                prior = np.minimum(prior, 1 - 1e-9)
        if np.max(np.abs(prior - before)) <= 1e-6 * total:
            break
    prior = np.maximum(prior, 1e-12)
    spread = prior * (1 - prior) if is_binomial else prior
    # the factors were fitted to the same leaves: what is left of their freedom
    free = max(1 - (sum(len(one) - 1 for one in leaves.values) + 1) / len(leaves), 0.1)
    surplus = ((base_events - base_trials * prior) ** 2 / free - base_trials * spread).sum()
    pairs = (base_trials * np.maximum(base_trials - 1, 0) * spread).sum() if is_binomial else (base_trials ** 2 * prior ** 2).sum()
    between = surplus / pairs if pairs > 0 else 0.0
    weight = 1 / between if between > 0 else np.inf
    weight = max(weight - 1, 1.0) if is_binomial else weight / max(total, 1e-300)
    most = base_trials.sum() + 1.0
    return Rates(events, trials, base_events, base_trials, prior, float(np.clip(weight, 1e-3 * most / len(leaves), most)), is_binomial)
