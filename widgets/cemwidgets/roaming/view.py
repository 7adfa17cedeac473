"""The page: panels, map and trend that show the state and redraw when a filter or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.errors import PrivacyError
from cemlib.units import shown_unit
from cemlib.usecases import monitor_roaming
from cemlib.usecases.roaming.view import RoamingView
from cemwidgets.filters.view import FilterBar
from cemwidgets.map.view import CountryMap
from cemwidgets.page.view import Boxed, Columns, Stack
from cemwidgets.panel.parts import notice
from cemwidgets.panel.view import Panel
from cemwidgets.records.view import Records
from cemwidgets.roaming.state import FILTERS, RoamingState
from cemwidgets.roaming.tables import ACCUSING
from cemwidgets.trend.view import Trend

__all__ = ["RoamingPage"]

_MOST_RECORDS = 20_000
_GRAINS = {1: "hour", 6: "hour6", 24: "day"}


class _Evidence(Panel):
    """The evidence panel: its static twin shows every tab."""

    def __init__(self, state: RoamingState) -> None:
        self._state = state
        super().__init__()

    def static(self) -> str:
        return f'<div class="cem">{self._state.static_deeper()}</div>'


class RoamingPage:
    """The parts of the page, to be displayed one by one.

    Parameters
    ----------
    lake : Lake
    view : RoamingView
        What is shown first; a change of a filter computes another.
    asked : mapping
        The parameters that gave the view.
    messages : sequence of str
        What was ignored in the address of the page.

    Attributes
    ----------
    top, overview, detail, evidence, foot : widget
    """

    def __init__(self, lake, view: RoamingView, asked: Mapping[str, object], messages: Sequence[str] = ()) -> None:
        self._lake = lake
        self.state = RoamingState(view, asked, messages)
        self._panels = {name: Panel() for name in ("head", "cards", "partners", "causes", "foot")}
        self._panels["deeper"] = _Evidence(self.state)
        self._story = Panel()
        self.filters = FilterBar(self.state.filters(), self.state.values(), on_change=self._filter, tail=self.state.tail)
        self.filters.on("export", lambda event: self._export())
        self.filters.on("schedule", lambda event: self._schedule())
        self.records = Records()
        self._map = CountryMap(_map_rows(view), _map_marks(view), title="Success by country", height=340)
        self._map.on("map", self._clicked)
        self._trend = Trend(_trend_rows(view), **_trend_drawing(view))
        for name, panel in self._panels.items():
            panel.on("partner", lambda event: self._select(partner=event["partner"]))
            panel.on("more", lambda event: self._more())
            panel.on("tab", lambda event: self._open("tab", event["to"]))
            panel.on("dimension", lambda event: self._open("dimension", event["to"]))
            panel.on("records", self._show_records)
            panel.on("cause", lambda event: self._show_records({"part": "rest", "cause_code": event["code"].split("|")[1]}))
            setattr(self, f"_{name}", panel)
        self._mapped = Boxed("Success by country", self._map, note="episodes: any network of the country; click selects")
        self._trended = Boxed(*_trend_title(view)[:1], self._trend, self._story, note=_trend_title(view)[1])
        self.top = Stack(self._panels["head"], self.filters, self._panels["cards"])
        self.overview = Columns(self._mapped, self._panels["partners"])
        self.detail = Columns(self._trended, self._panels["causes"])
        self.evidence = Stack(self._panels["deeper"], self.records)
        self.foot = self._panels["foot"]
        self._draw()

    @property
    def view(self) -> RoamingView:
        """What is shown now."""
        return self.state.view

    def _draw(self, *names: str) -> None:
        for name in names or self._panels:
            self._panels[name].html = getattr(self.state, name)()
        if not names:
            self._story.html = self.state.story()

    def _compute(self, values: Mapping[str, str]) -> None:
        asked = {name: values[name] for name in FILTERS} | {"days": int(values["days"])}
        self.state.show(monitor_roaming(self._lake, **asked), asked)
        view = self.view
        self._map.show(_map_rows(view), _map_marks(view), selected=_map_selection(view))
        self._trend.show(_trend_rows(view), **_trend_drawing(view))
        self._trended.rename(*_trend_title(view))
        self.records.show(None)
        self._draw()

    def _filter(self, values: Mapping[str, str]) -> None:
        # a partner or hub that is not in the country that was chosen now is given up, the country stays
        values = dict(values)
        if values["country"] and values["country"] != self.state.values()["country"]:
            values |= {"partner": "", "hub": ""}
        self._compute(values)
        self._keep(values)

    def _select(self, **chosen: str) -> None:
        values = dict(self.filters.values)
        same = all(values.get(name) == value for name, value in chosen.items())
        values |= {"country": "", "partner": "", "hub": ""} | ({} if same else chosen)
        self._compute(values)
        self._keep(values)

    def _keep(self, values: Mapping[str, str]) -> None:
        """The chips and the address follow the selection."""
        self.filters.items = self.state.filters()
        self.filters.values = {**self.filters.values, **values}

    def _clicked(self, event: Mapping[str, str]) -> None:
        if event.get("kind") == "mark":
            self._select(partner=event["key"])
        else:
            self._select(country=event["code"])

    def _more(self) -> None:
        self.state.all_partners = not self.state.all_partners
        self._draw("partners")

    def _open(self, what: str, name: str) -> None:
        setattr(self.state, what, name)
        self._draw("deeper")

    def _show_records(self, event: Mapping[str, str]) -> None:
        view, cell = self.view, {}
        kpi = event.get("kpi") or None
        if not event.get("kpi") and view.selection.plmns and view.selection.kind:
            cell["partner_plmn_code"] = list(view.selection.plmns)
        if event.get("cause_code"):
            cell["cause_code"] = event["cause_code"]
        part = event.get("part", "den")
        title = "Records" if not event.get("cause_code") else f"Records with cause {event['cause_code']}"
        try:
            rows = view.rows(kpi, part=part, limit=_MOST_RECORDS, **cell)
        except PrivacyError as error:
            self.records.show(None, title=title, hidden=f"{error.what} {error.todo}".strip())
            return
        note = "the first 20,000" if len(rows) == _MOST_RECORDS else ""
        self.records.show(rows.dropna(axis="columns", how="all"), title=title, note=note, name="roaming_records.csv")

    def _export(self) -> None:
        self.filters.download("roaming_partners.csv", self.view.tables["partners"].to_csv(index=False))

    def _schedule(self) -> None:
        self.filters.notice = notice("The same view as a report, from cron or a systemd timer:", self.state.schedule())


def _map_rows(view: RoamingView) -> pd.DataFrame:
    return view.countries.rename(columns={"country": "country_code", "country_name": "label"})


def _map_marks(view: RoamingView) -> pd.DataFrame | None:
    """A circle for each partner that falls out of its band, so that it is seen inside a country that is served by others."""
    found = view.partners[view.partners["verdict"].isin(ACCUSING)] if len(view.partners) else view.partners
    if found.empty:
        return None
    return found.assign(country_code=found["country"], key=found["partner_plmn"], label=found["network_name"])[
        ["country_code", "key", "label", "value", "low", "high", "den", "state"]]


def _map_selection(view: RoamingView) -> str:
    one = view.selection
    if not one.chosen:
        return ""
    return one.code if one.kind == "country" else next(iter(one.plmns), "") if one.kind == "partner" else ""


def _is_slow(view: RoamingView) -> bool:
    """Whether the selection is reachable but slow: then its level is what has to be seen, not its success."""
    chosen = view.partners[view.partners["partner_plmn"].isin(view.selection.plmns)] if view.selection.kind == "partner" else view.partners.iloc[:0]
    return bool(chosen["verdict"].isin(["slow", "slow_peers"]).any()) and not view.level_trend.empty


def _trend_rows(view: RoamingView) -> pd.DataFrame:
    frame = view.level_trend if _is_slow(view) else view.trend
    return frame.rename(columns={"band_low": "expected_low", "band_high": "expected_high"})


def _trend_drawing(view: RoamingView) -> dict:
    one = view.selection
    change = {"change_at": None, "change_text": ""} if one.since is None else {
        "change_at": one.since.isoformat(), "change_text": f"{one.since:%d %b %H:%M} change found"}
    if _is_slow(view):
        unit = view.level_parts["unit"].iloc[0] if len(view.level_parts) else ""
        return {**change, "grain": "day", "unit": shown_unit(unit), "factor": 1.0, "height": 230, "description": f"level of {one.name}"}
    return {**change, "grain": _GRAINS.get(one.bin_hours, "day"), "unit": "%", "factor": 100.0, "height": 230,
            "description": f"success of {one.name or 'all partners'}"}


def _trend_title(view: RoamingView) -> tuple[str, str]:
    one = view.selection
    step = "daily" if _is_slow(view) else {1: "hourly", 6: "6-hourly"}.get(one.bin_hours, "daily")
    what = "level" if _is_slow(view) else f"{view.parameters['service']} success"
    return one.name or "All partners", f"{step} {what}, expected band in grey"
