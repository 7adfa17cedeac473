"""The E-model of ITU-T G.107: from what a connection is made of to the rating R, and from R to MOS.

The formulas and defaults were read in independent open implementations and checked against each other, not in the
Recommendation itself; clause and equation numbers are those of the edition of 06/2015. What not even two implementations
agree on, or was taken from memory, is marked unverified. Outside anchors: R = 93.2 with every default, and the table of R and MOS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr

from cemlib.errors import ParameterError
from cemlib.experience.emodel_terms import find_terms, find_wideband_terms
from cemlib.experience.inputs import Limit, choose, compute_rows, read_values
from cemlib.experience.score import Score

__all__ = ["CODECS", "DELAY_CLASSES", "PARAMETERS", "Rating", "map_r_to_mos", "rate_simplified", "rate_transmission"]

#: Every input of G.107 (Table 3) with its default and range. Default and range of the acoustic inputs and of Bpl were
#: read in one open implementation; the ranges of sT and mT are from memory (unverified). ``Nfor`` has none in the table.
PARAMETERS: dict[str, Limit] = {
    "SLR": Limit("dB", "send loudness rating", 0, 18, -30, 60, 8),
    "RLR": Limit("dB", "receive loudness rating", -5, 14, -30, 60, 2),
    "STMR": Limit("dB", "sidetone masking rating", 10, 20, 0, 100, 15),
    "Dr": Limit("", "D-value of the telephone, receive side", -3, 3, -30, 30, 3),
    "LSTR": Limit("dB", "listener sidetone rating", 13, 23, 0, 100),
    "Ds": Limit("", "D-value of the telephone, send side", -3, 3, -30, 30, 3),
    "TELR": Limit("dB", "talker echo loudness rating", 5, 65, 0, 200, 65),
    "WEPL": Limit("dB", "weighted echo path loss", 5, 110, 0, 200, 110),
    "qdu": Limit("", "number of quantization distortion units", 1, 14, 0.01, 1000, 1),
    "Nc": Limit("dBm0p", "circuit noise at the 0 dBr point", -80, -40, -200, 0, -70),
    "Nfor": Limit("dBmp", "noise floor at the receive side", -200, 0, -200, 0, -64),
    "Ps": Limit("dB(A)", "room noise at the send side", 35, 85, 0, 140, 35),
    "Pr": Limit("dB(A)", "room noise at the receive side", 35, 85, 0, 140, 35),
    "T": Limit("ms", "mean one-way delay of the echo path", 0, 500, 0, 600_000, 0),
    "Ta": Limit("ms", "absolute one-way delay, mouth to ear", 0, 500, 0, 600_000, 0),
    "Tr": Limit("ms", "round-trip delay of the 4-wire loop", 0, 1000, 0, 1_200_000, 0),
    "sT": Limit("", "delay sensitivity", 0.4, 1, 0.01, 10, 1),
    "mT": Limit("ms", "minimum perceivable delay", 20, 150, 0.01, 600_000, 100),
    "Ie": Limit("", "equipment impairment factor", 0, 40, 0, 95, 0),
    "Bpl": Limit("", "packet-loss robustness factor", 4.3, 40, 0.01, 1000, 4.3),
    "Ppl": Limit("%", "packet loss, discards of the jitter buffer included", 0, 20, 0, 100, 0),
    "BurstR": Limit("", "burst ratio", 1, 8, 0.01, 1e9, 1),
    "A": Limit("", "advantage factor", 0, 20, 0, 20, 0),
}

#: Delay classes (G.107 Table 1, read in one open implementation): sensitivity sT and minimum perceivable delay mT in ms.
DELAY_CLASSES = {"default": (1.0, 100.0), "low": (0.55, 120.0), "very_low": (0.4, 150.0)}

#: Equipment impairment Ie and packet-loss robustness Bpl at zero loss (G.113 Appendix I, read in open implementations).
#: gsm_fr: its Bpl was confirmed nowhere else; amr_12k2 and gsm_efr: from memory (unverified). The Recommendation gives
#: none for Opus.
CODECS = {
    "g711_plc": (0.0, 25.1), "g711": (0.0, 4.3), "g729a_vad": (11.0, 19.0), "g7231_6k3": (15.0, 16.1), "gsm_fr": (20.0, 10.0),
    "amr_12k2": (5.0, 10.0), "gsm_efr": (5.0, 10.0),
}

_COMPONENTS = ("No", "Ro", "Iolr", "Ist", "Iq", "Is", "Idte", "Idle", "Idd", "Id", "Ie_eff")


@dataclass(frozen=True, eq=False)
class Rating:
    """Transmission ratings R, and what follows from them.

    Attributes
    ----------
    r : ndarray of float64
        NaN where null.
    method : str
        g107_nb, g1071_wb or cole_rosenbluth.
    counts : mapping
        As in :class:`~cemlib.experience.Score`.
    components : mapping
        The terms of R by their names in the Recommendation; empty unless asked for.
    """

    r: np.ndarray
    method: str
    counts: Mapping[str, int]
    components: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def mos(self) -> Score:
        """Mean opinion score, conversational quality estimated (G.107 Annex B, G.107.1 Annex A for wideband)."""
        wideband = self.method == "g1071_wb"
        return Score(map_r_to_mos(self.r / 1.29 if wideband else self.r), self.method,
                     "MOS-CQE, wideband" if wideband else "MOS-CQE, narrowband", "MOS", 1.0, 4.5, self.counts)

    def _narrowband(self) -> np.ndarray:
        if self.method == "g1071_wb":
            raise ParameterError("Good-or-better and poor-or-worse are defined for narrowband ratings.", wanted="a narrowband rating", came=self.method)
        return self.r

    @property
    def good_or_better_ratio(self) -> np.ndarray:
        """Share of users who find it good or better (GoB, G.107 Annex B; formula from memory, unverified)."""
        return ndtr((self._narrowband() - 60) / 16)

    @property
    def poor_or_worse_ratio(self) -> np.ndarray:
        """Share of users who find it poor or worse (PoW, G.107 Annex B; formula from memory, unverified)."""
        return ndtr((45 - self._narrowband()) / 16)


def map_r_to_mos(r: Any) -> np.ndarray:
    """MOS of narrowband ratings R, G.107 Annex B (B-4), held at 1 where the polynomial dips below (0 < R < 6.5).

    Examples
    --------
    >>> map_r_to_mos([-3, 50, 93.2, 120, None]).round(3).tolist()
    [1.0, 2.575, 4.409, 4.5, nan]
    """
    r = np.clip(read_values(r, "R"), 0, 100)
    return np.maximum(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0)


def _long_bursts(Ppl, BurstR, **_):
    """G.107 Table 3, note: BurstR above 2 only where Ppl is below 2 %."""
    return (BurstR > 2) & (Ppl >= 2)


def rate_transmission(
    *,
    codec: str | None = None,
    delay_class: str | None = None,
    wideband: bool = False,
    components: bool = False,
    beyond: str = "null",
    **inputs: Any,
) -> Rating:
    """The rating R of connections by ITU-T G.107, all of it.

    Parameters
    ----------
    codec : str, optional
        One of :data:`CODECS`: sets ``Ie`` and ``Bpl``.
    delay_class : str, optional
        One of :data:`DELAY_CLASSES`: sets ``sT`` and ``mT``.
    wideband : bool
        Rate by ITU-T G.107.1 instead: another scale (R up to 129), which is not compared with narrowband. Its inputs are
        T, Ta, Tr, TELR, WEPL, Ie, Bpl, Ppl, BurstR and A; Ie and Bpl are the wideband ones of the codec.
    components : bool
        Keep every term (eleven arrays) beside R.
    beyond : str
        What becomes of rows that are possible but outside the Recommendation's range (30 % loss, 700 ms): ``null``, or
        ``extrapolate``: the same formulas go on, and the rows are counted as extrapolated. With ``null`` the worst calls
        drop out of an average, so look at the counts before comparing averages.
    **inputs
        Any of :data:`PARAMETERS` by the Recommendation's symbol, each a number or a column. ``Ppl`` is in per cent. LSTR is
        STMR + Dr unless it is given. T and Tr stay 0 (no echo) unless they are given; for a call with the echo of a far
        4-wire loop they are Ta and 2 Ta.

    Returns
    -------
    Rating

    Raises
    ------
    UnknownNameError
        For a parameter, codec or class that does not exist.
    ParameterError
        For a single number outside its range; the message names the parameter.

    Examples
    --------
    >>> rating = rate_transmission()
    >>> round(float(rating.r), 1), round(float(rating.mos.values), 2)
    (93.2, 4.41)
    >>> calls = rate_transmission(codec="g729a_vad", Ta=[20, 150, -5, 20], Ppl=[2.0, 0.0, 0.0, 140.0])
    >>> [one and round(one, 2) for one in calls.mos.to_list()]
    [3.79, 4.1, None, None]
    >>> calls.counts["impossible"]
    2
    >>> rate_transmission(Ppl=30)
    Traceback (most recent call last):
        ...
    cemlib.errors.ParameterError: Ppl (packet loss, discards of the jitter buffer included) is outside the range in which the model holds.
      wanted: 0 to 20 %
      came: 30 %
      where: Ppl
      to do: Correct it, or ask for beyond='extrapolate' and read the result as a guess.
    """
    known = _WIDEBAND if wideband else PARAMETERS
    for name in inputs:
        choose("parameter of the E-model", name, known)
    for group, option, kind, table in ((("Ie", "Bpl"), codec, "codec", CODECS), (("sT", "mT"), delay_class, "delay class", DELAY_CLASSES)):
        if option is None:
            continue
        if wideband:
            raise ParameterError(f"A {kind} of this list is for narrowband.", wanted="wideband=False, or the values themselves", came=str(option))
        doubled = [name for name in group if name in inputs]
        if doubled:
            raise ParameterError(f"{' and '.join(doubled)} would be given twice.", wanted=f"{kind} or {' and '.join(group)}", came=f"{kind}={option!r} and {', '.join(doubled)}")
        inputs |= dict(zip(group, choose(kind, option, table)))
    given = {name: limit.default for name, limit in known.items() if limit.default is not None} | inputs
    if not wideband:
        dr = given.pop("Dr")
        if "LSTR" not in given:
            given["LSTR"] = read_values(given["STMR"], "STMR") + read_values(dr, "Dr")
    names = _COMPONENTS if components else ()
    found, counts = compute_rows(find_wideband_terms if wideband else find_terms, given, known, outputs=("R", *names), beyond=beyond, outside=_long_bursts)
    return Rating(found.pop("R"), "g1071_wb" if wideband else "g107_nb", counts, found)


# the inputs that ITU-T G.107.1 knows
_WIDEBAND = {name: PARAMETERS[name] for name in ("T", "Ta", "Tr", "TELR", "WEPL", "Ie", "Ppl", "BurstR", "A")} | {
    "Bpl": Limit("", "packet-loss robustness factor, wideband", 4.3, 40, 0.01, 1000, 4.3)}

#: Ie of the simplified form, g1 + g2 ln(1 + g3 e), by codec (read in two open implementations).
SIMPLIFIED_CODECS = {"g711": (0.0, 30.0, 15.0), "g729a": (11.0, 40.0, 10.0)}

_SIMPLIFIED_LIMITS = {
    "one_way_delay_ms": Limit("ms", "one-way delay, mouth to ear", 0, 500, 0, 600_000),
    "loss_ratio": Limit("", "packet loss as a ratio", 0, 1, 0, 1),
}


def rate_simplified(one_way_delay_ms: Any, loss_ratio: Any, codec: str = "g711", *, base: float = 93.2, beyond: str = "null") -> Rating:
    """The rating R by the simplified form of Cole and Rosenbluth (2001): delay and loss alone.

    Parameters
    ----------
    one_way_delay_ms, loss_ratio : number or column
        Loss is a ratio here (0.01 is 1 %), not a percentage.
    codec : str
        g711 or g729a.
    base : float
        R without delay and loss. The paper has 94.2; 93.2 (the default) is what G.107 gives with its defaults, and what
        most use.
    beyond : str
        As in :func:`rate_transmission`.

    Examples
    --------
    >>> rating = rate_simplified([0, 250], [0.0, 0.05], "g729a")
    >>> rating.r.round(2).tolist(), rating.mos.values.round(3).tolist()
    ([82.2, 51.98], [4.104, 2.679])
    """
    g1, g2, g3 = choose("codec of the simplified form", codec, SIMPLIFIED_CODECS)

    def rate(one_way_delay_ms, loss_ratio):
        i_d = 0.024 * one_way_delay_ms + 0.11 * np.maximum(one_way_delay_ms - 177.3, 0)
        return {"R": base - i_d - g1 - g2 * np.log1p(g3 * loss_ratio)}

    found, counts = compute_rows(rate, {"one_way_delay_ms": one_way_delay_ms, "loss_ratio": loss_ratio}, _SIMPLIFIED_LIMITS, outputs=("R",), beyond=beyond)
    return Rating(found["R"], "cole_rosenbluth", counts)
