"""Reads the lake once for one view and puts the view, its details and the records behind it together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from cemlib.enrich import enriched
from cemlib.errors import UnknownNameError
from cemlib.kpi import catalogue, evaluate
from cemlib.privacy import may_see_records, publishable, require_records, suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.asked import Asked
from cemlib.usecases.cause.asking import ask_why
from cemlib.usecases.mobile import wording
from cemlib.usecases.mobile.answers import (
    FACTORS,
    Clumps,
    complaints_of,
    count_answers,
    judge_against,
    judge_cells,
    judge_levels,
)
from cemlib.usecases.mobile.cards import rating_cards, speed_card
from cemlib.usecases.mobile.choices import choices_of, keep_chosen
from cemlib.usecases.mobile.expectation import expected_share
from cemlib.usecases.mobile.places import mark_squares, mark_states
from cemlib.usecases.mobile.scope import scope_of
from cemlib.usecases.mobile.selection import DIMENSIONS, UNKNOWN, chosen_value
from cemlib.usecases.mobile.speed import COLUMNS as TEST_COLUMNS
from cemlib.usecases.mobile.speed import QUANTILES, count_tests, speed_by
from cemlib.usecases.mobile.view import MobileDetail, MobileView
from cemlib.usecases.period import ALL, Period, read_period

__all__ = ["Reader"]

QUESTION = "Which mobile customers are unhappy, where, and with what?"
RATING_KPIS = ("rating_score_mean", "rating_dissatisfied_ratio", "rating_csat_ratio")
ANSWER_COLUMNS = {"operator": "operator_name", "technology": "rat_code", "place": "place_code", "state": "region_name"}


class Reader:
    """Reads the lake once for one view and its details."""

    def __init__(self, lake, chosen: Mapping[str, str], period: str, role: str | None = None, *, strict: bool = True) -> None:
        self.lake, self.role, self.asked = lake, role, Asked(strict)
        period = self.period = self.asked.use(Period(), read_period, period)
        everything = count_answers(enriched(lake, "survey_answer"))
        tests = count_tests(enriched(lake, "probe_test"))
        self.has_answers, self.has_tests = len(everything) > 0, len(tests) > 0
        self.choices = choices_of(everything, tests, period)
        self.chosen = {name: self.asked.use(ALL, chosen_value, name, value, [one for one, _ in self.choices[name]]) for name, value in chosen.items()}
        self.scopes = {"answers": scope_of(everything, period), "speed tests": scope_of(tests, period)}
        self.base = everything[self.scopes["answers"].mask]
        self.tests = keep_chosen(tests[self.scopes["speed tests"].mask], self.chosen)
        self.expected = expected_share(self.base, ["operator", "technology", "place"])
        self.clumps = Clumps(self.base, role)
        self.counted = keep_chosen(self.base, self.chosen)

    def measure(self, kpis, by=(), *, subscribers: bool = False, **more):
        """Evaluate KPIs of one table within the filters of the view; ``more`` narrows them further."""
        kpis = [kpis] if isinstance(kpis, str) else list(kpis)
        is_rating = kpis[0] in RATING_KPIS
        columns, scope = (ANSWER_COLUMNS, self.scopes["answers"]) if is_rating else (TEST_COLUMNS, self.scopes["speed tests"])
        where = {columns[name]: _level(value) for name, value in {**self.chosen, **more}.items() if name in columns and value != ALL}
        if scope.grains:
            where["time_grain_code"] = list(scope.grains)
        since, until = (one.isoformat() if isinstance(one, dt.date) else None for one in (scope.since, scope.until))
        return evaluate(self.lake, kpis, by=list(by), where=where, since=since, until=until, subscribers=subscribers)

    def frame(self, kpis, by=(), **more) -> pd.DataFrame:
        """The rows of :meth:`measure`; figures of small groups are hidden from a manager."""
        return suppress_small_groups(self.measure(kpis, by, subscribers=True, **more).to_pandas(), self.role)

    # --- the parts of the view

    def view(self) -> MobileView:
        """Put the view together."""
        counted, clumps = self.counted, self.clumps
        some = len(counted) > 0 and not self.is_hidden(counted)
        segments = {name: judge_levels(counted, name, clumps) for name in FACTORS} if some else {}
        cells = judge_cells(counted, clumps, self.expected) if some else pd.DataFrame()
        complaints = complaints_of(counted) if some else pd.DataFrame()
        total = clumps.measure(counted.assign(all=1), ["all"]).iloc[0] if some else None
        speed = {name: speed_by(self.frame, name) for name in TEST_COLUMNS} if len(self.tests) else {}
        states = mark_states(counted, segments["state"]) if some else pd.DataFrame()
        squares = mark_squares(counted, clumps, settings().minimum_group) if some else pd.DataFrame()
        unplaced = int(counted.loc[counted["state"] == UNKNOWN, "n"].sum())
        answer = wording.answer_sentences(total, complaints, cells, wording.selection_words(self.chosen))
        cards, figures = self._cards(total, speed)
        figures |= self._figures(total, cells, complaints, speed)
        there = self._speed_of_the_worst(cells)
        if there is not None:
            answer[1] = wording.with_speed(answer[1], cells.iloc[0], there, speed["technology"])
            figures["worst_cell_speed_median_mbps"] = float(there["median"])
        answer += [wording.speed_sentence(speed["technology"])] if speed else []
        cautions = wording.warn_sentences(total, cells, unplaced, self.scopes)
        missing = self._missing(some)
        return MobileView(
            question=QUESTION, answer=[one for one in answer if one] or missing[len(self.asked.left_out):][:1], cautions=cautions, missing=missing,
            chosen={**self.chosen, "period": self.period.text}, choices=self.choices, cards=cards, segments=segments, complaints=complaints,
            cells=cells, states=states, squares=squares, speed=speed, footer=self._footer(), kpis=self._kpis(), figures=figures,
            tables=_tables(segments, complaints, cells, speed), why=self._why(), _reader=self,
        )

    def _why(self) -> dict[str, str]:
        """What asks why the share of the dissatisfied moved, within the filters of the view."""
        days = self.lake.event_days()
        if not len(self.counted) or days is None:
            return {}
        where = {ANSWER_COLUMNS[name]: _level(value) for name, value in self.chosen.items() if value != ALL}
        whole = self.period.is_all
        since, until = (None, None) if whole else (self.period.first or days[0], self.period.until or days[1] + dt.timedelta(days=1))
        return ask_why(self.lake, "rating_dissatisfied_ratio", since, until, where)

    def is_hidden(self, counted: pd.DataFrame) -> bool:
        """Whether so few customers gave these answers that a manager may not see them."""
        people = counted["subscriber_key"].nunique()
        return not may_see_records(self.role) and 0 < people < settings().minimum_group

    def _cards(self, total: pd.Series | None, speed: dict) -> tuple[list, dict[str, float]]:
        cards, figures = [], {}
        if total is not None:
            everyone = self.clumps.measure(self.base.assign(all=1), ["all"]).iloc[0]
            narrowed = any(value != ALL for value in self.chosen.values())
            cards, figures = rating_cards(self.frame(RATING_KPIS), total, everyone if narrowed else None)
        if speed and len(speed["technology"]):
            card, more = speed_card(self.frame, speed["technology"], self.chosen["technology"])
            return [*cards, card], figures | more
        return cards, figures

    def _speed_of_the_worst(self, cells: pd.DataFrame) -> pd.Series | None:
        """What the speed tests of the worst combination's operator, technology and state give; None where they cannot say."""
        if cells.empty or cells.iloc[0]["verdict"] != "above" or cells.iloc[0]["technology"] == UNKNOWN:
            return None
        cell = {name: cells.iloc[0][name] for name in TEST_COLUMNS}
        if keep_chosen(self.tests, cell)["n"].sum() == 0:
            return None
        rows = speed_by(lambda kpis, by: self.frame(kpis, by, **cell), None)
        return rows.iloc[0] if len(rows) and rows.iloc[0]["state_code"] == "ok" else None

    def _figures(self, total, cells: pd.DataFrame, complaints: pd.DataFrame, speed: dict) -> dict[str, float]:
        made = {"answers_count": float(self.counted["n"].sum()), "tests_count": float(self.tests["n"].sum())}
        if total is not None:
            judged = cells[cells["verdict"] != "not_judged"]
            made |= {"separate_answers": float(total["separate"]), "agreement_ratio": self.clumps.agreement,
                     "cells_judged": float(len(judged)), "cells_above": float((judged["verdict"] == "above").sum()),
                     "cells_too_few": float((cells["state_code"] == "too_few").sum()), "cells_few_givers": float((cells["state_code"] == "few_givers").sum())}
            for row in complaints.itertuples():
                made[f"rating_mean_{row.category}"] = float(row.score_mean)
                made[f"bad_share_{row.category}_ratio"] = float(row.bad_share_ratio)
            if (judged["verdict"] == "above").any():
                worst = judged.iloc[0]
                made |= {f"worst_cell_{name}": float(worst[name]) for name in ("n", "bad", "bad_ratio", "bad_low", "bad_high", "expected_ratio", "excess")}
        for row in speed["technology"].itertuples() if speed else ():
            made[f"speed_median_{row.technology}_mbps"] = float(row.median)
        return made

    def _missing(self, some: bool) -> list[str]:
        found = list(self.asked.left_out)
        if not self.has_answers:
            found.append('No ratings are loaded: ingest a rating file with cem.sources.Rating("ratings.csv", mapping="my_mapping.yaml").')
        elif self.is_hidden(self.counted):
            found.append(f"The answers are hidden: fewer than {settings().minimum_group} customers gave them.")
        elif not some:
            found.append("No answer fits the filters.")
        if not self.has_tests:
            found.append('No speed tests are loaded: ingest them with cem.sources.SpeedTest("tests.csv", mapping="my_mapping.yaml").')
        elif self.tests.empty:
            found.append("No speed test fits the filters.")
        elif self.chosen["place"] != ALL:
            found.append("Speed tests do not say whether they were made indoors; the filter on the place leaves them as they are.")
        return found

    def _kpis(self) -> list[str]:
        return [*(RATING_KPIS if len(self.counted) else ()), *(QUANTILES.values() if len(self.tests) else ())]

    def _footer(self) -> list[str]:
        known = catalogue()
        names = self._kpis()
        facts = [f"snapshot {self.lake.snapshot().id}", f"period {self.period.label}"]
        facts += [f"{name} {known[name].version} ({known[name].standard})" for name in names]
        if len(self.counted):
            facts.append("95 % intervals: Wilson and Student, on as many separate answers as the answers from one place or customer are worth")
        if len(self.tests):
            facts.append("order statistics for quantiles")
        return [*facts, f"groups under {settings().minimum_group} customers hidden from managers"]

    # --- one step deeper

    def detail(self, asked: Mapping[str, str]) -> MobileDetail:
        """See :meth:`MobileView.detail`."""
        chosen = {}
        for name, value in asked.items():
            if name not in DIMENSIONS:
                raise UnknownNameError("dimension", name, DIMENSIONS)
            chosen[name] = chosen_value(name, value, [one for one, _ in self.choices[name]])
        counted = keep_chosen(self.counted, chosen)
        some = len(counted) > 0 and not self.is_hidden(counted)
        others = [name for name in FACTORS if chosen.get(name, ALL) == ALL]
        total = judge_against(counted.assign(all="all"), ["all"], self.clumps, self.expected).iloc[0].to_dict() if some else {}
        speed = pd.DataFrame()
        tests = keep_chosen(self.tests, chosen)
        if len(tests):
            speed = speed_by(lambda kpis, by: self.frame(kpis, by, **chosen), "technology")
        title = wording.selection_words(chosen) or "All answers"
        levels = {name: judge_against(counted, [name], self.clumps, self.expected) for name in others} if some else {}
        for name in ("state", "operator") if some and not others else ():
            # a single combination: the same elsewhere, and what others give at the same place
            alike = keep_chosen(self.counted, {one: value for one, value in chosen.items() if one != name})
            levels[name] = judge_against(alike, [name], self.clumps, self.expected)
        return MobileDetail(title, chosen, total, levels, complaints_of(counted) if some else pd.DataFrame(),
                            judge_cells(counted, self.clumps, self.expected) if some else pd.DataFrame(), speed)

    def records(self, kpi: str, limit: int | None, cell: Mapping[str, str]) -> pd.DataFrame:
        """See :meth:`MobileView.records`."""
        require_records(self.role)
        known = [*RATING_KPIS, *QUANTILES.values()]
        if kpi not in known:
            raise UnknownNameError("KPI of this view", kpi, known)
        for name in cell:
            if name not in DIMENSIONS:
                raise UnknownNameError("dimension", name, DIMENSIONS)
        return publishable(self.measure(kpi, **cell).rows(limit=limit), self.role)


def _level(value: str | list[str]):
    """A level as the lake stores it; what the source does not state is missing there, or says so."""
    return [UNKNOWN, None] if value == UNKNOWN else value


def _tables(segments: dict, complaints: pd.DataFrame, cells: pd.DataFrame, speed: dict) -> dict[str, pd.DataFrame]:
    made = {f"ratings_by_{name}": frame for name, frame in segments.items()}
    if len(complaints):
        made |= {"ratings_by_category": complaints, "unhappy_where": cells}
    return made | {f"speed_by_{name}": frame for name, frame in speed.items()}
