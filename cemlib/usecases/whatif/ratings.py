"""The ratings of a study with their features, groups and customers."""

from __future__ import annotations

from dataclasses import dataclass, field

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.enrich import enriched
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.lake import collect_frame
from cemlib.usecases.studies.cells import ANSWERS, Asked
from cemlib.usecases.studies.files import keep_aside, read_study_files
from cemlib.usecases.studies.study import OUTCOME, Study

__all__ = ["Ratings", "read_study_ratings"]

_QUESTION = "call_rating_5"
#: Fewer speed tests of an operator, state and technology tell nothing of them.
_MIN_TESTS = 5


@dataclass(frozen=True)
class Ratings:
    """What the model is fitted on.

    Attributes
    ----------
    features : DataFrame
        Numbers; categories as columns of 0 and 1.
    rating, customer : Series
    groups : DataFrame of category
    edges : list of (str, str)
        The graph in the names of ``features``.
    n_dropped : int
        Rows without an answer that can be used, or without a customer.
    notes : list of str
        What was set aside, and of files that were joined.
    set_aside : DataFrame
        How many cells of which file and column were set aside for which reason.
    """

    features: pd.DataFrame
    rating: pd.Series
    customer: pd.Series
    groups: pd.DataFrame
    edges: list[tuple[str, str]]
    n_dropped: int
    notes: list[str] = field(default_factory=list)
    set_aside: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)


def read_study_ratings(study: Study, lake, role: str | None = None) -> Ratings:
    """Read the ratings of a study; a manager is told what is set aside in totals.

    Raises
    ------
    ParameterError
        The file cannot be read, too many of its answers are none, or nobody answered.
    UnknownNameError
        The study names a column that is not there.
    """
    if study.source.lake:
        (frame, rating, customer), notes, aside = _from_lake(lake), [], pd.DataFrame()
    else:
        rating, customer = str(study.source.rating), str(study.source.customer)
        asked = {name: Asked(one.label, keys=("features", name)) for name, one in study.features.items() if one.kind == "number"}
        rows = read_study_files(study, asked | {rating: Asked("Satisfaction", *study.scale, ANSWERS, is_rating=True, keys=("source", "rating"))}, role)
        frame, notes, aside = rows.frame, [*keep_aside(study, "levers", rows, lake), *rows.notes], rows.aside.counts
    keep = frame[rating].notna() & frame[customer].notna()
    rows = frame[keep].reset_index(drop=True)
    if rows.empty:
        raise ParameterError("There are no ratings.", where="survey answers of the lake" if study.source.lake else f"{study.source.file}, column {rating}", todo="Ingest ratings first: cem ingest rating FILE." if study.source.lake else "Check the study's file.")
    for section, names in (("features", study.features), ("groups", study.groups)):
        for name in names:
            if name not in rows.columns:
                raise UnknownNameError("column", name, rows.columns, where=study.where(section, name))
    features, parts = {}, {}
    for name, one in study.features.items():
        made = _dummies(rows[name], name) if one.kind == "category" else {name: rows[name]}
        # what is the same for all tells nothing
        made = {key: values for key, values in made.items() if values.nunique() > 1}
        features |= made
        parts[name] = list(made)
    groups = pd.DataFrame({name: rows[name].astype("str").where(rows[name].notna(), "unknown").astype("category") for name in study.groups}, index=rows.index)
    return Ratings(pd.DataFrame(features, index=rows.index), rows[rating], rows[customer], groups, _edges(study, parts), int((~keep).sum()), notes, aside)


def _dummies(values: pd.Series, name: str) -> dict[str, pd.Series]:
    texts = values.astype("str").where(values.notna(), "unknown")
    # names of a graph are told by what they are: the commonest stands for itself
    return {f"{name}: {level}": (texts == level).astype(float) for level in texts.value_counts().index[1:]}


def _edges(study: Study, parts: dict[str, list[str]]) -> list[tuple[str, str]]:
    edges = []
    for number, told in enumerate(study.edges):
        where = study.where("edges", number)
        ends = [one.strip() for one in told.split("->")]
        if len(ends) != 2:
            raise ParameterError("An arrow is not told as wanted.", wanted="cause -> effect", came=told, where=where)
        known = {*study.features, *study.unobserved, OUTCOME}
        for one in ends:
            if one not in known:
                raise UnknownNameError("variable", one, known, where=where)
        edges += [(cause, effect) for cause in parts.get(ends[0], [ends[0]]) for effect in parts.get(ends[1], [ends[1]])]
    return edges


def _from_lake(lake) -> tuple[pd.DataFrame, str, str]:
    """Call ratings with what is known of the moment, and the median of the speed tests of the same operator, state and technology."""
    if not lake.has("survey_answer"):
        return pd.DataFrame({"score_value": [], "subscriber_key": []}), "score_value", "subscriber_key"
    columns = ["record_id", "subscriber_key", "score_value", "operator_name", "rat_code", "place_code", "region_name", "weekday_hour"]
    rows = collect_frame(enriched(lake, "survey_answer").filter(nw.col("question_code") == _QUESTION).select(*columns))
    rows = rows.sort_values("record_id", kind="stable", ignore_index=True)
    hour = rows["weekday_hour"] % 24
    rows = rows.rename(columns={"operator_name": "operator", "rat_code": "technology", "place_code": "place", "region_name": "state"})
    generation = rows["technology"].astype("str").str.extract(r"^(\d)g$")[0].astype(float)
    # how much goes on at an hour, told by the answers themselves
    load = hour.map(hour.value_counts()) / hour.value_counts().max()
    rows = rows.assign(generation_code=generation, hour_load_ratio=load.astype(float), is_indoor=(rows["place"] == "indoor").astype(float),
                       is_travelling=(rows["place"] == "travelling").astype(float))
    return rows.assign(speed_median_mbps=_speed_around(lake, rows)), "score_value", "subscriber_key"


def _speed_around(lake, rows: pd.DataFrame) -> pd.Series:
    keys = {"operator_name": "operator", "region_name": "state", "technology_code": "technology"}
    if not lake.has("probe_test"):
        return pd.Series(np.nan, index=rows.index)
    tests = collect_frame(enriched(lake, "probe_test").filter(nw.col("service_code") == "speed").select(*keys, "throughput_down_mbps")).rename(columns=keys)
    by = tests.dropna().groupby(list(keys.values()))["throughput_down_mbps"].agg(["median", "size"]).reset_index()
    found = rows[list(keys.values())].merge(by[by["size"] >= _MIN_TESTS], how="left", on=list(keys.values()), validate="many_to_one")
    return pd.Series(found["median"].to_numpy(float), index=rows.index)
