"""Ratings and survey answers of any shape, through a mapping file."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["Rating"]


class Rating(MappedSource):
    """Answers of customers to one question, into ``survey_answer``; text is never stored.

    Without ``mapping`` the file is the demo operator's. ``event_time`` is for files whose records have no time.

    Examples
    --------
    >>> Rating("MyCall_Data_September_2019.csv", mapping="trai_mycall").code
    'trai_mycall'
    """

    code: ClassVar[str] = "rating"
    default_tables: ClassVar[tuple[str, ...]] = ("survey_answer",)
    mapping_name: ClassVar[str] = "demo_rating"
    golden: ClassVar[str] = "rating.csv"
