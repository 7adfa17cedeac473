"""A study: which ratings, which features with which levers, which groups, the declared graph, and by what customers are divided. A YAML file each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from cemlib.errors import CemError
from cemlib.experience.index_places import read_places
from cemlib.usecases.studies.segmentation import Segmentation

__all__ = ["OUTCOME", "Feature", "Source", "Study", "in_words"]

#: The name of the rating in a study's graph.
OUTCOME = "outcome"


def in_words(name: str) -> str:
    """The name of a column as words.

    Examples
    --------
    >>> in_words("home_region"), in_words("InternetType"), in_words("Monthly Charge"), in_words("plan-type"), in_words("QoU_sex"), in_words("IMEI")
    ('home region', 'internet type', 'Monthly Charge', 'plan type', 'QoU sex', 'IMEI')
    """
    if " " in name.strip():
        return name.strip()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", re.sub(r"[_.\-]+", " ", name)).split()
    # an abbreviation stays as it is written
    return " ".join(word.lower() if word.istitle() else word for word in words) or name


class Feature(BaseModel):
    """A feature of the ratings.

    Attributes
    ----------
    label, unit : str
    kind : str
        ``category`` becomes one column of 0 and 1 for each of its values but the most frequent.
    better : int
        Good direction, 0 where none is declared: then improving it is never recommended, though a lever may move it.
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
    groups : dict of str to str
        Columns by which customers are chosen and compared, with their titles; empty where none is told (see :meth:`title_of`). A list of columns is one without titles.
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
    groups: dict[str, str] = {}
    edges: list[str] = []
    unobserved: list[str] = []
    cost_unit: str = "units of cost"
    segments: Segmentation | None = None
    most_set_aside: float = Field(default=0.1, ge=0, lt=1)

    @field_validator("groups", mode="before")
    @classmethod
    def _titled(cls, value):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return dict.fromkeys(value, "")
        if not isinstance(value, dict):
            raise ValueError("groups are columns, [region, plan], or columns with titles, {region: Region, plan: Plan of the customer}")
        return {name: title or "" for name, title in value.items()}

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

    def title_of(self, group: str) -> str:
        """The title of a group: as told, else that of the feature of the same column, else its name in words.

        Examples
        --------
        >>> told = {"name": "a", "path": "a.yaml", "title": "A", "source": {"lake": "call_ratings"}, "edges": ["b -> outcome"],
        ...         "features": {"b": {"label": "Band", "lever": "add"}}, "groups": {"b": None, "home_region": None, "planCode": "Plan"}}
        >>> [Study.model_validate(told).title_of(one) for one in ("b", "home_region", "planCode")]
        ['Band', 'home region', 'Plan']
        """
        return self.groups.get(group) or (self.features[group].label if group in self.features else in_words(group))

    def where(self, *keys: str | int) -> str:
        """File, line and column of what these words of its file lead to, for an error."""
        try:
            return read_places(self.path.read_text(encoding="utf-8"), self.path.name)[1].tell(keys)
        except (OSError, CemError):
            # a study that was made without a file, or whose file was changed since
            return f"study {self.name}: {' > '.join(str(one) for one in keys)}"
