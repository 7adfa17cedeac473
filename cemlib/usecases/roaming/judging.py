"""Which partners are below what is to be expected of them: from their own past, and from the other partners."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cemlib.analysis import BetaBinomialBaseline, find_change
from cemlib.kpi.interval import bound_ratio

__all__ = ["ALPHA", "ENOUGH", "WIDEST", "add_intervals", "believable_past", "coarser", "exact_hour", "failures_go_together", "find_falls", "judge_networks"]

#: False alarms per judged partner where nothing is wrong.
ALPHA = 0.001
#: "Too few": fewer trials than this, or an interval wider than this.
ENOUGH, WIDEST = 30, 0.2
_DAY = pd.Timedelta(days=1)
_REFERENCE_DAYS = 5  # so many days before a fall are enough to be what is expected afterwards
_OWN_PAST_DAYS = 14  # with fewer days before the period, the period itself is part of the past


def add_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Add value, low, high (Wilson) and state to rows of num and den."""
    den = frame["den"].to_numpy(float)
    low, high = bound_ratio(frame["num"], frame["den"])
    value = np.where(den > 0, frame["num"].to_numpy(float) / np.where(den > 0, den, 1), np.nan)
    few = (den < ENOUGH) | (high - low > WIDEST)
    return frame.assign(value=value, low=low, high=high, state=np.where(den == 0, "no_data", np.where(few, "too_few", "ok")))


def coarser(hours: pd.DataFrame, by: list[str], until: dt.datetime, bin_hours: int) -> pd.DataFrame:
    """Hourly sums as sums of longer bins that end at ``until``: by, at, num, den."""
    size = pd.Timedelta(hours=bin_hours)
    at = pd.Timestamp(until) - size * np.ceil((pd.Timestamp(until) - hours["hour"]) / size)
    return hours.assign(at=at).groupby([*by, "at"], dropna=False, sort=True)[["num", "den"]].sum().reset_index()


def find_falls(hours: pd.DataFrame, until: dt.datetime, entity: str = "partner_plmn") -> pd.DataFrame:
    """Each entity's clearest fall, if it has one: entity, since, before, after, p.

    Looked for in 6-hour bins of the whole past, then placed on the hour within the bins around it. The limit is divided by the
    number of entities, since every one of them is looked at.
    """
    bins = coarser(hours, [entity], until, 6)
    alpha = ALPHA / max(bins[entity].nunique(), 1)
    rows = []
    by_entity = dict(iter(hours.groupby(entity)))
    for name, part in bins.groupby(entity):
        found = find_change(part["at"], part["num"], part["den"], alpha=alpha)
        if found is None or found.after_rate >= found.before_rate or _is_spell(part, found):
            continue
        rows.append({entity: name, "since": exact_hour(by_entity[name], found.at), "before": found.before_rate, "after": found.after_rate, "p": found.p})
    return pd.DataFrame(rows, columns=[entity, "since", "before", "after", "p"])


def _is_spell(bins: pd.DataFrame, found) -> bool:
    """Whether a fall is a short outage: without its worst few bins, most of the fall is gone."""
    after = bins[(bins["at"] >= found.at) & (bins["den"] > 0)]
    if len(after) < 8:
        return False  # too short to tell: a failure that has just begun
    worst = (after["den"] - after["num"]).nlargest(max(2, len(after) // 10)).index
    rest = after.drop(index=worst)
    return found.before_rate - rest["num"].sum() / max(rest["den"].sum(), 1) < 0.5 * (found.before_rate - found.after_rate)


def exact_hour(hours: pd.DataFrame, about: pd.Timestamp) -> pd.Timestamp:
    """The hour near ``about`` that splits the series best: the likelihood alone, since that something changed is known."""
    series = hours[hours["den"] > 0].sort_values("hour")
    at, num, den = series["hour"].to_numpy(), series["num"].to_numpy(float), series["den"].to_numpy(float)
    near = np.flatnonzero(np.abs(at - np.datetime64(about)) <= np.timedelta64(12, "h"))
    near = near[(near > 0) & (near < len(at))]
    if not near.size:
        return about
    early, late = at < np.datetime64(about - _DAY / 2), at >= np.datetime64(about + _DAY / 2)
    clip = 1e-6
    before = np.clip(num[early].sum() / max(den[early].sum(), 1), clip, 1 - clip)
    after = np.clip(num[late].sum() / max(den[late].sum(), 1), clip, 1 - clip)
    gain = num * np.log(after / before) + (den - num) * np.log((1 - after) / (1 - before))
    score = np.cumsum(gain[::-1])[::-1]  # of all bins from here on being "after"
    return pd.Timestamp(at[near[np.argmax(score[near])]])


def believable_past(hours: pd.DataFrame, falls: pd.DataFrame, since: dt.datetime, entity: str = "partner_plmn") -> pd.DataFrame:
    """The past from which to learn what is expected: before the period where that is long enough, and before an entity's fall."""
    start = hours["hour"].min() if len(hours) else pd.NaT
    before = hours[hours["hour"] < pd.Timestamp(since)]
    past = before if len(before) and (pd.Timestamp(since) - start) >= _OWN_PAST_DAYS * _DAY else hours
    if falls.empty:
        return past
    limit = past[entity].map(falls.set_index(entity)["since"])
    first = past.groupby(entity)["hour"].transform("min")
    usable = limit.notna() & (limit - first >= _REFERENCE_DAYS * _DAY)
    return past[~usable | (past["hour"] < limit)]


def failures_go_together(failing: pd.DataFrame) -> pd.Series:
    """By how much each network's failures come from fewer roamers than usual: 1 where as usual, more where a few fail again and again.

    One roamer who is refused twenty times is not twenty independent failures. The failures per roamer, weighted by themselves,
    say how many records one independent failure is worth; what is usual (the median network) is in the bands already.

    Parameters
    ----------
    failing : DataFrame
        partner_plmn, subscriber_key, rejects in the period.

    Examples
    --------
    >>> usual = [{"partner_plmn": name, "subscriber_key": str(one), "rejects": 2} for name in "abc" for one in range(5)]
    >>> odd = [{"partner_plmn": "d", "subscriber_key": "x", "rejects": 12}]
    >>> failures_go_together(pd.DataFrame(usual + odd)).to_dict()
    {'a': 1.0, 'b': 1.0, 'c': 1.0, 'd': 6.0}
    """
    if failing.empty:
        return pd.Series(dtype=float)
    rejects = failing["rejects"].astype(float)
    sums = pd.DataFrame({"partner_plmn": failing["partner_plmn"], "sum": rejects, "squares": rejects**2}).groupby("partner_plmn").sum()
    worth = sums["squares"] / sums["sum"]
    usual = worth[sums["sum"] >= 10].median() if (sums["sum"] >= 10).any() else worth.median()
    return (worth / max(usual, 1.0)).clip(lower=1.0)


def judge_networks(hours: pd.DataFrame, since: dt.datetime, until: dt.datetime, together: pd.Series | None = None) -> pd.DataFrame:
    """Judge each partner network over the period.

    Parameters
    ----------
    hours : DataFrame
        partner_plmn, hour, num, den over the past and the period.
    since, until : datetime
        The period.
    together : Series, optional
        Of :func:`failures_go_together`, by network: the counts are judged as so many fewer.

    Returns
    -------
    DataFrame
        partner_plmn, num, den, value, low, high, state, expected, expected_low, expected_high, peers_low, p_low, verdict
        (below, below_peers, within, above, too_few, no_data), gap (how far the interval lies below the band), since, before.
    """
    falls = find_falls(hours, until)
    past = coarser(believable_past(hours, falls, since), ["partner_plmn"], until, 24)
    past = past[past["den"] > 0].rename(columns={"partner_plmn": "entity"})
    inside = hours[hours["hour"] >= pd.Timestamp(since)]
    days = coarser(inside, ["partner_plmn"], until, 24)
    days["squared"] = days["den"] ** 2
    found = days.groupby("partner_plmn")[["num", "den", "squared"]].sum().reset_index()
    # a network that was silent in the period is in the table too
    found = found.merge(pd.DataFrame({"partner_plmn": pd.unique(hours["partner_plmn"])}), on="partner_plmn", how="right").fillna({"num": 0, "den": 0, "squared": 0})
    frame = add_intervals(found)
    for name in ("expected", "expected_low", "expected_high", "peers_low", "p_low"):
        frame[name] = np.nan
    frame["verdict"] = "no_data"
    if past.empty or frame.empty:
        return frame.assign(gap=0.0, since=pd.NaT, before=np.nan)
    worth = 1.0 if together is None else frame["partner_plmn"].map(together).fillna(1.0).to_numpy(float)
    den = np.ceil(frame["den"] / worth)
    rows = pd.DataFrame({"entity": frame["partner_plmn"], "num": den - np.minimum(np.round((frame["den"] - frame["num"]) / worth), den), "den": den,
                         "den_squared": np.maximum(frame["squared"] / worth**2, den)})
    own = BetaBinomialBaseline(ALPHA).fit(past).judge(rows)
    peers = _judge_against_peers(past, rows, (pd.Timestamp(until) - pd.Timestamp(since)) // _DAY)
    frame["expected"], frame["expected_low"], frame["expected_high"] = own["expected"], own["low"], own["high"]
    frame["peers_low"], frame["p_low"] = peers["low"], own["p_low"]
    verdict = np.where(own["verdict"] == "below", "below", np.where(peers["verdict"] == "below", "below_peers", own["verdict"]))
    verdict = np.where(frame["state"].isin(["too_few", "no_data"]), frame["state"], verdict)
    frame["verdict"] = verdict
    limit = np.where(verdict == "below_peers", frame["peers_low"], frame["expected_low"])
    gap = np.maximum(limit - bound_ratio(rows["num"], rows["den"])[1], 0)
    frame["gap"] = np.where(frame["verdict"].isin(["below", "below_peers"]), gap, 0.0)
    # a fall that is over, or that is not worth a verdict, is no "since"
    falls = falls[falls["partner_plmn"].isin(frame.loc[frame["verdict"] == "below", "partner_plmn"])]
    return frame.merge(falls[["partner_plmn", "since", "before"]], on="partner_plmn", how="left")


def _judge_against_peers(past: pd.DataFrame, rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Against the other partners: the past in spells as long as the period, each one draw of what a partner has in such a spell."""
    last = past["at"].max()
    spell = ((last - past["at"]) // (max(days, 1) * _DAY)).rename("spell")
    totals = past.groupby([spell, "entity"])[["num", "den"]].sum().reset_index()
    if totals["entity"].nunique() < 8:  # fewer are no crowd to compare with
        return pd.DataFrame({"low": np.nan, "verdict": "within"}, index=rows.index)
    base = BetaBinomialBaseline(ALPHA, rare=0).fit(totals[["num", "den"]].assign(entity="partners"))
    return base.judge(rows[["num", "den"]].assign(entity="partners"))
