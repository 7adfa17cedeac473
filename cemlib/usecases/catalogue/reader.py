"""Reads the lake once for the view of the catalogue, and opens single definitions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from cemlib.kpi import catalogue, evaluate, find_kpi
from cemlib.kpi.describe import search_kpis
from cemlib.privacy import publishable, require_records
from cemlib.settings import settings
from cemlib.usecases.asked import Asked
from cemlib.usecases.catalogue import wording
from cemlib.usecases.catalogue.figures import STATES, Window, read_course, read_figures
from cemlib.usecases.catalogue.opened import open_kpi
from cemlib.usecases.catalogue.search import standing_of, suggest_words
from cemlib.usecases.catalogue.view import CatalogueView, OpenedKpi
from cemlib.usecases.period import ALL

__all__ = ["Reader"]

QUESTION = "What exactly does each figure mean, where does it come from, and what is it now?"
_LEVELS = ("KPI", "KQI", "KEI")
_STANDINGS = ("cited", "unverified", "own")
_FACTS = ("title", "service", "level", "unit", "better", "standard", "version", "table")


class Reader:
    """Reads the figures of every definition once; filters and definitions are then cheap.

    Parameters
    ----------
    lake : Lake
    days : int
    role : str, optional
    strict : bool
        See :func:`cemlib.usecases.view_catalogue`.
    """

    def __init__(self, lake, *, days: int = 7, role: str | None = None, strict: bool = True) -> None:
        self.lake, self.days, self.role, self.strict = lake, days, role, strict
        self.known = catalogue()
        self.window = _last_days(lake, days)
        figures = read_figures(lake, list(self.known.values()), self.window, role)
        facts = {code: {name: getattr(one, name) for name in _FACTS} | {"standing": standing_of(one)} for code, one in self.known.items()}
        self.entries = pd.DataFrame.from_dict(facts, orient="index").join(figures)
        self.entries.index.name = "kpi_code"
        self._opened: dict[str, OpenedKpi] = {}

    def again(self, asked: Mapping[str, str]) -> CatalogueView:
        """The view with other filters, of another reader where the days are others."""
        days = int(asked["days"])
        reader = self if days == self.days else Reader(self.lake, days=days, role=self.role, strict=False)
        return reader.view(**{name: value for name, value in asked.items() if name != "days"})

    def view(self, *, kpi: str, search: str, service: str, level: str, standard: str, now: str) -> CatalogueView:
        """Put the view together."""
        asked = Asked(self.strict)
        choices = self._choices()
        chosen = {"search": search.strip(), "service": service, "level": level, "standard": standard, "now": now, "days": str(self.days)}
        for name in ("service", "level", "standard", "now"):
            chosen[name] = asked.known(name, chosen[name], [ALL, *(value for value, _ in choices[name])], ALL)
        kpi = asked.known("KPI", kpi, ["", *self.known], "")
        found = [one.code for one in search_kpis(chosen["search"]) if self._fits(one.code, chosen)]
        counts = self._counts(found)
        near = suggest_words(self.known, chosen["search"]) if not found else []
        return CatalogueView(
            question=QUESTION, answer=wording.answer_sentences(self.entries, counts, chosen, self.period, near), missing=asked.left_out + self._failures(),
            chosen=chosen, choices=choices, found=found, kpi=kpi if kpi in found or not found else found[0], entries=self.entries, counts=counts, period=self.period,
            footer=self._footer(), kpis=list(self.entries.index), figures=self._figures(counts), tables={"kpi_catalogue": self.entries.drop(columns="message").reset_index()}, _reader=self,
        )

    @property
    def period(self) -> str:
        """The days of the figures in words."""
        return wording.period_words(self.window)

    def open(self, code: str) -> OpenedKpi:
        """See :meth:`CatalogueView.open`."""
        if code not in self._opened:
            one = find_kpi(code)
            self._opened[code] = open_kpi(self.lake, one, self.entries.loc[one.code].to_dict(), read_course(self.lake, one, self.window, self.role))
        return self._opened[code]

    def records(self, code: str, limit: int | None) -> pd.DataFrame:
        """See :meth:`CatalogueView.records`."""
        require_records(self.role)
        since, until = (None, None) if self.window is None else (one.isoformat() for one in self.window)
        return publishable(evaluate(self.lake, find_kpi(code), since=since, until=until).rows(limit), self.role)

    # --- the parts of the view

    def _choices(self) -> dict[str, list[tuple[str, str]]]:
        services = sorted(set(self.entries["service"]))
        there = [one for one in STATES if (self.entries["state"] == one).any()]
        return {"service": [(one, wording.service_label(one)) for one in services], "level": [(one, one) for one in _LEVELS],
                "standard": [(one, wording.STANDINGS[one]) for one in _STANDINGS], "now": [(one, wording.STATE_WORDS[one]) for one in there]}

    def _fits(self, code: str, chosen: Mapping[str, str]) -> bool:
        row = self.entries.loc[code]
        asked = {"service": row["service"], "level": row["level"], "standard": row["standing"], "now": row["state"]}
        return all(chosen[name] in (ALL, value) for name, value in asked.items())

    def _counts(self, found: list[str]) -> dict[str, int]:
        states = {one: int((self.entries["state"] == one).sum()) for one in STATES}
        standings = {one: int((self.entries["standing"] == one).sum()) for one in _STANDINGS}
        return {"all": len(self.entries), "found": len(found), "services": int(self.entries["service"].nunique()), **states, **standings}

    def _failures(self) -> list[str]:
        ill = self.entries[self.entries["state"] == "failed"]
        return [f"{code} could not be computed: {message}" for code, message in ill["message"].items()]

    def _figures(self, counts: Mapping[str, int]) -> dict[str, float]:
        named = {"definitions": counts["all"], "figures_now": counts["ok"], "too_few": counts["too_few"], "no_data": counts["no_data"],
                 "unverified": counts["unverified"]}
        values = self.entries["value"].astype(float)
        # a figure that is too few to be judged is no figure that one passes on
        judged = values[(self.entries["state"] == "ok") & values.notna()]
        return {name: float(value) for name, value in (named | judged.to_dict()).items()}

    def _footer(self) -> list[str]:
        return [f"snapshot {self.lake.snapshot().id}", self.period, "95 % intervals, their kind beside each definition",
                f"groups under {settings().minimum_group} customers hidden from managers", "cem kpi list, cem kpi show, cem kpi eval say the same"]


def _last_days(lake, days: int) -> Window | None:
    there = lake.event_days()
    if there is None:
        return None
    until = there[1] + dt.timedelta(days=1)
    return until - dt.timedelta(days=days), until


