"""The rows of a study's CSV files: joined by the customer, and numbers read from what may not be one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.errors import ParameterError, UnknownNameError, hide_identifiers
from cemlib.usecases.studies.study import Study

__all__ = ["read_numbers_of", "read_study_files"]

#: What stands for a missing value.
_MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null")


def read_study_files(study: Study) -> tuple[pd.DataFrame, list[str]]:
    """Read the file of a study, and those that are joined to it.

    Returns
    -------
    DataFrame, list of str
        The rows of the first file with the columns of all, the customers as text; and what did not fit together. A column that stands in several files
        is that of the first.

    Raises
    ------
    ParameterError
        A file cannot be read, or a customer stands twice in one that is joined.
    UnknownNameError
        A file has no such column of rating or customer.
    """
    customer, notes = str(study.source.customer), []
    frame = _read(study, str(study.source.file), customer)
    for name in study.source.join:
        other = _read(study, name, customer).dropna(subset=[customer])
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
    if study.source.rating and study.source.rating not in frame.columns:
        raise UnknownNameError("column", study.source.rating, frame.columns, where=str(study.source.file))
    return frame, notes


def _read(study: Study, name: str, customer: str) -> pd.DataFrame:
    try:
        # 007 is another customer than 7, and "None" is what many systems write of who has none of something
        frame = pd.read_csv(study.path.parent / name, dtype={customer: "str"}, keep_default_na=False, na_values=_MISSING)
    except (OSError, ValueError) as error:
        raise ParameterError("The file of a study cannot be read.", came=str(error)[:120], where=name) from error
    if customer not in frame.columns:
        raise UnknownNameError("column", customer, frame.columns, where=name)
    return frame


def _differ(one: pd.Series, other: pd.Series) -> bool:
    both = one.notna() & other.notna()
    are_numbers = all(pd.api.types.is_numeric_dtype(values) for values in (one, other))
    left, right = (values[both] if are_numbers else values[both].astype(str) for values in (one, other))
    return bool((left != right).any())


def read_numbers_of(column: pd.Series, label: str, low: float | None = None, high: float | None = None) -> tuple[pd.Series, list[str]]:
    """Numbers of a column; what is none, or lies outside of the scale, is missing and counted.

    Parameters
    ----------
    column : Series
    label : str
        What the notes call it.
    low, high : float, optional
        The scale, both ends included.

    Raises
    ------
    ParameterError
        Not one value is a number.

    Examples
    --------
    >>> numbers, notes = read_numbers_of(pd.Series(["4", "1, 3", None, "19"]), "Satisfaction", 1, 5)
    >>> numbers.tolist()
    [4.0, nan, nan, nan]
    >>> notes
    ['Satisfaction: 1 of 3 is no number (“1, 3”) and is left out.', 'Satisfaction: 1 of 3 is not within 1 – 5 (“19”) and is left out.']
    """
    given = column.notna() & (column.astype(str).str.strip() != "")
    numbers = pd.to_numeric(column.where(given), errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
    bad = given & numbers.isna()
    if bad.any() and bad.sum() == given.sum():
        raise ParameterError(f"{label} has no numbers.", wanted="numbers", came=_first(column[bad]), where=f"column {column.name}")
    outside = (numbers < (-np.inf if low is None else low)) | (numbers > (np.inf if high is None else high))
    notes = _note(label, column[bad], int(given.sum()), "no number") + _note(label, column[outside], int(given.sum()), f"not within {_bound(low)} – {_bound(high)}")
    return numbers.mask(outside), notes


def _note(label: str, values: pd.Series, n: int, what: str) -> list[str]:
    if values.empty:
        return []
    verb = "is" if len(values) == 1 else "are"
    return [f"{label}: {len(values):,} of {n:,} {verb} {what} ({_first(values)}) and {verb} left out."]


def _first(values: pd.Series) -> str:
    # a few words of what was found: never a whole answer, nor a number of a person
    return ", ".join(f"“{hide_identifiers(str(one))[:20]}”" for one in values.drop_duplicates().head(3))


def _bound(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"
