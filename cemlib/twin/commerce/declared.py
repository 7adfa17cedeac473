"""Agreements and bills: the domain object, and the roaming deals that the operator has."""

from __future__ import annotations

from cemlib.twin.scm import Domain
from cemlib.twin.season import DAY_MS

__all__ = ["COMMERCE", "DEALS", "HISTORY_MONTHS", "MONTH_DAYS", "PLMNS", "SERVICES"]

#: Months of settlement before the period; a month of the model has 30 days.
HISTORY_MONTHS, MONTH_DAYS = 12, 30
#: deal: [partner, PLMN, direction, model, price a megabyte, currency, commitment against the use to be expected, or None]
DEALS = {
    "AG-SIERRA": ("SIERRA", "99901", "OUT", "send_or_pay", 0.0021, "EUR", 0.95), "AG-COSTERA": ("COSTERA", "99902", "OUT", "tiered_incremental", 0.0024, "EUR", None),
    "AG-LAGOBLU": ("LAGOBLU", "99904", "OUT", "tiered_back_to_first", 0.0022, "EUR", None), "AG-RHEINFUNK": ("RHEINFUNK", "99907", "OUT", "send_or_pay", 0.0019, "EUR", 0.9),
    "AG-HARBOUR": ("HARBOUR", "99909", "OUT", "flat", 0.0026, "SDR", None), "AG-MELTEMI": ("MELTEMI", "99911", "OUT", "cap", 0.0030, "EUR", 1.1),
    "AG-CASCADIA": ("CASCADIA", "99915", "OUT", "imsi_based", 0.0035, "SDR", None), "AG-BOREAL": ("BOREAL", "99917", "OUT", "send_or_pay", 0.0028, "SDR", 0.97),
    "AG-TOUBKALIS": ("TOUBKALIS", "99920", "OUT", "flat", 0.0045, "EUR", None), "AG-RHEINFUNK-IN": ("RHEINFUNK", "99907", "IN", "balanced", 0.0019, "EUR", None),
    "AG-HARBOUR-IN": ("HARBOUR", "99909", "IN", "balanced", 0.0025, "SDR", None),
}
PLMNS = tuple(one[1] for one in DEALS.values())
#: service: seconds of talk or bytes for a megabyte of data, price of a unit against that of a megabyte
SERVICES = ("GPRS", "MOC")

COMMERCE = Domain("commerce", constants=["world", "days", "people", "deal_reach", "customers"], needs=["mobile"])
COMMERCE.entities("deal", is_shared=True)
COMMERCE.steps("deal_month", of="deal", step_ms=MONTH_DAYS * DAY_MS, is_shared=True)
