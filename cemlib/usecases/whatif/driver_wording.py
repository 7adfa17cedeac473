"""The sentences about drivers: what is good, what there is to gain, what loses and what wins, and what the price does to quality."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cemlib.privacy import SUPPRESSED
from cemlib.usecases.studies.study import Feature
from cemlib.usecases.whatif.figures import plain, signed

if TYPE_CHECKING:
    from cemlib.analysis.expectation import PriceOfQuality

__all__ = ["KANO", "QUADRANTS", "describe_gain", "describe_shape", "describe_weighing", "goal_words", "knee_words", "write_goals"]

#: Quadrants of the map: what each asks for.
QUADRANTS = {"act first": "much to gain, few have it", "keep": "much to gain, most have it", "watch": "little to gain, few have it", "enough": "little to gain, most have it"}
#: Labels after Kano (1984): what they say.
KANO = {"basic": "only its lack counts", "excitement": "only its presence counts", "performance": "both count, unequally"}


def goal_words(changes: Mapping[str, str], told: Mapping[str, Feature]) -> str:
    """What is good, in the units of the study.

    Examples
    --------
    >>> goal_words({"wait": "<=2010.5"}, {"wait": Feature(label="Wait", unit="ms")})
    'at most 2,010 ms'
    >>> goal_words({"a": "<=3", "b": ">=4"}, {"a": Feature(label="Stalls"), "b": Feature(label="Speed", unit="Mbit/s")})
    'Stalls at most 3, Speed at least 4 Mbit/s'
    """
    words = []
    for name, change in changes.items():
        one = told[name]
        limit = f"{'at least' if change[0] == '>' else 'at most'} {plain(float(change[2:]))} {one.unit}".strip()
        words.append(f"{one.label} {limit}" if len(changes) > 1 else limit)
    return ", ".join(words)


def write_goals(changes: Mapping[str, str]) -> str:
    """The same as one cell of a file.

    Examples
    --------
    >>> write_goals({"a": "<=3", "b": ">=4"})
    'a<=3;b>=4'
    """
    return ";".join(f"{name}{change}" for name, change in changes.items())


def describe_gain(one: Mapping, who: str, told: Mapping[str, Feature], knees: Mapping[str, Mapping]) -> list[str]:
    """What the map says of one driver.

    Parameters
    ----------
    one : mapping
        Its row.
    who : str
    told : mapping of str to Feature
    knees : mapping of str to dict
    """
    if one["state"] == SUPPRESSED:
        return [f"Hidden: nothing is shown of {who}."]
    if one["state"] == "too few":
        return [f"Too few of {who} are known to say anything."]
    goal = goal_words(one["changes"], told)
    if one["state"] == "not seen":
        return [f"Good is {goal}. {100 * one['extrapolation_share']:.0f} % of the moments of {who} would be lifted to where nobody was observed: of that the data say nothing."]
    why = "from there on an improvement brings less than half" if any(name in knees for name in one["changes"]) else "the best quarter of all moments have that today"
    sure = one["low"] > 0 or one["high"] < 0
    end = f"{signed(one['importance'])} rating points (90 % {signed(one['low'])} to {signed(one['high'])})"
    gain = f"If the others had it too, the mean rating of {who} would change by {end}" + ("." if sure else "; the sign is not known.")
    past = one["extrapolation_share"]
    outside = [f"{100 * past:.0f} % of the moments would be moved to where nobody was observed: there the gain is a guess."] if past > 0.05 else []
    return [f"Good is {goal}: {why}. {one['performance']:.0f} % of the moments of {who} are good already.", gain, *outside,
            "Causal if the declared graph is right." if str(one["claim"]).startswith("causal") else "An association, not an effect."]


def describe_shape(shape: Mapping, told: Mapping[str, Feature], knee: Mapping | None) -> str:
    """Whether the lack of a KPI costs more than its presence brings, and from where on more of it brings little.

    Examples
    --------
    >>> shape = {"feature": "mbps", "asymmetry": "penalty", "kano": "basic"}
    >>> describe_shape(shape, {"mbps": Feature(label="Speed", unit="Mbit/s")}, {"knee": 20.0, "low": 18.0, "high": 24.0})
    'Its lack costs more than its presence brings (basic: only its lack counts). Enough from 20 Mbit/s (90 % 18 to 24) on.'
    """
    side = {"penalty": "Its lack costs more than its presence brings", "reward": "Its presence brings more than its lack costs"}.get(shape["asymmetry"])
    kano = f" ({shape['kano']}: {KANO[shape['kano']]})" if shape["kano"] in KANO else ""
    words = f"{side}{kano}." if side else "Penalty and reward are not told apart."
    return words + (f" {knee_words(knee, told[shape['feature']].unit)}" if knee else "")


def knee_words(knee: Mapping, unit: str) -> str:
    """Where it saturates."""
    return f"Enough from {plain(knee['knee'])} {unit}".rstrip() + f" (90 % {plain(knee['low'])} to {plain(knee['high'])}) on."


def describe_weighing(found: PriceOfQuality, role: str, level: float = 0.9) -> str:
    """Whether those who pay, or expect, more rate the same quality otherwise.

    Examples
    --------
    >>> import pandas as pd
    >>> from cemlib.analysis.expectation import PriceOfQuality
    >>> told = PriceOfQuality(0.12, 0.05, 0.19, "", pd.DataFrame(), 900, 300)
    >>> describe_weighing(told, "price")
    'Quality counts more for those who pay more: +0.12 (90 % +0.05 to +0.19) rating points for a standard deviation of both.'
    """
    interval = f"{signed(found.interaction)} ({level:.0%} {signed(found.low)} to {signed(found.high)})".replace("%", " %")
    whom = {"price": "those who pay more", "expectation": "those who expect more"}[role]
    if found.low <= 0 <= found.high or not math.isfinite(found.interaction):
        return f"Whether quality counts otherwise for {whom} cannot be told: {interval} rating points for a standard deviation of both."
    return f"Quality counts {'more' if found.interaction > 0 else 'less'} for {whom}: {interval} rating points for a standard deviation of both."
