"""The parts that panels are built from: question and answer, cards, boxes, tables. Text in, escaped HTML out."""

from __future__ import annotations

import html as _html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cemlib.errors import CallError

__all__ = [
    "Column",
    "actions",
    "box",
    "card",
    "cards",
    "esc",
    "figure",
    "footer",
    "notice",
    "number",
    "percent",
    "question",
    "table",
]

#: what stands where a value is missing; it never looks like zero
MISSING = "–"
# kinds of columns that stand at the right
_NUMBERS = ("number", "figure")


def esc(text: object) -> str:
    """Escape text for HTML, attribute values included.

    Examples
    --------
    >>> esc('<b> & "x"')
    '&lt;b&gt; &amp; &quot;x&quot;'
    """
    return _html.escape(str(text), quote=True)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value)) or str(value) in {"<NA>", "NaT", "nan"}


def number(value: float | None, digits: int = 0) -> str:
    """Write a number, grouped, with a dash for a missing one.

    Examples
    --------
    >>> number(1284), number(0.4249, 2), number(None)
    ('1,284', '0.42', '–')
    """
    return MISSING if _is_missing(value) else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a ratio (0 … 1) as a percentage without its sign.

    Examples
    --------
    >>> percent(0.98123), percent(None)
    ('98.1', '–')
    """
    return MISSING if _is_missing(value) else number(100 * value, digits)


def figure(name: str, value: float | None, text: str) -> str:
    """Write a figure so that a test, and a reader of the page's source, finds it by name with full precision.

    Examples
    --------
    >>> figure("success_ratio", 0.98123, "98.1")
    '<span data-figure="success_ratio" data-value="0.98123">98.1</span>'
    """
    exact = "" if _is_missing(value) else repr(float(value)) if isinstance(value, float) else str(value)
    return f'<span data-figure="{esc(name)}" data-value="{esc(exact)}">{esc(text)}</span>'


def _strong(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", esc(text))


def question(title: str, sentences: Iterable[str] = ()) -> str:
    """Put the question as the title and its answer under it; ``**words**`` in a sentence are strong.

    Examples
    --------
    >>> question("Which fail?", ["**Two of 40.** Both in Egypt."])
    '<header><h1 class="cem-question">Which fail?</h1><div class="cem-answer"><p><strong>Two of 40.</strong> Both in Egypt.</p></div></header>'
    """
    answer = "".join(f"<p>{_strong(sentence)}</p>" for sentence in sentences)
    body = f'<div class="cem-answer">{answer}</div>' if answer else ""
    return f'<header><h1 class="cem-question">{esc(title)}</h1>{body}</header>'


def card(
    title: str,
    value: str,
    *,
    unit: str = "",
    note: str = "",
    interval: str = "",
    compare: str = "",
    verdict: str = "context",
    spark: str = "",
    name: str = "",
    exact: float | None = None,
    event: Mapping[str, str] | None = None,
) -> str:
    """One figure with its unit, interval, and what it is compared to.

    Parameters
    ----------
    title, note : str
        What it is; the note says of what and when.
    value, unit : str
        As shown, and its unit.
    interval, compare : str
        Such as "95 % 97.9 – 98.3" and "−0.9 points against expected".
    verdict : {"better", "worse", "watch", "context", "few"}
        The colour of the edge; "few" is dashed and grey.
    spark : str
        Inline SVG, from :func:`cemwidgets.trend.sparkline`.
    name, exact : str, float
        The figure's name and full value (see :func:`figure`).
    event : mapping, optional
        ``data-*`` to send on a click, such as ``{"event": "records", "of": "success"}``.
    """
    tone = {"better": "is-better", "worse": "is-worse", "watch": "is-watch", "few": "is-few"}.get(verdict, "")
    shown = figure(name, exact, value) if name else esc(value)
    tag = "button" if event else "div"
    kind = ' type="button"' if event else ""
    colour = f"{tone}-text" if tone in {"is-better", "is-worse", "is-watch"} else ""
    return (
        f'<{tag} class="cem-card {tone}"{kind}{_key(f"card-{name or title}" if event else "")}{_data(event)}>'
        f'<span class="cem-card-head">{esc(title)}{f"<small>{esc(note)}</small>" if note else ""}</span>'
        f'<span class="cem-card-value">{shown}{f"<small>{esc(unit)}</small>" if unit else ""}</span>'
        + (f'<span class="cem-card-spark">{spark}</span>' if spark else "")
        + (f'<span class="cem-card-note">{esc(interval)}</span>' if interval else "")
        + (f'<span class="cem-card-note {colour}">{esc(compare)}</span>' if compare else "")
        + f"</{tag}>"
    )


def cards(items: Iterable[str]) -> str:
    """Put cards side by side; they stack when the place is narrow."""
    return f'<div class="cem-cards">{"".join(items)}</div>'


def box(title: str, body: str, *, note: str = "", foot: str = "", key: str = "") -> str:
    """A box with a heading; ``body`` and ``foot`` are HTML."""
    head = f"<h2>{esc(title)}{f'<small>{esc(note)}</small>' if note else ''}</h2>" if title else ""
    tail = f'<div class="cem-foot">{foot}</div>' if foot else ""
    return f'<section class="cem-box"{_key(key)}>{head}{body}{tail}</section>'


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key : str
        Key of the cell in a row.
    title : str
        Heading.
    kind : {"text", "number", "figure", "picture", "html"}
        Text and numbers are escaped; a picture or html cell holds HTML, and so does a figure, which stands as a number does.
    narrow : {"second", "head", "main", "out"}
        Where it goes in the two lines of a narrow row: head and main stand on the first line, out is left out.
    """

    key: str
    title: str
    kind: str = "text"
    narrow: str = "second"


def table(
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, object]],
    *,
    caption: str = "",
    event: str = "",
    key: str = "",
    selected: str | None = None,
    plain: bool = False,
) -> str:
    """A table whose rows can be clicked; on a narrow screen each row becomes two lines.

    Parameters
    ----------
    columns : sequence of Column
    rows : iterable of mappings
        Cells by column key. ``<key>_note`` is a small second line of a cell; ``_few`` makes the row grey;
        ``_data`` (mapping) is sent with the event. A row with ``_group`` alone is a heading of those that follow.
    caption : str
        What a screen reader calls the table.
    event : str
        The event of a click on a row; ``key`` names the column whose value is sent with it, under its own name.
    selected : str, optional
        The key's value of the row that is marked.
    plain : bool
        Keep the columns when narrow (for tables of two or three short columns).
    """
    # a heading without words is none: pictures and buttons have no title
    heads = "".join(f'<th scope="col"{" class=is-number" if one.kind in _NUMBERS else ""}>{esc(one.title)}</th>' if one.title else "<td></td>" for one in columns)
    body = "".join(_row(columns, row, event, key, selected) for row in rows)
    title = f'<caption class="cem-hidden">{esc(caption)}</caption>' if caption else ""
    style = " is-plain" if plain else ""
    return f'<table class="cem-table{style}">{title}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def _row(columns: Sequence[Column], row: Mapping[str, object], event: str, key: str, selected: str | None) -> str:
    if "_group" in row:
        name = str(row["_group"])
        return f'<tr class="cem-group"{_key("group-" + name)}><th scope="rowgroup" colspan="{len(columns)}">{esc(name)}</th></tr>'
    value = str(row.get(key, "")) if key else ""
    classes = ["is-few"] if row.get("_few") else []
    more = ""
    if event and value:
        data = {"event": event, key: value, **(row.get("_data") or {})}
        more = f'{_data(data)} tabindex="0" aria-selected="{str(value == selected).lower()}"'
        if value == selected:
            classes.append("is-selected")
    opening = f"<tr{_key(f'{event}-{value}' if value else '')}{_class(classes)}{more}>"
    return opening + "".join(_cell(one, row) for one in columns) + "</tr>"


def _cell(column: Column, row: Mapping[str, object]) -> str:
    value = row.get(column.key)
    if column.kind in {"picture", "html", "figure"}:
        text = str(value or "")
    elif _is_missing(value):
        text = MISSING
    else:
        text = esc(number(value) if isinstance(value, int) and not isinstance(value, bool) else value)
    note = row.get(f"{column.key}_note")
    if note:
        text += f" <small>{esc(note)}</small>"
    classes = {"head": ["is-head"], "main": ["is-main"], "out": ["is-left-out"]}.get(column.narrow, [])
    if column.kind in {*_NUMBERS, "picture"}:
        classes = [*classes, "is-number" if column.kind in _NUMBERS else "is-picture"]
    tag = 'th scope="row"' if column.narrow == "head" else "td"
    label = f' data-label="{esc(column.title)}"' if column.kind in _NUMBERS and column.title else ""
    return f"<{tag}{_class(classes)}{label}>{text}</{tag.split()[0]}>"


def actions(*, share: str | None = None, why: Mapping[str, str] | None = None, more: Iterable[tuple[str, str]] = ()) -> str:
    """The analyst's way out, at the same place in every app.

    Parameters
    ----------
    share : str, optional
        The query string with the filters; the button copies the link.
    why : mapping, optional
        The parameters of the app ``root_cause`` that ask why the leading figure moved. Where apps are served it is a link; in a notebook the event ``why``.
    more : iterable of (event, label)
        Further buttons, such as ``("export", "Export CSV")``.
    """
    items = [f'<a class="cem-link" href="root_cause.ipynb?{esc(urlencode(why))}" data-app="root_cause" data-event="why" data-key="act-why">Why?</a>'] if why else []
    items += [f'<button type="button" class="cem-link" data-share="{esc(share)}">Share</button>'] if share is not None else []
    items += [f'<button type="button" class="cem-link" data-event="{esc(event)}" data-key="act-{esc(event)}">{esc(label)}</button>' for event, label in more]
    return f'<div class="cem-actions">{"".join(items)}</div>'


def footer(facts: Iterable[str]) -> str:
    """The evidence line: snapshot, KPI names and versions, kind of interval, suppression."""
    return f'<footer class="cem-footer">{" · ".join(esc(fact) for fact in facts)}</footer>'


def notice(title: str, text: str = "", *, error: bool = False) -> str:
    """A message on the page.

    Examples
    --------
    >>> notice("Ignored: days=abc", "It must be a whole number.")
    '<div class="cem-notice" role="status"><strong>Ignored: days=abc</strong>It must be a whole number.</div>'
    """
    tone, role = (" is-error", "alert") if error else ("", "status")
    return f'<div class="cem-notice{tone}" role="{role}"><strong>{esc(title)}</strong>{esc(text)}</div>'


def _data(values: Mapping[str, str] | None) -> str:
    if not values:
        return ""
    if "key" in values:
        raise CallError("An event cannot send a value named 'key'.", todo="data-key is the element's own name, by which focus is kept; choose another, such as partner_code.")
    text = "".join(f' data-{esc(name.replace("_", "-"))}="{esc(value)}"' for name, value in values.items())
    return text


def _key(key: str) -> str:
    return f' data-key="{esc(key)}"' if key else ""


def _class(classes: list[str]) -> str:
    return f' class="{" ".join(classes)}"' if classes else ""
