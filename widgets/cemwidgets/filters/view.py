"""The chip bar as a widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import traitlets

from cemlib.errors import UnknownNameError
from cemwidgets.filters.state import Filter, as_text, checked, filter_html, query_of
from cemwidgets.panel.parts import esc
from cemwidgets.panel.view import Panel

__all__ = ["FilterBar"]


class FilterBar(Panel):
    """Chips on one line; their values are in ``values`` and in the address of the page.

    Parameters
    ----------
    items : sequence of Choice, Day, Text or Listed
    values : mapping, optional
        What they are set to; the defaults otherwise.
    on_change : callable, optional
        Called with the dict of all values after every change.
    tail : str
        HTML at the end of the line, such as :func:`cemwidgets.panel.actions`; its events are heard with ``bar.on``.
    address : callable, optional
        Gives the query of the page's address, given that of the chips: for what is no chip and leads here too.

    Examples
    --------
    >>> from cemwidgets.filters import Choice
    >>> bar = FilterBar([Choice("rat", "RAT", ("all", "4g"), "all")], on_change=print)
    >>> bar.set(rat="4g")
    {'rat': '4g'}
    >>> bar.query
    'rat=4g'
    """

    values = traitlets.Dict()

    def __init__(
        self, items: Sequence[Filter], values: Mapping[str, object] | None = None, *, on_change: Callable[[dict], None] | None = None, tail: str | Callable[[str], str] = "",
        address: Callable[[str], str] | None = None,
    ) -> None:
        self.items, self._on_change, self._tail, self._address = list(items), on_change, tail, address
        super().__init__()
        start = {item.name: item.default for item in self.items}
        start |= {name: str(value) for name, value in (values or {}).items() if name in start and value is not None}
        self.values = {item.name: checked(item, start[item.name]) for item in self.items}
        self.on("filter", lambda event: self.set(**{event["name"]: event.get("value", "")}))
        self.on("reset", lambda event: self.set(**{item.name: item.default for item in self.items}))

    @traitlets.observe("values")
    def _draw(self, change) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Show the chips anew, after the items or what the tail tells have changed."""
        query = query_of(self.items, self.values)
        self.query = self._address(query) if self._address else query
        tail = self._tail(self.query) if callable(self._tail) else self._tail
        self.html = filter_html(self.items, self.values, tail=tail)

    def set(self, **changes: object) -> None:
        """Set filters by name and tell ``on_change`` once."""
        known = {item.name: item for item in self.items}
        for name in changes:
            if name not in known:
                raise UnknownNameError("filter", name, known)
        new = {**self.values, **{name: checked(known[name], value) for name, value in changes.items()}}
        if new == self.values:
            return
        self.values = new
        if self._on_change:
            self._on_change(dict(new))

    def static(self) -> str:
        """Return what the filters are set to, in words."""
        chips = "".join(f'<span class="cem-chip">{esc(text)}</span>' for text in as_text(self.items, self.values))
        return f'<div class="cem"><div class="cem-chips">{chips}</div></div>'

