"""Divides the customers of the lake or of a study, and puts the view together."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import pandas as pd

from cemlib.errors import CallError, ParameterError
from cemlib.privacy import may_see_records, suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.asked import Asked
from cemlib.usecases.segments import wording
from cemlib.usecases.segments.division import OTHERS, Division, divide_by_rules, find_division, split_rules
from cemlib.usecases.segments.features import count_columns
from cemlib.usecases.segments.lake_customers import LAKE, LAST, LakeCustomers
from cemlib.usecases.segments.movement import compare_segments, find_places, profile_segments, trace_moves
from cemlib.usecases.segments.outcomes import figure_columns, hide_few_told, measure_segments
from cemlib.usecases.segments.rule_intervals import bound_rules, bound_worth
from cemlib.usecases.segments.study_customers import StudyCustomers
from cemlib.usecases.segments.view import SegmentView
from cemlib.usecases.studies.catalogue import load_study, reason_of, study_names

__all__ = ["ALL", "FOUND", "LAKE", "LAST", "NAMED", "Reader"]

QUESTION = "Which groups of customers are there, and how does each of them fare?"
ALL, FOUND, NAMED = "all", "found", "named"
_BY = ((FOUND, "found segments"), (NAMED, "named sets"))


def _refuse_period(period: str) -> str:
    if period not in ("", LAST):
        raise ParameterError("A study has no periods.", wanted=LAST, came=period)
    return LAST


class Reader:
    """Divides customers.

    Parameters
    ----------
    lake : Lake
    study, period : str
    role : str, optional
    strict : bool
        See :func:`cemlib.usecases.view_segments`.
    """

    def __init__(self, lake, study: str = LAKE, period: str = LAST, role: str | None = None, *, strict: bool = True) -> None:
        self.lake, self.role, self.strict = lake, role, strict
        asked = Asked(strict)
        of_study = None if study in ("", LAKE) else self._read_study(study, asked)
        if of_study is not None:
            asked.use(LAST, _refuse_period, period)
        self.customers: LakeCustomers | StudyCustomers = of_study or LakeCustomers(lake, period if study in ("", LAKE) else LAST, asked)
        self._left_out = asked.left_out

    def _read_study(self, study: str, asked: Asked) -> StudyCustomers | None:
        """The customers of a study; one that cannot be read is told in full, for its file is the reader's own."""
        try:
            return StudyCustomers(load_study(study, "segments"), self.lake, self.role)
        except CallError as error:
            if asked.strict:
                raise
            asked.left_out.append(f"The study {study[:60]} cannot be opened: {reason_of(error)} The lake's customers are shown.")
            return None

    @functools.cached_property
    def used(self) -> list:
        """The features that tell customers apart."""
        features = self.customers.features
        return [] if features.empty else count_columns(features, self.customers.catalogue)[0]

    @functools.cached_property
    def found(self) -> Division | ParameterError:
        """The found segments, or why there are none."""
        try:
            return find_division(self.customers.features, self.used)
        except ParameterError as error:
            return error

    @functools.cached_property
    def named(self) -> Division | CallError:
        """The named sets, or why they cannot be told."""
        if self.customers.everyone.empty:
            return ParameterError("There are no customers.")
        try:
            told, untold = split_rules(self.customers.rules, self.customers.marks)
            return divide_by_rules(told, untold, self.customers.marks, self.customers.catalogue) if told else ParameterError("None of the named sets can be told.", came="; ".join(untold))
        except CallError as error:
            if self.strict:
                raise
            return error

    @functools.cached_property
    def found_before(self) -> pd.Series | None:
        """The segment of each customer in as many days before, by the segments of now."""
        if self.found.labels.nunique() < 2 or self.customers.earlier is None:
            return None
        return self.found.predict(self.customers.earlier[[one.name for one in self.used]])

    @functools.cached_property
    def named_before(self) -> pd.Series | None:
        """The named set of each customer in as many days before, by the limits of now."""
        return None if self.customers.earlier_marks is None else self.named.predict(self.customers.earlier_marks.frame)

    def again(self, asked: Mapping[str, str]) -> SegmentView:
        """The view of these parameters, of another reader where the customers are others."""
        is_same = (asked["study"], asked["period"]) == (self.customers.study, self.customers.period or LAST)
        reader = self if is_same else Reader(self.lake, asked["study"], asked["period"], self.role, strict=self.strict)
        return reader.view(**{name: asked[name] for name in ("by", "segment", "other")})

    def view(self, *, by: str = FOUND, segment: str = ALL, other: str = ALL) -> SegmentView:
        """Put the view together."""
        asked = Asked(self.strict)
        by = asked.known("way to divide customers", by, [one for one, _ in _BY if one == FOUND or self.customers.has_rules], FOUND)
        is_named = by == NAMED
        division = self.named if is_named else self.found
        names = [] if isinstance(division, CallError) else sorted(division.labels.dropna().unique())
        segment, other = (asked.known("segment", one or ALL, [ALL, *names], ALL) for one in (segment, other))
        chosen = {"study": self.customers.study, "by": by, "period": self.customers.period or LAST, "segment": segment, "other": other}
        ignored = [*self._left_out, *asked.left_out]
        base = {"question": QUESTION, "chosen": chosen, "choices": self._choices(names), "period": self.customers.when, "role": self.role, "footer": self._footer(is_named),
                "outcomes": self.customers.outcomes, "_reader": self}
        if isinstance(division, CallError):
            return self._empty(base, division, ignored)
        return self._filled(base, division, ignored)

    def _filled(self, base: dict, division: Division, ignored: list[str]) -> SegmentView:
        is_named, chosen, outcomes = base["chosen"]["by"] == NAMED, base["chosen"], self.customers.outcomes
        features, labels = (self.customers.everyone if is_named else self.customers.features), division.labels
        # a named set whose customers all are in an earlier one is a set all the same; "others" is none
        names = [one for one in division.rules["segment"] if one != OTHERS] if is_named else []
        measured = measure_segments(labels, self.customers.values, outcomes, names)
        # the number of all is shown too: one hidden group alone could be worked out
        segments = suppress_small_groups(measured, self.role, figures=figure_columns(outcomes), total_shown=True)
        small = set(segments.loc[segments["is_suppressed"], "segment"])
        segments = hide_few_told(measured, outcomes, self.role, small).assign(**segments[["subscribers", "share_ratio", "is_suppressed"]])
        profiles = profile_segments(features, labels, division.used, self.role, small)
        earlier = self.named_before if is_named else self.found_before
        migration, kept = trace_moves(earlier, labels, self.role, small) if earlier is not None else (pd.DataFrame(), {"n": 0})
        pair = self._pair(chosen, segments)
        compared = compare_segments(profiles, segments, *pair, outcomes).assign(one_segment=pair[0], other_segment=pair[1]) if pair else pd.DataFrame()
        counts = {"customers": len(features), "in_segments": int(labels.notna().sum()), "unknown": int(labels.isna().sum()), "groups": int(labels.nunique()), "small": len(small),
                  "odd": None if self._is_few(division.odd) else division.odd}
        rules = self._rules(division.rules, is_named, small)
        if is_named:
            counts["groups"] = len(rules) - 1
            counts["in_sets"] = None if OTHERS in small else len(labels) - int((labels == OTHERS).sum())
        shown = segments[~segments["is_suppressed"]]
        answer = (wording.named_sentences(shown, self.customers.noun_of_all, OTHERS, counts, division.untold, kept, outcomes) if is_named else
                  wording.answer_sentences(shown, self.customers.noun, division.is_stable, division.stability, kept, counts, outcomes))
        return SegmentView(
            **base, answer=answer, missing=[*ignored, *self._hidden_places(chosen["segment"], small), *self._missing(is_named, earlier)], segments=segments, profiles=profiles, rules=rules, untold=list(division.untold),
            fidelity=division.fidelity, stability=division.stability, is_stable=division.is_stable, migration=migration, kept=kept, compared=compared,
            places=self._places(features, labels, chosen["segment"], small), counts=counts, figures=self._figures(segments, division, kept, counts),
            tables={"segments": segments, "segment_profiles": profiles, "segment_rules": rules} | ({"segment_moves": migration} if len(migration) else {}) | self._set_aside())

    def _set_aside(self) -> dict[str, pd.DataFrame]:
        """How many cells of a study's files were set aside for which reason."""
        counts = getattr(self.customers, "set_aside", ())
        return {"set_aside": counts} if len(counts) else {}

    def _rules(self, rules: pd.DataFrame, is_named: bool, small: set[str]) -> pd.DataFrame:
        """From a manager the few who also meet a rule are hidden as the few who make a set are."""
        rules = rules if is_named else bound_rules(rules)
        rules = rules.astype(dict.fromkeys(("n", "elsewhere", "unknown") if is_named else ("n",), "Int64"))
        rules.loc[rules["segment"].isin(small), "n"] = pd.NA
        if not is_named:
            # the share that some rule meets is shown, and tells the sum
            figures = [f"{name}{end}" for name in ("precision", "coverage") for end in ("", "_low", "_high")]
            return suppress_small_groups(rules, self.role, subscribers="n", figures=figures, total_shown=True)
        if not may_see_records(self.role):
            for name in ("elsewhere", "unknown"):
                rules[name] = rules[name].mask((rules[name] > 0) & (rules[name] < settings().minimum_group))
        return rules

    def _places(self, features: pd.DataFrame, labels: pd.Series, segment: str, small: set[str]) -> pd.DataFrame | None:
        if "resource_id" not in features:
            return None
        return find_places(features["resource_id"], labels, self.customers.resources, "" if segment == ALL or segment in small else segment, self.role, small)

    def _is_few(self, people: int) -> bool:
        return not may_see_records(self.role) and 0 < people < settings().minimum_group

    @staticmethod
    def _hidden_places(segment: str, small: set[str]) -> list[str]:
        return [f"How “{segment}” fares and where it is are hidden: it has too few customers, or would tell the size of one that has."] if segment in small else []

    def _pair(self, chosen: Mapping[str, str], segments: pd.DataFrame) -> tuple[str, str] | None:
        """The two segments that are compared: the chosen ones, else those that fare worst and best."""
        shown = segments[~segments["is_suppressed"] & ~segments["subscribers"].eq(0)]
        if len(shown) < 2:
            return None
        judged = next((one for one in self.customers.outcomes if one.better), None)
        # of too few, or of none, it is not known how they fare: they are the last to be compared
        known = shown[shown[f"{judged.name}_state"] == "ok"].sort_values(judged.name, ascending=judged.better > 0) if judged else shown
        order = known["segment"].tolist() if len(known) > 1 else shown["segment"].tolist()
        one = chosen["segment"] if chosen["segment"] != ALL else order[0]
        other = chosen["other"] if chosen["other"] not in (ALL, one) else next(name for name in [*reversed(order), *shown["segment"]] if name != one)
        return (one, other) if {one, other} <= set(shown["segment"]) else None

    def _choices(self, names: list[str]) -> dict[str, list[tuple[str, str]]]:
        studies = list(dict.fromkeys([LAKE, *study_names("segments"), self.customers.study]))
        return {"study": [(one, "the lake" if one == LAKE else one) for one in studies], "by": list(_BY) if self.customers.has_rules else [], "period": self.customers.periods(),
                "segment": [(ALL, "all"), *((one, one) for one in names)], "other": [(ALL, "the one that fares best"), *((one, one) for one in names)]}

    def _missing(self, is_named: bool, earlier: pd.Series | None) -> list[str]:
        customers, found = self.customers, list(self.customers.notes)
        if not is_named:
            told, flat = count_columns(customers.features, customers.catalogue)
            found += [f"Not looked at, because nearly all customers have the same or it is not known: {', '.join(one.title for one in flat)}."] if flat and told else []
        can_move = customers.not_moved and (is_named or self.found.labels.nunique() > 1)
        return [*found, customers.not_moved] if can_move and (earlier is None or not earlier.notna().any()) else found

    def _footer(self, is_named: bool) -> list[str]:
        how = ("sets by rule; the first that is met counts" if is_named else
               "Gaussian mixture on robustly scaled features, seed 0; a number of segments counts when both halves of the customers give it")
        return [*self.customers.facts, how, "95 % intervals: Student's t for means, order statistics for medians, Wilson for shares, adjusted Wald for the NPS, Garwood for counts",
                "an association: a segment is a description, not a cause", f"groups under {settings().minimum_group} customers hidden from managers"]

    def _empty(self, base: dict, error: CallError, ignored: list[str]) -> SegmentView:
        none, n = pd.DataFrame(), len(self.customers.everyone)
        is_named = base["chosen"]["by"] == NAMED
        first = "None of the named sets can be told." if is_named else f"There are too few {self.customers.noun} to look for segments." if "few" in error.what or n == 0 else error.what
        why = " ".join(one for one in (error.what, f"Wanted: {error.wanted}." if error.wanted else "", f"There are: {error.came}." if error.came else "") if one)
        return SegmentView(**base, answer=[first], missing=[*ignored, *self.customers.notes, *([why] if n else [])], segments=none, profiles=none, rules=none, untold=[], fidelity=float("nan"),
                           stability=None, is_stable=False, migration=none, kept={"n": 0}, compared=none, places=none if base["chosen"]["study"] == LAKE else None,
                           counts={"customers": n, "in_segments": 0, "unknown": 0, "odd": 0, "groups": 0, "small": 0}, figures={"segments": 0.0}, tables={})

    def _figures(self, segments: pd.DataFrame, division: Division, kept: Mapping[str, float], counts: Mapping[str, int]) -> dict[str, float]:
        made = {"segments": float(counts["groups"]), "customers": float(counts["in_segments"])}
        made |= {name: value for name, value in (("rule_fidelity_ratio", division.fidelity), ("rule_coverage_ratio", division.rule_coverage)) if value == value}
        made |= bound_worth(division.rules, division.fidelity, division.rule_coverage) if division.fidelity == division.fidelity else {}
        made |= {"stability": division.stability} if division.stability is not None else {}
        made |= {"kept_ratio": kept["value"]} if kept.get("n") else {}
        first = self.customers.outcomes[0].name
        for place, row in enumerate(segments.itertuples(), 1):
            if not row.is_suppressed:
                made[f"segment_{place}_customers"] = float(row.subscribers)
                made |= {f"segment_{place}_{first}": float(segments.at[row.Index, first])} if segments.at[row.Index, f"{first}_state"] == "ok" else {}
        return made
