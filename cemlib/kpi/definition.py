"""What a KPI is: a function that returns its parts, and what a reader must know about it.

A KPI function never returns a finished percentage. It returns one of the parts of :mod:`cemlib.kpi.parts`; :func:`cemlib.kpi.evaluate` groups, adds
up, and divides at the very end, so an average of averages cannot happen. Expressions are narwhals expressions on the
enriched table, so the same function runs on every engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cemlib.errors import KpiError
from cemlib.kpi.parts import Count, Distinct, NetShare, Part, Ratio, SumRatio
from cemlib.units import UNITS

__all__ = ["Kpi", "kpi", "registered"]

_BETTER = ("higher", "lower", None)
_LEVELS = ("KPI", "KQI", "KEI")

Function = TypeVar("Function", bound=Callable[[], "Part"])


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
    module : str
        The module that defines it.
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
    module: str = field(repr=False, default="")

    @property
    def is_verified(self) -> bool:
        """Whether the definition is our own, or its standard's text was read."""
        return not any(word in self.standard for word in ("unverified", "not read"))

    @property
    def is_built_in(self) -> bool:
        """Whether it comes with the workbench, or is somebody's own."""
        return self.module.startswith("cemlib.")

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


def _usual_width(part: Part) -> float | None:
    """The widest interval that still says something: 20 points of a share; a net share lies within twice as wide a range."""
    if isinstance(part, Ratio) or (isinstance(part, SumRatio) and part.errors == "wilson"):
        return 0.2
    return 0.4 if isinstance(part, NetShare) else None


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
        Default 0.2 (20 points) for a Ratio and what else is a share of trials, 0.4 for a net share, none otherwise.

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
        if code in _REGISTERED and _REGISTERED[code].module != function.__module__:
            problem = f"There is a KPI of this name already, in {_REGISTERED[code].module}."
        elif len(code.split("_")) < 3:
            problem = "A KPI's name is service_event_measure."
        elif unit not in UNITS or better not in _BETTER or level not in _LEVELS or window not in ("event", "overlap"):
            problem = "A KPI is declared with a unit, direction, level or window that is not known."
        elif not inspect.getdoc(function):
            problem = "A KPI has a docstring: meaning, unit, direction, grain, standard, worked example."
        elif not isinstance(part, Part):
            problem = "A KPI function returns Count, Ratio, Mean, NetShare, SumRatio, Distinct or Quantile."
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
            widest=_usual_width(part) if widest is None else widest,
            window=window, part=part, doc=inspect.getdoc(function), module=function.__module__,
        )
        return function

    return register
