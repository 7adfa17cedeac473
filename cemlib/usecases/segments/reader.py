"""Reads the lake once for some days, finds the segments, and puts the view together."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping

import pandas as pd

from cemlib.analysis import Segmenter
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.lake import collect_frame
from cemlib.privacy import suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.period import read_period
from cemlib.usecases.segments import wording
from cemlib.usecases.segments.features import FEATURES, as_measured, collect_features, count_columns
from cemlib.usecases.segments.movement import compare_segments, find_places, profile_segments, trace_moves
from cemlib.usecases.segments.outcomes import OUTCOMES, collect_outcomes, measure_segments
from cemlib.usecases.segments.view import SegmentView

__all__ = ["ALL", "LAST", "Reader"]

QUESTION = "Which groups of customers are there, and how does each of them fare?"
LAST, ALL = "last", "all"
_LAST_DAYS = 14
_DAY = dt.timedelta(days=1)
_FIGURES = ["share_ratio", *(f"{name}{end}" for name, *_ in OUTCOMES for end in ("", "_low", "_high", "_n"))]


class Reader:
    """Finds the segments of some days.

    Parameters
    ----------
    lake : Lake
    period : str
        ``last`` (14 days), a month, a day or from/to.
    role : str, optional
    strict : bool
        See :func:`cemlib.usecases.view_segments`.
    """

    def __init__(self, lake, period: str = LAST, role: str | None = None, *, strict: bool = True) -> None:
        self.lake, self.role, self.strict = lake, role, strict
        self.ignored: list[str] = []
        self.period = period
        self.days = self._days(period)

    def _days(self, period: str) -> tuple[dt.date, dt.date] | None:
        """The first day and the day after the last; None for a lake without records."""
        bounds = self.lake.event_days()
        if bounds is None:
            return None
        ends = [max(self.lake.data_files(name)) for name in ("data_session", "voice_call", "message") if self.lake.has(name)]
        last = (max(ends) if ends else bounds[1]) + _DAY
        if period == LAST:
            return last - _LAST_DAYS * _DAY, last
        try:
            read = read_period(period)
        except ParameterError as error:
            if self.strict:
                raise
            self.ignored.append(f"{error.what} It is left out.")
            self.period = LAST
            return last - _LAST_DAYS * _DAY, last
        return read.first or bounds[0], min(read.until or last, last) if read.first is None or read.first < last else read.until or last

    # what is read is read when it is first asked for

    @functools.cached_property
    def features(self) -> pd.DataFrame:
        """Of the chosen days."""
        return pd.DataFrame() if self.days is None else collect_features(self.lake, *self.days)

    @functools.cached_property
    def used(self) -> list:
        """The features that tell customers apart."""
        return [] if self.features.empty else count_columns(self.features)[0]

    @functools.cached_property
    def segmenter(self) -> Segmenter | None:
        """The fitted segments; None where there are too few customers."""
        blocks: dict[str, list[str]] = {}
        for one in self.used:
            blocks.setdefault(one.block, []).append(one.name)
        try:
            return Segmenter(blocks).fit(self.features[[one.name for one in self.used]]) if blocks else None
        except ParameterError:
            return None

    @functools.cached_property
    def outcomes(self) -> pd.DataFrame:
        """Of each customer."""
        return collect_outcomes(self.lake, self.features.index, *self.days)

    @functools.cached_property
    def before(self) -> pd.Series | None:
        """The segment of each customer in as many days before, by the segments of now; None where no such days were recorded."""
        since, until = self.days
        earlier = since - (until - since)
        if self.segmenter is None or self.segmenter.k_ == 1 or not self.lake.has("data_session") or min(self.lake.data_files("data_session")) > earlier:
            return None
        found = collect_features(self.lake, earlier, since)
        return self.segmenter.predict(found[[one.name for one in self.used]])

    @functools.cached_property
    def resources(self) -> pd.DataFrame:
        """Where the cells stand."""
        columns = ["resource_id", "latitude_deg", "longitude_deg"]
        return collect_frame(self.lake.frame("resource").select(*columns)) if self.lake.has("resource") else pd.DataFrame(columns=columns)

    def again(self, asked: Mapping[str, str]) -> SegmentView:
        """The view of these parameters, of another reader where the period is another."""
        reader = self if asked["period"] == self.period else Reader(self.lake, asked["period"], self.role, strict=self.strict)
        return reader.view(segment=asked["segment"], other=asked["other"])

    def view(self, *, segment: str = ALL, other: str = ALL) -> SegmentView:
        """Put the view together."""
        ignored, found = list(self.ignored), self.segmenter
        names = [] if found is None else list(found.profiles_["segment"])
        chosen = {name: self._named(name, value, names, ignored) for name, value in (("segment", segment), ("other", other))}
        if found is None:
            return self._empty(chosen, [*ignored, *self._missing()])
        features, labels = self.features, found.labels_
        segments = suppress_small_groups(measure_segments(labels, self._bills(), self.outcomes), self.role, figures=_FIGURES)
        small = set(segments.loc[segments["is_suppressed"], "segment"])
        profiles = profile_segments(features, labels, self.used)
        profiles.loc[profiles["segment"].isin(small), ["value", "strength"]] = float("nan")
        rules = found.rules_.assign(rule=[wording.measured_rule(one) for one in found.rules_["rule"]])
        migration, kept = trace_moves(self.before, labels, self.role) if self.before is not None else (pd.DataFrame(), {"n": 0})
        pair = self._pair(chosen, segments)
        compared = compare_segments(profiles, segments, *pair, OUTCOMES) if pair else pd.DataFrame()
        places = find_places(features["resource_id"], labels, self.resources, "" if chosen["segment"] == ALL else chosen["segment"], self.role)
        table = found.stability_
        stability = None if found.k_ == 1 else float(table.loc[table["segments"] == found.k_, "ari"].max())
        counts = {"customers": len(features), "in_segments": int(labels.notna().sum()), "unknown": int(labels.isna().sum()), "odd": int(found.odd_.notna().sum())}
        return SegmentView(
            question=QUESTION, answer=wording.answer_sentences(segments[~segments["is_suppressed"]], found.is_stable_, stability, kept, counts),
            missing=[*ignored, *self._missing()], chosen={"period": self.period, **chosen}, choices=self._choices(names), period=self._words(), segments=segments,
            profiles=profiles, rules=rules, fidelity=float(found.fidelity_), stability=stability, is_stable=found.is_stable_, migration=migration, kept=kept,
            compared=compared.assign(pair=" / ".join(pair)) if pair else compared, places=places, counts=counts, role=self.role, footer=self._footer(),
            kpis=[], figures=self._figures(segments, found, kept, counts, stability), tables=_tables(segments, profiles, rules, migration), _reader=self)

    def _bills(self) -> pd.Series:
        bill = next(one for one in FEATURES if one.name == "bill")
        return self.features["bill"].map(lambda value: as_measured(bill, value), na_action="ignore")

    def _named(self, name: str, value: str, names: list[str], ignored: list[str]) -> str:
        if value in ("", ALL) or value in names:
            return value or ALL
        error = UnknownNameError("segment", value, names)
        if self.strict:
            raise error
        ignored.append(f"{error.what} It is left out.")
        return ALL

    def _pair(self, chosen: Mapping[str, str], segments: pd.DataFrame) -> tuple[str, str] | None:
        """The two segments that are compared: the chosen ones, else those with the lowest and the highest index."""
        shown = segments[~segments["is_suppressed"]]
        if len(shown) < 2:
            return None
        order = shown.sort_values("index", na_position="last")["segment"].tolist()
        one = chosen["segment"] if chosen["segment"] != ALL else order[0]
        other = chosen["other"] if chosen["other"] not in (ALL, one) else next(name for name in reversed(order) if name != one)
        return (one, other) if {one, other} <= set(shown["segment"]) else None

    def _choices(self, names: list[str]) -> dict[str, list[tuple[str, str]]]:
        days = self.lake.event_days()
        months = [] if days is None else [str(one) for one in pd.period_range(days[0], days[1], freq="M")][::-1]
        periods = [(LAST, f"the last {_LAST_DAYS} days"), *((one, read_period(one).label) for one in months)]
        if self.period not in dict(periods):
            periods.append((self.period, read_period(self.period).label))
        return {"period": periods, "segment": [(ALL, "all"), *((one, one) for one in names)], "other": [(ALL, "the one that fares best"), *((one, one) for one in names)]}

    def _words(self) -> str:
        return "no records" if self.days is None else f"{self.days[0]} to {self.days[1] - _DAY} UTC"

    def _missing(self) -> list[str]:
        if self.days is None:
            return ["The lake has no records yet."]
        told, flat = count_columns(self.features) if len(self.features) else ([], list(FEATURES))
        found = [f"Not looked at, because nearly all customers have the same or it is not known: {', '.join(one.title for one in flat)}."] if flat and told else []
        if self.segmenter is None:
            found.append("There are too few customers with all features to look for segments (at least 50 are needed).")
        elif self.segmenter.k_ > 1 and self.before is not None and not self.before.notna().any():
            found.append("Of the days before a feature is not known for any customer: it cannot be told who moved.")
        elif self.segmenter.k_ > 1 and self.before is None:
            found.append(f"The {(self.days[1] - self.days[0]).days} days before were not recorded: it cannot be told who moved.")
        return found

    def _footer(self) -> list[str]:
        return [f"snapshot {self.lake.snapshot().id}", self._words(), "Gaussian mixture on robustly scaled features, seed 0; a number of segments counts when both halves of the customers give it",
                "95 % intervals: Student's t for means, Wilson for shares, adjusted Wald for the NPS, Garwood for counts", "an association: a segment is a description, not a cause",
                f"groups under {settings().minimum_group} customers hidden from managers"]

    def _empty(self, chosen: dict[str, str], missing: list[str]) -> SegmentView:
        none = pd.DataFrame()
        return SegmentView(QUESTION, wording.answer_sentences(none, False, None, {}, {}), missing, {"period": self.period, **chosen}, self._choices([]), self._words(), none, none,
                           none, float("nan"), None, False, none, {"n": 0}, none, none, {"customers": len(self.features), "in_segments": 0, "unknown": 0, "odd": 0},
                           self.role, self._footer(), [], {"segments": 0.0}, {}, self)

    @staticmethod
    def _figures(segments: pd.DataFrame, found: Segmenter, kept: Mapping[str, float], counts: Mapping[str, int], stability: float | None) -> dict[str, float]:
        made = {"segments": float(found.k_), "customers": float(counts["in_segments"]), "rule_fidelity_ratio": float(found.fidelity_)}
        made |= {"stability": stability} if stability is not None else {}
        made |= {"kept_ratio": kept["value"]} if kept.get("n") else {}
        for place, row in enumerate(segments.itertuples(), 1):
            if not row.is_suppressed:
                made |= {f"segment_{place}_customers": float(row.subscribers), f"segment_{place}_index": float(segments.at[row.Index, "index"])}
        return made


def _tables(segments: pd.DataFrame, profiles: pd.DataFrame, rules: pd.DataFrame, migration: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"segments": segments, "segment_profiles": profiles, "segment_rules": rules} | ({"segment_moves": migration} if len(migration) else {})
