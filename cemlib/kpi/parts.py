"""What a KPI function returns: its parts, from which a figure is divided out at the very end.

A part says what is added up over the records; :mod:`cemlib.kpi.figures` says what figure and what interval the sums give.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

__all__ = ["Count", "Distinct", "Mean", "Part", "Quantile", "Ratio"]


@dataclass(frozen=True)
class Part:
    """The base of what a KPI function returns."""

    @property
    def interval(self) -> str:
        """The kind of interval: wilson, poisson, t, order_statistics or none."""
        return "none"

    @property
    def additive(self) -> bool:
        """Whether the parts of a union of disjoint sets of records are the sums of theirs."""
        return True


@dataclass(frozen=True)
class Count(Part):
    """How many records there are, or how many for which ``where`` is true; ``den`` is all records of the cell."""

    where: nw.Expr | None = None

    @property
    def interval(self) -> str:
        """Exact limits of a Poisson count."""
        return "poisson"


@dataclass(frozen=True)
class Ratio(Part):
    """The share of the records in ``den`` for which ``num`` is true as well.

    Attributes
    ----------
    num, den : narwhals expression
        Truth values; null counts as false. ``den=None``: every record.
    across : tuple of str
        Columns that split the numerator alone: by ``cause_code`` the denominator stays that of all causes together.
    """

    num: nw.Expr
    den: nw.Expr | None = None
    across: tuple[str, ...] = ()

    @property
    def interval(self) -> str:
        """Wilson's score interval."""
        return "wilson"


@dataclass(frozen=True)
class Mean(Part):
    """The mean of a column; its values are summed as integer counts of the column's declared resolution.

    Attributes
    ----------
    column : str
    where : narwhals expression, optional
    resolution : float, optional
        For a column that enrichment adds; a canonical column has its own in the schema.
    """

    column: str
    where: nw.Expr | None = None
    resolution: float | None = None

    @property
    def interval(self) -> str:
        """Student's t."""
        return "t"


@dataclass(frozen=True)
class Distinct(Part):
    """How many different values a column has, exactly; null is not a value. ``den`` is all records of the cell."""

    column: str
    where: nw.Expr | None = None

    @property
    def additive(self) -> bool:
        """A subscriber in two sets is one subscriber in their union."""
        return False


@dataclass(frozen=True)
class Quantile(Part):
    """The quantile ``q`` of a column, interpolated between order statistics (Hyndman and Fan's type 7)."""

    column: str
    q: float
    where: nw.Expr | None = None

    @property
    def interval(self) -> str:
        """Order statistics."""
        return "order_statistics"

    @property
    def additive(self) -> bool:
        """Quantiles do not add up."""
        return False
