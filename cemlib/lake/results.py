"""What an ingest tells about each file and in sum."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

__all__ = ["FileResult", "IngestSummary"]

_TAKEN = ("ingested", "retried")
_STATUSES = ("ingested", "retried", "already", "failed")


@dataclass
class FileResult:
    """What became of one file.

    Attributes
    ----------
    path : str
    status : str
        ``ingested``, ``retried`` (taken before with rejects, read again), ``already`` (the same bytes were taken in before; in a
        retry: nothing would change) or ``failed`` (nothing of it counts, or of a retry: all stays as it was).
    records, accepted, rejected : int
        Records of the file; accepted + rejected = records.
    reasons : dict of str to int
        Rejected records by reason code.
    repaired : dict of str to int
        Accepted records that needed mending, by what was mended.
    added, changed, known : int
        Rows of the tables: new; replaced by newer content; there already with the same natural key. One record may feed
        several tables, so their sum may exceed ``accepted``.
    tables : dict of str to dict
        The same three counts by table.
    seconds : float
    error : str
    digest : str
        SHA-256 of the file's bytes.
    regained : int
        Records that had been rejected before and were accepted by a retry.
    is_lake_fault : bool
        It failed because the lake could not be written (a full disk): the file itself may be good.
    """

    path: str
    status: str = "failed"
    records: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)
    added: int = 0
    changed: int = 0
    known: int = 0
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    digest: str = ""
    regained: int = 0
    is_lake_fault: bool = False

    def note(self, table: str, added: int, changed: int, known: int) -> None:
        """Add what the merge of one table found."""
        self.tables[table] = {"added": added, "changed": changed, "known": known}
        self.added, self.changed, self.known = self.added + added, self.changed + changed, self.known + known


@dataclass
class IngestSummary:
    """What became of all files of an ingest; the sums are over the files that were ingested or retried."""

    source_code: str
    files: list[FileResult] = field(default_factory=list)
    dry_run: bool = False
    seconds: float = 0.0

    def _sum(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.files if one.status in _TAKEN)

    @property
    def records(self) -> int:
        """Records of the files that were ingested."""
        return self._sum("records")

    @property
    def accepted(self) -> int:
        """Records that were taken."""
        return self._sum("accepted")

    @property
    def rejected(self) -> int:
        """Records that lie in the quarantine."""
        return self._sum("rejected")

    @property
    def added(self) -> int:
        """Rows that are new."""
        return self._sum("added")

    @property
    def changed(self) -> int:
        """Rows that replaced a held one."""
        return self._sum("changed")

    @property
    def known(self) -> int:
        """Rows that were there already."""
        return self._sum("known")

    @property
    def regained(self) -> int:
        """Records that a retry brought out of the quarantine."""
        return self._sum("regained")

    @property
    def reasons(self) -> dict[str, int]:
        """Rejected records by reason code, most frequent first."""
        counted: Counter[str] = Counter()
        for one in self.files:
            if one.status in _TAKEN:
                counted.update(one.reasons)
        return dict(counted.most_common())

    @property
    def failed(self) -> list[FileResult]:
        """The files of which nothing counts."""
        return [one for one in self.files if one.status == "failed"]

    def to_dict(self) -> dict:
        """The summary as plain data."""
        totals = {name: getattr(self, name) for name in ("records", "accepted", "rejected", "added", "changed", "known", "regained", "reasons")}
        statuses = Counter(one.status for one in self.files)
        return {
            "source_code": self.source_code, "dry_run": self.dry_run, "seconds": round(self.seconds, 3), **totals,
            **{status: statuses[status] for status in _STATUSES},
            "files": [asdict(one) for one in self.files],
        }

    def __str__(self) -> str:
        statuses = Counter(one.status for one in self.files)
        told = ", ".join(f"{statuses[status]} {status}" for status in _STATUSES if statuses[status])
        lines = [f"{self.source_code}: {len(self.files)} files ({told or 'none'}), {self.records:,} records, "
                 f"{self.accepted:,} accepted, {self.rejected:,} rejected, {self.known:,} rows known already"]
        lines += [f"  rejected: {reason} {count:,}" for reason, count in self.reasons.items()]
        lines += [f"  failed: {one.path}: {one.error}" for one in self.failed]
        return "\n".join(lines)
