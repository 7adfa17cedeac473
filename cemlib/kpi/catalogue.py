"""The KPIs that there are, as plain data."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from cemlib.errors import UnknownNameError
from cemlib.kpi.definition import Kpi, registered
from cemlib.kpi.own import import_entry_points, refresh_kept

__all__ = ["catalogue", "find_kpi", "list_kpis", "show_kpi"]

# the rooms of this folder that hold no KPIs
_NO_SERVICE = {"catalogue", "columns", "definition", "describe", "evaluate", "example", "figures", "in_memory", "interval", "lineage", "measure",
               "own", "parts", "quantile", "rolled", "rollup", "selection", "statement", "sums", "whole"}


@functools.cache
def _import_services() -> tuple[str, ...]:
    """Import every module of this package that defines KPIs: a new file is found by being there."""
    package = importlib.import_module("cemlib.kpi")
    names = sorted(one.name for one in pkgutil.iter_modules(package.__path__) if one.name not in _NO_SERVICE)
    for name in names:
        importlib.import_module(f"cemlib.kpi.{name}")
    return tuple(names)


def catalogue() -> dict[str, Kpi]:
    """Every KPI by its code, in alphabetical order: those of this package, of packages with an entry point, and of kept files.

    Examples
    --------
    >>> catalogue()["roaming_registration_success_ratio"].unit
    'ratio'
    """
    _import_services()
    import_entry_points()
    refresh_kept()
    return dict(sorted(registered().items()))


def find_kpi(code: str | Kpi) -> Kpi:
    """The KPI of a code; a Kpi is returned as it is.

    Raises
    ------
    UnknownNameError
        When there is none; the nearest codes are named.
    """
    if isinstance(code, Kpi):
        return code
    known = catalogue()
    if code not in known:
        raise UnknownNameError("KPI", code, known)
    return known[code]


def list_kpis(service: str | None = None) -> list[dict[str, object]]:
    """The KPIs as plain data without their docstrings, of one service or of all.

    Examples
    --------
    >>> [one["code"] for one in list_kpis("probe")]
    ['probe_step_attempt_count', 'probe_step_success_ratio', 'probe_step_time_mean']
    """
    known = catalogue()
    services = {one.service for one in known.values()}
    if service is not None and service not in services:
        raise UnknownNameError("service", service, services)
    return [{name: value for name, value in one.to_dict().items() if name != "doc"}
            for one in known.values() if service in (None, one.service)]


def show_kpi(code: str) -> dict[str, object]:
    """One KPI as plain data, its docstring included.

    Examples
    --------
    >>> show_kpi("sms_delivery_success_ratio")["interval"]
    'wilson'
    """
    return find_kpi(code).to_dict()
