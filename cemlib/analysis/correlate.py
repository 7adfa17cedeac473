"""Links between series of different sources: which go together beyond season and chance, with what lag, and which only seem to."""

from __future__ import annotations

import zoneinfo

import numpy as np
import pandas as pd

from cemlib.analysis.lagged.align import Aligned, align
from cemlib.analysis.lagged.judge import Judged, judge, pairs_of
from cemlib.analysis.lagged.links import CorrelationResult, compose_links
from cemlib.analysis.lagged.rests import rests
from cemlib.analysis.lagged.rotation import rotations
from cemlib.errors import ParameterError, UnknownNameError, nearest_names

__all__ = ["LaggedCorrelation"]

_WEEKS = 6
_WINDOWS = 20  # whole-day shifts are a null where so many windows of lags fit beside each other
MOST_PAIRS = 500_000


class LaggedCorrelation:
    """Correlation of series at the lag where it is largest, with an error rate that holds.

    Two series with one season, or two slow ones, correlate though nothing links them. So season, confounders and each series' own past are taken out; the
    largest correlation of the rests over all lags is tested, all lags and pairs looked at are paid for, and an interval stands beside each effect.

    Parameters
    ----------
    max_lag : str or Timedelta
        Lags looked at, in both directions.
    deseason : "fourier" or None
        Daily and weekly Fourier terms, a weekend of its own shape, and the hours of much and little variance.
    null : {"auto", "dayshift", "sidak"}
        "dayshift": rotation by whole days, from six weeks on; rotations standardise each pair and are pooled over the pairs. "sidak": normal theory of the
        whitened rests. "auto": dayshift where the period allows it.
    fdr : {"by", "bh", None}
        Benjamini and Yekutieli (any dependence), Benjamini and Hochberg, or none: then q is p.
    conditioning : sequence of str
        Columns that are confounders (load, number of customers, releases as 0 and 1): taken out of both sides, with as many lags.
    alpha : float
        A link is found when its q is at most this.
    level, draws : float, int
        Of the block bootstrap.
    seed, workers : int
        Of the bootstrap and the placebo; threads of the Fourier transforms.
    time_zone : str, optional
        IANA zone whose clock the day and the week follow, such as Europe/Warsaw; by default that of the times. Where clocks change within the period, all
        that people do moves by an hour in UTC, and everything seems linked with everything.

    Notes
    -----
    At most 500,000 pairs and 40 million values (series x bins) are taken. Fewer bins than four times the lags, or 30, are refused. An effect is the correlation
    of the rests: what one moves when the other moves unexpectedly. A link is an association, an adjusted one with ``conditioning``; neither is a cause.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> times = pd.date_range("2026-03-01", periods=720, freq="h", tz="UTC")
    >>> day = 5 * np.sin(2 * np.pi * np.arange(720) / 24)
    >>> load = rng.normal(size=720)
    >>> left = pd.DataFrame({"at": times, "load": load + day, "cabinet": rng.normal(size=720) + day})
    >>> right = pd.DataFrame({"at": times, "calls": np.r_[0, 0, 0, load[:-3]] + rng.normal(size=720) + day})
    >>> found = LaggedCorrelation().fit(left, right)
    >>> found.links[["left", "right", "verdict", "why"]].values.tolist(), int(found.links["lag_bins"][0])
    ([['load', 'calls', 'found', ''], ['cabinet', 'calls', 'decoy', 'shared season']], 3)
    """

    def __init__(self, max_lag: str | pd.Timedelta = "24h", deseason: str | None = "fourier", null: str = "auto", fdr: str | None = "by",
                 conditioning: tuple[str, ...] | list[str] = (), *, alpha: float = 0.05, level: float = 0.95, draws: int = 200, seed: int = 0, workers: int = 1,
                 time_zone: str | None = None) -> None:
        try:
            self.max_lag = pd.Timedelta(max_lag)
        except ValueError:
            raise ParameterError("max_lag cannot be read.", wanted='a time such as "24h" or "7D"', came=repr(max_lag)) from None
        if not self.max_lag >= pd.Timedelta(0):
            raise ParameterError("max_lag is a length of time.", wanted="0 or more", came=str(max_lag))
        for name, value, choices in (("deseason", deseason, ("fourier", None)), ("null", null, ("auto", "dayshift", "sidak")), ("fdr", fdr, ("by", "bh", None))):
            if value not in choices:
                near = nearest_names(str(value), [one for one in choices if one])
                raise ParameterError(f"{name} cannot be {value!r}.", wanted=", ".join(map(repr, choices)), todo=f"Did you mean {near[0]!r}?" if near else "")
        if time_zone is not None and time_zone not in zoneinfo.available_timezones():
            raise UnknownNameError("time zone", time_zone, zoneinfo.available_timezones())
        if not 0 < alpha < 0.5 or not 0.5 < level < 1 or draws < 50:
            raise ParameterError("alpha, level or draws is out of its range.", wanted="0 < alpha < 0.5, 0.5 < level < 1, draws >= 50", came=f"{alpha}, {level}, {draws}")
        self.deseason, self.null, self.fdr = deseason, null, fdr
        self.conditioning = (conditioning,) if isinstance(conditioning, str) else tuple(conditioning)
        self.alpha, self.level, self.draws, self.seed, self.workers = alpha, level, draws, seed, workers
        self.time_zone = time_zone

    @property
    def parameters_(self) -> dict:
        """The parameters of this estimator."""
        return {"max_lag": str(self.max_lag), "deseason": self.deseason, "null": self.null, "fdr": self.fdr, "conditioning": list(self.conditioning),
                "alpha": self.alpha, "level": self.level, "draws": self.draws, "seed": self.seed, "time_zone": self.time_zone}

    def fit(self, left: pd.DataFrame, right: pd.DataFrame | None = None, *, on: str = "at", by: str | None = None) -> CorrelationResult:
        """Look for links between the columns of two tables, or within one.

        Parameters
        ----------
        left, right : DataFrame
            A row for each bin (and entity): the time at which it begins and one column a series. Sums and counts are added up to the bins before; a bin
            without data is left out or missing, and stays so.
        on : str
            Column of event times, in one zone.
        by : str, optional
            Column of entities (cells, partners): only series of one entity meet. A table without it meets all.

        Raises
        ------
        ParameterError
            For clocks or bins that do not fit, times that come twice, too few bins, or more than can be held.
        UnknownNameError
            For a column that is not there.
        """
        aligned = align(left, right, on=on, by=by, given=self.conditioning)
        if by is not None and aligned.series["entity"].isna().all():
            raise ParameterError(f"No table has the column {by!r}.", where="by", todo="Name the column of the entity, or leave by out.")
        blocks = pairs_of(aligned, right is None)
        pairs = sum(len(one) for one, _ in blocks)
        if not pairs:
            raise ParameterError("There is no pair to look at.", wanted="a series on each side, in one entity", came=f"{len(aligned.series)} series")
        if pairs > MOST_PAIRS:
            raise ParameterError("More pairs than can be judged at a time.", wanted=f"at most {MOST_PAIRS:,}", came=f"{pairs:,}",
                                 todo="Choose fewer series, or name the entity with by= so that only series of one place meet.")
        side = int(self.max_lag / aligned.grain)
        fewest = max(30, 4 * side)
        if len(aligned.times) < fewest:
            raise ParameterError("Too few bins in common to correlate.", wanted=f"at least {fewest} for lags up to {self.max_lag}", came=str(len(aligned.times)),
                                 todo="Choose a longer period, a smaller max_lag, or finer bins.")
        null = self._null(aligned, side)
        whole = self._judged(aligned, blocks, side, fewest, null, adjusted=bool(self.conditioning))
        alone = self._judged(aligned, blocks, side, fewest, null, adjusted=False)[1] if self.conditioning else None
        return compose_links(self, aligned, blocks, whole, alone, null=null, side=side, fewest=fewest)

    def _null(self, aligned: Aligned, side: int) -> str:
        days, a_day = len(aligned.times) / max(aligned.bins_a_day, 1), aligned.bins_a_day
        can = a_day > 1 and days >= 7 * _WEEKS and len(aligned.times) >= _WINDOWS * (2 * side + 1) and rotations(int(days), a_day, side).size >= _WINDOWS
        if self.null == "dayshift" and not can:
            raise ParameterError("The period is too short for whole-day shifts.", wanted=f"{7 * _WEEKS} days of bins shorter than a day, and {_WINDOWS} times the lags",
                                 came=f"{len(aligned.times)} bins of {aligned.grain}", todo='Choose a longer period, or null="sidak".')
        return "dayshift" if can and self.null != "sidak" else "sidak"

    def _judged(self, aligned: Aligned, blocks: list, side: int, fewest: int, null: str, *, adjusted: bool, roll: int = 0) -> tuple:
        left = rests(aligned, deseason=self.deseason, side=side, adjusted=adjusted, zone=self.time_zone)
        right = rests(aligned, deseason=self.deseason, side=side, adjusted=adjusted, roll=roll, zone=self.time_zone) if roll else left
        found: Judged = judge(left, right, blocks, side=side, fewest=fewest, bins_a_day=aligned.bins_a_day, null=null, workers=self.workers)
        return left, found

    def placebo_p(self, aligned: Aligned, blocks: list, side: int, fewest: int, null: str, roll: int) -> np.ndarray:
        """The p values when the right series are moved around the circle of the period, so that no link is left."""
        return self._judged(aligned, blocks, side, fewest, null, adjusted=bool(self.conditioning), roll=roll)[1].p
