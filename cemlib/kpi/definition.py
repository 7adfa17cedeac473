"""What a KPI is: a function that returns its parts, and what a reader must know about it.

A KPI function never returns a finished percentage. It returns one of five parts; :func:`cemlib.kpi.evaluate` groups, adds
up, and divides at the very end, so an average of averages cannot happen. Expressions are narwhals expressions on the
enriched table, so the same function runs on every engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import narwhals as nw

from cemlib.errors import KpiError
from cemlib.units import UNITS

__all__ = ["Count", "Distinct", "Kpi", "Mean", "Part", "Quantile", "Ratio", "kpi", "registered"]

_BETTER = ("higher", "lower", None)
_LEVELS = ("KPI", "KQI", "KEI")

Function = TypeVar("Function", bound=Callable[[], "Part"])


@dataclass(frozen=True)
class Part:
    """The base of what a KPI function returns."""

    @property
    def interval(self) -> str:
        """The kind of interval: wilson, poisson, t, order_statistics or none."""
        return "none"

    @property
    def additive(self) -> bool:
        """Whether the parts of a union of disjoint sets of records are the sums of theirs."""
        return True


@dataclass(frozen=True)
class Count(Part):
    """How many records there are, or how many for which ``where`` is true; ``den`` is all records of the cell."""

    where: nw.Expr | None = None

    @property
    def interval(self) -> str:
        """Exact limits of a Poisson count."""
        return "poisson"


@dataclass(frozen=True)
class Ratio(Part):
    """The share of the records in ``den`` for which ``num`` is true as well.

    Attributes
    ----------
    num, den : narwhals expression
        Truth values; null counts as false. ``den=None``: every record.
    across : tuple of str
        Columns that split the numerator alone: by ``cause_code`` the denominator stays that of all causes together.
    """

    num: nw.Expr
    den: nw.Expr | None = None
    across: tuple[str, ...] = ()

    @property
    def interval(self) -> str:
        """Wilson's score interval."""
        return "wilson"


@dataclass(frozen=True)
class Mean(Part):
    """The mean of a column; its values are summed as integer counts of the column's declared resolution.

    Attributes
    ----------
    column : str
    where : narwhals expression, optional
    resolution : float, optional
        For a column that enrichment adds; a canonical column has its own in the schema.
    """

    column: str
    where: nw.Expr | None = None
    resolution: float | None = None

    @property
    def interval(self) -> str:
        """Student's t."""
        return "t"


@dataclass(frozen=True)
class Distinct(Part):
    """How many different values a column has, exactly; null is not a value. ``den`` is all records of the cell."""

    column: str
    where: nw.Expr | None = None

    @property
    def additive(self) -> bool:
        """A subscriber in two sets is one subscriber in their union."""
        return False


@dataclass(frozen=True)
class Quantile(Part):
    """The quantile ``q`` of a column, interpolated between order statistics (Hyndman and Fan's type 7)."""

    column: str
    q: float
    where: nw.Expr | None = None

    @property
    def interval(self) -> str:
        """Order statistics."""
        return "order_statistics"

    @property
    def additive(self) -> bool:
        """Quantiles do not add up."""
        return False


@dataclass(frozen=True)
class Kpi:
    """One KPI of the catalogue.

    Attributes
    ----------
    code, title : str
        Its id (the function's name) and its name for a reader.
    service : str
        The file in which it stands: roaming, data, voice …
    table : str
        The enriched table that it is computed from.
    unit : str
        One of :data:`cemlib.units.UNITS`.
    better : str or None
        higher, lower, or None where neither is good in itself.
    level : str
        KPI (network), KQI (service quality) or KEI (experience of a person).
    grain : str
        What one record of the table is.
    standard : str
        Where the definition comes from, or "own"; "unverified" where the text was not read.
    version : str
        Raised whenever the same records would give another figure.
    minimum : int
        Below this denominator the figure is "too few".
    widest : float or None
        An interval wider than this, in the KPI's unit, is "too few" as well.
    window : str
        "event": the event time lies in the window; "overlap": the interval overlaps it.
    part : Part
    doc : str
        The docstring of the function.
    """

    code: str
    title: str
    service: str
    table: str
    unit: str
    better: str | None
    level: str
    grain: str
    standard: str
    version: str
    minimum: int
    widest: float | None
    window: str
    part: Part = field(repr=False)
    doc: str = field(repr=False)

    def to_dict(self) -> dict[str, object]:
        """The KPI as plain data, for a page or ``cem kpi show``."""
        names = ("code", "title", "service", "table", "unit", "better", "level", "grain", "standard", "version", "minimum",
                 "widest", "window", "doc")
        return {name: getattr(self, name) for name in names} | {
            "kind": type(self.part).__name__.lower(), "interval": self.part.interval, "additive": self.part.additive,
        }

    def with_limits(self, *, minimum: int | None = None, widest: float | None = None) -> Kpi:
        """The same KPI with other limits of "too few"."""
        return replace(self, minimum=self.minimum if minimum is None else minimum,
                       widest=self.widest if widest is None else widest)


_REGISTERED: dict[str, Kpi] = {}


def registered() -> dict[str, Kpi]:
    """The KPIs whose modules were imported so far; :func:`cemlib.kpi.catalogue` imports them all first."""
    return _REGISTERED


def kpi(
    *,
    table: str,
    unit: str,
    better: str | None,
    title: str,
    level: str = "KPI",
    grain: str,
    standard: str = "own",
    version: str = "1.0",
    minimum: int | None = None,
    widest: float | None = None,
    window: str = "event",
) -> Callable[[Function], Function]:
    """Register a function without parameters that returns the parts of a KPI; its name is the KPI's id.

    Parameters
    ----------
    table, unit, better, title, level, grain, standard, version, window
        See :class:`Kpi`.
    minimum : int, optional
        Default 30; 0 for Count and Distinct, which are exact however small they are.
    widest : float, optional
        Default 0.2 for a Ratio (20 points), none otherwise.

    Raises
    ------
    KpiError
        When the name is taken or not of the form service_event_measure, or a declaration is not known.

    Examples
    --------
    >>> @kpi(table="ticket", unit="1", better="lower", title="Tickets", grain="ticket")
    ... def care_ticket_example():
    ...     '''How many tickets were opened.'''
    ...     return Count()
    >>> registered().pop("care_ticket_example").part.interval
    'poisson'
    """

    def register(function: Function) -> Function:
        code, service = function.__name__, function.__module__.rsplit(".", 1)[-1]
        part = function()
        problem = ""
        if code in _REGISTERED and _REGISTERED[code].service != service:
            problem = "Two KPIs have the same name."
        elif len(code.split("_")) < 3:
            problem = "A KPI's name is service_event_measure."
        elif unit not in UNITS or better not in _BETTER or level not in _LEVELS or window not in ("event", "overlap"):
            problem = "A KPI is declared with a unit, direction, level or window that is not known."
        elif not inspect.getdoc(function):
            problem = "A KPI has a docstring: meaning, unit, direction, grain, standard, worked example."
        elif not isinstance(part, Part):
            problem = "A KPI function returns Count, Ratio, Mean, Distinct or Quantile."
        if problem:
            raise KpiError(problem, where=f"{function.__module__}.{code}")
        # what is declared is said in the docstring too, and cannot be stale there
        function.__doc__ = (
            f"{inspect.getdoc(function)}\n\nUnit: {unit}. Better: {better or 'neither'}. Level: {level}. One record: {grain}. "
            f"Table: {table}. Standard: {standard}. Version: {version}.\n"
        )
        whole = isinstance(part, (Count, Distinct))
        _REGISTERED[code] = Kpi(
            code=code, title=title, service=service, table=table, unit=unit, better=better, level=level,
            grain=grain, standard=standard, version=version,
            minimum=(0 if whole else 30) if minimum is None else minimum,
            widest=(0.2 if isinstance(part, Ratio) else None) if widest is None else widest,
            window=window, part=part, doc=inspect.getdoc(function),
        )
        return function

    return register
