"""What a map shows, as plain data: a step of the scale, a state and a tooltip for every country and mark."""

from __future__ import annotations

import math

import pandas as pd

from cemlib.errors import CallError
from cemwidgets.panel.parts import esc, number

__all__ = ["STATES", "STEPS", "domain_of", "legend", "painted"]

#: how a country can stand: with a figure, too few to judge, nothing there, or hidden because the group is too small
STATES = ("ok", "too_few", "no_data", "suppressed")
#: steps of the scale, worst 0 … best 6; the style sheet has a colour for each
STEPS = 7
WORDS = {"too_few": "too few to judge", "no_data": "no data", "suppressed": "hidden: too few subscribers"}


def domain_of(rows: pd.DataFrame, better: str = "higher") -> tuple[float, float]:
    """Choose the ends of the scale: the judged values, widened to round figures so that colours do not jump from hour to hour.

    Examples
    --------
    >>> domain_of(pd.DataFrame({"value": [0.871, 0.993], "state": ["ok", "ok"]}))
    (0.85, 1.0)
    """
    judged = rows.loc[rows["state"].eq("ok"), "value"].dropna() if len(rows) else pd.Series(dtype=float)
    if judged.empty:
        return (0.0, 1.0)
    low, high = float(judged.min()), float(judged.max())
    spread = high - low or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(spread))
    step = step / 2 if spread / step < 4 else step
    ends = round(math.floor(low / step) * step, 10), round(math.ceil(high / step) * step, 10)
    if low >= 0 and high <= 1 < ends[1]:
        ends = ends[0], 1.0
    return ends if ends[0] < ends[1] else (ends[0] - step, ends[1] + step)


def step_of(value: float, domain: tuple[float, float], better: str) -> int:
    """Return the step of the scale: 0 is worst, whatever direction is better.

    Examples
    --------
    >>> step_of(0.99, (0.85, 1.0), "higher"), step_of(0.99, (0.85, 1.0), "lower")
    (6, 0)
    """
    low, high = domain
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    step = min(int(share * STEPS), STEPS - 1)
    return step if better == "higher" else STEPS - 1 - step


def painted(
    rows: pd.DataFrame,
    *,
    domain: tuple[float, float] | None = None,
    better: str = "higher",
    unit: str = "%",
    factor: float = 100.0,
    digits: int = 1,
    count: str = "attempts",
) -> list[dict]:
    """Turn country or mark rows into what the map's frame draws.

    Parameters
    ----------
    rows : DataFrame
        ``country_code`` (alpha-2), ``value``, ``state``; optional ``low``, ``high``, ``den``, ``label``, and for marks
        ``key`` (unique), ``lat``, ``lon`` (without them a mark stands in its country).
    domain : (low, high), optional
        Ends of the scale in the unit of ``value``; default :func:`domain_of`.
    better : {"higher", "lower"}
        Which end is blue.
    unit, factor, digits : str, float, int
        How a value is written: a ratio is times 100 with one decimal and %.
    count : str
        What ``den`` counts.

    Examples
    --------
    >>> rows = pd.DataFrame({"country_code": ["TR"], "value": [0.871], "low": [0.86], "high": [0.88], "den": [4102], "state": ["ok"]})
    >>> painted(rows, domain=(0.85, 1.0))[0]["step"]
    0
    """
    missing = {"country_code", "value", "state"} - set(rows.columns)
    if missing:
        raise CallError("Rows of a map lack columns.", wanted="country_code, value, state", came=", ".join(rows.columns))
    wrong = set(rows["state"].dropna()) - set(STATES)
    if wrong:
        raise CallError("A state of a map's row is unknown.", wanted=", ".join(STATES), came=", ".join(map(str, sorted(wrong))))
    domain = domain or domain_of(rows, better)
    out = []
    for row in rows.to_dict("records"):
        state = row["state"] if row["state"] in STATES and not (row["state"] == "ok" and pd.isna(row["value"])) else "no_data"
        one = {"code": str(row["country_code"]), "state": state, "step": None, "label": str(row.get("label") or "")}
        if state == "ok":
            one["step"] = step_of(float(row["value"]), domain, better)
        one["text"] = _text(row, state, unit, factor, digits, count)
        for name in ("key", "lat", "lon", "den"):
            value = row.get(name)
            if value is not None and not pd.isna(value):
                one[name] = value if isinstance(value, str) else float(value)
        out.append(one)
    return out


def _text(row: dict, state: str, unit: str, factor: float, digits: int, count: str) -> list[str]:
    """The lines of a tooltip: the figure, its interval, its count."""
    gap = " " if unit else ""
    lines = [WORDS[state]] if state != "ok" else [f"{number(row['value'] * factor, digits)}{gap}{unit}"]
    low, high = row.get("low"), row.get("high")
    if state in {"ok", "too_few"} and low is not None and high is not None and not (pd.isna(low) or pd.isna(high)):
        lines.append(f"95 % {number(low * factor, digits)} – {number(high * factor, digits)}{gap}{unit}")
    den = row.get("den")
    if state != "suppressed" and den is not None and not pd.isna(den):
        lines.append(f"{number(int(den))} {count}")
    return lines


def legend(domain: tuple[float, float], *, better: str = "higher", unit: str = "%", factor: float = 100.0, digits: int = 0, note: str = "", hidden: bool = False) -> str:
    """Return the legend as HTML: the scale with its ends, and what hatching and dashes mean; ``hidden`` when some are suppressed."""
    order = range(STEPS) if better == "higher" else range(STEPS - 1, -1, -1)
    blocks = "".join(f'<rect x="{22 * place}" width="22" height="8" fill="var(--cem-q{step})"/>' for place, step in enumerate(order))
    gap = " " if unit else ""
    # ends that are no round figure need their decimals, or two ends could read the same
    digits = max(digits, 1) if any(abs(end * factor - round(end * factor)) > 1e-9 for end in domain) else digits
    low, high = (f"{number(end * factor, digits)}{gap}{unit}" for end in domain)
    scale = f'<svg width="154" height="8" viewBox="0 0 154 8" role="img" aria-label="scale from {esc(low)} to {esc(high)}">{blocks}</svg>'
    few = (
        '<svg width="18" height="10" aria-hidden="true"><defs><pattern id="cem-legend-hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="4" height="4" fill="var(--cem-land)"/><line y2="4" stroke="var(--cem-faint)" stroke-width="1.6"/></pattern></defs>'
        '<rect width="18" height="10" fill="url(#cem-legend-hatch)"/></svg>'
    )
    none = '<svg width="18" height="10" aria-hidden="true"><rect width="18" height="10" fill="var(--cem-land)"/></svg>'
    tail = f"<span>{esc(note)}</span>" if note else ""
    if hidden:
        dashes = '<svg width="18" height="10" aria-hidden="true"><rect x=".5" y=".5" width="17" height="9" fill="var(--cem-land)" stroke="var(--cem-faint)" stroke-dasharray="2 2"/></svg>'
        tail = f"<span>{dashes} hidden, too few subscribers</span>{tail}"
    return f'<div class="cem-legend"><span>{low} {scale} {high}</span><span>{few} too few</span><span>{none} no data</span>{tail}</div>'
