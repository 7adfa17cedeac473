"""The answer in computed sentences."""

from __future__ import annotations

import pandas as pd

from cemlib.usecases.correlation.catalogue import SERIES

__all__ = ["answer_sentences", "caution_sentences", "lag_words", "reason_words"]


def lag_words(bins: int, grain: str) -> str:
    """A lag for readers.

    Examples
    --------
    >>> lag_words(0, "hour"), lag_words(1, "hour"), lag_words(-3, "day")
    ('same hour', '1 hour later', '3 days earlier')
    """
    if bins == 0:
        return f"same {grain}"
    return f"{abs(bins)} {grain}{'s' if abs(bins) != 1 else ''} {'later' if bins > 0 else 'earlier'}"


def reason_words(row: pd.Series | dict) -> str:
    """Why a pair only looks linked."""
    if row["why"] == "shared season":
        return "both follow the hour and the day of the week; nothing beyond that"
    if row["why"] == "slow swings":
        return f"both swing slowly: worth {row['n_eff']:.0f} independent bins, too few to tell"
    return str(row["why"])


def answer_sentences(links: pd.DataFrame, grain: str, pairs: int) -> list[str]:
    """One to three sentences: what is linked, and what only looks it."""
    found, decoys = links[links["verdict"] == "found"], links[links["verdict"] == "decoy"]
    out = []
    if found.empty:
        out.append(f"**No pair of series is linked** beyond season and chance, of {pairs:,} looked at.")
    else:
        out.append(f"**{len(found)} of {pairs:,} pairs move together** beyond season and chance.")
        best = found.iloc[0]
        how = "move together" if best["effect"] > 0 else "move in opposite directions"
        lag, right = int(best["lag_bins"]), _low(best["right"])
        when = f"in the same {grain}" if lag == 0 else f"{right} {lag_words(lag, grain)}"
        out.append(f"Clearest: {_low(best['left'])} and {right} {how}, {when} (correlation {_signed(best['effect'])}, 95 % {_signed(best['low'])} to {_signed(best['high'])}).")
    if len(decoys):
        worst = decoys.loc[decoys["plain"].abs().idxmax()]
        out.append(f"{len(decoys)} pairs only look linked: {_low(worst['left'])} and {_low(worst['right'])} correlate by {_signed(worst['plain'])}, but {reason_words(worst)}.")
    return out


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _low(code: str) -> str:
    title = SERIES[code].title
    return title if title.startswith("SMS") else title[0].lower() + title[1:]


def caution_sentences(given: str, messages: list[str]) -> list[str]:
    """What the view cannot tell."""
    words = f", given {_low(given)}" if given != "none" else ""
    return [f"A link is an association{words}, not a cause: two series may move together because a third one moves both.", *messages]

