"""Statistics that know nothing of telecom tables: DataFrames in, result objects out."""

from __future__ import annotations

from cemlib.analysis.alarm import Alarms
from cemlib.analysis.alike_segments import merge_alike
from cemlib.analysis.baseline import BetaBinomialBaseline
from cemlib.analysis.causal_graph import CausalGraph
from cemlib.analysis.change import ChangePoint, find_change, find_level_change
from cemlib.analysis.correlate import LaggedCorrelation
from cemlib.analysis.expectation import expect_quality
from cemlib.analysis.importance import map_importance
from cemlib.analysis.localise import RootCauseLocator
from cemlib.analysis.named_segments import NamedSegments
from cemlib.analysis.pattern import match_pattern
from cemlib.analysis.pooling import PooledBaseline
from cemlib.analysis.satisfaction import SatisfactionModel
from cemlib.analysis.seasonal import SeasonalBand
from cemlib.analysis.segment import Segmenter
from cemlib.analysis.whatif import WhatIf

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
