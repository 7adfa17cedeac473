"""The trend without a browser: gaps, too few, times in UTC; the small pictures."""

from __future__ import annotations

import cemwidgets as cw
import pandas as pd
import pytest
from cemwidgets.trend import svg, trend_rows, trend_spec

from cemlib.errors import CallError

FRAME = pd.DataFrame({
    "at": pd.to_datetime(["2026-03-01T00:00", "2026-03-01T01:00", "2026-03-01T02:00", "2026-03-01T05:00"]), "value": [0.98, 0.97, 0.5, 0.99],
    "low": 0.4, "high": 0.995, "expected_low": 0.96, "expected_high": 0.99, "den": [100, 100, 8, 100], "state": ["ok", "ok", "too_few", "ok"],
})


def test_missing_hours_are_gaps_and_too_few_is_a_line_of_its_own():
    rows = trend_rows(FRAME)
    assert [row["judged"] for row in rows] == [98.0, 97.0, None, None, None, 99.0]
    # the dashed line joins the last judged hour with the hour that has too few
    assert [row["few"] for row in rows] == [None, 97.0, 50.0, None, None, None]
    assert [row["shown"] for row in rows] == ["98.0 %", "97.0 %", "50.0 % (too few)", "no data", "no data", "99.0 %"]


def test_a_suppressed_hour_tells_nothing():
    row = trend_rows(FRAME.assign(state="suppressed"))[0]
    assert (row["judged"], row["few"], row["shown"], row["interval"]) == (None, None, "hidden", "–")


def test_times_are_utc_whatever_zone_came():
    local = FRAME.assign(at=FRAME["at"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    assert [row["at"] for row in trend_rows(local)] == [row["at"] for row in trend_rows(FRAME)]
    assert trend_rows(FRAME)[0]["when"] == "Sun 01 Mar 00:00 UTC"


def test_every_layer_is_there_and_an_empty_course_is_drawn_too():
    spec = trend_spec(FRAME, change_at="2026-03-01T02:00", incidents=[{"at": "2026-03-01T01:00", "end": "2026-03-01T02:00", "text": "hub down"}])
    kinds = [one["mark"]["type"] for one in spec["layer"]]
    # incident, band, dashed, line, the lonely last hour, change and its words, the strips that answer the pointer
    assert kinds == ["rect", "area", "line", "line", "point", "rule", "text", "rect"]
    assert "<svg" in svg(trend_spec(FRAME.iloc[:0], width=300))


def test_an_unknown_grain_is_refused():
    with pytest.raises(CallError, match="grain"):
        trend_rows(FRAME, grain="week")


def test_the_twin_is_an_svg_in_two_widths_with_colours_that_follow_the_theme():
    html = cw.Trend(FRAME, description="success <by> hour").static()
    assert html.count("<svg") == 2
    assert "var(--cem-accent" in html
    assert "success &lt;by&gt; hour" in html
    assert "<by>" not in html


def test_show_keeps_what_is_not_named():
    trend = cw.Trend(FRAME, unit="s", factor=1.0, change_at="2026-03-01T02:00")
    trend.show(FRAME, change_at=None)
    assert "' s'" in trend.spec["layer"][1]["encoding"]["y"]["axis"]["labelExpr"]
    assert "rule" not in [one["mark"]["type"] for one in trend.spec["layer"]]


def test_the_small_pictures():
    assert cw.sparkline([1.0, None]) == ""
    # a gap lifts the pen
    assert cw.sparkline([1.0, 2.0, None, 1.5, 1.0]).count("M") == 2
    few = cw.interval_glyph(0.857, 0.6, 0.96, domain=(0, 1), state="too_few")
    assert 'class="dot"' not in few
    assert "is-few" in few
    assert 'class="range"' not in cw.interval_glyph(None, None, None, domain=(0, 1), state="no_data")
    # 0.5 of a width of 120
    assert 'x1="60"' in cw.interval_glyph(0.5, 0.5, 0.5, domain=(0, 1))
    assert 'class="part" width="100"' in cw.meter(1.7)
    assert 'class="part" width="0"' in cw.meter(None)
