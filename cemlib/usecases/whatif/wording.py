"""The sentences of the view."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cemlib.analysis.whatif_result import tied_words
from cemlib.settings import settings
from cemlib.usecases.studies.study import Study
from cemlib.usecases.whatif.figures import signed, span
from cemlib.usecases.whatif.scenario import Scenario

__all__ = ["answer_sentences", "caution_sentences", "hidden_sentence"]

_PERCENT = re.compile(r"(\d)%")


def answer_sentences(one: Scenario, who: str, label: Callable[[str], str]) -> list[str]:
    """The answer: what would change, how surely, and what may be claimed."""
    if one.n_customers is None:
        return [f"**Hidden:** nothing is shown of {who}: {_why_hidden()}"]
    if one.now is None:
        return [f"**Too few to tell:** {one.n_customers:,} customers are chosen ({who})."]
    result = one.result
    if result is None:
        start = f"**The mean rating of {who} is {one.now:.2f}** (90 % {span(one.now_low, one.now_high)}; {one.n:,} ratings, {one.n_customers:,} customers)."
        return [start, "Move a lever to see what would change."] if not one.problem else [start]
    sure = result.low > 0 or result.high < 0
    verb = ("would rise" if result.effect > 0 else "would fall") if sure else "would hardly change, or the sign is not known"
    strong = f"**The mean rating of {who} {verb}: {result.now:.2f} now, {result.then:.2f} then** (change {signed(result.effect)}, 90 % {signed(result.low)} to {signed(result.high)})"
    moved = f"{100 * result.n_moved / result.n:.0f} % of the ratings are moved by: {one.text}."
    adjusted = ", ".join(dict.fromkeys(label(name) for name in result.adjustment_set))
    claim = {"association": "Association only: nothing is adjusted for.", "causal under stated graph": "Causal if the declared graph is right."}.get(
        result.claim, f"Not causal: an association, adjusted for {adjusted}.")
    return [strong + ".", f"{moved} {claim}"]


def hidden_sentence(group: str, levels: Sequence[str], most: int = 6) -> str:
    """Which levels of a group are hidden, and why.

    Examples
    --------
    >>> hidden_sentence("Region", ["island", "north"])
    'Hidden of Region: island, north; each has fewer than 10 customers, or another’s few could be worked out from it. They are left out of what to improve first.'
    """
    more = f" and {len(levels) - most} more" if len(levels) > most else ""
    return f"Hidden of {group}: {', '.join(levels[:most])}{more}; each {_why_hidden().removeprefix('it ')} They are left out of what to improve first."


def _why_hidden() -> str:
    return f"it has fewer than {settings().minimum_group} customers, or another’s few could be worked out from it."


def caution_sentences(one: Scenario, study: Study, suspects: Sequence[str], used: int, dropped: int, label: Callable[[str], str]) -> list[str]:
    """What this cannot tell."""
    tied = {} if one.result is None else one.result.tied
    told = [tied_words(label(name), label(other), wider) for name, (other, wider) in tied.items()]
    raw = {tied_words(name, *more) for name, more in tied.items()}
    for text in (text for text in one.result.warnings if text not in raw) if one.result else []:
        name, colon, rest = text.partition(": ")
        told.append(f"{label(name)}{colon}{rest}" if name in study.features else text)
    told = [_PERCENT.sub(r"\1 %", one) for one in told]
    told += list(suspects)
    if dropped:
        told.append(f"{used:,} of {used + dropped:,} rows are used: {dropped:,} {'has' if dropped == 1 else 'have'} no answer that can be used, or no customer.")
    told.append("Only those who answered are seen; who answers is not who is a customer.")
    if study.unobserved:
        told.append(f"The graph declares as not observed: {', '.join(study.unobserved)}.")
    return told
