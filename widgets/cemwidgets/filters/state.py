"""What filters there are, what they are set to, and what they look like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cemlib.errors import ParameterError
from cemwidgets.panel.parts import esc

__all__ = ["Choice", "Day", "Listed", "Text", "as_text", "checked", "filter_html", "query_of"]

#: longer words to look for are cut
_MOST_CHARACTERS = 80


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Attributes
    ----------
    name : str
        Name of the parameter.
    label : str
        What stands before the value.
    options : tuple
        ``(value, label)`` pairs, or values.
    default : str
        The value at which the filter counts as not set.
    """

    name: str
    label: str
    options: tuple
    default: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The options as (value, label)."""
        return [(str(one[0]), str(one[1])) if isinstance(one, (tuple, list)) else (str(one), str(one)) for one in self.options]


@dataclass(frozen=True)
class Day:
    """A date; empty means no bound."""

    name: str
    label: str
    earliest: str = ""
    latest: str = ""
    default: str = ""


@dataclass(frozen=True)
class Text:
    """Words to look for; empty means none."""

    name: str
    label: str
    hint: str = ""
    default: str = ""


@dataclass(frozen=True)
class Listed:
    """What the address asked for and is not chosen on the page, as one text of several: each a chip that can be removed.

    ``separator`` stands between the items of the text, ``words`` gives what a chip says of one of them, and ``label`` stands before it.
    """

    name: str
    separator: str = ";"
    words: Callable[[str], str] = str
    label: str = ""
    default: str = ""

    def items(self, value: str) -> list[str]:
        """The items of a text."""
        return [one.strip() for one in value.split(self.separator) if one.strip()]

    def without(self, value: str, place: int) -> str:
        """The text without one of its items.

        Examples
        --------
        >>> Listed("where").without("rat=4g; hub=A; apn=web", 1)
        'rat=4g; apn=web'
        """
        items = self.items(value)
        return f"{self.separator} ".join([*items[:place], *items[place + 1:]])


#: What a chip can be.
Filter = Choice | Day | Text | Listed


def checked(item: Filter, value: object) -> str:
    """Return the value as text when it is one that the filter allows.

    Raises
    ------
    ParameterError
        When it is not: what a browser sends is never trusted.

    Examples
    --------
    >>> checked(Choice("rat", "RAT", (("all", "All"), "4g"), "all"), "4g")
    '4g'
    """
    text = "" if value is None else str(value)
    if isinstance(item, Choice):
        allowed = [pair[0] for pair in item.pairs]
        if text not in allowed:
            raise ParameterError(f"{item.name} cannot be {text!r}.", wanted=", ".join(allowed[:20]))
        return text
    if isinstance(item, Text):
        return " ".join(text.split())[:_MOST_CHARACTERS]
    if isinstance(item, Listed):
        return f"{item.separator} ".join(item.items(text))
    if text:
        try:
            text = dt.date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            raise ParameterError(f"{item.name} is not a date.", wanted="YYYY-MM-DD", came=text) from None
        text = max(text, item.earliest) if item.earliest else text
        text = min(text, item.latest) if item.latest else text
    return text


def query_of(items: Sequence[Filter], values: Mapping[str, str]) -> str:
    """Return the query string that opens the page with these filters; what is at its default is left out.

    Examples
    --------
    >>> query_of([Choice("rat", "RAT", ("all", "4g"), "all"), Day("since", "from")], {"rat": "4g", "since": ""})
    'rat=4g'
    """
    return urlencode({item.name: values[item.name] for item in items if values.get(item.name, item.default) != item.default})


def filter_html(items: Sequence[Filter], values: Mapping[str, str], *, tail: str = "") -> str:
    """Return the chips; ``tail`` is HTML at the end of the line, such as :func:`cemwidgets.panel.actions`."""
    chips = "".join(_chip(item, values.get(item.name, item.default)) for item in items)
    is_set = any(values.get(item.name, item.default) != item.default for item in items)
    reset = '<button type="button" class="cem-chip is-quiet cem-no-print" data-event="reset" data-key="reset">Reset</button>' if is_set else ""
    return f'<div class="cem-row"><div class="cem-chips" role="group" aria-label="Filters">{chips}{reset}</div>{tail}</div>'


def _removable(item: Listed, value: str) -> str:
    """A chip for each item, with a button that sets the filter to the others."""
    chips = ""
    for place, one in enumerate(item.items(value)):
        words = item.words(one)
        chips += (f'<span class="cem-chip is-set" data-key="chip-{esc(item.name)}-{place}"><span>{esc(item.label)}</span>{esc(words)}<button type="button" class="cem-chip-out cem-no-print" '
                  f'data-event="filter" data-name="{esc(item.name)}" data-value="{esc(item.without(value, place))}" data-key="out-{esc(item.name)}-{place}" '
                  f'aria-label="{esc(" ".join(filter(None, ("Remove", item.label, words))))}">×</button></span>')
    return chips


def _chip(item: Filter, value: str) -> str:
    if isinstance(item, Listed):
        return _removable(item, value)
    tone = " is-set" if value != item.default else ""
    common = f'data-event="filter" data-name="{esc(item.name)}" data-key="filter-{esc(item.name)}" aria-label="{esc(item.label or item.name)}"'
    if isinstance(item, Day):
        bounds = (f' min="{item.earliest}"' if item.earliest else "") + (f' max="{item.latest}"' if item.latest else "")
        field = f'<input type="date" value="{esc(value)}"{bounds} {common}>'
    elif isinstance(item, Text):
        field = f'<input type="search" value="{esc(value)}" placeholder="{esc(item.hint)}" autocomplete="off" spellcheck="false" data-live="" {common}>'
    else:
        options = "".join(f'<option value="{esc(one)}"{" selected" if one == value else ""}>{esc(label)}</option>' for one, label in item.pairs)
        field = f"<select {common}>{options}</select>"
    return f'<label class="cem-chip{tone}" data-key="chip-{esc(item.name)}"><span>{esc(item.label)}</span>{field}</label>'


def as_text(items: Sequence[Filter], values: Mapping[str, str]) -> list[str]:
    """Return what the filters are set to, in words, for a report that has nothing to click."""
    out = []
    for item in items:
        value = values.get(item.name, item.default)
        if isinstance(item, Choice):
            out.append(f"{item.label} {dict(item.pairs).get(value, value)}")
        elif isinstance(item, Listed):
            out += [f"{item.label} {item.words(one)}".strip() for one in item.items(value)]
        elif value:
            out.append(f"{item.label} {value}")
    return out
