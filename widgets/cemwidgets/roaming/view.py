"""The page: panels, map and trend that show the state and redraw when a filter or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.units import shown_unit
from cemlib.usecases import monitor_roaming
from cemlib.usecases.roaming.view import RoamingView
from cemwidgets.map.view import CountryMap
from cemwidgets.page.view import MOST_RECORDS, Boxed, Columns, Stack, UseCasePage
from cemwidgets.panel.parts import notice
from cemwidgets.roaming.state import RoamingState
from cemwidgets.roaming.tables import ACCUSING
from cemwidgets.trend.view import Trend

__all__ = ["RoamingPage"]

_GRAINS = {1: "hour", 6: "hour6", 24: "day"}


class RoamingPage(UseCasePage):
    """The page, as :class:`cemwidgets.page.view.UseCasePage` tells; ``asked`` are the parameters that gave the view.

    Attributes
    ----------
    top, overview, detail, evidence, foot : widget
    """

    part_names = ("head", "cards", "partners", "causes", "deeper", "story", "foot")

    def __init__(self, lake, view: RoamingView, asked: Mapping[str, object], messages: Sequence[str] = ()) -> None:
        self._lake = lake
        super().__init__(RoamingState(view, asked, messages), partner=lambda event: self._select(partner=event["partner"]), more=lambda event: self._more(),
                         tab=lambda event: self._open("tab", event["to"]), dimension=lambda event: self._open("dimension", event["to"]), records=self._show_records,
                         cause=lambda event: self._show_records({"part": "rest", "cause_code": event["code"].split("|")[1]}))
        self.filters.on("schedule", lambda event: self._schedule())
        self._map = CountryMap(_map_rows(view), _map_marks(view), title="Success by country", height=340)
        self._map.on("map", self._clicked)
        self._trend = Trend(_trend_rows(view), **_trend_drawing(view))
        self._mapped = Boxed("Success by country", self._map, note="episodes: any network of the country; click selects")
        self._trended = Boxed(*_trend_title(view)[:1], self._trend, self.story, note=_trend_title(view)[1])
        self.top = Stack(self.head, self.filters, self.cards)
        self.overview = Columns(self._mapped, self.partners)
        self.detail = Columns(self._trended, self.causes)
        self.evidence = Stack(self.deeper, self.records)
        self.draw()

    def _compute(self, values: Mapping[str, str]) -> None:
        asked = {name: values[name] for name in self.state.names} | {"days": int(values["days"])}
        self.state.turn(monitor_roaming(self._lake, **asked), asked)
        view = self.view
        self._map.show(_map_rows(view), _map_marks(view), selected=_map_selection(view))
        self._trend.show(_trend_rows(view), **_trend_drawing(view))
        self._trended.rename(*_trend_title(view))
        self.records.show(None)
        self.draw()

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
        self.draw("partners")

    def _open(self, what: str, name: str) -> None:
        setattr(self.state, what, name)
        self.draw("deeper")

    def _show_records(self, event: Mapping[str, str]) -> None:
        view, cell = self.view, {}
        kpi = event.get("kpi") or None
        if not event.get("kpi") and view.selection.plmns and view.selection.kind:
            cell["partner_plmn_code"] = list(view.selection.plmns)
        if event.get("cause_code"):
            cell["cause_code"] = event["cause_code"]
        part = event.get("part", "den")
        title = "Records" if not event.get("cause_code") else f"Records with cause {event['cause_code']}"
        self.open_records(lambda: view.rows(kpi, part=part, limit=MOST_RECORDS, **cell), title, "roaming_records.csv")

    def _export(self) -> None:
        self.filters.download("roaming_partners.csv", self.view.tables["partners"].to_csv(index=False))

    def _schedule(self) -> str:
        return notice("The same view as a report, from cron or a systemd timer:", self.state.schedule())


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
