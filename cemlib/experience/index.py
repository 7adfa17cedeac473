"""The open satisfaction index: a text file with every weight, curve and constant, checked before anything is scored with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience.curve import Curve

__all__ = ["FACETS", "SatisfactionIndex", "Term", "list_terms"]

#: What a score is made of; the first three are there for every KPI.
FACETS = ("quality", "expectation", "memory", "price")
Share = Field(ge=0, le=1)
Days = Field(gt=0, le=3650)
Points = list[tuple[float, float]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FacetWeights(_Strict):
    """Weights of what was had, of how it compares with what was expected, of what is remembered, and of the price."""

    quality: float = Share
    expectation: float = Share
    memory: float = Share
    price: float = Share


class IndexKpi(_Strict):
    """A KPI of a service: its weight in the service, its curve, and its usual value in the KPI's unit."""

    weight: float = Share
    curve: str
    usual: float


class IndexService(_Strict):
    """A service: its weight, and its KPIs by code."""

    weight: float = Share
    kpis: dict[str, IndexKpi] = Field(min_length=1)


class Thresholds(_Strict):
    """From which score a customer counts as content, and below which as unhappy."""

    content: float = Field(ge=0, le=100)
    unhappy: float = Field(ge=0, le=100)


class Expectation(_Strict):
    """What is expected at first by tariff class, how fast it follows what is had, and what a difference is worth."""

    by_segment: dict[str, float]
    half_life_days: float = Days
    points: Points


class Memory(_Strict):
    """How long bad and good days are remembered, and what the most extreme and the last days weigh."""

    half_life_bad_days: float = Days
    half_life_good_days: float = Days
    reach_days: int = Field(ge=0, le=730)
    neutral_days: float = Field(gt=0, le=100)
    peak: float = Share
    end: float = Share
    end_days: int = Field(ge=1, le=90)


class Price(_Strict):
    """How far back bills tell what is usual, and what a bill against the usual one is worth."""

    reach_days: int = Field(ge=0, le=730)
    points: Points


class Evidence(_Strict):
    """How much must be known."""

    records: int = Field(ge=1)
    prior_records: float = Field(ge=0, le=1000)
    least_weight: float = Share
    customers: int = Field(ge=1)


class Calibration(_Strict):
    """What fitted weights rest on; see :func:`cemlib.experience.calibrate`."""

    from_version: str
    question: str
    answers: int
    folds: int
    correlation: float
    correlation_before: float


@dataclass(frozen=True)
class Term:
    """One part of a score.

    Attributes
    ----------
    facet : str
        One of :data:`FACETS`.
    service, kpi : str
        Empty for the price.
    weight : float
        The weights of all terms add up to 1.
    """

    facet: str
    service: str
    kpi: str
    weight: float

    @property
    def name(self) -> str:
        """``facet:kpi``, or ``price``."""
        return f"{self.facet}:{self.kpi}" if self.kpi else self.facet


class SatisfactionIndex(_Strict):
    """A satisfaction index as its file says it; made by :func:`load_index`.

    Attributes
    ----------
    name, version, title, why : str
    weights : FacetWeights
    services : dict of str to IndexService
    thresholds, expectation, memory, price, evidence
        Every constant of the formula.
    missing_services : str
        renormalise, or no_score.
    curves : dict
        Curves of the file's own; they go before the shipped ones.
    calibrated : Calibration, optional

    Examples
    --------
    >>> from cemlib.experience import load_index
    >>> index = load_index()
    >>> round(sum(one.weight for one in list_terms(index)), 12)
    1.0
    >>> dearer = index.with_weights({"price": 0.32})
    >>> dearer.weights.price, round(dearer.weights.quality, 2), dearer.version
    (0.32, 0.21, '1.1+')
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str
    title: str
    why: str
    weights: FacetWeights
    services: dict[str, IndexService] = Field(min_length=1)
    thresholds: Thresholds
    expectation: Expectation
    memory: Memory
    price: Price
    evidence: Evidence
    missing_services: Literal["renormalise", "no_score"] = "renormalise"
    curves: dict[str, dict[str, Any]] = {}
    calibrated: Calibration | None = None
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        """Where it was read from; empty for an edited one."""
        return self._file

    @property
    def own_curves(self) -> dict[str, Curve]:
        """The curves that the file declares."""
        return {name: Curve.from_dict(name, one) for name, one in self.curves.items()}

    def kpis(self) -> dict[str, IndexKpi]:
        """The KPIs of all services by code."""
        return {code: one for service in self.services.values() for code, one in service.kpis.items()}

    def with_weights(self, weights: Mapping[str, float]) -> SatisfactionIndex:
        """The index with other weights; the others of the same kind keep their proportions, so that they still sum to 1.

        Parameters
        ----------
        weights : mapping
            A facet, a service or a KPI code to its weight, 0 to 1.

        Raises
        ------
        UnknownNameError
            For a name that has no weight; the nearest are given.
        ParameterError
            For weights out of 0 … 1, or that leave nothing to the others.
        """
        plain = self.model_dump(exclude={"calibrated"})
        rooms = {"facet": plain["weights"], "service": plain["services"]} | {f"KPI of {name}": one["kpis"] for name, one in plain["services"].items()}
        for name in weights:
            if not any(name in room for room in rooms.values()):
                raise UnknownNameError("weight", name, [one for room in rooms.values() for one in room])
        for kind, room in rooms.items():
            given = {name: weights[name] for name in room if name in weights}
            if given:
                share = _share_out({name: one if kind == "facet" else one["weight"] for name, one in room.items()}, given, kind)
                for name, one in share.items():
                    if kind == "facet":
                        room[name] = one
                    else:
                        room[name]["weight"] = one
        version = self.version if self.version.endswith("+") else f"{self.version}+"
        return SatisfactionIndex.model_validate(plain | {"version": version})

    def same_but_weights(self, other: SatisfactionIndex) -> bool:
        """Whether the other index has the same KPIs, curves and constants, so that a score needs nothing but other weights."""

        def rest(one: SatisfactionIndex) -> dict:
            plain = one.model_dump(include={"curves", "expectation", "memory", "price"})
            plain["kpis"] = {code: (kpi.curve, kpi.usual) for code, kpi in one.kpis().items()}
            return plain | {"evidence": (one.evidence.records, one.evidence.prior_records), "terms": [term.name for term in list_terms(one)]}

        return rest(self) == rest(other)

    def save(self, path: str | Path) -> Path:
        """Write the index as a file of its own; one that is there is never overwritten.

        Raises
        ------
        CallError
            When there is such a file already.
        """
        path = Path(path)
        plain = self.model_dump(mode="json", exclude_none=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                yaml.safe_dump(plain, file, sort_keys=False, allow_unicode=True, width=160)
        except FileExistsError:
            raise CallError("There is such a file already; an index is never overwritten.", where=str(path), todo="Give it another name or version.") from None
        return path


def _share_out(now: Mapping[str, float], given: Mapping[str, float], kind: str) -> dict[str, float]:
    wrong = {name: one for name, one in given.items() if not (isinstance(one, (int, float)) and 0 <= one <= 1)}
    others = {name: one for name, one in now.items() if name not in given}
    left, held = 1 - sum(given.values()), sum(others.values())
    if wrong or left < -1e-9 or (held == 0 and abs(left) > 1e-9):
        raise ParameterError(f"The weights of a {kind} do not sum to 1.", wanted="weights from 0 to 1 that leave the rest to the others",
                             came=", ".join(f"{name} {one}" for name, one in given.items()))
    scale = max(left, 0.0) / held if held else 0.0
    return {name: float(given[name]) if name in given else one * scale for name, one in now.items()}


def list_terms(index: SatisfactionIndex) -> list[Term]:
    """The terms of a score in their order; their weights add up to 1.

    A KPI has three: what was had, how it compares, and what is remembered. Facets or KPIs of weight 0 are there too.
    """
    found = []
    for facet in FACETS[:3]:
        share = getattr(index.weights, facet)
        found += [Term(facet, service, code, share * one.weight * kpi.weight) for service, one in index.services.items() for code, kpi in one.kpis.items()]
    found.append(Term("price", "", "", index.weights.price))
    # what rounding in the file leaves over is shared out: the terms sum to 1 to the last bit that counts
    total = math.fsum(one.weight for one in found)
    return [Term(one.facet, one.service, one.kpi, one.weight / total) for one in found]
