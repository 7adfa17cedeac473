"""All that a page of the catalogue shows of a KPI, as plain data; and the search over the catalogue."""

from __future__ import annotations

import doctest
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw

from cemlib.kpi.catalogue import catalogue, find_kpi
from cemlib.kpi.definition import Kpi
from cemlib.kpi.in_memory import evaluate_frame
from cemlib.kpi.lineage import Lineage, find_lineage
from cemlib.kpi.parts import Distinct, Mean, NetShare, Quantile, Ratio, SumRatio
from cemlib.kpi.statement import condition_words, kpi_sql
from cemlib.units import format_interval, format_value, scale_value, shown_unit

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["Description", "WorkedExample", "describe", "find_example", "formula_words", "search_kpis"]

#: The kinds of interval in words.
INTERVALS = {
    "wilson": "Wilson score interval of a share", "adjusted_wald": "adjusted Wald interval of a difference of two shares",
    "poisson_rate": "exact (Garwood) interval of the events, for the exposure", "linearised": "Student's t interval of a ratio of sums, linearised", "poisson": "exact (Garwood) interval of a count", "t": "Student's t interval of a mean",
    "order_statistics": "order statistics whose ranks the binomial brackets", "none": "none",
}


@dataclass(frozen=True)
class WorkedExample:
    """A KPI on a handful of records.

    Attributes
    ----------
    records : dict of str to list
        The records, column by column.
    num, value, low, high : float or None
        What the KPI gives for them, computed when this is asked for; None is missing.
    den : int
    text : str
        The figure with its unit and interval, as a reader sees it.
    """

    records: dict[str, list[Any]]
    num: float | None
    den: int
    value: float | None
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Description:
    """All that a reader wants to know of a KPI.

    Attributes
    ----------
    code, title, service, table, unit, better, level, grain, standard, version : str
        See :class:`cemlib.kpi.Kpi`.
    shown_unit : str
        The unit in which figures are shown.
    is_verified : bool
        False where the standard's text was not read: ``standard`` says "unverified" or "not read".
    meaning : str
        What it says, in its own words.
    formula : str
        How it is computed, in words.
    interval : str
        How far the figure may be from the truth, and how that is found.
    too_few : str
        When a cell says "too few".
    example : WorkedExample
    lineage : Lineage
    sql : dict of str to str
        What DuckDB runs: see :func:`cemlib.kpi.statement.kpi_sql`.
    """

    code: str
    title: str
    service: str
    table: str
    unit: str
    shown_unit: str
    better: str | None
    level: str
    grain: str
    standard: str
    is_verified: bool
    version: str
    meaning: str
    formula: str
    interval: str
    too_few: str
    example: WorkedExample
    lineage: Lineage
    sql: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The description as plain data."""
        return asdict(self)


def describe(kpi: str | Kpi, by: Sequence[str] = (), lake: Lake | None = None) -> Description:
    """Describe a KPI: formula in words, worked example, lineage, SQL.

    Parameters
    ----------
    kpi : str or Kpi
        A code of the catalogue.
    by : sequence of str
        What the SQL groups by.
    lake : Lake, optional
        The lake on which the SQL shall run, on DuckDB; none is needed to read it.

    Raises
    ------
    UnknownNameError
        When there is no such KPI; the nearest are named.

    Examples
    --------
    >>> found = describe("sms_delivery_success_ratio")
    >>> found.formula
    'number of records where is_success ÷ number of records'
    >>> found.example.text
    '75.0 % (30.1 – 95.4), 3 of 4'
    >>> describe("rating_csat_ratio").too_few
    'fewer than 30 records, or an interval wider than 20 points'
    """
    one = find_kpi(kpi)
    return Description(
        code=one.code, title=one.title, service=one.service, table=one.table, unit=one.unit, shown_unit=shown_unit(one.unit), better=one.better,
        level=one.level, grain=one.grain, standard=one.standard, is_verified=one.is_verified, version=one.version, meaning=_meaning(one),
        formula=formula_words(one), interval=INTERVALS[one.part.interval], too_few=_too_few(one), example=find_example(one),
        lineage=find_lineage(one), sql=kpi_sql(one, by, lake))


def search_kpis(text: str = "", service: str | None = None) -> list[Kpi]:
    """The KPIs of which every word of a text is found in code, title, service, standard, level, table or meaning; best first.

    Parameters
    ----------
    text : str
        Words; case does not matter. Empty: all KPIs.
    service : str, optional
        Of this service alone.

    Examples
    --------
    >>> [one.code for one in search_kpis("promoters nps 9")]
    ['survey_nps_promoter_ratio', 'survey_nps_score']
    >>> search_kpis("IR.42")[0].service
    'data'
    """
    words = text.casefold().split()
    found = []
    for one in catalogue().values():
        name, told = f"{one.code} {one.title}".casefold(), _searched(one)
        if service in (None, one.service) and all(word in told for word in words):
            # what is called so comes before what only mentions it
            found.append((-sum(word in name for word in words), one.code, one))
    return [one for _, _, one in sorted(found, key=lambda entry: entry[:2])]


def _searched(kpi: Kpi) -> str:
    shown = (kpi.code, kpi.code.replace("_", " "), kpi.title, kpi.service, kpi.standard, kpi.level, kpi.table, _meaning(kpi))
    return "\n".join(shown).casefold()


def formula_words(kpi: Kpi) -> str:
    """How a KPI is computed, in words, made from its parts.

    Examples
    --------
    >>> formula_words(find_kpi("data_session_setup_mean"))
    'sum of setup_s ÷ number of records, over the records where is_success and setup_s is known'
    """
    part = kpi.part

    def where(what: str, *conditions: nw.Expr | str | None) -> str:
        told = [one if isinstance(one, str) else condition_words(kpi, one) for one in conditions if one is not None]
        told = [f"({one})" if " or " in one and len(told) > 1 else one for one in told if one]
        return f"{what} where {' and '.join(told)}" if told else what

    if isinstance(part, Ratio):
        return f"{where('number of records', part.num, part.den)} ÷ {where('number of records', part.den)}"
    if isinstance(part, NetShare):
        return f"({where('number of records', part.up, part.den)} − {where('number of records', part.down, part.den)}) ÷ {where('number of records', part.den)}"
    if isinstance(part, SumRatio):
        ratio = f"{where(f'sum of {part.num}', part.num_where)} ÷ {where(f'sum of {part.den}', part.den_where)}"
        ratio = f"1 − {ratio}" if part.is_complement else ratio
        ratio += ", over the records that have both" if part.errors == "linearised" else ""
        return ratio if part.scale == 1 else f"{part.scale:,g} × {ratio}"
    if isinstance(part, Mean):
        return f"{'' if part.scale == 1 else f'{part.scale:,g} × '}sum of {part.column} ÷ number of records, over {where('the records', part.where, f'{part.column} is known')}"
    if isinstance(part, Quantile):
        name = "median" if part.q == 0.5 else f"{100 * part.q:g} % quantile"
        return f"{name} of {part.column} over {where('the records', part.where, f'{part.column} is known')}, interpolated between neighbours (type 7)"
    return where(f"number of different {part.column}" if isinstance(part, Distinct) else "number of records", part.where)


def _meaning(kpi: Kpi) -> str:
    """The docstring without its examples and without the line of declarations."""
    lines = kpi.doc.partition("\n\nUnit: ")[0].splitlines()
    kept, is_example = [], False
    for line in lines:
        is_example = line.lstrip().startswith(">>>") or (is_example and bool(line.strip()))
        if not is_example:
            kept.append(line.strip())
    return "\n".join(kept).strip().rstrip(":")


def _too_few(kpi: Kpi) -> str:
    rules = [f"fewer than {kpi.minimum} records"] if kpi.minimum else []
    if kpi.widest is not None:
        width = f"{scale_value(kpi.widest, kpi.unit):g}"
        rules.append(f"an interval wider than {width} {'points' if kpi.unit in ('ratio', 'point') else shown_unit(kpi.unit)}".rstrip())
    return ", or ".join(rules) or "never: it is exact however small"


def find_example(kpi: Kpi) -> WorkedExample:
    """The first worked example of a KPI's docstring, computed anew."""
    module = vars(sys.modules[kpi.module])
    given: list[dict[str, list[Any]]] = []

    def remember(_: object, **columns: Sequence[Any]) -> None:
        given.append({name: list(values) for name, values in columns.items()})

    source = next(one.source for one in doctest.DocTestParser().get_examples(kpi.doc) if one.source.startswith("work_example("))
    # the text is a docstring of a registered KPI, run as the tests run it
    eval(source, {**module, "work_example": remember})
    row = evaluate_frame(given[0], kpi).iloc[0]
    num, value, low, high = (None if one != one else float(one) for one in (row["num"], row["value"], row["low"], row["high"]))
    den = int(row["den"])
    text = format_value(value, kpi.unit) + (f" ({format_interval(low, high, kpi.unit)})" if low is not None and high is not None else "")
    counted = f", {num:,.10g} of {den:,}" if isinstance(kpi.part, (Ratio, SumRatio)) else f", {den:,} records"
    return WorkedExample(given[0], num, den, value, low, high, text + counted)
