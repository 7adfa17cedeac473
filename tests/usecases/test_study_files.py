"""The files of a study as real systems write them: other delimiters, decimals and encodings, rows that are too long, and what is set aside."""

from __future__ import annotations

import gzip
import math
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.lake import keep_set_aside
from cemlib.lake.set_aside import read_set_aside
from cemlib.usecases.studies.cells import ANSWERS, Asked, SetAside, read_numbers_of
from cemlib.usecases.studies.files import StudyRows, read_study_files
from cemlib.usecases.studies.study import Study

ASKED = {"Note": Asked("Satisfaction", 1, 5, ANSWERS, is_rating=True), "Débit": Asked("Speed")}
HEADER, ROWS = ("Client", "Note", "Débit", "Ville"), (("007", "4", "7.5", "Orléans"), ("8", "5", "12.25", "Nîmes"), ("9", "3", "8", "Paris"))


def read(folder, content: bytes, asked=ASKED, role=None, **source) -> StudyRows:
    """The rows of one file."""
    (folder / "a.csv").write_bytes(content)
    told = {"name": "a", "path": folder / "a.yaml", "title": "A", "source": {"file": "a.csv", "customer": "Client", "rating": "Note", **source},
            "features": {"Débit": {"label": "Speed", "lever": "percent"}}, "edges": ["Débit -> outcome"]}
    return read_study_files(Study.model_validate(told), asked, role)


def written(delimiter: str = ",", decimal: str = ".", rows=ROWS) -> str:
    """The file as a system with these signs writes it."""
    return "\n".join(delimiter.join(cell.replace(".", decimal) for cell in row) for row in (HEADER, *rows)) + "\n"


WAYS = {"commas": (",", ".", "utf-8"), "semicolons": (";", ".", "utf-8"), "semicolons and decimal commas": (";", ",", "utf-8"), "tabs": ("\t", ",", "utf-8"), "mark of UTF-8": (";", ",", "utf-8-sig"),
        "UTF-16 with its mark": ("\t", ",", "utf-16"), "upright lines": ("|", ".", "utf-8")}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_shows_how_it_is_written(tmp_path, way):
    delimiter, decimal, encoding = WAYS[way]
    for content in ((text := written(delimiter, decimal).encode(encoding)), gzip.compress(text), written(delimiter, decimal).replace("\n", "\r\n").encode(encoding)):
        found = read(tmp_path, content)
        assert found.frame["Client"].tolist() == ["007", "8", "9"]
        assert found.frame["Débit"].tolist() == [7.5, 12.25, 8]
        assert found.frame["Ville"].tolist() == ["Orléans", "Nîmes", "Paris"]
        assert (found.notes, found.aside.sentences) == ([], [])


def test_an_encoding_is_never_guessed_and_the_error_says_what_was_seen(tmp_path):
    content = written(";", ",").replace("Débit", "Debit").encode("cp1252")
    asked = {"Note": ASKED["Note"], "Debit": ASKED["Débit"]}
    with pytest.raises(ParameterError) as told:
        read(tmp_path, content, asked)
    # the é of Orléans in the second row
    assert told.value.came == "the byte 0xE9 (in cp1252 that is “é”)"
    assert told.value.where == "a.csv, row 2"
    assert "encoding: cp1252" in told.value.todo
    assert read(tmp_path, content, asked, encoding="cp1252").frame["Ville"].tolist() == ["Orléans", "Nîmes", "Paris"]
    with pytest.raises(ParameterError, match="no such encoding"):
        read(tmp_path, content, asked, encoding="cp-1252x")
    plain = written().replace("é", "e").replace("î", "i")
    with pytest.raises(ParameterError, match="UTF-16") as told:
        read(tmp_path, plain.encode("utf-16-le"))
    assert "encoding: utf-16-le" in told.value.todo
    assert read(tmp_path, plain.encode("utf-16-le"), {"Debit": ASKED["Débit"]}, encoding="utf-16-le").frame["Debit"].tolist() == [7.5, 12.25, 8]
    with pytest.raises(ParameterError, match="NUL"):
        read(tmp_path, written().encode() + b"8,4,\x00,x\n")


@pytest.mark.parametrize(("content", "said"), [
    (b"", "empty"), (b"\n\n", "empty"), (b"PK\x03\x04 and so on", "spreadsheet"), (b"%PDF-1.7", "PDF"), (b"\x1f\x8bbroken", "cannot be read"), (b"Client,Note,Note\n1,2,3\n", "one name"),
    ('Client,Note,Débit\n1,4,"5\n2,4,5\n'.encode(), "cut into cells"), (("Client,Note,Débit\n" + "1,4,5,5\n" * 3).encode(), "more cells than its header")],
    ids=["nothing", "blank lines", "spreadsheet", "PDF", "broken gzip", "a name twice", "open quote", "long rows"])
def test_a_file_that_is_none_is_an_error(tmp_path, content, said):
    with pytest.raises(ParameterError) as told:
        read(tmp_path, content)
    assert said in str(told.value)
    assert "a.csv" in told.value.where


def test_a_misspelt_column_names_the_file_and_how_it_was_cut(tmp_path):
    with pytest.raises(UnknownNameError) as told:
        read(tmp_path, written(";").replace("Client", "Clinet").encode())
    assert told.value.near == ["Clinet"]
    assert told.value.where == "study a: source > customer; columns of a.csv, row 1, cut at a semicolon"


def test_commas_that_may_mean_two_things_are_asked_for(tmp_path):
    # every comma stands before three digits: thousands or decimals
    rows = [(str(one), "4", f"{one},250", "x") for one in range(1, 4)]
    content = written(";", rows=rows).encode()
    with pytest.raises(ParameterError, match="decimals or between thousands") as told:
        read(tmp_path, content)
    assert "“1,250” in column Débit" in told.value.came
    assert read(tmp_path, content, decimal=",").frame["Débit"].tolist() == [1.25, 2.25, 3.25]
    mixed = "Client;Note;Débit\n1;4,5;1.5\n2;3,5;2.5\n".encode()
    with pytest.raises(ParameterError, match="cannot be told") as told:
        read(tmp_path, mixed)
    assert told.value.came == "commas in Note, points in Débit"
    # a point between thousands beside a comma before decimals
    told = read(tmp_path, "Client;Note;Débit\n1;4,5;1.500\n2;3,5;2.250,5\n3;5;7\n".encode(), decimal=",")
    assert told.frame["Débit"].tolist() == [1500, 2250.5, 7]


def test_a_comma_in_one_answer_is_two_answers(tmp_path):
    rows = [*((str(one), "4", "7.5", "x") for one in range(40)), ("40", "1,3", "8.5", "x")]
    found = read(tmp_path, written(";", rows=rows).encode())
    assert math.isnan(found.frame["Note"].iloc[-1])
    assert found.aside.sentences == ["Satisfaction: 1 of 41 answers is set aside: 1 several numbers in one (“1,3” in row 42)."]


@pytest.mark.parametrize("told", [{}, {"decimal": ","}], ids=["seen", "told"])
def test_the_decimal_commas_of_speeds_say_nothing_of_whole_answers(tmp_path, told):
    rows = [*((str(one), str(1 + one % 5), f"{one},5", "x") for one in range(40)), ("40", "1,3", "8,5", "x"), ("41", "2,5", "9", "x"), ("42", "1, 3", "1,25", "x"), ("43", "", "2,5", "x")]
    found = read(tmp_path, written(";", rows=rows).encode(), **told)
    assert found.frame["Débit"].tolist() == [*(one + 0.5 for one in range(40)), 8.5, 9, 1.25, 2.5]
    assert found.frame["Note"].head(40).tolist() == [1, 2, 3, 4, 5] * 8
    assert found.frame["Note"].tail(4).isna().all()
    frame = found.aside.frame
    assert frame.loc[frame["reason_code"] == "several_numbers", ["line", "raw"]].values.tolist() == [[42, "1,3"], [43, "2,5"], [44, "1, 3"]]
    # the mean of several questions has decimals in most rows: there a comma is one
    means = [(str(one), ("3,5", "4,25", "4")[one % 3], f"{one},5", "x") for one in range(30)]
    found = read(tmp_path, written(";", rows=means).encode(), **told)
    assert found.frame["Note"].tolist() == [3.5, 4.25, 4] * 10
    assert found.aside.sentences == []


def test_a_manager_is_told_no_cell_and_no_row(tmp_path):
    rows = [*((str(one), "4", "7.5", "x") for one in range(40)), ("40", "19", "8.5", "x"), ("41", "", "9", "x"), ("", "5", "9", "x")]
    long = written(";", rows=rows) + "43;4;5;x;more\n"
    found = read(tmp_path, long.encode(), role="manager")
    assert found.aside.sentences == ["a.csv: 1 of 44 rows have more cells than the header (4); they are set aside.", "Satisfaction: 1 of 42 answers is set aside: 1 out of the scale 1 to 5.",
                                     "Satisfaction: 1 of 43 rows has no answer."]
    assert found.notes == ["1 of 43 rows name no customer and are left out."]
    # the cells themselves are kept for others
    assert found.aside.frame["line"].tolist() == [45, 42, 43, 44]
    assert "first_row" not in found.aside.counts
    for content, said in ((written(";", rows=[*rows[:1], *rows[40:41]]), "1 of 2 (50 %): 1 out of the scale 1 to 5"), (written(";", rows=[("1", "4", "1,250", "x")]), "column Débit")):
        with pytest.raises(ParameterError) as error:
            read(tmp_path, content.encode(), role="manager")
        assert error.value.came == said


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path):
    text = '\nClient,Note,Débit,Ville\n1,4,5,"two\nlines"\n\n2,yes,5,x\n' + "".join(f"{one},4,5,x\n" for one in range(3, 30)) + "30,4,5,x,too,many\n"
    found = read(tmp_path, text.encode())
    # an empty row, the header, a row of two lines, an empty one: the answer stands in row 5
    assert found.aside.frame[["line", "column", "reason_code"]].values.tolist() == [[33, "", "too_many_columns"], [5, "Note", "bad_number"]]
    assert found.aside.sentences[0] == "a.csv: 1 of 30 rows have more cells than the header (4), the first is row 33; they are set aside."
    assert len(found.frame) == 29
    assert found.frame["Ville"].iloc[0] == "two\nlines"


def test_what_may_be_a_person_is_neither_told_nor_kept():
    aside = SetAside()
    cells = pd.Series(["+33 6 39 98 00 01", "ann@example.org", "999010000000012", "She said it was Ann Miller's fault"], name="Score", index=range(2, 6))
    with pytest.raises(ParameterError) as told:
        read_numbers_of(cells, Asked("Satisfaction", 1, 5, ANSWERS), "a.csv", aside)
    for person in ("39 98", "ann@", "99901", "Miller"):
        assert person not in str(told.value)
    for person in ("39 98", "ann@", "99901"):
        assert person not in str(aside.frame.values)


CELLS = st.lists(st.one_of(st.integers(-3, 9).map(str), st.floats(0, 6).map(lambda one: f"{one:.2f}"), st.sampled_from(["", " ", "yes", "1, 3", "2-3", "4 or 5", "None", "1e3", "inf", "True"]), st.none(),
                           st.text(max_size=5)), min_size=1, max_size=30)


@given(CELLS)
def test_every_cell_is_a_number_of_the_scale_or_is_told_why_not(cells):
    aside = SetAside()
    column = pd.Series(cells, index=range(2, 2 + len(cells)), name="Score", dtype=object)
    try:
        found = read_numbers_of(column, Asked("Satisfaction", 1, 5, ANSWERS, is_rating=True), "a.csv", aside, most=0.999)
    except ParameterError:
        assert all(one is None or not one.strip() or not _is_number(one) for one in cells)
        return
    frame = aside.frame
    assert found.dropna().between(1, 5).all()
    # none is lost, none is counted twice
    assert sorted([*frame["line"], *found.dropna().index]) == column.index.tolist()
    empty = frame.loc[frame["reason_code"] == "missing_value", "line"]
    assert all(column[one] is None or not column[one].strip() for one in empty)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r" *[+-]?[0-9]+(\.[0-9]+)? *", text)) and 1 <= float(text) <= 5


def test_the_quarantine_of_a_study_is_sealed_and_of_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_KEY", "one secret of the owner alone")
    aside = SetAside()
    aside.add("a.csv", pd.Series(["quite unheard of"], index=[7], name="Score"), "bad_number", "no number")
    keep_set_aside(tmp_path, "mine", "levers", aside.frame)
    (kept,) = (tmp_path / "quarantine" / "studies").iterdir()
    assert (kept.name, kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == ("mine-levers.quarantine", 0o600, 0o700)
    assert b"unheard" not in kept.read_bytes()
    assert read_set_aside(tmp_path, "mine").to_dict("records") == [{"file_name": "a.csv", "line": 7, "column": "Score", "reason_code": "bad_number", "reason": "no number", "raw": "quite unheard of"}]
    # the same again is not written anew
    before = kept.stat().st_ino
    keep_set_aside(tmp_path, "mine", "levers", aside.frame)
    assert kept.stat().st_ino == before
    # what another secret sealed is replaced
    monkeypatch.setenv("CEM_KEY", "another secret of another owner")
    keep_set_aside(tmp_path, "mine", "levers", aside.frame)
    assert read_set_aside(tmp_path, "mine")["raw"].tolist() == ["quite unheard of"]
    # another use reads other columns: what both set aside is there once, and of another study whose name begins like it nothing
    aside.add("a.csv", pd.Series(["no"], index=[3], name="Left"), "bad_number", "no number")
    keep_set_aside(tmp_path, "mine", "segments", aside.frame)
    keep_set_aside(tmp_path, "mine_too", "segments", aside.frame.assign(line=99))
    assert read_set_aside(tmp_path, "mine")["line"].tolist() == [7, 3]
    keep_set_aside(tmp_path, "mine", "levers", aside.frame.iloc[:0])
    assert not kept.exists()
    assert read_set_aside(tmp_path, "mine")["line"].tolist() == [7, 3]
