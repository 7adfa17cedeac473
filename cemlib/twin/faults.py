"""What is planted: seven facts that an analysis must find, or must not fall for. Each can be left out alone.

A fault changes what descends from it and nothing else: its draws come from its own streams. Where it acts is counted from the
end of the period, so that a short period has its faults too; in the default period of 30 days the S6a rejects begin on
2026-03-21 14:00 UTC, the slow data on 2026-03-15, the hub fails on 2026-03-28 at 16:00 and the burst is on 2026-03-29.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cemlib.errors import UnknownNameError
from cemlib.twin.acts import Acts
from cemlib.twin.season import DAY_MS, HOUR_MS

__all__ = ["FAULTS", "Faults"]

#: The planted facts by name, with what they are.
FAULTS = {
    "s6a_reject": "a profile change: one IMSI range of ours is rejected on S6a (5004) at one partner; no steering",
    "slow_data": "data sessions at one partner are slow; its registrations are fine",
    "hub_outage": "every partner of one hub times out for an hour",
    "steering_burst": "decoy: thousands of 5004 at a partner that is not preferred, each followed by success elsewhere",
    "small_partner": "a partner too small to judge, with an accidentally bad rate",
    "silent_roamers": "roamers registered at one partner who use nothing, more than elsewhere",
    "indoor_4g": "one home region where 4G indoors is clearly worse",
}


@dataclass(frozen=True)
class Faults:
    """Which facts are planted, where and when.

    Attributes
    ----------
    names : frozenset of str
        The planted ones, of :data:`FAULTS`.
    days : int
        Length of the period; times are ms since its start.
    acts : Acts, optional
        Interventions of a scenario on the nodes of roaming.
    small_trips, small_tries, s6a_customers : tuple of int
        The entities that were chosen to be struck, by id; see :func:`cemlib.twin.roaming.settle_faults`.

    Examples
    --------
    >>> Faults.planted(["slow_data"], days=30).has("hub_outage")
    False
    >>> Faults.planted(None, days=30).s6a_from / DAY_MS
    20.583333333333332
    """

    names: frozenset[str]
    days: int
    s6a_plmn: str = "99917"
    s6a_imsi_range: str = "99970004"
    s6a_share: float = 0.12
    s6a_strength: float = 0.94
    slow_plmn: str = "99911"
    slow_factor: float = 3.0
    hub: str = "TRAMONTANE"
    hub_strength: float = 0.9
    burst_plmn: str = "99902"
    small_plmn: str = "99930"
    small_attempts: int = 18
    small_bad: tuple[int, ...] = field(default=(1, 3, 6, 8))
    silent_plmn: str = "99931"
    silent_share: float = 0.2
    region: str = "Westermark"
    region_level: float = -1.1
    acts: Acts | None = None
    small_trips: tuple[int, ...] = ()
    small_tries: tuple[int, ...] = ()
    s6a_customers: tuple[int, ...] = ()

    @classmethod
    def planted(cls, names: Iterable[str] | None, *, days: int) -> Faults:
        """All facts, or the named ones.

        Raises
        ------
        UnknownNameError
            For a name that is not in :data:`FAULTS`.
        """
        chosen = frozenset(FAULTS if names is None else names)
        for name in sorted(chosen - set(FAULTS)):
            raise UnknownNameError("fault", name, FAULTS)
        return cls(names=chosen, days=days)

    def renamed(self, names: Mapping[str, str]) -> Faults:
        """The same facts where the world's names were dealt anew."""
        return replace(self, **{one: names.get(getattr(self, one), getattr(self, one)) for one in (
            "s6a_plmn", "s6a_imsi_range", "slow_plmn", "hub", "burst_plmn", "small_plmn", "silent_plmn", "region")})

    def act(self, node: str, values: np.ndarray, **rows: Any) -> np.ndarray:
        """The values of a node of roaming after the scenario's interventions; see :meth:`cemlib.twin.acts.Acts.apply`."""
        return values if self.acts is None else self.acts.apply(node, values, **rows)

    def has(self, name: str) -> bool:
        """Whether a fact is planted."""
        return name in self.names

    @property
    def end(self) -> int:
        """End of the period."""
        return self.days * DAY_MS

    @property
    def s6a_from(self) -> int:
        """Begin of the S6a rejects; they last until the end."""
        return self.end - 10 * DAY_MS + 14 * HOUR_MS

    @property
    def slow_from(self) -> int:
        """Begin of the slow data; it lasts until the end."""
        return self.end - 16 * DAY_MS

    @property
    def hub_window(self) -> tuple[int, int]:
        """The hour of the hub's failure."""
        start = self.end - 3 * DAY_MS + 16 * HOUR_MS
        return start, start + HOUR_MS

    @property
    def burst_window(self) -> tuple[int, int]:
        """The day of the steering burst."""
        return self.end - 2 * DAY_MS, self.end - DAY_MS

    @property
    def last_week(self) -> int:
        """Begin of the last seven days."""
        return max(0, self.end - 7 * DAY_MS)

    def slow_by(self, plmn: np.ndarray, outbound: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The factor by which each outbound data session or probe at a PLMN is slower."""
        hit = outbound & (plmn == self.slow_plmn) & (start >= self.slow_from)
        return np.where(hit & self.has("slow_data"), self.slow_factor, 1.0)
