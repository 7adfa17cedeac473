"""A whole operator's folder into the lake: one sub-folder a source, named as its connector; several sources at once.

Sources that others are joined to come first. Reading and checking takes most of the time and is done side by side in processes of their own;
the lake's writer lock lets one at a time write.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from cemlib.errors import CallError, IngestError
from cemlib.lake import IngestSummary, collect_frame, open_lake
from cemlib.schema import table
from cemlib.sources import Door, catalogue, connector

__all__ = ["ingest_folder", "plan_folder"]

#: Called with (sources done, sources in all, a word).
Progress = Callable[[int, int, str], None]
_WAIT_S = 600.0
_SMALL_BYTES = 30_000_000


def plan_folder(folder: str | Path) -> tuple[list[str], list[str]]:
    """The connectors whose sub-folders are there, in the order in which they are read, and the sub-folders that no connector has.

    Raises
    ------
    CallError
        When there is no such folder, or nothing in it for any connector.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     for name in ("roaming_data", "partner_directory", "holiday_photos"):
    ...         (Path(place) / name).mkdir()
    ...     plan_folder(place)
    (['partner_directory', 'roaming_data'], ['holiday_photos'])
    """
    place = Path(folder)
    if not place.is_dir():
        raise CallError("There is no such folder.", came=str(folder))
    names = sorted(one.name for one in place.iterdir() if one.is_dir() and not one.name.startswith("."))
    known = catalogue()
    found = [one for one in names if one in known]
    if not found:
        raise CallError("The folder has no sub-folder that is named as a connector.", came=", ".join(names) or "no sub-folder", where=str(place),
                        wanted="such as roaming_signalling/ or survey/; `cem sources` lists them")

    def rank(name: str) -> tuple[bool, bool, str]:
        tables = known[name].default_tables
        # PLMNs tell a subscriber's home, so the directory of partners comes before all others
        return "network" not in tables, not all(table(one).kind == "reference" for one in tables), name

    return sorted(found, key=rank), [one for one in names if one not in known]


def ingest_folder(lake_path: str | Path, folder: str | Path, *, jobs: int = 2, dry_run: bool = False, progress: Progress | None = None) -> Iterator[IngestSummary]:
    """Ingest every source of a folder; a source's summary as soon as it is done.

    Parameters
    ----------
    lake_path : str or Path
    folder : str or Path
        As :func:`plan_folder` reads it.
    jobs : int
        Processes that read.
    dry_run : bool
        Check everything, write nothing.
    progress : callable, optional

    Raises
    ------
    CallError
        For a folder with nothing to read.
    IngestError
        When a source could not be read at all; files that fail alone are in the summaries.
    """
    codes, _ = plan_folder(folder)
    tell = progress or (lambda done, total, text: None)
    first = [one for one in codes if all(table(name).kind == "reference" for name in catalogue()[one].default_tables)]
    rest = [one for one in codes if one not in first]
    done = 0
    for code in first:
        tell(done, len(codes), code)
        yield _take(str(lake_path), str(folder), code, dry_run)
        done += 1
    size = {code: sum(one.stat().st_size for one in (Path(folder) / code).rglob("*") if one.is_file()) for code in rest}
    # a process takes seconds to begin
    if jobs <= 1 or len(rest) <= 1 or sum(size.values()) < _SMALL_BYTES:
        for code in rest:
            tell(done, len(codes), code)
            yield _take(str(lake_path), str(folder), code, dry_run)
            done += 1
    else:
        # the largest first, so that no process ends long after the other
        rest.sort(key=lambda code: -size[code])
        # spawned, not forked: the threads of pyarrow and DuckDB do not survive a fork
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            waiting = {pool.submit(_take, str(lake_path), str(folder), code, dry_run): code for code in rest}
            try:
                tell(done, len(codes), ", ".join(rest[:jobs]))
                for one in as_completed(waiting):
                    done += 1
                    tell(done, len(codes), waiting[one])
                    yield one.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    tell(len(codes), len(codes), "done")


def _take(lake_path: str, folder: str, code: str, dry_run: bool) -> IngestSummary:
    """One source; in a process of its own nothing is derived after it, the caller does that once."""
    with open_lake(lake_path) as lake:
        known = collect_frame(lake.frame("network").select("plmn_code").unique())["plmn_code"].dropna() if lake.has("network") else []
        try:
            return lake.ingest(connector(code)(Path(folder) / code), door=Door(plmn_codes=list(known)), dry_run=dry_run, wait_s=_WAIT_S)
        except (TypeError, OSError) as error:
            raise IngestError("A source could not be read.", came=f"{type(error).__name__}: {error}", where=code) from error
