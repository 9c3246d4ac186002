"""Log files as they were found: each with its place, its name, and how it is packed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.ingest.files.archives import is_tar, is_zip, tar_members, zip_members
from stillwatch.ingest.files.binaries import office_in, refuse_binary
from stillwatch.ingest.files.compression import compression_in, unpacked
from stillwatch.ingest.files.database import DatabaseTable
from stillwatch.ingest.files.place import Place, Stretch
from stillwatch.ingest.files.scratch import Scratch
from stillwatch.ingest.files.streams import encoding_in, head_of
from stillwatch.ingest.files.walk import Say
from stillwatch.ingest.quarantine import BadRow
from stillwatch.settings import IngestSettings

FREELY = 1 << 30
"""Bytes that any packed file may unpack to, whatever its own size."""
HEAD = 4096


@dataclass(frozen=True)
class Found:
    """One file to read."""

    place: Place
    """Where its bytes lie."""
    name: str
    """What it is called in the quarantine and in run.json."""
    compression: str = ""
    """How it is packed: names in the order of unpacking, divided by commas."""
    on_disk: Path | None = None
    """The file that a person gave, or the archive that holds it; None: it lies elsewhere."""


class Opener:
    """Looks into files: what they are, how they are packed, and what an archive holds."""

    def __init__(self, settings: IngestSettings, scratch: Scratch, say: Say) -> None:
        self._settings, self._scratch, self._say = settings, scratch, say

    def __call__(self, found: Found, depth: int = 0) -> Iterator[Found]:
        """Return the file, or the files in it if it is an archive. Raises InputError if it cannot be read."""
        if isinstance(found.place, DatabaseTable):
            yield found
            return
        where = str(found.place)
        try:
            size = found.place.stat().st_size
            packing, head = self._unpacking(found)
        except OSError as error:
            raise InputError(
                f"the file cannot be read: {error.strerror}", where=where, do="check its permissions"
            ) from error
        if is_tar(head) or (is_zip(head) and not office_in(head, found.name)):
            if depth > 1:
                raise InputError(
                    "an archive in an archive in an archive", where=where, do="unpack the outer ones"
                )
            for member in self._members(found, packing, head, size):
                yield from self(member, depth + 1)
            return
        if not head.startswith(b"PAR1") and not encoding_in(head):
            refuse_binary(head, where, found.name)
        if head.startswith(b"PAR1") and packing:
            # Parquet is read from its end, so it needs a place where that can be reached.
            copy = Stretch(path := self._copied(found, packing, size), where, 0, path.stat().st_size)
            yield Found(copy, found.name, "", found.on_disk)
            return
        yield Found(found.place, found.name, packing, found.on_disk)

    def _unpacking(self, found: Found) -> tuple[str, bytes]:
        """Return how the file is packed in all, and its first unpacked bytes."""
        packing, cut = found.compression, self._settings.accept_cut_files
        head = head_of(found.place, packing, HEAD, accept_cut=cut)
        for _ in range(2):  # a log may be compressed again by what ships it
            inside = compression_in(head)
            if not inside:
                break
            packing = f"{packing},{inside}" if packing else inside
            head = head_of(found.place, packing, HEAD, accept_cut=cut)
        return packing, head

    def _members(self, found: Found, packing: str, head: bytes, size: int) -> Iterator[Found]:
        place, shown = found.place, str(found.place)
        if packing or not isinstance(place, Path | Stretch):
            path = self._copied(found, packing, size)
            start, size = 0, path.stat().st_size
        else:
            path, start = (place, 0) if isinstance(place, Path) else (place.path, place.start)
        members = tar_members if is_tar(head) else zip_members
        for member in members(path, shown, start, size, self._say, cut=self._settings.accept_cut_files):
            yield Found(member.place, f"{found.name}/{member.name}", member.packed, found.on_disk)

    def _tolerated(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from pieces
        except BadRow as bad:  # only where the settings accept it
            self._say(bad.reason)

    def _copied(self, found: Found, packing: str, size: int) -> Path:
        pieces = self._tolerated(unpacked(found.place, packing, accept_cut=self._settings.accept_cut_files))
        most = max(FREELY, size * self._settings.max_unpacked_ratio)
        return self._scratch.keep(pieces, str(found.place), most)
