"""Names that a shell completes and that a misspelt word is held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = ["kpi_names", "name_type", "notebook_names", "pairs", "source_names", "table_names"]


def kpi_names() -> list[str]:
    """The KPIs of the catalogue."""
    from cemlib import kpi

    return sorted(kpi.catalogue())


def source_names() -> list[str]:
    """The connectors of the catalogue."""
    from cemlib import sources

    return sorted(sources.catalogue())


def notebook_names() -> list[str]:
    """The notebooks that can be run."""
    from cemlib.report.request import notebook_names as found

    return found()


def table_names() -> list[str]:
    """The canonical tables."""
    from cemlib.schema import tables

    return list(tables())


class _Name(click.ParamType):
    """A word that a shell completes; whether it exists is for the command to say, with the nearest names."""

    def __init__(self, name: str, choices: Callable[[], list[str]]) -> None:
        self.name, self._choices = name, choices

    def shell_complete(self, context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin like this."""
        return [CompletionItem(one) for one in self._choices() if one.startswith(incomplete)]


def name_type(name: str, choices: Callable[[], list[str]]) -> click.ParamType:
    """A parameter type for names that can be listed."""
    return _Name(name, choices)


def pairs(texts: tuple[str, ...], option: str) -> dict[str, Any]:
    """Take ``name=value`` apart; the value may hold further equals signs.

    Examples
    --------
    >>> pairs(("partner=99901", "note=a=b"), "-p")
    {'partner': '99901', 'note': 'a=b'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not of the form name=value.", param_hint=option)
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice.", param_hint=option)
        found[name] = value
    return found
