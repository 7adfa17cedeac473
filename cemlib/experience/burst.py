"""Bad moments in a call: Clark's burst and gap form of the E-model, and how their memory fades.

Packets are lost in bursts. A listener notices a bad moment fast (within 5 s) and forgives slowly (15 s); at the end of the
call the last bad moment weighs by how long ago it was (30 s). Extended E-model, ETSI TS 101 329-5 Annex E; formulas read in
an open implementation. The same asymmetry is the template for the memory of a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cemlib.errors import ParameterError
from cemlib.experience.inputs import Limit, compute_rows, read_values

__all__ = ["FADE_IN_S", "FADE_OUT_S", "RECENCY_S", "RECENCY_SHARE", "PerceivedBursts", "follow_bursts", "follow_calls", "recall_call"]

#: Time constant (s) with which a burst is noticed, with which it is forgiven in the gap behind it, and with which its memory
#: fades at the end of the call; and the share of it that is remembered at once.
FADE_IN_S, FADE_OUT_S, RECENCY_S, RECENCY_SHARE = 5.0, 15.0, 30.0, 0.7

_IE = Limit("", "equipment impairment", 0, 95, 0, 95)
_SECONDS = Limit("s", "duration", 0, np.inf, 0, np.inf)
_LIMITS = {"ie_gap": _IE, "ie_burst": _IE, "gap_s": _SECONDS, "burst_s": _SECONDS, "before": _IE, "ie_mean": _IE, "ie_last": _IE, "since_s": _SECONDS}


@dataclass(frozen=True, eq=False)
class PerceivedBursts:
    """Perceived equipment impairment over a gap and the burst behind it.

    Attributes
    ----------
    at_gap_end, at_burst_end : ndarray
        I2 and I1 of the standard.
    mean : ndarray
        Ie_av: the mean over the gap and the burst.
    counts : mapping
        As in :class:`~cemlib.experience.Score`.
    """

    at_gap_end: np.ndarray
    at_burst_end: np.ndarray
    mean: np.ndarray
    counts: dict[str, int]


def _follow(ie_gap, ie_burst, gap_s, burst_s, before):
    fade_out, fade_in = np.exp(-gap_s / FADE_OUT_S), np.exp(-burst_s / FADE_IN_S)
    at_gap_end = ie_gap + (before - ie_gap) * fade_out
    at_burst_end = ie_burst - (ie_burst - at_gap_end) * fade_in
    total = burst_s * ie_burst + gap_s * ie_gap - FADE_IN_S * (ie_burst - at_gap_end) * (1 - fade_in) + FADE_OUT_S * (before - ie_gap) * (1 - fade_out)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(burst_s + gap_s > 0, total / (burst_s + gap_s), np.nan)
    return {"at_gap_end": at_gap_end, "at_burst_end": at_burst_end, "mean": mean}


def follow_bursts(ie_gap: Any, ie_burst: Any, gap_s: Any, burst_s: Any, before: Any = None) -> PerceivedBursts:
    """What is perceived over a gap and the burst behind it.

    Parameters
    ----------
    ie_gap, ie_burst : number or column
        Equipment impairment Ie,eff in the gap and in the burst (0 … 95).
    gap_s, burst_s : number or column
        How long they last.
    before : number or column, optional
        I1, the impairment perceived when the gap begins; none: that of the gap.

    Examples
    --------
    A minute of good speech, then a burst of 3 s in which every second packet is lost:

    >>> seen = follow_bursts(0, 60, 60, 3)
    >>> round(float(seen.at_burst_end), 2), round(float(seen.mean), 3)
    (27.07, 0.709)
    """
    given = {"ie_gap": ie_gap, "ie_burst": ie_burst, "gap_s": gap_s, "burst_s": burst_s, "before": ie_gap if before is None else before}
    found, counts = compute_rows(_follow, given, _LIMITS, outputs=("at_gap_end", "at_burst_end", "mean"))
    return PerceivedBursts(**found, counts=counts)


def recall_call(ie_mean: Any, ie_last: Any, since_s: Any) -> np.ndarray:
    """Ie at the end of the call: the mean, moved towards the last bad moment by how recent it is.

    ``Ie_mean + 0.7 (ie_last - ie_mean) exp(-since / 30 s)``; null where an input is missing or impossible.

    Parameters
    ----------
    ie_mean, ie_last, since_s : number or column
        Mean over the call, impairment at the end of the last burst, and seconds since then.

    Examples
    --------
    >>> recall_call(10, 20, [0, 30, None, -1]).round(3).tolist()
    [17.0, 12.575, nan, nan]
    """
    found, _ = compute_rows(lambda ie_mean, ie_last, since_s: {"ie": ie_mean + RECENCY_SHARE * (ie_last - ie_mean) * np.exp(-since_s / RECENCY_S)},
                            {"ie_mean": ie_mean, "ie_last": ie_last, "since_s": since_s}, _LIMITS, outputs=("ie",))
    return found["ie"]


def follow_calls(ie_gap: Any, ie_burst: Any, gap_s: Any, burst_s: Any, after_s: Any = 0.0) -> np.ndarray:
    """Ie at the end of whole calls, each a row of gaps and bursts in turn.

    Parameters
    ----------
    ie_gap, ie_burst, gap_s, burst_s : arrays of calls x pairs
        One pair is a gap and the burst behind it; a call with fewer pairs is filled up with NaN at its end.
    after_s : number or column
        Seconds of the call behind its last burst; their impairment is that of the last gap.

    Returns
    -------
    ndarray
        One value a call, to be used as ``Ie`` (with no loss, ``Ppl`` 0) in the E-model. NaN where a pair is impossible, or
        where there is none.

    Notes
    -----
    The mean is taken over all pairs, weighted by their duration, and the seconds behind the last burst, in which the memory
    of it fades as in any gap. OPAL, the implementation that was read, keeps the last pair only (a bug).

    Examples
    --------
    The same burst early and late in a call of 63 s: the late one is remembered.

    >>> early, late = follow_calls([[0.0], [0.0]], [[60.0], [60.0]], [[10.0], [60.0]], [[3.0], [3.0]], [50, 0])
    >>> round(float(early), 1), round(float(late), 1)
    (9.6, 19.2)
    """
    parts = {"ie_gap": ie_gap, "ie_burst": ie_burst, "gap_s": gap_s, "burst_s": burst_s}
    parts = {name: read_values(values, name) for name, values in parts.items()}
    if any(values.ndim != 2 for values in parts.values()) or len({values.shape for values in parts.values()}) > 1:
        raise ParameterError("Calls are given as tables of one size.", wanted="four arrays of calls x pairs",
                             came=", ".join(f"{name}: {values.shape}" for name, values in parts.items()))
    calls, pairs = parts["ie_gap"].shape
    after = np.broadcast_to(read_values(after_s, "after_s"), calls).astype(float)
    given = ~np.isnan(np.stack(list(parts.values()))).all(axis=0)
    broken = np.zeros(calls, dtype=bool)
    total, duration, last, last_gap = np.zeros(calls), np.zeros(calls), np.full(calls, np.nan), np.full(calls, np.nan)
    for place in range(pairs):
        pair = {name: values[:, place] for name, values in parts.items()}
        found, _ = compute_rows(_follow, pair | {"before": np.where(np.isnan(last), pair["ie_gap"], last)}, _LIMITS,
                                outputs=("at_burst_end", "mean"))
        here = given[:, place]
        # a hole in the middle is no end of the call: what came before it is not what was perceived
        broken |= here & (np.isnan(found["at_burst_end"]) | (place > 0) & ~given[:, max(place - 1, 0)])
        seconds = pair["gap_s"] + pair["burst_s"]
        total = np.where(here & (seconds > 0), total + found["mean"] * seconds, total)
        duration = np.where(here, duration + seconds, duration)
        last, last_gap = np.where(here, found["at_burst_end"], last), np.where(here, pair["ie_gap"], last_gap)
    broken |= ~(after >= 0) | ~np.isfinite(after)
    after = np.where(broken, 0.0, after)
    total = total + after * last_gap + FADE_OUT_S * (last - last_gap) * (1 - np.exp(-after / FADE_OUT_S))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / (duration + after)
    return np.where(broken, np.nan, recall_call(mean, last, after))
