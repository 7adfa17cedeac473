"""The expected band of a level or a count per entity: a robust weekly profile, and how far the past strayed from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from cemlib.analysis.alarm import Alarms
from cemlib.analysis.columns import read_numbers
from cemlib.analysis.conformal import Calibration
from cemlib.analysis.level_course import PAIR, level_alarms
from cemlib.analysis.series_bins import bin_width, read_times
from cemlib.analysis.weekly import WeeklyProfile, read_matrix
from cemlib.errors import ParameterError

__all__ = ["SeasonalBand"]

_WEEK = pd.Timedelta("7D")


class SeasonalBand:
    """Expected band by hour and kind of day, from rolling medians and conformal residuals.

    Parameters
    ----------
    alpha : float
        How often a bin where nothing is wrong is called below (and as often above). It can be no smaller than one over the residuals of the past.
    kind : "level" or "count"
        Counts are judged by their square roots, whose spread does not grow with them.
    worse : "low", "high" or "both"
        Which side raises an alarm in :meth:`watch`.
    time_zone : str
        Of the place: its clock makes the daily season.
    weekend : tuple of int
        Days of the week (Monday is 0) that are alike and unlike the others.
    holidays : iterable of date
        Days that are like a weekend.
    hold : float
        An alarm holds while bins have a tail smaller than this.
    calm : int
        Bins without such a tail that close it.

    Attributes
    ----------
    width_ : Timedelta
        Width of the bins.
    expected_ : DataFrame
        entity, n (bins of the past), scale (of the residuals, of square roots for counts), calibration (own, or pooled: residuals of all entities
        where an entity's own are too few for alpha), left_out (bins of the past that were a spell of failure), follows_level (whether the level of the
        last week foretold the next one better than that of all weeks).
    left_out_ : dict
        Entity to why it cannot be judged: constant, no values, or too few bins.
    n_, method_, parameters_, claim_
        What the result rests on.

    Notes
    -----
    The profile is the median of the same hours of like days. Each week's residuals are taken from the profile of the other weeks (as in CV+,
    Barber et al. 2021), so they are as large as those of new bins. A new bin's tail is its rank among them: one over n + 1 at the least, whatever the
    distribution (Vovk et al. 2005, for exchangeable residuals; they are made alike by the spread of the hour of day).
    Two residuals or more in a row beyond six spreads are a spell of failure, and no yardstick.

    Examples
    --------
    Four weeks of a daily wave; then an hour at a quarter of what is usual.

    >>> at = pd.date_range("2026-03-02", periods=28 * 24, freq="h", tz="UTC")
    >>> rng = np.random.default_rng(1)
    >>> calls = pd.DataFrame({"entity": "A", "at": at, "value": rng.poisson(200 + 100 * np.sin(np.arange(672) / 24 * 2 * np.pi))})
    >>> band = SeasonalBand(kind="count").fit(calls)
    >>> now = pd.DataFrame({"entity": "A", "at": at[:2] + pd.Timedelta("28D"), "value": [200, 50]})
    >>> band.judge(now)["verdict"].tolist()
    ['within', 'below']
    """

    method_ = "median of like hours; conformal residuals, week by week left out"
    claim_ = "association"

    def __init__(self, alpha: float = 0.002, kind: str = "level", *, worse: str = "low", time_zone: str = "UTC", weekend: tuple[int, ...] = (5, 6),
                 holidays: Iterable[dt.date] = (), hold: float = 0.02, calm: int = 3) -> None:
        if not 0 < alpha < 0.5 or not alpha <= hold < 0.5:
            raise ParameterError("alpha or hold is no share of false alarms.", wanted="0 < alpha <= hold < 0.5", came=f"alpha {alpha}, hold {hold}")
        if kind not in ("level", "count") or worse not in ("low", "high", "both"):
            raise ParameterError("kind or worse is unknown.", wanted="kind 'level' or 'count'; worse 'low', 'high' or 'both'", came=f"{kind!r}, {worse!r}")
        if calm < 1:
            raise ParameterError("calm counts bins.", wanted="1 or more", came=str(calm))
        try:
            pd.Timestamp("2026-01-01", tz=time_zone)
        except Exception as error:
            raise ParameterError("The time zone is unknown.", wanted="a name such as Europe/Warsaw", came=repr(time_zone)) from error
        self.alpha, self.kind, self.worse, self.time_zone, self.hold, self.calm = alpha, kind, worse, time_zone, hold, calm
        self.weekend, self.holidays = tuple(weekend), frozenset(pd.Timestamp(one).date() for one in holidays)

    @property
    def parameters_(self) -> dict:
        """The parameters of this estimator."""
        return {"alpha": self.alpha, "kind": self.kind, "worse": self.worse, "time_zone": self.time_zone, "weekend": self.weekend,
                "holidays": sorted(map(str, self.holidays)), "hold": self.hold, "calm": self.calm}

    def fit(self, history: pd.DataFrame) -> SeasonalBand:
        """Learn from past bins.

        Parameters
        ----------
        history : DataFrame
            entity, at, value; a missing value or row is a gap. Two weeks at least; four are better.

        Raises
        ------
        ParameterError
            For columns or times that make no sense, fewer than two weeks, a negative count, an alpha that so few residuals cannot tell, or when no
            entity can be judged.
        """
        frame, self._has_zone = self._read(history, None)
        code, names = pd.factorize(frame["entity"])
        self.width_ = bin_width(code, frame["at"])
        day = pd.Timedelta("1D")
        if day % self.width_ != pd.Timedelta(0):
            raise ParameterError("The bins do not divide the day.", wanted="bins of minutes or hours of which a day has a whole number, or days", came=str(self.width_))
        grid, values = read_matrix(code, len(names), frame["at"], frame["value"].to_numpy(), self.width_)
        self._profile = WeeklyProfile(self.time_zone, self.weekend, self.holidays)
        found = self._profile.fit(grid, self._shape(values), self.width_)
        self._calibration = Calibration(self.alpha).fit(found.residuals, found.slot, found.slots, int(self.width_.total_seconds()))
        reasons = np.where(~np.isfinite(values).any(axis=1), "no values", np.where(found.is_constant, "constant", np.where(self._calibration.n < found.least, "too few bins", "")))
        self.left_out_ = {name: reason for name, reason in zip(names, reasons) if reason}
        if len(self.left_out_) == len(names):
            raise ParameterError("No entity can be judged.", wanted=f"{found.least} bins at least that are not all the same", came=", ".join(sorted(set(reasons))))
        self._row = {name: row for row, name in enumerate(names)}
        self._is_out = reasons != ""
        self.n_ = int(np.isfinite(values).sum())
        self.expected_ = pd.DataFrame({"entity": names, "n": np.isfinite(values).sum(axis=1), "scale": self._calibration.scale,
                                       "calibration": np.where(self._calibration.is_own, "own", "pooled"), "left_out": self._calibration.left_out,
                                       "follows_level": found.follows})[~self._is_out].reset_index(drop=True)
        return self

    def _read(self, frame: pd.DataFrame, like: bool | None) -> tuple[pd.DataFrame, bool]:
        missing = [one for one in ("entity", "at", "value") if one not in frame]
        if missing:
            raise ParameterError("A column is missing.", wanted="entity, at, value", came=", ".join(map(str, frame.columns)))
        if frame["entity"].isna().any():
            raise ParameterError("A bin has no entity.", came=f"{int(frame['entity'].isna().sum())} of {len(frame)} rows")
        at, has_zone = read_times(frame, like)
        value = read_numbers(frame, ["value"])["value"]
        if self.kind == "count" and (value < 0).any():
            raise ParameterError("A count is negative.", wanted="0 or more", came=str(value.min()), todo="Choose kind='level' for what may be negative.")
        return pd.DataFrame({"entity": frame["entity"], "at": at.dt.tz_localize(None), "value": value}), has_zone

    def _shape(self, values: np.ndarray) -> np.ndarray:
        # Anscombe 1948: the square root of a Poisson count has a standard deviation of a half
        return np.sqrt(values + 0.375) if self.kind == "count" else values

    def _unshape(self, values: np.ndarray) -> np.ndarray:
        return np.maximum(np.maximum(values, 0) ** 2 - 0.375, 0) if self.kind == "count" else values

    def judge(self, now: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
        """Say of each bin whether it is below, within or above its band.

        Parameters
        ----------
        now : DataFrame
            entity, at, value.
        level : float
            Share of usual bins in the band that is given.

        Returns
        -------
        DataFrame
            entity, at, value, expected, low, high, p_low, p_high, verdict: below, within, above, no_data (no value), or unknown (an entity that
            was not in the past or was left out of it).

        Raises
        ------
        ParameterError
            Before fit, or for bins that do not go with the past.
        """
        if not hasattr(self, "_calibration"):
            raise ParameterError("The band has not been fitted.", todo="Call fit(history) first.")
        if not 0 < level < 1:
            raise ParameterError("level is a share.", wanted="between 0 and 1", came=str(level))
        frame, _ = self._read(now, self._has_zone)
        row = frame["entity"].map(self._row)
        known = row.notna().to_numpy()
        row = row.fillna(0).to_numpy(int)
        known = known & ~self._is_out[row]
        centre, slot = self._profile.expect(row, frame["at"])
        tail = self._calibration.tails(row, slot, self._shape(frame["value"].to_numpy()) - centre)
        low, high = (self._calibration.quantile(row, slot, q) for q in ((1 - level) / 2, (1 + level) / 2))
        out = now[["entity", "at", "value"]].copy()
        for name, values in (("expected", self._unshape(centre)), ("low", self._unshape(centre + low)), ("high", self._unshape(centre + high)),
                             ("p_low", tail[0]), ("p_high", tail[1])):
            out[name] = np.where(known, values, np.nan)
        verdict = np.where(tail[0] <= self.alpha, "below", np.where(tail[1] <= self.alpha, "above", "within"))
        out["verdict"] = np.where(~known, "unknown", np.where(frame["value"].isna(), "no_data", verdict))
        return out

    def watch(self, now: pd.DataFrame) -> Alarms:
        """Open, hold and close alarms along the bins.

        An alarm opens at the first bin out of the band at the bad side, or the second in a row with a tail of four times alpha; it holds while bins have a tail smaller than ``hold``, and closes after ``calm``
        bins in a row that have not; what opened it cannot open it again. Missing values neither hold nor close.
        """
        judged = self.judge(now)
        judged = judged.iloc[np.lexsort((judged["at"].to_numpy(), pd.factorize(judged["entity"])[0]))]
        tails = {"low": judged["p_low"], "high": judged["p_high"], "both": np.minimum(judged["p_low"], judged["p_high"])}[self.worse]
        table = level_alarms(judged.assign(p=tails), self.alpha, self.hold, self.calm, "high" if self.worse == "high" else "low")
        spans = judged.groupby("entity")["at"].agg(["min", "max"])
        possible = float(((spans["max"] - spans["min"]) / self.width_ + 1).sum())
        sides = 2 if self.worse == "both" else 1
        share = self.alpha + (PAIR * self.alpha) ** 2  # pairs, as if neighbours were independent
        return Alarms(table, judged, sides * share * (_WEEK / self.width_), len(judged), len(spans), 1 - judged["value"].notna().sum() / possible if possible else 0.0,
                      (judged["at"].min(), judged["at"].max()), self.method_, self.parameters_, dict(self.left_out_), self.claim_)
