"""True cause, the minimum view as plain data: which pattern explains it that a KPI moved, or is there none?

A KPI, a period and what it is compared to; the counts of both by everything that can be at fault go to
:class:`cemlib.analysis.RootCauseLocator`. What it finds is an association: the pattern in which the change lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from cemlib.errors import CallError, ParameterError
from cemlib.kpi import KpiResult
from cemlib.usecases.cause.dimensions import explainable_kpis
from cemlib.usecases.cause.filters import label_of, read_filters, write_filters
from cemlib.usecases.cause.reader import CauseReader, say_pattern
from cemlib.usecases.cause.view import CauseView
from cemlib.usecases.cause.wording import answer_sentences, cause_cards, change_word

__all__ = ["CauseView", "explain_change", "why"]


def explain_change(lake, kpi: str, *, period: str = "7d", against: str = "before", where: Mapping[str, Any] | str | None = None, by: Sequence[str] | str = (), depth: int = 3,
                   role: str | None = None, strict: bool = True) -> CauseView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    kpi : str
        A ratio or a count of the catalogue.
    period : str
        ``7d`` or ``24h`` to the end of the data, a day, or from/to, UTC.
    against : str
        ``before`` (as long, just before), ``week`` (the same a week earlier), ``days`` (the same hours of the seven days before), or a period of its own.
    where : mapping or str, optional
        Filters, as :func:`cemlib.evaluate` takes them; as text ``partner_plmn=99917|99918; rat=4g`` (see :func:`cemlib.usecases.cause.filters.read_filters`).
    by : sequence of str or str, optional
        Dimensions in which a cause is looked for; those of the table that can be at fault by default.
    depth : int
        Most dimensions in a pattern, 1 … 4.
    role : str, optional
        Whose eyes it is for; from a manager small groups and records are hidden.
    strict : bool
        Whether a wrong call is an error. Off (in an app, whose address anybody can write), it is told in the view.

    Raises
    ------
    UnknownNameError
        For a KPI or column that does not exist.
    ParameterError
        For a KPI that is neither ratio nor count, and a period that cannot be.

    Examples
    --------
    ``view = explain_change(lake, "roaming_registration_success_ratio", period="2026-03-28T16:00/2026-03-28T17:00", against="days")``; ``view.answer``, ``view.causes``,
    ``view.equivalents`` and ``view.records(0)`` are then what the app shows.
    """
    try:
        return _explain(lake, kpi, period, against, where, by, depth, role)
    except CallError as error:
        if strict:
            raise
        chosen = {"kpi": kpi, "period": period, "against": against, "where": where if isinstance(where, str) else write_filters(where or {}), "by": by if isinstance(by, str) else ", ".join(by), "depth": str(depth)}
        return _without_figures("Why did it move?", chosen, " ".join(part for part in (error.what, error.todo) if part), lake, [])


def _explain(lake, kpi: str, period: str, against: str, where: Mapping[str, Any] | str | None, by: Sequence[str] | str, depth: int, role: str | None) -> CauseView:
    names = [one.strip() for one in by.split(",") if one.strip()] if isinstance(by, str) else list(by)
    where = read_filters(where) if isinstance(where, str) else where
    reader = CauseReader(lake, kpi, period, against, where or {}, names, depth, role)
    chosen = {"kpi": reader.kpi.code, "period": period, "against": against, "where": write_filters(reader.where),
              "by": ", ".join(names), "depth": str(depth)}
    if not reader.has_data:
        return _empty(reader, chosen, "The lake has no records of this KPI yet: ingest its source.")
    now, then = reader.cells()
    if not len(now) or not len(then) or not now["den"].sum() or not then["den"].sum():
        side, spans = ("the period", [reader.period]) if not len(now) or not now["den"].sum() else ("what it is compared to", reader.against)
        return _empty(reader, chosen, f"There are no records in {side} ({', '.join(one.text for one in spans[:2])}).")
    if not reader.dims:
        return _empty(reader, chosen, "Every dimension has a single value: there is nothing to look through.")
    found = reader.locate(now, then)
    totals, causes = reader.totals(), reader.judge(found)
    equivalents = found.equivalents_.assign(text=[say_pattern(one) for one in found.equivalents_["pattern"]])[["cause", "text", "relative_score"]]
    waterfall = _waterfall(found, causes)
    shift = pd.DataFrame(columns=["dimension", "rate_shift", "mix_shift"]) if found.shift_ is None else found.shift_.assign(
        dimension=["all" if one == "all" else label_of(one) for one in found.shift_["dimension"]])
    cards, figures = cause_cards(reader, found, totals, causes)
    change = found.actual_ - found.expected_
    exported = causes.drop(columns=["pattern"])
    return CauseView(
        question=f"Why did “{reader.kpi.title}” {change_word(change)}?", answer=answer_sentences(reader, found, causes, equivalents), cautions=_cautions(reader, found), chosen=chosen,
        choices={"kpi": explainable_kpis()}, unit=reader.kpi.unit, better=reader.better, verdict=found.verdict_, cards=cards, causes=causes, waterfall=waterfall, equivalents=equivalents, shift=shift,
        footer=_footer(lake, reader, found), kpis=[reader.kpi.code], figures={name: value for name, value in figures.items() if value is not None},
        tables={"causes": exported, "waterfall": waterfall, "near_equivalent": equivalents, "rate_and_mix": shift}, _records=partial(_records, reader, causes))


def why(result: KpiResult, *, against: str = "before", by: Sequence[str] | str = (), depth: int = 3, role: str | None = None, **cell: Any) -> CauseView:
    """Ask why a figure is what it is: the KPI, period and filters are those of the result.

    Parameters
    ----------
    result : KpiResult
        Of one KPI, with ``since`` and ``until``.
    against, by, depth, role
        As :func:`explain_change` takes them.
    **cell
        Values of further columns, for instance of one row of the result.

    Examples
    --------
    ``why(evaluate(lake, "sms_delivery_success_ratio", since="2026-03-21", until="2026-03-28"), rat="4g").answer``
    """
    if len(result.kpis) != 1:
        raise ParameterError("The result has several KPIs: ask about one.", came=", ".join(result.versions))
    if result.since is None or result.until is None:
        raise ParameterError("The result has no period.", todo="Evaluate with since and until, or call explain_change with a period.")
    period = f"{result.since:%Y-%m-%dT%H:%M:%S}/{result.until:%Y-%m-%dT%H:%M:%S}"
    return explain_change(result.lake, result.kpis[0].code, period=period, against=against, where={**result.where, **cell}, by=by, depth=depth, role=role)


def _waterfall(found, causes: pd.DataFrame) -> pd.DataFrame:
    """The steps with patterns in words; a suppressed cause is part of the rest."""
    steps = found.waterfall_.copy()
    first = 1 + (found.shift_ is not None)
    steps.loc[first:first + len(causes) - 1, "step"] = causes["text"].to_numpy()
    hidden = (causes["state"] == "suppressed").to_numpy()
    places = [first + number for number in range(len(causes)) if hidden[number]]
    steps.loc[steps["step"] == "rest", "value"] += steps.loc[places, "value"].sum()
    return steps.drop(index=places).reset_index(drop=True)


def _cautions(reader: CauseReader, found) -> list[str]:
    told = ["The pattern is where the change lies; that it is the reason is not shown by it (an association)."]
    if found.overdispersion_ > 0:
        told.append(f"Cells differ from their usual rate by more than chance (overdispersion {found.overdispersion_:.4f}); a pattern must stand out beyond that.")
    return [*told, *reader.cautions]


def _footer(lake, reader: CauseReader, found) -> list[str]:
    return [f"{reader.period.text} against {', '.join(one.text for one in reader.against[:1])}{' and 6 days more' if len(reader.against) > 1 else ''} UTC",
            f"{found.method_}, patterns of up to {found.parameters_['max_depth']} of {len(reader.dims)} dimensions, {found.n_leaves_:,} cells, {found.n_:,.0f} records",
            f"p for all patterns looked at, below {found.alpha:g}", f"claim: {found.claim}", f"snapshot {lake.snapshot().id}"]


def _empty(reader: CauseReader, chosen: dict[str, str], text: str) -> CauseView:
    return _without_figures(f"Why did “{reader.kpi.title}” move?", chosen, text, reader.lake, [reader.kpi.code])


def _without_figures(question: str, chosen: dict[str, str], text: str, lake, kpis: list[str]) -> CauseView:
    empty = pd.DataFrame()
    return CauseView(question=question, answer=[text], missing=[text], chosen=chosen, choices={"kpi": explainable_kpis()}, unit="ratio", better=None, verdict="", causes=empty, waterfall=empty,
                     equivalents=empty, shift=empty, footer=[f"snapshot {lake.snapshot().id}"], kpis=kpis, _records=partial(_records, None, empty))


def _records(reader: CauseReader | None, causes: pd.DataFrame, cause: int, limit: int | None, failed_only: bool) -> pd.DataFrame:
    if not 0 <= cause < len(causes):
        raise ParameterError("There is no such cause.", wanted=f"0 … {len(causes) - 1}" if len(causes) else "none was found", came=str(cause))
    return reader.records(causes["pattern"].iloc[cause], limit, failed_only)
