"""The cards of the first screen: three figures of the ratings and one of the speed tests."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from cemlib.units import format_value
from cemlib.usecases.minimum_view import Card
from cemlib.usecases.mobile import wording
from cemlib.usecases.mobile.answers import MINIMUM_ANSWERS
from cemlib.usecases.mobile.selection import UNKNOWN
from cemlib.usecases.mobile.speed import QUANTILES, speed_by
from cemlib.usecases.period import ALL

__all__ = ["rating_cards", "speed_card"]

# name, title, note, unit, KPI, column of the judged figures
_RATINGS = (
    ("rating_mean", "Mean rating", "of 5", "score", "rating_score_mean", "score"),
    ("dissatisfied_ratio", "Dissatisfied", "rating 1 or 2", "ratio", "rating_dissatisfied_ratio", "bad"),
    ("csat_ratio", "Satisfied (CSAT)", "rating 4 or 5", "ratio", "rating_csat_ratio", "top"),
)


def rating_cards(rows: pd.DataFrame, total: pd.Series, everyone: pd.Series | None) -> tuple[list[Card], dict[str, float]]:
    """The three figures of the ratings.

    Parameters
    ----------
    rows : DataFrame
        The KPIs as evaluated.
    total : Series
        The judged figures of the chosen answers.
    everyone : Series or None
        Those of all answers of the period, to compare with; None where all are chosen.
    """
    rows, cards, figures = rows.set_index("kpi_code"), [], {}
    for name, title, note, unit, kpi, column in _RATINGS:
        value, low, high = float(rows.at[kpi, "value"]), float(total[f"{column}_low"]), float(total[f"{column}_high"])
        compare, verdict = f"{format_value(total['n'], '1')} answers", "context"
        if everyone is not None:
            usual = float(everyone["score_mean" if column == "score" else f"{column}_ratio"])
            compare = f"{wording.signed(value - usual, 'point' if unit == 'ratio' else unit)} against all {format_value(everyone['n'], '1')} answers"
            higher, lower = ("worse", "better") if column == "bad" else ("better", "worse")
            verdict = higher if low > usual else lower if high < usual else "context"
        if total["n"] < MINIMUM_ANSWERS:
            verdict = "few"
        cards.append(Card(name, title, note, unit, value, low, high, compare, verdict, kpi, {}))
        figures |= {name: value, f"{name}_low": low, f"{name}_high": high,
                    f"{name}_single_low": float(rows.at[kpi, "low"]), f"{name}_single_high": float(rows.at[kpi, "high"])}
    return cards, figures


def speed_card(frame: Callable[..., pd.DataFrame], technologies: pd.DataFrame, asked: str) -> tuple[Card, dict[str, float]]:
    """The median download: of the technology asked for, else of the cellular tests (Wi-Fi measures the fixed line behind it).

    Parameters
    ----------
    frame : callable
        ``frame(kpis, by, technology=…)`` gives the evaluated rows.
    technologies : DataFrame
        The quantiles by technology; one technology alone is taken from there.
    asked : str
        The filter on the technology.
    """
    cellular = [one for one in sorted(technologies["technology"]) if not one.startswith("wifi") and one != UNKNOWN]
    taken = cellular if asked == ALL else [asked]
    more = {"technology": taken[0] if len(taken) == 1 else taken} if taken else {}
    note = wording.code_label(taken[0]) if len(taken) == 1 else "cellular" if taken else "all"
    rows = technologies[technologies["technology"] == taken[0]] if len(taken) == 1 else speed_by(lambda kpis, by: frame(kpis, by, **more), None)
    row, kpi = rows.iloc[0], QUANTILES["median"]
    figures = {f"speed_{name}{end}_mbps": float(row[f"{name}{end}"]) for name in QUANTILES for end in ("", "_low", "_high")}
    compare = f"slowest tenth below {format_value(row['p10'], 'Mbit/s', with_unit=False)}, fastest above {format_value(row['p90'], 'Mbit/s', with_unit=False)}"
    card = Card("speed_median_mbps", "Median download", f"{note}, {format_value(row['n'], '1')} tests", "Mbit/s", float(row["median"]),
                float(row["median_low"]), float(row["median_high"]), compare, "context" if row["state_code"] == "ok" else "few", kpi, more)
    return card, figures
