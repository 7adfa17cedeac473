"""Segments of customers, the minimum view as plain data: which groups there are by behaviour and expectation, or by rules, and how each fares."""

from __future__ import annotations

from cemlib.usecases.segments.reader import ALL, FOUND, LAKE, LAST, Reader
from cemlib.usecases.segments.view import SegmentView

__all__ = ["SegmentView", "view_segments"]


def view_segments(lake, *, study: str = LAKE, by: str = FOUND, period: str = LAST, segment: str = ALL, other: str = ALL, role: str | None = None, strict: bool = True) -> SegmentView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    study : str
        ``lake``: its customers; or the name of a file in the folder ``studies`` beside the lake that has a section ``segments``.
    by : str
        ``found``: segments that are found; ``named``: sets by the rules of ``named_sets.yaml``, or of the study.
    period : str
        Of the lake: "last" (the last 14 days that have records), a month (2026-03), a day or from/to (2026-03-01/2026-03-15), UTC days, both included.
    segment, other : str
        The segment whose places are shown and that is compared, and the one that it is compared with; "all": the ones that fare worst and best.
    role : str, optional
        Whose eyes it is for: from a manager, groups of fewer than k customers are hidden.
    strict : bool
        Whether what does not exist is an error. Off (in an app), it is left out and told.

    Raises
    ------
    ParameterError
        For a period that cannot be read, a study or a rule that is not told as wanted.
    UnknownNameError
        For a study, a column or a segment that there is not, with the nearest ones.

    Examples
    --------
    ``view = view_segments(lake)``; ``view.answer``, ``view.segments``, ``view.rules`` and ``view.migration`` are then what the app shows;
    ``view.again(by="named")`` divides the same customers by the named sets.
    """
    return Reader(lake, study, period, role, strict=strict).view(by=by, segment=segment, other=other)
