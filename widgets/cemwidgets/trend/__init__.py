"""A value through time against what was expected, and the small pictures that stand in cards and cells."""

from __future__ import annotations

from cemwidgets.trend.glyphs import interval_glyph, meter, sparkline
from cemwidgets.trend.state import svg, trend_rows, trend_spec

__all__ = ["interval_glyph", "meter", "sparkline", "svg", "trend_rows", "trend_spec"]
