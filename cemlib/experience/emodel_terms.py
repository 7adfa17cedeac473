"""The equations of ITU-T G.107 and G.107.1, term by term, under the Recommendation's symbols; emodel.py says what goes in."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["find_terms", "find_wideband_terms"]


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


def find_terms(SLR, RLR, STMR, LSTR, Ds, TELR, WEPL, qdu, Nc, Nfor, Ps, Pr, T, Ta, Tr, sT, mT, Ie, Bpl, Ppl, BurstR, A):
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


# ITU-T G.107.1 (06/2019), read in one open implementation; No is left open there and is computed with G.107's summation at
# the defaults of G.107.1 (Nfor = -96), as that implementation does
_NO_WIDEBAND = float(_noise(8, 2, 3, 35, 35, 18, -70, -96))


def find_wideband_terms(T, Ta, Tr, TELR, WEPL, Ie, Bpl, Ppl, BurstR, A):
    """All terms of R by G.107.1, under the names of the narrowband ones."""
    ro = 129.0
    idte, idle, idd = _talker_echo(_NO_WIDEBAND, 2, T, TELR, 15, 0.0, wideband=True), _listener_echo(ro, WEPL, Tr), 1.29 * _pure_delay(Ta, 1, 100.0)
    ie_eff, i_d = _equipment(Ie, Bpl, Ppl, BurstR), idte + idle + idd
    return {"No": _NO_WIDEBAND, "Ro": ro, "Iolr": 0.0, "Ist": 0.0, "Iq": 0.0, "Is": 0.0, "Idte": idte, "Idle": idle, "Idd": idd, "Id": i_d,
            "Ie_eff": ie_eff, "R": ro - i_d - ie_eff + A}
