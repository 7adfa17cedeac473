"""The answer in computed sentences, and the cards."""

from __future__ import annotations

import pandas as pd

from cemlib.analysis import RootCauseLocator
from cemlib.units import format_interval, format_value
from cemlib.usecases.cause.filters import label_of
from cemlib.usecases.cause.reader import CauseReader
from cemlib.usecases.minimum_view import Card

__all__ = ["answer_sentences", "cause_cards", "change_word"]


def _unit_of_change(unit: str) -> str:
    return "point" if unit == "ratio" else unit


def signed(value: float | None, unit: str) -> str:
    """A difference with its sign.

    Examples
    --------
    >>> signed(0.0123, "ratio"), signed(-4.0, "1")
    ('+1.2 pt', '−4')
    """
    if value is None or pd.isna(value):
        return format_value(None, unit)
    text = format_value(abs(value), _unit_of_change(unit))
    return f"{'−' if value < 0 else '+'}{text}"


def change_word(change: float) -> str:
    """Whether it fell or rose."""
    return "fall" if change < 0 else "rise" if change > 0 else "stay"


def answer_sentences(reader: CauseReader, found: RootCauseLocator, causes: pd.DataFrame, equivalents: pd.DataFrame) -> list[str]:
    """What happened, what explains it, and what cannot be told apart from it."""
    unit, change = reader.kpi.unit, found.actual_ - found.expected_
    verb = {"fall": "fell", "rise": "rose", "stay": "stayed"}[change_word(change)]
    moved = f"{verb} from {format_value(found.expected_, unit)} to {format_value(found.actual_, unit)} ({signed(change, unit)})"
    if found.verdict_ == "too few":
        return ["**Too few records to say**: " + found.message_]
    if found.verdict_ == "none":
        return [f"**No cause found**: {moved}, which is within what chance does."]
    if found.verdict_ == "everywhere":
        return [f"**It is everywhere**: {moved}, and no {', '.join(label_of(one) for one in reader.dims[:4])} or other dimension stands out."]
    if found.verdict_ == "mix":
        rows = found.shift_.set_index("dimension")
        top = (rows.drop(index="all")["mix_shift"] * (1 if change > 0 else -1)).idxmax()
        return [f"**The mix changed, not the rates**: {moved}; {signed(rows.loc['all', 'mix_shift'], unit)} come from other shares of the cells, most of all by {label_of(top)}, "
                f"and {signed(rows.loc['all', 'rate_shift'], unit)} from other rates."]
    first = causes.iloc[0]
    if first["state"] == "suppressed":
        return [f"**{first['text']}** explains it: {moved}. Its figures are hidden: too few subscribers."]
    share = f" explains {format_value(first['share_explained'], 'ratio', decimals=0)} of it" if pd.notna(first["share_explained"]) else " stands out"
    sentences = [f"**{first['text']}**{share}: {moved}; there it is {format_value(first['value'], unit)} (95 % {format_interval(first['low'], first['high'], unit)})"
                 f"{', and there were no such records before' if pd.isna(first['then_value']) else ' after ' + format_value(first['then_value'], unit)}."]
    if len(causes) > 1:
        sentences.append("Beside it: " + "; ".join(f"{row.text} ({signed(row.contribution, unit)})" for row in causes.iloc[1:].itertuples()) + ".")
    near = equivalents.loc[equivalents["cause"] == 0, "text"].tolist() if len(equivalents) else []
    if near:
        sentences.append(f"The records do not tell it apart from {'; '.join(near[:3])}{f' and {len(near) - 3} more' if len(near) > 3 else ''}.")
    return sentences


def cause_cards(reader: CauseReader, found: RootCauseLocator, totals: tuple[pd.Series, pd.Series], causes: pd.DataFrame) -> tuple[list[Card], dict[str, float]]:
    """The KPI now, its change split, the share that is explained, and what it cost."""
    unit, now, change = reader.kpi.unit, totals[0], found.actual_ - found.expected_
    is_bad = reader.better is not None and (change < 0) == (reader.better == "higher") and found.verdict_ in ("cause", "mix", "everywhere")
    compare = f"{signed(change, unit)} against {format_value(found.expected_, unit)}"
    few = found.verdict_ == "too few"
    cards = [Card("value", "In the period", reader.period.text, unit, _number(now["value"]), _number(now["low"]), _number(now["high"]), compare,
                       "few" if few else "worse" if is_bad else "context")]
    figures = {"value": _number(now["value"]), "compared_to": float(found.expected_), "change": float(change)}
    seen = causes[causes["state"] != "suppressed"]
    if len(seen) and pd.notna(seen["share_explained"]).any():
        share = float(seen["share_explained"].sum())
        cards.append(Card("share_explained", "Explained", "of the change, by the causes", "ratio", share, None, None, f"{len(causes)} pattern{'s' if len(causes) > 1 else ''} of {found.n_leaves_:,} cells", "context"))
        figures["share_explained"] = share
    if found.shift_ is not None:
        whole = found.shift_.set_index("dimension").loc["all"]
        cards.append(Card("mix_shift", "Mix", "other shares of the cells", "point", float(whole["mix_shift"]), None, None, f"other rates {signed(whole['rate_shift'], unit)}", "context"))
        figures |= {"mix_shift": float(whole["mix_shift"]), "rate_shift": float(whole["rate_shift"])}
    if len(seen):
        more = float((seen["num"] - seen["expected"] * seen["den"] if reader.kind == "ratio" else seen["excess"]).sum())
        title = {"higher": "Lost successes", "lower": "More than expected"}.get(reader.better or "", "Beyond expected")
        value = -more if reader.better == "higher" else more
        cards.append(Card("excess", title, "events in the causes", "1", value, None, None, f"of {format_value(float(now['den']), '1')} in all", "context"))
        figures["excess"] = value
    return cards[:4], figures


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
