"""Who the lake's customers are: of which kind, of which fleet, and whom the operator watches."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import pandas as pd

from cemlib.lake import collect_frame

__all__ = ["list_customers"]

_KINDS = ("mobile", "iot")


def list_customers(lake, until: dt.date) -> pd.DataFrame | None:
    """Active customers and things on the day before ``until``; None where the lake has no list of them.

    Returns
    -------
    DataFrame
        Indexed by ``subscriber_key``: ``kind`` (mobile or iot); ``fleet`` and ``vip_tier`` where the lake knows one of anybody.
    """
    if not lake.has("subscriber"):
        return None
    rows = lake.frame("subscriber").filter(nw.col("valid_from_at") < dt.datetime.combine(until, dt.time()), nw.col("subscriber_kind_code").is_in(list(_KINDS)))
    found = collect_frame(rows.select("subscriber_key", "account_key", "valid_from_at", "status_code", "subscriber_kind_code", "fleet_code"))
    found = found.sort_values(["subscriber_key", "valid_from_at"]).drop_duplicates("subscriber_key", keep="last").set_index("subscriber_key")
    found = found[found["status_code"] == "active"]
    made = pd.DataFrame({"kind": found["subscriber_kind_code"], "fleet": found["fleet_code"], "vip_tier": found["account_key"].map(_tiers(lake, until))})
    return made.dropna(axis="columns", how="all")


def _tiers(lake, until: dt.date) -> pd.Series:
    """The tier of each account."""
    if not lake.has("account"):
        return pd.Series(dtype=object)
    rows = lake.frame("account").filter(nw.col("valid_from_at") < dt.datetime.combine(until, dt.time()))
    found = collect_frame(rows.select("account_key", "valid_from_at", "vip_tier_code")).sort_values(["account_key", "valid_from_at"])
    return found.drop_duplicates("account_key", keep="last").set_index("account_key")["vip_tier_code"]
