"""Reads an index file and refuses what is wrong with it: file, line, column, and what was probably meant."""

from __future__ import annotations

import functools
import itertools
import math
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from cemlib.errors import CemError, ParameterError, UnknownNameError
from cemlib.experience.curve import Curve, curve
from cemlib.experience.index import FACETS, SatisfactionIndex
from cemlib.experience.index_places import Places, read_places
from cemlib.kpi import Mean, Ratio, find_kpi

__all__ = ["load_index"]

_TOLERANCE = 1e-6


def load_index(file: str | Path | SatisfactionIndex | None = None) -> SatisfactionIndex:
    """Read and check an index; an index is returned as it is.

    Parameters
    ----------
    file : str, Path or SatisfactionIndex, optional
        A YAML file; the one that comes with the workbench by default.

    Raises
    ------
    UnknownNameError
        For a misspelt word, or a KPI or curve that does not exist: file, line and column are named, and the nearest names.
    ParameterError
        For weights that do not sum to 1, a curve that is out of order or does not fit its KPI, a constant out of its range.

    Examples
    --------
    >>> index = load_index()
    >>> index.name, index.missing_services
    ('open_index', 'renormalise')
    """
    if isinstance(file, SatisfactionIndex):
        return file
    return _shipped() if file is None else _read(Path(file))


@functools.cache
def _shipped() -> SatisfactionIndex:
    return _read(Path(__file__).with_name("index_default.yaml"))


def _read(path: Path) -> SatisfactionIndex:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ParameterError("The index cannot be read.", wanted="a YAML file in UTF-8", came=getattr(problem, "strerror", None) or str(problem), where=str(path)) from None
    given, places = read_places(text, str(path))
    if not isinstance(given, dict):
        raise ParameterError("The file is no index.", wanted="words and values, such as weights: {quality: 0.5, …}", came=type(given).__name__, where=str(path))
    try:
        index = SatisfactionIndex.model_validate(given)
    except ValidationError as problem:
        raise _told(problem, places) from None
    _check(index, places)
    index._file = str(path)
    return index


def _told(problem: ValidationError, places: Places) -> CemError:
    """The first complaint; a misspelt word leaves the right one missing, so the misspelling goes first."""
    first = min(problem.errors(), key=lambda one: one["type"] != "extra_forbidden")
    path = first["loc"]
    if first["type"] == "extra_forbidden":
        return UnknownNameError("word of an index", str(path[-1]), _words_at(path[:-1]), where=places.tell(path))
    wanted = f"{path[-1]}" if first["type"] == "missing" else first["msg"]
    what = f"The index lacks {path[-1]!r}." if first["type"] == "missing" else f"{'.'.join(map(str, path))} is not right."
    return ParameterError(what, wanted=wanted, came="" if first["type"] == "missing" else str(first["input"])[:80], where=places.tell(path))


def _words_at(path: Sequence[Any]) -> list[str]:
    """The words that an index may have at a place."""
    kind: Any = SatisfactionIndex
    for word in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[word].annotation
            kind = next((one for one in typing.get_args(kind) if isinstance(one, type) and issubclass(one, BaseModel)), kind) if typing.get_origin(kind) is not dict else kind
        elif typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[1]
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _check(index: SatisfactionIndex, places: Places) -> None:
    _sums_to_one(index.weights.model_dump(), ["weights"], places)
    _sums_to_one({name: one.weight for name, one in index.services.items()}, ["services"], places)
    seen: dict[str, str] = {}
    own = {}
    for name, one in index.curves.items():
        own[name] = Curve.from_dict(name, one, where=places.tell(["curves", name]))
    for name, service in index.services.items():
        if name in FACETS:
            raise ParameterError(f"A service cannot be called {name!r}: that is a facet of the score.", where=places.tell(["services", name]))
        _sums_to_one({code: one.weight for code, one in service.kpis.items()}, ["services", name, "kpis"], places)
        for code, one in service.kpis.items():
            path = ["services", name, "kpis", code]
            if code in seen:
                raise ParameterError(f"The KPI {code!r} is in two services.", came=f"{seen[code]} and {name}", where=places.tell(path))
            seen[code] = name
            _check_kpi(code, _at(places, path, lambda code=code: find_kpi(code)), _at(places, [*path, "curve"], lambda one=one: curve(one.curve, own)), one.usual, path, places)
    for room, better in (("expectation", "higher"), ("price", "lower")):
        _check_points(getattr(index, room).points, room, better, places)
    _check_constants(index, places)


def _check_constants(index: SatisfactionIndex, places: Places) -> None:
    if "default" not in index.expectation.by_segment:
        raise ParameterError("The expectation has no default.", wanted="default: points, for a segment that is not named", where=places.tell(["expectation", "by_segment"]))
    if index.memory.peak + index.memory.end > 1:
        raise ParameterError("Peak and end together are more than all that is remembered.", wanted="peak + end <= 1",
                             came=f"{index.memory.peak:g} + {index.memory.end:g}", where=places.tell(["memory", "peak"]))
    if not index.thresholds.unhappy < index.thresholds.content:
        raise ParameterError("The thresholds are upside down.", wanted="unhappy below content", came=f"unhappy {index.thresholds.unhappy:g}, content {index.thresholds.content:g}",
                             where=places.tell(["thresholds"]))


def _check_points(points: list[tuple[float, float]], room: str, better: str, places: Places) -> None:
    at, scores = zip(*points) if points else ((), ())
    where = places.tell([room, "points"])
    if len(at) < 2 or any(one >= other for one, other in itertools.pairwise(at)):
        raise ParameterError(f"The curve of {room} is out of order.", wanted="two or more points, each value above the one before", came=str(list(at)), where=where)
    if any((one > other) if better == "higher" else (one < other) for one, other in itertools.pairwise(scores)) or min(scores) < 0 or max(scores) > 100:
        raise ParameterError(f"The curve of {room} does not go one way.", wanted=f"scores of 0 … 100 that never {'fall' if better == 'higher' else 'rise'}",
                             came=str(list(scores)), where=where)


def _at(places: Places, path: Sequence[Any], find: Callable[[], Any]) -> Any:
    """What ``find`` finds; an unknown name is told with its place in the file."""
    try:
        return find()
    except UnknownNameError as problem:
        problem.where = places.tell(path)
        raise


def _sums_to_one(weights: dict[str, float], path: list[str], places: Places) -> None:
    total = math.fsum(weights.values())
    if abs(total - 1) > _TOLERANCE:
        raise ParameterError(f"The weights of {'.'.join(path)} do not sum to 1.", wanted="1", came=f"{total:g} ({', '.join(f'{name} {one:g}' for name, one in weights.items())})",
                             where=places.tell(path), todo="Change a weight so that they sum to 1.")


def _check_kpi(code: str, kpi: Any, drawn: Curve, usual: float, path: list[str], places: Places) -> None:
    def refuse(what: str, wanted: str, came: str, word: str = "curve") -> ParameterError:
        return ParameterError(what, wanted=wanted, came=came, where=places.tell([*path, word] if word else path))

    if not isinstance(kpi.part, (Ratio, Mean)) or (isinstance(kpi.part, Ratio) and kpi.part.across):
        raise refuse(f"The KPI {code!r} cannot be scored: what it counts does not add up to larger cells.", "a share or a mean", type(kpi.part).__name__.lower(), "")
    if drawn.unit != kpi.unit:
        raise refuse(f"The curve {drawn.name!r} does not fit the KPI {code!r}.", f"a curve of {kpi.unit}", f"a curve of {drawn.unit}")
    if kpi.better and drawn.better != kpi.better:
        raise refuse(f"The curve {drawn.name!r} goes the other way than the KPI {code!r}.", f"better: {kpi.better}", f"better: {drawn.better}")
    if not drawn.possible[0] <= usual <= drawn.possible[1]:
        raise refuse(f"The usual value of {code!r} is impossible.", f"{drawn.possible[0]:g} … {drawn.possible[1]:g} {kpi.unit}", f"{usual:g}", "usual")
