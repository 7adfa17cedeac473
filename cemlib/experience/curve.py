"""Declared curves: from a measured quantity to a score of experience, by name, as an index file uses them.

A curve is data (``curves.yaml``, or a file of the user's own): its unit, direction, shape, thresholds, and where it comes
from. ``curve(name)(values)`` gives a :class:`~cemlib.experience.Score`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cemlib.errors import ParameterError, UnknownNameError, nearest_names
from cemlib.experience.inputs import Limit, compute_rows
from cemlib.experience.score import Score
from cemlib.units import UNITS

__all__ = ["Curve", "curve", "list_curves", "load_curves"]

_SCALES = {"score": (0.0, 100.0), "MOS": (1.0, 5.0)}
_SHAPES = {"linear": ("points",), "log": ("best", "worst"), "logistic": ("middle", "width")}
_ALWAYS = ("title", "service", "unit", "better", "shape", "good", "poor", "standard", "why")
_SOMETIMES = ("scale", "possible")


@dataclass(frozen=True)
class Curve:
    """A monotone curve from a quantity to a score.

    Attributes
    ----------
    name, title, service : str
    unit : str
        Of the quantity, one of :data:`cemlib.units.UNITS`.
    better : str
        higher or lower: which way of the quantity is better.
    shape : str
        linear (piecewise, level outside its points), log (straight over the logarithm) or logistic.
    numbers : tuple
        The shape's: points, or (best, worst), or (middle, width).
    good, poor : float
        Thresholds in the unit: as good as one wants it, and poor from here on. For words and colours; the score does not
        jump there.
    scale : str
        score (0 … 100) or MOS (1 … 5).
    possible : (float, float)
        A value beyond is impossible: null, and counted.
    standard, why : str
        Where it comes from ("own": a judgement), and why it is as it is.

    Examples
    --------
    >>> time = curve("messaging_delivery_time")
    >>> score = time([1, 10, 600, -4, None])
    >>> score.to_list(), score.counts["impossible"]
    ([100.0, 60.0, 0.0, None, None], 1)
    >>> time.standard
    'own'
    """

    name: str
    title: str
    service: str
    unit: str
    better: str
    shape: str
    numbers: tuple
    good: float
    poor: float
    standard: str
    why: str
    scale: str = "score"
    possible: tuple[float, float] = (-math.inf, math.inf)

    def __call__(self, values: Any) -> Score:
        """The score of each value; null for a missing or impossible one.

        Raises
        ------
        ParameterError
            For a single number that is impossible, or values that are no numbers.
        """
        limit = Limit(self.unit, self.title.lower(), *self.possible, *self.possible)
        found, counts = compute_rows(lambda value: {"score": self._evaluate(value)}, {"value": values}, {"value": limit}, outputs=("score",))
        low, high = _SCALES[self.scale]
        method = "own" if self.standard.startswith("own") else self.standard.split(" (")[0]
        return Score(found["score"], method, f"{self.scale} of {self.title.lower()}, curve {self.name}", self.scale, low, high, counts)

    def _evaluate(self, value: np.ndarray) -> np.ndarray:
        low, high = _SCALES[self.scale]
        if self.shape == "linear":
            at, scores = np.array(self.numbers, dtype=np.float64).T
            return np.interp(value, at, scores)
        if self.shape == "log":
            best, worst = self.numbers
            held = np.clip(value, min(best, worst), max(best, worst))
            return np.clip(low + (high - low) * np.log(held / worst) / math.log(best / worst), low, high)
        middle, width = self.numbers
        away = (value - middle) / width * (1 if self.better == "higher" else -1)
        # written so that the exponential never overflows
        part = np.exp(-np.abs(away))
        return low + (high - low) * np.where(away >= 0, 1 / (1 + part), part / (1 + part))

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain data, as it stands in the file."""
        plain = {name: getattr(self, name) for name in (*_ALWAYS, "scale")}
        names = _SHAPES[self.shape]
        numbers = {"points": [list(pair) for pair in self.numbers]} if self.shape == "linear" else dict(zip(names, self.numbers))
        return plain | numbers | {"possible": [None if math.isinf(end) else end for end in self.possible]}

    @classmethod
    def from_dict(cls, name: str, given: Mapping[str, Any], where: str = "") -> Curve:
        """Check a declaration and make the curve of it.

        Raises
        ------
        ParameterError
            For an unknown word (the nearest is named), one that is missing, or a curve that does not go one way.

        Examples
        --------
        >>> Curve.from_dict("mine", {"title": "Mine", "unitt": "s"})
        Traceback (most recent call last):
            ...
        cemlib.errors.ParameterError: The curve 'mine' has a word that is not known: 'unitt'.
          wanted: title, service, unit, better, shape, good, poor, standard, why, scale, possible
          to do: Did you mean 'unit'?
        """

        def refuse(what: str, **more: str) -> ParameterError:
            return ParameterError(f"The curve {name!r} {what}", where=where, **more)

        if not isinstance(given, Mapping):
            raise refuse("is not a list of words and values.", came=type(given).__name__)
        shape = given.get("shape")
        if "shape" in given and shape not in _SHAPES:
            raise UnknownNameError("shape of a curve", str(shape), _SHAPES, where=f"{where} {name}".strip())
        known = (*_ALWAYS, *_SHAPES.get(shape, ()), *_SOMETIMES)
        for word in given:
            if word not in known:
                near = nearest_names(word, known, 1)
                raise refuse(f"has a word that is not known: {word!r}.", wanted=", ".join(known), todo=f"Did you mean {near[0]!r}?" if near else "Take it out.")
        absent = [word for word in (*_ALWAYS, *_SHAPES.get(shape, ())) if word not in given]
        if absent:
            raise refuse(f"lacks {', '.join(absent)}.", wanted=", ".join(known))
        for word, choices in (("unit", UNITS), ("better", ("higher", "lower")), ("scale", _SCALES)):
            if word in given and given[word] not in choices:
                raise UnknownNameError(f"{word} of a curve", str(given[word]), choices, where=f"{where} {name}".strip())
        try:
            numbers = (tuple((float(at), float(score)) for at, score in given["points"]) if shape == "linear"
                       else tuple(float(given[word]) for word in _SHAPES[shape]))
            good, poor = float(given["good"]), float(given["poor"])
            least, most = given.get("possible", (None, None))
            possible = (-math.inf if least is None else float(least), math.inf if most is None else float(most))
        except (TypeError, ValueError) as problem:
            raise refuse("has something that is not a number.", came=str(problem)) from problem
        curve = cls(name=name, numbers=numbers, good=good, poor=poor, possible=possible, scale=given.get("scale", "score"),
                    **{word: str(given[word]) for word in ("title", "service", "unit", "better", "shape", "standard", "why")})
        problem = _find_problem(curve)
        if problem:
            raise refuse(problem[0], wanted=problem[1], came=problem[2])
        return curve


def _find_problem(curve: Curve) -> tuple[str, str, str] | None:
    """What is wrong with the numbers of a curve: what, wanted, came."""
    low, high = _SCALES[curve.scale]
    up = curve.better == "higher"
    flat = [one for pair in curve.numbers for one in pair] if curve.shape == "linear" else list(curve.numbers)
    if not all(math.isfinite(one) for one in (*flat, curve.good, curve.poor)):
        return "has a number that is not finite.", "finite numbers", str(curve.numbers)
    if not curve.possible[0] < curve.possible[1]:
        return "is possible nowhere.", "possible: [least, most] with least < most", str(curve.possible)
    if curve.shape == "linear":
        at, scores = [pair[0] for pair in curve.numbers], [pair[1] for pair in curve.numbers]
        if len(at) < 2 or any(one >= other for one, other in itertools.pairwise(at)):
            return "is out of order.", "two or more points, each value above the one before", str(at)
        if any(one > other if up else one < other for one, other in itertools.pairwise(scores)) or scores[0] == scores[-1]:
            return "does not go one way.", f"scores that never {'fall' if up else 'rise'} ({curve.better} is better)", str(scores)
        if min(scores) < low or max(scores) > high:
            return "leaves its scale.", f"scores within {low:g} … {high:g}", str(scores)
    elif curve.shape == "log":
        best, worst = curve.numbers
        if min(best, worst) <= 0 or best == worst or (best > worst) != up:
            return "is upside down.", f"best and worst above 0, best {'above' if up else 'below'} worst ({curve.better} is better)", f"best {best:g}, worst {worst:g}"
    elif not curve.numbers[1] > 0:
        return "has no width.", "width above 0", f"{curve.numbers[1]:g}"
    if curve.good == curve.poor or (curve.good > curve.poor) != up:
        return "has its thresholds upside down.", f"good {'above' if up else 'below'} poor ({curve.better} is better)", f"good {curve.good:g}, poor {curve.poor:g}"
    return None


def load_curves(path: str | Path) -> dict[str, Curve]:
    """The curves that a YAML file declares, by name.

    Raises
    ------
    ParameterError
        When the file cannot be read, or a declaration is wrong; file and line are named.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        nodes = yaml.compose(text, Loader=yaml.SafeLoader)
        given = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ParameterError("The file of curves cannot be read.", wanted="YAML: name: {title: …}", came=" ".join(str(problem).split()), where=str(path)) from problem
    if not isinstance(given, dict) or not given:
        raise ParameterError("The file declares no curves.", wanted="name: {title: …}", came=type(given).__name__, where=str(path))
    lines: dict[str, int] = {}
    for key, _ in nodes.value:
        if key.value in lines:
            raise ParameterError(f"The curve {key.value!r} is declared twice.", where=f"{path}, lines {lines[key.value]} and {key.start_mark.line + 1}")
        lines[key.value] = key.start_mark.line + 1
    return {str(name): Curve.from_dict(str(name), one, where=f"{path}, line {lines[str(name)]}") for name, one in given.items()}


@functools.cache
def _shipped() -> dict[str, Curve]:
    return load_curves(Path(__file__).with_name("curves.yaml"))


def curve(name: str, own: Mapping[str, Curve] | None = None) -> Curve:
    """The declared curve of a name.

    Parameters
    ----------
    name : str
    own : mapping, optional
        Curves of the user's own (:func:`load_curves`); they go before the shipped ones of the same name.

    Raises
    ------
    UnknownNameError
        When there is none; the nearest names are given.

    Examples
    --------
    >>> curve("wifi_signal")([-50, -72, -90]).values.round(1).tolist()
    [99.6, 50.0, 1.1]
    """
    known = _shipped() | dict(own or {})
    if name not in known:
        raise UnknownNameError("curve", str(name), known)
    return known[name]


def list_curves(service: str | None = None) -> list[dict[str, Any]]:
    """The shipped curves as plain data, of one service or of all.

    Examples
    --------
    >>> [one["name"] for one in list_curves("sms")]
    ['sms_delivery_time', 'sms_failure_ratio']
    """
    services = {one.service for one in _shipped().values()}
    if service is not None and service not in services:
        raise UnknownNameError("service", service, services)
    return [{"name": name} | one.to_dict() for name, one in _shipped().items() if service in (None, one.service)]
