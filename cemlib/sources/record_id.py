"""The ids of a file's records: keyed hashes of their content, by which a record that comes again is known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.sources.cells import database

__all__ = ["RecordHash", "RecordsSeen"]

# keyed before and behind: without the secret nobody can try which IMSI a record was made from
_HASH = "SELECT md5(concat($secret, v, $secret)) AS v FROM texts"


class RecordHash:
    """Hashes records.

    Parameters
    ----------
    secret : str
        Mixed into each id.
    later : sequence of str
        The secrets that the lake got later: each hashes the id of before, as the lake's rotation hashed those that it held.
    """

    def __init__(self, secret: str, later: tuple[str, ...] = ()) -> None:
        self._secret, self._later = secret, later

    def ids(self, cells: pa.Table) -> pa.Array:
        """A hash (32 hex digits) of each record's whole content, whatever the order of the columns in its file."""
        texts = [_text(cells.column(name).combine_chunks()) for name in sorted(cells.column_names)]
        return self._hash(pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00"), self._secret)

    def again(self, ids: pa.Array) -> pa.Array:
        """The ids under the lake's later secrets."""
        for secret in self._later:
            ids = self._hash(ids, secret)
        return ids

    def _hash(self, texts: pa.Array, secret: str) -> pa.Array:
        # a cursor of its own each time: batches are hashed in one thread and named in another
        with database().cursor() as engine:
            engine.register("texts", pa.table({"v": texts}))
            return engine.sql(_HASH, params={"secret": secret}).to_arrow_table().column("v").combine_chunks()


class RecordsSeen:
    """The record ids of a file so far: 16 bytes each, so that a file of many millions of records can be watched."""

    def __init__(self) -> None:
        self._high, self._low = np.empty(0, np.uint64), np.empty(0, np.uint64)
        self._repeats: dict[int, int] = {}

    def count(self, ids: pa.Array) -> np.ndarray:
        """How often each record stood in the file before."""
        if not len(ids):
            return np.empty(0, np.int64)
        high, low = _halves(ids)
        distinct, first, inverse = np.unique(high, return_index=True, return_inverse=True)
        at = np.searchsorted(self._high, distinct)
        known = np.zeros(len(distinct), bool)
        inside = np.flatnonzero(at < len(self._high))
        known[inside] = (self._high[at[inside]] == distinct[inside]) & (self._low[at[inside]] == low[first[inside]])
        again = np.zeros(len(high), np.int64)
        repeated = np.bincount(inverse, minlength=len(distinct)) > 1
        for row in np.flatnonzero((repeated | known)[inverse]).tolist():
            # the first of a batch is the first of the file unless an earlier batch had it
            nth = self._repeats.get(int(high[row]), 0 if known[inverse[row]] else -1) + 1
            self._repeats[int(high[row])] = again[row] = nth
        self._high = np.insert(self._high, at[~known], distinct[~known])
        self._low = np.insert(self._low, at[~known], low[first[~known]])
        return again


def _halves(ids: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Record ids of 32 hex digits as two integers each."""
    _, offsets, text = ids.buffers()
    bounds = np.frombuffer(offsets, np.int32)[ids.offset:ids.offset + len(ids) + 1]
    packed = np.frombuffer(bytes.fromhex(memoryview(text)[bounds[0]:bounds[-1]].tobytes().decode()), ">u8").astype(np.uint64)
    return packed[::2], packed[1::2]


def _text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())
