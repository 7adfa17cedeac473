"""The causes with which a registration ends, as the two sides see them, and how often each fails in the background."""

from __future__ import annotations

import numpy as np

from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["CAUSES", "LABELS", "MIXES", "NO_ANSWER", "ROAMING_NOT_ALLOWED", "SUCCESS", "UNABLE_TO_DELIVER", "background_rates", "mix_of"]

# (protocol, vendor, code, share of retries that fail again); row 0 to 4 are the successes of each protocol
CAUSES: tuple[tuple[str, str, str, float], ...] = (
    ("map_update_location", "", "0", 0), ("diameter_3gpp", "10415", "0", 0), ("emm", "", "0", 0), ("5gmm", "", "0", 0), ("any", "", "0", 0),
    ("map_update_location", "", "1", 0.85), ("map_update_location", "", "8", 0.6), ("map_update_location", "", "34", 0.25),
    ("map_update_location", "", "35", 0.3), ("map_update_location", "", "36", 0.3),
    ("diameter_3gpp", "10415", "5001", 0.85), ("diameter_3gpp", "10415", "5004", 0.6), ("diameter_3gpp", "10415", "5420", 0.8),
    ("diameter_3gpp", "10415", "5421", 0.6), ("diameter_3gpp", "10415", "4181", 0.3),
    ("diameter_base", "", "3002", 0.3), ("diameter_base", "", "3004", 0.3), ("diameter_base", "", "5012", 0.4),
    ("emm", "", "2", 0.8), ("emm", "", "3", 0.8), ("emm", "", "7", 0.8), ("emm", "", "11", 0.7), ("emm", "", "13", 0.6), ("emm", "", "14", 0.7),
    ("emm", "", "15", 0.5), ("emm", "", "17", 0.25), ("emm", "", "22", 0.3),
    ("5gmm", "", "7", 0.8), ("5gmm", "", "11", 0.7), ("5gmm", "", "15", 0.5), ("5gmm", "", "22", 0.3), ("5gmm", "", "27", 0.8), ("5gmm", "", "73", 0.8),
    ("any", "", "no_answer", 0.3),
)
#: The causes by name, as a scenario writes them: protocol and code.
LABELS = tuple(f"{protocol}:{code}" for protocol, _, code, _ in CAUSES)
_ROW = {(protocol, code): row for row, (protocol, _, code, _) in enumerate(CAUSES)}

#: Row of the success of each protocol.
SUCCESS = {protocol: _ROW[protocol, "0"] for protocol in ("map_update_location", "diameter_3gpp", "emm", "5gmm", "any")}
NO_ANSWER = _ROW["any", "no_answer"]
UNABLE_TO_DELIVER = _ROW["diameter_base", "3002"]
#: Row of the reject with which a roamer is steered, on Diameter and on MAP.
ROAMING_NOT_ALLOWED = {"diameter_3gpp": _ROW["diameter_3gpp", "5004"], "map_update_location": _ROW["map_update_location", "8"]}

#: Background causes of each protocol: row of CAUSES to weight.
MIXES: dict[str, dict[int, float]] = {
    "map_update_location": {_ROW["map_update_location", "1"]: 0.15, _ROW["map_update_location", "8"]: 0.13, _ROW["map_update_location", "34"]: 0.26,
                            _ROW["map_update_location", "35"]: 0.08, _ROW["map_update_location", "36"]: 0.08, NO_ANSWER: 0.30},
    "diameter_3gpp": {_ROW["diameter_3gpp", "5001"]: 0.12, _ROW["diameter_3gpp", "5004"]: 0.10, _ROW["diameter_3gpp", "5420"]: 0.13,
                      _ROW["diameter_3gpp", "5421"]: 0.10, _ROW["diameter_3gpp", "4181"]: 0.09, UNABLE_TO_DELIVER: 0.11,
                      _ROW["diameter_base", "3004"]: 0.05, _ROW["diameter_base", "5012"]: 0.07, NO_ANSWER: 0.23},
    "emm": {_ROW["emm", "2"]: 0.08, _ROW["emm", "3"]: 0.04, _ROW["emm", "7"]: 0.10, _ROW["emm", "11"]: 0.18, _ROW["emm", "13"]: 0.08,
            _ROW["emm", "14"]: 0.08, _ROW["emm", "15"]: 0.16, _ROW["emm", "17"]: 0.14, _ROW["emm", "22"]: 0.06, NO_ANSWER: 0.08},
    "5gmm": {_ROW["5gmm", "7"]: 0.10, _ROW["5gmm", "11"]: 0.20, _ROW["5gmm", "15"]: 0.22, _ROW["5gmm", "22"]: 0.08, _ROW["5gmm", "27"]: 0.30,
             _ROW["5gmm", "73"]: 0.10},
}

_RHO_DAY, _RHO_HOUR = 0.001, 0.001


def mix_of(streams: Streams, node: str, ids: np.ndarray, protocol: np.ndarray) -> np.ndarray:
    """A background cause (row of CAUSES) for each attempt, by its protocol."""
    chosen = np.zeros(len(ids), dtype=np.int64)
    for name, mix in MIXES.items():
        mine = protocol == name
        rows = np.array(list(mix))
        chosen[mine] = rows[streams.pick(node, ids[mine], list(mix.values()))]
    return chosen


def background_rates(world: World, streams: Streams, node: str, low: float, high: float) -> np.ndarray:
    """Failure rate of each network in each hour: its own level, and more spread than chance from day to day and hour to hour.

    The spread is beta with an overdispersion (rho) of .001 between days and .001 between the hours of a day.

    Returns
    -------
    numpy.ndarray
        networks x hours.

    Examples
    --------
    >>> from cemlib.twin.world import build_world
    >>> rates = background_rates(build_world(2), Streams(1), "registration.fail", .008, .022)
    >>> rates.shape, bool((rates > 0).all() and (rates.mean() < .03))
    ((41, 48), True)
    """
    rates = np.empty((len(world.networks), world.days * 24))
    for row, plmn in enumerate(world.networks["plmn"]):
        draw = streams.generator(node, plmn)
        level = low + (high - low) * draw.random()
        by_day = draw.beta(level * (1 / _RHO_DAY - 1), (1 - level) * (1 / _RHO_DAY - 1), world.days).clip(1e-4, 0.5).round(9)
        spread = np.repeat(by_day, 24)
        by_hour = draw.beta(spread * (1 / _RHO_HOUR - 1), (1 - spread) * (1 / _RHO_HOUR - 1)).clip(1e-5, 0.6)
        # the C library of a machine decides on the last bits of a beta draw
        rates[row] = np.round(by_hour, 9)
    return rates
