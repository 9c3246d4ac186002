"""Which files to read, and in which format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.ingest.columns_used import NOT_LOOKED_AT, ColumnsOnce, ColumnsUsed
from stillwatch.ingest.files.address import shown_path
from stillwatch.ingest.files.found import Found, Opener
from stillwatch.ingest.files.given import given
from stillwatch.ingest.files.hive import partitions_of
from stillwatch.ingest.files.place import Place
from stillwatch.ingest.files.rows import kind_of, rows_of
from stillwatch.ingest.files.scratch import Scratch
from stillwatch.ingest.files.spans import Span
from stillwatch.ingest.files.spelling import respelled
from stillwatch.ingest.files.view import PLAIN, View
from stillwatch.ingest.files.walk import Say
from stillwatch.ingest.lacking import lacking
from stillwatch.ingest.mapping import Mapping, load_mapping
from stillwatch.ingest.quarantine import Aside, BadRow, Mended
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Row, Sample
from stillwatch.ingest.scientific import all_scientific
from stillwatch.ingest.values import absent
from stillwatch.ingest.wrappers.layers import MARKS
from stillwatch.ingest.wrappers.unwrap import Unwrapper, plainly
from stillwatch.registry import FORMATS
from stillwatch.settings import IngestSettings

SAMPLED = 5
"""Readable rows from which a format is detected."""
TRIED = 200
"""Rows that are tried to find them."""
LOOKED_AT = 100
"""Rows of a table that are looked at."""
WHOSE = re.compile(
    r"(?i)^(?:api_?|virtual_?)?(?:account|user|customer|tenant|org|organi[sz]ation|team|project|key|token)"
    r"(?:[_\s]?(?:id|key|hash))?$"
)
"""Columns that name an account or its key; in others clients write what they like."""
NEIGHBOURS = 64
"""Files in which the rows of one may look for what they lack."""


@dataclass(frozen=True)
class Source:
    """One log file and how to read it."""

    path: Place
    """The file: a Path, a member of an archive, or an object in a store."""
    name: str
    """Its name in the quarantine: its path below the given folder, or its file name."""
    format: str
    """Name of its format; empty where the file is empty."""
    mapping: Mapping | None = None
    """Where the generic reader finds each column."""
    compression: str = ""
    """How it is packed: names in the order of unpacking, divided by commas; empty: not at all."""
    view: View = PLAIN
    """What is changed on the way from its rows to the format."""
    on_disk: Path | None = None
    """The file that a person gave, or the archive that holds it; None: it lies elsewhere."""
    wrapped: bool = False
    """Whether its first rows stand in wrappers of a log shipper: they have to be read one by one."""
    columns: ColumnsUsed = NOT_LOOKED_AT
    """Which of its columns are read from."""
    lacks: tuple[str, ...] = ()
    """Settings of the program that wrote it, of which its first rows show nothing."""
    beside: tuple[Source, ...] = ()
    """Files of one family in which the rows of this one may have to look, nearest first."""
    span: Span | None = None
    """The lines to read; None: the whole file."""


def quiet(_step: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


def silent(_note: str) -> None:
    """Tell nobody."""


def plan(
    paths: Sequence[Path],
    *,
    settings: IngestSettings,
    format: str | None = None,
    mapping: Path | None = None,
    aside: Sequence[Path] = (),
    progress: Callable[[str, int, int], None] = quiet,
    scratch: Scratch | None = None,
    say: Say = silent,
) -> list[Source]:
    """Every file below the paths with its format, found or named, except files for other uses (`aside`).

    A path may be `-` (standard input), a pipe or an address in a store. scratch: where copies of pipes and of
    compressed archives go, which live as long as the sources are read; None: they go when the process ends.
    say: told of what is not read.
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
    scratch = scratch or Scratch()
    files = [
        found
        for found in given(paths, scratch, say)
        if found.on_disk is None
        or elsewhere.isdisjoint((resolved := found.on_disk.resolve(), *resolved.parents))
    ]
    opened = Opener(settings, scratch, say)
    look = ColumnsOnce()
    made: dict[int, list[Source]] = {}
    # By name, so that the account of use does not depend on the order in which files are given.
    for done, at in enumerate(sorted(range(len(files)), key=lambda at: files[at].name), 1):
        made[at] = [_source(file, chosen, places, settings, look) for file in opened(files[at])]
        progress("looking at the files", done, len(files))
    sources = [source for at in range(len(files)) for source in made[at]]
    if not sources:
        raise InputError(
            "there are no log files",
            where=", ".join(map(shown_path, paths)),
            do="name log files or a folder that holds some",
        )
    return with_neighbours(sources)


def with_neighbours(sources: list[Source]) -> list[Source]:
    """Return the files with those beside them in which their rows may have to look.

    Nearest are files of the same name in another folder, then those next to it in order.
    """
    known = FORMATS.all()
    families: dict[str, list[int]] = {}
    named: dict[tuple[str, str], list[int]] = {}
    for place, source in enumerate(sources):
        family = known[source.format].family if source.format in known else ""
        if family:
            families.setdefault(family, []).append(place)
            named.setdefault((family, source.path.name), []).append(place)
    made = list(sources)
    for family, places in families.items():
        for at, place in enumerate(places):
            same = named[family, sources[place].path.name][:NEIGHBOURS]
            near = sorted(places[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1], key=lambda p: abs(p - place))
            chosen = [p for p in dict.fromkeys((*same, *near)) if p != place][:NEIGHBOURS]
            made[place] = replace(sources[place], beside=tuple(sources[p] for p in chosen))
    return made


def _source(
    found: Found, chosen: str | None, mapping: Mapping | None, settings: IngestSettings, look: ColumnsOnce
) -> Source:
    place = found.place
    partitions = partitions_of(found.name)
    view = View(unwrap=mapping is None or not names_wrappers(mapping), partitions=partitions)
    try:
        if place.stat().st_size == 0:
            return Source(place, found.name, "", on_disk=found.on_disk)
        sample = sample_of(place, found.compression, settings, view)
        if chosen is None and not sample.columns and not sample.rows and sample.kind == "blank":
            return Source(place, found.name, "", compression=found.compression, on_disk=found.on_disk)
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}", where=str(place), do="check its permissions"
        ) from error
    name, names = _detected(str(place), sample, chosen, free=mapping is None)
    refuse_scientific(sample, str(place))
    context = Context(settings.account_field, mapping)
    first = sample.respelled(names).rows[:SAMPLED]
    return Source(
        place,
        found.name,
        name,
        mapping,
        found.compression,
        View(view.unwrap, partitions, names),
        found.on_disk,
        view.unwrap and _wrapped(place, found.compression, settings),
        look(FORMATS.all()[name], first, context),
        lacking(FORMATS.all()[name], first, context),
    )


def _wrapped(path: Place, compression: str, settings: IngestSettings) -> bool:
    """Return whether one of the first rows is a wrapper."""
    rows = rows_of(path, compression, settings, View(unwrap=False))
    for _, row in islice(rows, SAMPLED):
        if isinstance(row, dict) and not plainly(row):
            inside = Unwrapper(settings.max_row_bytes).rows(row)
            if len(inside) != 1 or inside[0] is not row:
                return True
    return False


def names_wrappers(mapping: Mapping) -> bool:
    """Return whether a mapping says where columns are inside a wrapper: then it stays on."""
    return any(path.partition(".")[0] in MARKS for path in mapping.columns.values())


def sample_of(path: Place, compression: str, settings: IngestSettings, view: View = PLAIN) -> Sample:
    """Return the first readable rows of a file."""
    kind, columns = kind_of(path, compression)
    tried = 0
    rows: list[Row] = []
    reasons: Counter[str] = Counter()
    # Of a table more rows are looked at: it has to be seen what its columns hold.
    wanted = SAMPLED if kind == "json" else LOOKED_AT
    for _, row in islice(rows_of(path, compression, settings, view), TRIED):
        tried += 1
        if isinstance(row, dict):
            rows.append(row)
        elif isinstance(row, BadRow) and not isinstance(row, Aside | Mended):
            reasons[row.reason] += 1
        if len(rows) == wanted:
            break
    names = frozenset(columns).union(*(row.keys() for row in rows))
    # One reason for all: what is wrong is the file, not a row.
    why = next(iter(reasons)) if len(reasons) == 1 and reasons.total() > 2 else ""
    return Sample(kind if tried or columns else "blank", names, tuple(rows), why)


def _detected(
    where: str, sample: Sample, chosen: str | None, *, free: bool
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the format, and the names of columns that it spells in another way."""
    first = replace(sample, rows=sample.rows[:SAMPLED])
    sure: dict[str, float] = {}
    spelled: dict[str, tuple[tuple[str, str], ...]] = {}
    for name, format in FORMATS.all().items():
        known = format.spellings or format.wants
        names = respelled(sorted(sample.columns), known) if sample.kind != "json" and free else ()
        spelled[name] = names
        if chosen is None:
            with FORMATS.blaming(name):
                sure[name] = format.detect(first.respelled(names))
    if chosen is not None:
        return chosen, spelled[chosen]
    best = max(sure, key=lambda name: sure[name])
    unreadable = sample.kind == "csv" and not sample.rows and bool(sample.why)
    if sure[best] < 0.3 or unreadable:
        raise InputError(
            "no known log format recognises the file"
            if sample.rows
            else "none of the first rows of the file can be read"
            + (f": every {sample.why}" if sample.why.startswith("row ") else ""),
            where=where,
            do=f"name one with --format ({', '.join(sure)}), write a --mapping file (docs/formats.md), or "
            "take the file out of the folder",
        )
    return best, spelled[best]


def refuse_scientific(sample: Sample, where: str) -> None:
    """Raise InputError if a spreadsheet has rounded the ids of a CSV file: different ids would be one.

    All values of a column in the first rows must show it, and half of these rows have one: a customer may
    have an id of such a form. What other columns hold of that form is left out when the rows are read.
    """
    if sample.kind != "csv":
        return
    for column in sorted(filter(WHOSE.match, sample.columns)):
        values = [value for row in sample.rows if isinstance(value := row.get(column), str)]
        given = pa.array([value for value in values if not absent(value)], pa.string())
        if all_scientific(given) and 2 * len(given) >= len(sample.rows):
            raise InputError(
                f"column {column!r} holds ids in scientific notation (as 1.23E+15): a spreadsheet has "
                "rounded them, and different ids have become one",
                where=where,
                do="export the log again, and do not save it with a spreadsheet",
            )
