"""Which page of which records is shown, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from cemwidgets.panel.parts import MISSING, esc, number

__all__ = ["PageState", "records_html"]


@dataclass
class PageState:
    """A table, a page of it, an order.

    Examples
    --------
    >>> state = PageState(pd.DataFrame({"n": [3, 1, 2]}), size=2)
    >>> state.sort("n")
    >>> state.rows()["n"].tolist(), state.pages
    ([1, 2], 2)
    >>> state.go(2); state.rows()["n"].tolist()
    [3]
    """

    frame: pd.DataFrame
    size: int = 50
    page: int = 1
    order: str = ""
    ascending: bool = True
    _sorted: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self.frame) // self.size))

    def go(self, page: int) -> None:
        """Turn to a page; one that does not exist becomes the nearest."""
        self.page = min(max(int(page), 1), self.pages)

    def sort(self, column: str) -> None:
        """Sort by a column, or turn the order round when it is sorted by it already."""
        if column not in self.frame.columns:
            return
        self.ascending = not self.ascending if column == self.order else True
        self.order, self.page, self._sorted = column, 1, None

    def rows(self) -> pd.DataFrame:
        """The rows of this page."""
        if self._sorted is None:
            self._sorted = self.frame.sort_values(self.order, ascending=self.ascending, kind="stable", na_position="last") if self.order else self.frame
        start = (self.page - 1) * self.size
        return self._sorted.iloc[start : start + self.size]


def _text(value: object) -> str:
    if value is None or value is pd.NaT or (not isinstance(value, (list, tuple, dict)) and pd.isna(value)):
        return MISSING
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else number(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return esc(value)


def records_html(state: PageState, *, title: str, note: str = "", live: bool = True) -> str:
    """Return the page as a table; without ``live`` there is nothing to click."""
    rows = state.rows()
    heads, numeric = [], set()
    for column in rows.columns:
        if pd.api.types.is_numeric_dtype(rows[column]) and not pd.api.types.is_bool_dtype(rows[column]):
            numeric.add(column)
        mark = (" ↑" if state.ascending else " ↓") if column == state.order else ""
        way = f' aria-sort="{"ascending" if state.ascending else "descending"}"' if column == state.order else ""
        name = str(column).replace("_", " ")
        label = f'<button type="button" class="cem-sort" data-event="sort" data-column="{esc(column)}" data-key="sort-{esc(column)}">{esc(name)}{mark}</button>' if live else esc(name)
        heads.append(f'<th scope="col"{" class=is-number" if column in numeric else ""}{way}>{label}</th>')
    body = "".join(
        "<tr>" + "".join(f"<td{' class=is-number' if column in numeric else ''}>{_text(value)}</td>" for column, value in zip(rows.columns, row, strict=True)) + "</tr>"
        for row in rows.itertuples(index=False, name=None)
    )
    first = (state.page - 1) * state.size + 1 if len(state.frame) else 0
    count = f"{number(first)} – {number(first + len(rows) - 1 if len(rows) else 0)} of {number(len(state.frame))}"
    head = f'<h2 class="cem-head">{esc(title)}<small>{esc(note)}</small></h2>' if title else ""
    table = f'<div class="cem-scroll" tabindex="0" role="region" aria-label="{esc(title or "records")}"><table class="cem-table is-plain"><thead><tr>{"".join(heads)}</tr></thead><tbody>{body}</tbody></table></div>'
    if not live:
        return f'{head}{table}<div class="cem-pager">{count}</div>'
    back, forward = (" disabled" if state.page == 1 else ""), (" disabled" if state.page == state.pages else "")
    pager = (
        f'<div class="cem-pager"><button type="button" class="cem-button" data-event="page" data-to="{state.page - 1}" data-key="back" aria-label="Previous page"{back}>‹</button>'
        f'<span aria-live="polite">{count}</span>'
        f'<button type="button" class="cem-button" data-event="page" data-to="{state.page + 1}" data-key="forward" aria-label="Next page"{forward}>›</button>'
        '<div class="cem-actions"><button type="button" class="cem-link" data-event="export" data-key="export">Export CSV</button></div></div>'
    )
    return head + table + pager
