"""Files that are not what they should be, through a real connector into a lake: each is told in clear words, and the lake stays readable."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cemlib.lake import open_lake
from cemlib.sources import Door, Mapping, Rating

MAPPING = {
    "code": "votes", "title": "votes", "tables": ["survey_answer"], "files": ["votes*"],
    "columns": {"when": {"to": "occurred_at", "required": True}, "score": {"to": "score_value", "required": True, "range": [1, 5]},
                "who": "operator_name"},
    "constants": {"question_code": "call_rating_5"},
}
DAY = "2026-03-02T08:00:00Z"
GOOD = f"when,score,who\n{DAY},1,A\n{DAY},2,B\n"


def source(*paths, **changes):
    return Rating(*paths, mapping=Mapping.model_validate({**MAPPING, **changes}))


@pytest.fixture
def lake(tmp_path):
    with open_lake(tmp_path / "lake") as opened:
        yield opened


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


def take(lake, *paths, **changes):
    return lake.ingest(source(*paths, **changes), door=Door(b"the key of these tests")).files


def spreadsheet() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return held.getvalue()


def parquet(rows: int = 2, **more) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"when": [DAY] * rows, "score": [f"{1 + at % 5}" for at in range(rows)], "who": [f"P{at}" for at in range(rows)]}), held, **more)
    return held.getvalue()


@pytest.mark.parametrize(("content", "message"), [
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"), (b"\xff\xd8\xff\xe0\x00\x10JFIF\n", "a JPEG image"), (spreadsheet(), "a ZIP archive or a spreadsheet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\n", "old Office"), (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "a PDF document"), (b"BZh91AY&SY\x01\x02\n", "bzip2"),
    (b"\xfd7zXZ\x00\x00\n", "xz-compressed"), (b"<!DOCTYPE html>\n<html>\n", "a web page"), (b"<?xml version='1.0'?>\n", "XML"),
    (gzip.compress(b"a" * 257 + b"ustar\x00\n"), "a tar archive"), (GOOD.encode("utf-16"), "UTF-16"), (GOOD.encode("utf-16-le"), "seems to be UTF-16"),
    (b"\x00\x01\x02\x03\n", "binary"), (b"", "empty"), (b"\n\n", "empty"), ("wann,wert,wer\n".encode("cp1250").replace(b"e", b"\xe9"), "Say `encoding:`"),
    (b"when,who\n", "missing: score"), (b"when,scoer,who\n", "'scoer' may be what was 'score'"), (b"when,score,who,score\n", "named twice: score"),
    (gzip.compress(GOOD.encode())[:-6], "cut off or damaged"), (b"PAR1" + b"\x00" * 50 + b"PAR1", "no Parquet file"),
], ids=lambda one: one if isinstance(one, str) else "bytes")  # packed bytes hold the time, and each process of the suite must find the same names
def test_a_file_of_another_kind(lake, place, content, message):
    path = place / "votes.csv"
    path.write_bytes(content)
    (place / "votes_good.csv").write_text(GOOD)
    bad, good = take(lake, place)
    assert (bad.status, bad.is_lake_fault, good.status) == ("failed", False, "ingested")
    assert message in bad.error
    # and in plain words: no name of a Python error
    assert "Error:" not in bad.error
    assert lake.query("SELECT count(*) FROM survey_answer").fetchall() == [(2,)]
    assert lake.files()["file_name"].tolist() == ["votes_good.csv"]


def test_letters_that_also_begin_another_format_are_a_header(lake, place):
    """ORC and BZh begin with letters, as names of columns do."""
    (place / "votes.csv").write_text(GOOD.replace("who", "ORC").replace("when,score,ORC", "ORC,score,when").replace(f"{DAY},1,A", f"A,1,{DAY}").replace(f"{DAY},2,B", f"B,2,{DAY}"))
    columns = {**MAPPING["columns"], "ORC": "operator_name"}
    del columns["who"]
    assert take(lake, place, columns=columns)[0].accepted == 2


def test_a_file_without_header_is_refused_without_repeating_what_is_in_it(lake, place):
    (place / "votes.csv").write_text("Ayşe Yılmaz,999010000000012,+33 6 39 98 00 01\n")
    (found,) = take(lake, place)
    assert "The first line is no header" in found.error
    assert not any(one in found.error for one in ("Ayşe", "999010", "33 6"))


def test_parquet_is_told_by_its_content(lake, place):
    (place / "votes.csv").write_bytes(parquet())
    assert take(lake, place)[0].accepted == 2


def test_a_damaged_page_of_a_parquet_file(lake, place):
    held = bytearray(parquet(5000, compression="gzip", use_dictionary=False))
    held[200:260] = b"\xaa" * 60
    (place / "votes.parquet").write_bytes(held)
    (found,) = take(lake, place)
    assert "damaged" in found.error
    assert not lake.has("survey_answer")


def test_a_header_in_another_order_and_one_without_records(lake, place):
    (place / "votes_1.csv").write_text(f"who,when,score\nA,{DAY},3\n")
    (place / "votes_2.csv").write_text("when,score,who\n")
    one, two = take(lake, place)
    assert (one.accepted, two.status, two.records) == (1, "ingested", 0)
    assert [one.status for one in take(lake, place)] == ["already", "already"]


@pytest.mark.parametrize(("encoding", "name"), [("cp1250", "Škoda Łódź"), ("latin-1", "Télé Ñandú"), ("gb18030", "中国移动")])
def test_another_encoding_is_rejected_unless_the_mapping_says_it(lake, place, encoding, name):
    path = place / "votes.csv"
    path.write_bytes(f"when,score,who\n{DAY},1,plain\n{DAY},2,{name}\n".encode(encoding))
    # the encoding is not guessed: the record with foreign bytes is rejected, the one without is taken
    (found,) = take(lake, place)
    assert (found.accepted, found.reasons) == (1, {"broken_bytes": 1})
    assert lake.rejects()["reason"].tolist() == ["the line holds bytes that are no utf-8; another encoding is said in the mapping"]
    (found,) = lake.ingest(source(path, encoding=encoding), door=Door(b"the key of these tests"), retry=True).files
    assert (found.status, found.regained) == ("retried", 1)
    assert lake.query("SELECT operator_name FROM survey_answer ORDER BY score_value").fetchall() == [("plain",), (name,)]


def test_lines_that_no_export_should_have(lake, place):
    """By hand: a cell of 3 MB, a NUL, an open quote, a quote inside: four rejected; two good ones around them are taken."""
    (place / "votes.csv").write_bytes(
        f"when,score,who\n{DAY},1,A\n{DAY},2,{'x' * 3_000_000}\n{DAY},2,a\x00b\n{DAY},2,\"open\n{DAY},2,in\"side\n{DAY},3,B\n".encode())
    (found,) = take(lake, place)
    assert (found.records, found.accepted, found.reasons) == (6, 2, {"bad_format": 1, "broken_quotes": 2, "control_character": 1})
    assert len(lake.quarantined()["raw"].iloc[0]) > 3_000_000


def test_a_file_that_is_one_endless_line(lake, place, monkeypatch):
    monkeypatch.setattr("cemlib.sources.delimited._BLOCK_BYTES", 10_000)
    (place / "votes.csv").write_bytes(b"x" * 100_000)
    assert "has no lines" in take(lake, place)[0].error


def test_links_that_lead_nowhere_and_in_circles(lake, place):
    (place / "votes_1.csv").symlink_to(place / "gone")
    (place / "votes_2.csv").symlink_to(place / "votes_3.csv")
    (place / "votes_3.csv").symlink_to(place / "votes_2.csv")
    (place / "votes_4.csv").write_text(GOOD)
    (place / "votes_5.csv").symlink_to(place / "votes_4.csv")
    found = take(lake, place)
    assert [one.status for one in found] == ["failed", "failed", "failed", "ingested", "already"]
    assert "No such file" in found[0].error
    assert "Too many levels of symbolic links" in found[1].error
    assert "where the link leads" in found[1].error
    assert take(lake, place / "votes_2.csv")[0].status == "failed"


def test_what_is_no_regular_file(lake, place):
    os.mkfifo(place / "votes.csv")
    (place / "votes_folder.csv").mkdir()
    (found,) = take(lake, place)
    assert "no file that can be read twice" in found.error
    with pytest.raises(Exception, match="This is a folder"):
        list(source(place).read(place, Door(b"the key of these tests")))


def test_a_file_that_disappears_between_listing_and_reading(lake, place):
    paths = [place / "votes_1.csv", place / "votes_2.csv"]
    for path in paths:
        path.write_text(GOOD)
    listed = source(place)
    listed.files = lambda: paths
    paths[0].unlink()
    gone, there = lake.ingest(listed, door=Door(b"the key of these tests")).files
    assert (gone.status, there.status) == ("failed", "ingested")
    assert "no longer there" in gone.error


def test_a_file_that_may_not_be_read():
    # not below tmp_path, whose parents only the owner may enter
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chmod(folder, 0o777)
        path = folder / "votes.csv"
        path.write_text(GOOD)
        os.chmod(path, 0)
        own = os.geteuid()
        if own == 0:
            # root may read anything, so it steps down for a moment
            os.seteuid(65534)
        try:
            with open_lake(folder / "lake") as lake:
                (found,) = take(lake, path)
                assert (found.status, found.is_lake_fault) == ("failed", False)
                assert "Permission denied" in found.error
        finally:
            os.seteuid(own)
