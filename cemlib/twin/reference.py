"""The small files of master data: partner directory, steering plan, device catalogue."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cemlib.twin.feed import Feed
from cemlib.twin.world import World

__all__ = ["reference_feeds"]

_VALID_FROM = "2025-01-01T00:00:00.000Z"


def reference_feeds(world: World) -> list[Feed]:
    """The partner directory (a line for each TADIG of a PLMN), the steering plan and the device catalogue.

    Examples
    --------
    >>> from cemlib.twin.world import build_world
    >>> [(feed.name, feed.table.num_rows) for feed in reference_feeds(build_world(30))]
    [('partner_directory', 42), ('steering_plan', 27), ('device_catalogue', 25)]
    """
    networks = world.networks.explode("tadigs", ignore_index=True)
    partners = pa.table({
        "plmn": networks["plmn"], "tadig": networks["tadigs"], "network": networks["network"], "partner": networks["partner"],
        "partner_name": networks["partner_name"], "hub": networks["hub"], "country": networks["country"],
        "valid_from": [_VALID_FROM] * len(networks),
    })
    steered = world.networks[world.networks["target"].notna()]
    steering = pa.table({
        "country": steered["country"], "plmn": steered["plmn"], "basis": ["registrations"] * len(steered),
        "target_share": pa.array(steered["target"].round(4).to_numpy()), "valid_from": [_VALID_FROM] * len(steered),
    })
    devices = pa.table({name: pa.array(world.devices[name].to_numpy()) if name in ("volte", "volte_roaming", "fiveg", "nbiot") else world.devices[name]
                        for name in ("tac", "vendor", "model", "volte", "volte_roaming", "fiveg", "nbiot")})
    return [Feed(name, table, np.arange(table.num_rows)) for name, table in
            (("partner_directory", partners), ("steering_plan", steering), ("device_catalogue", devices))]
