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


def _power(x: Any, n: int) -> Any:
    """A whole power by squaring: several times as fast as the general one."""
    result, square = None, x
    while n:
        if n & 1:
            result = square if result is None else result * square
        n >>= 1
        square = square * square if n else square
    return result


def _rounded(x: Any, n: int) -> Any:
    """(1 + x^n)^(1/n): the smooth maximum of 1 and x that the Recommendation uses everywhere."""
    return (1 + _power(x, n)) ** (1 / n)


def _noise(SLR, RLR, Ds, Ps, Pr, LSTR, Nc, Nfor):
    """No, the power sum of the noises at the 0 dBr point (7-3 to 7-7)."""
    nos = Ps - SLR - Ds - 100 + 0.004 * (Ps - SLR - RLR - Ds - 14) ** 2
    pre = Pr + 10 * np.log10(1 + 10 ** ((10 - LSTR) / 10))
    nor = RLR - 121 + pre + 0.008 * (pre - 35) ** 2
    return 10 * np.log10(10.0 ** (Nc / 10) + 10.0 ** (nos / 10) + 10.0 ** (nor / 10) + 10.0 ** ((Nfor + RLR) / 10))


def _sidetone(STMR, T, TELR):
    """Ist, impairment by sidetone that is not as it should be (7-11, 7-12)."""
    stmro = -10 * np.log10(10.0 ** (-STMR / 10) + np.exp(-T / 4) * 10.0 ** (-TELR / 10))
    return 12 * _rounded((stmro - 13) / 6, 8) - 28 * _rounded((stmro + 1) / 19.4, 35) - 13 * _rounded((stmro - 3) / 33, 13) + 29


def _quantizing(Ro, qdu):
    """Iq, impairment by quantizing distortion (7-13 to 7-17)."""
    q = 37 - 15 * np.log10(qdu)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    return 15 * np.log10(1 + 10 ** ((Ro - 100) / 15 + 46 / 8.4 - g / 9) + 10 ** (46 / 30 - g / 40))


def _talker_echo(No, RLR, T, TELR, STMR, Ist, wideband=False):
    """Idte (7-19 to 7-24); G.107.1 (7-5 to 7-10) for wideband."""
    roe = -1.5 * (No - RLR)
    terv = TELR - 40 * np.log10((1 + T / 10) / (1 + T / 150)) + 6 * np.exp(-0.3 * T * T)
    if wideband:
        re = 80 + 3 * (terv + np.minimum(0.08 * T + 10, 18) - 14)
    else:
        re = 80 + 2.5 * (np.where(np.asarray(STMR) < 9, terv + Ist / 2, terv) - 14)
    half = (roe - re) / 2
    idte = (half + np.sqrt(half * half + 100) - 1) * (1 - np.exp(-T))
    if wideband:
        return idte
    # below 1 ms the echo is sidetone; a dull sidetone (STMR > 20) lets the echo be heard
    idte = np.where(np.asarray(T) < 1, 0.0, idte)
    return np.where(np.asarray(STMR) > 20, np.sqrt(idte * idte + Ist * Ist), idte)


def _listener_echo(Ro, WEPL, Tr):
    """Idle (7-25, 7-26)."""
    half = (Ro - 10.5 * (WEPL + 7) / np.sqrt(np.sqrt(Tr + 1))) / 2
    return half + np.sqrt(half * half + 169)


def _pure_delay(Ta, sT, mT):
    """Idd (7-27, 7-28): nothing up to mT, then what delay alone does to a conversation."""
    x = np.log2(np.maximum(Ta / mT, 1.0))
    if np.ndim(sT) == 0 and sT == 1:
        return 25 * (np.cbrt(np.sqrt(1 + _power(x, 6))) - 3 * np.cbrt(np.sqrt(1 + _power(x / 3, 6))) + 2)
    n = 6 * sT
    return 25 * ((1 + x**n) ** (1 / n) - 3 * (1 + (x / 3) ** n) ** (1 / n) + 2)


def _equipment(Ie, Bpl, Ppl, BurstR):
    """Ie,eff (7-29): what the codec takes, and what it takes when packets are lost, alone or in bursts."""
    return Ie + (95 - Ie) * Ppl / (Ppl / BurstR + Bpl)


def _terms(SLR, RLR, STMR, LSTR, Ds, TELR, WEPL, qdu, Nc, Nfor, Ps, Pr, T, Ta, Tr, sT, mT, Ie, Bpl, Ppl, BurstR, A):
    """All terms of R (7-1)."""
    no = _noise(SLR, RLR, Ds, Ps, Pr, LSTR, Nc, Nfor)
    ro = 15 - 1.5 * (SLR + no)
    xolr = (SLR + RLR + 0.2 * (64 + no - RLR)) / 8
    iolr, ist, iq = 20 * (_rounded(xolr, 8) - xolr), _sidetone(STMR, T, TELR), _quantizing(ro, qdu)
    idte, idle, idd = _talker_echo(no, RLR, T, TELR, STMR, ist), _listener_echo(ro, WEPL, Tr), _pure_delay(Ta, sT, mT)
    ie_eff = _equipment(Ie, Bpl, Ppl, BurstR)
    i_s, i_d = iolr + ist + iq, idte + idle + idd
    return {"No": no, "Ro": ro, "Iolr": iolr, "Ist": ist, "Iq": iq, "Is": i_s, "Idte": idte, "Idle": idle, "Idd": idd, "Id": i_d,
            "Ie_eff": ie_eff, "R": ro - i_s - i_d - ie_eff + A}


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
    found, counts = compute_rows(_wideband_terms if wideband else _terms, given, known, outputs=("R", *names), beyond=beyond, outside=_long_bursts)
    return Rating(found.pop("R"), "g1071_wb" if wideband else "g107_nb", counts, found)


# ITU-T G.107.1 (06/2019), read in one open implementation; No is left open there and is computed with G.107's summation at
# the defaults of G.107.1 (Nfor = -96), as that implementation does
_WIDEBAND = {name: PARAMETERS[name] for name in ("T", "Ta", "Tr", "TELR", "WEPL", "Ie", "Ppl", "BurstR", "A")} | {
    "Bpl": Limit("", "packet-loss robustness factor, wideband", 4.3, 40, 0.01, 1000, 4.3)}
_NO_WIDEBAND = float(_noise(8, 2, 3, 35, 35, 18, -70, -96))


def _wideband_terms(T, Ta, Tr, TELR, WEPL, Ie, Bpl, Ppl, BurstR, A):
    ro = 129.0
    idte, idle, idd = _talker_echo(_NO_WIDEBAND, 2, T, TELR, 15, 0.0, wideband=True), _listener_echo(ro, WEPL, Tr), 1.29 * _pure_delay(Ta, 1, 100.0)
    ie_eff, i_d = _equipment(Ie, Bpl, Ppl, BurstR), idte + idle + idd
    return {"No": _NO_WIDEBAND, "Ro": ro, "Iolr": 0.0, "Ist": 0.0, "Iq": 0.0, "Is": 0.0, "Idte": idte, "Idle": idle, "Idd": idd, "Id": i_d,
            "Ie_eff": ie_eff, "R": ro - i_d - ie_eff + A}


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
