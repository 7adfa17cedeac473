"""Pictures of the what-if as inline SVG: the ratings now and then, and the declared graph."""

from __future__ import annotations

import pandas as pd

from cemwidgets.panel.parts import esc

__all__ = ["bands_svg", "graph_svg"]

_WIDE, _HIGH, _COLUMN, _ROW = 158, 32, 204, 42
_ROLES = {"change": "what is moved", "adjusted": "adjusted for", "mediator": "in between: left alone", "unobserved": "not observed", "outcome": "the rating"}


def bands_svg(bands: pd.DataFrame, scale: tuple[float, float], now: float, then: float) -> str:
    """Draw the expected ratings now (grey) and then (line), with both means.

    Parameters
    ----------
    bands : DataFrame
        ``from``, ``to``, ``now``, ``then`` (ratio of the ratings).
    scale : tuple
    now, then : float
        The means.
    """
    top = max(float(bands["now"].max()), float(bands["then"].max()), 1e-9)
    low, span = scale[0], scale[1] - scale[0]

    def at(value: float) -> float:
        return round(100 * (value - low) / span, 2)

    steps = {}
    for name in ("now", "then"):
        path = "".join(f"H{at(one['from'])}V{round(96 - 90 * one[name] / top, 2)}H{at(one['to'])}" for one in bands.to_dict("records"))
        steps[name] = f"M0 96{path}V96"
    marks = "".join(f'<line class="{name}" x1="{at(value)}" x2="{at(value)}" y1="2" y2="96"/>' for name, value in (("mean-now", now), ("mean-then", then)))
    ticks = "".join(f"<span>{low + span * one / 4:g}</span>" for one in range(5))
    label = f"Expected ratings: mean {now:.2f} now, {then:.2f} then"
    return (f'<div class="cem-bands"><svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{esc(label)}">'
            f'<path class="now" d="{steps["now"]}Z"/><path class="then" d="{steps["then"]}"/>{marks}</svg><div class="cem-bands-ticks">{ticks}</div>'
            '<div class="cem-legend"><span><i class="cem-key-now"></i>expected now</span><span><i class="cem-key-then"></i>expected then</span>'
            "<span>upright lines: the means</span></div></div>")


def _short(text: str) -> str:
    return text if len(text) <= 21 else text[:20] + "…"


def graph_svg(nodes: pd.DataFrame, edges: pd.DataFrame) -> str:
    """Draw a causal graph, causes on the left; a dashed arrow comes from what nobody observed.

    Parameters
    ----------
    nodes, edges : DataFrame
        From :meth:`cemlib.analysis.CausalGraph.layout`, with a ``label`` for each node.
    """
    ys = [*nodes["y"], *(y for via in edges["via"] for _, y in via)]
    width, height = (int(nodes["x"].max())) * _COLUMN + _WIDE + 8, int((max(ys) - min(ys)) * _ROW + _HIGH + 8)
    middle = -min(ys) * _ROW + _HIGH / 2 + 4
    place = {one.name: (4 + one.x * _COLUMN, middle + one.y * _ROW) for one in nodes.itertuples(index=False)}
    role = dict(zip(nodes["name"], nodes["role"], strict=True))
    arrows = []
    for one in edges.itertuples(index=False):
        (x1, y1), (x2, y2), bend = place[one.cause], place[one.effect], 30
        kind = "is-hidden" if role[one.cause] == "unobserved" else "is-moved" if role[one.cause] in ("change", "mediator") else ""
        path, x, y = f"M{x1 + _WIDE:g} {y1:g}", x1 + _WIDE, y1
        for layer, row in one.via:
            # level past the variables of that layer
            left, level = 4 + layer * _COLUMN, middle + row * _ROW
            path += f"C{x + bend:g} {y:g} {left - bend:g} {level:g} {left:g} {level:g}h{_WIDE}"
            x, y = left + _WIDE, level
        path += f"C{x + bend:g} {y:g} {x2 - bend:g} {y2:g} {x2 - 7:g} {y2:g}"
        arrows.append(f'<path class="{kind}" d="{path}"/><path class="head {kind}" d="M{x2:g} {y2:g}l-8 -4v8z"/>')
    boxes = "".join(f'<g class="is-{one.role}" transform="translate({place[one.name][0]:g} {place[one.name][1] - _HIGH / 2:g})"><rect width="{_WIDE}" height="{_HIGH}" rx="6"/>'
                    f'<text x="{_WIDE / 2:g}" y="{_HIGH / 2 + 4:g}">{esc(_short(one.label))}</text></g>' for one in nodes.itertuples(index=False))
    words = "; ".join(f"{one.cause} acts on {one.effect}" for one in edges.itertuples(index=False))
    legend = "".join(f'<span><i class="cem-key is-{name}"></i>{text}</span>' for name, text in _ROLES.items() if name in set(nodes["role"]))
    return (f'<div class="cem-scroll" tabindex="0" role="region" aria-label="What acts on what"><svg class="cem-graph" viewBox="0 0 {width} {height}" style="min-width:{min(width, 560)}px;max-width:{width}px" role="img" aria-label="{esc(words)}">'
            f'{"".join(arrows)}{boxes}</svg></div>{_in_words(nodes, edges)}<div class="cem-legend">{legend}</div>')


def _in_words(nodes: pd.DataFrame, edges: pd.DataFrame) -> str:
    """The same for a narrow screen, where boxes and arrows have no room: on each variable, what acts on it."""
    told = nodes.set_index("name")
    rows = []
    for effect, part in edges.groupby("effect", sort=False):
        causes = ", ".join(f'<span class="is-{told.loc[one, "role"]}">{esc(told.loc[one, "label"])}</span>' for one in part["cause"])
        rows.append((told.loc[effect, "x"], f'<li><strong class="is-{told.loc[effect, "role"]}">{esc(told.loc[effect, "label"])}</strong> ← {causes}</li>'))
    return f'<ul class="cem-arrows">{"".join(text for _, text in sorted(rows, key=lambda row: -row[0]))}</ul>'
