"""The only road from a table to a published view: small groups are hidden, and people stay pseudonyms.

A figure of a group of fewer than k subscribers could be traced to one of them, so a manager sees the word "suppressed" in its
place and cannot open the records behind it. An analyst and customer care, who may see records, see the figure too. Suppressed
never looks like zero, missing or "too few".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from cemlib.errors import PrivacyError, UnknownNameError
from cemlib.schema import fields
from cemlib.settings import ROLES, settings

__all__ = ["FIGURE_COLUMNS", "SUPPRESSED", "may_see_records", "publishable", "require_records", "suppress_small_groups"]

#: What stands for a figure that is hidden, as a state and as text.
SUPPRESSED = "suppressed"

#: Columns that carry a figure of a group, or from which one could be worked out.
FIGURE_COLUMNS = ("num", "den", "value", "low", "high", "subscribers", "attempts", "rejects", "share", "affected")

# identifiers as they were before the door; they have no place in any table of ours
_RAW = frozenset({"imsi", "imei", "msisdn", "calling", "called", "user_id"})


def may_see_records(role: str | None = None) -> bool:
    """Whether a role may open the records behind a figure.

    Parameters
    ----------
    role : str, optional
        manager, analyst or care; the settings' by default.

    Raises
    ------
    UnknownNameError
        For a role that does not exist.

    Examples
    --------
    >>> may_see_records("analyst"), may_see_records("manager")
    (True, False)
    """
    return _known_role(role) in ("analyst", "care")


def require_records(role: str | None = None, what: str = "The records behind this figure") -> None:
    """Stop unless the role may see records.

    Raises
    ------
    PrivacyError
        For a manager.
    """
    if not may_see_records(role):
        raise PrivacyError(f"{what} are not shown to a manager.", wanted="role analyst or care", came=f"role {_known_role(role)}",
                           todo="Ask an analyst, or set CEM_ROLE where you are one.")


def suppress_small_groups(
    frame: pd.DataFrame, role: str | None = None, *, subscribers: str = "subscribers", k: int | None = None,
    figures: Iterable[str] | None = None, within: str | Sequence[str] | None = None, total_shown: bool = False,
) -> pd.DataFrame:
    """Hide the figures of groups of fewer than k subscribers.

    Parameters
    ----------
    frame : DataFrame
        One row a group, with the number of distinct subscribers in it.
    role : str, optional
        Figures are hidden from a manager; others get the frame with ``is_suppressed`` False throughout.
    subscribers : str
        The column with the number of subscribers. Where it is missing (null) the group counts as small: what cannot be
        checked is not shown. A group of 0 subscribers has nobody to protect and is left as it is.
    k : int, optional
        Smallest group that is shown; the settings' (10) by default.
    figures : iterable of str, optional
        The columns to hide; by default those of :data:`FIGURE_COLUMNS` that the frame has.
    within : str or list of str, optional
        The groups of each value of these columns add up to a total; see ``total_shown``.
    total_shown : bool
        The reader also sees the total of the rows. When one group alone is hidden, its figure would be the total less the
        others, and two of few would be told to be few together: then the smallest other groups are hidden too, until the hidden
        ones make k (complementary suppression). A hidden group of unknown number is taken for k.

    Returns
    -------
    DataFrame
        A copy with null figures, ``is_suppressed`` set, and ``state`` (where there is one) ``"suppressed"``.

    Raises
    ------
    PrivacyError
        When the column with the number of subscribers is not there.

    Examples
    --------
    >>> frame = pd.DataFrame({"partner": ["A", "B", "C"], "value": [0.9, 0.5, 0.8], "subscribers": [120, 4, 30]})
    >>> shown = suppress_small_groups(frame, "manager", k=10)
    >>> shown["is_suppressed"].tolist(), shown["value"].isna().tolist()
    ([False, True, False], [False, True, False])

    With the total beside it, B could be worked out: C, the next smallest, goes too.

    >>> suppress_small_groups(frame, "manager", k=10, total_shown=True)["is_suppressed"].tolist()
    [False, True, True]
    """
    if subscribers not in frame:
        raise PrivacyError("A view of groups needs the number of subscribers in each.", wanted=f"column {subscribers}",
                           came=", ".join(map(str, frame.columns)), todo="Evaluate the KPI with subscribers=True.")
    out = frame.copy()
    out["is_suppressed"] = False
    if may_see_records(role):
        return out
    k = settings().minimum_group if k is None else k
    size = pd.to_numeric(out[subscribers])
    out["is_suppressed"] = (size.isna() | ((size > 0) & (size < k))).to_numpy(bool)
    if total_shown:
        by = [within] if isinstance(within, str) else list(within or [])
        for _, part in out.groupby(by, dropna=False) if by else [((), out)]:
            hidden = part["is_suppressed"]
            others = size[part.index][~hidden & (size[part.index] > 0)].sort_values(kind="stable")
            count, together = hidden.sum(), size[part.index][hidden].fillna(k).sum()
            for name, more in others.items() if count else ():
                if count > 1 and together >= k:
                    break
                out.loc[name, "is_suppressed"] = True
                count, together = count + 1, together + more
    hidden = out["is_suppressed"].to_numpy()
    for name in (figures if figures is not None else [one for one in FIGURE_COLUMNS if one in out]):
        out[name] = out[name].mask(hidden)
    if subscribers in out:
        out[subscribers] = out[subscribers].mask(hidden)
    if "state" in out:
        out["state"] = out["state"].mask(hidden, SUPPRESSED)
    return out


def publishable(frame: pd.DataFrame, role: str | None = None) -> pd.DataFrame:
    """The columns of a table of records that a role may see.

    Parameters
    ----------
    frame : DataFrame
        Records, or a table derived from them.
    role : str, optional
        manager: neither pseudonyms nor columns that narrow a person down (position, IMSI range, device code); analyst and
        care: all of them, but a person is only ever a pseudonym.

    Raises
    ------
    PrivacyError
        When the frame carries a raw identifier (IMSI, MSISDN, IMEI), for whatever role.

    Examples
    --------
    >>> frame = pd.DataFrame({"subscriber_key": ["9f3c"], "imsi_range_code": ["99901000"], "cause_code": ["5004"]})
    >>> list(publishable(frame, "manager")), list(publishable(frame, "analyst"))
    (['cause_code'], ['subscriber_key', 'imsi_range_code', 'cause_code'])
    """
    raw = [str(name) for name in frame.columns if str(name).casefold() in _RAW]
    raw += [str(name) for name in frame.columns if str(name) not in raw and str(name).endswith("_key") and _looks_raw(frame[name])]
    if raw:
        raise PrivacyError("A table to be published carries identifiers of people.", wanted="pseudonyms only", came=", ".join(raw),
                           todo="Take the keys that the door made, or leave the columns out.")
    if may_see_records(role):
        return frame.copy()
    return frame[[name for name in frame.columns if _privacy_of(str(name)) == "open"]].copy()


def _known_role(role: str | None) -> str:
    role = settings().role if role is None else role
    if role not in ROLES:
        raise UnknownNameError("role", role, ROLES)
    return role


def _privacy_of(name: str) -> str:
    declared = fields().get(name)
    if declared is not None:
        return declared.privacy
    # a derived column that is not declared: a key or a position is taken for what its name says
    return "pseudonym" if name.endswith("_key") else "quasi" if name.endswith(("_range_code", "_deg")) else "open"


def _looks_raw(values: pd.Series) -> bool:
    """Whether a key column holds numbers of people: 10 to 16 digits are no keyed hash (32 hexadecimal digits)."""
    text = values.dropna().astype(str).head(1000)
    return bool(text.str.fullmatch(r"\+?\d{10,16}").any())
