"""The event time of records that carry none: declared by the mapping or the caller, or told by the file's name."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from cemlib.errors import SourceError

__all__ = ["EventTime", "as_instant"]

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")


class EventTime(BaseModel):
    """The event time of records that have none themselves: declared, or taken from the file's name.

    Attributes
    ----------
    at : datetime
        The declared time (UTC).
    file_name : str
        A regular expression with the groups ``year`` and ``month`` (number or English name) and perhaps ``day``.
    grain : str
        How exactly the time is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: dt.datetime | dt.date | None = None
    file_name: str | None = None
    grain: Literal["hour", "day", "month", "unknown"] = "unknown"

    @model_validator(mode="after")
    def _is_told_once(self) -> EventTime:
        if (self.at is None) == (self.file_name is None):
            raise ValueError("say either `at` or `file_name`")
        re.compile(self.file_name or "")
        return self

    def of_file(self, path: Path) -> dt.datetime:
        """The event time of the records of one file.

        Raises
        ------
        SourceError
            When the name does not tell it.

        Examples
        --------
        >>> EventTime(file_name=r"(?P<month>[A-Z][a-z]+)_(?P<year>\\d{4})").of_file(Path("Ratings_May_2019.csv")).isoformat()
        '2019-05-01T00:00:00+00:00'
        """
        if self.at is not None:
            return as_instant(self.at)
        found = re.search(self.file_name, path.name)
        try:
            parts = found.groupdict() if found else {}
            month = parts["month"]
            number = int(month) if month.isdigit() else _MONTHS.index(month.casefold()) + 1
            return dt.datetime(int(parts["year"]), number, int(parts.get("day") or 1), tzinfo=dt.UTC)
        except (KeyError, ValueError):
            raise SourceError("The file's name does not tell the time of its records.", wanted=f"a name like {self.file_name}",
                              came=path.name, todo='Say it yourself: event_time="2019-09-01".') from None


def as_instant(value: str | dt.date | dt.datetime) -> dt.datetime:
    """A date or time as a UTC instant; without a zone it is taken as UTC.

    Raises
    ------
    SourceError
        For a text that is not ISO 8601.
    """
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise SourceError("The event time is not a date or time.", wanted="2019-09-01 or 2019-09-01T12:00:00Z", came=repr(value)) from None
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
