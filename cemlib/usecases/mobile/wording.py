"""The words of the view: codes as a reader says them, and the sentences that answer the question, computed."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from cemlib.units import MISSING, format_interval, format_value
from cemlib.usecases.mobile.selection import UNKNOWN
from cemlib.usecases.period import ALL

__all__ = ["answer_sentences", "cell_words", "code_label", "name_label", "selection_words", "signed", "speed_sentence", "warn_sentences", "with_speed"]

_WORDS = {
    "wifi": "Wi-Fi", "nbiot": "NB-IoT", "poor_voice": "poor voice", "call_dropped": "call dropped", "satisfactory": "satisfactory",
    "ok": "", "too_few": "too few answers", "few_givers": "answers from too few places", "above": "above expected",
    "below": "below expected", "within": "as expected", "not_judged": "not judged",
    "suppressed": "hidden: too few customers",
}


def code_label(code: str) -> str:
    """A code as a reader says it.

    Examples
    --------
    >>> code_label("4g"), code_label("wifi5"), code_label("call_dropped"), code_label("unknown")
    ('4G', 'Wi-Fi 5', 'call dropped', 'not stated')
    """
    code = str(code)
    if code == UNKNOWN:
        return "not stated"
    if code in _WORDS:
        return _WORDS[code]
    if len(code) == 2 and code[1] == "g" and code[0].isdigit():
        return code.upper()
    if code.startswith("wifi") and code[4:].isdigit():
        return f"Wi-Fi {code[4:]}"
    return code.replace("_", " ")


def name_label(dimension: str, value: str) -> str:
    """A level of a dimension as a reader says it: names are left as they are.

    Examples
    --------
    >>> name_label("operator", "RJio"), name_label("technology", "4g"), name_label("state", "unknown")
    ('RJio', '4G', 'not stated')
    """
    return code_label(value) if dimension in ("technology", "place", "category") or value == UNKNOWN else str(value)


def cell_words(cell: pd.Series | dict) -> str:
    """Operator, technology, place and state of a cell in words.

    Examples
    --------
    >>> cell_words({"operator": "RJio", "technology": "4g", "place": "travelling", "state": "Punjab"})
    'RJio on 4G, travelling in Punjab'
    >>> cell_words({"operator": "Idea", "technology": "unknown", "place": "indoor", "state": "Goa"})
    'Idea, network not stated, indoors in Goa'
    """
    technology = cell["technology"]
    words = f"{cell['operator']} on {code_label(technology)}" if technology != UNKNOWN else f"{cell['operator']}, network not stated"
    place = {"indoor": "indoors", "outdoor": "outdoors", UNKNOWN: "place not stated"}.get(cell["place"], cell["place"])
    return f"{words}, {place} in {cell['state']}"


def _listed(parts: Iterable[str]) -> str:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""


def selection_words(chosen: dict[str, str]) -> str:
    """The filters that are set, in words; empty where none is."""
    return ", ".join(name_label(name, value) for name, value in chosen.items() if value != ALL and name != "period")


def answer_sentences(total: pd.Series | None, complaints: pd.DataFrame, cells: pd.DataFrame, chosen: str) -> list[str]:
    """Who is unhappy and with what; where more than expected.

    Parameters
    ----------
    total : Series or None
        The judged figures of all chosen answers.
    complaints : DataFrame
        category, bad_share_ratio (of the dissatisfied), worst first.
    cells : DataFrame
        From :func:`cemlib.usecases.mobile.answers.judge_cells`.
    chosen : str
        The selection in words.
    """
    if total is None:
        return []
    lead = f"{chosen}: " if chosen else ""
    count = format_value(total["n"], "1")
    if total["n"] < 30:
        return [f"{lead}only {count} answers, too few to judge."]
    first = (f"{lead}{format_value(total['bad_ratio'], 'ratio')} of {count} answers are dissatisfied (rated 1 or 2 of 5); the mean is "
             f"{format_value(total['score_mean'], 'score')} (95 % {format_interval(total['score_low'], total['score_high'], 'score')}).")
    named = [(format_value(row.bad_share_ratio, "ratio", decimals=0), code_label(row.category))
             for row in complaints.itertuples() if row.bad and row.category != UNKNOWN]
    if named:
        parts = [f"{share} {'name ' if number == 0 else ''}{label}" for number, (share, label) in enumerate(named[:3])]
        first += f" Of the dissatisfied, {_listed(parts)}."
    return [first, _where_sentence(cells)]


def _where_sentence(cells: pd.DataFrame) -> str:
    judged = cells[cells["verdict"] != "not_judged"]
    above = judged[judged["verdict"] == "above"]
    if judged.empty:
        return "No combination of operator, technology, place and state has enough answers to be judged."
    chance = len(judged) * 0.025
    if above.empty:
        return (f"None of the {format_value(len(judged), '1')} combinations of operator, technology, place and state that can be judged has "
                "clearly more dissatisfied answers than its operator, technology and place lead one to expect.")
    worst = above.iloc[0]
    complaint = ""
    if isinstance(worst["complaint"], str):
        complaint = f", most for {code_label(worst['complaint'])}"
    return (f"It is worst for {cell_words(worst)}: {format_value(worst['bad_ratio'], 'ratio')} of {format_value(worst['n'], '1')} "
            f"(95 % {format_interval(worst['bad_low'], worst['bad_high'], 'ratio')}) where {format_value(worst['expected_ratio'], 'ratio')} is "
            f"expected{complaint}; {len(above)} of {len(judged)} combinations {'lies' if len(above) == 1 else 'lie'} above what is expected, "
            f"about {max(1, round(chance))} would by chance.")


def with_speed(sentence: str, cell: pd.Series, there: pd.Series, technologies: pd.DataFrame) -> str:
    """The sentence on the worst combination, and what speed tests give there where it is clearly less or more than everywhere.

    Parameters
    ----------
    sentence : str
    cell : Series
        The combination.
    there : Series
        Median with interval of its operator, technology and state.
    technologies : DataFrame
        The same by technology.
    """
    usual = technologies.loc[technologies["technology"] == cell["technology"], "median"].iloc[0]
    if there["median_low"] <= usual <= there["median_high"]:
        return sentence
    return (f"{sentence} There its {code_label(cell['technology'])} speed tests download at {format_value(there['median'], 'Mbit/s')} in the median "
            f"(95 % {format_interval(there['median_low'], there['median_high'], 'Mbit/s')}), where all {code_label(cell['technology'])} tests give "
            f"{format_value(usual, 'Mbit/s', with_unit=False)}.")


def speed_sentence(technologies: pd.DataFrame) -> str:
    """The medians by technology; the technologies with too few tests are named, not judged."""
    judged = technologies[technologies["state_code"] == "ok"]
    count = format_value(technologies["n"].sum(), "1")
    if judged.empty:
        return f"{count} speed tests are too few to judge." if technologies["n"].sum() else ""
    parts = [f"{format_value(row.median, 'Mbit/s', with_unit=number == 0)} on {code_label(row.technology)}" for number, row in enumerate(judged.itertuples())]
    return f"Half of the {count} speed tests download faster than {_listed(parts)}."


def warn_sentences(total: pd.Series | None, cells: pd.DataFrame, unplaced: int, scopes: dict[str, object]) -> list[str]:
    """What could not be judged, and what the answers cannot tell."""
    found = []
    for name, scope in scopes.items():
        if scope.undated:
            found.append(f"{format_value(scope.undated, '1')} {name} carry no time and are left out of the period.")
        if scope.partly:
            found.append(f"{format_value(scope.partly, '1')} {name} are known only by month, and that month lies only partly in the period: left out.")
    if total is None:
        return found
    few, givers, hidden = ((cells["state_code"] == code).sum() for code in ("too_few", "few_givers", "suppressed"))
    parts = []
    if few:
        parts.append(f"{format_value(few, '1')} combinations with fewer than 30 answers")
    if givers:
        parts.append(f"{format_value(givers, '1')} whose answers come from too few places or customers")
    if hidden:
        parts.append(f"{format_value(hidden, '1')} hidden because so few customers answered")
    if unplaced:
        parts.append(f"{format_value(unplaced, '1')} answers that name no state")
    if parts:
        found.append(f"Not judged: {_listed(parts)}.")
    if total["separate"] < 0.9 * total["n"]:
        found.append(f"Answers from one place or customer are much alike: {format_value(total['n'], '1')} tell as much as about "
                     f"{format_value(total['separate'], '1')} separate ones, and the intervals allow for it.")
    found.append("Customers chose for themselves whether to answer: the shares say where to look, not how many customers are unhappy.")
    return found


def signed(gap: float, unit: str) -> str:
    """A difference with its sign.

    Examples
    --------
    >>> signed(0.085, "point"), signed(-0.2, "score")
    ('+8.5 pt', '−0.20')
    """
    text = format_value(abs(gap), unit)
    return text if text == MISSING else ("+" if gap >= 0 else "−") + text
