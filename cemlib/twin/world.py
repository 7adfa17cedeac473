"""The demo operator's geography, partners, devices and regions, read from ``world.yaml`` into arrays."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import yaml

from cemlib.twin.season import DAY_MS, HOUR_MS
from cemlib.twin.streams import Streams

__all__ = ["PERIOD_START", "World", "build_world", "rename_world"]

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
    renamed : mapping
        What was called otherwise in ``world.yaml``: the name there to the name here (PLMNs, partners, hubs, TACs, IMSI ranges, regions).
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
    renamed: Mapping[str, str] = field(default_factory=dict)

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


def rename_world(world: World, streams: Streams) -> World:
    """The same world in which every name belongs to somebody else: a view that knows a name by heart finds another behind it.

    Names are dealt anew among those of their kind (PLMNs of one length, partners with their networks, hubs, TADIGs, TACs, IMSI ranges, regions), so that
    files and reference tables stay valid.

    Examples
    --------
    >>> from cemlib.twin.streams import Streams
    >>> world = build_world(3)
    >>> other = rename_world(world, Streams(5))
    >>> sorted(other.networks["plmn"]) == sorted(world.networks["plmn"]), bool((other.networks["plmn"] == world.networks["plmn"]).mean() < 0.2)
    (True, True)
    """
    renamed: dict[str, str] = {}

    def deal(kind: str, names) -> dict[str, str]:
        old = list(dict.fromkeys(names))
        order = np.argsort(streams.uniform(f"rename.{kind}", np.arange(len(old))), kind="stable")
        found = dict(zip(old, [old[at] for at in order.tolist()]))
        renamed.update(found)
        return found

    networks = world.networks.copy()
    plmns = {}
    for length in sorted(set(networks["plmn"].str.len())):
        plmns |= deal(f"plmn{length}", networks.loc[networks["plmn"].str.len() == length, "plmn"])
    partners, titles = deal("partner", networks["partner"]), dict(zip(networks["partner"], networks["partner_name"]))
    networks["network"] = networks["network"].map(deal("network", networks["network"]))
    networks["plmn"], networks["partner"] = networks["plmn"].map(plmns), networks["partner"].map(partners)
    networks["partner_name"] = networks["partner"].map(titles)
    networks["hub"] = networks["hub"].map(deal("hub", networks["hub"]))
    tadigs = deal("tadig", [one for several in networks["tadigs"] for one in several])
    networks["tadigs"] = networks["tadigs"].map(lambda several: [tadigs[one] for one in several])
    devices = world.devices.assign(tac=world.devices["tac"].map(deal("tac", world.devices["tac"])))
    regions = world.regions.assign(state=world.regions["state"].map(deal("region", world.regions["state"])))
    ranges = deal("imsi_range", world.imsi_ranges)
    return replace(world, networks=networks, devices=devices, regions=regions, imsi_ranges={ranges[name]: share for name, share in world.imsi_ranges.items()},
                   unprobed=tuple(plmns[one] for one in world.unprobed), renamed=renamed)
