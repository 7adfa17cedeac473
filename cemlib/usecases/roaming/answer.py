"""The answer in sentences, computed from the judged tables."""

from __future__ import annotations

import pandas as pd

from cemlib.settings import settings
from cemlib.units import format_interval, format_value
from cemlib.usecases.roaming.question import Question
from cemlib.usecases.roaming.services import Service
from cemlib.usecases.roaming.wording import (
    area_words,
    clock,
    count_words,
    day,
    duration,
    joined,
    percent,
    side_words,
    span,
)

__all__ = ["FAILING", "answer_sentences", "detail_sentences", "hub_sentence", "name_of"]

#: Verdicts that accuse a partner.
FAILING = ("below", "below_peers", "slow", "slow_peers")
_NAMED = 3  # so many failing partners are named in the answer


def name_of(row) -> str:
    """A network as a sentence names it.

    Examples
    --------
    >>> name_of(pd.Series({"network_name": "Boreal Mobil", "country_name": "Turkey", "partner_plmn": "99917"}))
    'Boreal Mobil (Turkey, 99917)'
    """
    return f"{row['network_name']} ({row['country_name']}, {row['partner_plmn']})"


def _since(row, question: Question) -> str:
    since = row["since"]
    return "" if since is None or pd.isna(since) else f" since {clock(pd.Timestamp(since))} UTC"


def _why(row) -> str:
    if not row["cause"]:
        return ""
    meaning = row["cause_meaning"]
    words = row["cause"] if not meaning or row["cause"] == "no answer" else f"{row['cause']} {meaning.replace('_', ' ').lower() if meaning.isupper() else meaning}"
    return f": {words}, {side_words(row['side'])} ({area_words(row['area'])})"


def _one_failing(row, service: Service, question: Question) -> str:
    """What is wrong with one partner, in one sentence without its full stop."""
    name, since = name_of(row), _since(row, question)
    if row["verdict"] in ("slow", "slow_peers"):
        against = f"{format_value(row['quality_before'], service.quality_unit)} before" if since and row["quality_before"] == row["quality_before"] else (
            f"{format_interval(row['quality_expected_low'], row['quality_expected_high'], service.quality_unit, with_unit=True)} at the others")
        return f"{name} has had a {service.quality_title.lower()} ({service.quality_note}) of {format_value(row['quality'], service.quality_unit)}{since}, against {against}"
    share = percent(1 - (row["after"] if row["after"] == row["after"] else row["value"]))
    failed = f"{name} has {service.failed} {share} of {service.events}" if question.direction == "outbound" else f"{share} of the {service.events} of roamers of {name} fail"
    if row["verdict"] == "below_peers":
        against = f", where at least {percent(row['peers_low'])} succeed at the others; it has been so in all the data"
    elif row["before"] == row["before"]:
        against = f" (before: {percent(1 - row['before'])})"
    else:
        against = f" (expected: {format_interval(1 - row['expected_high'], 1 - row['expected_low'], 'ratio', with_unit=True)})"
    return f"{failed}{since}{against}{_why(row)}"


def answer_sentences(partners: pd.DataFrame, hubs: pd.DataFrame, ruled_out: pd.DataFrame, silent: pd.DataFrame, concentration: dict,
                     service: Service, question: Question) -> list[str]:
    """One to three sentences (paragraphs): who fails and why; hubs; what was ruled out and what could not be judged."""
    judged = partners[~partners["verdict"].isin(["too_few", "no_data", "suppressed"])]
    bad = judged[judged["verdict"].isin(FAILING)]
    total, failing = judged["partner_code"].nunique(), bad["partner_code"].nunique()
    ours = question.direction == "outbound"
    if total == 0:
        first = f"No partner had enough {service.events} to be judged in this period."
    elif failing == 0:
        who = f"None of the {count_words(total)} partners that could be judged is failing our roamers" if ours else (
            f"The roamers of the {count_words(total)} partners that could be judged are served here as is to be expected")
        first = f"{who} ({span(pd.Timestamp(question.since), pd.Timestamp(question.until))})."
    else:
        some = f"{count_words(failing)} of {count_words(total)} partners"
        first = f"{some.capitalize()} {'is' if failing == 1 else 'are'} failing our roamers. " if ours else f"The roamers of {some} are failing here. "
        parts = []
        for place, (_, row) in enumerate(bad.head(_NAMED).iterrows()):
            text = _one_failing(row, service, question)
            if place == 0 and concentration:
                text += f"; {percent(concentration['excess_share'], 0)} of the extra failures sit in {concentration['dimension']} {concentration['value_code']}"
            parts.append(text + _how_many(row, question) + ".")
        first += " ".join(parts)
        if len(bad) > _NAMED:
            first += f" {count_words(len(bad) - _NAMED).capitalize()} more are in the table."
    second = " ".join(hub_sentence(row) for _, row in hubs.iterrows())
    third = " ".join([*(_steering_sentence(row) for _, row in ruled_out.head(2).iterrows()), *_silent_sentence(silent), *_few_sentence(partners)])
    return [one for one in (first, second, third) if one]


def _how_many(row, question: Question) -> str:
    if row["verdict"] in ("slow", "slow_peers"):
        return f"; {int(row['subscribers']):,} roamers used it" if row["subscribers"] == row["subscribers"] else ""
    if row["affected"] != row["affected"]:
        return f"; fewer than {settings().minimum_group} roamers affected" if question.role == "manager" else ""
    return f"; {int(row['affected']):,} {'roamer' if row['affected'] == 1 else 'roamers'} affected" if row["affected"] else ""


def hub_sentence(row) -> str:
    """A hub incident in one sentence."""
    length = duration((row["until"] - row["since"]).total_seconds())
    did = "stopped answering" if row["ratio"] >= 0.6 else "often did not answer"
    return (f"{count_words(int(row['partners'])).capitalize()} partners share hub {row['hub']} and {did} for {length} on {span(row['since'], row['until'])}: "
            f"{int(row['unanswered']):,} of {int(row['attempts']):,} attempts failed on the interconnect side (usually {percent(row['usual_ratio'])}).")


def _steering_sentence(row) -> str:
    start, end = row["since"], row["until"]
    when = f"on {day(start)}" if start.date() == (end - pd.Timedelta(minutes=1)).date() else f"from {span(start, end)}"
    text = f"{int(row['steered']):,} rejects at {name_of(row)} {when} were steering, sent on purpose"
    if row["elsewhere"] == row["elsewhere"]:
        text += f": {percent(row['elsewhere'])} of those roamers got in elsewhere within {int(row['minutes'])} minutes"
    return text + "; they are no failure."


def _silent_sentence(silent: pd.DataFrame) -> list[str]:
    odd = silent[silent["verdict"] == "above"] if len(silent) else silent
    if odd.empty:
        return []
    row = odd.iloc[0]
    return [f"At {name_of(row)} roamers are registered but silent on {percent(row['value'])} of their days (others: {format_interval(row['expected_low'], row['expected_high'], 'ratio', with_unit=True)})."]


def _few_sentence(partners: pd.DataFrame) -> list[str]:
    few, hidden = partners[partners["verdict"] == "too_few"], int((partners["verdict"] == "suppressed").sum())
    if hidden:
        verb = "partner has" if hidden == 1 else "partners have"
        return [f"{count_words(hidden + len(few)).capitalize()} {verb} too few roamers to be judged or shown."]
    if few.empty:
        return []
    if len(few) <= 3:
        named = [f"{row['network_name']} ({int(row['den']):,})" if row["den"] == row["den"] else row["network_name"] for _, row in few.iterrows()]
        return [f"{joined(named)} {'is' if len(few) == 1 else 'are'} too small to judge."]
    return [f"{count_words(len(few)).capitalize()} partners are too small to judge."]


def detail_sentences(name: str, row: dict | None, change: dict, leading: dict, concentration: dict, single: dict, service: Service) -> list[str]:
    """What is known about the selection: the change, the leading cause, where it sits, and what to do first."""
    out = []
    if change:
        out.append(f"{name}: success fell from {percent(change['before'])} to {percent(change['after'])} on {clock(change['since'])} UTC.")
    elif row is not None and row["verdict"] == "below":
        out.append(f"{name}: {percent(row['value'])} where {format_interval(row['expected_low'], row['expected_high'], 'ratio', with_unit=True)} was expected; no single time at which it began.")
    elif row is not None and row["verdict"] == "below_peers":
        out.append(f"{name}: {percent(row['value'])} where the others have at least {percent(row['peers_low'])}, as far back as the data reach.")
    elif row is not None and row["verdict"] in ("slow", "slow_peers"):
        since = "" if pd.isna(row["since"]) else f" since {clock(pd.Timestamp(row['since']))} UTC"
        out.append(f"{name}: {service.quality_title.lower()} {format_value(row['quality'], service.quality_unit)} where {format_interval(row['quality_expected_low'], row['quality_expected_high'], service.quality_unit, with_unit=True)} is expected{since}; {service.events} are set up as expected.")
    elif row is not None and row["verdict"] in ("too_few", "no_data"):
        out.append(f"{name}: too few {service.events} to judge.")
    else:
        out.append(f"{name}: within its expected band.")
    if leading and (change or (row is not None and row["verdict"] in ("below", "below_peers"))):
        out.append(f"{leading['cause']} {leading['cause_meaning'] or ''} makes {percent(leading['share'], 0)} of the rejects ({leading['rejects']:,}), {side_words(leading['fault_side_code'])}.".replace("  ", " "))
    if concentration:
        also = f"; {joined(concentration['also'])} stand{'s' if len(concentration['also']) == 1 else ''} out too" if concentration["also"] else ""
        out.append(f"{percent(concentration['excess_share'], 0)} of the extra failures sit in {concentration['dimension']} {concentration['value_code']} (success there {percent(concentration['value'])}){also}.")
    elif change or (row is not None and row["verdict"] in ("below", "below_peers")):
        out.append("No IMSI range, device, radio access or hub stands out: it hits all alike.")
    if single:
        out.append(f"One roamer alone makes {percent(single['share'], 0)} of the failures: look at that SIM and device before the partner.")
    return out
