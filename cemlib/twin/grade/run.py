"""Runs gradings and collects their marks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.twin.grade.asking import Asking
from cemlib.twin.grade.gradings import GRADINGS
from cemlib.twin.grade.marks import Mark, MarkSheet

__all__ = ["check_itself", "grade"]


def grade(seed: int, only: Iterable[str] = (), *, runs: int = 3, subscribers: int = 6000, days: int = 21, mutation: str = "",
          progress: Callable[[int, int, str], None] | None = None) -> MarkSheet:
    """Grade the analyses on cases drawn from a seed.

    Parameters
    ----------
    seed : int
    only : iterable of str
        Gradings of :data:`GRADINGS`; all by default.
    runs : int
        Cases with effect of each scenario; as many without one come on top.
    subscribers, days : int
        Size of each operator.
    mutation : str
        A broken analysis in the place of the real one; see :func:`check_itself`.
    progress : callable, optional
        Called with (gradings done, in all, what is done).

    Returns
    -------
    MarkSheet

    Raises
    ------
    UnknownNameError
        For a grading that does not exist.
    ParameterError
        For sizes in which nothing could be found.
    """
    names = list(dict.fromkeys(only)) or list(GRADINGS)
    for name in names:
        if name not in GRADINGS:
            raise UnknownNameError("grading", name, GRADINGS)
    if runs < 1 or days < 14 or subscribers < 500:
        raise ParameterError("The operators are too small to grade on.", wanted="1 run, 14 days and 500 subscribers at least",
                             came=f"{runs} runs, {days} days, {subscribers} subscribers")
    tell = progress or (lambda done, total, text: None)
    begun, marks = time.monotonic(), []
    for number, name in enumerate(names):
        one = GRADINGS[name]

        def told(text: str, number: int = number, name: str = name) -> None:
            tell(number, len(names), f"{name}: {text}")

        told("begins")
        asking = Asking(mutation, told)
        if not Asking().ask("is_there", one.needs)["is_there"]:
            marks.append(Mark(name, "not there", None, None, None, 0, note=f"cemlib.{one.needs} does not exist yet"))
            continue
        found = list(one.run(asking, seed, runs, {"subscribers": subscribers, "days": days}))
        marks += found or [Mark(name, "not there", None, None, None, 0, note=f"cemlib.{one.needs} exists; its grading does not")]
    tell(len(names), len(names), "done")
    return MarkSheet(seed, tuple(marks), time.monotonic() - begun)


def check_itself(seed: int, only: Iterable[str] = (), *, runs: int = 1, subscribers: int = 4000, days: int = 16,
                 progress: Callable[[int, int, str], None] | None = None) -> dict[tuple[str, str], bool]:
    """Whether broken analyses score badly: (grading, mutation) to whether a mark is missed.

    A grading that a constant p-value, "always one cause" or "never a cause" passes would be worth nothing.
    """
    names = list(dict.fromkeys(only)) or [one.name for one in GRADINGS.values() if one.mutations]
    found = {}
    for name in names:
        if name not in GRADINGS:
            raise UnknownNameError("grading", name, GRADINGS)
        for mutation in GRADINGS[name].mutations:
            sheet = grade(seed, [name], runs=runs, subscribers=subscribers, days=days, mutation=mutation, progress=progress)
            found[name, mutation] = bool(sheet.missed)
    return found
