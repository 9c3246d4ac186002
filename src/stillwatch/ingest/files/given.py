"""What a person names: files, folders, pipes, standard input and addresses, as files to read."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from stillwatch.errors import InputError
from stillwatch.ingest.files.address import SCHEME, shown_path
from stillwatch.ingest.files.database import database_table, is_database
from stillwatch.ingest.files.found import Found
from stillwatch.ingest.files.place import Place, Stretch
from stillwatch.ingest.files.regular import must_be_a_file
from stillwatch.ingest.files.remote import Remote, objects_at, url_of
from stillwatch.ingest.files.scratch import Scratch
from stillwatch.ingest.files.walk import Say, walk

STDIN = "-"
CHUNK = 1 << 20


def given(paths: Iterable[Path], scratch: Scratch, say: Say) -> list[Found]:
    """Return files with the names they are shown by; folders are walked in sorted order.

    Hidden files are left out. A file named twice is read once. Files of one name get as many of their folders
    in front as are needed to tell them apart.
    """
    found: dict[object, Found] = {}
    for path in paths:
        for one in _given(path, scratch, say):
            _must_be_text(one.name)
            found.setdefault(_identity(one.place), one)
    names: dict[str, list[object]] = {}
    for whole, one in found.items():
        names.setdefault(one.name, []).append(whole)
    shown = {whole: told for name, files in names.items() for whole, told in _told_apart(name, files)}
    return [Found(one.place, shown[whole], "", one.on_disk) for whole, one in found.items()]


def _given(path: Path, scratch: Scratch, say: Say) -> Iterator[Found]:
    if is_database(str(path)):
        table = database_table(str(path))
        yield Found(table, table.name)
        return
    url = url_of(path)
    if str(path) == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError(
                "nothing is piped into standard input", where=STDIN, do="pipe a log in, or name its file"
            )
        yield _copied(sys.stdin.buffer, "stdin", scratch)
    elif url is not None and not path.exists():
        for place, name in objects_at(url):
            yield _remote(place, name, scratch)
    elif SCHEME.match(str(path)) and not path.exists():
        raise InputError(
            "no address of this kind can be read",
            where=shown_path(path),
            do="known: s3://, gs://, az://, https:// and postgresql://, in small letters",
        )
    elif path.is_dir():
        for file in walk(path, say):
            yield Found(file, file.relative_to(path).as_posix(), "", file)
    elif _is_pipe(path):
        try:
            with path.open("rb") as pipe:
                yield _copied(pipe, path.name, scratch)
        except OSError as error:
            raise InputError(
                f"the pipe cannot be read: {error.strerror}", where=str(path), do="check its permissions"
            ) from error
    else:
        must_be_a_file(path, "file or folder")
        yield Found(path, path.name, "", path)


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _copied(file: BinaryIO, name: str, scratch: Scratch) -> Found:
    """Return a copy: a pipe can be read once, and a log is looked at before it is read."""
    copy = scratch.keep(iter(lambda: file.read(CHUNK), b""), name)
    return Found(Stretch(copy, name, 0, copy.stat().st_size), name)


def _remote(place: Remote, name: str, scratch: Scratch) -> Found:
    if place.size >= 0:
        return Found(place, name)
    with place.open("rb") as file:
        copied = _copied(file, str(place), scratch)
    return Found(copied.place, name)


def _identity(place: Place) -> object:
    return place.resolve() if isinstance(place, Path) else place


def _told_apart(name: str, files: list[object]) -> Iterator[tuple[object, str]]:
    """Return files with names that differ.

    A name holds no more of the path than needed, since a path reveals something about the machine.
    """
    parts = [str(file).split("/") for file in files]
    depth = name.count("/") + 1
    while depth < max(map(len, parts)) and len({tuple(p[-depth:]) for p in parts}) < len(files):
        depth += 1
    for nth, (file, part) in enumerate(zip(files, parts, strict=True)):
        told = name if len(files) == 1 else "/".join(part[-depth:])
        again = len(files) > 1 and not isinstance(file, Path | Remote)
        yield file, f"{told} ({nth + 1})" if again else told


def _must_be_text(name: str) -> None:
    """Tables hold names as UTF-8."""
    if not name.isascii() and any("\ud800" <= c <= "\udfff" for c in name):
        raise InputError(
            "the name of a file is not UTF-8",
            where=name.encode("utf-8", "backslashreplace").decode(),
            do="rename the file",
        )
