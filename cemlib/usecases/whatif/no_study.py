"""What is shown where no study can be opened: which there are, why each cannot be, and an example to copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from cemlib.errors import CemError
from cemlib.settings import settings
from cemlib.usecases.minimum_view import MinimumView
from cemlib.usecases.studies.catalogue import why_of
from cemlib.usecases.whatif.view import ALL, QUESTION, SatisfactionView

__all__ = ["NoStudyView", "refuse_all"]

_EXAMPLE = "templates/study/survey.yaml"


@dataclass(frozen=True, kw_only=True)
class NoStudyView(MinimumView):
    """The view where no study can be opened.

    Attributes
    ----------
    refused : DataFrame
        ``study``, ``why`` it cannot be opened, what ``todo``.
    example : str
        A study that opens, as its file; empty where it is not beside the workbench.
    messages
        Of a scenario: none.
    """

    refused: pd.DataFrame
    example: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Closed:
    """Opens what is chosen next."""

    open: Callable[[str], SatisfactionView | NoStudyView]

    def again(self, asked: Mapping[str, str]) -> SatisfactionView | NoStudyView:
        return self.open(asked["study"])


def refuse_all(asked: str, refused: Mapping[str, CemError], open_next: Callable[[str], SatisfactionView | NoStudyView]) -> NoStudyView:
    """The view of studies none of which can be opened.

    Parameters
    ----------
    asked : str
        The study that was asked for.
    refused : mapping of str to CemError
    open_next : callable
        Opens another by its name.
    """
    rows = [{"study": name[:60], "why": why_of(error), "todo": error.todo or "Change its file, and open this page again."} for name, error in refused.items()]
    path = settings().home / _EXAMPLE
    tried = "One was tried" if len(rows) == 1 else f"{len(rows)} were tried"
    return NoStudyView(
        question=QUESTION, answer=[f"**No study can be opened**, so nothing can be told. {tried}: why not, and what to do, stands below."], refused=pd.DataFrame(rows),
        example=path.read_text(encoding="utf-8") if path.is_file() else "", chosen={"study": asked[:60], "who": ALL, "changes": "", "saved": "", "driver": ""},
        choices={"study": [(name[:60], name[:60]) for name in refused], "who": [(ALL, "all customers")]}, footer=["studies are files in the folder studies beside the lake"], _reader=_Closed(open_next))
