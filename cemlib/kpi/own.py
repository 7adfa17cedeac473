"""KPIs of a user's own: a Python file that is checked, tried and kept, or a package with an entry point.

A kept file lies in the folder of :attr:`cemlib.settings.Settings.kpi_path`; whatever lies there is part of the catalogue. A package names
its module under the entry point group ``cemlib.kpis``.
"""

from __future__ import annotations

import doctest
import functools
import importlib.metadata
import re
import shutil
import sys
import traceback
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cemlib.errors import CemError, KpiError, UnknownNameError
from cemlib.kpi.definition import Kpi, registered
from cemlib.settings import settings

__all__ = ["ENTRY_POINTS", "add_kpis", "check_kpis", "import_entry_points", "kept_files", "refresh_kept", "remove_kpis"]

#: The group under which a package names a module with KPIs.
ENTRY_POINTS = "cemlib.kpis"
_PACKAGE = "own_kpis"
# path -> (size and time of change, code of what it defines)
_KEPT: dict[Path, tuple[tuple[int, int], list[str]]] = {}


def kept_files() -> list[Path]:
    """The files that are kept, by name."""
    return sorted(settings().kpi_path.glob("*.py"))


def check_kpis(path: str | Path) -> list[Kpi]:
    """Check a file of KPIs and try each of them on a lake without records; nothing is kept.

    Parameters
    ----------
    path : str or Path
        A Python file with functions that are decorated with :func:`cemlib.kpi.kpi`; its name is their service.

    Returns
    -------
    list of Kpi

    Raises
    ------
    KpiError
        When the file cannot be read or run, defines no KPI, or one that is not whole; it says in which line.
    UnknownNameError
        For a table or column that does not exist, with file, line and the nearest names.
    """
    with _put_back():
        return [registered()[code] for code in _load(Path(path), is_checked=True)]


def add_kpis(path: str | Path) -> list[Kpi]:
    """Check a file of KPIs and keep a copy of it: from now on they are in the catalogue.

    A file of the same name that was kept before is replaced. See :func:`check_kpis` for what is checked.

    Examples
    --------
    >>> add_kpis("no_such_file.py")
    Traceback (most recent call last):
        ...
    cemlib.errors.KpiError: The file of KPIs cannot be read.
      came: No such file or directory
      where: no_such_file.py
    """
    path, folder = Path(path), settings().kpi_path
    found = check_kpis(path)
    if path.resolve() != (folder / path.name).resolve():
        folder.mkdir(parents=True, exist_ok=True)
        # appears whole, or not at all
        fresh = folder / f".{path.name}.new"
        shutil.copyfile(path, fresh)
        fresh.replace(folder / path.name)
    refresh_kept()
    return [registered()[one.code] for one in found]


def remove_kpis(name: str) -> list[str]:
    """Forget a kept file; the codes of what it defined.

    Raises
    ------
    UnknownNameError
        When no file of that name is kept.
    """
    files = {one.stem: one for one in kept_files()}
    stem = name.removesuffix(".py")
    if stem not in files:
        raise UnknownNameError("file of KPIs", stem, files)
    refresh_kept()
    codes = _KEPT[files[stem]][1] if files[stem] in _KEPT else []
    files[stem].unlink()
    refresh_kept()
    return codes


def refresh_kept() -> None:
    """Bring the catalogue up to the kept files. One that has broken since is left out, with a warning that says what is wrong."""
    files = {one: (one.stat().st_size, one.stat().st_mtime_ns) for one in kept_files()}
    for path in [one for one, (state, _) in _KEPT.items() if files.get(one) != state]:
        for code in _KEPT.pop(path)[1]:
            registered().pop(code, None)
    for path in [one for one in files if one not in _KEPT]:
        try:
            codes = _load(path, is_checked=False)
        except CemError as error:
            codes = []
            warnings.warn(f"KPIs of {path.name} are not in the catalogue. {error}", RuntimeWarning, stacklevel=2)
        _KEPT[path] = (files[path], codes)


@functools.cache
def import_entry_points() -> None:
    """Import the modules that packages name; one that does not work is left out, with a warning."""
    for one in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            with _put_back():
                one.load()
                found = dict(registered())
            registered().update(found)
        except Exception as error:
            # a package of somebody else's may fail in any way
            warnings.warn(f"KPIs of {one.value} are not in the catalogue. {type(error).__name__}: {error}", RuntimeWarning, stacklevel=2)


@contextmanager
def _put_back() -> Iterator[None]:
    """Afterwards the catalogue is what it was before."""
    before = dict(registered())
    try:
        yield
    finally:
        registered().clear()
        registered().update(before)


def _load(path: Path, is_checked: bool) -> list[str]:
    """Run a file; the codes of the KPIs that it registers. After an error none of them is registered."""
    module = types.ModuleType(f"{_PACKAGE}.{path.stem}")
    module.__file__ = str(path)
    before = dict(registered())
    for code in [code for code, one in registered().items() if one.module == module.__name__]:
        del registered()[code]
    kept = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        if not path.stem.isidentifier():
            raise KpiError("The name of the file is the name of the service: a word of letters, digits and _.", came=path.name, todo="Rename the file.")
        _run(path, module)
        codes = [code for code, one in registered().items() if one.module == module.__name__]
        if not codes:
            raise KpiError("The file defines no KPI.", wanted="functions decorated with @kpi(...)", where=str(path),
                           todo="from cemlib.kpi import Ratio, kpi; see templates/new_kpis.py.")
        for code in codes if is_checked else ():
            _try(registered()[code], path, module)
    except BaseException:
        registered().clear()
        registered().update(before)
        if kept is not None:
            sys.modules[module.__name__] = kept
        raise
    return codes


def _run(path: Path, module: types.ModuleType) -> None:
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))
    except (OSError, UnicodeDecodeError) as error:
        raise KpiError("The file of KPIs cannot be read.", came=getattr(error, "strerror", "") or str(error), where=str(path)) from None
    except SyntaxError as error:
        raise KpiError("The file of KPIs is not Python.", came=f"{error.msg}: {(error.text or '').strip()}",
                       where=f"{path}, line {error.lineno}, column {error.offset}") from None
    except Exception as error:
        lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
        where = f"{path}, line {lines[-1] if lines else 1}"
        if isinstance(error, KpiError):
            raise KpiError(error.what, wanted=error.wanted, came=error.came or error.where, where=where, todo=error.todo) from None
        raise KpiError("The file of KPIs cannot be run.", came=f"{type(error).__name__}: {error}", where=where) from None


def _try(kpi: Kpi, path: Path, module: types.ModuleType) -> None:
    """Hold a KPI against its table, run its worked example, and evaluate it on a lake without records."""
    from cemlib.enrich import enriched_schema
    from cemlib.kpi.columns import missing_columns
    from cemlib.kpi.evaluate import evaluate
    from cemlib.lake import open_lake

    where = f"{path}, line {vars(module)[kpi.code].__code__.co_firstlineno}, {kpi.code}"
    try:
        schema = enriched_schema(kpi.table)
    except UnknownNameError as error:
        raise UnknownNameError("table of events", kpi.table, re.findall(r"'(\w+)'", error.todo) or [], where=where) from None
    for name in missing_columns(kpi):
        raise UnknownNameError("column", name, schema, where=f"{where}, table {kpi.table}")
    try:
        with open_lake("a lake that is nowhere") as lake:
            evaluate(lake, kpi, rollups=False).to_pandas()
    except CemError as error:
        raise KpiError(error.what, wanted=error.wanted, came=error.came, where=where, todo=error.todo) from None
    except Exception as error:
        raise KpiError("The KPI cannot be computed.", came=f"{type(error).__name__}: {error}".partition("\n")[0], where=where) from None
    _work(kpi, where, module)


def _work(kpi: Kpi, where: str, module: types.ModuleType) -> None:
    """Run the worked examples of a docstring."""
    from cemlib.kpi.example import work_example

    examples = [one for one in doctest.DocTestParser().get_examples(kpi.doc) if one.source.startswith("work_example(")]
    if not examples:
        raise KpiError("A KPI shows a worked example.", wanted=f">>> work_example({kpi.code}, column=[…]) in its docstring, and (num, den, value) below", where=where)
    for one in examples:
        try:
            came = repr(eval(one.source, {**vars(module), "work_example": work_example}))
        except CemError:
            raise
        except Exception as error:
            raise KpiError("The worked example does not run.", came=f"{type(error).__name__}: {error}".partition("\n")[0], where=where) from None
        if came != one.want.strip():
            raise KpiError("The worked example gives something else.", wanted=one.want.strip(), came=came, where=where)
