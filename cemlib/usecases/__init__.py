"""The use cases: the minimum view of each as plain data, which notebooks, apps and reports show."""

from __future__ import annotations

from cemlib.lazy_names import load_lazily

# name -> module; loaded when first asked for, so that one use case works without the others' packages
_MODULES = {
    "correlate_sources": "cemlib.usecases.correlation_of_sources",
    "explain_change": "cemlib.usecases.root_cause",
    "monitor_roaming": "cemlib.usecases.roaming_monitoring",
    "view_catalogue": "cemlib.usecases.kpi_catalogue",
    "view_mobile": "cemlib.usecases.mobile_insights",
    "view_satisfaction": "cemlib.usecases.satisfaction_index",
    "view_segments": "cemlib.usecases.segment_explorer",
    "what_if_satisfaction": "cemlib.usecases.whatif_satisfaction",
    "why": "cemlib.usecases.root_cause",
}

__all__ = ["correlate_sources", "explain_change", "monitor_roaming", "view_catalogue", "view_mobile", "view_satisfaction", "view_segments", "what_if_satisfaction", "why"]

__getattr__, __dir__ = load_lazily(__name__, _MODULES, __all__)
