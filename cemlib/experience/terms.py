"""From evidence to the terms of a score: each 0 … 100 with its interval, null where nothing is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.experience.curve import Curve, curve
from cemlib.experience.evidence import BILL_DAYS, Evidence, Track
from cemlib.experience.index import IndexKpi, SatisfactionIndex, list_terms
from cemlib.experience.moments import remember_days
from cemlib.kpi.interval import bound_ratio

__all__ = ["Terms", "compute_terms"]

_Z = 1.959964
# a tariff class of fewer bills tells no usual price
_CLASS_BILLS = 10


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of every unit; what weights are put on.

    Attributes
    ----------
    names : tuple of str
        As :func:`cemlib.experience.index.list_terms` orders them.
    scores : ndarray of float64, units x terms
        0 where nothing is known; see ``known``.
    known : ndarray of bool, units x terms
    usual : ndarray
        The score of each term when everything is as usual.
    below, above : ndarray of float32, units x terms
        How far the 95 % interval reaches below and above the score.
    pattern, patterns : ndarray
        Which row of ``patterns`` (bool, few rows) each unit's ``known`` is: weights are renormalised once for each.
    details : dict
        For each KPI ``num``, ``den``, ``value``, ``expected``, ``worst_day``; for the price ``amount``, ``usual``, ``ratio``.
    impossible : dict of str to int
        Values by KPI that could not be, and were left out.
    """

    names: tuple[str, ...]
    scores: np.ndarray
    known: np.ndarray
    usual: np.ndarray
    below: np.ndarray
    above: np.ndarray
    pattern: np.ndarray
    patterns: np.ndarray
    details: dict[str, dict[str, np.ndarray]]
    impossible: dict[str, int]


def compute_terms(evidence: Evidence, index: SatisfactionIndex) -> Terms:
    """The terms of every unit of the evidence."""
    names = [one.name for one in list_terms(index)]
    scores = np.full((len(evidence), len(names)), np.nan)
    below, above = (np.zeros(scores.shape, dtype=np.float32) for _ in range(2))
    usual, details, impossible = _usual_scores(index), {}, {}
    for code, kpi in index.kpis().items():
        track = evidence.tracks.get(code)
        if track is None:
            continue
        columns = [names.index(f"{facet}:{code}") for facet in ("quality", "expectation", "memory")]
        details[code], impossible[code] = {}, track.impossible
        for column, (value, low, high) in zip(columns, _of_kpi(evidence, index, track, kpi, details[code])):
            scores[:, column] = value
            below[:, column], above[:, column] = np.nan_to_num(value - low), np.nan_to_num(high - value)
    scores[:, -1], details["price"] = _of_price(evidence, index)
    known = np.isfinite(scores)
    packed = np.packbits(known, axis=1)
    patterns, pattern = np.unique(packed, axis=0, return_inverse=True)
    patterns = np.unpackbits(patterns, axis=1, count=len(names)).astype(bool)
    return Terms(tuple(names), np.where(known, scores, 0.0), known, usual, below, above, pattern.reshape(-1).astype(np.int32), patterns, details, impossible)


def _usual_scores(index: SatisfactionIndex) -> np.ndarray:
    of_facet = {"price": 1.0, "expectation": 0.0, "memory": 0.0}
    found = []
    for one in list_terms(index):
        if one.facet == "quality":
            kpi = index.kpis()[one.kpi]
            found.append(float(_percent(curve(kpi.curve, index.own_curves), np.array([kpi.usual]))[0]))
        else:
            at, worth = np.array((index.price if one.facet == "price" else index.expectation).points, dtype=np.float64).T
            found.append(float(np.interp(of_facet[one.facet], at, worth)))
    return np.array(found)


def _percent(drawn: Curve, values: np.ndarray) -> np.ndarray:
    return drawn(values).to_percent().values


def _of_kpi(evidence: Evidence, index: SatisfactionIndex, track: Track, kpi: IndexKpi, details: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(score, low, high) of quality, expectation and memory."""
    n, prior, drawn = len(evidence), index.evidence.prior_records, curve(kpi.curve, index.own_curves)
    inside = (track.day >= evidence.since) & (track.day < evidence.until)
    num, den = (np.bincount(track.unit[inside], getattr(track, name)[inside], n) for name in ("num", "den"))
    enough = den >= index.evidence.records
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(enough, (num + prior * kpi.usual) / (den + prior), np.nan)
        details |= {"num": num, "den": den, "value": num / den}
    if track.squares is None:
        low, high = bound_ratio(num + prior * kpi.usual, den + prior)
    else:
        half = _half_of_mean(num, np.bincount(track.unit[inside], track.squares[inside], n), den, prior)
        low, high = (np.clip(value + side * half, *drawn.possible) for side in (-1, 1))
    quality = _percent(drawn, value)
    ends = np.stack([_percent(drawn, np.where(enough, one, np.nan)) for one in (low, high)])
    daily = _percent(drawn, (track.num + prior * kpi.usual) / (track.den + prior))
    classes, place = np.unique(evidence.segments.astype(str), return_inverse=True)
    shift = np.array([index.expectation.by_segment.get(one, index.expectation.by_segment["default"]) for one in classes])[place] if n else np.zeros(0)
    first = np.clip(_percent(drawn, np.array([kpi.usual]))[0] + shift, 0, 100)
    felt = remember_days(track.unit, track.day, daily, first, index, since=evidence.since, until=evidence.until)
    details |= {"expected": felt.expected, "worst_day": felt.worst_day}
    found = [(quality, np.minimum(ends.min(axis=0), quality), np.maximum(ends.max(axis=0), quality))]
    for score, half in ((np.where(enough, felt.felt, np.nan), felt.felt_half), (felt.remembered, felt.remembered_half)):
        found.append((score, np.clip(score - half, 0, 100), np.clip(score + half, 0, 100)))
    return found


def _half_of_mean(total: np.ndarray, squares: np.ndarray, n: np.ndarray, prior: float) -> np.ndarray:
    """Half the interval of a mean drawn towards its usual value; the spread of few records is drawn towards that of all."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter = np.maximum(squares - np.where(n > 0, total * total / n, 0), 0.0)
    free = float(np.maximum(n - 1, 0).sum())
    pooled = float(scatter.sum()) / free if free > 0 else 0.0
    variance = (scatter + 5 * pooled) / (np.maximum(n - 1, 0) + 5)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _Z * np.sqrt(variance * n) / (n + prior)


def _of_price(evidence: Evidence, index: SatisfactionIndex) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The bill of the window's last months against what is usual for the customer, or else for the tariff class."""
    n, nothing = len(evidence), np.full(len(evidence), np.nan)
    if evidence.bills is None or not n:
        return nothing, {"amount": nothing, "usual": nothing, "ratio": nothing}
    days = BILL_DAYS * max(1, round((evidence.until - evidence.since) / BILL_DAYS))
    bills = evidence.bills[(evidence.bills["day"] < evidence.until) & (evidence.bills["day"] >= evidence.until - days - index.price.reach_days)]
    back = (evidence.until - 1 - bills["day"]) // days
    totals = bills.assign(back=back).groupby(["unit", "back"], as_index=False)["amount"].sum()
    whole = math.floor(index.price.reach_days / days)
    now = totals[totals["back"] == 0].set_index("unit")["amount"].reindex(range(n)).to_numpy(np.float64)
    own = totals[totals["back"].between(1, whole)].groupby("unit")["amount"].median().reindex(range(n)).to_numpy(np.float64)
    classes = pd.Series(now).groupby(evidence.segments.astype(str))
    of_class = np.where(classes.transform("count") >= _CLASS_BILLS, classes.transform("median"), np.nan)
    usual = np.where(np.isfinite(own), own, of_class)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(usual > 0, now / usual, np.nan)
    at, worth = np.array(index.price.points, dtype=np.float64).T
    score = np.where(np.isfinite(ratio), np.interp(np.nan_to_num(ratio), at, worth), np.nan)
    return score, {"amount": now, "usual": usual, "ratio": ratio}
