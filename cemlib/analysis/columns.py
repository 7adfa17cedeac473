"""Read the columns of a frame as numbers, and say clearly where one is not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["read_numbers"]


def read_numbers(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return these columns as floats; missing and infinite values are NaN.

    Parameters
    ----------
    frame : pandas.DataFrame
    names : iterable of str

    Raises
    ------
    UnknownNameError
        A column is not in the frame.
    ParameterError
        A column holds text, there are two of its name, or the frame is none.

    Examples
    --------
    >>> read_numbers(pd.DataFrame({"a": [1, None]}), ["a"])["a"].tolist()
    [1.0, nan]
    """
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError("What is asked about is no table.", wanted="a pandas.DataFrame", came=type(frame).__name__)
    out = {}
    for name in names:
        if name not in frame.columns:
            raise UnknownNameError("column", name, frame.columns)
        if isinstance(frame[name], pd.DataFrame):
            raise ParameterError(f"Column {name!r} stands in the table {frame[name].shape[1]} times.", wanted="one column of a name", todo="Rename or drop the others.")
        found = pd.to_numeric(frame[name], errors="coerce").astype(float)
        bad = found.isna() & frame[name].notna()
        if bad.any():
            raise ParameterError(f"Column {name!r} holds text.", wanted="numbers", came=repr(frame.loc[bad, name].iloc[0])[:60],
                                 where=f"{int(bad.sum())} of {len(frame)} rows", todo="Leave it out, or make numbers of it.")
        out[name] = found.where(np.isfinite(found))
    return pd.DataFrame(out, index=frame.index)
