"""The list of definitions: what each is called, how it is judged, and its figure of now."""

from __future__ import annotations

import pandas as pd

from cemlib.usecases.catalogue.wording import figure_words, service_label
from cemwidgets.panel.parts import Column, esc, figure, table

__all__ = ["listing_table"]

_ARROWS = {"higher": "↑", "lower": "↓"}


def listing_table(entries: pd.DataFrame, opened: str | None, *, grouped: bool = True) -> str:
    """The table of the definitions.

    Parameters
    ----------
    entries : DataFrame
        Rows of :attr:`cemlib.usecases.catalogue.view.CatalogueView.entries`, in the order to show.
    opened : str or None
        The code of the one that is opened; None where nothing can be clicked.
    grouped : bool
        Put them under headings of their services.
    """
    columns = [Column("name", "Definition", narrow="head"), Column("level", "Level", "html"), Column("n", "Observations", "number"),
               Column("now", "Now, 95 %", "figure", narrow="main")]
    rows, last = [], None
    # the order of the services is that of their names; a stable sort keeps the codes' order within
    shown = entries.sort_values("service", kind="stable") if grouped else entries
    for code, row in shown.iterrows():
        if grouped and row["service"] != last:
            last = row["service"]
            rows.append({"_group": service_label(last)})
        rows.append(_row(code, row))
    return table(columns, rows, caption="Definitions with their figures of now", event="" if opened is None else "open", key="kpi", selected=opened)


def _row(code: str, row: pd.Series) -> dict:
    text, note = figure_words(row, row["unit"])
    is_ok = row["state"] == "ok"
    hidden = row["state"] in ("suppressed", "failed")
    return {
        "name": row["title"], "name_note": code, "level": _level(row["level"], row["better"]),
        "level_note": "unverified" if row["standing"] == "unverified" else "", "n": None if hidden or pd.isna(row["den"]) else int(row["den"]),
        "now": figure(code, float(row["value"]), text) if is_ok else text, "now_note": note, "_few": not is_ok, "kpi": code,
    }


def _level(level: str, better: str | None) -> str:
    arrow = _ARROWS.get(better)
    return esc(level) + (f' <span aria-hidden="true">{arrow}</span><span class="cem-hidden">{better} is better</span>' if arrow else "")
