"""The expected band of a success ratio per entity, and whether a count falls out of it.

A bare limit ("below 90 %") cries wolf at small volumes, a binomial one at large ones. Here the band follows from the
entity's own past: its rate, how much that rate varies from bin to bin beyond chance (overdispersion), and how many trials
there are now. Rates and overdispersion of entities with a short past lean on those of the others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.analysis.believed_past import LARGEST_RHO, fit_entity, weighted_median
from cemlib.analysis.betabinomial import quantile, tail_parts
from cemlib.analysis.series_bins import check_trials, read_times
from cemlib.errors import ParameterError

__all__ = ["BetaBinomialBaseline"]

_BLOCK_BINS = 24  # without times, so many consecutive bins are looked at together


class BetaBinomialBaseline:
    """The expected ratio of each entity with its overdispersion, fitted on past bins.

    Parameters
    ----------
    alpha : float
        How often a bin of an entity where nothing is wrong may be called "below" (and as often "above").
    prior_strength : float, optional
        How many trials the other entities' rate counts for in each entity's own; None: estimated from how much entities
        differ. 0: each stands alone.
    caution : float
        Standard errors by which the estimated overdispersion is raised before judging. A past of 28 days leaves the width of
        the band uncertain by some per cent, and far in the tail that would multiply the false alarms.
    rare : float
        So small a share of odd days or bins is the entity's own way, not a spell of failure: they widen its band, but do not
        move it. 0 where the bins are not one entity's past but a crowd in which the odd one is to be found.

    Attributes
    ----------
    expected_ : DataFrame
        entity, rate, rho (as used in judging), rho_own (moment estimate of the entity alone), error (standard error of
        rate), n (trials that were believed), bins, left_out (bins of the past that were not believed).
    prior_ : dict
        rate, strength and rho that an entity without a past is given.
    n_, method_, parameters_, claim_
        What the result rests on.

    Notes
    -----
    The past may hold the very failure that is to be found. Days that lie far from the weighted median day are left out as
    wholes, then single bins that the fitted distribution cannot explain; as long as less than about 40 % of the past is
    bad, the rate is that of the good part. A few odd days or bins (``rare``) still widen the band: an entity that has a bad
    day now and then is no cause for alarm on the next one.

    Examples
    --------
    >>> history = pd.DataFrame({"entity": "A", "num": [97, 98, 96, 97, 97, 98, 96, 97], "den": 100})
    >>> base = BetaBinomialBaseline().fit(history)
    >>> now = pd.DataFrame({"entity": ["A", "A", "A"], "num": [97, 60, 1], "den": [100, 100, 1]})
    >>> base.judge(now)["verdict"].tolist()
    ['within', 'below', 'too_few']
    """

    method_ = "beta-binomial, moments, robust against bad days in the past, shrunk across entities"
    claim_ = "association"

    def __init__(self, alpha: float = 0.001, prior_strength: float | None = None, caution: float = 2.0, rare: float = 0.1) -> None:
        if not 0 < alpha < 0.5:
            raise ParameterError("alpha is the share of false alarms.", wanted="between 0 and 0.5", came=str(alpha))
        if prior_strength is not None and prior_strength < 0:
            raise ParameterError("prior_strength counts trials.", wanted="0 or more", came=str(prior_strength))
        self.alpha, self.prior_strength, self.caution, self.rare = alpha, prior_strength, caution, rare

    @property
    def parameters_(self) -> dict:
        """The parameters of this estimator."""
        return {"alpha": self.alpha, "prior_strength": self.prior_strength, "caution": self.caution, "rare": self.rare}

    def fit(self, history: pd.DataFrame) -> BetaBinomialBaseline:
        """Learn each entity's rate and overdispersion from past bins.

        Parameters
        ----------
        history : DataFrame
            entity, num, den; and ``at`` (time of the bin) where known, so that bad days are seen as days. Without it, bins
            are taken in the order given, 24 to a block.

        Raises
        ------
        ParameterError
            When a column is missing, a numerator lies outside 0 … denominator, or there is nothing to learn from.
        """
        history = check_trials(history, ("entity", "num", "den"))
        history = history[history["den"] > 0]
        if history.empty:
            raise ParameterError("The past has no trials.", wanted="bins with den > 0", todo="Choose a longer history.")
        if "at" in history:
            history = history.assign(block=read_times(history)[0].dt.floor("D"))
        else:
            # fewer than five blocks are no days: then each bin speaks for itself
            place, size = history.groupby("entity").cumcount(), history.groupby("entity")["den"].transform("size")
            history = history.assign(block=place // np.where(size >= 5 * _BLOCK_BINS, _BLOCK_BINS, 1))
        order = np.lexsort((history["block"].to_numpy(), pd.factorize(history["entity"], sort=True)[0]))
        history = history.iloc[order]
        code, names = pd.factorize(history["entity"])
        block, num, den = pd.factorize(history["block"])[0], history["num"].to_numpy(float), history["den"].to_numpy(float)
        cut = np.r_[np.flatnonzero(np.diff(code, prepend=-1)), code.size]
        rows = [fit_entity(name, block[low:high], num[low:high], den[low:high], self.rare) for name, low, high in zip(names, cut[:-1], cut[1:])]
        self.n_ = int(history["den"].sum())
        self._shrink(pd.DataFrame(rows))
        return self

    def _shrink(self, own: pd.DataFrame) -> None:
        error = own["rho_error"].to_numpy()
        known = np.isfinite(error) & (error > 0)
        precision = np.where(known, 1 / np.where(known, error, 1) ** 2, 0.0)
        pooled, between = _pool(own["rho_own"].to_numpy(), precision)
        # between 0 and 1: how much of the entity's own estimate is kept
        kept = between * precision / (1 + between * precision) if between > 0 else np.zeros(len(own))
        rho = kept * own["rho_own"].to_numpy() + (1 - kept) * pooled
        pooled_error = 1 / np.sqrt(precision.sum()) if precision.sum() > 0 else 0.0
        rho_error = np.sqrt(kept**2 * np.where(known, error, 0) ** 2 + (1 - kept) ** 2 * (pooled_error**2 + between * (kept < 1)))
        rho = np.clip(np.maximum(rho, 0) + self.caution * rho_error, 0, LARGEST_RHO)

        # trials that are worth as much as independent ones
        worth = own["n"] / (1 + np.maximum(own["size"] - 1, 0) * rho)
        rate = own["num"] / own["n"]
        strength, middle = self._prior(rate.to_numpy(), worth.to_numpy())
        # Jeffreys' half keeps a rate of 100 % from being certain
        own_rate = (rate * worth + 0.5) / (worth + 1)
        shrunk = (rate * worth + strength * middle + 0.5) / (worth + strength + 1)
        # limited translation (Efron and Morris 1972): one that is really different is not made like the others
        reach = np.sqrt(own_rate * (1 - own_rate) / (worth + 1))
        shrunk = np.clip(shrunk, own_rate - reach, own_rate + reach)
        spread = shrunk * (1 - shrunk)
        self.prior_ = {"rate": middle, "strength": strength,
                       "rho": float(np.clip(max(pooled, 0) + self.caution * pooled_error, 0, LARGEST_RHO))}
        self.expected_ = pd.DataFrame({
            "entity": own["entity"], "rate": shrunk, "rho": rho, "rho_own": own["rho_own"],
            "error": np.sqrt(spread / (worth + strength + 2)), "n": own["n"].astype(int), "bins": own["bins"], "left_out": own["left_out"],
        })
        self._by_entity = self.expected_.set_index("entity")

    def _prior(self, rate: np.ndarray, worth: np.ndarray) -> tuple[float, float]:
        middle = float(weighted_median(rate, np.sqrt(worth)))
        middle = min(max(middle, 0.5 / worth.sum()), 1 - 0.5 / worth.sum())
        if self.prior_strength is not None:
            return float(self.prior_strength), middle
        if len(rate) < 5:  # too few entities to say how much they differ
            return 0.0, middle
        spread = middle * (1 - middle)
        # entities differ by more than chance: what is left of the squared distance, clipped so that a failing one does not count for all
        squared = np.minimum((rate - middle) ** 2, 9 * (spread / worth + np.median((rate - middle) ** 2)))
        between = max(float(np.average(squared - spread / worth, weights=worth / (worth + np.median(worth)))), spread / 2000)
        return float(max(spread / between - 1, 0)), middle

    def look_up(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Rate and overdispersion for a new bin of each row; the uncertainty of the rate widens it.

        Parameters
        ----------
        frame : DataFrame
            entity, and den with den_squared where rows are sums of bins (see :meth:`band`). An entity without a past gets what the others have.

        Returns
        -------
        rate, rho : array

        Examples
        --------
        >>> base = BetaBinomialBaseline().fit(pd.DataFrame({"entity": "A", "num": [50] * 20, "den": 100}))
        >>> rate, rho = base.look_up(pd.DataFrame({"entity": ["A", "B"]}))
        >>> rate.round(3).tolist()
        [0.5, 0.5]
        """
        if not hasattr(self, "expected_"):
            raise ParameterError("The baseline has not been fitted.", todo="Call fit(history) first.")
        found = self._by_entity.reindex(frame["entity"])
        rate = found["rate"].fillna(self.prior_["rate"]).to_numpy(float)
        spread = rate * (1 - rate)
        unknown = spread / (self.prior_["strength"] + 2)
        error = found["error"].to_numpy(float)
        rho = found["rho"].fillna(self.prior_["rho"]).to_numpy(float)
        if "den_squared" in frame:
            den = frame["den"].to_numpy(float)
            pairs = np.maximum(den**2 - den, 1)
            rho = rho * np.clip((frame["den_squared"].to_numpy(float) - den) / pairs, 0, 1)
        variance = np.where(np.isnan(error), unknown, error**2)
        return rate, np.minimum(rho + variance / spread, LARGEST_RHO)

    def band(self, frame: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
        """The ratio to be expected for so many trials when nothing is wrong.

        Parameters
        ----------
        frame : DataFrame
            entity, den; and ``den_squared`` (sum of the squared trials of the bins) where a row sums several bins of the
            kind fitted: then the bins' overdispersion averages out as it should.
        level : float
            Share of the cases that lie in the band.

        Returns
        -------
        DataFrame
            expected, low, high on the index of ``frame``; missing where den is 0.

        Examples
        --------
        >>> history = pd.DataFrame({"entity": "A", "num": [97, 98, 96, 97, 97, 98, 96, 97], "den": 100})
        >>> band = BetaBinomialBaseline().fit(history).band(pd.DataFrame({"entity": ["A"], "den": [100]}))
        >>> bool(band["low"][0] < 0.96 < band["high"][0])
        True
        """
        if not 0 < level < 1:
            raise ParameterError("level is a share.", wanted="between 0 and 1", came=str(level))
        frame = check_trials(frame, ("entity", "den"))
        rate, rho = self.look_up(frame)
        den = frame["den"].to_numpy(float)
        some = den > 0
        out = pd.DataFrame({"expected": np.where(some, rate, np.nan), "low": np.nan, "high": np.nan}, index=frame.index)
        for name, q in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
            values = np.full(den.shape, np.nan)
            values[some] = quantile(q, den[some], rate[some], rho[some]) / den[some]
            out[name] = values
        return out

    def judge(self, frame: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
        """Say of each row whether its ratio is below, within or above what is to be expected.

        Parameters
        ----------
        frame : DataFrame
            entity, num, den (and den_squared, see :meth:`band`).
        level : float
            Of the band that is given beside the verdict.

        Returns
        -------
        DataFrame
            rate, expected, low, high, p_low, p_high (mid-p of the lower and of the upper tail), verdict: below, within,
            above, or too_few (no outcome at all of so few trials would be surprising).

        Notes
        -----
        The verdict needs the whole tail, the observed count included, to be at most alpha. The mid-p takes half of it: right
        for ranking and for adding up evidence, but at small volumes a count can have almost 2 alpha with a mid-p of alpha.
        """
        frame = check_trials(frame, ("entity", "num", "den"))
        out = self.band(frame, level)
        rate, rho = self.look_up(frame)
        num, den = frame["num"].to_numpy(float), frame["den"].to_numpy(float)
        some = den > 0
        below, equal, worst = np.full(den.shape, np.nan), np.full(den.shape, np.nan), np.full(den.shape, np.nan)
        below[some], equal[some] = tail_parts(num[some], den[some], rate[some], rho[some])
        worst[some] = tail_parts(np.zeros(some.sum()), den[some], rate[some], rho[some])[1]
        out.insert(0, "rate", np.where(some, num / np.where(some, den, 1), np.nan))
        out["p_low"], out["p_high"] = below + equal / 2, np.clip(1 - below - equal / 2, 0, 1)
        verdict = np.where(below + equal <= self.alpha, "below", np.where(1 - below <= self.alpha, "above", "within"))
        out["verdict"] = np.where(~some | (worst > self.alpha), "too_few", verdict)
        return out


def _pool(values: np.ndarray, precision: np.ndarray) -> tuple[float, float]:
    """Mean and variance between entities beyond their errors (DerSimonian and Laird)."""
    use = precision > 0
    if not use.any():
        return 0.0, 0.0
    values, precision = values[use], precision[use]
    mean = float(np.average(values, weights=precision))
    scale = precision.sum() - (precision**2).sum() / precision.sum()
    between = (float(np.sum(precision * (values - mean) ** 2)) - (values.size - 1)) / scale if scale > 0 else 0.0
    between = max(between, 0.0)
    weight = 1 / (1 / precision + between)
    return float(np.average(values, weights=weight)), between
