"""Two tables by the same dimensions, side by side and in an order that names and rows do not change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.columns import read_numbers
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["Leaves", "read_leaves"]

_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class Leaves:
    """The finest cells of two tables.

    Attributes
    ----------
    dims : tuple of str
    values : tuple of numpy.ndarray
        The values of each dimension; a code is a place in it.
    codes : numpy.ndarray
        (leaves, dims), whole numbers.
    numbers : mapping of str to numpy.ndarray
        Sums by leaf; 0 where a table does not have the leaf.
    rows, missing : int
        Rows read, and rows left out since a number is missing.
    """

    dims: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    codes: np.ndarray
    numbers: Mapping[str, np.ndarray]
    rows: int
    missing: int

    def __len__(self) -> int:
        return len(self.codes)


def _mix(h: np.ndarray) -> np.ndarray:
    """Spread 64 bits (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    h = (h ^ (h >> np.uint64(30))) * _ODD[1]
    h = (h ^ (h >> np.uint64(27))) * _ODD[2]
    return h ^ (h >> np.uint64(31))


def _colours(codes: np.ndarray, numbers: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """A number for each leaf and each dimension's values that knows their figures and what stands beside them, but neither names nor rows
    (colour refinement, Weisfeiler and Leman 1968).
    """
    with np.errstate(over="ignore"):
        leaf = np.zeros(len(codes), np.uint64)
        for one in numbers:
            leaf = _mix(leaf * _ODD[0] + np.ascontiguousarray(one + 0.0, np.float64).view(np.uint64) + _ODD[0])
        for _ in range(3):
            values, beside = [], np.zeros(len(codes), np.uint64)
            for column in codes.T:
                seen = np.zeros(int(column.max(initial=-1)) + 1, np.uint64)
                np.add.at(seen, column, _mix(leaf))
                # the dimension itself: the same figure in two dimensions is not the same
                own = _mix(seen + _mix(np.bitwise_xor.reduce(_mix(seen * _ODD[0]), keepdims=True)))
                values.append(own)
                beside += _mix(own[column])
            leaf = _mix(leaf * _ODD[0] + beside)
    return leaf, values


def read_leaves(frames: Mapping[str, pd.DataFrame], dims: Sequence[str], numbers: Sequence[str], *, max_values: int) -> Leaves:
    """Sum the numbers of each frame by the dimensions, and lay the frames side by side.

    Parameters
    ----------
    frames : mapping of str to pandas.DataFrame
        The key goes before the name of a number: ``numbers["actual.fail"]``.
    dims, numbers : sequence of str
        Columns of every frame. A missing value of a dimension is a value of its own.
    max_values : int
        A dimension of more values is refused.

    Raises
    ------
    UnknownNameError
        A column is not there.
    ParameterError
        A frame is empty or has no number at all, a number is text or negative, or a dimension has too many values or other types in the frames.

    Examples
    --------
    >>> now = pd.DataFrame({"cell": ["a", "a", "b"], "fail": [1, 2, 4]})
    >>> found = read_leaves({"actual": now, "expected": now.head(1)}, ["cell"], ["fail"], max_values=10)
    >>> sorted(zip(found.values[0][found.codes[:, 0]], found.numbers["actual.fail"].tolist(), found.numbers["expected.fail"].tolist()))
    [('a', 3.0, 1.0), ('b', 4.0, 0.0)]
    """
    read, rows, missing = {}, 0, 0
    for name, frame in frames.items():
        for column in dims:
            if column not in frame.columns:
                raise UnknownNameError("column", column, frame.columns, where=f"table {name!r}")
        found = read_numbers(frame, numbers)
        full = found.notna().all(axis=1).to_numpy()
        rows, missing = rows + len(frame), missing + int((~full).sum())
        if not full.any():
            raise ParameterError(f"Table {name!r} has no row with all of its numbers.", wanted=", ".join(numbers), came=f"{len(frame)} rows, all with a missing number")
        read[name] = (frame.loc[full, list(dims)], found[full])
    codes, values = _encode({name: one for name, (one, _) in read.items()}, dims, max_values)
    key = np.zeros(len(codes), np.int64)
    for column, known in zip(codes.T, values):
        key = pd.factorize(key * max(len(known), 1) + column)[0].astype(np.int64)
    leaves = int(key.max(initial=-1)) + 1
    first = np.zeros(leaves, np.int64)
    first[key[::-1]] = np.arange(len(key))[::-1]
    sums, begin = {}, 0
    for name, (_, found) in read.items():
        part = key[begin:begin + len(found)]
        begin += len(found)
        # added from the smallest up: the order of the rows is not seen in the last bit
        for number in numbers:
            one = found[number].to_numpy()
            order = np.argsort(one, kind="stable")
            sums[f"{name}.{number}"] = np.bincount(part[order], one[order], minlength=leaves)
    return _canonical(tuple(dims), values, codes[first], sums, rows, missing)


def _encode(frames: Mapping[str, pd.DataFrame], dims: Sequence[str], max_values: int) -> tuple[np.ndarray, list[np.ndarray]]:
    codes, values = [], []
    for dim in dims:
        kinds = {name: {type(one).__name__ for one in pd.unique(frame[dim].astype(object)) if not pd.isna(one)} for name, frame in frames.items()}
        if len({"number" if kind & {"int", "float", "int64", "float64"} else "other" for kind in kinds.values() if kind}) > 1:
            raise ParameterError(f"Dimension {dim!r} has numbers in one table and other values in the other.", came=str(kinds),
                                 todo="Give it the same type in both: otherwise nothing meets.")
        one, known = pd.factorize(pd.concat([frame[dim].astype(object) for frame in frames.values()], ignore_index=True), use_na_sentinel=False)
        if len(known) > max_values:
            raise ParameterError(f"Dimension {dim!r} has {len(known):,} values.", wanted=f"at most {max_values:,}",
                                 todo="Group them (site for cell, model for device), leave the dimension out, or raise max_values.")
        codes.append(one.astype(np.int64))
        values.append(np.asarray(known, dtype=object))
    return np.stack(codes, axis=1), values


def _canonical(dims: tuple[str, ...], values: list[np.ndarray], codes: np.ndarray, sums: dict[str, np.ndarray], rows: int, missing: int) -> Leaves:
    """Leaves, values and dimensions in the order of their colours."""
    leaf, colours = _colours(codes, list(sums.values()))
    order = np.argsort(leaf, kind="stable")
    placed = []
    for number, colour in enumerate(colours):
        by_colour = np.argsort(colour, kind="stable")
        back = np.empty(len(by_colour), np.int64)
        back[by_colour] = np.arange(len(by_colour))
        placed.append((tuple(np.sort(colour)), number, values[number][by_colour], back[codes[order, number]]))
    placed.sort(key=lambda one: one[:2])
    return Leaves(tuple(dims[one[1]] for one in placed), tuple(one[2] for one in placed), np.stack([one[3] for one in placed], axis=1),
                  {name: one[order] for name, one in sums.items()}, rows, missing)
