"""Mobile insights, the minimum view as plain data: which mobile customers are unhappy, where, and with what.

Ratings (``survey_answer``) say who is unhappy and with what; speed tests (``probe_test``) say what the network gave. Either
alone is enough for a part of the view; what is missing is said, not hidden.
"""

from __future__ import annotations

from cemlib.usecases.mobile.reader import Reader
from cemlib.usecases.mobile.view import MobileDetail, MobileView
from cemlib.usecases.period import ALL

__all__ = ["MobileDetail", "MobileView", "view_mobile"]


def view_mobile(lake, *, operator: str = ALL, technology: str = ALL, place: str = ALL, state: str = ALL, period: str = ALL,
                role: str | None = None, strict: bool = True) -> MobileView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    operator, technology, place, state : str
        One level, or "all". "unknown" is what the source does not state.
    period : str
        all, a month (2026-03), a day (2026-03-21) or from/to (2026-03-01/2026-03-15), UTC days, both included. Records of
        which only the month is known count when their month lies wholly within it.
    role : str, optional
        Whose eyes it is for: from a manager, groups of fewer than k customers and the records are hidden. The settings' by default.
    strict : bool
        Whether a level that does not exist, or a period that cannot be read, is an error. Off (in an app, whose address anybody
        can write), it is left out and told in ``missing``.

    Raises
    ------
    ParameterError
        For a level that no answer and no test has, with the nearest ones, and for a period that cannot be read.

    Examples
    --------
    ``view = view_mobile(lake, operator="Airtel")``; ``view.answer``, ``view.cells``, ``view.detail(state="Punjab")`` and
    ``view.records("rating_dissatisfied_ratio", state="Punjab")`` are then what the app shows.
    """
    chosen = {"operator": operator, "technology": technology, "place": place, "state": state}
    return Reader(lake, chosen, period, role, strict=strict).view()
