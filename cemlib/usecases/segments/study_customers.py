"""The customers of a study's files, with what they are divided by and how they fare: a row a customer."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from cemlib.errors import ParameterError, UnknownNameError, hide_identifiers
from cemlib.privacy import may_see_records
from cemlib.usecases.segments.division import Marks
from cemlib.usecases.segments.features import Feature, as_measured_frame
from cemlib.usecases.segments.outcomes import Outcome
from cemlib.usecases.studies.cells import ANSWERS, Asked
from cemlib.usecases.studies.files import keep_aside, read_study_files
from cemlib.usecases.studies.segmentation import SegmentFeature, SegmentOutcome
from cemlib.usecases.studies.study import Study

__all__ = ["StudyCustomers"]

_DIGITS = 6


class StudyCustomers:
    """Customers of a study.

    Parameters
    ----------
    study : Study
        With a section ``segments``.
    lake : Lake
        Keeps what is set aside.
    role : str, optional
        A manager is told what is set aside in totals.

    Raises
    ------
    ParameterError
        A file cannot be read, or a column has no numbers, or too few.
    UnknownNameError
        There is no such column.
    """

    noun = noun_of_all = "customers"
    period, earlier, earlier_marks, not_moved = "", None, None, ""

    def __init__(self, study: Study, lake, role: str | None = None) -> None:
        self._role, self._lake, self.told, self.study, self._section = role, lake, study, study.name, study.segments
        blocks = (("behaviour", self._section.behaviour), ("expectation", self._section.expectation))
        self._features = {name: one for _, features in blocks for name, one in features.items()}
        self.catalogue = tuple(Feature(name, block, one.unit, one.label, one.log) for block, features in blocks for name, one in features.items())
        self.outcomes = tuple(Outcome(name, one.label, "%" if one.kind == "share" else one.unit or ("points" if one.kind == "nps" else ""), one.digits, one.kind, one.better)
                              for name, one in self._section.outcomes.items())
        self._read()

    def _read(self) -> None:
        rows = read_study_files(self.told, self._asked(), self._role)
        self._notes, self.set_aside = [*keep_aside(self.told, "segments", rows, self._lake), *rows.notes], rows.aside.counts
        customer = self.told.source.customer
        frame = rows.frame[rows.frame[customer].notna()].reset_index(drop=True)
        self._n_rows = len(frame)
        numbers = {name: self._feature(frame, name, one) for name, one in self._features.items()}
        values = {name: self._outcome(frame, name, one) for name, one in self._section.outcomes.items()}
        who = frame[customer]
        features = pd.DataFrame(numbers, index=frame.index).groupby(who).mean()
        for one in self.catalogue:
            features[one.name] = (np.log1p(features[one.name]) if one.is_log else features[one.name]).round(_DIGITS)
        self.features = self.everyone = features.rename_axis(None)
        self.values = pd.DataFrame(values, index=frame.index).groupby(who).mean().round(_DIGITS).rename_axis(None)

    def _asked(self) -> dict[str, Asked]:
        """The columns of numbers; one that is asked for twice lies within both scales."""
        wanted = [(one.column or name, Asked(one.label, 0 if one.log else None, keys=self._keys(name, "column"))) for name, one in self._features.items() if not one.columns]
        scales = {name: (0, 10) if one.kind == "nps" else (one.low, one.high) for name, one in self._section.outcomes.items()}
        wanted += [(one.column or name, Asked(one.label, *scales[name], ANSWERS, keys=self._keys(name, "column"))) for name, one in self._section.outcomes.items() if one.kind != "share"]
        found: dict[str, Asked] = {}
        for column, one in wanted:
            found[column] = found[column].within(one) if column in found else one
        return found

    def _keys(self, name: str, *below: str | int) -> tuple[str | int, ...]:
        """Where the study's file tells a feature or an outcome."""
        block = next(one for one in ("behaviour", "expectation", "outcomes") if name in getattr(self._section, one))
        return ("segments", block, name, *below)

    def _column(self, frame: pd.DataFrame, column: str, keys: tuple[str | int, ...]) -> pd.Series:
        if column not in frame.columns:
            raise UnknownNameError("column", column, frame.columns, where=self.told.where(*keys))
        return frame[column]

    def _feature(self, frame: pd.DataFrame, name: str, one: SegmentFeature) -> pd.Series:
        if one.columns:
            held = self._holds([self._column(frame, column, self._keys(name, "columns", place)) for place, column in enumerate(one.columns)], one.value)
            return pd.concat(held, axis=1).sum(axis=1, min_count=len(held))
        return frame[one.column or name]

    def _outcome(self, frame: pd.DataFrame, name: str, one: SegmentOutcome) -> pd.Series:
        column = self._column(frame, one.column or name, self._keys(name, "column"))
        return self._holds([column], one.value)[0] if one.kind == "share" else column

    def _holds(self, columns: list[pd.Series], value: str) -> list[pd.Series]:
        """Whether each row of each column holds a value, 0 or 1; missing where it is not known."""
        texts = [column.astype(object).map(lambda one: f"{one:g}" if isinstance(one, float) else str(one).strip(), na_action="ignore") for column in columns]
        if not any((one == value).any() for one in texts):
            there = list(pd.concat(texts).value_counts().index[:5])
            where = ", ".join(str(one.name) for one in columns)
            is_near = value.casefold() in [one.casefold() for one in there]
            # a value may be one customer's own
            there = there if may_see_records(self._role) else []
            if is_near:
                raise ParameterError("No row holds the value that is counted.", wanted=value, came=", ".join(there), where=f"study {self.study}: column {where}")
            self._notes.append(f"No row holds “{value}” in {where}{f'; there are: {shown}' if (shown := ', '.join(f'“{hide_identifiers(one)[:20]}”' for one in there)) else ''}.")
        return [(one == value).astype(float).where(one.notna()) for one in texts]

    @property
    def has_rules(self) -> bool:
        """Whether the study names sets."""
        return bool(self._section.named)

    @property
    def rules(self) -> dict[str, str]:
        """The named sets and their rules."""
        return self._section.named

    @functools.cached_property
    def marks(self) -> Marks:
        """What rules may name: the features, as measured."""
        return Marks(as_measured_frame(self.features, self.catalogue), {one.name: (one.title, one.unit) for one in self.catalogue}, {})

    def periods(self) -> list[tuple[str, str]]:
        """A study has no periods."""
        return []

    @property
    def when(self) -> str:
        """What they are of."""
        return self.told.title

    @property
    def facts(self) -> list[str]:
        """For the evidence line."""
        files = ", ".join(str(one).replace("\\", "/").rpartition("/")[2] for one in (self.told.source.file, *self.told.source.join))
        averaged = "; rows of one customer are averaged" if self._n_rows > len(self.features) else ""
        return [self.told.title, f"{self._n_rows:,} rows of {len(self.features):,} customers in {files}{averaged}"]

    @property
    def notes(self) -> list[str]:
        """What is not as wanted."""
        return self._notes
