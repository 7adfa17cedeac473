"""Statistics that know nothing of telecom tables: DataFrames in, result objects out."""

from __future__ import annotations

from cemlib.lazy_names import load_lazily

# name -> module; loaded when first asked for: one analysis does without the packages of the others
_MODULES = {
    "Alarms": "cemlib.analysis.alarm",
    "BetaBinomialBaseline": "cemlib.analysis.baseline",
    "CausalGraph": "cemlib.analysis.causal_graph",
    "ChangePoint": "cemlib.analysis.change",
    "LaggedCorrelation": "cemlib.analysis.correlate",
    "NamedSegments": "cemlib.analysis.named_segments",
    "PooledBaseline": "cemlib.analysis.pooling",
    "RootCauseLocator": "cemlib.analysis.localise",
    "SatisfactionModel": "cemlib.analysis.satisfaction",
    "SeasonalBand": "cemlib.analysis.seasonal",
    "Segmenter": "cemlib.analysis.segment",
    "WhatIf": "cemlib.analysis.whatif",
    "expect_quality": "cemlib.analysis.expectation",
    "find_change": "cemlib.analysis.change",
    "find_level_change": "cemlib.analysis.change",
    "map_importance": "cemlib.analysis.importance",
    "match_pattern": "cemlib.analysis.pattern",
    "merge_alike": "cemlib.analysis.alike_segments",
}

__all__ = [
    "Alarms",
    "BetaBinomialBaseline",
    "CausalGraph",
    "ChangePoint",
    "LaggedCorrelation",
    "NamedSegments",
    "PooledBaseline",
    "RootCauseLocator",
    "SatisfactionModel",
    "SeasonalBand",
    "Segmenter",
    "WhatIf",
    "expect_quality",
    "find_change",
    "find_level_change",
    "map_importance",
    "match_pattern",
    "merge_alike",
]

__getattr__, __dir__ = load_lazily(__name__, _MODULES, __all__)
