"""The mobile customer's life at home: cells, use, quality, expectation, memory, and what customers do."""

from cemlib.twin.mobile import customer, exports, feeling, network, records, usage, words
from cemlib.twin.mobile.declared import (
           HISTORY_DAYS,
           MOBILE,
           SITES,
           Geography,
           build_geography,
           seasons_of_days,
           seasons_of_hours,
)
from cemlib.twin.mobile.feeling import Families

__all__ = ["HISTORY_DAYS", "MOBILE", "SITES", "Families", "Geography", "build_geography", "customer", "exports", "feeling", "network", "records",
           "seasons_of_days", "seasons_of_hours", "usage", "words"]
