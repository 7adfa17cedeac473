"""Reads the lake once for a month and an index; weights, comparisons and explanations are then cheap."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

import pandas as pd

from cemlib.errors import ParameterError, PrivacyError
from cemlib.experience import ExperienceScores, SatisfactionIndex, score_experience
from cemlib.experience.explanation import Explanation
from cemlib.privacy import may_see_records, require_records, suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.asked import Asked
from cemlib.usecases.cause.asking import ask_why
from cemlib.usecases.period import recorded_months
from cemlib.usecases.satisfaction import against, wording
from cemlib.usecases.satisfaction.indexes import DEFAULT, choose_index, edit_weights, index_files, weights_text
from cemlib.usecases.satisfaction.moves import Moves, find_moves
from cemlib.usecases.satisfaction.spread import NAMED_DRIVERS, count_bands, count_scores, driver_name, mean_score
from cemlib.usecases.satisfaction.view import SatisfactionView

__all__ = ["Reader"]

QUESTION = "How satisfied are our customers, what makes it so, and is the index any good?"
LAST = "last"
_LOWEST = 8


class Reader:
    """Scores customers and segments of one month with one index.

    Parameters
    ----------
    lake : Lake
    month : str
        ``last`` (30 days) or a month.
    index : str
    role : str, optional
    strict : bool
        See :func:`cemlib.usecases.view_satisfaction`.
    """

    def __init__(self, lake, *, month: str = LAST, index: str = DEFAULT, role: str | None = None, strict: bool = True) -> None:
        self.lake, self.role, self.strict = lake, role, strict
        self.asked = Asked(strict)
        self.choices = _choices(lake)
        self.month = month if strict else self.asked.use(LAST, self._known_month, month)
        self.name, self.index = self.asked.use((DEFAULT, choose_index(DEFAULT)), self._named_index, index)

    # what is read is read when it is first asked for: a wrong index or weight is told before

    def _score(self, by: str) -> ExperienceScores:
        return score_experience(self.lake, by, month=None if self.month == LAST else self.month, index=self.index)

    @functools.cached_property
    def scores(self) -> ExperienceScores:
        """Of customers."""
        return self._score("subscriber_key")

    @functools.cached_property
    def segments(self) -> ExperienceScores:
        """Of segments."""
        return self._score("segment_code")

    @functools.cached_property
    def groups(self) -> against.Groups:
        """Survey against index in the same days."""
        return against.sort_into_groups(self.lake, self.scores, self.role)

    def _known_month(self, month: str) -> str:
        if month in dict(self.choices["month"]):
            return month
        raise ParameterError(f"There are no records of the month {month[:20]!r}.")

    def _named_index(self, name: str) -> tuple[str, SatisfactionIndex]:
        return name, choose_index(name, with_path=self.strict)

    @functools.cached_property
    def is_hidden(self) -> bool:
        """Whether so few customers have a score that a manager may not see it."""
        return not may_see_records(self.role) and int(self.scores.frame["score"].notna().sum()) < settings().minimum_group

    def again(self, asked: Mapping[str, str]) -> SatisfactionView:
        """The view of these parameters, of another reader where month or index are others."""
        same = (asked["month"], asked["index"]) == (self.month, self.name)
        reader = self if same else Reader(self.lake, month=asked["month"], index=asked["index"], role=self.role, strict=self.strict)
        return reader.view(other=asked["other"], weights=asked["weights"])

    def view(self, *, other: str = "", weights: str = "") -> SatisfactionView:
        """Put the view together."""
        asked = Asked(self.strict)
        name, compared = asked.use(("", None), self._named_index, other) if other else ("", None)
        # weights that were moved belong to the index they were moved on
        if weights and not asked.left_out:
            compared = asked.use(compared, edit_weights, compared or self.index, weights)
        return self._view(compared, name, [*self.asked.left_out, *asked.left_out])

    def move(self, view: SatisfactionView, name: str, weight: float) -> SatisfactionView:
        """See :meth:`SatisfactionView.move`."""
        return self._view((view.compared or self.index).with_weights({name: weight}), view.chosen["other"], view.missing)

    def _view(self, compared: SatisfactionIndex | None, other: str, missing: list[str]) -> SatisfactionView:
        base = self._base
        after = None if compared is None else self.scores.rescore(compared)
        moves = None if after is None or self.is_hidden else find_moves(self.scores, after, self.role)
        weights = "" if compared is None else weights_text(choose_index(other, with_path=self.strict) if other else self.index, compared)
        mean_after = {} if moves is None else mean_score(after)
        figures = base["figures"] | ({"mean_index_after": mean_after["value"], "mean_change": moves.summary["mean_change"]} if moves else {})
        return SatisfactionView(**{**base, "figures": figures, "tables": base["tables"] | _move_tables(moves)}, missing=[*missing, *self._missing()],
                                chosen={"month": self.month, "index": self.name, "other": other, "weights": weights}, compared=compared, moves=moves,
                                mean_after=mean_after, bands_after=pd.DataFrame() if moves is None else count_bands(after, self.role),
                                spread_after=pd.DataFrame() if moves is None else count_scores(after, self.role), _reader=self)

    @functools.cached_property
    def _base(self) -> dict:
        """What does not change while weights are moved."""
        scores, hidden = self.scores, self.is_hidden
        mean, bands, drivers = mean_score(scores), count_bands(scores, self.role), self._drivers()
        card = scores.honesty
        checks, fifths, groups = against.read_checks(card, self.role), against.read_fifths(card, self.role), self.groups
        segments = suppress_small_groups(self.segments.frame.astype({"band": str}), self.role, figures=["score", "low", "high", "known_weight", "band"])
        if hidden:
            mean, (bands, drivers, segments, checks, fifths) = {**mean, "n": 0}, (one.head(0) for one in (bands, drivers, segments, checks, fifths))
            groups = dataclasses.replace(groups, frame=groups.frame.head(0))
        lowest = scores.frame.nsmallest(_LOWEST, "score")[["subscriber_key", "segment", "score", "low", "high"]].reset_index(drop=True)
        answer = wording.answer_sentences(self.index, mean, bands, scores.counts(), drivers, wording.honest_sentences(checks))
        if hidden:
            answer = [f"Hidden: fewer than {settings().minimum_group} customers have a score."]
        return {"question": QUESTION, "answer": answer, "choices": self.choices, "index": self.index, "mean": mean, "bands": bands,
                "spread": count_scores(scores, self.role).head(0 if hidden else None), "segments": segments, "drivers": drivers, "groups": groups,
                "checks": checks, "fifths": fifths, "card_note": card.note, "baseline": card.baseline,
                "lowest": lowest if may_see_records(self.role) else lowest.head(0), "period": " to ".join(scores.window) + " UTC", "role": self.role,
                "why": self._why(drivers), "footer": self._footer(), "kpis": list(self.index.kpis()), "figures": _figures(mean, bands, drivers, groups.frame) | _check_figures(checks),
                "tables": {"index_drivers": drivers, "index_segments": segments, "index_bands": bands} | ({} if groups.frame.empty else {"survey_against_index": groups.frame}) | ({} if checks.empty else {"honesty_card": checks})}

    def _drivers(self) -> pd.DataFrame:
        """What costs most; for how many it costs most is hidden from a manager where they are few."""
        drivers = self.scores.rank_drivers()
        worst = (drivers["worst_for"] * drivers["keys"]).round()
        few = (worst > 0) & (worst < settings().minimum_group)
        return drivers if may_see_records(self.role) else drivers.assign(worst_for=drivers["worst_for"].mask(few))

    def _why(self, drivers: pd.DataFrame) -> dict[str, str]:
        """What asks why the KPI that costs most moved, of those whose change can be explained."""
        since, until = (dt.date.fromisoformat(one) for one in self.scores.window)
        found = (ask_why(self.lake, code, since, until + dt.timedelta(days=1)) for code in dict.fromkeys(drivers["kpi"]) if code)
        return next(filter(None, found), {})

    def _missing(self) -> list[str]:
        found = []
        absent = sorted(self.scores.evidence.absent)
        if absent:
            found.append(f"These KPIs of the index have no records here, and leave their weight to the others: {', '.join(absent)}.")
        if not self.groups.question:
            found.append("No customer answered a survey in these days: survey and index cannot be compared.")
        return found

    def _footer(self) -> list[str]:
        one = self.index
        return [f"snapshot {self.lake.snapshot().id}", f"index {one.name} {one.version}", " to ".join(self.scores.window) + " UTC",
                "95 % intervals: of a score from its KPIs' records, of a mean Student's t, of a share Wilson",
                f"groups under {settings().minimum_group} customers hidden from managers, single customers always"]

    def explain(self, view: SatisfactionView, key: str, segment: str) -> Explanation:
        """See :meth:`SatisfactionView.explain`."""
        scores = self.segments if segment else self.scores
        if segment:
            row = view.segments[view.segments["segment_code"] == segment]
            if len(row) and bool(row["is_suppressed"].iloc[0]):
                raise PrivacyError("Too few customers are behind this score to be shown to a manager.", where=f"segment {segment}")
        else:
            require_records(self.role, "The parts of one customer's score")
        return (scores if view.compared is None else scores.rescore(view.compared)).explain(segment or key)


def _choices(lake) -> dict[str, list[tuple[str, str]]]:
    files = [(name, name) for name in index_files()]
    return {"month": [(LAST, "the last 30 days"), *recorded_months(lake)], "index": [(DEFAULT, "default"), *files], "other": files}


def _figures(mean: Mapping[str, float], bands: pd.DataFrame, drivers: pd.DataFrame, groups: pd.DataFrame) -> dict[str, float]:
    made = {"scored": float(mean["n"]), "mean_index": mean["value"] if mean["n"] else float("nan")}
    made |= {f"{row.band}_ratio": float(row.share_ratio) for row in bands.itertuples()}
    made |= {f"group_{row.group}": float(row.subscribers) for row in groups.itertuples()}
    return made | {driver_name(row.term): float(row.lost) for row in drivers.head(NAMED_DRIVERS).itertuples()}


def _check_figures(checks: pd.DataFrame) -> dict[str, float]:
    """The areas under the curve over all customers, of the index and of the baseline."""
    found = {}
    for row in checks[(checks["segment"] == "") & (checks["state"] == "ok")].itertuples():
        name = row.outcome.replace(":", "_")
        found |= {f"auc_{name}": float(row.auc), f"baseline_auc_{name}": float(row.baseline_auc)}
    return found


def _move_tables(moves: Moves | None) -> dict[str, pd.DataFrame]:
    return {} if moves is None else {"index_moves": moves.bands, "index_move_reasons": moves.reasons}
