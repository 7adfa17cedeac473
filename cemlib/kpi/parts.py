"""What a KPI function returns: its parts, from which a figure is divided out at the very end.

A part says what is added up over the records; :mod:`cemlib.kpi.figures` says what figure and what interval the sums give.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

__all__ = ["Count", "Distinct", "Mean", "NetShare", "Part", "Quantile", "Ratio", "SumRatio"]


@dataclass(frozen=True)
class Part:
    """The base of what a KPI function returns."""

    @property
    def interval(self) -> str:
        """The kind of interval: wilson, adjusted_wald, poisson, poisson_rate, t, linearised, order_statistics or none."""
        return "none"

    @property
    def counts_records(self) -> bool:
        """Whether ``den`` is a number of records; otherwise it is the sum of a column over them."""
        return True

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
    scale : float
        The mean times this is the figure.
    """

    column: str
    where: nw.Expr | None = None
    resolution: float | None = None
    scale: float = 1.0

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


@dataclass(frozen=True)
class NetShare(Part):
    """The difference of two shares of one sample, as the net promoter score is one: (``up`` - ``down``) / ``den``.

    ``num`` of a figure is that difference in records, and may be negative.

    Attributes
    ----------
    up, down : narwhals expression
        Truth values that exclude each other; null counts as false.
    den : narwhals expression, optional
        Of which records; None: every record.
    """

    up: nw.Expr
    down: nw.Expr
    den: nw.Expr | None = None

    @property
    def interval(self) -> str:
        """Adjusted Wald."""
        return "adjusted_wald"


@dataclass(frozen=True)
class SumRatio(Part):
    """The ratio of two sums of columns: a ratio of sums, never a mean of ratios.

    Attributes
    ----------
    num, den : str
        The columns that are summed, as integer counts of their resolution; they may be one column of different records.
    num_where, den_where : narwhals expression, optional
        Over which records; null counts as false.
    errors : str
        What is known of the error. ``wilson``: both sums count trials (attempts and successes). ``poisson_rate``: the numerator counts events,
        the denominator is exposure. ``linearised``: both columns stand in the same records, which are independent (ratio estimator, Cochran 1977,
        section 2.11). ``none``: nothing.
    num_resolution, den_resolution : float, optional
        Where another one than the schema's is enough.
    scale : float
        The ratio times this is the figure.
    is_complement : bool
        The figure is 1 less the ratio, and ``num`` is ``den`` less the sum.
    """

    num: str
    den: str
    num_where: nw.Expr | None = None
    den_where: nw.Expr | None = None
    errors: str = "none"
    num_resolution: float | None = None
    den_resolution: float | None = None
    scale: float = 1.0
    is_complement: bool = False

    @property
    def interval(self) -> str:
        """The kind of interval."""
        return self.errors

    @property
    def counts_records(self) -> bool:
        """The denominator is the sum of a column."""
        return False
