"""An open Customer Experience Management workbench for telecom operators.

The main jobs in three lines::

    import cemlib as cem

    lake = cem.open_lake("data/lake")
    lake.ingest(cem.sources.RoamingSignalling("data/incoming/roaming_signalling"))
    cem.evaluate(lake, "roaming_registration_success_ratio", by=["partner_plmn", "hour"]).to_pandas()

A public name is loaded when it is first asked for, so that a command which needs little starts quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cemlib.running_code import note_code

if TYPE_CHECKING:
    from cemlib.lake import Lake

__version__ = "0.1.0"

# before anything else is loaded: what is kept for other processes is told by the code that was loaded
note_code()

# public name -> the module it comes from, and its name there (none: the module itself)
_MODULES = {
    "CemError": ("cemlib.errors", "CemError"),
    "analysis": ("cemlib.analysis", None),
    "enrich": ("cemlib.enrich", None),
    "evaluate": ("cemlib.kpi", "evaluate"),
    "experience": ("cemlib.experience", None),
    "kpi": ("cemlib.kpi", None),
    "load_index": ("cemlib.experience", "load_index"),
    "open_lake": ("cemlib.lake", "open_lake"),
    "page_parameters": ("cemlib.report.request", "page_parameters"),
    "privacy": ("cemlib.privacy", None),
    "publish": ("cemlib.report.publish", "publish"),
    "run_report": ("cemlib.report.runner", "run_report"),
    "schema": ("cemlib.schema", None),
    "score_experience": ("cemlib.experience", "score_experience"),
    "settings": ("cemlib.settings", None),
    "sources": ("cemlib.sources", None),
    "usecases": ("cemlib.usecases", None),
}

__all__ = [
    "CemError",
    "analysis",
    "enrich",
    "evaluate",
    "experience",
    "kpi",
    "load_index",
    "open_lake",
    "page_parameters",
    "privacy",
    "publish",
    "run_report",
    "schema",
    "score_experience",
    "settings",
    "sources",
    "usecases",
]


def _make_door(lake: Lake) -> Any:
    """The door of an ingest: the lake does not know the sources, so it is told here; known PLMNs tell an IMSI's home network."""
    from cemlib.lake import collect_frame
    from cemlib.sources import Door

    known = collect_frame(lake.frame("network").select("plmn_code").unique())["plmn_code"].dropna() if lake.has("network") else []
    return Door(plmn_codes=list(known))


def _keep_rollups(lake: Lake) -> None:
    """After an ingest: the lake does not know the KPIs, so it is told here how their rollups are kept."""
    from cemlib.kpi.rollup import keep_rollups

    keep_rollups(lake)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _MODULES[name]
    found = importlib.import_module(module)
    if name == "open_lake":
        found.set_door_factory(_make_door)
        found.add_ingest_hook(_keep_rollups)
    found = found if attribute is None else getattr(found, attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
