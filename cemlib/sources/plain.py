"""Identifiers in their plain form, as whole columns: digits alone, nothing to mend, nothing to look up one by one.

Nearly all IMSIs and IMEIs of a feed come so. What the door says of one at a time is said here of a column, and is the same; every
other text goes through the door one by one.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from cemlib.sources.letters import are_digits, ends_of, lengths_of

__all__ = ["is_plain", "plain_facts", "plain_normal"]

# an IMEI of 15 digits that does not end with 0 has a check digit that must be held against the others
_FORMS = {"imsi": r"^[0-9]{14,15}$", "imei": r"^([0-9]{14}|[0-9]{14}0|[0-9]{16})$"}


def is_plain(kind: str, texts: pa.Array) -> pa.Array:
    """Whether each text is an identifier of its kind in plain form; never for a kind that has none.

    Examples
    --------
    >>> is_plain("imsi", pa.array(["999010000000012", " 999010000000012", "99901"])).to_pylist()
    [True, False, False]
    >>> is_plain("imei", pa.array(["350000001234560", "350000001234567"])).to_pylist()
    [True, False]
    """
    if kind in _FORMS and texts.null_count == 0 and len(texts) and are_digits(texts):
        lengths = lengths_of(texts)
        fits = (lengths == 14) | (lengths == 15)
        if kind == "imei":
            fits = (lengths == 14) | (lengths == 16) | ((lengths == 15) & (ends_of(texts) == ord("0")) if lengths.all() else False)
        return pa.array(fits)
    form = _FORMS.get(kind)
    return pc.match_substring_regex(texts, form) if form else pa.repeat(pa.scalar(False), len(texts))


def plain_normal(kind: str, texts: pa.Array) -> pa.Array:
    """The normal forms that are hashed: of an IMSI itself, of an IMEI its 14 digits without check digit or software version."""
    return pc.utf8_slice_codeunits(texts, 0, 14) if kind == "imei" else texts


def plain_facts(kind: str, texts: pa.Array, home_plmn: Callable[[str], str]) -> dict[str, pa.Array]:
    """What the hash destroys, by canonical column.

    Parameters
    ----------
    kind : str
        ``imsi`` or ``imei``.
    texts : pyarrow.Array of string
        In plain form.
    home_plmn : callable
        The PLMN of an IMSI; it is asked once for each beginning of six digits, the longest that a PLMN can have (E.212).
    """
    if kind not in _FORMS:
        return {}
    if kind == "imei":
        return {"tac_code": pc.utf8_slice_codeunits(texts, 0, 8)}
    begins = pc.utf8_slice_codeunits(texts, 0, 6).dictionary_encode()
    homes = pa.array([home_plmn(one) for one in begins.dictionary.to_pylist()], pa.string())
    return {"imsi_range_code": pc.utf8_slice_codeunits(texts, 0, 8), "home_plmn_code": homes.take(begins.indices)}
