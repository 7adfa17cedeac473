"""Reading lines: each is a record or a rejected one, with its number and text; damaged files are refused in clear words."""

from __future__ import annotations

import codecs
import csv
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.errors import HeaderChangedError, SourceError
from cemlib.sources import Mapping, Rating, delimited
from cemlib.sources.delimited import read_delimited

MAPPING = {
    "code": "votes", "title": "votes", "tables": ["survey_answer"],
    "columns": {"when": {"to": "occurred_at", "required": True}, "score": {"to": "score_value", "required": True, "range": [1, 5]},
                "who": "operator_name"},
    "constants": {"question_code": "call_rating_5"},
}
DAY = "2026-03-02T08:00:00Z"


def source(path, **changes) -> Rating:
    return Rating(path, mapping=Mapping.model_validate({**MAPPING, **changes}))


def write(tmp_path, content: bytes, name="votes.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def reasons(rejected) -> list[tuple[int, str]]:
    return [(one["line"], one["reason_code"]) for one in rejected]


def test_lines_are_counted_as_an_editor_does(tmp_path, door, read_all):
    # line 3 is blank: no record; lines 4, 5, 6, 8 are bad; 7 is fine
    text = f'when,score,who\n{DAY},1,A\n\n{DAY},2\n{DAY},3,B,C\n{DAY},4,"B\n{DAY},5,"B, C"\n{DAY},4,B"\n{DAY},4,D'
    tables, rejected, batches = read_all(source(write(tmp_path, text.encode())), door)
    assert reasons(rejected) == [(4, "too_few_columns"), (5, "too_many_columns"), (6, "broken_quotes"), (8, "broken_quotes")]
    assert rejected[2]["raw"] == f'{DAY},4,"B'
    assert tables["survey_answer"].column("operator_name").to_pylist() == ["A", "B, C", "D"]
    assert sum(one.records for one in batches) == 7


def test_windows_line_ends_a_mark_and_a_last_line_without_end(tmp_path, door, read_all):
    text = codecs.BOM_UTF8 + f"who,score,when\r\nA,1,{DAY}\r\n\r\nB,2,{DAY}".encode()
    tables, rejected, batches = read_all(source(write(tmp_path, text)), door)
    assert not rejected
    assert tables["survey_answer"].column("score_value").to_pylist() == [1.0, 2.0]  # another order of columns is fine
    assert len(batches) == 1


def test_cells_over_several_lines_when_the_mapping_says_so(tmp_path, door, read_all):
    text = f'when,score,who\n{DAY},1,"A\nB"\n{DAY},2,"C\nD\n{DAY},3,E\n'.encode()
    path = write(tmp_path, text)
    tables, rejected, _ = read_all(source(path, multiline_cells=True), door)
    assert tables["survey_answer"].column("operator_name").to_pylist() == ["A\nB", "E"]
    assert reasons(rejected) == [(4, "broken_quotes"), (5, "too_few_columns")]
    _, rejected, _ = read_all(source(path), door)
    assert reasons(rejected) == [(2, "broken_quotes"), (3, "broken_quotes"), (4, "broken_quotes"), (5, "too_few_columns")]


@pytest.mark.parametrize("multiline", [False, True])
def test_blocks_and_batches_do_not_change_the_result(tmp_path, door, read_all, monkeypatch, multiline):
    rows = "".join(f'{DAY},{1 + at % 5},"P{at}\n{at}"\n' if multiline and at % 7 == 0 else f"{DAY},{at % 6},P{at}\n" for at in range(300))
    path = write(tmp_path, ("when,score,who\n" + rows).encode())
    whole = read_all(source(path, multiline_cells=multiline), door)
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 1500)
    monkeypatch.setattr(delimited, "BATCH_RECORDS", 20)
    parts = read_all(source(path, multiline_cells=multiline), door)
    assert len(parts[2]) > 5
    assert parts[0] == whole[0]
    assert parts[1] == whole[1]


def test_control_characters_are_told(tmp_path, door, read_all):
    path = write(tmp_path, f"when,score,who\n{DAY},1,A\rB\n{DAY},1,A\x00B\n{DAY},1,C\r\n".encode())
    tables, rejected, _ = read_all(source(path), door)
    assert reasons(rejected) == [(2, "control_character"), (3, "control_character")]
    assert tables["survey_answer"].column("operator_name").to_pylist() == ["C"]


def test_broken_bytes_are_rejected_or_kept_marked_and_counted(tmp_path, door, read_all):
    path = write(tmp_path, b"when,score,who\n" + DAY.encode() + b",1,A\xff\xfe\n" + DAY.encode() + ",2,Ä\n".encode())
    tables, rejected, _ = read_all(source(path), door)
    assert reasons(rejected) == [(2, "broken_bytes")]
    assert rejected[0]["raw"] == DAY + ",1,A\\xff\\xfe"
    tables, rejected, batches = read_all(source(path, broken_bytes="replace"), door)
    assert tables["survey_answer"].column("operator_name").to_pylist() == ["A\ufffd\ufffd", "Ä"]
    assert batches[0].repaired == {"broken_bytes": 1}
    assert not rejected


def test_another_encoding(tmp_path, door, read_all):
    path = write(tmp_path, f"when,score,who\n{DAY},1,中国移动\n".encode("gb18030"))
    tables, _, _ = read_all(source(path, encoding="gb18030"), door)
    assert tables["survey_answer"].column("operator_name").to_pylist() == ["中国移动"]


def test_an_exact_repetition_is_a_duplicate_also_across_batches(tmp_path, door, read_all, monkeypatch):
    monkeypatch.setattr(delimited, "BATCH_RECORDS", 2)
    text = f"when,score,who\n{DAY},1,A\n{DAY},1,A\n{DAY},2,B\n{DAY},1,A\n{DAY},9,B\n{DAY},9,B\n"
    tables, rejected, _ = read_all(source(write(tmp_path, text.encode())), door)
    assert tables["survey_answer"].num_rows == 2
    # a bad record stays bad, however often it comes
    assert reasons(rejected) == [(3, "duplicate"), (5, "duplicate"), (6, "out_of_range"), (7, "out_of_range")]


def test_distinct_repetitions_have_ids_of_their_own_and_the_same_when_read_again(tmp_path, door, read_all, monkeypatch):
    text = f"when,score,who\n{DAY},1,A\n{DAY},1,A\n{DAY},2,B\n{DAY},1,A\n"
    path = write(tmp_path, text.encode())
    whole = read_all(source(path, repeated_lines="distinct"), door)[0]["survey_answer"].column("record_id").to_pylist()
    assert len(set(whole)) == 4
    monkeypatch.setattr(delimited, "BATCH_RECORDS", 1)
    again = read_all(source(path, repeated_lines="distinct"), door)[0]["survey_answer"].column("record_id").to_pylist()
    assert again == whole


def test_the_same_record_in_two_files_has_the_same_id_whatever_the_order_of_columns(tmp_path, door, read_all):
    one = write(tmp_path, f"when,score,who\n{DAY},1,A\n".encode(), "one.csv")
    two = write(tmp_path, f"who,when,score\nB,{DAY},1\nA,{DAY},1\n".encode(), "two.csv")
    first = read_all(source(one), door)[0]["survey_answer"].column("record_id").to_pylist()
    second = read_all(source(two), door)[0]["survey_answer"].column("record_id").to_pylist()
    assert first == second[1:]
    assert len(first[0]) == 32


@pytest.mark.parametrize(("content", "name", "told"), [
    (b"", "votes.csv", "empty"),
    (b"\n \n", "votes.csv", "empty"),
    (b"PK\x03\x04rest\n", "votes.csv", "ZIP"),
    ("when,score,who\n".encode("utf-16"), "votes.csv", "UTF-16"),
    (b"\x7fELF\x00\x01\n", "votes.csv", "binary"),
    (b"when,score,who\n", "votes.csv.gz", "not compressed"),
    (b"PAR1 but no more", "votes.csv", "no Parquet"),
    (b"when,score,who\n", "votes.parquet", "no Parquet"),
    (b"\xff\xfa,score,who\nx\n", "votes.csv", "header cannot be read"),
])
def test_a_file_that_is_something_else_is_refused(tmp_path, door, content, name, told):
    path = write(tmp_path, content, name)
    with pytest.raises(SourceError, match=told):
        list(source(path).read(path, door))


@pytest.mark.parametrize("cut", [-4, -9, 40])
def test_a_truncated_gzip_is_refused(tmp_path, door, cut):
    text = "when,score,who\n" + "".join(f"{DAY},3,P{at}\n" for at in range(500))
    path = write(tmp_path, gzip.compress(text.encode())[:cut], "votes.csv.gz")
    with pytest.raises(SourceError, match="cut off or damaged"):
        list(source(path).read(path, door))


def test_a_damaged_gzip_is_refused(tmp_path, door):
    packed = bytearray(gzip.compress(b"when,score,who\n" + b"x,y,z\n" * 500))
    packed[30] ^= 0xFF
    path = write(tmp_path, bytes(packed), "votes.csv.gz")
    with pytest.raises(SourceError, match="cut off or damaged"):
        list(source(path).read(path, door))


def test_a_truncated_parquet_is_refused(tmp_path, door):
    path = tmp_path / "votes.parquet"
    pq.write_table(pa.table({"when": [DAY], "score": [1], "who": ["A"]}), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SourceError, match="no Parquet file, or it is cut off"):
        list(source(path).read(path, door))


def test_a_header_without_records_is_a_quiet_day(tmp_path, door, read_all):
    tables, rejected, batches = read_all(source(write(tmp_path, b"when,score,who\n")), door)
    assert tables["survey_answer"].num_rows == 0
    assert not rejected
    assert batches[0].records == 0


def test_a_changed_header_names_missing_unknown_and_nearest(tmp_path, door):
    path = write(tmp_path, b"when,scores,who,extra\n")
    with pytest.raises(HeaderChangedError) as caught:
        list(source(path).read(path, door))
    assert caught.value.came == "missing: score; unknown: scores, extra"
    assert "'scores' may be what was 'score'" in caught.value.todo
    path = write(tmp_path, b"when;score;who\n")
    with pytest.raises(HeaderChangedError) as caught:
        list(source(path).read(path, door))
    assert "delimiter seems to be ';'" in caught.value.todo
    path = write(tmp_path, b"when,score,who,who\n")
    with pytest.raises(HeaderChangedError, match="header") as caught:
        list(source(path).read(path, door))
    assert "named twice: who" in caught.value.came


def test_no_file_is_told_in_clear_words(tmp_path, door):
    with pytest.raises(SourceError, match="no such file"):
        source(tmp_path / "nothing.csv").files()
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(SourceError, match="holds no file") as caught:
        source(tmp_path).files()
    assert "readme.txt" in caught.value.came


def test_files_are_sorted_each_once_and_found_in_the_folder_of_the_connector(tmp_path):
    from cemlib.sources import RoamingSignalling

    place = tmp_path / "roaming_signalling"
    place.mkdir()
    names = ["signalling_20260302.csv.gz", "signalling_20260301.csv.gz"]
    for name in [*names, "signalling_20260303.csv.gz.part"]:
        (place / name).touch()
    found = RoamingSignalling(tmp_path, place / names[0]).files()
    assert [one.name for one in found] == sorted(names)


@settings(max_examples=60)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=8), min_size=1, max_size=5), max_size=12))
def test_every_line_is_cut_as_the_csv_module_cuts_it_or_is_malformed(tmp_path_factory, rows):
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([["when", "score", "who"], *rows])
    path = tmp_path_factory.mktemp("any") / "votes.csv"
    path.write_bytes(buffer.getvalue().encode())
    _, batches = read_delimited(path, Mapping.model_validate(MAPPING))
    batches = list(batches)
    found = {line: list(row.values()) for one in batches for line, row in zip(one.lines.tolist(), one.cells.to_pylist())}
    # csv.writer quotes a lone empty cell, so no written row is a blank line
    wanted = {line: row for line, row in enumerate(rows, 2) if len(row) == 3}
    assert found == wanted
    assert sorted(bad[0] for one in batches for bad in one.malformed) == [line for line, row in enumerate(rows, 2) if len(row) != 3]
