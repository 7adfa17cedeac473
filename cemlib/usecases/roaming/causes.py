"""Why it fails: rejects by cause with area, side at fault and first action, and what each had before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.usecases.roaming.judging import exact_hour

__all__ = ["CAUSE_COLUMNS", "Failures", "begin_of_cause", "cause_name", "count_causes", "leading_cause"]

#: What identifies a cause, and what it means.
CAUSE_COLUMNS = ["protocol_code", "cause_code", "cause_meaning", "area_code", "fault_side_code", "first_action"]

_PROTOCOLS = {"diameter_3gpp": "S6a", "diameter_base": "Diameter", "map_update_location": "MAP", "map_call": "MAP", "gtpv2": "GTP",
              "emm": "EMM", "esm": "ESM", "5gmm": "5GMM", "sip": "SIP", "sms": "SMS", "diameter_s13": "S13"}


def cause_name(protocol: str | None, code: str | None) -> str:
    """A cause as an engineer writes it.

    Examples
    --------
    >>> cause_name("diameter_3gpp", "5004"), cause_name("any", "no_answer")
    ('S6a 5004', 'no answer')
    """
    if code == "no_answer":
        return "no answer"
    return " ".join(one for one in (_PROTOCOLS.get(protocol or "", protocol or ""), code or "?") if one)


@dataclass(frozen=True)
class Failures:
    """Failed records counted by network, hour and cause.

    Attributes
    ----------
    counts : DataFrame
        partner_plmn, hour, cause_row, rejects.
    meanings : DataFrame
        cause and :data:`CAUSE_COLUMNS`, one row a cause; ``cause_row`` is its place.
    """

    counts: pd.DataFrame
    meanings: pd.DataFrame

    @classmethod
    def of(cls, found: pd.DataFrame) -> Failures:
        """From counts by partner_plmn_code, hour_at and :data:`CAUSE_COLUMNS`."""
        texts = found[CAUSE_COLUMNS].astype(object).where(found[CAUSE_COLUMNS].notna(), None)
        meanings = texts.drop_duplicates().sort_values(CAUSE_COLUMNS[:2], kind="stable", na_position="last").reset_index(drop=True)
        place = {tuple(row): row_number for row_number, row in enumerate(meanings.itertuples(index=False, name=None))}
        rows = np.fromiter((place[row] for row in texts.itertuples(index=False, name=None)), dtype=np.int64, count=len(texts))
        meanings.insert(0, "cause", [cause_name(protocol, code) for protocol, code in zip(meanings["protocol_code"], meanings["cause_code"])])
        counts = pd.DataFrame({"partner_plmn": found["partner_plmn_code"].to_numpy(object), "hour": pd.to_datetime(found["hour_at"]).to_numpy("datetime64[us]"),
                               "cause_row": rows, "rejects": found["rejects"].to_numpy(np.int64)})
        return cls(counts, meanings)

    def at(self, plmns) -> Failures:
        """Those of some networks."""
        return Failures(self.counts[self.counts["partner_plmn"].isin(list(plmns))], self.meanings)

    def of_side(self, side: str) -> pd.DataFrame:
        """Counts of one side at fault: partner_plmn, hour, failed."""
        rows = np.flatnonzero((self.meanings["fault_side_code"] == side).to_numpy())
        some = self.counts[self.counts["cause_row"].isin(rows)]
        return some.groupby(["partner_plmn", "hour"])["rejects"].sum().astype(float).rename("failed").reset_index()


def count_causes(failures: Failures, attempts: pd.DataFrame, *, begin: pd.Timestamp, split: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Rejects by cause from ``split`` to ``end``, beside those from ``begin`` to ``split``.

    Parameters
    ----------
    failures : Failures
    attempts : DataFrame
        hour, den: what the rejects are a share of.
    begin, split, end : Timestamp
        The past that is compared with, the change (or the begin of the period), and the end.

    Returns
    -------
    DataFrame
        cause, the cause's columns, rejects, share (of all rejects), ratio (of attempts), before_ratio, excess (rejects beyond
        what the same attempts had before), most excess first.
    """
    hour, den = attempts["hour"].to_numpy("datetime64[us]"), attempts["den"].to_numpy(float)
    at, row, rejects = (failures.counts[name].to_numpy() for name in ("hour", "cause_row", "rejects"))
    begin, split, end = (np.datetime64(one) for one in (begin, split, end))
    known = len(failures.meanings)

    def counted(low, high):
        inside = (at >= low) & (at < high)
        return np.bincount(row[inside], weights=rejects[inside], minlength=known), float(den[(hour >= low) & (hour < high)].sum())

    (now, now_den), (before, before_den) = counted(split, end), counted(begin, split)
    columns = ["cause", *CAUSE_COLUMNS, "rejects", "share", "ratio", "before_ratio", "excess"]
    some = np.flatnonzero(now > 0)
    if not some.size or now_den == 0:
        return pd.DataFrame(columns=columns)
    before_ratio = before[some] / before_den if before_den else np.full(some.size, np.nan)
    frame = failures.meanings.iloc[some].assign(
        rejects=now[some].astype(int), share=now[some] / now.sum(), ratio=now[some] / now_den, before_ratio=before_ratio,
        excess=now[some] - np.nan_to_num(before_ratio) * now_den)
    order = np.lexsort((frame["cause"].to_numpy(str), -frame["rejects"].to_numpy(), -frame["excess"].to_numpy()))
    return frame.iloc[order][columns].reset_index(drop=True)


def begin_of_cause(failures: Failures, attempts: pd.DataFrame, cause: dict, about: pd.Timestamp) -> pd.Timestamp:
    """The hour in which a cause set in: sharper than the success ratio, in which all other causes are noise.

    Parameters
    ----------
    failures : Failures
        Of the selection.
    attempts : DataFrame
        partner_plmn, hour, den.
    cause : dict
        protocol_code and cause_code.
    about : Timestamp
        Where the success ratio changed.
    """
    known = failures.meanings
    rows = np.flatnonzero(((known["protocol_code"] == cause["protocol_code"]) & (known["cause_code"] == cause["cause_code"])).to_numpy())
    hit = failures.counts[failures.counts["cause_row"].isin(rows)].groupby("hour")["rejects"].sum()
    hours = attempts.groupby("hour")["den"].sum().rename_axis("hour").reset_index()
    hours["num"] = hours["den"] - np.minimum(hours["hour"].map(hit).fillna(0), hours["den"])
    return exact_hour(hours, about)


def leading_cause(causes: pd.DataFrame) -> dict:
    """The cause with the most rejects beyond its past, as plain data; empty when there is none."""
    if causes.empty or causes["excess"].iloc[0] <= 0:
        return {}
    first = causes.iloc[0].to_dict()
    return {name: (None if value is None or value != value else value) for name, value in first.items()}
