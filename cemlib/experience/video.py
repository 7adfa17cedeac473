"""Video streaming, P.1203-inspired: from what a session's record knows to MOS.

What is of the standard: the quality of the picture from bitrate, resolution and frame rate (ITU-T P.1203.1 mode 0), that of
the sound (P.1203.2), how both are put together, recency and the weight of bad moments, and what stalling takes away
(P.1203.3). Formulas and coefficients were read beside the authors' open implementation, not in the Recommendation.

What is not: P.1203.3 mixes in a quarter of a random forest of 20 trees, which is left out (the analytic part counts in full);
the penalties for oscillating quality are left out; where stalls lay in a session that gives only their sum is assumed, not
known; the start-up time counts as a stall at the very beginning. Scores are therefore **not** P.1203 scores and are not to be
compared with them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cemlib.errors import ParameterError
from cemlib.experience.inputs import Limit, choose, compute_rows, read_values
from cemlib.experience.score import Score

__all__ = ["AUDIO_CODECS", "score_seconds", "score_video_quality", "score_viewing"]

METHOD = "p1203_inspired"
_SCALE = "MOS, audiovisual session, P.1203-inspired"

#: Coefficients of P.1203.2 by audio codec.
AUDIO_CODECS = {"aac_lc": (-0.05, 14.60), "he_aac": (-0.11, 20.06), "mp2": (-0.02, 15.48), "ac3": (-0.03, 15.70)}
_DEVICES = {"large_screen": False, "handheld": True}

_COUNTED = Limit("", "pixels", 16, 16384, 1, math.inf)
_LIMITS = {
    "bitrate_kbps": Limit("kbit/s", "video bitrate", 1, 200_000, 1e-6, math.inf),
    "width": _COUNTED, "height": _COUNTED, "display_width": _COUNTED, "display_height": _COUNTED,
    "framerate": Limit("1/s", "frames per second", 1, 120, 1e-6, 1000),
    "audio_kbps": Limit("kbit/s", "audio bitrate", 0, 2000, 0, math.inf, 128),
    "duration_s": Limit("s", "playing time without stalls", 1, 86_400, 1e-6, math.inf),
    "stall_s": Limit("s", "total of the stalls", 0, 3600, 0, math.inf),
    "stall_count": Limit("", "stalls", 0, 1000, 0, math.inf),
    "initial_delay_s": Limit("s", "time until the first picture", 0, 600, 0, math.inf),
    "stall_place": Limit("", "where the stalls lay: 0 start, 1 end", 0, 1, 0, 1),
}

# the scale of P.1203: MOS 1.05 … 4.9 over a rating 0 … 100; inverted by table where it rises
_RATING = np.linspace(3.25, 100, 9676)


def _mos_of(rating: np.ndarray) -> np.ndarray:
    return np.clip(1.05 + 3.85 * rating / 100 + rating * (rating - 60) * (100 - rating) * 7e-6, 1.05, 4.9)


_MOS = _mos_of(_RATING)


def _rating_of(mos: np.ndarray) -> np.ndarray:
    return np.interp(mos, _MOS, _RATING, left=0.0)


def _picture(bitrate_kbps, width, height, framerate, display_width, display_height, handheld):
    """P.1203.1 mode 0: degradations by coding, by scaling up, and by a low frame rate."""
    quant = 11.9983519 - 2.99991847 * np.log(
        41.2475074001 + np.log(bitrate_kbps) + np.log(bitrate_kbps * bitrate_kbps / (width * height * framerate) + 0.13183165961))
    coding = 100 - _rating_of(np.clip(4.66 - 0.07 * np.exp(4.06 * quant), 1.0, 5.0))
    scaling = 72.61 * np.log10(0.32 * (np.maximum(display_width * display_height / (width * height), 1.0) - 1) + 1)
    scaling = np.clip(scaling, 0, 100)
    slow = np.where(np.asarray(framerate) < 24, (100 - coding - scaling) * (30.98 - 1.29 * framerate) / (64.65 + framerate), 0.0)
    slow = np.clip(slow, 0, 100)
    mos = _mos_of(100 - np.clip(coding + scaling + slow, 0, 100))
    return np.clip(-0.60293 + 2.12382 * mos - 0.36936 * mos**2 + 0.03409 * mos**3, 1.0, 5.0) if handheld else mos


def _sound(audio_kbps, codec):
    """P.1203.2: the quality of the sound by its bitrate."""
    slope, floor = choose("audio codec", codec, AUDIO_CODECS)
    return _mos_of(100 - np.clip(100 * np.exp(slope * audio_kbps) + floor, 0, 100))


def _together(sound, picture):
    """P.1203.3: sound and picture of one second."""
    return np.clip(-0.00069084 + 0.15374283 * sound + 0.97153861 * picture + 0.02461776 * sound * picture, 1.0, 5.0)


def _stall_weight(seconds_before_end):
    """A stall weighs in full at the end and about half when it is long past (half way after 10 s)."""
    return 0.48412879 + (1 - 0.48412879) * np.exp2(-np.asarray(seconds_before_end) / 10)


def _end(quality, stalls, weighted_s, interval_s, duration_s):
    """P.1203.3 without the forest: what stalling leaves of the quality."""
    left = np.exp(-stalls / 9.35158684 - weighted_s / duration_s / 0.91890815 - interval_s / duration_s / 11.0567558)
    return np.clip(0.02833052 + 0.98117059 * np.clip(1 + (quality - 1) * left, 1.0, 5.0), 1.0, 5.0)


def score_video_quality(
    bitrate_kbps: Any, width: Any, height: Any, framerate: Any = 25.0, *, display_width: Any = 1920, display_height: Any = 1080,
    device: str = "large_screen", beyond: str = "null",
) -> Score:
    """MOS of the picture alone: bitrate, resolution and frame rate (ITU-T P.1203.1 mode 0, H.264).

    Parameters
    ----------
    bitrate_kbps, width, height, framerate : number or column
        Of the coded video.
    display_width, display_height : number or column
        Of the screen it is scaled up to.
    device : str
        large_screen or handheld.
    beyond : str
        What becomes of rows outside the sensible range: ``null`` or ``extrapolate``.

    Examples
    --------
    >>> score_video_quality([500, 5000, -1], [640, 1920, 1920], [360, 1080, 1080]).values.round(2).tolist()
    [1.92, 4.42, nan]
    """
    handheld = choose("device", device, _DEVICES)
    given = {"bitrate_kbps": bitrate_kbps, "width": width, "height": height, "framerate": framerate,
             "display_width": display_width, "display_height": display_height}
    found, counts = compute_rows(lambda **one: {"mos": _picture(**one, handheld=handheld)}, given, _LIMITS, outputs=("mos",), beyond=beyond)
    return Score(found["mos"], METHOD, "MOS, picture, P.1203.1 mode 0", "MOS", 1.0, 5.0, counts)


def score_viewing(
    bitrate_kbps: Any, width: Any, height: Any, framerate: Any, duration_s: Any, *, stall_s: Any = 0.0, stall_count: Any = None,
    initial_delay_s: Any = 0.0, audio_kbps: Any = 128.0, audio_codec: str = "aac_lc", stall_place: Any = 0.5,
    display_width: Any = 1920, display_height: Any = 1080, device: str = "large_screen", beyond: str = "null",
) -> Score:
    """MOS of viewing sessions from their sums: P.1203-inspired, see the head of this module for what is not of the standard.

    Parameters
    ----------
    bitrate_kbps, width, height, framerate, display_width, display_height, device
        As in :func:`score_video_quality`, constant over the session or its mean.
    duration_s : number or column
        Playing time without stalls.
    stall_s, stall_count : number or column
        Total and number of the stalls behind the start; ``stall_count`` None: one where ``stall_s`` is above 0.
    initial_delay_s : number or column
        Time from the click to the first picture: taken as a stall at second 0 (its length alone, not as one more stall).
    audio_kbps, audio_codec
        Of the sound; see :data:`AUDIO_CODECS`.
    stall_place : number or column
        Where the stalls lay on average: 0 at the start, 1 at the end; unknown: in the middle.
    beyond : str
        What becomes of rows outside the sensible range: ``null`` or ``extrapolate``.

    Examples
    --------
    A minute of full HD: without a stall, with one of 5 s, with 20 s of start-up, with stalls of -3 s:

    >>> score_viewing(5000, 1920, 1080, 25, 60, stall_s=[0, 5, 0, -3], initial_delay_s=[0, 0, 20, 0]).values.round(2).tolist()
    [4.93, 4.36, 4.29, nan]
    """
    handheld = choose("device", device, _DEVICES)
    choose("audio codec", audio_codec, AUDIO_CODECS)
    stalled = read_values(stall_s, "stall_s")
    given = {"bitrate_kbps": bitrate_kbps, "width": width, "height": height, "framerate": framerate, "duration_s": duration_s,
             "stall_s": stalled, "stall_count": np.where(np.isnan(stalled), np.nan, stalled > 0) if stall_count is None else stall_count,
             "initial_delay_s": initial_delay_s, "audio_kbps": audio_kbps, "stall_place": stall_place,
             "display_width": display_width, "display_height": display_height}

    def view(*, bitrate_kbps, width, height, framerate, display_width, display_height, duration_s, stall_s, stall_count, initial_delay_s,
             audio_kbps, stall_place):
        picture = _picture(bitrate_kbps, width, height, framerate, display_width, display_height, handheld)
        quality = _together(_sound(audio_kbps, audio_codec), picture)
        weighted = stall_s * _stall_weight(duration_s * (1 - stall_place)) + initial_delay_s * _stall_weight(duration_s)
        # n stalls spread evenly over the session lie duration / n apart; the standard counts no interval for a single one
        interval = np.where(stall_count > 1, duration_s / np.maximum(stall_count, 1), 0.0)
        # seconds of stalling without a stall contradict each other: at least one
        return {"mos": _end(quality, np.where(stall_s > 0, np.maximum(stall_count, 1), stall_count), weighted, interval, duration_s)}

    found, counts = compute_rows(view, given, _LIMITS, outputs=("mos",), beyond=beyond)
    return Score(found["mos"], METHOD, _SCALE, "MOS", 1.0, 5.0, counts)


def score_seconds(picture: Any, sound: Any = 5.0, *, stalls: Any = ()) -> float:
    """MOS of one session from the quality of each of its seconds: recency, bad moments and stalls (P.1203-inspired).

    Parameters
    ----------
    picture : column
        MOS of each second, as :func:`score_video_quality` gives it.
    sound : number or column
        MOS of the sound, each second or throughout.
    stalls : sequence of (position, length)
        In seconds of playing time, and in seconds.

    Examples
    --------
    The same two halves in the other order: the end is remembered.

    >>> good, bad = [4.5] * 30, [2.0] * 30
    >>> score_seconds(good + bad) < score_seconds(bad + good)
    True
    """
    picture = read_values(picture, "picture")
    sound = np.broadcast_to(read_values(sound, "sound"), picture.shape)
    n = picture.size
    if picture.ndim != 1 or not n or not (np.all((picture >= 1) & (picture <= 5)) and np.all((sound >= 1) & (sound <= 5))):
        raise ParameterError("Each second has a MOS of picture and sound.", wanted="one or more values from 1 to 5", came=f"{n} seconds", where="picture, sound")
    stalls = sorted((float(place), float(length)) for place, length in stalls)
    if any(not 0 <= place <= n or not 0 < length < math.inf for place, length in stalls):
        raise ParameterError("A stall lies within the session and takes time.", wanted=f"position 0 … {n} s, length above 0 s", came=str(stalls), where="stalls")
    second = np.arange(n)
    quality = _together(sound, picture)
    weight = (0.00666620027943848 + 0.0000404018840273729 * np.exp(second / n / 0.156497800436237)) * (0.143179744942738 - 0.0238641564518876 * quality)
    mean = float(np.sum(weight * quality) / np.sum(weight))
    # the tenth worst second pulls down: what was bad stays in mind
    fade = 1.87403625 + (1 - 1.87403625) * np.exp2(-(n - 1 - second) / 7.85416481)
    mean -= max(0.0, -float(np.percentile((quality - mean) * fade, 10))) * 0.0185382
    places = [place for place, _ in stalls]
    weighted = sum(length * float(_stall_weight(n - place)) for place, length in stalls)
    interval = (places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else 0.0
    return float(_end(mean, len(stalls), weighted, interval, n))
