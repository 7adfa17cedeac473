"""Scenarios: what happens to the operator, in YAML; each has a no-effect twin of the same seed."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.twin.assembly import PARTS, Plan
from cemlib.twin.faults import FAULTS
from cemlib.twin.mobile import Families
from cemlib.twin.scm import Intervention
from cemlib.twin.season import DAY_MS, HOUR_MS

__all__ = ["Cause", "Do", "Scenario", "instant_of", "load_scenario", "scenario_names"]

_TIME = re.compile(r"([+-])(\d+(?:\.\d+)?)d(?:([+-])(\d+(?:\.\d+)?)h)?")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Do(_Strict):
    """One intervention; see :class:`cemlib.twin.scm.Intervention`.

    Attributes
    ----------
    node : str
    set, add, times : optional
        Exactly one of them.
    where : dict
        Nodes to a value, a list, or from and to.
    since, until : str, optional
        ``-10d+14h``: 14 hours after 10 days before the period's end; ``+2d``: two days after its begin.
    share : float
    per : str, optional
        The grain by whose entities the share is drawn.
    draw : str
        Interventions of a cause with the same word draw their shares alike.
    """

    node: str
    set: Any = None
    add: float | None = None
    times: float | None = None
    where: dict[str, Any] = {}
    since: str | None = None
    until: str | None = None
    share: float = 1.0
    per: str | None = None
    draw: str = ""

    @field_validator("since", "until")
    @classmethod
    def _is_a_time(cls, text: str | None) -> str | None:
        if text is not None and not _TIME.fullmatch(text):
            raise ValueError(f"{text!r} is no time; write -10d, -3d+16h or +2d")
        return text


class Cause(_Strict):
    """What is planted, and what an analysis should say of it.

    Attributes
    ----------
    id : str
    says : str
        In a sentence.
    is_cause : bool
        False: a decoy, which looks like a cause and is none.
    pattern : dict
        The true pattern in canonical columns, as a localisation should name it.
    outcome : str
        What it moves most: a KPI or an outcome of the truth.
    direction : str
        up, down or none: where the outcome goes.
    lag_days : float
        How long after the begin the outcome moves most.
    do : list of Do
    """

    id: str
    says: str
    is_cause: bool = True
    pattern: dict[str, Any] = {}
    outcome: str = ""
    direction: Literal["up", "down", "none"] = "none"
    lag_days: float = 0.0
    do: list[Do] = []


class Scenario(_Strict):
    """What happens to the operator.

    Attributes
    ----------
    name, title, question : str
    kind : str
        fault, decoy or baseline.
    domains : list of str
    facts : list of str
        Facts of :data:`cemlib.twin.faults.FAULTS`.
    families : dict
        See :class:`cemlib.twin.mobile.Families`.
    min_days : int
        A shorter period cannot hold it.
    causes : list of Cause
    """

    name: str
    title: str
    question: str
    kind: Literal["fault", "decoy", "baseline"]
    domains: list[str] = ["mobile", "roaming", "voice"]
    facts: list[str] = []
    families: dict[str, str] = {}
    min_days: int = 2
    causes: list[Cause] = []

    def interventions(self, days: int) -> tuple[Intervention, ...]:
        """The interventions in a period of so many days."""
        return tuple(Intervention(
            one.node, set=one.set, add=one.add, times=one.times, where=one.where, since=instant_of(one.since, days), until=instant_of(one.until, days),
            share=one.share, per=one.per, name=f"{self.name}.{cause.id}{'.' if one.draw else ''}{one.draw}") for cause in self.causes for one in cause.do)

    def plan(self, **given: Any) -> Plan:
        """The plan of an operator to whom this happens.

        Parameters
        ----------
        **given
            seed, subscribers, days, bad_rate, block, parquet of :class:`cemlib.twin.assembly.Plan`.
        """
        days = given.get("days", Plan.days)
        if days < self.min_days:
            raise ParameterError(f"The scenario {self.name} does not fit into the period.", wanted=f"{self.min_days} days at least", came=str(days))
        return Plan(**given, domains=tuple(self.domains), facts=tuple(self.facts), families=Families(**self.families), interventions=self.interventions(days))


def instant_of(text: str | None, days: int) -> float | None:
    """A scenario's time in ms since the period's begin.

    Examples
    --------
    >>> instant_of("-1d+6h", 3) / HOUR_MS, instant_of("+2d", 30) / DAY_MS
    (54.0, 2.0)
    """
    if text is None:
        return None
    sign, day, hour_sign, hour = _TIME.fullmatch(text).groups()  # type: ignore[union-attr]
    at = float(day) * DAY_MS if sign == "+" else (days - float(day)) * DAY_MS
    return at + (float(hour) * HOUR_MS * (-1 if hour_sign == "-" else 1) if hour else 0)


def scenario_names() -> list[str]:
    """The scenarios that come with the workbench.

    Examples
    --------
    >>> "cell_outage" in scenario_names()
    True
    """
    return sorted(one.name.removesuffix(".yaml") for one in importlib.resources.files("cemlib.twin").joinpath("scenarios").iterdir() if one.name.endswith(".yaml"))


def load_scenario(name: str | Path) -> Scenario:
    """A scenario by its name, or from a YAML file.

    Raises
    ------
    UnknownNameError
        For a name, domain, fact or word that does not exist, with the nearest.
    ParameterError
        For a file that is no scenario.

    Examples
    --------
    >>> load_scenario("cell_outage").kind
    'fault'
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        try:
            text, where = path.read_text(encoding="utf-8"), str(path)
        except OSError as error:
            raise ParameterError("The scenario cannot be read.", came=error.strerror or str(error), where=str(path)) from None
    elif str(name) in scenario_names():
        where = f"{name}.yaml"
        text = importlib.resources.files("cemlib.twin").joinpath("scenarios", where).read_text(encoding="utf-8")
    else:
        raise UnknownNameError("scenario", str(name), [*scenario_names(), "all"])
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParameterError("The scenario is no YAML.", came=str(error).splitlines()[0], where=where) from None
    if not isinstance(given, dict):
        raise ParameterError("The scenario is no YAML mapping.", came=type(given).__name__, where=where)
    try:
        scenario = Scenario(**given)
    except ValidationError as error:
        raise _told(error, where) from None
    for what, names, choices in (("domain of the twin", scenario.domains, PARTS), ("fact", scenario.facts, FAULTS), ("family", scenario.families, Families.__dataclass_fields__)):
        for one in names:
            if one not in choices:
                raise UnknownNameError(what, one, choices, where=where)
    Families(**scenario.families)
    return scenario


def _told(error: ValidationError, where: str) -> ParameterError:
    """The first complaint; a word that does not exist gets the nearest."""
    # a misspelt word leaves the right one missing: the misspelling is what to tell
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    place = ".".join(str(one) for one in first["loc"])
    if first["type"] == "extra_forbidden":
        kind = Do if "do" in first["loc"] else Cause if "causes" in first["loc"] else Scenario
        return UnknownNameError("word of a scenario", str(first["loc"][-1]), kind.model_fields, where=f"{where}, {place}")
    return ParameterError("The scenario is not right.", wanted=first["msg"], came=str(first["input"])[:80], where=f"{where}, {place}")
