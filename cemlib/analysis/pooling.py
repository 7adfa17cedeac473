"""Ratios watched over several spans of time at once: what an hour of five calls cannot show, a day or a week can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cemlib.analysis.alarm import Alarms, Spell, alarm_table, find_spells
from cemlib.analysis.baseline import BetaBinomialBaseline
from cemlib.analysis.betabinomial import lower_tail, quantile, tail_parts
from cemlib.analysis.ratio_course import find_onset, find_recovery
from cemlib.analysis.series_bins import bin_width, check_trials, read_times
from cemlib.analysis.trailing import TrailingSums
from cemlib.errors import ParameterError

__all__ = ["PooledBaseline"]

_LEAST_SPANS = 8  # spans of a width in the past from which their overdispersion is estimated
_WEEK = pd.Timedelta("7D")


class PooledBaseline:
    """A beta-binomial baseline of trailing spans of 1 h, 6 h, 24 h and 7 days, and the alarms that follow from it.

    Parameters
    ----------
    alpha : float
        How often, at most, a bin of an entity where nothing is wrong is called bad by any of the windows together.
    windows : sequence of str
        Spans of time, multiples of the bins' width. Those narrower than a bin or longer than half of the past are left out.
    worse : "low" or "high"
        Which side is bad: low for success ratios, high for failure ratios.
    first_share : float
        Share of ``alpha`` that the narrowest window has; the others have equal parts of the rest.
    calm : int
        Bins that it takes at least to close an alarm.
    caution, prior_strength
        As of :class:`~cemlib.analysis.BetaBinomialBaseline`.

    Attributes
    ----------
    baselines_ : dict
        Window to its fitted baseline.
    windows_, left_out_ : dict
        Window to its share of alpha; window to why it is not used.
    width_ : Timedelta
        Width of the bins.
    n_ : int
        Trials of the past.

    Notes
    -----
    Each window's overdispersion is estimated from spans of its own width in the past (of the longest ones, from the widest
    span that occurs eight times): ratios of neighbouring hours go together, and a week is not 168 independent hours.
    The windows share ``alpha`` (Bonferroni), so the stated rate is an upper bound.

    An alarm opens when the trailing sum of a window falls out of its band. It holds until the bins after it are twenty times as likely under
    the expected ratio as under a failing one (own rule, after Page 1954), and at least ``calm`` of them speak for it.

    Examples
    --------
    Eight calls an hour; on the last two days one in four fails instead of one in forty.

    >>> rng = np.random.default_rng(1)
    >>> at = pd.date_range("2026-03-01", periods=30 * 24, freq="h", tz="UTC")
    >>> calls = pd.DataFrame({"entity": "A", "at": at, "num": rng.binomial(8, np.where(np.arange(720) < 672, 0.975, 0.75)), "den": 8})
    >>> found = PooledBaseline().fit(calls[:672]).watch(calls[504:], since=at[672])
    >>> found.table[["entity", "state", "window"]].values.tolist()
    [['A', 'open', '6h']]
    """

    method_ = "beta-binomial over trailing windows that share alpha"
    claim_ = "association"

    def __init__(self, alpha: float = 0.001, windows: Sequence[str] = ("1h", "6h", "24h", "7D"), *, worse: str = "low", first_share: float = 0.5, calm: int = 3,
                 caution: float = 2.0, prior_strength: float | None = None) -> None:
        if worse not in ("low", "high"):
            raise ParameterError("worse names the bad side.", wanted="'low' or 'high'", came=repr(worse))
        if not 0 < first_share <= 1 or calm < 1 or not windows:
            raise ParameterError("The windows or how they share alpha make no sense.", wanted="a window at least, first_share above 0 and at most 1, calm of 1 or more",
                                 came=f"windows {list(windows)}, first_share {first_share}, calm {calm}")
        try:
            self._spans = {str(one): pd.Timedelta(one) for one in windows}
        except ValueError:
            raise ParameterError("A window is no span of time.", wanted="such as '6h' or '7D'", came=", ".join(map(str, windows))) from None
        self._spans = dict(sorted(self._spans.items(), key=lambda one: one[1]))
        self.alpha, self.worse, self.first_share, self.calm, self.caution, self.prior_strength = alpha, worse, first_share, calm, caution, prior_strength
        # refuses what makes no sense
        BetaBinomialBaseline(alpha, prior_strength, caution)

    @property
    def parameters_(self) -> dict:
        """The parameters of this estimator."""
        return {"alpha": self.alpha, "windows": list(self._spans), "worse": self.worse, "first_share": self.first_share, "calm": self.calm,
                "caution": self.caution, "prior_strength": self.prior_strength}

    def _read(self, frame: pd.DataFrame, like: bool | None) -> pd.DataFrame:
        """Checked, sorted by entity and time, with what is bad at the low side."""
        frame = check_trials(frame, ("entity", "at", "num", "den"))
        at, self._has_zone = read_times(frame, like)
        code, _ = pd.factorize(frame["entity"], sort=False)
        num = frame["num"] if self.worse == "low" else frame["den"] - frame["num"]
        out = pd.DataFrame({"entity": frame["entity"], "code": code, "at": at.dt.tz_localize(None), "num": num, "den": frame["den"]})
        return out.iloc[np.lexsort((at.to_numpy(), code))]

    def fit(self, history: pd.DataFrame) -> PooledBaseline:
        """Learn from past bins.

        Parameters
        ----------
        history : DataFrame
            entity, at (begin of the bin), num, den; hours without trials may be there or not.

        Raises
        ------
        ParameterError
            For a missing column, times that are none, repeat, follow no grid or mix zones; a window that is no multiple of the bins' width; a past too
            short for any window.
        """
        history = self._read(history, None)
        self.width_ = bin_width(history["code"].to_numpy(), history["at"])
        past = history["at"].max() - history["at"].min() + self.width_
        self.baselines_, self.left_out_, self._level, level = {}, {}, {}, None
        for name, span in self._spans.items():
            if span < self.width_:
                self.left_out_[name] = f"narrower than the bins of {self.width_}"
                continue
            if span % self.width_ != pd.Timedelta(0):
                raise ParameterError("A window is no multiple of the bins' width.", wanted=f"multiples of {self.width_}", came=name)
            if past >= _LEAST_SPANS * span:
                level = (span, BetaBinomialBaseline(self.alpha, self.prior_strength, self.caution).fit(_spans_of(history, span)))
            elif level is None or span % level[0] != pd.Timedelta(0) or past < 2 * span:
                self.left_out_[name] = f"the past has {past}; wanted: twice the window at least, and {_LEAST_SPANS} times the narrowest one"
                continue
            self._level[name], self.baselines_[name] = level
        if not self.baselines_:
            raise ParameterError("Too few bins in the past for any window.", wanted=f"{_LEAST_SPANS} times {next(iter(self._spans))} at least", came=str(past))
        rest = (1 - self.first_share) / max(len(self.baselines_) - 1, 1)
        first = self.first_share if len(self.baselines_) > 1 else 1.0
        self.windows_ = {name: rest if place else first for place, name in enumerate(self.baselines_)}
        self._reach = max(self._spans[name] for name in self.windows_) // self.width_
        self.n_, self._zoned = int(history["den"].sum()), self._has_zone
        return self

    def judge(self, now: pd.DataFrame, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """The verdict of each bin by the windows that end with it.

        Parameters
        ----------
        now : DataFrame
            entity, at, num, den; with as many bins before ``since`` as the longest window reaches back.
        since : Timestamp, optional
            Bins before it are not judged, only summed.

        Returns
        -------
        DataFrame
            entity, at, num, den, rate, expected, p (smallest of the windows' tails times one over their share of alpha), window (the one of that p),
            verdict (bad, within, or too_few: not even a complete failure of all trials in the longest window would be surprising).
        """
        return self._judge(self._prepare(now, since))

    def _prepare(self, now: pd.DataFrame, since) -> pd.DataFrame:
        if not hasattr(self, "baselines_"):
            raise ParameterError("The baseline has not been fitted.", todo="Call fit(history) first.")
        frame = self._read(now, self._zoned)
        if (frame["at"].to_numpy("datetime64[s]").astype("int64") % int(self.width_.total_seconds()) != self._phase(frame)).any():
            raise ParameterError("The bins' times follow no grid of the past's width.", wanted=f"bins of {self.width_}")
        since = None if since is None else pd.Timestamp(since)
        if since is not None:
            since = since if since.tzinfo is None else since.tz_convert("UTC").tz_localize(None)
        return frame.assign(is_judged=True if since is None else frame["at"] >= since)

    def _phase(self, frame: pd.DataFrame) -> int:
        return int(frame["at"].iloc[0].timestamp()) % int(self.width_.total_seconds()) if len(frame) else 0

    def _tails(self, sums: TrailingSums, rows: np.ndarray, entity: np.ndarray, start: int = 0) -> dict[str, tuple[np.ndarray, pd.DataFrame]]:
        """Of each window: tail probability at these rows, with sums and band parameters."""
        out = {}
        for name, base in self.baselines_.items():
            part = sums.over(rows, self._spans[name] // self.width_, self._level[name] // self.width_, start)
            rate, rho = base.look_up(part.assign(entity=entity))
            out[name] = (lower_tail(part["num"].to_numpy(), part["den"].to_numpy(), rate, rho), part.assign(rate=rate, rho=rho))
        return out

    def _combined(self, tails: dict[str, tuple[np.ndarray, pd.DataFrame]]) -> tuple[np.ndarray, np.ndarray]:
        """The smallest tail over the windows, each divided by its share of alpha, and whose it is."""
        shared = np.column_stack([tails[name][0] / share for name, share in self.windows_.items()])
        least = np.argmin(shared, axis=1)
        return np.minimum(shared[np.arange(len(least)), least], 1.0), least

    def _judge(self, frame: pd.DataFrame) -> pd.DataFrame:
        sums = TrailingSums(frame, self.width_, self._reach)
        rows = np.flatnonzero(frame["is_judged"])
        frame = frame.iloc[rows]
        tails = self._tails(sums, rows, frame["entity"].to_numpy())
        p, least = self._combined(tails)
        _, longest = tails[list(tails)[-1]]
        worst = _complete_failure(longest)
        name, share = list(self.windows_), list(self.windows_.values())
        out = frame[["entity", "at", "num", "den"]].copy()
        out["at"] = out["at"].dt.tz_localize("UTC") if self._zoned else out["at"]
        some = np.where(out["den"] > 0, out["den"], np.nan)
        out["rate"], out["expected"], out["p"] = out["num"] / some, tails[name[0]][1]["rate"].to_numpy(), p
        out["window"] = np.array(name, dtype=object)[least]
        out["verdict"] = np.where(p <= self.alpha, "bad", np.where(worst > self.alpha * share[-1], "too_few", "within"))
        if self.worse == "high":
            out["num"], out["rate"], out["expected"] = out["den"] - out["num"], 1 - out["rate"], 1 - out["expected"]
        return out

    def watch(self, now: pd.DataFrame, since: pd.Timestamp | None = None) -> Alarms:
        """Open, hold and close alarms along the bins.

        Parameters
        ----------
        now, since
            As of :meth:`judge`.
        """
        frame = self._prepare(now, since)
        bins = self._judge(frame)
        codes = frame["code"].to_numpy()
        begin = np.searchsorted(codes, np.arange(codes[-1] + 2)) if len(codes) else np.zeros(1, int)
        flagged = np.unique(codes[frame["is_judged"].to_numpy()][(bins["verdict"] == "bad").to_numpy()])
        rows = [row for code in flagged for row in self._watch_one(frame.iloc[begin[code]:begin[code + 1]])]
        table = alarm_table(rows, bins["at"])
        spans = frame.groupby("code")["at"].agg(["min", "max"])
        possible = float(((spans["max"] - spans["min"]) / self.width_ + 1).sum())
        return Alarms(table, bins, self.alpha * (_WEEK / self.width_), len(bins), bins["entity"].nunique(), 1 - (frame["den"] > 0).sum() / possible if possible else 0.0,
                      (bins["at"].min(), bins["at"].max()), self.method_, self.parameters_, dict(self.left_out_), self.claim_)

    def _watch_one(self, mine: pd.DataFrame) -> list[tuple]:
        sums, entity = TrailingSums(mine, self.width_, self._reach), mine["entity"].iloc[0]
        judged, known = np.flatnonzero(mine["is_judged"]), {}
        num, den = mine["num"].to_numpy(), mine["den"].to_numpy()
        rate, rho = self._usual(mine)

        def opening(first: int, start: int) -> int | None:
            rows = judged[judged >= first]
            if not len(rows):
                return None
            tails = self._tails(sums, rows, np.repeat(entity, len(rows)), start)
            p, least = self._combined(tails)
            hits = np.flatnonzero(p <= self.alpha)
            if not hits.size:
                return None
            name = list(self.windows_)[least[hits[0]]]
            opened = int(rows[hits[0]])
            reach = np.searchsorted(mine["at"].to_numpy(), (mine["at"].iloc[opened] - self._spans[name]).to_datetime64(), side="right")
            onset = find_onset(num, den, max(start, int(reach)), opened, rate, rho)
            known[opened] = (name, float(p[hits[0]]), tails[name][1].iloc[hits[0]], onset)
            return opened

        def closing(opened: int, start: int) -> tuple[int, int] | None:
            return find_recovery(num, den, known[opened][-1], opened, rate, rho, self.calm)

        return [self._told(mine, spell, *known[spell.opened]) for spell in find_spells(opening, closing)]

    def _usual(self, mine: pd.DataFrame) -> tuple[float, float]:
        rate, rho = next(iter(self.baselines_.values())).look_up(mine[["entity", "den"]].iloc[:1])
        return float(rate[0]), float(rho[0])

    def _told(self, mine: pd.DataFrame, spell: Spell, name: str, p: float, opened: pd.Series, onset: int) -> tuple:
        end = len(mine) if spell.good_since is None else spell.good_since
        num, den = (mine[one].to_numpy()[onset:end].sum() for one in ("num", "den"))
        rate, _ = self._usual(mine)
        limit = quantile(self.alpha * self.windows_[name], np.array([opened["den"]]), opened["rate"], opened["rho"])[0] / opened["den"]
        at = mine["at"].to_numpy()
        flip = (lambda share: share) if self.worse == "low" else (lambda share: 1 - share)
        closed = pd.NaT if spell.closed is None else self._time(at[spell.closed])
        good = pd.NaT if spell.good_since is None else self._time(at[spell.good_since])
        return (mine["entity"].iloc[0], "open" if spell.closed is None else "closed", self._time(at[onset]), self._time(at[spell.opened]), closed, good, name, int(den),
                flip(num / den), flip(rate), flip(limit), float(den * rate - num), p, end - onset)

    def _time(self, at) -> pd.Timestamp:
        return pd.Timestamp(at).tz_localize("UTC") if self._zoned else pd.Timestamp(at)


def _spans_of(history: pd.DataFrame, span: pd.Timedelta) -> pd.DataFrame:
    """Sums of spans that do not overlap."""
    block = history["at"].dt.floor(span)
    return history.assign(at=block).groupby(["entity", "at"], sort=False, observed=True)[["num", "den"]].sum().reset_index()


def _complete_failure(part: pd.DataFrame) -> np.ndarray:
    """The probability that nothing at all succeeds."""
    den, *usual = (part[one].to_numpy() for one in ("den", "rate", "rho"))
    return np.where(den > 0, tail_parts(np.zeros(den.shape), np.maximum(den, 1), *usual)[1], 1.0)
