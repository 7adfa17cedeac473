"""Changes as the text of an address: ``generation_code>=4;speed_median_mbps+10%``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.usecases.studies.study import Feature

__all__ = ["change_text", "neutral", "reach_all", "read_changes", "write_changes"]

_CHANGE = re.compile(r"(>=|<=|[+-])(\d{1,12}(?:\.\d{1,12})?)(%?)")
_SIGNS = {"at_least": (">=", ""), "at_most": ("<=", ""), "percent": ("", "%"), "add": ("", "")}


def neutral(lever: Feature) -> float:
    """Where the slider stands when nothing is changed.

    Examples
    --------
    >>> neutral(Feature(label="Speed", lever="percent")), neutral(Feature(label="Generation", lever="at_least", low=2, high=5))
    (0.0, 2.0)
    """
    return {"at_least": lever.low, "at_most": lever.high}.get(str(lever.lever), 0.0)


def reach_all(lever: Feature, low: float, high: float) -> Feature:
    """A lever whose slider begins where it moves nobody, whatever the study says: by whole steps to the least (``at_least``) or the greatest value observed.

    Examples
    --------
    >>> reach_all(Feature(label="Frame rate", lever="at_least", low=10, high=30, step=5), low=1.4, high=25.0).low
    0.0
    """
    if lever.lever == "at_least" and low < lever.low:
        return lever.model_copy(update={"low": lever.low - math.ceil((lever.low - low) / lever.step) * lever.step})
    if lever.lever == "at_most" and high > lever.high:
        return lever.model_copy(update={"high": lever.high + math.ceil((high - lever.high) / lever.step) * lever.step})
    return lever


def change_text(lever: Feature, value: float) -> str:
    """A slider's position as a change.

    Examples
    --------
    >>> change_text(Feature(label="Speed", lever="percent"), 10), change_text(Feature(label="Stalls", lever="add"), -0.25)
    ('+10%', '-0.25')
    """
    before, after = _SIGNS[str(lever.lever)]
    return f"{before}{value:g}{after}" if before else f"{value:+g}{after}"


def read_changes(text: str, levers: Mapping[str, Feature]) -> dict[str, float]:
    """Read changes; a slider that stands still is left out.

    Raises
    ------
    UnknownNameError
        A name is that of no lever.
    ParameterError
        A change cannot be read, is of another kind than the lever, or comes twice.

    Examples
    --------
    >>> read_changes("speed+10%", {"speed": Feature(label="Speed", lever="percent")})
    {'speed': 10.0}
    """
    found: dict[str, float] = {}
    for part in (one.strip() for one in text.split(";") if one.strip()):
        name = max((one for one in levers if part.startswith(one)), key=len, default="")
        match = _CHANGE.fullmatch(part[len(name):].replace(" ", "")) if name else None
        if not name:
            raise UnknownNameError("lever", re.split(r"[<>+%=-]", part)[0].strip()[:60], levers)
        lever = levers[name]
        before, after = _SIGNS[str(lever.lever)]
        if not match or (match[1] if match[1] in (">=", "<=") else "") != before or match[3] != after:
            raise ParameterError("A change cannot be read.", wanted=f"{name}{change_text(lever, lever.high)}", came=part[:80])
        if name in found:
            raise ParameterError("A change comes twice.", came=name)
        found[name] = float(match[2]) * (-1 if match[1] == "-" else 1)
    return {name: value for name, value in found.items() if value != neutral(levers[name])}


def write_changes(values: Mapping[str, float], levers: Mapping[str, Feature]) -> str:
    """The text that :func:`read_changes` reads.

    Examples
    --------
    >>> write_changes({"speed": -5.0}, {"speed": Feature(label="Speed", lever="percent")})
    'speed-5%'
    """
    return ";".join(f"{name}{change_text(levers[name], value)}" for name, value in values.items())
