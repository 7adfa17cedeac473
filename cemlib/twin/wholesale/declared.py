"""International and transit calls: carriers, destinations, inlets; and what a minute costs and earns."""

from __future__ import annotations

from cemlib.twin.scm import Domain
from cemlib.twin.season import HOUR_MS

__all__ = ["CARRIERS", "DESTINATIONS", "INLETS", "WHOLESALE"]

#: Carriers that take our calls, and give us theirs; all are invented.
CARRIERS = ("ALPHA", "BRAVO", "CIRRO", "DELTON", "EASTER", "FARSEE", "GANTRY", "HOLMEN")
#: destination: [prefix, digits that follow, weight, price a minute in EUR, share answered, median talk s, median post-dial delay ms, UTC offset h]
DESTINATIONS = {
    "Morocco mobile": ("2126", 8, 14.0, 0.32, 0.52, 105, 2900, 1), "Algeria mobile": ("2137", 8, 10.0, 0.28, 0.48, 110, 3300, 1), "Tunisia mobile": ("2169", 7, 6.0, 0.30, 0.51, 100, 3000, 1),
    "Senegal mobile": ("2217", 8, 4.0, 0.24, 0.46, 120, 3700, 0), "Ivory Coast mobile": ("22507", 8, 4.0, 0.26, 0.42, 115, 4000, 0), "Turkey mobile": ("905", 9, 8.0, 0.16, 0.55, 95, 2500, 3),
    "Portugal fixed": ("3512", 8, 6.0, 0.012, 0.68, 160, 1500, 0), "Spain mobile": ("346", 8, 9.0, 0.018, 0.62, 120, 1500, 1), "Italy mobile": ("393", 9, 8.0, 0.021, 0.60, 115, 1600, 1),
    "Germany fixed": ("4930", 8, 7.0, 0.010, 0.70, 150, 1400, 1), "United Kingdom mobile": ("447", 9, 8.0, 0.023, 0.58, 110, 1600, 0), "Belgium mobile": ("324", 8, 5.0, 0.022, 0.61, 110, 1400, 1),
    "Romania mobile": ("407", 8, 4.0, 0.020, 0.57, 105, 1900, 2), "Poland mobile": ("485", 8, 3.0, 0.020, 0.59, 100, 1700, 1), "India mobile": ("919", 9, 3.0, 0.014, 0.49, 130, 3600, 5),
    "Lebanon mobile": ("9613", 6, 2.5, 0.13, 0.47, 140, 3300, 2), "Cuba": ("535", 7, 0.6, 0.74, 0.34, 110, 6200, -5), "Latvia premium": ("3719", 7, 0.15, 1.10, 0.55, 60, 2600, 2),
}
#: Whence calls come: our own retail in four groups, and each carrier. [share, highest in the evening]
INLETS = (*((f"HOME_{at}", 0.13, True) for at in range(1, 5)), *((name, 0.06, False) for name in CARRIERS))

WHOLESALE = Domain("wholesale", constants=["world", "days", "hour_season", "subscribers"], needs=["mobile"])
WHOLESALE.entities("carrier", is_shared=True)
WHOLESALE.steps("carrier_hour", of="carrier", step_ms=HOUR_MS, is_shared=True)
WHOLESALE.entities("route", is_shared=True)
WHOLESALE.entities("inlet", is_shared=True)
WHOLESALE.steps("inlet_hour", of="inlet", step_ms=HOUR_MS, is_shared=True)
WHOLESALE.events("transit", of="inlet_hour", count="transit_count", clock="transit_at")
