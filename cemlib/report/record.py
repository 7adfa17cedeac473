"""The run record: what was run, on what, with which result; written as run.json beside the outputs."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cemlib.errors import ReportError

__all__ = ["RunRecord", "package_versions", "recorded_snapshots"]

_PACKAGES = ("cem-workbench", "deltalake", "duckdb", "narwhals", "nbconvert", "numpy", "pandas", "papermill", "pyarrow")


@dataclass
class RunRecord:
    """One run of a notebook.

    Attributes
    ----------
    notebook, title : str
    status : str
        ``"ok"`` or ``"failed"``.
    parameters : dict
        Every parameter with its value, the defaults too.
    role : str
        As whom the notebook ran.
    snapshot : dict or None
        ``id`` and the table ``versions`` of the lake that it read.
    kpis : dict
        The versions of the KPIs that the figures rest on.
    result_hash : str
        Same data, parameters and KPI versions: same hash. Empty when the run failed.
    figures : dict
    started_at, ended_at : str
        Instants, UTC.
    seconds : float
        From the start of the kernel to the last file.
    steps : list of dict
        title and seconds of each code cell that ran.
    versions : dict
        Of Python and the packages that the result could depend on.
    files : list of dict
        name, bytes and sha256 of every output.
    warnings : list of str
        What was asked for and could not be given, and how to get it.
    missing : list of str
        The formats that were asked for and not written.
    error : dict or None
        Of a failed run: step, cell, kind, message.
    out : Path
        The folder that holds the files.
    """

    notebook: str
    title: str
    status: str
    parameters: dict[str, Any]
    role: str
    snapshot: dict[str, Any] | None = None
    kpis: dict[str, str] = field(default_factory=dict)
    result_hash: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    started_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    out: Path = Path()

    def to_dict(self) -> dict[str, Any]:
        """The record as plain values; the folder is left out, so that it can be moved."""
        return {name: value for name, value in asdict(self).items() if name != "out"}

    def path(self, name: str) -> Path:
        """The path of one of the files."""
        return self.out / name

    def write(self, folder: Path) -> None:
        """Write run.json."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / "run.json").write_text(text + "\n", encoding="utf-8")


def package_versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result could depend on.

    Examples
    --------
    >>> "pandas" in package_versions()
    True
    """
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def recorded_snapshots(root: Path) -> list[dict[str, int]]:
    """The snapshots of the lake that the run records below a folder name: the versions of the tables, each snapshot once.

    Raises
    ------
    ReportError
        When a record cannot be read: then it is not known which snapshot its report needs.

    Examples
    --------
    >>> recorded_snapshots(Path("no such folder"))
    []
    """
    found: dict[str, dict[str, int]] = {}
    for path in sorted(root.rglob("run.json")):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            versions = {str(name): int(version) for name, version in (held["snapshot"] or {}).get("versions", {}).items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReportError("A run record cannot be read, so it is not known which snapshot its report needs.",
                              came=f"{type(error).__name__}: {error}", where=str(path), todo="Mend or remove it, then run again.") from None
        if versions:
            found[json.dumps(versions, sort_keys=True)] = versions
    return list(found.values())
