"""What a file is that is not CSV, told by its first bytes, so that the answer is not a riddle about its header."""

from __future__ import annotations

import codecs

from cemlib.errors import SourceError

__all__ = ["refuse_other_format"]

_EXPORT = "Export it as CSV."
_UNPACK = "Unpack it first; gzip is read as it is."
#: First bytes, what they are, what to do.
_KNOWN: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet", _EXPORT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document or spreadsheet of old Office programs", _EXPORT),
    (b"%PDF-", "a PDF document", "Ask for the figures behind it as CSV."),
    (b"\x89PNG", "a PNG image", ""), (b"\xff\xd8\xff", "a JPEG image", ""), (b"GIF8", "a GIF image", ""),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK), (b"Rar!", "a RAR archive", _UNPACK), (b"BZh", "bzip2-compressed", _UNPACK),
    (b"\xfd7zXZ\x00", "xz-compressed", _UNPACK), (b"\x28\xb5\x2f\xfd", "zstd-compressed", _UNPACK),
    (b"ARROW1", "an Arrow file", "Write it as Parquet or CSV."), (b"ORC", "an ORC file", "Write it as Parquet or CSV."),
    (b"Obj\x01", "an Avro file", "Write it as Parquet or CSV."), (b"SQLite format 3", "a SQLite database", _EXPORT),
    (b"<?xml", "an XML document", _EXPORT), (b"<!doctype html", "a web page", "It may be the page of a login or of an error: fetch the file again."),
    (b"<html", "a web page", "It may be the page of a login or of an error: fetch the file again."),
)


def refuse_other_format(first: bytes, name: str) -> None:
    """Refuse a file whose beginning is none of a CSV file.

    Parameters
    ----------
    first : bytes
        Its beginning, decompressed.
    name : str
        For the message.

    Raises
    ------
    SourceError
        Saying what the file is, where that is known.

    Examples
    --------
    >>> refuse_other_format(b"%PDF-1.7 ...", "votes.csv")
    Traceback (most recent call last):
    ...
    cemlib.errors.SourceError: The file is a PDF document, not CSV.
      where: votes.csv
      to do: Ask for the figures behind it as CSV.
    """
    head = first[:4096]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError("The file is UTF-16.", wanted="UTF-8 or another encoding that keeps ASCII", where=name,
                          todo="Convert it: iconv -f UTF-16 -t UTF-8.")
    folded = head.lstrip()[:40].lower()
    for sign, what, todo in _KNOWN:
        # ORC, BZh and the like are letters: they may begin a header, but then no control character follows on the line
        is_text = sign.isascii() and sign.decode("ascii").isalnum()
        if (head.startswith(sign) or (sign.startswith(b"<") and folded.startswith(sign))) and not (is_text and _is_text(head)):
            raise SourceError(f"The file is {what}, not CSV.", where=name, todo=todo)
    if head[257:262] == b"ustar":
        raise SourceError("The file is a tar archive, not CSV.", where=name, todo=_UNPACK)
    line = head.partition(b"\n")[0]
    if b"\x00" in line:
        if line[1::2].count(0) > len(line) // 4 or line[::2].count(0) > len(line) // 4:
            raise SourceError("The file seems to be UTF-16.", wanted="UTF-8 or another encoding that keeps ASCII", where=name,
                              todo="Convert it: iconv -f UTF-16LE -t UTF-8.")
        raise SourceError("The file is binary, not CSV.", wanted="text, gzip of text, or Parquet", where=name)


def _is_text(head: bytes) -> bool:
    return not any(one < 32 and one not in b"\t\r\n" for one in head.partition(b"\n")[0])
