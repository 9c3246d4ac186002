"""Which files to read, and in which format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.ingest.columns_used import NOT_LOOKED_AT, ColumnsUsed, columns_used_once
from stillwatch.ingest.files.regular import must_be_a_file
from stillwatch.ingest.files.rows import kind_of, rows_of
from stillwatch.ingest.files.spans import Span
from stillwatch.ingest.files.streams import compression_of
from stillwatch.ingest.mapping import Mapping, load_mapping
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Row, Sample
from stillwatch.registry import FORMATS
from stillwatch.settings import IngestSettings

SAMPLED = 5
"""Readable rows from which a format is detected."""
TRIED = 200
"""Rows that are tried to find them."""


@dataclass(frozen=True)
class Source:
    """One log file and how to read it."""

    path: Path
    """The file."""
    name: str
    """Its name in the quarantine: its path below the given folder, or its file name."""
    format: str
    """Name of its format; empty where the file is empty."""
    mapping: Mapping | None = None
    """Where the generic reader finds each column."""
    compression: str = ""
    """gzip, zstd or nothing."""
    columns: ColumnsUsed = NOT_LOOKED_AT
    """Which of its columns are read from."""
    span: Span | None = None
    """The lines to read; None: the whole file."""


def quiet(_step: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


def plan(
    paths: Sequence[Path],
    *,
    settings: IngestSettings,
    format: str | None = None,
    mapping: Path | None = None,
    aside: Sequence[Path] = (),
    progress: Callable[[str, int, int], None] = quiet,
) -> list[Source]:
    """Every file below the paths with its format, found or named, except files for other uses (`aside`).

    Raises InputError or SettingError for the first that cannot be read.
    """
    known = FORMATS.all()
    if format is not None and format not in known:
        raise InputError(
            f"there is no log format {format!r}", where="--format", do=f"known: {', '.join(known)}"
        )
    places = load_mapping(mapping) if mapping is not None else None
    if places is not None and format not in (None, "generic"):
        raise InputError(
            f"a mapping file goes with the format generic, not with {format}",
            where="--mapping",
            do="leave out --format or --mapping",
        )
    chosen = "generic" if places is not None else format
    elsewhere = {path.resolve() for path in aside}
    files = [(path, name) for path, name in expand(paths) if path.resolve() not in elsewhere]
    sources: list[Source] = []
    for done, (path, name) in enumerate(files, 1):
        sources.append(_source(path, name, chosen, places, settings))
        progress("looking at the files", done, len(files))
    if not sources:
        raise InputError(
            "there are no log files",
            where=", ".join(map(str, paths)),
            do="name log files or a folder that holds some",
        )
    return sources


def expand(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return files with the names they are shown by; folders are walked in sorted order.

    Hidden files are left out. A file named twice is read once. Files of one name get as many of their folders
    in front as are needed to tell them apart.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for path in paths:
        if not path.is_dir():
            must_be_a_file(path, "file or folder")
        inside = (
            sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
            if path.is_dir()
            else [path]
        )
        for file in inside:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            _must_be_text(name)
            found.setdefault(file.resolve(), (file, name))
    names: dict[str, list[Path]] = {}
    for whole, (_, name) in found.items():
        names.setdefault(name, []).append(whole)
    shown = {whole: told for name, files in names.items() for whole, told in _told_apart(name, files)}
    return [(file, shown[whole]) for whole, (file, _) in found.items()]


def _told_apart(name: str, files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Return whole paths with names that differ.

    A name holds no more of the path than needed, since a path reveals something about the machine.
    """
    depth = name.count("/") + 1
    while len({file.parts[-depth:] for file in files}) < len(files):
        depth += 1
    yield from ((file, name if len(files) == 1 else "/".join(file.parts[-depth:])) for file in files)


def _must_be_text(name: str) -> None:
    """Tables hold names as UTF-8."""
    if not name.isascii() and any("\ud800" <= c <= "\udfff" for c in name):
        raise InputError(
            "the name of a file is not UTF-8",
            where=name.encode("utf-8", "backslashreplace").decode(),
            do="rename the file",
        )


def _hidden(path: Path) -> bool:
    return any(
        part.startswith((".", "_SUCCESS", "_metadata", "_common_metadata", "_delta_log", "_temporary"))
        for part in path.parts
    )


def _source(
    path: Path, name: str, chosen: str | None, mapping: Mapping | None, settings: IngestSettings
) -> Source:
    try:
        if path.stat().st_size == 0:
            return Source(path, name, "")
        compression = compression_of(path)
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}", where=str(path), do="check its permissions"
        ) from error
    sample = sample_of(path, compression, settings)
    if chosen is None and not sample.columns and not sample.rows and sample.kind == "blank":
        return Source(path, name, "", compression=compression)
    format = chosen or _detected(path, sample)
    context = Context(settings.account_field, mapping)
    used = columns_used_once(FORMATS.all()[format], sample.rows, context)
    return Source(path, name, format, mapping, compression, used)


def sample_of(path: Path, compression: str, settings: IngestSettings) -> Sample:
    """Return the first readable rows of a file."""
    kind, columns = kind_of(path, compression)
    tried = 0
    rows: list[Row] = []
    for _, row in islice(rows_of(path, compression, settings), TRIED):
        tried += 1
        if not isinstance(row, BadRow):
            rows.append(row)
        if len(rows) == SAMPLED:
            break
    names = frozenset(columns).union(*(row.keys() for row in rows))
    return Sample(kind if tried or columns else "blank", names, tuple(rows))


def _detected(path: Path, sample: Sample) -> str:
    sure: dict[str, float] = {}
    for name, format in FORMATS.all().items():
        with FORMATS.blaming(name):
            sure[name] = format.detect(sample)
    best = max(sure, key=lambda name: sure[name])
    if sure[best] < 0.3:
        raise InputError(
            "no known log format recognises the file"
            if sample.rows
            else "none of the first rows of the file can be read",
            where=str(path),
            do=f"name one with --format ({', '.join(sure)}), write a --mapping file (docs/formats.md), or "
            "take the file out of the folder",
        )
    return best
