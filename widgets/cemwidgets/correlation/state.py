"""What the app shows: the view, the pair that is selected, every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import pandas as pd

from cemlib.units import format_value
from cemlib.usecases.correlation.catalogue import SERIES
from cemlib.usecases.correlation.view import CorrelationView, LinkDetail
from cemwidgets.correlation.heat import heat_map, lag_bars
from cemwidgets.filters import Choice
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import Column, box, esc, figure, table
from cemwidgets.timeline import Strand
from cemwidgets.trend import interval_glyph

__all__ = ["CorrelationState"]

_FIRST, _FIRST_STRANDS = 10, 7


class CorrelationState(UseCaseState):
    """The state of the app: the selected pair, and whether all links are shown."""

    names = ("grain", "place", "given")

    def __init__(self, view: CorrelationView, messages: Sequence[str] = ()) -> None:
        self.all_links = False
        self.chosen: tuple[str, str] | None = None
        self._detail: LinkDetail | None = None
        super().__init__(view, messages)

    # --- what happens

    def show(self, view: CorrelationView) -> None:
        """Show another view; a pair that it does not have is given up."""
        super().show(view)
        chosen, self.chosen, self._detail = self.chosen, None, None
        if chosen and len(view.links) and ((view.links["left"] == chosen[0]) & (view.links["right"] == chosen[1])).any():
            self.select(*chosen)

    def select(self, left: str, right: str) -> None:
        """Select a pair; the same one again, or nothing, ends the selection."""
        given = (left, right) if left and right else None
        self.chosen = None if given == self.chosen else given
        self._detail = self.view.detail(*self.chosen) if self.chosen else None

    def toggled(self, code: str) -> str:
        """The value of ``sources`` with one series more or less; the last two stay."""
        now = [one.code for one in self.view.sources]
        new = [one for one in now if one != code] if code in now else [*now, code]
        return ",".join(one for one in SERIES if one in (new if len(new) >= 2 else now))

    @property
    def detail(self) -> LinkDetail | None:
        """What lies behind the selected pair."""
        return self._detail

    # --- the parts of the page

    def filters(self) -> list[Choice]:
        """The chips."""
        choices, view = self.view.choices, self.view
        given = [(value, label) for value, label in choices["given"] if value != "none"]
        if view.chosen["given"] != "none" and view.chosen["given"] not in dict(given):
            given.append((view.chosen["given"], SERIES[view.chosen["given"]].title))
        return [Choice("grain", "by", tuple(choices["grain"]), "hour"), Choice("place", "roamers in", (("all", "all countries"), *choices["place"]), "all"),
                Choice("given", "common cause", (("none", "none"), *given), "none")]

    def address(self, query: str) -> str:
        """The chips and the series."""
        more = {name: self.view.chosen[name] for name, usual in (("sources", "usual"), ("period", "all"), ("time_zone", "UTC")) if self.view.chosen[name] != usual}
        return "&".join(one for one in (query, urlencode(more)) if one)

    def sources(self, live: bool = True) -> str:
        """The series that are looked at, as chips by group."""
        taken = {one.code for one in self.view.sources}
        groups: dict[str, list[str]] = {}
        for code, one in SERIES.items():
            is_set = code in taken
            if live:
                html = (f'<button type="button" class="cem-chip{" is-set" if is_set else " is-quiet"}" aria-pressed="{str(is_set).lower()}" data-event="source" data-code="{esc(code)}" '
                        f'data-key="source-{esc(code)}">{esc(one.title)}</button>')
            elif is_set:
                html = f'<span class="cem-chip">{esc(one.title)}</span>'
            else:
                continue
            groups.setdefault(one.group, []).append(html)
        body = "".join(f'<div class="cem-chips" style="margin:0 0 8px"><span class="cem-note" style="min-width:76px">{esc(name)}</span>{"".join(items)}</div>' for name, items in groups.items())
        return f'<details class="cem-box" data-key="sources"><summary>{len(taken)} series side by side: choose</summary><div style="margin-top:12px">{body}</div></details>' if live else box("Series", body)

    def links(self, live: bool = True) -> str:
        """The links found, and below them, grey, what only looks linked."""
        frame = self.view.links
        if frame.empty:
            return box("Links", '<div class="cem-empty">No pair is linked, and none looks it.</div>')
        shown = frame if self.all_links and live else frame.head(max(_FIRST, int((frame["verdict"] == "found").sum()) + 3))
        columns = [Column("pair", "pair", "html", narrow="head"), Column("picture", "correlation of what is unusual, 95 %", "picture"), Column("effect", "r", "html", narrow="main"),
                   Column("q", "q", "number"), Column("plain", "plain", "number")]
        rows = [self._row(row) for _, row in shown.iterrows()]
        foot = ""
        if len(frame) > len(shown) or self.all_links:
            words = "fewer" if self.all_links else f"all {len(frame):,}"
            foot = f'<button type="button" class="cem-link" data-event="more" data-key="more">{words}</button>' if live else f"{len(shown)} of {len(frame):,}; all are in the CSV."
        selected = "|".join(self.chosen) if self.chosen else ""
        body = table(columns, rows, caption="Links between series", event="pair" if live else "", key="id", selected=selected)
        return box("Links, and what only looks like one", body, note="grey: explained by season, slow swings or a common cause", foot=foot, key="links")

    def _row(self, row: pd.Series) -> dict:
        is_found = row["verdict"] == "found"
        pair = f'{esc(row["title_left"])} – {esc(row["title_right"])}'
        words = f"{row['title_left']}, {row['title_right']}: {_signed(row['effect'])}, 95 % {_signed(row['low'])} to {_signed(row['high'])}"
        picture = interval_glyph(row["effect"], row["low"], row["high"], domain=(-1, 1), band=(-0.005, 0.005), state="ok" if is_found else "too_few", below=is_found and row["effect"] < 0, label=words)
        return {"id": f"{row['left']}|{row['right']}", "pair": pair, "pair_note": row["lag_text"] if is_found else row["reason"], "picture": picture, "effect": figure(f"{row['left']}_{row['right']}_effect", float(row["effect"]), _signed(row["effect"])), "effect_note": f"{_signed(row['low'])}\u00a0to\u00a0{_signed(row['high'])}",
                "q": _small(row["q"]), "plain": _signed(row["plain"]), "_few": not is_found, "_data": {"left": row["left"], "right": row["right"]}}

    def heat(self, live: bool = True) -> str:
        """The lag heat map."""
        heat = self.view.heat
        if heat.empty:
            return box("When the one follows the other", '<div class="cem-empty">Nothing to show.</div>')
        found = self.view.links[self.view.links["verdict"] == "found"]
        known = set(zip(found["left"], found["right"]))
        rows = [(left, right, f"{SERIES[left].title} → {SERIES[right].title}", (left, right) in known) for left, right in heat[["left", "right"]].drop_duplicates().itertuples(index=False)]
        return box("When the one follows the other", heat_map(heat, rows, self.view.chosen["grain"], live), note="blue: together, orange: opposite; framed: more than chance; pale: only looks linked")

    def strands(self) -> list[Strand]:
        """The series of the picture: those of the selected pair, or of the clearest links and the strongest decoy."""
        view = self.view
        if self.chosen:
            codes = list(self.chosen)
        else:
            rows = pd.concat([view.links[view.links["verdict"] == "found"], view.links[view.links["verdict"] == "decoy"].head(1)])
            codes = list(dict.fromkeys(code for pair in zip(rows["left"], rows["right"]) for code in pair))[:_FIRST_STRANDS]
        codes = codes or [one.code for one in view.sources if one.code in view.series][:_FIRST_STRANDS]
        out = []
        for code in codes:
            frame = view.series[["at", code]].rename(columns={code: "value"})
            if code in view.usual:
                frame = frame.merge(view.usual[["at", code]].rename(columns={code: "usual"}), on="at", how="left")
            out.append(Strand(SERIES[code].title, SERIES[code].unit, frame))
        return out

    def marks(self) -> list:
        """Moments that are marked in the picture: those that speak most for the selected link."""
        return list(self._detail.moments["at"].head(3)) if self._detail is not None else []

    def depth(self, live: bool = True) -> str:
        """What lies behind the selected pair; empty without one."""
        one = self._detail
        if one is None:
            return ""
        row, grain = one.row, self.view.chosen["grain"]
        left, right = SERIES[row["left"]], SERIES[row["right"]]
        words = (f"{row['n']:,} {grain}s in common, worth {row['n_eff']:,.0f} independent ones; {100 * row['missing_share']:.1f} % missing. "
                 f"p {_small(row['p'])} for all lags, q {_small(row['q'])} for all pairs. As they are, the two correlate by {row['plain']:+.2f}.")
        bars = lag_bars(one.lags, int(row["lag_bins"]), grain, f"{left.title} and {right.title}")
        columns = [Column("at", "when (UTC)", narrow="head"), Column("left", left.title, "number"), Column("right", right.title, "number"), Column("share", "share", "number", narrow="main")]
        rows = [{"at": f"{moment.at:%a %d %b %H:%M}", "left": format_value(moment.value_left, left.unit), "right": format_value(moment.value_right, right.unit),
                 "share": f"{100 * moment.share:.1f} %", "id": moment.at.isoformat(), "_data": {"right_at": moment.right_at.isoformat()}} for moment in one.moments.itertuples()]
        moments = table(columns, rows, caption="Moments that speak most for it", event="moment" if live else "", key="id")
        close = '<button type="button" class="cem-link" data-event="pair" data-left="" data-right="" data-key="close">close</button>' if live else ""
        body = (f'<div class="cem-columns"><div><p>{esc(words)}</p><p>{esc(one.precedes)}</p><h3>Correlation at each lag</h3>{bars}</div>'
                f"<div><h3>Moments that speak most for it{': click for the records' if live else ''}</h3>{moments}</div></div>")
        return box(f"{left.title} – {right.title}", body, note=row["lag_text"] if row["verdict"] == "found" else row["reason"], foot=close, key="depth")


def _signed(value: float) -> str:
    """A correlation with its sign; the minus is one that no line breaks at."""
    return f"{value:+.2f}".replace("-", "−")


def _small(value: float) -> str:
    """A probability as a reader takes it in."""
    return "—" if pd.isna(value) else "< .0001" if value < 0.0001 else f"{value:.2g}" if value < 0.1 else f"{min(value, 1):.2f}"

