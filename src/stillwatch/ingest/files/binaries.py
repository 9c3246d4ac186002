"""Files that are no log: each is refused with a sentence that says what it is and what to give instead."""

from __future__ import annotations

from stillwatch.errors import InputError

TEXT = "export the log as JSON lines, CSV or Parquet"
SHEET = "save the sheet as CSV, in UTF-8"
TOLD = (
    (b"%PDF", "a PDF document", TEXT),
    (b"ORC", "an ORC file", "export it as Parquet or JSON lines"),
    (b"Obj\x01", "an Avro file", "export it as Parquet or JSON lines"),
    (b"SQLite format 3\0", "an SQLite database", "export its table as CSV or JSON lines"),
    (b"ARROW1", "an Arrow file (Feather)", "write it as Parquet"),
    (b"FEA1", "a Feather file", "write it as Parquet"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption of its footer"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.xls, .doc)", "save the sheet as CSV"),
    (b"\x89PNG", "an image", TEXT),
    (b"\xff\xd8\xff", "an image", TEXT),
    (b"GIF87a", "an image", TEXT),
    (b"GIF89a", "an image", TEXT),
    (b"RIFF", "a sound, a film or an image", TEXT),
    (b"\x7fELF", "a program", TEXT),
    (b"MZ\x90", "a program", TEXT),
    (b"\xcf\xfa\xed\xfe", "a program", TEXT),
    (b"\xca\xfe\xba\xbe", "a program", TEXT),
    (b"\x00asm", "a program", TEXT),
    (b"\x89HDF", "an HDF5 file", TEXT),
    (b"\x93NUMPY", "a NumPy array", TEXT),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy", "unpack it, or compress it with gzip or zstd"),
    (b"\x1f\x9d", "compressed with compress (.Z)", "unpack it"),
    (b"LZIP", "compressed with lzip", "unpack it"),
    (b"\x89LZO", "compressed with lzop", "unpack it"),
    (b"PGDMP", "a PostgreSQL dump", "export the table: COPY \"LiteLLM_SpendLogs\" TO 'spend.csv' CSV HEADER"),
    (b"LPKSHHRH", "a systemd journal", "export it with journalctl -o json"),
    (b"\x80\x04\x95", "a Python pickle", TEXT),
    (b"<!DOCTYPE", "an HTML page, perhaps a page to log in or of an error", TEXT),
    (b"<!doctype", "an HTML page, perhaps a page to log in or of an error", TEXT),
    (b"<html", "an HTML page, perhaps a page to log in or of an error", TEXT),
    (b"<?xml", "an XML document, perhaps an error of an object store", TEXT),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not what it stands for",
        "fetch it with git lfs pull",
    ),
    (b"-----BEGIN", "a key or a certificate", "take it out of the folder"),
)
"""First bytes, what they say, and what to do instead."""
OFFICE = (
    (b"xl/", "an Excel workbook (.xlsx)", SHEET),
    (b"word/", "a Word document (.docx)", TEXT),
    (b"ppt/", "a PowerPoint document (.pptx)", TEXT),
    (b"META-INF/", "a Java archive", TEXT),
    (
        b"mimetypeapplication/vnd.oasis",
        "an OpenDocument file (.ods, .odt)",
        SHEET,
    ),
)
"""Names of members that show what a zip archive is instead."""
SUFFIXES = {"xlsx": 0, "xlsm": 0, "xlsb": 0, "docx": 1, "pptx": 2, "jar": 3, "ods": 4, "odt": 4}
"""Of such documents, with their place in OFFICE."""
CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b\0")


def refuse_empty(head: bytes, where: str) -> None:
    """Raise InputError if the first bytes are all NUL, as of a table that a crash left."""
    if head and not head.strip(b"\0"):
        raise _refusal("empty but for NUL bytes, as after a crash", where, "look for a whole copy")


def refuse_binary(head: bytes, where: str, name: str = "") -> None:
    """Raise InputError if the first bytes are those of a known binary file, or no text at all."""
    for magic, what, do in TOLD:
        if head.startswith(magic) and not (magic == b"ORC" and head[3:4].isalnum()):
            raise _refusal(what, where, do)
    if head[:4] == b"PK\x03\x04" and (found := office_in(head, name)):
        raise _refusal(found[0], where, found[1])
    sample = head[:4096].strip(b"\0")
    if not sample and 4 <= len(head) < 4096:
        raise _refusal("empty but for NUL bytes, as after a crash", where, "look for a whole copy")
    strange = len(sample) - len(sample.translate(None, CONTROLS + b"\0"))
    if sample[:1] not in (b"{", b"[") and strange * 50 > len(sample):
        raise _refusal("binary: no text, and no kind of file that is known here", where, TEXT)


def office_in(head: bytes, name: str = "") -> tuple[str, str] | None:
    """Return what a zip archive is if its first members show that it is a document, and what to do."""
    if b"[Content_Types].xml" in head[:200]:
        found = next(((what, do) for mark, what, do in OFFICE[:3] if mark in head), None)
        return found or ("an Office document", SHEET)
    suffix = name.rpartition(".")[2].lower()
    if suffix in SUFFIXES:
        return OFFICE[SUFFIXES[suffix]][1:]
    names = head[30:120]
    return next(((what, do) for mark, what, do in OFFICE if names.startswith(mark)), None)


def _refusal(what: str, where: str, do: str) -> InputError:
    return InputError(f"the file is {what}", where=where, do=f"{do}, or take the file out of the folder")
