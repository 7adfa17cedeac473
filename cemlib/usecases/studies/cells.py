"""Numbers of a study's columns: what is none, or lies outside of its scale, is set aside with its reason and never lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cemlib.errors import ParameterError, hide_identifiers
from cemlib.privacy import may_see_records

__all__ = ["ANSWERS", "MISSING_VALUE", "Asked", "SetAside", "read_numbers_of", "shown_value"]

#: Several numbers in one cell: "1, 3", "2-3", "4 or 5".
_SEVERAL = r"\s*\d+(?:\.\d+)?(?:\s*(?:[,;/|–-]|and|or|to|\s)\s*\d+(?:\.\d+)?)+\s*"
_WITH_COMMA = r"\s*[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+\s*|\s*[+-]?\d{1,3}(?:\.\d{3})+\s*"
#: A longer answer may be somebody's own words: of those the length is told alone.
_LONGEST = 12
MISSING_VALUE, ANSWERS, VALUES = "missing_value", "answers", "values"
_COLUMNS = ["file_name", "line", "column", "reason_code", "reason", "raw"]


@dataclass(frozen=True)
class Asked:
    """A column of numbers that a study asks for.

    Attributes
    ----------
    label : str
    low, high : float, optional
        The scale, both ends included.
    noun : str
        What one cell is: ``ANSWERS`` or values.
    is_rating : bool
        Whether a row without it is left out: then empty cells are set aside and told too, apart from the answers.
    keys : tuple of str
        Where the study's file asks for it.
    """

    label: str
    low: float | None = None
    high: float | None = None
    noun: str = VALUES
    is_rating: bool = False
    keys: tuple[str | int, ...] = ()

    def within(self, other: Asked) -> Asked:
        """The same column, asked for by another too: both scales hold.

        Examples
        --------
        >>> Asked("Recommends", 0, 10, ANSWERS).within(Asked("Mean", high=9)).scale
        '0 to 9'
        """
        low = max((one for one in (self.low, other.low) if one is not None), default=None)
        high = min((one for one in (self.high, other.high) if one is not None), default=None)
        return replace(self, low=low, high=high, noun=ANSWERS if ANSWERS in (self.noun, other.noun) else VALUES)

    @property
    def scale(self) -> str:
        """The scale in words."""
        if self.high is None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.low is None else f"{self.low:g} to {self.high:g}"


class SetAside:
    """The cells of a study that cannot be used, in the order in which they were found.

    Parameters
    ----------
    role : str, optional
        Of whom it is told: a manager reads how many for which reason, neither a cell nor its row. They are somebody's answer.

    Attributes
    ----------
    shows_cells : bool
        Whether sentences, and errors, may tell a cell and its row.
    sentences : list of str
        What is told of them, a sentence a column.

    Examples
    --------
    >>> aside = SetAside()
    >>> cells = pd.Series(["4", "1, 3", None, "19"], index=[2, 3, 4, 5], name="Score")
    >>> read_numbers_of(cells, Asked("Satisfaction", 1, 5, ANSWERS), "survey.csv", aside, most=0.9).tolist()
    [4.0, nan, nan, nan]
    >>> aside.sentences
    ['Satisfaction: 2 of 3 answers are set aside: 1 several numbers in one (“1, 3” in row 3), 1 out of the scale 1 to 5 (“19” in row 5).']
    >>> aside.frame[["line", "column", "reason_code"]].values.tolist()
    [[3, 'Score', 'several_numbers'], [5, 'Score', 'out_of_range']]
    >>> aside = SetAside("manager")
    >>> read_numbers_of(cells, Asked("Satisfaction", 1, 5, ANSWERS), "survey.csv", aside, most=0.9).tolist()
    [4.0, nan, nan, nan]
    >>> aside.sentences
    ['Satisfaction: 2 of 3 answers are set aside: 1 several numbers in one, 1 out of the scale 1 to 5.']
    """

    def __init__(self, role: str | None = None) -> None:
        self.shows_cells = may_see_records(role)
        self.sentences: list[str] = []
        self._parts: list[pd.DataFrame] = []

    def add(self, file: str, cells: pd.Series, code: str, reason: str) -> None:
        """Set cells aside: their index is the row, their name the column."""
        if len(cells):
            raw = cells.astype(object).where(cells.notna(), "").map(lambda one: hide_identifiers(str(one))[:200])
            self._parts.append(pd.DataFrame({"file_name": file, "line": cells.index, "column": str(cells.name), "reason_code": code, "reason": reason, "raw": raw.to_numpy()}))

    @property
    def frame(self) -> pd.DataFrame:
        """All of them: file_name, line (the row, the header being the first), column, reason_code, reason, raw without what may be a number of a person."""
        return pd.concat(self._parts, ignore_index=True) if self._parts else pd.DataFrame(columns=_COLUMNS)

    @property
    def counts(self) -> pd.DataFrame:
        """How many of each file and column for which reason, and the first row of them where rows may be told."""
        by = self.frame.groupby(["file_name", "column", "reason_code", "reason"], sort=False)["line"]
        return by.agg(**{"n": "size"} | ({"first_row": "min"} if self.shows_cells else {})).reset_index()

    def place_of(self, cells: pd.Series, *, is_empty: bool = False) -> str:
        """The first of these cells and its row, in brackets; nothing where they may not be told."""
        if not self.shows_cells:
            return ""
        shown = "" if is_empty else f"{shown_value(cells.iloc[0])} in "
        return f" ({shown}row {cells.index[0]}{', the first' if len(cells) > 1 else ''})"


def shown_value(value: object) -> str:
    """A cell as it may be told: short ones as they are, of a longer one its length.

    Examples
    --------
    >>> shown_value("1, 3"), shown_value("Ann was very rude to me"), shown_value("999010000000012")
    ('“1, 3”', 'a text of 23 characters', '“…”')
    """
    text = hide_identifiers(str(value))
    return f"“{text}”" if len(text) <= _LONGEST else f"a text of {len(text)} characters"


def read_numbers_of(column: pd.Series, asked: Asked, file: str, aside: SetAside, *, decimal: str = ".", most: float = 0.1) -> pd.Series:
    """Numbers of a column; what is none, or lies outside of the scale, is missing and set aside.

    Parameters
    ----------
    column : Series
        By row of its file.
    asked : Asked
    file : str
    aside : SetAside
        Gets the cells that cannot be used.
    decimal : str
        The sign before the decimals: ``.`` or ``,``. Of answers that are mostly whole numbers "1,3" is two all the same.
    most : float
        Share of the cells that hold something which may be set aside.

    Raises
    ------
    ParameterError
        More cannot be used than ``most``, or nothing is left.
    """
    is_text = not pd.api.types.is_numeric_dtype(column)
    given = column.notna()
    if is_text:
        given &= column.map(lambda one: bool(str(one).strip()), na_action="ignore").fillna(False).astype(bool)
    if asked.noun == ANSWERS and (is_text or pd.api.types.is_bool_dtype(column)):
        # True is an answer, but not the number 1
        column = column.astype(object).map(lambda one: str(one) if isinstance(one, bool) else one)
    numbers = _as_numbers(column.where(given), decimal)
    if is_text and decimal == "," and asked.noun == ANSWERS:
        numbers = numbers.mask(_several_answers(column.where(given)))
    bad = given & numbers.isna()
    several = bad.mask(bad, column[bad].astype(str).str.fullmatch(_SEVERAL)).astype(bool)
    outside = (numbers < (-np.inf if asked.low is None else asked.low)) | (numbers > (np.inf if asked.high is None else asked.high))
    found = [("bad_number", "no number", bad & ~several), ("several_numbers", "several numbers in one", several), ("out_of_range", f"out of the scale {asked.scale}" if outside.any() else "", outside)]
    told = []
    for code, reason, mask in found:
        if mask.any():
            cells = column[mask]
            aside.add(file, cells, code, reason)
            told.append(f"{len(cells):,} {reason}{aside.place_of(cells)}")
    unread, n = int((bad | outside).sum()), int(given.sum())
    _refuse_too_many(column, asked, file, told, unread, n, most)
    if told:
        aside.sentences.append(f"{asked.label}: {unread:,} of {n:,} {asked.noun} {'is' if unread == 1 else 'are'} set aside: {', '.join(told)}.")
    if asked.is_rating and n < len(column):
        # an empty cell is no answer: it is told apart, whatever the answers are
        empty = column[~given]
        aside.add(file, empty, MISSING_VALUE, "empty")
        aside.sentences.append(f"{asked.label}: {len(empty):,} of {len(column):,} rows {'has' if len(empty) == 1 else 'have'} no answer{aside.place_of(empty, is_empty=True)}.")
    return numbers.mask(outside)


def _as_numbers(column: pd.Series, decimal: str) -> pd.Series:
    if decimal == "," and not pd.api.types.is_numeric_dtype(column):
        texts = column.astype(object)
        # 1.234,5 is told with its thousands; 3.5 is no number where decimals have a comma
        told = texts.map(lambda one: str(one).strip(), na_action="ignore").astype("str")
        with_comma = told.str.fullmatch(_WITH_COMMA).fillna(False).astype(bool)
        column = told.mask(with_comma, told.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)).where(with_comma | ~told.str.contains(".", regex=False).fillna(False).astype(bool))
    return pd.to_numeric(column, errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)


def _several_answers(column: pd.Series) -> pd.Series:
    """Which cells with a comma are several answers: all, where most of the column's are whole numbers, whatever its file has before the decimals of other columns."""
    texts = column.dropna().astype(str).str.strip()
    with_comma = texts.str.fullmatch(_WITH_COMMA) & texts.str.contains(",", regex=False)
    is_whole = texts.str.fullmatch(r"[+-]?\d+").sum() > with_comma.sum()
    return (with_comma & is_whole).reindex(column.index, fill_value=False).astype(bool)


def _refuse_too_many(column: pd.Series, asked: Asked, file: str, told: Sequence[str], unread: int, n: int, most: float) -> None:
    if unread == 0 or (unread <= most * n and unread < n):
        return
    where = f"{file}, column {column.name}"
    todo = "Check that the study names the right column, its scale and `decimal`; correct the file, or say more in `most_set_aside` of the study."
    if unread == n:
        raise ParameterError(f"{asked.label} has no numbers.", wanted="numbers" + (f" {asked.scale}" if (asked.low, asked.high) != (None, None) else ""), came=f"{n:,} {asked.noun}: {', '.join(told)}", where=where, todo=todo)
    raise ParameterError(f"{asked.label}: too many {asked.noun} cannot be read.", wanted=f"at most {100 * most:g} % of them", came=f"{unread:,} of {n:,} ({100 * unread / n:.0f} %): {', '.join(told)}", where=where, todo=todo)
