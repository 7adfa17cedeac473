"""The joins: subscriber, partner, device, cause, steering, episode. Each states its cardinality; none makes records."""

from cemlib.enrich.causes import AREAS, SIDES, cause_rules
from cemlib.enrich.tables import PSEUDO_TABLES, enriched, enriched_schema, event_columns, registration_episode
from cemlib.enrich.windows import Windows, windows

__all__ = [
    "AREAS",
    "PSEUDO_TABLES",
    "SIDES",
    "Windows",
    "cause_rules",
    "enriched",
    "enriched_schema",
    "event_columns",
    "registration_episode",
    "windows",
]
