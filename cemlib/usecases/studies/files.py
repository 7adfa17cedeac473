"""The rows of a study's CSV files, joined by the customer, with the numbers that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cemlib.errors import CemError, ParameterError, UnknownNameError
from cemlib.lake import keep_set_aside
from cemlib.usecases.studies.cells import MISSING_VALUE, Asked, SetAside, read_numbers_of
from cemlib.usecases.studies.csv_file import CsvFile, read_csv_file, tell_decimal
from cemlib.usecases.studies.study import Study

__all__ = ["StudyRows", "keep_aside", "read_study_files"]


@dataclass(frozen=True)
class StudyRows:
    """What the files of a study hold.

    Attributes
    ----------
    frame : DataFrame
        The rows of the first file with the columns of all, the customers as text; rows without a customer are there too.
    notes : list of str
        What did not fit together.
    aside : SetAside
        What could not be read.
    """

    frame: pd.DataFrame
    notes: list[str]
    aside: SetAside


def read_study_files(study: Study, asked: Mapping[str, Asked], role: str | None = None) -> StudyRows:
    """Read the file of a study, and those that are joined to it.

    Parameters
    ----------
    study : Study
    asked : mapping of str to Asked
        The columns whose numbers are wanted. A cell of them that is none is missing in the frame and set aside; the other columns are as they stand.
    role : str, optional
        To whom it is told: see :class:`cemlib.usecases.studies.cells.SetAside`.

    Raises
    ------
    ParameterError
        A file cannot be read, a customer stands twice in one that is joined, or too many numbers cannot be read.
    UnknownNameError
        A file has no such column of rating or customer.
    """
    customer, notes, aside = str(study.source.customer), [], SetAside(role)
    main = _read(study, str(study.source.file), customer, aside)
    frame, left = _with_numbers(study, main, asked, aside)
    nobody = frame[customer].isna()
    aside.add(main.name, frame.loc[nobody, customer], MISSING_VALUE, "no customer")
    if nobody.any():
        notes.append(f"{int(nobody.sum()):,} of {len(frame):,} rows name no customer and are left out{aside.place_of(frame.loc[nobody, customer], is_empty=True)}.")
    for name in study.source.join:
        file = _read(study, name, customer, aside)
        other, left = _with_numbers(study, file, left, aside, taken=frame.columns)
        other = other.dropna(subset=[customer])
        twice = int(other[customer].duplicated().sum())
        if twice:
            raise ParameterError("A customer stands twice in a file that is joined.", wanted="a row a customer", came=f"{twice} rows too many", where=name,
                             todo="Make it the study's own file: rows of one customer are then averaged.")
        missing = frame.loc[~frame[customer].isin(other[customer]), customer].nunique()
        beyond = int((~other[customer].isin(frame[customer])).sum())
        notes += [f"{missing:,} customers are not in {name}: what it tells is unknown of them."] if missing else []
        notes += [f"{beyond:,} customers of {name} are not in {study.source.file}; they are left out."] if beyond else []
        shared = [one for one in other.columns if one in frame.columns and one != customer]
        merged = frame[[customer, *shared]].merge(other[[customer, *shared]], how="left", on=customer, validate="many_to_one", suffixes=("", "_other"))
        differ = [one for one in shared if _differ(merged[one], merged[f"{one}_other"])]
        notes += [f"{', '.join(differ)} differs between {study.source.file} and {name}: that of {study.source.file} is taken."] if differ else []
        frame = frame.merge(other.drop(columns=shared), how="left", on=customer, validate="many_to_one")
    for name, one in left.items():
        raise UnknownNameError("column", name, frame.columns, where=f"{study.where(*one.keys)}; columns of {', '.join(str(file) for file in (study.source.file, *study.source.join))}")
    return StudyRows(frame.reset_index(drop=True), notes, aside)


def keep_aside(study: Study, use: str, rows: StudyRows, lake) -> list[str]:
    """Keep what was set aside for this use in the lake's quarantine; what is told of it, in sentences: who may not see the cells is not told where they are."""
    try:
        keep_set_aside(lake.path, study.name, use, rows.aside.frame)
    except CemError as error:
        # a page that is read by others than the owner is shown all the same
        return [*rows.aside.sentences, f"{error.what} ({error.came or error.todo})"]
    where = [f"What is set aside lies with its reason, file and row in the lake's quarantine: lake.set_aside({study.name!r})."]
    return [*rows.aside.sentences, *(where if rows.aside.sentences and rows.aside.shows_cells else [])]


def _read(study: Study, name: str, customer: str, aside: SetAside) -> CsvFile:
    told = study.source
    file = read_csv_file(study.path.parent / name, name, customer, aside, delimiter=told.delimiter, encoding=told.encoding, most=study.most_set_aside)
    if customer not in file.frame.columns:
        raise UnknownNameError("column", customer, file.frame.columns, where=f"{study.where('source', 'customer')}; columns of {file.how}")
    return file


def _with_numbers(study: Study, file: CsvFile, asked: Mapping[str, Asked], aside: SetAside, taken: pd.Index | None = None) -> tuple[pd.DataFrame, dict[str, Asked]]:
    """The frame of a file with its numbers read, and what is still asked for of other files."""
    here = {name: one for name, one in asked.items() if name in file.frame.columns and (taken is None or name not in taken)}
    decimal = study.source.decimal or tell_decimal(file.frame, list(here), file.name, shows_cells=aside.shows_cells)
    cells = file.as_text(list(here)) if decimal == "," else file.frame
    read = {name: read_numbers_of(cells[name], one, file.name, aside, decimal=decimal, most=study.most_set_aside) for name, one in here.items()}
    return file.frame.assign(**read), {name: one for name, one in asked.items() if name not in here}


def _differ(one: pd.Series, other: pd.Series) -> bool:
    both = one.notna() & other.notna()
    if any(pd.api.types.is_numeric_dtype(values) for values in (one, other)):
        left, right = (pd.to_numeric(values[both], errors="coerce") for values in (one, other))
        return bool(((left != right) & left.notna()).any())
    return bool((one[both].astype(str) != other[both].astype(str)).any())
