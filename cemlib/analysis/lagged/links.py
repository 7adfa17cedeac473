"""The links that were found and those that only seem to be there, as a result with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from cemlib.analysis.lagged.align import Aligned
from cemlib.analysis.lagged.interval import block_interval, effective_bins
from cemlib.analysis.lagged.judge import Judged
from cemlib.analysis.lagged.precedence import Precedence, find_precedence
from cemlib.analysis.lagged.scan import correlations_at_lags, pair_bins
from cemlib.analysis.lagged.whiten import Whitened
from cemlib.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from cemlib.analysis.correlate import LaggedCorrelation

__all__ = ["CorrelationResult", "Placebo", "compose_links"]

#: From so large a plain correlation on, a pair that is not found is called a decoy and its reason told.
LOOKS_LINKED = 0.3
_INTERVALS = 1000
_METHODS = {
    "sidak": "Fourier season, AR by BIC, largest correlation of the rests over the lags, Šidák",
    "dayshift": "Fourier season, AR by BIC, largest correlation of the rests over the lags, whole-day rotations pooled over pairs",
}


@dataclass(frozen=True)
class Placebo:
    """How often a link is seen where there cannot be one, on the same data.

    Attributes
    ----------
    rate, low, high : float
        Share of pairs with p at most ``alpha`` when one side is moved by whole weeks (or days), with its 95 % interval. The pairs of a shift share series, so
        the interval is a little too narrow.
    n : int
        Pairs that were tried.
    alpha : float
    shifts : list of int
        In bins.
    """

    rate: float
    low: float
    high: float
    n: int
    alpha: float
    shifts: list[int]


@dataclass(frozen=True)
class CorrelationResult:
    """Links between series.

    Attributes
    ----------
    links : DataFrame
        Of each pair: left, right, entity; lag_bins and lag (positive: right follows left); effect (correlation of the rests at that lag) with low, high; p
        (paid for all lags), q (for all pairs); n, n_eff (independent bins that the deseasonalised series are worth), missing_share; plain (largest
        correlation of the series as they are) and plain_lag_bins; verdict (found, decoy: looks linked and is not, none, not judged) and why. Most certain
        first. Intervals are worked out for the thousand most certain pairs.
    n : int
        Bins in the common period.
    missing_share : float
        Of all values.
    method, claim : str
        ``"association"`` or ``"adjusted association (given …)"``.
    parameters : dict
    seed : int
    resolution : float
        Smallest p that the null can tell; 0: any.
    messages : list of str
        What a reader must know: a null too coarse, series left out, clocks that seem to differ.
    """

    links: pd.DataFrame
    n: int
    missing_share: float
    method: str
    claim: str
    parameters: dict[str, Any]
    seed: int
    resolution: float
    messages: list[str]
    times: pd.DatetimeIndex = field(repr=False)
    grain: pd.Timedelta
    _kept: dict[str, Any] = field(repr=False, compare=False)

    @property
    def found(self) -> pd.DataFrame:
        """The links whose q is at most alpha."""
        return self.links[self.links["verdict"] == "found"]

    def summary(self) -> str:
        """The result in words, the ten most certain links first."""
        counts = self.links["verdict"].value_counts()
        lines = [f"{counts.get('found', 0):,} links found among {len(self.links):,} pairs; {counts.get('decoy', 0):,} only look linked; {counts.get('not judged', 0):,} not judged",
                 f"{self.n:,} bins of {self.grain}, {self.missing_share:.1%} of the values missing, {self.times[0]} to {self.times[-1]}",
                 f"method: {self.method}", f"claim: {self.claim}", f"parameters: {self.parameters}"]
        lines += [f"note: {one}" for one in self.messages]
        shown = self.links[self.links["verdict"].isin(["found", "decoy"])].head(10)
        if len(shown):
            columns = ["left", "right", "entity", "lag", "effect", "low", "high", "p", "q", "n", "n_eff", "plain", "verdict", "why"]
            lines.append(shown[[one for one in columns if one != "entity" or shown["entity"].notna().any()]].to_string(index=False, float_format="{:.3g}".format))
        return "\n".join(lines)

    def lags(self, left: str, right: str, entity: object = None) -> pd.DataFrame:
        """The correlation of the rests of a pair at every lag.

        Returns
        -------
        DataFrame
            lag_bins, lag, r, n, limit: where a single correlation of independent rests lies 95 % of the time if all lags are paid for.
        """
        from scipy.stats import norm

        one, other = self._columns(left, right, entity)
        side, whitened = self._kept["side"], self._kept["whitened"]
        lags = np.arange(-side, side + 1)
        r, n = correlations_at_lags(whitened.rest[:, [one]], whitened.rest[:, [other]], lags)
        r, n = r[:, 0, 0], n[:, 0, 0]
        freedom = np.maximum(n - min(whitened.used[one], whitened.used[other]) - 3, 1)
        limit = np.tanh(norm.isf((1 - 0.95 ** (1 / len(lags))) / 2) / np.sqrt(freedom))
        return pd.DataFrame({"lag_bins": lags, "lag": lags * self.grain, "r": r, "n": n.astype(int), "limit": limit})

    def series(self, name: str, entity: object = None) -> pd.DataFrame:
        """A series on the common clock: value, usual (its season, confounders and trend) and rest (in standard deviations)."""
        one = self._column(name, entity)
        aligned, whitened = self._kept["aligned"], self._kept["whitened"]
        value = aligned.values[:, one]
        return pd.DataFrame({"at": self.times, "value": value, "usual": value - whitened.level[:, one], "rest": whitened.rest[:, one]})

    def precedes(self, left: str, right: str, entity: object = None, order: int | None = None) -> Precedence:
        """Ask by Granger's test whether one of a pair precedes the other; what precedes need not cause.

        Parameters
        ----------
        left, right : str
        entity : object, optional
        order : int, optional
            Bins of the past; by default as many as the lag that was found and the autoregressions need.
        """
        one, other = self._columns(left, right, entity)
        whitened = self._kept["whitened"]
        if order is None:
            row = self._row(left, right, entity)
            order = int(np.clip(max(abs(int(row["lag_bins"])), whitened.order[one], whitened.order[other], 1), 1, max((self.n - 20) // 12, 1)))
        return find_precedence(whitened.level[:, one], whitened.level[:, other], order, self.parameters["alpha"], int(min(whitened.used[one], whitened.used[other])))

    def placebo(self, n: int = 200, alpha: float | None = None) -> Placebo:
        """Measure the rate of false finds on these very data: one side is moved by whole weeks, which breaks every link, and all is done again.

        Parameters
        ----------
        n : int
            Pairs wanted; more shifts are tried until there are as many.
        alpha : float, optional
            The estimator's by default.

        Raises
        ------
        ParameterError
            When the period has fewer than four weeks or days of bins.
        """
        alpha = self.parameters["alpha"] if alpha is None else alpha
        aligned, side = self._kept["aligned"], self._kept["side"]
        a_day = max(aligned.bins_a_day, 1)
        week = 7 * a_day
        step = week if self.n >= 4 * week else a_day
        shifts = np.arange(step, self.n - step + 1, step)
        shifts = shifts[(shifts > 2 * side) & (shifts < self.n - 2 * side)]
        if not shifts.size:
            raise ParameterError("The period is too short for a placebo.", wanted="several weeks", came=f"{self.n} bins of {self.grain}")
        rng = np.random.default_rng(self.seed)
        tried, taken = [], []
        for shift in rng.permutation(shifts):
            p = self._kept["estimator"].placebo_p(aligned, self._kept["blocks"], side, self._kept["fewest"], self._kept["null"], int(shift))
            tried.append(p[np.isfinite(p)])
            taken.append(int(shift))
            if sum(map(len, tried)) >= n:
                break
        p = np.concatenate(tried)
        hits = int((p <= alpha).sum())
        low, high = proportion_confint(hits, max(len(p), 1), method="wilson")
        return Placebo(hits / max(len(p), 1), float(low), float(high), len(p), alpha, sorted(taken))

    def _column(self, name: str, entity: object) -> int:
        series = self._kept["aligned"].series
        chosen = series["name"].eq(name) & (series["side"] != "given")
        # a series without an entity is the same everywhere
        chosen &= series["entity"].isna() | (series["entity"].eq(entity) if entity is not None else False)
        if not chosen.any():
            raise UnknownNameError("series", name, series.loc[series["side"] != "given", "name"])
        return int(chosen[chosen].index[0])

    def _columns(self, left: str, right: str, entity: object) -> tuple[int, int]:
        row = self._row(left, right, entity)
        return int(row["_one"]), int(row["_other"])

    def _row(self, left: str, right: str, entity: object) -> pd.Series:
        pairs = self._kept["pairs"]
        for name, column in ((left, "left"), (right, "right")):
            if not pairs[column].eq(name).any():
                raise UnknownNameError("series", name, pairs[column], where=column)
        chosen = pairs["left"].eq(left) & pairs["right"].eq(right) & (pairs["entity"].isna() if entity is None else pairs["entity"].eq(entity))
        if not chosen.any():
            raise ParameterError("This pair was not looked at.", came=f"{left}, {right}, {entity}", todo="Name the entity of the pair.")
        return pairs[chosen].iloc[0]


def compose_links(estimator: LaggedCorrelation, aligned: Aligned, blocks: list, whole: tuple[Whitened, Judged], alone: Judged | None, *, null: str, side: int, fewest: int) -> CorrelationResult:
    """Put the result together: q, effects with intervals, verdicts and why."""
    whitened, judged = whole
    one, other = (np.concatenate([block[part] for block in blocks]) for part in range(2))
    series = aligned.series
    names, entities = series["name"].to_numpy(object), series["entity"].to_numpy(object)
    q = _adjusted(judged.p, estimator.fdr)
    found = np.nan_to_num(q, nan=1.0) <= estimator.alpha
    frame = pd.DataFrame({
        "left": names[one], "right": names[other], "entity": np.where(pd.isna(entities[one]), entities[other], entities[one]), "lag_bins": judged.lag, "lag": judged.lag * aligned.grain,
        "effect": judged.r, "low": np.nan, "high": np.nan, "p": judged.p, "q": q, "n": judged.n.astype(int),
    })
    frame["n_eff"], frame["missing_share"], frame["plain"], frame["plain_lag_bins"] = _beside(aligned, whitened, blocks, side)
    frame["n_eff"] = frame["n_eff"].clip(upper=frame["n"])
    frame["verdict"] = np.where(np.isnan(judged.p), "not judged", np.where(found, "found", np.where(frame["plain"].abs() >= LOOKS_LINKED, "decoy", "none")))
    frame["why"] = _why(aligned, whitened, one, other, frame, alone, estimator, fewest)
    unknown = frame["verdict"].eq("not judged")
    frame.loc[unknown, ["effect", "n_eff"]] = np.nan
    order = np.lexsort((-frame["plain"].abs().fillna(0), frame["p"].fillna(2), (frame["verdict"] != "found").to_numpy()))
    _intervals(frame, aligned, whitened, one, other, order[:_INTERVALS], estimator)
    frame = frame.assign(_one=one, _other=other).iloc[order].reset_index(drop=True)
    given = ", ".join(estimator.conditioning)
    inside = aligned.values[:, (series["side"] != "given").to_numpy()]
    return CorrelationResult(
        links=frame.drop(columns=["_one", "_other"]), n=len(aligned.times), missing_share=float(1 - np.isfinite(inside).mean()), method=_METHODS[null],
        claim=f"adjusted association (given {given})" if given else "association", parameters={**estimator.parameters_, "null": null, "lags": 2 * side + 1},
        seed=estimator.seed, resolution=judged.resolution, messages=_messages(aligned, frame, judged, estimator, null), times=aligned.times, grain=aligned.grain,
        _kept={"aligned": aligned, "whitened": whitened, "blocks": blocks, "side": side, "fewest": fewest, "null": null, "estimator": estimator, "pairs": frame})


def _adjusted(p: np.ndarray, fdr: str | None) -> np.ndarray:
    q = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    if known.any():
        q[known] = p[known] if fdr is None else multipletests(p[known], method={"by": "fdr_by", "bh": "fdr_bh"}[fdr])[1]
    return q


def _beside(aligned: Aligned, whitened: Whitened, blocks: list, side: int) -> tuple[np.ndarray, ...]:
    """What stands beside each pair: effective bins, missing share, and the correlation that one would see without any care."""
    lags, most, parts = np.arange(-side, side + 1), min(200, len(aligned.times) // 4), []
    known = np.isfinite(aligned.values)
    raw = aligned.values - np.nansum(aligned.values, axis=0) / np.maximum(known.sum(axis=0), 1)
    for block in blocks:
        (rows, one), (columns, other) = (np.unique(part, return_inverse=True) for part in block)
        common = pair_bins(aligned.values[:, rows], aligned.values[:, columns])
        worth = effective_bins(whitened.level[:, rows], whitened.level[:, columns], np.maximum(common, 2), most)
        r, _ = correlations_at_lags(raw[:, rows], raw[:, columns], lags)
        best = np.abs(r).argmax(axis=0)
        taken = np.ogrid[:r.shape[1], :r.shape[2]]
        parts.append(tuple(part[one, other] for part in (worth, 1 - common / len(aligned.times), r[best, taken[0], taken[1]], lags[best])))
    worth, missing, plain, at = (np.concatenate([part[number] for part in parts]) for number in range(4))
    return worth.round(1), missing, plain, at


def _why(aligned: Aligned, whitened: Whitened, one: np.ndarray, other: np.ndarray, frame: pd.DataFrame, alone: Judged | None, estimator: LaggedCorrelation, fewest: int) -> np.ndarray:
    why = np.full(len(frame), "", dtype=object)
    reasons, names = aligned.series["why"].to_numpy(object), aligned.series["name"].to_numpy(object)
    for row in np.flatnonzero(frame["verdict"] == "not judged"):
        told = [f"{names[column]}: {reasons[column]}" for column in (one[row], other[row]) if reasons[column]]
        why[row] = "; ".join(told) or f"fewer than {fewest} bins in common"
    explained = np.zeros(len(frame), bool)
    if alone is not None:
        explained = (np.nan_to_num(_adjusted(alone.p, estimator.fdr), nan=1.0) <= estimator.alpha) & frame["verdict"].isin(["decoy", "none"]).to_numpy()
        why[explained] = f"explained by {', '.join(estimator.conditioning)}"
        frame.loc[explained, "verdict"] = "decoy"
    decoys = (frame["verdict"] == "decoy").to_numpy() & ~explained
    is_seasonal = whitened.is_seasonal[one] & whitened.is_seasonal[other]
    why[decoys] = np.where(is_seasonal[decoys], "shared season", "slow swings")
    return why


def _intervals(frame: pd.DataFrame, aligned: Aligned, whitened: Whitened, one: np.ndarray, other: np.ndarray, rows: np.ndarray, estimator: LaggedCorrelation) -> None:
    rows = rows[frame["p"].notna().to_numpy()[rows]]
    rng = np.random.default_rng(estimator.seed)
    days = len(aligned.times) / max(aligned.bins_a_day, 1)
    block = aligned.bins_a_day if aligned.bins_a_day > 1 and days >= 14 else max(round(len(aligned.times) ** (1 / 3)), 1)
    step = max(2_000_000 // len(aligned.times), 1)
    for begin in range(0, len(rows), step):
        part = rows[begin:begin + step]
        low, high = block_interval(whitened.rest[:, one[part]], whitened.rest[:, other[part]], frame["lag_bins"].to_numpy()[part],
                                   spent=np.minimum(whitened.used[one[part]], whitened.used[other[part]]), block=block, draws=estimator.draws,
                                   level=estimator.level, rng=rng)
        frame.loc[part, "low"], frame.loc[part, "high"] = low, high


def _messages(aligned: Aligned, frame: pd.DataFrame, judged: Judged, estimator: LaggedCorrelation, null: str) -> list[str]:
    out = []
    m = int(frame["p"].notna().sum())
    if m and judged.resolution and estimator.fdr:
        needed = estimator.alpha / m / (np.sum(1 / np.arange(1, m + 1)) if estimator.fdr == "by" else 1)
        if judged.resolution > needed:
            out.append(f"The whole-day shifts are too few to tell a p below {judged.resolution:.2g}; a single link among {m:,} pairs would need {needed:.2g}. "
                       'Choose a longer period, more series, or null="sidak".')
    bad = aligned.series[(aligned.series["why"] != "") & (aligned.series["side"] != "given")]
    if len(bad):
        out.append(f"{len(bad)} series cannot be judged: " + "; ".join(f"{row['name']} ({row.why})" for _, row in bad.head(5).iterrows()) + (" …" if len(bad) > 5 else ""))
    found = frame[frame["verdict"] == "found"]
    if len(found) >= 4 and (found["lag_bins"] != 0).any():
        lag, times = found["lag_bins"].value_counts().index[0], found["lag_bins"].value_counts().iloc[0]
        if lag != 0 and times >= 0.75 * len(found):
            out.append(f"{times} of {len(found)} links have the lag {lag * aligned.grain}: look whether the clocks of the sources differ by that much.")
    missing = float(1 - np.isfinite(aligned.values[:, (aligned.series["side"] != "given").to_numpy()]).mean())
    if missing > 0.2:
        out.append(f"{missing:.0%} of the values are missing; they were not filled.")
    return out
