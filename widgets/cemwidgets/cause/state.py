"""What the app shows: the view and which cause is opened; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import pandas as pd

from cemlib.units import format_interval, format_value
from cemlib.usecases.cause.filters import label_of, say_filter
from cemlib.usecases.cause.view import CauseView
from cemwidgets.filters import Choice, Listed
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import Column, box, esc, table

__all__ = ["CauseState"]

_PERIODS = ("24h", "3d", "7d", "10d", "14d", "28d")
_AGAINST = (("before", "as long just before"), ("week", "a week earlier"), ("days", "the seven days before"))
_WIDTH = 200.0


class CauseState(UseCaseState):
    """The state of the app: which cause is opened."""

    names = ("kpi", "period", "against", "depth", "where", "by")

    def show(self, view: CauseView) -> None:
        """Show another view; the first cause is the opened one."""
        super().show(view)
        self.cause = 0

    def select(self, cause: int) -> None:
        """Open a cause that the view has."""
        self.cause = cause if 0 <= cause < len(self.view.causes) else 0

    def filters(self) -> list[Choice]:
        """The chips; a period that was given by hand is one of its choices."""
        chosen = self.view.chosen
        periods = tuple(dict.fromkeys([*_PERIODS, chosen["period"]]))
        against = _AGAINST if chosen["against"] in dict(_AGAINST) else (*_AGAINST, (chosen["against"], chosen["against"]))
        return [Choice("kpi", "KPI", _with_chosen(self.view.choices["kpi"], chosen["kpi"]), chosen["kpi"]), Choice("period", "period", periods, "7d"), Choice("against", "against", against, "before"), Choice("depth", "dimensions", ("1", "2", "3", "4"), "3"),
                Listed("where", ";", say_filter), Listed("by", ",", label_of, "in")]

    def address(self, query: str) -> str:
        """The chips and the KPI, which "Reset" leaves as it is."""
        return "&".join(one for one in (f"kpi={quote(self.view.chosen['kpi'])}", query) if one)

    # --- the parts of the page

    def causes(self, live: bool = True) -> str:
        """The causes with their figures, now and then."""
        unit, rows = self.view.unit, []
        for number, row in enumerate(self.view.causes.itertuples()):
            hidden = row.state == "suppressed"
            rows.append({"text": row.text, "cause": str(number), "_few": hidden, "share": format_value(row.share_explained, "ratio", with_unit=False, decimals=0),
                         "now": "suppressed" if hidden else format_value(row.value, unit, with_unit=False), "now_note": "" if hidden else f"95 % {format_interval(row.low, row.high, unit)}",
                         "then": format_value(row.then_value, unit, with_unit=False), "then_note": "" if hidden or pd.isna(row.then_low) else f"95 % {format_interval(row.then_low, row.then_high, unit)}",
                         "n": None if pd.isna(row.den) else int(row.den), "p": "< 0.0001" if row.p < 0.0001 else f"{row.p:.4f}"})
        if not rows:
            return box("Causes", '<div class="cem-empty">No pattern stands out.</div>') if self.view.verdict else ""
        percent = "%" if unit == "ratio" else unit
        columns = [Column("text", "Pattern", narrow="head"), Column("share", "Explains %", "number"), Column("now", f"Now, {percent}", "number", narrow="main"),
                   Column("then", f"Before, {percent}", "number"), Column("n", "Records", "number"), Column("p", "p", "number")]
        body = table(columns, rows, event="select" if live else "", key="cause", selected=str(self.cause), caption="Patterns that explain the change")
        foot = '<button type="button" class="cem-link" data-event="records" data-key="records">Records of the selected pattern</button>' if live else ""
        return box("Causes", body, note="p for all patterns that were looked at", foot=foot, key="causes")

    def waterfall(self, live: bool = True) -> str:
        """From what it was to what it is, step by step."""
        steps = self.view.waterfall
        if steps.empty:
            return ""
        ends, at, bars = {"expected", "actual"}, 0.0, []
        for one in steps.itertuples():
            begin = 0.0 if one.step in ends else at
            at = one.value if one.step in ends else at + one.value
            bars.append((one.step, one.value, begin, at, one.step in ends))
        inner = [value for _, _, begin, end, is_end in bars for value in ((end,) if is_end else (begin, end))]
        low, high = min(inner), max(inner)
        # the small steps are the point: the axis is cut, and says so
        room = (high - low) * 0.25 or abs(high) * 0.1 or 1.0
        low, high = max(low - room, 0.0) if low >= 0 else low - room, high + room
        rows = [{"step": {"expected": "before", "actual": "now", "mix": "other mix of cells", "rest": "rest"}.get(step, step),
                 "bar": self._bar(begin if not is_end else low, end, low, high, is_end, value), "value": self._step_value(value, is_end)} for step, value, begin, end, is_end in bars]
        unit = "%" if self.view.unit == "ratio" else self.view.unit
        columns = [Column("step", "Step", narrow="head"), Column("bar", "", "picture"), Column("value", f"{unit}, points" if unit == "%" else unit, "number", narrow="main")]
        note = f"axis from {format_value(low, self.view.unit)} to {format_value(high, self.view.unit)}"
        return box("From before to now", table(columns, rows, caption="Steps of the change"), note=note)

    def _step_value(self, value: float, is_end: bool) -> str:
        if is_end:
            return format_value(value, self.view.unit, with_unit=False)
        unit = "point" if self.view.unit == "ratio" else self.view.unit
        return f"{'−' if value < 0 else '+'}{format_value(abs(value), unit, with_unit=False)}"

    def _bar(self, begin: float, end: float, low: float, high: float, is_end: bool, value: float) -> str:
        left, right = (_WIDTH * (min(max(one, low), high) - low) / (high - low) for one in sorted((begin, end)))
        is_good = self.view.better is not None and (value > 0) == (self.view.better == "higher")
        colour = "var(--cem-faint)" if is_end or self.view.better is None else "var(--cem-better)" if is_good else "var(--cem-worse)"
        return (f'<svg viewBox="0 0 {_WIDTH:g} 16" width="100%" height="16" preserveAspectRatio="none" role="img" aria-label="{esc(self._step_value(value, is_end))}">'
                f'<rect x="{left:.2f}" y="2" width="{max(right - left, 1.0):.2f}" height="12" style="fill:{colour}"/></svg>')

    def equivalents(self, live: bool = True) -> str:
        """What explains nearly as much."""
        own = self.view.equivalents
        own = own[own["cause"] == self.cause] if len(own) else own
        if own.empty:
            return ""
        rows = [{"text": one.text, "score": format_value(one.relative_score, "ratio", with_unit=False, decimals=1)} for one in own.itertuples()]
        return box("Near-equivalent", table([Column("text", "Pattern", narrow="head"), Column("score", "% of its score", "number", narrow="main")], rows, plain=True),
                   note="the records do not tell these apart from the selected pattern")

    def shift(self, live: bool = True) -> str:
        """Other rates against another mix, by each dimension alone."""
        if self.view.shift.empty:
            return ""
        rows = [{"dimension": "all cells" if one.dimension == "all" else one.dimension, "rate": self._step_value(one.rate_shift, False), "mix": self._step_value(one.mix_shift, False)}
                for one in self.view.shift.itertuples()]
        columns = [Column("dimension", "By", narrow="head"), Column("rate", "Other rates, points", "number", narrow="main"), Column("mix", "Other mix, points", "number")]
        return box("Rates or mix", table(columns, rows, plain=True), note="both add up to the change (Kitagawa)")


def _with_chosen(pairs: Sequence[tuple[str, str]], chosen: str) -> tuple[tuple[str, str], ...]:
    """The choices, and what is chosen where it is none of them."""
    return tuple(pairs) if chosen in dict(pairs) else (*pairs, (chosen, chosen))
