"""The section of a study that says by what its customers are divided, and how each group's success is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

__all__ = ["SegmentFeature", "SegmentOutcome", "Segmentation"]

#: A name stands in the names of segments and in rules: one word.
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class _Told(BaseModel):
    """A column with its words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    unit: str = ""
    column: str | None = None
    value: str | None = None

    @field_validator("value", mode="before")
    @classmethod
    def _quoted(cls, value):
        # YAML 1.1 reads Yes as true
        if isinstance(value, bool):
            raise ValueError('a value such as "Yes" is written in quotes')
        return value if value is None else str(value)


class SegmentFeature(_Told):
    """What tells customers apart.

    Attributes
    ----------
    label, unit : str
    column : str, optional
        Of the files; the feature's own name by default.
    columns, value : list of str, str, optional
        In place of a column: how many of these columns hold that value.
    log : bool
        Whether logarithms of (1 + value) are compared: one more of little is more than one more of much.
    """

    columns: list[str] = []
    log: bool = False

    @model_validator(mode="after")
    def _check(self) -> SegmentFeature:
        if bool(self.columns) != (self.value is not None) or (self.columns and self.column):
            raise ValueError("a feature is one column, or columns with the value that is counted")
        return self


class SegmentOutcome(_Told):
    """How the customers of a segment fare.

    Attributes
    ----------
    label, unit : str
    column : str, optional
        Of the files; the outcome's own name by default.
    kind : str
        ``mean``; ``share`` of the customers whose column holds ``value``, in percent; ``nps`` of answers 0 … 10.
    low, high : float, optional
        The scale: an answer outside of it is no answer.
    better : int
        Good direction, 0 where there is none. The first outcome that has one says which segment fares worst.
    digits : int
        Decimals that are shown.
    """

    kind: Literal["mean", "share", "nps"] = "mean"
    low: float | None = None
    high: float | None = None
    better: Literal[-1, 0, 1] = 0
    digits: int = Field(default=1, ge=0, le=4)

    @model_validator(mode="after")
    def _check(self) -> SegmentOutcome:
        if (self.kind == "share") != (self.value is not None):
            raise ValueError("a share, and nothing else, needs the value that counts")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low is below high")
        return self


class Segmentation(BaseModel):
    """By what customers are divided.

    Attributes
    ----------
    behaviour, expectation : dict of str to SegmentFeature
        What they do; what they pay, are promised and are used to.
    outcomes : dict of str to SegmentOutcome
    named : dict of str to str
        Sets by rule: see :class:`cemlib.analysis.NamedSegments`. Rules name features, in their own units.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    behaviour: dict[_Word, SegmentFeature]
    expectation: dict[_Word, SegmentFeature] = {}
    outcomes: dict[_Word, SegmentOutcome]
    named: dict[str, str] = {}

    @model_validator(mode="after")
    def _check(self) -> Segmentation:
        twice = set(self.behaviour) & set(self.expectation)
        if twice or not self.behaviour or not self.outcomes:
            raise ValueError(f"feature {min(twice)} is in both blocks" if twice else "a feature of behaviour and an outcome at least")
        return self
