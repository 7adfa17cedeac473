"""Places that hold widgets: columns that stack when narrow, stacks, boxes with a heading, folds; and the parts that a page is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import pandas as pd

from cemlib.errors import PrivacyError
from cemlib.usecases.minimum_view import MinimumView
from cemwidgets.filters.view import FilterBar
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import esc
from cemwidgets.panel.view import Panel
from cemwidgets.records.view import Records
from cemwidgets.style.view import bundle_with_twin

__all__ = ["MOST_RECORDS", "Boxed", "Columns", "Fold", "Part", "Stack", "UseCasePage"]

#: so many records of a figure are shown at the most
MOST_RECORDS = 20_000


def _static(child: ipywidgets.Widget) -> str:
    return child.static() if hasattr(child, "static") else ""


class _Place(ipywidgets.Box):
    _style = ""

    def __init__(self, *children: ipywidgets.Widget) -> None:
        super().__init__(list(children))
        self.add_class(self._style)

    def static(self) -> str:
        """Return the children's static twins in the same arrangement."""
        return f'<div class="{self._style}">{"".join(_static(child) for child in self.children)}</div>'

    def _repr_mimebundle_(self, **kwargs):
        return bundle_with_twin(super()._repr_mimebundle_(**kwargs), self.static)


class Columns(_Place):
    """Widgets side by side; one under another when there is no room.

    Examples
    --------
    >>> Columns(Panel("<p>left</p>"), Panel("<p>right</p>")).static()
    '<div class="cem-columns"><div class="cem"><p>left</p></div><div class="cem"><p>right</p></div></div>'
    """

    _style = "cem-columns"


class Stack(_Place):
    """Widgets one under another, 16 px apart."""

    _style = "cem-stack"


class Boxed(_Place):
    """A widget (map, trend) in a box with a heading; ``title`` and ``note`` can be set anew.

    Parameters
    ----------
    title : str
    *children : widgets
    note : str
        Small words beside the title: what is shown, of what, since when.
    """

    _style = "cem-boxed"

    def __init__(self, title: str, *children: ipywidgets.Widget, note: str = "") -> None:
        self._head = Panel()
        self.rename(title, note)
        super().__init__(self._head, *children)
        self.add_class("cem-stack")

    def rename(self, title: str, note: str = "") -> None:
        """Change the heading."""
        self._head.html = f'<h2 class="cem-head">{esc(title)}<small>{esc(note)}</small></h2>'

    def static(self) -> str:
        """Return the heading and the children's static twins."""
        return f'<div class="cem-boxed">{"".join(_static(child) for child in self.children)}</div>'


class Fold(_Place):
    """What is one click deeper: closed in an app until somebody opens it, open in a report.

    Parameters
    ----------
    title : str
        What is found inside, in a few words.
    *children : widgets
    note : str
        Small words beside the title.
    is_open : bool
        Whether it is open at first: where the page's address asks for what is inside.
    draw : callable, optional
        Draws what is inside whenever it is opened: what takes long is not worked out for those who do not look.

    Examples
    --------
    >>> fold = Fold("Rules in plain words", Panel("<p>abroad above 2 %</p>"))
    >>> fold.is_open
    False
    >>> fold.static()
    '<details class="cem-fold" open><summary>Rules in plain words</summary><div class="cem-stack"><div class="cem"><p>abroad above 2 %</p></div></div></details>'
    """

    _style = "cem-fold"

    def __init__(self, title: str, *children: ipywidgets.Widget, note: str = "", is_open: bool = False, draw: Callable[[], None] | None = None) -> None:
        self.title, self.note, self.is_open, self._draw = title, note, is_open, draw
        self._head = Panel()
        self._head.on("fold", lambda event: self.turn())
        super().__init__(self._head, *children)
        self.add_class("cem-stack")
        self._show()

    def turn(self) -> None:
        """Open what is closed, close what is open."""
        self.is_open = not self.is_open
        if self.is_open and self._draw is not None:
            self._draw()
        self._show()

    def _show(self) -> None:
        self._head.html = (f'<button type="button" class="cem-fold-head" data-event="fold" data-key="fold" aria-expanded="{str(self.is_open).lower()}">'
                           f"{esc(self.title)}{self._small()}</button>")
        if self.is_open:
            self.remove_class("is-shut")
        else:
            self.add_class("is-shut")

    def _small(self) -> str:
        return f"<small>{esc(self.note)}</small>" if self.note else ""

    def static(self) -> str:
        """Return the title and the children's static twins, open: on paper nothing can be clicked."""
        inside = "".join(_static(child) for child in self.children[1:])
        return f'<details class="{self._style}" open><summary>{esc(self.title)}{self._small()}</summary><div class="cem-stack">{inside}</div></details>'


class Part(Panel):
    """A part of a page: redrawn from the page's state; its twin has nothing to click.

    Parameters
    ----------
    draw : callable
        Gives the HTML, given whether it is live.

    Examples
    --------
    >>> Part(lambda live: "click" if live else "read").static()
    '<div class="cem">read</div>'
    """

    def __init__(self, draw: Callable[[bool], str]) -> None:
        self._drawn = draw
        super().__init__()

    def redraw(self) -> None:
        """Show what the state says now."""
        self.html = self._drawn(True)

    def static(self) -> str:
        """Return the part without what needs a kernel."""
        return f'<div class="cem">{self._drawn(False)}</div>'


class UseCasePage:
    """The page of a use case: its parts, the chips and the records, to be displayed one by one or together.

    The page of a use case is made with ``lake`` where its chips compute another view, the ``view`` that is shown first, and ``messages``: what in the
    page's address could not be used.

    A use case says its ``part_names``, lays them out after ``super().__init__``, calls ``draw()``, and says in :meth:`filtered` which view the chips lead to.

    Parameters
    ----------
    state : UseCaseState
    **answers : callable
        Who answers which event of a part; each is called with the event.

    Attributes
    ----------
    filters : FilterBar
    records : Records
        The records behind what was clicked last.
    """

    #: the parts by the name of the method of the state that draws them; each becomes an attribute of the page
    part_names: Sequence[str] = ("head", "cards", "foot")
    #: the table of the view that "Export" hands over
    exported: str = ""

    def __init__(self, state: UseCaseState, **answers: Callable[[dict], None]) -> None:
        self.state = state
        self.filters = FilterBar(state.filters(), state.values(), on_change=self._filter, tail=state.tail, address=state.address)
        self.filters.on("export", lambda event: self._export())
        self.filters.on("why", lambda event: state.ask_why())
        self.records = Records()
        for name in self.part_names:
            panel = Part(getattr(state, name))
            for event, answer in answers.items():
                panel.on(event, answer)
            setattr(self, name, panel)

    @property
    def view(self) -> MinimumView:
        """What is shown now."""
        return self.state.view

    def filtered(self, values: Mapping[str, str]) -> MinimumView:
        """The view that these values of the chips lead to."""
        return self.view.again(**values)

    def draw(self, *names: str) -> None:
        """Draw parts anew; all of them without a name."""
        for name in names or self.part_names:
            getattr(self, name).redraw()

    def show(self, view: MinimumView) -> None:
        """Show another view; the records of the one before are put away."""
        self.state.show(view)
        self.filters.items = self.state.filters()
        self.filters.redraw()
        self.records.show(None)
        self.draw()

    def open_records(self, read: Callable[[], pd.DataFrame], title: str, name: str, note: str = "", *, most: int = MOST_RECORDS, into: Records | None = None) -> None:
        """Show the records that ``read`` gives, or why they may not be seen.

        Parameters
        ----------
        read : callable
        title : str
        name : str
            File name of the export.
        note : str
            Said where not only the first of them are shown.
        most : int
            How many ``read`` gives at the most.
        into : Records, optional
            Another place for them than ``records``.
        """
        place = into or self.records
        try:
            rows = read()
        except PrivacyError as error:
            place.show(None, title=title, hidden=error.todo or error.what)
            return
        cut = f"the first {most:,}" if len(rows) == most else note
        place.show(rows.dropna(axis="columns", how="all"), title=title, note=cut, name=name)

    def _filter(self, values: Mapping[str, str]) -> None:
        self.show(self.filtered(values))

    def _export(self) -> None:
        if self.exported in self.view.tables:
            self.filters.download(f"{self.exported}.csv", self.view.tables[self.exported].to_csv(index=False))
