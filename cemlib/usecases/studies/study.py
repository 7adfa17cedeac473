"""A study: which ratings, which features with which levers, which groups, the declared graph, and by what customers are divided. A YAML file each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.settings import settings
from cemlib.usecases.studies.segmentation import Segmentation

__all__ = ["OUTCOME", "Feature", "Source", "Study", "load_study", "study_names"]

#: The name of the rating in a study's graph.
OUTCOME = "outcome"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


class Feature(BaseModel):
    """A feature of the ratings.

    Attributes
    ----------
    label, unit : str
    kind : str
        ``category`` becomes one column of 0 and 1 for each of its values but the most frequent.
    better : int
        Good direction, 0 where there is none.
    lever : str, optional
        How it can be changed: add, percent, at_least, at_most. Without one it is adjusted for alone.
    low, high, step : float
        Of the lever's slider.
    cost : float, optional
        Of one step of the lever for one customer who is moved.
    role : str, optional
        quality, price or expectation, where one feature of the study is that: whether quality counts otherwise for those who pay, or expect, more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    unit: str = ""
    kind: Literal["number", "category"] = "number"
    better: Literal[-1, 0, 1] = 0
    lever: Literal["add", "percent", "at_least", "at_most"] | None = None
    low: float = -50
    high: float = 50
    step: float = Field(default=5, gt=0)
    cost: float | None = Field(default=None, ge=0)
    role: Literal["quality", "price", "expectation"] | None = None

    @model_validator(mode="after")
    def _check(self) -> Feature:
        if self.lever and (self.kind == "category" or self.low >= self.high):
            raise ValueError("a lever needs a number, and low below high")
        return self


class Source(BaseModel):
    """Where the rows come from.

    Attributes
    ----------
    lake : str, optional
        ``call_ratings`` of the lake.
    file : str, optional
        A CSV file beside the study, a row a rating or a customer.
    rating, customer : str, optional
        Its columns; the rating is wanted where something is rated.
    join : list of str
        Further CSV files, a row a customer, with the same column of customers.
    delimiter, decimal, encoding : str, optional
        What stands between the cells of the files and before their decimals, and how they are encoded; where it is not told the file shows it, or the error says
        which of these keys does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lake: Literal["call_ratings"] | None = None
    file: str | None = None
    rating: str | None = None
    customer: str | None = None
    join: list[str] = []
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Source:
        if (self.lake is None) == (self.file is None) or (self.file and not self.customer) or (self.join and not self.file):
            raise ValueError("a source is the lake, or a file (and others to join) with a column of customers")
        return self


class Study(BaseModel):
    """A study as its file tells it: of ratings that levers move, of customers that are divided, or of both.

    Attributes
    ----------
    scale : (float, float)
        Of the ratings: what lies outside is set aside.
    most_set_aside : float
        Share of the answers given in a column (and of the values of a feature) that may be set aside; with more the study is not opened. Who slips at a keyboard does so
        in a few per cent; more than a tenth is rather another scale, a wrong column or another sign before the decimals, and on a scale 1 to 5 a tenth left out can
        move the mean by as much as 0.4 points.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: Path
    title: str
    source: Source
    scale: tuple[float, float] = (1, 5)
    features: dict[str, Feature] = {}
    groups: list[str] = []
    edges: list[str] = []
    unobserved: list[str] = []
    cost_unit: str = "units of cost"
    segments: Segmentation | None = None
    most_set_aside: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> Study:
        if self.scale[0] >= self.scale[1]:
            raise ValueError("a scale is told from its low end to its high one: [1, 5]")
        if self.levers and self.source.file and not self.source.rating:
            raise ValueError("levers move a rating: the source names its column")
        if self.levers and not any(one.split("->")[-1].strip() == OUTCOME for one in self.edges):
            raise ValueError(f"levers need edges: what acts on the rating, for instance '{next(iter(self.levers))} -> {OUTCOME}'")
        if self.segments and self.source.lake:
            raise ValueError("the lake's own customers are divided without a study")
        if not self.levers and self.segments is None:
            raise ValueError("there is nothing that can be changed (a feature with a lever), and no section segments")
        return self

    @property
    def levers(self) -> dict[str, Feature]:
        """The features that can be changed."""
        return {name: one for name, one in self.features.items() if one.lever}


def _folders() -> list[Path]:
    return [settings().lake_path.parent / "studies", Path(__file__).parent]


def study_names(asked: Literal["levers", "segments"] | None = None) -> list[str]:
    """The studies there are: those of the workbench, and the files in the folder ``studies`` beside the lake.

    Parameters
    ----------
    asked : str, optional
        ``levers``: those in which something can be changed; ``segments``: those whose customers are divided. A file that cannot be read is among both, so
        that who opens it is told why.
    """
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.yaml") if _NAME.fullmatch(path.stem) and (asked is None or _has(path, asked))})


def _has(path: Path, asked: str) -> bool:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return True
    if not isinstance(told, dict):
        return True
    features = told.get("features")
    has_levers = isinstance(features, dict) and any(isinstance(one, dict) and one.get("lever") for one in features.values())
    has_segments = bool(told.get("segments"))
    return {"levers": has_levers, "segments": has_segments}[asked] or not (has_levers or has_segments)


def load_study(name: str, asked: Literal["levers", "segments"] | None = None) -> Study:
    """Read a study by its name.

    Parameters
    ----------
    name : str
    asked : str, optional
        What the study must have: see :func:`study_names`.

    Raises
    ------
    UnknownNameError
        There is no such study.
    ParameterError
        Its file is not told as wanted, or it has nothing of what is asked.

    Examples
    --------
    >>> sorted(load_study("lake").levers)
    ['generation_code', 'speed_median_mbps']
    """
    # an address names it: a name only, never a path
    if name not in study_names():
        raise UnknownNameError("study", name[:60], study_names(asked))
    path = next(folder / f"{name}.yaml" for folder in _folders() if (folder / f"{name}.yaml").is_file())
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(told, dict):
            raise ParameterError("A study is not told as wanted.", wanted="title, source, features, groups, edges, segments", came=type(told).__name__, where=path.name)
        study = Study.model_validate({**told, "name": name, "path": path})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParameterError("A study is no YAML.", came=str(error)[:100], where=path.name) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ParameterError("A study is not told as wanted.", came=first["msg"], where=f"{path.name}: {' > '.join(str(one) for one in first['loc'])}") from error
    if asked == "levers" and not study.levers:
        raise ParameterError("A study has nothing that can be changed.", wanted="a feature with a lever", where=path.name, todo=_instead(asked))
    if asked == "segments" and study.segments is None:
        raise ParameterError("A study does not say by what its customers are divided.", wanted="a section segments", where=path.name, todo=_instead(asked))
    return study


def _instead(asked: Literal["levers", "segments"]) -> str:
    return f"Choose one of: {', '.join(study_names(asked))}" if study_names(asked) else ""
