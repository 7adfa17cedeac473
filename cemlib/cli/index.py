"""``cem index``: the open satisfaction index: check a file, score, explain a score, see who moves under another file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from cemlib.cli.group import CemGroup
from cemlib.cli.lake import at_option
from cemlib.cli.show import as_json, json_option, remark, table

__all__ = ["index"]

_FIGURES = ["score", "low", "high", "band", "known_weight"]


@click.group(cls=CemGroup)
def index() -> None:
    """The open satisfaction index: its file, its scores, and why."""


def _scored(function: Callable) -> Callable:
    """Add the options that say what is scored and with which index."""
    for option in (
        click.option("--index", "file", metavar="FILE", type=click.Path(dir_okay=False), help="The index; the default one otherwise."),
        click.option("--until", metavar="DAY", help="Up to this day, exclusive."),
        click.option("--since", metavar="DAY", help="From this day on (UTC)."),
        click.option("--month", metavar="YYYY-MM", help="A calendar month; otherwise the last 30 days that have records."),
    ):
        function = option(function)
    return function


def _score(by: str, month: str | None, since: str | None, until: str | None, file: str | None, at: str | None = None) -> Any:
    import cemlib

    if (since is None) != (until is None):
        raise click.UsageError("--since and --until come together.")
    return cemlib.score_experience(cemlib.open_lake(at=at), by, month=month, window=None if since is None else (since, until), index=file)


def _visible(found: Any) -> Any:
    """The frame as the role may see it; single customers are for those who may see records."""
    from cemlib import privacy

    if found.subscribers is None:
        privacy.require_records(what="The scores of single customers")
        return found.frame.assign(is_suppressed=False)
    return privacy.suppress_small_groups(found.frame.astype({"band": object}), figures=_FIGURES)


@index.command(example="""
    cem index check mine.yaml
    cem index check
""")
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@json_option
def check(file: str | None, is_json: bool) -> None:
    """Check an index file (by default ours); show its weights."""
    import cemlib
    from cemlib.experience.index import list_terms

    found = cemlib.load_index(file)
    rows = [[one.facet, one.service, one.kpi, one.weight] for one in list_terms(found)]
    if is_json:
        as_json({"name": found.name, "version": found.version, "title": found.title, "file": found.file, "terms": [dict(zip(("facet", "service", "kpi", "weight"), row)) for row in rows]})
        return
    click.echo(f"{found.name} {found.version}: {found.title}. Good.")
    table(["facet", "service", "kpi", "weight"], rows)


@index.command(example="""
    cem index score --by segment --month 2026-03
    cem index score --by resource_id --index mine.yaml --json
""")
@click.option("--by", default="segment_code", show_default=True, metavar="COLUMN", help="segment, subscriber, resource_id, partner …")
@_scored
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Rows to show, the lowest scores first; JSON has all.")
@at_option
@json_option
def score(by: str, month: str | None, since: str | None, until: str | None, file: str | None, limit: int, at: str | None, is_json: bool) -> None:
    """Score customers, segments, cells or partners on 0 … 100."""
    found = _score(by, month, since, until, file, at)
    frame = _visible(found).sort_values("score", kind="stable")
    shown = frame.astype(object).where(frame.notna(), None)
    if is_json:
        as_json({"index": found.index.name, "version": found.index.version, "window": found.window, "counts": found.counts(), "honesty": list(found.honesty.sentences), "scores": shown.to_dict("records")})
        return
    table(list(frame.columns), shown.head(limit).to_numpy().tolist())
    remark(f"{found.index.name} {found.index.version}, {found.window[0]} … {found.window[1]}; "
           + ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in found.counts().items() if number))
    remark("How far it can be trusted: " + "\n  ".join(found.honesty.sentences))


@index.command(example="cem index explain plus --by segment")
@click.argument("key")
@click.option("--by", default="subscriber_key", show_default=True, metavar="COLUMN", help="What the key is: subscriber, segment, resource_id …")
@_scored
@json_option
def explain(key: str, by: str, month: str | None, since: str | None, until: str | None, file: str | None, is_json: bool) -> None:
    """Show what a score is made of: points that add up to it."""
    from cemlib.errors import PrivacyError

    found = _score(by, month, since, until, file)
    shown, one = _visible(found), found.explain(key)
    if shown.loc[shown[found.by] == key, "is_suppressed"].any():
        raise PrivacyError("Too few customers are behind this score to be shown to a manager.", where=f"{found.by} {key}")
    if is_json:
        as_json(one.to_dict())
        return
    click.echo("\n".join(one.sentences))
    columns = ["facet", "service", "kpi", "value", "unit", "den", "score", "usual", "weight", "points", "lost"]
    table(columns, one.parts[columns].astype(object).where(one.parts[columns].notna(), None).to_numpy().tolist())


@index.command(example="cem index diff mine.yaml --by segment")
@click.argument("other", type=click.Path(dir_okay=False))
@click.option("--by", default="segment_code", show_default=True, metavar="COLUMN", help="segment, subscriber, resource_id …")
@_scored
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows to show, the largest moves first; JSON has all.")
@json_option
def diff(other: str, by: str, month: str | None, since: str | None, until: str | None, file: str | None, limit: int, is_json: bool) -> None:
    """Show who moves, and why, under another index."""
    found = _score(by, month, since, until, file)
    shown, moved = _visible(found), found.diff(other)
    frame = moved.frame[~moved.frame[found.by].isin(shown.loc[shown["is_suppressed"], found.by])]
    rows = frame.astype(object).where(frame.notna(), None)
    if is_json:
        as_json({"versions": moved.versions, "summary": moved.summary(), "moves": rows.to_dict("records")})
        return
    table(list(rows.columns), rows.head(limit).to_numpy().tolist())
    remark(f"From {moved.versions[0]} to {moved.versions[1]}: " + ", ".join(f"{name.replace('_', ' ')} {number if isinstance(number, int) else round(number or 0, 2)}" for name, number in moved.summary().items()))
