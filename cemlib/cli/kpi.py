"""``cem kpi``: the catalogue, the figures, and the records behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from cemlib.cli.group import CemGroup
from cemlib.cli.lake import at_option
from cemlib.cli.names import kpi_names, name_type, pairs
from cemlib.cli.show import as_json, json_option, remark, table

__all__ = ["kpi"]

_CONDITION = re.compile(r"\s*(?P<column>\w+)\s*(?P<operator>==|=|!=|>=|<=|>|<)(?P<value>.*)", re.DOTALL)


@click.group(cls=CemGroup)
def kpi() -> None:
    """KPIs, their figures, and the records behind."""


@kpi.command("list", short_help="List the KPIs, or search them.", example="""
    cem kpi list
    cem kpi list IR.42
""")
@click.argument("words", nargs=-1)
@json_option
def list_kpis(words: tuple[str, ...], is_json: bool) -> None:
    """List the KPIs, or those in which every word is found: in name, title, standard, meaning."""
    from cemlib import kpi as package

    found = [one.to_dict() for one in package.search_kpis(" ".join(words))]
    if is_json:
        as_json([{name: value for name, value in one.items() if name != "doc"} for one in found])
    else:
        table(["kpi", "unit", "better", "level", "title"], [[one["code"], one["unit"], one["better"], one["level"], one["title"]] for one in found])


@kpi.command(short_help="Show a KPI: formula, example, lineage, SQL.", example="""
    cem kpi show roaming_registration_success_ratio
    cem kpi show voice_call_drop_ratio --sql
""")
@click.argument("name", type=name_type("KPI", kpi_names))
@click.option("--sql", "is_sql", is_flag=True, help="Show the SQL that DuckDB runs, and nothing else.")
@json_option
def show(name: str, is_sql: bool, is_json: bool) -> None:
    """Show what a KPI means, its formula, its standard, a worked example, and where its records come from."""
    from cemlib import kpi as package

    one = package.describe(name)
    if is_json:
        as_json(one.sql if is_sql else one.to_dict() | package.show_kpi(name))
        return
    if is_sql:
        click.echo("\n\n".join(f"-- {what}\n{text};" for what, text in one.sql.items()))
        return
    click.echo(f"{one.code}: {one.title}")
    told = {"unit": one.unit, "better": one.better, "level": one.level, "grain": one.grain, "table": one.table, "standard": one.standard,
            "version": one.version, "formula": one.formula, "interval": one.interval, "too few": one.too_few, "example": one.example.text,
            "reads": ", ".join(column.name for column in one.lineage.columns), "filled by": ", ".join(one.lineage.connectors)}
    for fact, text in told.items():
        if text not in (None, ""):
            click.echo(f"  {fact}: {text}")
    click.echo("")
    click.echo(str(package.show_kpi(name)["doc"]))


@kpi.command(short_help="Add KPIs of your own from a file.", example="""
    cem kpi add my_kpis.py
    cem kpi add my_kpis.py --check
""")
@click.argument("file", type=click.Path())
@click.option("--check", "is_check", is_flag=True, help="Check and try them; keep nothing.")
def add(file: str, is_check: bool) -> None:
    """Check a file of KPIs, try each on a lake without records, and keep a copy: they are in the catalogue from now on."""
    from cemlib import kpi as package

    found = package.check_kpis(file) if is_check else package.add_kpis(file)
    table(["kpi", "unit", "table", "title"], [[one.code, one.unit, one.table, one.title] for one in found])
    remark(f"{len(found)} {'are whole; nothing was kept' if is_check else 'added'}.")


@kpi.command(short_help="Forget KPIs of your own.", example="cem kpi remove my_kpis")
@click.argument("name")
def remove(name: str) -> None:
    """Forget a file that was added, and the KPIs in it."""
    from cemlib import kpi as package

    remark(f"Forgotten: {', '.join(package.remove_kpis(name)) or name}.")


def _window(function: Callable) -> Callable:
    """Add the options that say which records count."""
    for option in (
        click.option("--until", metavar="TIME", help="Before this instant."),
        click.option("--since", metavar="TIME", help="From this instant on (ISO 8601, UTC)."),
        click.option("--where", "conditions", multiple=True, metavar="CONDITION", help="column=value, or with !=, <, <=, >, >=; a,b: one of them."),
    ):
        function = option(function)
    return function


@kpi.command("eval", short_help="Evaluate KPIs per group.", example="""
    cem kpi eval roaming_registration_success_ratio --by partner --where direction=outbound
    cem kpi eval sms_delivery_success_ratio voice_call_mos_mean --by day --since 2026-03-01 --json
""")
@click.argument("names", nargs=-1, required=True, type=name_type("KPI", kpi_names))
@click.option("--by", multiple=True, metavar="COLUMNS", help="What to group by: partner, country, hour, day, rat, cause … joined by commas.")
@_window
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="Rows to show; JSON has all.")
@at_option
@json_option
def evaluate_kpis(names: tuple[str, ...], by: tuple[str, ...], conditions: tuple[str, ...], since: str | None, until: str | None, limit: int,
                  at: str | None, is_json: bool) -> None:
    """Evaluate KPIs: numerator, denominator, value and 95 % interval per group."""
    import cemlib

    result = cemlib.evaluate(cemlib.open_lake(at=at), list(names), by=_listed(by), where=_conditions(conditions), since=since, until=until, subscribers=False)
    if is_json:
        as_json(result.to_dict())
        return
    frame = result.to_pandas()
    shown = frame.head(limit)
    table(list(frame.columns), shown.astype(object).where(shown.notna(), None).to_numpy().tolist())
    if len(frame) > limit:
        remark(f"{len(frame) - limit:,} more rows: --limit {len(frame)} or --json shows them.")


@kpi.command(example="""
    cem kpi rows roaming_registration_success_ratio --cell partner=99901 --cell day=2026-03-21 --limit 5
""")
@click.argument("name", type=name_type("KPI", kpi_names))
@click.option("--cell", "cells", multiple=True, metavar="NAME=VALUE", help="The cell of the figure: a grouping column and its value.")
@_window
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Records to show.")
@json_option
def rows(name: str, cells: tuple[str, ...], conditions: tuple[str, ...], since: str | None, until: str | None, limit: int, is_json: bool) -> None:
    """Show the records behind a figure; a manager sees none."""
    import cemlib

    cemlib.privacy.require_records()
    cell = {column: _value(column, text) for column, text in pairs(cells, "--cell").items()}
    result = cemlib.evaluate(cemlib.open_lake(), name, by=list(cell), where=_conditions(conditions), since=since, until=until)
    found = cemlib.privacy.publishable(result.rows(limit, **cell))
    records = found.astype(object).where(found.notna(), None)
    if is_json:
        as_json(records.to_dict("records"))
    else:
        table(list(found.columns), records.to_numpy().tolist())


def _listed(texts: tuple[str, ...]) -> list[str]:
    return [one.strip() for text in texts for one in text.split(",") if one.strip()]


def _conditions(texts: tuple[str, ...]) -> dict[str, Any]:
    """Conditions as evaluate() takes them."""
    found: dict[str, Any] = {}
    for text in texts:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise click.BadParameter(f"{text!r} is not a condition such as rat=4g or setup_s>10.", param_hint="--where")
        column, operator = match["column"], match["operator"]
        if column in found:
            raise click.BadParameter(f"{column!r} has two conditions.", param_hint="--where")
        values = [_value(column, one.strip()) for one in match["value"].split(",")]
        if operator in ("=", "=="):
            found[column] = values if len(values) > 1 else values[0]
        elif len(values) > 1 and operator == "!=":
            found[column] = ("not in", values)
        else:
            found[column] = (operator, _value(column, match["value"].strip()))
    return found


def _value(column: str, text: str) -> Any:
    """A text in the type of its column; an empty one is the missing value."""
    from cemlib.schema import fields

    if text == "":
        return None
    declared = fields().get(column)
    kind = declared.type if declared else "bool" if column.startswith(("is_", "has_")) else "string"
    if kind == "bool":
        if text.casefold() not in ("true", "false", "yes", "no"):
            raise click.BadParameter(f"{column} is true or false, not {text!r}.")
        return text.casefold() in ("true", "yes")
    if kind in ("int64", "float64"):
        try:
            return int(text) if kind == "int64" else float(text)
        except ValueError:
            raise click.BadParameter(f"{column} is a number, not {text!r}.") from None
    return text
