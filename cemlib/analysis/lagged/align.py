"""Bring tables of different sources onto one clock: event times, one grain, gaps as gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["Aligned", "align"]

#: Most levels of a column of names; each becomes a series of its own.
MOST_LEVELS = 12
#: Fewest bins that differ from the commonest value: a series that hardly ever moves says nothing.
FEWEST_MOVES = 8
#: Most values that are held at a time (series x bins).
MOST_VALUES = 40_000_000


@dataclass(frozen=True)
class Aligned:
    """Series on one clock.

    Attributes
    ----------
    times : DatetimeIndex
        Begin of each bin of the common period, without gaps in the clock.
    grain : Timedelta
    values : ndarray (bins, series)
        NaN where a source has nothing.
    series : DataFrame
        side (left, right, given), name, entity (None: everywhere), why (empty, or why it cannot be judged).
    """

    times: pd.DatetimeIndex
    grain: pd.Timedelta
    values: np.ndarray
    series: pd.DataFrame

    @property
    def bins_a_day(self) -> int:
        """Bins of a day; 0 where a bin is no whole part of a day."""
        day = pd.Timedelta("1D")
        return int(day / self.grain) if self.grain <= day and day % self.grain == pd.Timedelta(0) else 0


def align(left: pd.DataFrame, right: pd.DataFrame | None, *, on: str, by: str | None, given: tuple[str, ...]) -> Aligned:
    """Put the columns of two tables onto one clock of event times.

    Parameters
    ----------
    left, right : DataFrame
        One row for each bin (and entity); every column but the time and the entity is a series. Numbers and truth values are taken as
        they are, ordered categories by rank; of other names each level becomes a series of its own. Nothing is filled.
    on, by : str
        Column of the bin's begin; column of the entity, in one table or both.
    given : tuple of str
        Columns that are no partners but confounders.

    Raises
    ------
    ParameterError
        For clocks that differ, times that come twice, bins of unequal width, tables without common time, or more than 40 million values.
    UnknownNameError
        For a column that is not there.

    Examples
    --------
    >>> times = pd.date_range("2026-03-01", periods=4, freq="h", tz="UTC")
    >>> one, two = pd.DataFrame({"at": times, "load": [1, 2, 3, 4]}), pd.DataFrame({"at": times[1:], "calls": [5, 6, 7]})
    >>> align(one, two, on="at", by=None, given=()).values.tolist()
    [[2.0, 5.0], [3.0, 6.0], [4.0, 7.0]]
    """
    tables = {"left": left} | ({} if right is None else {"right": right})
    clocks = {side: _clock(table, side, on, by) for side, table in tables.items()}
    zones = {side: clock.dt.tz is not None for side, clock in clocks.items()}
    if len(set(zones.values())) > 1:
        naive = next(side for side, has in zones.items() if not has)
        raise ParameterError("One table tells its time zone and the other does not.", came=f"no zone in {naive}.{on}", wanted="the same clock in both",
                             todo=f'Say which it is: {naive}["{on}"].dt.tz_localize("UTC"), or the zone in which it was written.')
    clocks = {side: clock.dt.tz_convert("UTC") if zones[side] else clock for side, clock in clocks.items()}
    entities = {side: table[by] if by and by in table else pd.Series(None, index=table.index, dtype=object) for side, table in tables.items()}
    grain = _grain(clocks, entities, on)
    begin, end = max(clock.min() for clock in clocks.values()), min(clock.max() for clock in clocks.values())
    if end < begin:
        raise ParameterError("The tables have no time in common.", came="; ".join(f"{side}: {clock.min()} to {clock.max()}" for side, clock in clocks.items()),
                             todo="Choose periods that overlap; look whether both clocks are of one zone and year.")
    first, last = min(clock.min() for clock in clocks.values()), max(clock.max() for clock in clocks.values())
    times = pd.date_range(first, last, freq=grain)
    rows, columns = [], []
    _check_size(tables, entities, len(times), on, by)
    for side, table in tables.items():
        place = times.get_indexer(clocks[side])
        for entity, inside in _groups(entities[side]):
            for name, values in _series(table.drop(columns=[one for one in (on, by) if one and one in table]), side):
                rows.append({"side": "given" if name.split("=")[0] in given or name in given else side, "name": name, "entity": entity})
                columns.append((place[inside], values[inside]))
    missing = [name for name in given if not any((row["side"] == "given" and row["name"].split("=")[0] == name) or row["name"] == name for row in rows)]
    if missing:
        raise UnknownNameError("column", missing[0], {row["name"] for row in rows}, where="conditioning")
    if not any(row["side"] == "left" for row in rows):
        raise ParameterError("There is no series to correlate.", wanted=f"columns beside {on!r} and the confounders", where="left")
    values = np.full((len(times), len(columns)), np.nan)
    for number, (place, found) in enumerate(columns):
        values[place, number] = found
    series = pd.DataFrame(rows)
    # what lies outside the common period has no partner
    inside = (times >= begin) & (times <= end)
    series["why"] = [_why(values[inside, number]) for number in range(values.shape[1])]
    return Aligned(times[inside], grain, values[inside], series)


def _check_size(tables: dict[str, pd.DataFrame], entities: dict[str, pd.Series], bins: int, on: str, by: str | None) -> None:
    series = sum(max(entities[side].nunique(), 1) * sum(column not in (on, by) for column in table.columns) for side, table in tables.items())
    if series * bins > MOST_VALUES:
        raise ParameterError("More series than can be held at a time.", wanted=f"at most {MOST_VALUES:,} values (series x bins)", came=f"{series:,} series of {bins:,} bins",
                             todo="Choose fewer entities, or add them up to regions before.")


def _clock(table: pd.DataFrame, side: str, on: str, by: str | None) -> pd.Series:
    if not isinstance(table, pd.DataFrame):
        raise ParameterError("A table was expected.", wanted="a DataFrame with a column of times", came=type(table).__name__, where=side)
    if on not in table:
        raise UnknownNameError("column", on, map(str, table.columns), where=side)
    if table.empty:
        raise ParameterError("A table has no rows.", where=side)
    clock = table[on]
    if not pd.api.types.is_datetime64_any_dtype(clock):
        try:
            clock = pd.to_datetime(clock)
        except (ValueError, TypeError) as error:
            raise ParameterError("The times cannot be read.", wanted="times of one zone (ISO 8601)", came=str(error).splitlines()[0][:120], where=f"{side}.{on}",
                                 todo="Convert them with pandas.to_datetime(…, utc=True).") from None
        if not pd.api.types.is_datetime64_any_dtype(clock):
            raise ParameterError("The times are of several zones.", wanted="one zone", where=f"{side}.{on}", todo="Convert them with pandas.to_datetime(…, utc=True).")
    if clock.isna().any():
        raise ParameterError("Rows without a time.", came=f"{int(clock.isna().sum())} of {len(clock)}", where=f"{side}.{on}", todo="Leave them out.")
    keys = [clock, table[by]] if by and by in table else [clock]
    twice = pd.concat(keys, axis=1).duplicated()
    if twice.any():
        raise ParameterError("A time comes twice.", came=f"{clock[twice].iloc[0]} ({int(twice.sum())} rows)", where=f"{side}.{on}",
                             wanted="one row for each bin" + (f" and {by}" if by else ""),
                             todo="Add the rows of a bin up, name the entity with by=, or convert local times to UTC (an hour comes twice in autumn).")
    return clock


def _grain(clocks: dict[str, pd.Series], entities: dict[str, pd.Series], on: str) -> pd.Timedelta:
    grains = {}
    for side, clock in clocks.items():
        moments = np.unique(clock.to_numpy("datetime64[ns]"))
        if moments.size < 3:
            raise ParameterError("Too few bins to correlate.", came=f"{moments.size} times", where=f"{side}.{on}", wanted="a series of bins")
        steps = np.diff(moments)
        step = np.median(steps.astype("int64"))
        smallest = int(steps.min().astype("int64"))
        # gaps make the median wide only when most of the bins are missing
        step = int(step) if step == smallest or np.mean(steps.astype("int64") == step) > 0.5 else smallest
        if np.any(steps.astype("int64") % step):
            where = pd.Timestamp(moments[1:][steps.astype("int64") % step != 0][0])
            raise ParameterError("The bins are not of one width.", came=f"{where} is no multiple of {pd.Timedelta(step)} after the others", where=f"{side}.{on}",
                                 todo="Add the records up by hour or day before; nothing is interpolated.")
        grains[side] = (pd.Timedelta(step), pd.Timestamp(moments[0]))
    (grain, origin), *others = grains.values()
    for other, begin in others:
        if other != grain:
            raise ParameterError("The tables have bins of different width.", came=", ".join(f"{side}: {one[0]}" for side, one in grains.items()),
                                 todo="Add the finer one up to the coarser one's bins; a coarse figure is not spread over finer bins.")
        if (begin - origin) % grain != pd.Timedelta(0):
            raise ParameterError("The bins of the tables begin at different moments.", came=f"{origin.time()} and {begin.time()}", todo="Count both from the full hour or day.")
    return grain


def _groups(entity: pd.Series) -> Iterator[tuple[object, np.ndarray]]:
    if entity.isna().all():
        yield None, np.arange(len(entity))
        return
    codes, names = pd.factorize(entity, sort=True)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for number, name in enumerate(names):
        yield name, order[edges[number]:edges[number + 1]]


def _series(table: pd.DataFrame, side: str) -> Iterator[tuple[str, np.ndarray]]:
    for column in table.columns:
        values, name = table[column], str(column)
        if "=" in name:
            raise ParameterError("The name of a column holds an equals sign.", came=name, where=side, todo="Rename it; the sign marks a level of a category.")
        if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
            codes = values.cat.codes.to_numpy(float)
            yield name, np.where(codes < 0, np.nan, codes)
        elif pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
            numbers = values.astype("Float64").to_numpy(float, na_value=np.nan) if values.dtype.kind not in "fiub" else values.to_numpy(float)
            yield name, np.where(np.isfinite(numbers), numbers, np.nan)
        elif values.isna().all():
            yield name, np.full(len(values), np.nan)
        elif pd.api.types.is_datetime64_any_dtype(values):
            raise ParameterError("A second column of times.", came=name, where=side, todo="Leave it out; one column tells when.")
        else:
            levels = sorted({str(one) for one in values.dropna()})
            if len(levels) > MOST_LEVELS:
                raise ParameterError(f"Column {name!r} has too many different names.", wanted=f"at most {MOST_LEVELS} levels, or numbers", came=f"{len(levels)}: {levels[0]}, {levels[1]} …",
                                     where=side, todo="Count what matters in it, leave it out, or name it as the entity with by=.")
            text = values.astype(object).where(values.notna(), None)
            for level in levels:
                yield f"{name}={level}", np.array([np.nan if one is None else float(str(one) == level) for one in text])


def _why(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return "no value in the common period"
    _, counts = np.unique(known, return_counts=True)
    if counts.size == 1:
        return "always the same value"
    moves = known.size - counts.max()
    return f"hardly ever moves ({moves} bins differ from the commonest value)" if moves < FEWEST_MOVES else ""
