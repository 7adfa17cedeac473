"""Statistics that know nothing of telecom tables: DataFrames in, result objects out."""

from __future__ import annotations

from cemlib.analysis.baseline import BetaBinomialBaseline
from cemlib.analysis.change import ChangePoint, find_change, find_level_change
from cemlib.analysis.segment import Segmenter

__all__ = ["BetaBinomialBaseline", "ChangePoint", "Segmenter", "find_change", "find_level_change"]
