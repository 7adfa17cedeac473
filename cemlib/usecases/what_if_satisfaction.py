"""What-if satisfaction, the view as plain data: who, which levers, satisfaction now and then, and what may be claimed."""

from __future__ import annotations

from cemlib.errors import CemError, UnknownNameError
from cemlib.usecases.studies.catalogue import load_study, reason_of, study_names
from cemlib.usecases.whatif.ratings import read_study_ratings
from cemlib.usecases.whatif.view import ALL, SatisfactionView

__all__ = ["SatisfactionView", "what_if_satisfaction"]


def what_if_satisfaction(lake, *, study: str = "lake", who: str = ALL, changes: str = "", saved: str = "", role: str | None = None, strict: bool = True) -> SatisfactionView:
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
    role : str, optional
    strict : bool
        Whether a name that does not exist, a change that cannot be read, or a study that cannot be opened is an error. Off (in an app) it is left out and told in
        ``missing``, and another study is shown.

    Raises
    ------
    UnknownNameError
        There is no such study, group, level or lever.
    ParameterError
        A change cannot be read, there are too few ratings for a model, or a feature leaks the rating.

    Examples
    --------
    ``view = what_if_satisfaction(lake, changes="generation_code>=4")``; ``view.answer``, ``view.scenario.result.claim`` and ``view.importance`` are then
    what the app shows, and ``view.show("technology=2g", {"generation_code": 5})`` plays another scenario without fitting anew.
    """
    given = {"who": who, "changes": changes, "saved": saved, "role": role, "strict": strict}
    if strict:
        return _open(lake, study, **given)
    problem: CemError | None = None
    # an app shows something: the study that was asked for, else the lake's ratings, else another that can be opened
    for name in dict.fromkeys([study, "lake", *study_names("levers")]):
        try:
            # what was chosen belongs to the study that was asked for
            view = _open(lake, name, **(given if name == study else {"role": role, "strict": strict}))
        except CemError as error:
            problem = problem or error
            continue
        if problem is not None:
            view.missing.insert(0, f"The study {study[:60]} cannot be opened: {reason_of(problem)} Shown instead: {view.study.title}.")
        return view
    raise problem if problem is not None else UnknownNameError("study", study, [])


def _open(lake, study: str, **given) -> SatisfactionView:
    told = load_study(study, "levers")
    ratings = read_study_ratings(told, lake)
    view = SatisfactionView(told, ratings, snapshot=str(lake.snapshot().id) if told.source.lake else "", **given)
    view.missing[:0] = ratings.notes
    return view
