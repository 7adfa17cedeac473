"""What-if satisfaction, the view as plain data: who, which levers, satisfaction now and then, and what may be claimed."""

from __future__ import annotations

from cemlib.usecases.whatif.no_study import NoStudyView
from cemlib.usecases.whatif.reader import ALL, LAKE, open_study
from cemlib.usecases.whatif.view import SatisfactionView

__all__ = ["NoStudyView", "SatisfactionView", "what_if_satisfaction"]


def what_if_satisfaction(lake, *, study: str = LAKE, who: str = ALL, changes: str = "", saved: str = "", driver: str = "", role: str | None = None, strict: bool = True) -> SatisfactionView | NoStudyView:
    """Fit the study's model and play a scenario.

    Parameters
    ----------
    lake : Lake
    study : str
        ``lake``: the ratings of the lake beside its speed tests; or the name of a file in the folder ``studies`` beside the lake.
    who : str
        ``all``, or ``group=level`` such as ``technology=4g``.
    changes : str
        Such as ``generation_code>=4;speed_median_mbps+10%``.
    saved : str
        Scenarios to compare: ``who~changes``, separated by ``|``.
    driver : str
        The driver that is marked on the map of gains, by its label.
    role : str, optional
    strict : bool
        Whether a name that does not exist, a change that cannot be read, or a study that cannot be opened is an error. Off (in an app) it is left out and told in
        ``missing``, and another study is shown; where none can be opened, the view says of each why not (:class:`NoStudyView`).

    Raises
    ------
    UnknownNameError
        There is no such study, group, level, lever or driver.
    ParameterError
        A change cannot be read, there are too few ratings for a model, or a feature leaks the rating.

    Examples
    --------
    ``view = what_if_satisfaction(lake, changes="generation_code>=4")``; ``view.answer``, ``view.scenario.result.claim`` and ``view.importance`` are then
    what the app shows, and ``view.show("technology=2g", {"generation_code": 5})`` is the view of another scenario, without fitting anew.
    """
    return open_study(lake, study, role, strict, who=who, changes=changes, saved=saved, driver=driver)
