"""What goes into a model: numbers read from any column, checked row by row, computed block by block.

A single number that is wrong is a wrong call: an error names the parameter. In a column of measurements a wrong value is a
fact of life: its row becomes null and is counted. So an impossible value (loss of 140 %, negative time) never gets a score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["Limit", "choose", "compute_rows", "read_values"]

#: Rows computed at a time: their intermediate arrays stay in the processor's cache.
BLOCK = 1 << 15

_MISSING, _IMPOSSIBLE, _OUTSIDE = 1, 2, 4


@dataclass(frozen=True)
class Limit:
    """In which range a quantity is possible, and in which the model holds.

    Attributes
    ----------
    unit : str
    meaning : str
    low, high : float
        The model's range.
    least, most : float
        What is possible at all; as wide as the model's range or wider.
    default : float or None
        None: the quantity has to be given.
    """

    unit: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    least: float = -math.inf
    most: float = math.inf
    default: float | None = None

    def describe(self) -> str:
        """The model's range in words."""
        return f"{self.low:g} to {self.high:g} {self.unit}".replace("inf", "any").strip()


def choose(kind: str, name: str, choices: Mapping[str, Any]) -> Any:
    """The choice of a name; a misspelt one is refused with the nearest names."""
    if name not in choices:
        raise UnknownNameError(kind, str(name), choices)
    return choices[name]


def read_values(values: Any, name: str) -> np.ndarray:
    """Numbers from a scalar, list, numpy, pandas or pyarrow column as float64; null (None, NaN, NA) becomes NaN.

    Raises
    ------
    ParameterError
        When something in it is no number.

    Examples
    --------
    >>> read_values([1, None, 2.5], "delay").tolist()
    [1.0, nan, 2.5]
    """
    try:
        if isinstance(values, (pa.Array, pa.ChunkedArray, pa.Scalar)):
            if isinstance(values.type, pa.DictionaryType):
                values = values.cast(values.type.value_type)
            kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
            if not any(kind(values.type) for kind in kinds):
                raise TypeError(f"a {values.type} column")
            values = values.cast(pa.float64())
            return (np.array(np.nan if values.as_py() is None else values.as_py()) if isinstance(values, pa.Scalar)
                    else values.to_numpy() if isinstance(values, pa.ChunkedArray) else values.to_numpy(zero_copy_only=False))
        if isinstance(values, pd.Series):
            if not (pd.api.types.is_numeric_dtype(values.dtype) or values.dtype == object):
                raise TypeError(f"a {values.dtype} column")
            values = values.to_numpy(dtype=np.float64, na_value=np.nan) if values.dtype != object else values.to_numpy()
        elif isinstance(values, np.ma.MaskedArray):
            values = values.astype(np.float64).filled(np.nan)
        elif hasattr(values, "to_numpy"):
            values = values.to_numpy()
        array = np.asarray(values)
        if array.dtype == object:
            gone = pd.isna(array)
            if any(isinstance(one, (str, bytes)) for one in array[~gone].flat):
                raise TypeError("text")
            array = np.where(gone, np.nan, array)
        if array.dtype.kind not in "fiubO":
            raise TypeError({"U": "text", "S": "text", "M": "instants", "m": "durations"}.get(array.dtype.kind, str(array.dtype)))
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, pa.ArrowException) as problem:
        raise ParameterError(f"{name} is not a column of numbers.", wanted="numbers; None or NaN where unknown", came=str(problem),
                             where=name) from problem


def _check_one(value: float, name: str, limit: Limit, beyond: str) -> None:
    if math.isnan(value):
        return
    if not limit.least <= value <= limit.most or math.isinf(value):
        raise ParameterError(f"{name} ({limit.meaning}) is impossible.", wanted=limit.describe(), came=f"{value:g} {limit.unit}".strip(), where=name)
    if beyond == "null" and not limit.low <= value <= limit.high:
        raise ParameterError(f"{name} ({limit.meaning}) is outside the range in which the model holds.", wanted=limit.describe(),
                             came=f"{value:g} {limit.unit}".strip(), where=name,
                             todo="Correct it, or ask for beyond='extrapolate' and read the result as a guess.")


def compute_rows(
    function: Callable[..., Mapping[str, np.ndarray]],
    given: Mapping[str, Any],
    limits: Mapping[str, Limit],
    *,
    outputs: tuple[str, ...],
    beyond: str = "null",
    outside: Callable[..., np.ndarray] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Check the inputs row by row and compute the rows that can be computed.

    Parameters
    ----------
    function : callable
        Takes each input by name (array of a block, or number) and gives the outputs by name.
    given : mapping
        The inputs, anything that :func:`read_values` reads; they are broadcast against each other.
    limits : mapping
        A :class:`Limit` for each input.
    outputs : tuple of str
        Which results of the function are kept.
    beyond : str
        null: a row outside the model's range gets no value; extrapolate: it gets one and is counted.
    outside : callable, optional
        A further condition, over several inputs, under which a row is outside the model's range.

    Returns
    -------
    values, counts : dict
        The outputs as arrays of the common shape, NaN where null; and what happened to the rows.
    """
    choose("treatment of values outside the range", beyond, {"null": None, "extrapolate": None})
    read = {name: read_values(values, name) for name, values in given.items()}
    for name, values in read.items():
        if values.size == 1 and values.ndim == 0:
            _check_one(float(values), name, limits[name], beyond)
    try:
        shape = np.broadcast_shapes(*(values.shape for values in read.values()))
    except ValueError as problem:
        lengths = ", ".join(f"{name}: {values.size}" for name, values in read.items() if values.ndim)
        raise ParameterError("The columns are of different lengths.", wanted="one length, or single numbers", came=lengths) from problem
    rows = math.prod(shape)
    single = {name: float(values) for name, values in read.items() if values.ndim == 0}
    column = {name: np.broadcast_to(values, shape).reshape(-1) for name, values in read.items() if values.ndim}
    found = {name: np.full(rows, np.nan) for name in outputs}
    tally = dict.fromkeys((_MISSING, _IMPOSSIBLE, _OUTSIDE), 0)
    single_state = _MISSING if any(math.isnan(value) for value in single.values()) else 0
    for name, value in single.items():
        single_state |= 0 if limits[name].low <= value <= limits[name].high or math.isnan(value) else _OUTSIDE
    for start in range(0, rows, BLOCK):
        block = {name: values[start:start + BLOCK] for name, values in column.items()}
        state = np.full(min(BLOCK, rows - start), single_state, dtype=np.uint8)
        for name, values in block.items():
            state |= _state_of(values, limits[name])
        if outside is not None:
            with np.errstate(invalid="ignore"):
                state |= np.where(outside(**single, **block), np.uint8(_OUTSIDE), np.uint8(0))
        if outside is not None and not column and state[0] & _OUTSIDE and beyond == "null":
            raise ParameterError("The inputs together are outside the range in which the model holds.", wanted=str(outside.__doc__),
                                 came=", ".join(f"{name} = {value:g}" for name, value in single.items()))
        # each row is counted once, for the gravest reason
        bad = state & _IMPOSSIBLE > 0
        tally[_IMPOSSIBLE] += int(bad.sum())
        gone = (state & _MISSING > 0) & ~bad
        tally[_MISSING] += int(gone.sum())
        wide = (state & _OUTSIDE > 0) & ~bad & ~gone
        tally[_OUTSIDE] += int(wide.sum())
        keep = ~(bad | gone) if beyond == "extrapolate" else ~(bad | gone | wide)
        if not keep.any():
            continue
        whole = keep.all()
        results = function(**single, **(block if whole else {name: values[keep] for name, values in block.items()}))
        for name in outputs:
            if whole:
                found[name][start:start + BLOCK] = results[name]
            else:
                found[name][start:start + BLOCK][keep] = results[name]
    extrapolated = tally[_OUTSIDE] if beyond == "extrapolate" else 0
    counts = {"rows": rows, "missing": tally[_MISSING], "impossible": tally[_IMPOSSIBLE], "outside": tally[_OUTSIDE] - extrapolated,
              "extrapolated": extrapolated}
    counts["scored"] = rows - counts["missing"] - counts["impossible"] - counts["outside"]
    return {name: values.reshape(shape) for name, values in found.items()}, counts


def _state_of(values: np.ndarray, limit: Limit) -> np.ndarray:
    """Whether each value is missing, impossible or outside the model's range."""
    least, most = values.min(), values.max()
    # the usual block is good throughout; NaN and infinity fail this comparison and are looked at one by one
    if limit.low <= least and most <= limit.high and math.isfinite(least) and math.isfinite(most):
        return np.zeros(values.size, dtype=np.uint8)
    missing = np.isnan(values)
    with np.errstate(invalid="ignore"):
        impossible = (values < limit.least) | (values > limit.most) | np.isinf(values)
        beyond = (values < limit.low) | (values > limit.high)
    return missing * np.uint8(_MISSING) | impossible * np.uint8(_IMPOSSIBLE) | beyond * np.uint8(_OUTSIDE)
