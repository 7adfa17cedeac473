"""The demo operator's geography, partners, devices and regions, read from ``world.yaml`` into arrays."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

import numpy as np
import pandas as pd
import yaml

from cemlib.twin.season import DAY_MS, HOUR_MS

__all__ = ["PERIOD_START", "World", "build_world"]

#: The first instant of the demo operator's period.
PERIOD_START = pd.Timestamp("2026-03-01T00:00:00Z")

# the share that steering reaches falls a little short of its target; in one country it falls well short
_REACHED = {"HR": -0.11}


@dataclass(frozen=True)
class World:
    """What exists before anything happens.

    Attributes
    ----------
    days : int
        Length of the period; times are milliseconds since :data:`PERIOD_START`.
    home : dict
        Our own network: plmn, name, country.
    countries : pandas.DataFrame
        index country code; outbound, inbound (shares), rtt_ms.
    networks : pandas.DataFrame
        One row per PLMN: plmn, country, country_row, partner, partner_name, network, hub, natural, target, is_preferred,
        share (of the country's registrations that really go there), tadigs.
    devices, regions, operators : pandas.DataFrame
        Device models by TAC, regions of the home country, operators that customers rate.
    imsi_ranges : dict
        First 8 digits of our IMSIs to their share.
    offsets : numpy.ndarray
        Local time minus UTC in ms by country row and day; the last row is home.
    """

    days: int
    home: dict
    hubs: dict
    countries: pd.DataFrame
    networks: pd.DataFrame
    devices: pd.DataFrame
    regions: pd.DataFrame
    operators: pd.DataFrame
    imsi_ranges: dict
    towns: tuple
    unprobed: tuple
    offsets: np.ndarray

    @property
    def end(self) -> int:
        """The end of the period in ms; nothing written later has arrived yet."""
        return self.days * DAY_MS

    def row_of(self, plmn: str) -> int:
        """The row of a PLMN in :attr:`networks`.

        Examples
        --------
        >>> world = build_world(30)
        >>> world.networks["network"][world.row_of("99917")]
        'Boreal Mobil'
        """
        return int(np.flatnonzero(self.networks["plmn"] == plmn)[0])


@functools.cache
def _declared() -> dict:
    return yaml.safe_load(importlib.resources.files("cemlib.twin").joinpath("world.yaml").read_text(encoding="utf-8"))


def _networks(declared: dict, countries: pd.DataFrame) -> pd.DataFrame:
    columns = ["country", "partner", "network", "hub", "natural", "target", "tadigs"]
    frame = pd.DataFrame.from_dict(declared["networks"], orient="index", columns=columns).rename_axis("plmn").reset_index()
    frame["partner_name"] = frame["partner"].map(declared["partner_names"]).fillna(frame["network"])
    frame["country_row"] = countries.index.get_indexer(frame["country"])
    frame["target"] = frame["target"].astype(float)
    frame["is_preferred"] = frame["target"].notna()
    # where one network is preferred, the others share the rest in their natural proportion
    preferred = frame.groupby("country")["target"].transform("max")
    others = frame["natural"].where(~frame["is_preferred"], 0.0)
    part = others / others.groupby(frame["country"]).transform("sum").replace(0.0, 1.0)
    frame["target"] = np.where(preferred.isna(), np.nan, np.where(frame["is_preferred"], preferred, (1 - preferred) * part))
    reached = preferred + frame["country"].map(_REACHED).fillna(-0.01)
    frame["share"] = np.where(preferred.isna(), frame["natural"], np.where(frame["is_preferred"], reached, (1 - reached) * part))
    return frame


def _offsets(declared: dict, days: int) -> np.ndarray:
    home = declared["home"]
    rows = [row[3:] for row in declared["countries"].values()]
    rows.append([home["utc_offset_h"], str(home["dst_from"]), home["dst_offset_h"]])
    offsets = np.empty((len(rows), days), dtype=np.int64)
    for number, (before, change, after) in enumerate(rows):
        changed_on = (pd.Timestamp(change, tz="UTC") - PERIOD_START).days if change else days
        offsets[number] = np.where(np.arange(days) < changed_on, before * HOUR_MS, after * HOUR_MS)
    return offsets


def build_world(days: int) -> World:
    """Build the world for a period of so many days.

    Examples
    --------
    >>> world = build_world(30)
    >>> world.networks["partner"].nunique(), len(world.networks), len(world.countries)
    (40, 41, 25)
    """
    declared = _declared()
    countries = pd.DataFrame.from_dict(
        {code: row[:3] for code, row in declared["countries"].items()}, orient="index", columns=["outbound", "inbound", "rtt_ms"])
    devices = pd.DataFrame.from_dict(
        declared["devices"], orient="index",
        columns=["vendor", "model", "volte", "volte_roaming", "fiveg", "nbiot", "weight"]).rename_axis("tac").reset_index()
    regions = pd.DataFrame.from_dict(
        declared["regions"], orient="index", columns=["share", "lat", "lon", "half_deg"]).rename_axis("state").reset_index()
    operators = pd.DataFrame.from_dict(
        declared["operators"], orient="index", columns=["share", "level"]).rename_axis("operator").reset_index()
    return World(
        days=days, home=declared["home"], hubs=declared["hubs"], countries=countries, networks=_networks(declared, countries),
        devices=devices, regions=regions, operators=operators, imsi_ranges=declared["imsi_ranges"],
        towns=tuple(declared["towns"]), unprobed=tuple(declared["unprobed"]), offsets=_offsets(declared, days))
