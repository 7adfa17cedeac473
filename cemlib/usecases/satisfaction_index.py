"""The open satisfaction index, the minimum view as plain data: how satisfied customers are, why, and whether the index is any good."""

from __future__ import annotations

from cemlib.usecases.satisfaction.indexes import DEFAULT
from cemlib.usecases.satisfaction.reader import LAST, Reader
from cemlib.usecases.satisfaction.view import SatisfactionView

__all__ = ["SatisfactionView", "view_satisfaction"]


def view_satisfaction(lake, *, month: str = LAST, index: str = DEFAULT, other: str = "", weights: str = "", role: str | None = None, strict: bool = True) -> SatisfactionView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    month : str
        A month (2026-03), or "last": the last 30 days that have records.
    index : str
        "default", the name of a file in data/indexes, or a path.
    other : str
        Another index to compare with.
    weights : str
        Other weights to compare with, such as ``price=0.4``; the others of the same kind keep their proportions.
    role : str, optional
        Whose eyes it is for: from a manager, single customers and groups of fewer than k are hidden.
    strict : bool
        Whether what does not exist is an error. Off (in an app), it is left out and told, and no path is taken.

    Raises
    ------
    UnknownNameError
        For an index or weight that does not exist, or a misspelt word in a file.
    ParameterError
        For a month that is none, or a file that is wrong.

    Examples
    --------
    ``view = view_satisfaction(lake, weights="price=0.4")``; ``view.answer``, ``view.drivers``, ``view.moves`` and
    ``view.explain(segment="plus")`` are then what the app shows; ``view.move("memory", 0.5)`` is the view with one weight moved.
    """
    return Reader(lake, month=month, index=index, role=role, strict=strict).view(other=other, weights=weights)
