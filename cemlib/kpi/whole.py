"""Rows that are cells already, such as those of a rollup of which every column is asked for: nothing is left to add up.

That each cell comes once, and in order, is not taken on trust: it is looked at, and rows that are otherwise are added up after all.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.lake import collect_frame

__all__ = ["collect_whole", "rises"]


def collect_whole(rows: nw.LazyFrame, keys: Sequence[str], *, ordered: bool) -> pd.DataFrame | None:
    """Rows that should be one for each cell, in the order of their keys (missing ones last); None where a cell comes twice or out of order.

    Parameters
    ----------
    rows : narwhals.LazyFrame
    keys : sequence of str
        The columns that make up a cell; at least one.
    ordered : bool
        The rows should come in order; else they are put in order.
    """
    found = collect_frame(rows if ordered else rows.sort(*keys, nulls_last=True))
    return found if rises(found, keys) else None


def rises(frame: pd.DataFrame, keys: Sequence[str]) -> bool:
    """Whether each row is greater than the one before it, the keys compared from the first to the last; a missing value is the greatest.

    Examples
    --------
    >>> rises(pd.DataFrame({"a": ["x", "x", None], "b": [1, 2, 1]}), ["a", "b"])
    True
    >>> rises(pd.DataFrame({"a": ["x", "x"], "b": [1, 1]}), ["a", "b"])
    False
    """
    # of each row behind the first: whether the keys so far are those of the row before it
    same: pa.Array | None = None
    for key in keys:
        values = pa.array(frame[key], from_pandas=True)
        earlier, later = values[:-1], values[1:]
        less, equal = pc.less(earlier, later), pc.equal(earlier, later)
        if values.null_count:
            less = pc.or_(pc.fill_null(less, False), pc.and_(earlier.is_valid(), later.is_null()))
            equal = pc.or_(pc.fill_null(equal, False), pc.and_(earlier.is_null(), later.is_null()))
        fits = pc.or_(less, equal) if same is None else pc.or_(pc.or_(less, equal), pc.invert(same))
        if not pc.all(fits, min_count=0).as_py():
            return False
        same = equal if same is None else pc.and_(same, equal)
    return same is None or not pc.any(same, min_count=0).as_py()
