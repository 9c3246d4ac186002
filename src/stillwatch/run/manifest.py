"""The list of a run's tables with their hashes, and the digest over it: proof that a run is unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError
from stillwatch.run.about import AGAIN, identity_of, read_about
from stillwatch.run.layout import MARK, PAGE, files_of, is_table, no_run


@dataclass(frozen=True, order=True)
class Entry:
    """One file."""

    file: str
    """Its path inside the run, with slashes."""
    bytes: int
    """Its size."""
    sha256: str
    """The SHA-256 of its content, 64 hexadecimal digits."""


@dataclass(frozen=True)
class Difference:
    """One file that is not as the manifest says."""

    file: str
    """Its path inside the run, with slashes."""
    kind: str
    """differs, missing or unknown."""
    what: str
    """What was found, in a sentence."""


@dataclass(frozen=True)
class Verified:
    """A run compared with its manifest."""

    id: str
    """The run's id."""
    digest: str
    """The digest that run.json states."""
    found: str
    """The digest of the tables that are there."""
    differences: tuple[Difference, ...]
    """By file; empty where the run is unchanged."""


def entry_of(folder: Path, file: str) -> Entry:
    """The entry of one file. Raises OSError where it cannot be read."""
    with (folder / file).open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        return Entry(file, opened.tell(), sha256)


def tables_in(folder: Path) -> list[str]:
    """The tables that are below a folder, by path."""
    return [file for file in files_of(folder) if is_table(file)]


def digest_of(entries: Iterable[Entry]) -> str:
    """SHA-256 over the lines that `sha256sum` would print for the files, sorted by their paths' bytes."""
    lines = [f"{entry.sha256}  {entry.file}\n" for entry in sorted(entries, key=lambda e: e.file.encode())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def document_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """For run.json, sorted by path."""
    return [asdict(entry) for entry in sorted(entries, key=lambda e: e.file.encode())]


def entries_of(about: dict[str, Any], path: Path) -> list[Entry]:
    """The manifest that run.json holds. Raises RunError where it holds none."""
    identity_of(about, path)
    try:
        entries = [Entry(**row) for row in about["manifest"]]
    except (KeyError, TypeError) as error:
        raise RunError("the run has no manifest", where=str(path), do=AGAIN) from error
    if not all(_well_formed(entry) for entry in entries):
        raise RunError("the run's manifest cannot be read", where=str(path), do=AGAIN)
    return entries


def _well_formed(entry: Entry) -> bool:
    kinds = isinstance(entry.file, str) and type(entry.bytes) is int and isinstance(entry.sha256, str)
    return kinds and "\0" not in entry.file


def verify(run: Path, digest: str | None = None) -> Verified:
    """Compare every file of a run with its manifest; `digest`: also compare with a digest kept elsewhere.

    Raises RunError where there is no run, where it has no manifest, or where it was replaced meanwhile.
    """
    if not run.is_dir():
        raise no_run(run)
    about = read_about(run / MARK)
    name, stated = identity_of(about, run / MARK)
    entries = {entry.file: entry for entry in entries_of(about, run / MARK)}
    found, differences = [], []
    for file, entry in entries.items():
        try:
            there = _regular(run, file)
        except OSError as error:
            differences.append(Difference(file, "missing", error.strerror or "it cannot be read"))
            continue
        found.append(there)
        if there != entry:
            differences.append(Difference(file, "differs", _told(entry, there)))
    for file in files_of(run):
        if file not in entries and file not in (MARK, PAGE):
            differences.append(Difference(file, "unknown", "it is not in the manifest"))
    if digest_of(entries.values()) != stated:
        differences.append(Difference(MARK, "differs", "its digest is not that of its manifest"))
    if digest is not None and digest != stated:
        differences.append(Difference(MARK, "differs", "its digest is not the one given"))
    if identity_of(read_about(run / MARK), run / MARK) != (name, stated):
        raise RunError("the run was replaced while it was read", where=str(run), do="verify it again")
    return Verified(name, stated, digest_of(found), tuple(sorted(differences, key=lambda d: d.file)))


def _regular(run: Path, file: str) -> Entry:
    """The entry of a file that lies in the run itself: a link to one elsewhere proves nothing."""
    path = run / file
    if path.is_symlink() or not path.resolve().is_relative_to(run.resolve()):
        raise OSError(0, "a link stands in its place")
    if path.exists() and not path.is_file():
        raise OSError(0, "what stands in its place is no file")
    return entry_of(run, file)


def _told(entry: Entry, there: Entry) -> str:
    if entry.bytes != there.bytes:
        return f"it has {there.bytes:,} bytes, and had {entry.bytes:,}"
    return "its content is another"
