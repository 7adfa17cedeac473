"""What lies behind one partner, country or hub: trend, causes, where it sits, who is affected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from cemlib.enrich import event_columns
from cemlib.kpi import find_kpi
from cemlib.privacy import SUPPRESSED, may_see_records, publishable, suppress_small_groups
from cemlib.schema import fields
from cemlib.settings import settings
from cemlib.usecases.roaming.answer import FAILING, detail_sentences, hub_sentence, name_of
from cemlib.usecases.roaming.causes import (
    CAUSE_COLUMNS,
    Failures,
    begin_of_cause,
    cause_name,
    count_causes,
    leading_cause,
)
from cemlib.usecases.roaming.drill import DIMENSIONS, find_concentration, judge_values
from cemlib.usecases.roaming.judging import coarser
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import Service
from cemlib.usecases.roaming.slowness import level_parts, level_sentence, level_trend
from cemlib.usecases.roaming.tables import partner_hours
from cemlib.usecases.roaming.trend import trend_of
from cemlib.usecases.roaming.view import Selection

__all__ = ["AFFECTED_TABLE", "Detail", "detail_of", "failures_by_cause", "select"]

AFFECTED_TABLE = ["subscriber_key", "failures", "first_failed_at", "last_failed_at", "cause", "imsi_range_code", "model_name", "networks"]
_LONGEST_LIST = 200
_ALONE = 0.5  # one roamer with so large a share of the failures explains the partner's figure by himself


@dataclass(frozen=True)
class Detail:
    """The detail's tables and its selection."""

    selection: Selection
    trend: pd.DataFrame
    causes: pd.DataFrame
    drill: pd.DataFrame
    affected: pd.DataFrame
    level_trend: pd.DataFrame
    level_parts: pd.DataFrame


def select(kind: str, code: str, plmns: frozenset[str], partners: pd.DataFrame, reader: RoamingReader) -> tuple[str, str, str, tuple[str, ...], bool]:
    """What the detail is about: what was asked for, else the worst failing partner, else everything."""
    names = reader.networks.set_index("plmn")
    if kind:
        name = code
        if kind == "partner" and len(plmns) == 1:
            name = str(names["network_name"].get(next(iter(plmns)), code))
        elif kind == "country":
            known = reader.networks[reader.networks["plmn"].isin(plmns)]
            name = str(known["country_name"].iloc[0])
        elif kind == "hub":
            name = f"hub {code}"
        return kind, code, name, tuple(sorted(plmns)), True
    worst = partners[partners["verdict"].isin(FAILING)]
    if len(worst):
        row = worst.iloc[0]
        return "partner", row["partner_plmn"], row["network_name"], (row["partner_plmn"],), False
    return "", "", "All networks", tuple(sorted(plmns)), False


def detail_of(reader: RoamingReader, service: Service, chosen: tuple, hours: pd.DataFrame, failures: Failures, partners: pd.DataFrame,
              hubs: pd.DataFrame) -> Detail:
    """Work out the detail of a selection.

    Parameters
    ----------
    chosen : tuple
        Of :func:`select`.
    hours, failures, partners : DataFrame, Failures, DataFrame
        Of all networks.
    hubs : DataFrame
        Hub incidents: they are told as such, not as a change of the selection.
    """
    kind, code, name, plmns, was_asked = chosen
    ask = reader.question
    some = hours if not kind else hours[hours["partner_plmn"].isin(plmns)]
    failed = failures if not kind else failures.at(plmns)
    trend, bin_hours, change = trend_of(some, partner_hours(some, hubs, reader), ask.since, ask.until)
    rows = partners[partners["partner_plmn"].isin(plmns)]
    row = rows.iloc[0].to_dict() if kind == "partner" and len(rows) == 1 else None
    if row is not None and row["verdict"] not in ("below", "below_peers") and change:
        change = {}  # a fall that the partner's verdict does not bear out is over, or too small for a word
    if row is not None and row["verdict"] == "below":
        change = {} if pd.isna(row["since"]) else {name: row[name] for name in ("since", "before", "after")}
    elif change:
        change = _sharpened(change, failed, some, pd.Timestamp(ask.until))
    split = pd.Timestamp(change["since"]) if change else pd.Timestamp(ask.since)
    causes = count_causes(failed, some, begin=some["hour"].min() if len(some) else split, split=split, end=pd.Timestamp(ask.until))
    where = {"partner_plmn_code": list(plmns)} if kind else {}
    begin = max(split, pd.Timestamp(ask.history_since)).to_pydatetime()
    drill = _drill(reader, service, where, begin)
    failing = bool(change) or (row is not None and row["verdict"] in ("below", "below_peers"))
    concentration = find_concentration(drill) if failing else {}
    affected, single = _affected(reader, service, where, begin)
    leading = leading_cause(causes)
    is_slow = row is not None and row["verdict"] in ("slow", "slow_peers")
    levels = level_trend(reader, service, where, row)
    parts = level_parts(reader, service, where, row["since"] if is_slow else None)
    own_hubs = reader.networks.loc[reader.networks["plmn"].isin(plmns), "hub"].unique() if kind else []
    selection = Selection(
        kind=kind, code=code, name=name, plmns=plmns, chosen=was_asked, since=split if change else row["since"] if is_slow and not pd.isna(row["since"]) else None,
        before_value=change.get("before"), after_value=change.get("after"),
        sentences=(*detail_sentences(name if row is None else name_of(row), row, change, leading, concentration, single if failing else {}, service),
                   *([level_sentence(parts)] if is_slow and len(parts) else []), *(hub_sentence(one) for _, one in hubs[hubs["hub"].isin(own_hubs)].iterrows())),
        bin_hours=bin_hours, concentration=concentration, first_action=(leading.get("first_action") or "") if failing else "",
    )
    detail = Detail(selection, trend, causes, drill, affected, levels, parts)
    return detail if ask.role != "manager" else _for_manager(detail, reader, service, where)


def _sharpened(change: dict, failed: Failures, hours: pd.DataFrame, until: pd.Timestamp) -> dict:
    """The change of several networks together, placed where its leading cause set in."""
    first = leading_cause(count_causes(failed, hours, begin=hours["hour"].min(), split=pd.Timestamp(change["since"]), end=until))
    if not first:
        return change
    since = begin_of_cause(failed, hours, first, pd.Timestamp(change["since"]))
    late = hours["hour"] >= since
    before, after = (float(part["num"].sum() / part["den"].sum()) if part["den"].sum() else float("nan") for part in (hours[~late], hours[late]))
    return {"since": since, "before": before, "after": after}


def _for_manager(detail: Detail, reader: RoamingReader, service: Service, where: dict) -> Detail:
    """Hide what groups below the minimum would show: a small selection wholly, in a larger one the bins of few roamers."""
    k, size = settings().minimum_group, detail.selection.bin_hours
    people = reader.frame(service.leading, ["hour", "subscriber_key"], where=where, since=reader.question.history_since)
    people = people[people["den"] > 0]
    if people.loc[people["hour"] >= pd.Timestamp(reader.question.since), "subscriber_key"].nunique() < k:
        sentence = f"{detail.selection.name}: figures of groups of fewer than {k} roamers are not shown."
        selection = replace(detail.selection, sentences=(sentence,), since=None, before_value=None, after_value=None, concentration={}, first_action="")
        return Detail(selection, detail.trend.iloc[:0], detail.causes.iloc[:0], detail.drill.iloc[:0], detail.affected.iloc[:0], detail.level_trend.iloc[:0], detail.level_parts.iloc[:0])
    bins = coarser(people.assign(all="all").rename(columns={"subscriber_key": "who"}), ["all", "who"], reader.question.until, size)
    trend = detail.trend.assign(subscribers=detail.trend["at"].map(bins.groupby("at")["who"].nunique()).fillna(0.0))
    trend = suppress_small_groups(trend, "manager", figures=["num", "den", "value", "low", "high"])
    trend["verdict"] = trend["verdict"].mask(trend["is_suppressed"], SUPPRESSED)
    daily = people.groupby(people["hour"].dt.normalize())["subscriber_key"].nunique()
    levels = detail.level_trend.assign(subscribers=detail.level_trend["at"].map(daily))
    levels = suppress_small_groups(levels, "manager", figures=["den", "value", "low", "high"])
    hidden = ["subscribers", "is_suppressed"]
    return replace(detail, trend=trend.drop(columns=hidden), level_trend=levels.drop(columns=hidden))


def _drill(reader: RoamingReader, service: Service, where: dict, since) -> pd.DataFrame:
    table = reader.columns(find_kpi(service.leading).table)
    # a TAC is shown only where its model is not known
    columns = [one for one in DIMENSIONS if one in table and not (one == "tac_code" and "model_name" in table and reader.has("device_model"))]
    if reader.question.role == "manager":
        columns = [one for one in columns if one not in fields() or fields()[one].privacy == "open"]
    # one scan: the trials of a roamer by all dimensions at once add up to those of each dimension
    found = reader.frame(service.leading, [*columns, "subscriber_key"], where=where, since=since)
    found = found[found["den"] > 0].astype({"num": float, "den": float})
    parts = {}
    for column in columns:
        groups = found.groupby(column, dropna=False)
        values = groups[["num", "den"]].sum().assign(subscribers=groups["subscriber_key"].nunique()).rename_axis("value_code").reset_index()
        if len(values) > 1:
            parts[column] = values
    tested = sum(len(one) for one in parts.values())
    if not parts:
        return pd.DataFrame(columns=["dimension", "value_code", "num", "den", "subscribers", "value", "low", "high", "state", "failed_share", "attempt_share",
                                     "excess_share", "stands_out", "is_suppressed"])
    drill = pd.concat([judge_values(one, column, tested) for column, one in parts.items()], ignore_index=True)
    shown = suppress_small_groups(drill, reader.question.role, within="dimension", total_shown=True,
                                  figures=["num", "den", "value", "low", "high", "failed_share", "attempt_share", "excess_share"])
    return shown.assign(stands_out=shown["stands_out"] & ~shown["is_suppressed"])


def _affected(reader: RoamingReader, service: Service, where: dict, since) -> tuple[pd.DataFrame, dict]:
    """Who failed, most failures first (pseudonyms; for roles that may see records), and the one who fails for all the others."""
    kpi = find_kpi(service.leading)
    at = event_columns(kpi.table)[0]
    columns = [one for one in ("subscriber_key", at, "protocol_code", "cause_code", "imsi_range_code", "model_name", "visited_plmn_code") if one in reader.columns(kpi.table)]
    records = reader.failed_records(service.leading, columns, where=where, since=since)
    records = records[records["subscriber_key"].notna()]
    if records.empty:
        return pd.DataFrame(columns=AFFECTED_TABLE), {}
    records = records.assign(cause=[cause_name(protocol, code) for protocol, code in zip(records["protocol_code"], records["cause_code"])])
    groups = records.sort_values(at, kind="stable").groupby("subscriber_key", sort=True)
    frame = pd.DataFrame({"failures": groups.size(), "first_failed_at": groups[at].min(), "last_failed_at": groups[at].max()})
    counts = records.groupby(["subscriber_key", "cause"]).size().sort_index().sort_values(ascending=False, kind="stable").reset_index()
    frame["cause"] = counts.drop_duplicates("subscriber_key").set_index("subscriber_key")["cause"]
    for name in ("imsi_range_code", "model_name"):
        frame[name] = groups[name].last() if name in records else None
    frame["networks"] = groups["visited_plmn_code"].nunique()
    frame = frame.reset_index().sort_values(["failures", "subscriber_key"], ascending=[False, True], kind="stable").reset_index(drop=True)
    share = float(frame["failures"].iloc[0] / frame["failures"].sum())
    single = {"share": share} if share >= _ALONE and frame["failures"].sum() >= 30 else {}
    if not may_see_records(reader.question.role):
        return pd.DataFrame(columns=AFFECTED_TABLE), single
    return publishable(frame[AFFECTED_TABLE].head(_LONGEST_LIST), reader.question.role), single


def failures_by_cause(reader: RoamingReader, service: Service) -> Failures:
    """Failures of every network by hour and cause over the past and the period."""
    return Failures.of(reader.failures(service.leading, ["partner_plmn_code", "hour_at", *CAUSE_COLUMNS], since=reader.question.history_since))
