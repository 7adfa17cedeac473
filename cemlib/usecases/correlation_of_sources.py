"""Correlation of sources, the minimum view as plain data: which series of very different systems really go together, and which only look it."""

from __future__ import annotations

import datetime as dt
import os

import pandas as pd

from cemlib.analysis import LaggedCorrelation
from cemlib.errors import ParameterError
from cemlib.kpi import catalogue
from cemlib.settings import settings
from cemlib.usecases.asked import Asked
from cemlib.usecases.correlation.catalogue import SERIES, find_sources
from cemlib.usecases.correlation.reader import Reader
from cemlib.usecases.correlation.view import CorrelationView, LinkDetail
from cemlib.usecases.correlation.wording import answer_sentences, caution_sentences, lag_words, reason_words
from cemlib.usecases.minimum_view import Card
from cemlib.usecases.period import Period, read_period

__all__ = ["CorrelationView", "LinkDetail", "correlate_sources"]

QUESTION = "Which of our sources move together, and which only look as if they did?"
_MAX_LAG = {"hour": "24h", "day": "7D"}
_FEWEST = {"hour": 96, "day": 30}
_HEAT_ROWS = 10
_PLACEBO = 200
_SHOWN = ["left", "right", "title_left", "title_right", "lag_bins", "lag_text", "effect", "low", "high", "p", "q", "n", "n_eff", "missing_share", "plain", "plain_lag_bins", "verdict", "why", "reason"]


def correlate_sources(lake, *, sources: str = "usual", grain: str = "hour", place: str = "all", given: str = "none", period: str = "all", time_zone: str = "UTC",
                      role: str | None = None, strict: bool = True) -> CorrelationView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    sources : str
        Codes of :data:`cemlib.usecases.correlation.catalogue.SERIES`, separated by commas; "usual" or "all".
    grain : {"hour", "day"}
    place : str
        Country in which our roamers are, or "all"; it narrows the series that know it.
    given : str
        A series that is taken for the common cause of others (such as the load); "none".
    period : str
        all, a month, a day or from/to, UTC days.
    time_zone : str
        Zone in which the customers live: the day's shape follows its clock.
    role : str, optional
        From a manager, bins of few customers and the records are hidden.
    strict : bool
        Whether a parameter that cannot be used is an error; off (in an app), it is left out and told in ``missing``.

    Raises
    ------
    UnknownNameError, ParameterError
        For names that do not exist and periods that cannot be read.
    """
    used = Asked(strict)
    series = used.use(find_sources("usual"), find_sources, sources, name="sources")
    window = used.use(Period(), read_period, period, name="period")
    given = used.known("series", given, ["none", *SERIES], "none", name="given")
    if grain not in _MAX_LAG:
        raise ParameterError("There is no such grain.", wanted="hour or day", came=repr(grain), where="grain")
    since, until = (None if one is None else dt.datetime.combine(one, dt.time()) for one in (window.first, window.until))
    asked = series if given == "none" or given in {one.code for one in series} else [*series, SERIES[given]]
    reader = Reader(lake, asked, grain, place, since, until, role)
    places = reader.places()
    reader.place = place = used.known("place", place, ["all", *(value for value, _ in places)], "all", name="place")
    told = list(used.left_out)
    table, shown = reader.read()
    chosen = {"sources": sources if not told else "usual", "grain": grain, "place": place, "given": given, "period": window.text, "time_zone": time_zone}
    choices = {"grain": [("hour", "hour"), ("day", "day")], "place": places, "given": [(one.code, one.title) for one in series]}
    told += [f"{one.title}: no records of table {one.table} are loaded." for one in reader.absent]
    present = [one.code for one in series if one.code in table and one.code != given]
    if len(table) < _FEWEST[grain] or len(present) < 2:
        told.append(f"There are {len(table)} {grain}s of {len(present)} series: too few to correlate (wanted: {_FEWEST[grain]} {grain}s of two series).")
        return _without_result(told, chosen, choices, series, shown, reader)
    estimator = LaggedCorrelation(_MAX_LAG[grain], conditioning=() if given == "none" or given not in table else (given,), time_zone=time_zone, workers=os.cpu_count() or 1)
    return _compose(estimator.fit(table), reader, series, shown, chosen, choices, told)


def _compose(result, reader: Reader, series: list, shown: pd.DataFrame, chosen: dict, choices: dict, told: list[str]) -> CorrelationView:
    links = result.links.assign(title_left=lambda frame: frame["left"].map(lambda one: SERIES[one].title), title_right=lambda frame: frame["right"].map(lambda one: SERIES[one].title))
    links["lag_text"] = [lag_words(one, chosen["grain"]) for one in links["lag_bins"]]
    links["reason"] = [reason_words(row) if row["verdict"] == "decoy" else row["why"] for _, row in links.iterrows()]
    links = links[_SHOWN]
    told_links = links[links["verdict"].isin(["found", "decoy"])]
    found, decoys = (told_links[told_links["verdict"] == name] for name in ("found", "decoy"))
    decoys = decoys.sort_values("plain", key=lambda one: -one.abs())
    told_links = pd.concat([found, decoys], ignore_index=True)
    heat_rows = pd.concat([found.head(_HEAT_ROWS - 2), decoys.head(max(2, _HEAT_ROWS - len(found)))])
    heat = pd.concat([result.lags(row.left, row.right)[["lag_bins", "r", "limit"]].assign(left=row.left, right=row.right) for row in heat_rows.itertuples()], ignore_index=True) if len(heat_rows) else pd.DataFrame()
    names = [one for one in shown if one != "at" and one in set(links["left"]) | set(links["right"])]
    usual = pd.DataFrame({"at": result.times, **{name: result.series(name)["usual"].to_numpy() for name in names}})
    usual[names] = usual[names].where(shown.set_index("at")[names].reindex(result.times).notna().to_numpy())
    placebo = _placebo(result)
    kpis = [one.kpi for one in series if one.kpi and one.code in shown]
    figures = {"pairs_count": float(len(links)), "links_found_count": float(len(found)), "decoys_count": float(len(decoys)), "bins_count": float(result.n),
               "missing_ratio": result.missing_share, **({"placebo_ratio": placebo.rate, "placebo_low": placebo.low, "placebo_high": placebo.high} if placebo else {})}
    for row in told_links.itertuples():
        figures |= {f"{row.left}_{row.right}_{name}": float(getattr(row, name)) for name in ("effect", "low", "high", "lag_bins")}
    return CorrelationView(
        question=QUESTION, answer=answer_sentences(told_links, chosen["grain"], int((links["verdict"] != "not judged").sum())), cautions=caution_sentences(chosen["given"], result.messages),
        missing=told, chosen=chosen, choices=choices, sources=series, cards=_cards(found, decoys, links, placebo, result, chosen["grain"]), links=told_links, heat=heat, series=shown, usual=usual,
        footer=_footer(reader, kpis, result, chosen), kpis=kpis, figures=figures,
        tables={"links": told_links.drop(columns=["title_left", "title_right", "lag_text"]), "pairs": links.drop(columns=["title_left", "title_right", "lag_text", "reason"])},
        _result=result, _reader=reader)


def _placebo(result):
    try:
        return result.placebo(_PLACEBO)
    except ParameterError:
        return None


def _cards(found: pd.DataFrame, decoys: pd.DataFrame, links: pd.DataFrame, placebo, result, grain: str) -> list[Card]:
    judged = int((links["verdict"] != "not judged").sum())
    cards = [Card("links_found_count", "Links found", f"of {judged:,} pairs", "1", float(len(found)), None, None, result.claim, "context", interval="at most 5 % of them false (Benjamini and Yekutieli)"),
             Card("decoys_count", "Only look linked", "correlate by .3 or more", "1", float(len(decoys)), None, None, "grey in the list", "context", interval="season, slow swings or a common cause")]
    if placebo is not None:
        cards.append(Card("placebo_ratio", "False finds in a placebo", f"{placebo.n:,} pairs moved by weeks", "ratio", placebo.rate, placebo.low, placebo.high,
                          "should be near 5 %", "worse" if placebo.low > 0.07 else "context"))
    weeks = result.n * result.grain / pd.Timedelta("7D")
    cards.append(Card("bins_count", f"{grain.capitalize()}s in common", f"{weeks:.1f} weeks", "1", float(result.n), None, None,
                      "whole-day rotations" if result.parameters["null"] == "dayshift" else "under six weeks: normal theory", "context", interval=f"{100 * result.missing_share:.1f} % of the values missing"))
    return cards


def _footer(reader: Reader, kpis: list[str], result, chosen: dict) -> list[str]:
    known = catalogue()
    facts = [f"snapshot {reader.lake.snapshot().id}"]
    if result is not None:
        facts += [f"{result.times[0]:%Y-%m-%d %H:%M} to {result.times[-1]:%Y-%m-%d %H:%M} UTC", f"day of {chosen['time_zone']}", result.method, f"seed {result.seed}", f"lags up to {_MAX_LAG[chosen['grain']]}"]
    facts += [f"{name} {known[name].version} ({known[name].standard})" for name in dict.fromkeys(kpis)]
    return [*facts, "95 % intervals: block bootstrap by days", f"bins of fewer than {settings().minimum_group} customers hidden from managers"]


def _without_result(told: list[str], chosen: dict, choices: dict, series: list, shown: pd.DataFrame, reader: Reader) -> CorrelationView:
    empty = pd.DataFrame(columns=_SHOWN)
    return CorrelationView(question=QUESTION, answer=told[-1:], missing=told[:-1], chosen=chosen, choices=choices, sources=series, links=empty, heat=pd.DataFrame(), series=shown,
                           usual=pd.DataFrame(), footer=_footer(reader, [], None, chosen), figures={"pairs_count": 0.0, "bins_count": float(len(shown))}, tables={"links": empty}, _result=None, _reader=reader)
