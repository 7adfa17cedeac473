"""What KPIs ask of each record, and how it is added up: conditions, whole numbers, and the sums that several KPIs share."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from cemlib.kpi.definition import Kpi
from cemlib.kpi.figures import coarse_scale, column_scale, resolution_scale
from cemlib.kpi.parts import Count, Distinct, Mean, NetShare, Quantile, Ratio, SumRatio

__all__ = ["Sums", "both", "denominator_of", "find_sums", "flag", "numerator_of", "record_parts", "rolled_parts", "sum_name"]


def flag(condition: nw.Expr | None) -> nw.Expr:
    """1 where the condition is true, 0 where it is false or null."""
    if condition is None:
        return nw.lit(1)
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def both(*conditions: nw.Expr | None) -> nw.Expr | None:
    """All of the conditions that there are."""
    given = [one for one in conditions if one is not None]
    result = given[0] if given else None
    for one in given[1:]:
        result = result & one
    return result


def denominator_of(kpi: Kpi) -> nw.Expr | None:
    """The condition under which a record counts in the denominator; None: every record."""
    part = kpi.part
    if isinstance(part, Ratio):
        return part.den
    if isinstance(part, (Mean, Quantile)):
        return both(part.where, ~nw.col(part.column).is_null())
    if isinstance(part, NetShare):
        return part.den
    if isinstance(part, SumRatio):
        # the records of both sums: a figure is recomputed from what stands behind it
        first, second = _summed(part)
        return first | second if part.errors != "linearised" else second
    return None


def _summed(part: SumRatio) -> tuple[nw.Expr, nw.Expr]:
    """Over which records each of two sums goes; a linearised ratio needs both columns in each."""
    first, second = ~nw.col(part.num).is_null(), ~nw.col(part.den).is_null()
    if part.errors == "linearised":
        first = second = first & second
    return both(part.num_where, first), both(part.den_where, second)


def numerator_of(kpi: Kpi) -> nw.Expr | None:
    """The condition under which a record counts in the numerator; None: every record."""
    part = kpi.part
    if isinstance(part, Ratio):
        return both(part.num, part.den)
    if isinstance(part, (Mean, Quantile)):
        return denominator_of(kpi)
    if isinstance(part, NetShare):
        return both(part.up, part.den)
    if isinstance(part, SumRatio):
        return _summed(part)[0]
    return part.where


def record_parts(kpi: Kpi) -> dict[str, nw.Expr]:
    """What an additive KPI adds up over its records, as whole numbers: den, num, and the squares of a mean."""
    part, parts = kpi.part, {"den": flag(denominator_of(kpi))}
    if isinstance(part, (Count, Ratio)):
        parts["num"] = flag(numerator_of(kpi))
    elif isinstance(part, Mean):
        steps = nw.when(denominator_of(kpi)).then(_steps(kpi)).otherwise(nw.lit(0))
        parts |= {"num": steps, "squares": steps * steps}
    elif isinstance(part, NetShare):
        up, down = flag(both(part.up, part.den)), flag(both(part.down, part.den))
        parts |= {"num": up - down, "either": up + down}
    elif isinstance(part, SumRatio):
        parts = _sum_ratio_parts(kpi, part)
    return parts


def _sum_ratio_parts(kpi: Kpi, part: SumRatio) -> dict[str, nw.Expr]:
    first, second = _summed(part)
    scales = [column_scale(column, resolution, kpi.code) for column, resolution in ((part.num, part.num_resolution), (part.den, part.den_resolution))]
    parts = {"den": _whole_steps(part.den, scales[1], second), "num": _whole_steps(part.num, scales[0], first), "n": flag(second)}
    if part.errors == "linearised":
        # squares must fit whole numbers of 64 bits
        x, y = (_whole_steps(column, coarse_scale(scale), second) for column, scale in zip((part.num, part.den), scales))
        parts |= {"num_squares": x * x, "den_squares": y * y, "products": x * y}
    return parts


def _whole_steps(column: str, scale: int, condition: nw.Expr | None) -> nw.Expr:
    """A column as whole steps where the condition is true, else 0; engines disagree on how to round a half, not on where it is."""
    return nw.when(condition).then((nw.col(column) * scale + 0.5).floor().cast(nw.Int64)).otherwise(nw.lit(0))


def _steps(kpi: Kpi) -> nw.Expr:
    """The value of a mean in whole steps of its resolution; null where there is none."""
    return (nw.col(kpi.part.column) * resolution_scale(kpi.part, kpi.code)).round(0).cast(nw.Int64)


def rolled_parts(kpi: Kpi) -> dict[str, nw.Expr]:
    """The same of a frame that holds the sums of many records, under the names of :func:`sum_name`."""
    return {name: nw.col(sum_name(kpi, name)) for name in record_parts(kpi)}


def sum_name(kpi: Kpi, part: str) -> str:
    """The column of a rollup that holds the sum of a part.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> sum_name(find_kpi("sms_delivery_mean"), "den")
    'sms_delivery_mean__den'
    """
    return f"{kpi.code}__{part}"


class Sums:
    """What is asked of each row, and how it is added up; sums that several parts share are made once.

    Attributes
    ----------
    values : dict
        Name to expression of the row.
    squares : dict
        Name to the value of which it is the square: made from it, not computed anew.
    parts : dict
        Part to the name of its sum.
    sums : dict
        Name to the sum as an expression.
    """

    def __init__(self) -> None:
        self.values: dict[str, nw.Expr] = {}
        self.squares: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        self.sums: dict[str, nw.Expr] = {}

    def _add(self, part: str, how: str, value: str) -> None:
        name = f"{value}_{how}"
        self.parts[part] = name
        self.sums[name] = getattr(nw.col(value), how)()

    def add_value(self, part: str, how: str, expression: nw.Expr) -> None:
        """A part that is the sum, or the number of distinct values, of an expression of the row."""
        self.values[part] = expression
        self._add(part, how, part)

    def add_count(self, part: str, condition: nw.Expr | None) -> None:
        """A part that is the number of rows for which a condition is true; all that count every row are one."""
        if condition is None:
            self.parts[part], self.sums["_rows"] = "_rows", nw.len()
            return
        # counting what is there takes a third less than adding up ones: DuckDB adds in 128 bits
        self.add_value(part, "count", nw.when(condition).then(nw.lit(1)))

    def add_mean(self, at: str, kpi: Kpi) -> None:
        """The parts of a mean: its values that are there, their sum, and the sum of their squares."""
        steps, where = _steps(kpi), kpi.part.where
        self.values[at + "num"] = steps if where is None else nw.when(where).then(steps)
        self.squares[at + "squares"] = at + "num"
        for part, how, value in (("den", "count", "num"), ("num", "sum", "num"), ("squares", "sum", "squares")):
            self._add(at + part, how, at + value)

    def add_distinct(self, part: str, column: str, condition: nw.Expr | None) -> None:
        """A part that is the number of distinct values of a column where a condition is true."""
        value = nw.col(column) if condition is None else nw.when(condition).then(nw.col(column))
        # engines count null as one more distinct value: it is counted apart and taken off
        absent = nw.col(column).is_null() if condition is None else nw.when(condition).then(nw.col(column)).is_null()
        self.add_value(part, "n_unique", value)
        self.add_value(part + "_null", "sum", flag(absent))

    def add_kpi(self, at: str, kpi: Kpi, extra: nw.Expr | None) -> None:
        """The parts of a KPI over records."""
        if isinstance(kpi.part, Mean):
            self.add_mean(at, kpi)
            return
        if isinstance(kpi.part, (NetShare, SumRatio)):
            for name, value in record_parts(kpi).items():
                self.add_value(at + name, "sum", value)
            return
        self.add_count(at + "den", denominator_of(kpi))
        if isinstance(kpi.part, (Count, Ratio)):
            self.add_count(at + "num", both(numerator_of(kpi), extra))
        elif isinstance(kpi.part, Distinct):
            self.add_distinct(at + "num", kpi.part.column, both(kpi.part.where, extra))

    def add_rolled(self, at: str, kpi: Kpi, extra: nw.Expr | None) -> None:
        """The parts of an additive KPI over rows that hold the sums of many records."""
        for name, value in rolled_parts(kpi).items():
            narrowed = extra is not None and name == "num" and isinstance(kpi.part, (Count, Ratio))
            self.add_value(at + name, "sum", nw.when(extra).then(value).otherwise(nw.lit(0)) if narrowed else value)


def find_sums(kpis: Sequence[Kpi], extra: nw.Expr | None = None, subscribers: bool = False, splits: bool = False, rolled: bool = False) -> Sums:
    """What several KPIs of one table ask of each row; see :func:`cemlib.kpi.measure.measure`.

    Parameters
    ----------
    kpis : sequence of Kpi
    extra : narwhals expression, optional
        Narrows numerators alone.
    subscribers : bool
        Count distinct subscribers too.
    splits : bool
        The numerators alone are split or narrowed.
    rolled : bool
        The rows hold the sums of many records.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> found = find_sums([find_kpi("data_session_attempt_count"), find_kpi("data_session_setup_success_ratio")])
    >>> list(found.sums), found.parts["_k1_den"]
    (['_rows', '_k1_num_count'], '_rows')
    """
    found = Sums()
    for place, kpi in enumerate(kpis):
        at = f"_k{place}_"
        (found.add_rolled if rolled else found.add_kpi)(at, kpi, extra)
        if subscribers:
            # where the denominator spreads over all causes, the people of a cause are those of its numerator
            whose = both(numerator_of(kpi), extra) if splits else denominator_of(kpi)
            found.add_distinct(at + "subscribers", "subscriber_key", whose)
    return found
