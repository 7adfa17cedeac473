"""What a connector is: it finds its files and turns each into batches of canonical tables and rejected records."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from cemlib.errors import SourceError
from cemlib.sources.door import Door

__all__ = ["REJECTED", "Batch", "Source", "rejected_records"]

#: How a rejected record is told: its line (the row of a Parquet file), the first column that is wrong, a code, a sentence
#: and the record as it came. Only ``raw`` may hold an identifier; whoever stores it encrypts it.
REJECTED = pa.schema([
    pa.field("line", pa.int64(), nullable=False),
    pa.field("column", pa.string(), nullable=False),
    pa.field("reason_code", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("raw", pa.string(), nullable=False),
])


def rejected_records(rows: Iterable[tuple[int, str, str, str, str]]) -> pa.Table:
    """Make the table of rejected records, ordered by line.

    Examples
    --------
    >>> rejected_records([(7, "rating", "out_of_range", "must lie in 1 … 5", "Airtel,9")]).column("line").to_pylist()
    [7]
    """
    columns = list(zip(*sorted(rows))) or [()] * len(REJECTED)
    return pa.Table.from_arrays([pa.array(values, one.type) for values, one in zip(columns, REJECTED)], schema=REJECTED)


@dataclass(frozen=True)
class Batch:
    """A part of a file: what became of each of its records.

    Attributes
    ----------
    records : int
        Records read from the file; ``accepted + rejected.num_rows == records`` always.
    tables : dict of str to pyarrow.Table
        The canonical tables that the accepted records feed, each in its declared arrow schema. One record may feed several.
    accepted : int
        Records (not rows) that were taken.
    rejected : pyarrow.Table
        The others, one row each, in the schema :data:`REJECTED`.
    repaired : dict of str to int
        Accepted records that needed mending, by what was mended (``broken_bytes``: decoded with replacement marks).
    """

    records: int
    tables: dict[str, pa.Table]
    accepted: int
    rejected: pa.Table
    repaired: dict[str, int] = field(default_factory=dict)

    def reasons(self) -> dict[str, int]:
        """Rejected records by reason code, in the order of the codes."""
        counted = self.rejected.column("reason_code").value_counts().to_pylist()
        return {one["values"]: one["counts"] for one in sorted(counted, key=lambda one: one["values"])}


class Source(abc.ABC):
    """A connector: the files of one source system in, canonical tables out.

    Parameters
    ----------
    *paths : str or Path
        A file, a folder, or several. Of a folder those files are taken whose names match ``file_patterns``; where the folder
        has a sub-folder named like the connector's code, that one is looked into.

    Attributes
    ----------
    code : str
        The name in the catalogue, and ``source_code`` of the records.
    title : str
        What it reads, in a few words.
    default_tables : tuple of str
        The canonical tables that it feeds.
    file_patterns : tuple of str
        Names of its files in a folder.
    golden : str
        The sample in tests/golden/sources that the contract tests read.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    default_tables: ClassVar[tuple[str, ...]]
    file_patterns: ClassVar[tuple[str, ...]]
    golden: ClassVar[str]

    def __init__(self, *paths: str | Path) -> None:
        if not paths:
            raise SourceError("No file was named.", wanted="a file, a folder, or several", where=self.code)
        self.paths = tuple(Path(one) for one in paths)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(str(one)) for one in self.paths)})"

    def files(self) -> list[Path]:
        """The files to read, sorted by name, each once.

        Raises
        ------
        SourceError
            When a path does not exist, or a folder holds no file of this connector.
        """
        found: set[Path] = set()
        for path in self.paths:
            if path.is_dir():
                found.update(self._files_in(path))
            elif path.exists() or path.is_symlink():
                # a link that leads nowhere fails when it is read, so that it keeps no other file out
                found.add(path)
            else:
                raise SourceError("There is no such file or folder.", where=str(path))
        return sorted(found)

    def _files_in(self, folder: Path) -> set[Path]:
        place = folder / self.code if (folder / self.code).is_dir() else folder
        found = {one for pattern in self.file_patterns for one in place.glob(pattern) if not one.is_dir()}
        if not found:
            raise SourceError(f"The folder holds no file of {self.title}.", wanted=" or ".join(self.file_patterns),
                              came=", ".join(sorted(one.name for one in place.iterdir())[:5]) or "an empty folder",
                              where=str(place), todo="Name the files themselves if they are called otherwise.")
        return found

    @abc.abstractmethod
    def read(self, path: Path, door: Door) -> Iterator[Batch]:
        """Read one file batch by batch; nothing of it counts unless the last batch was reached without an error.

        Parameters
        ----------
        path : Path
        door : Door
            Replaces every identifier by its pseudonym; see :class:`cemlib.sources.door.Door`.

        Raises
        ------
        SourceError
            When the file is not what it was said to be, or ends too early.
        HeaderChangedError
            When its header is not the one that the mapping knows.
        """
