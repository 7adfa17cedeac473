"""Widgets of the workbench: one folder each, plain state apart from the thin view, a static twin for every one.

Every widget can be shown in JupyterLab and in an app, and carries a static twin (``widget.static()``) that a report shows
in its place. They work without network and follow light and dark.

>>> import pandas as pd
>>> import cemwidgets as cw

A panel is HTML that answers clicks; its parts escape what they are given:

>>> panel = cw.Panel(cw.question("Which partners fail?", ["**One of 40.** Boreal Mobil."]))
>>> panel.on("select_partner", lambda event: None)      # event: {"event": "select_partner", "partner_code": "P17"}
>>> columns = [cw.Column("name", "Partner", narrow="head"), cw.Column("shown", "%", "number", narrow="main")]
>>> rows = [{"name": "Boreal Mobil", "name_note": "99917 · TR", "shown": "87.1", "partner_code": "P17"}]
>>> panel.html += cw.table(columns, rows, event="select_partner", key="partner_code", selected="P17")

A card, with the helpers for figures in a line:

>>> card = cw.card("Success", cw.percent(0.981), unit="%", interval="95 % 97.9 – 98.3", verdict="worse",
...                spark=cw.sparkline([0.99, None, 0.97]), name="success_ratio", exact=0.981)
>>> glyph = cw.interval_glyph(0.87, 0.86, 0.88, domain=(0.8, 1), band=(0.97, 0.99), below=True)
>>> bar = cw.meter(0.76)

Filters are chips; the address of the page follows them:

>>> filters = cw.FilterBar([cw.Choice("rat", "RAT", (("all", "all"), ("4g", "4G")), "all"), cw.Day("since", "from")],
...                        {"rat": "4g"}, on_change=lambda values: None, tail=lambda query: cw.actions(share=query))

The world by country, with marks for partners; a click is heard with the code of the country or the key of the mark:

>>> countries = pd.DataFrame({"country_code": ["TR", "KE"], "value": [0.871, None], "low": [0.86, None],
...                           "high": [0.88, None], "den": [4102, 14], "state": ["ok", "too_few"]})
>>> world = cw.CountryMap(countries, better="higher", title="Success by country")
>>> world.on("map", lambda event: None)                 # event: {"kind": "country", "code": "TR", "key": "TR", "label": ""}
>>> world.show(countries, selected="TR")                # recolours, draws nothing anew

A value through time against its expected band:

>>> course = pd.DataFrame({"at": pd.date_range("2026-03-01", periods=3, freq="h"), "value": [0.98, 0.97, 0.9],
...                        "expected_low": 0.96, "expected_high": 0.99, "den": 100, "state": "ok"})
>>> trend = cw.Trend(course, change_at="2026-03-01T02:00", change_text="change found", height=180)

The records behind a figure, 50 a page, with sorting and export:

>>> records = cw.Records(pd.DataFrame({"attempted_at": ["2026-03-01"], "cause_code": ["5004"]}), title="Records")

And places to put them:

>>> page = cw.Stack(filters, cw.Columns(cw.Boxed("Success by country", world, note="colour"), panel), records)
"""

from __future__ import annotations

from cemlib.lazy_names import load_lazily

# name -> module; loaded when first asked for: a page without a map does not wait for the packages that draw one
_MODULES = {
    "Boxed": "cemwidgets.page.view",
    "Choice": "cemwidgets.filters",
    "Column": "cemwidgets.panel",
    "Columns": "cemwidgets.page.view",
    "CountryMap": "cemwidgets.map.view",
    "Day": "cemwidgets.filters",
    "FilterBar": "cemwidgets.filters.view",
    "Panel": "cemwidgets.panel.view",
    "Records": "cemwidgets.records.view",
    "Stack": "cemwidgets.page.view",
    "Text": "cemwidgets.filters",
    "Trend": "cemwidgets.trend.view",
    "actions": "cemwidgets.panel",
    "box": "cemwidgets.panel",
    "card": "cemwidgets.panel",
    "cards": "cemwidgets.panel",
    "esc": "cemwidgets.panel",
    "figure": "cemwidgets.panel",
    "footer": "cemwidgets.panel",
    "interval_glyph": "cemwidgets.trend",
    "meter": "cemwidgets.trend",
    "notice": "cemwidgets.panel",
    "number": "cemwidgets.panel",
    "percent": "cemwidgets.panel",
    "question": "cemwidgets.panel",
    "sparkline": "cemwidgets.trend",
    "table": "cemwidgets.panel",
}

__all__ = [
    "Boxed",
    "Choice",
    "Column",
    "Columns",
    "CountryMap",
    "Day",
    "FilterBar",
    "Panel",
    "Records",
    "Stack",
    "Text",
    "Trend",
    "actions",
    "box",
    "card",
    "cards",
    "esc",
    "figure",
    "footer",
    "interval_glyph",
    "meter",
    "notice",
    "number",
    "percent",
    "question",
    "sparkline",
    "table",
]

__getattr__, __dir__ = load_lazily(__name__, _MODULES, __all__)
