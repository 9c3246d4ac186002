"""Members of tar and zip archives, as stretches of the archive; nothing is unpacked to the disk."""

from __future__ import annotations

import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.ingest.files.place import Stretch
from stillwatch.ingest.files.walk import Say, hidden

BLOCK = 512
METHODS = {0: "", 8: "deflate", 12: "bzip2", 93: "zstd"}
"""How zip packs a member, to our names."""
LOCAL = struct.Struct("<4s5H3L2H")
"""The header before a zip member."""


@dataclass(frozen=True)
class Member:
    """One file of an archive."""

    place: Stretch
    """Where it lies."""
    name: str
    """Its name in the archive, without `.` and `..`: it is shown, never used as a path."""
    packed: str
    """How the archive packs it."""


def is_tar(head: bytes) -> bool:
    """Return whether the first 512 bytes are the header of a tar archive."""
    if len(head) < BLOCK or not head[:BLOCK].strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def is_zip(head: bytes) -> bool:
    """Return whether the first bytes are those of a zip archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def tar_members(path: Path, shown: str, start: int, size: int, say: Say, *, cut: bool) -> Iterator[Member]:
    """Return the files of a tar archive that begins at `start` of a file and has `size` bytes.

    Raises InputError if it is cut or damaged; with `cut`, the members before that place are taken and it is
    said.
    """
    whole = Stretch(path, shown, start, size)
    at, ended = 0, False
    try:
        with whole.open() as file, tarfile.open(fileobj=file, mode="r:", errors="surrogateescape") as archive:
            for member in archive:
                at = member.offset
                if member.isreg() and member.offset_data + member.size > size:
                    break
                if member.sparse is not None:
                    say(f"left out, since it is a sparse file: {shown}/{clean(member.name)}")
                elif member.isreg() and not _left_out(member.name):
                    name = clean(member.name)
                    place = Stretch(path, f"{shown}/{name}", start + member.offset_data, member.size)
                    yield Member(place, name, "")
                elif not (member.isdir() or member.isreg()):
                    say(f"left out, since it is no file: {shown}/{clean(member.name)}")
                blocks = -(-member.size // BLOCK) if member.isreg() else 0
                at = member.offset_data + blocks * BLOCK
            else:
                ended = _ends(file, at)
    except (tarfile.TarError, EOFError, OverflowError):
        ended = False
    if not ended:
        _broken(f"the tar archive breaks off or is damaged at byte {at:,}", shown, say, cut=cut)


def _ends(file: object, at: int) -> bool:
    """Return whether a block of zeros stands at the end of the members, as in every whole archive."""
    file.seek(at)  # type: ignore[attr-defined]
    block: bytes = file.read(BLOCK)  # type: ignore[attr-defined]
    return len(block) == BLOCK and not block.strip(b"\0")


def zip_members(path: Path, shown: str, start: int, size: int, say: Say, *, cut: bool) -> Iterator[Member]:
    """Return the files of a zip archive that begins at `start` of a file and has `size` bytes.

    Raises InputError if its directory, which is at its end, is missing, or a member is encrypted.
    """
    whole = Stretch(path, shown, start, size)
    try:
        with whole.open() as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise InputError(
            "the zip archive breaks off or is damaged: its directory, which is at its end (byte "
            f"{size:,}), cannot be read",
            where=shown,
            do="copy the file again",
        ) from error
    for member in members:
        if member.is_dir() or _left_out(member.filename):
            continue
        name = clean(member.filename)
        if member.flag_bits & 0x1:
            raise InputError(
                "a member of the zip archive is encrypted",
                where=f"{shown}/{name}",
                do="unpack it with its password, and give the files",
            )
        if member.compress_type not in METHODS:
            raise InputError(
                "a member of the zip archive is packed in a way that is not read here (method "
                f"{member.compress_type})",
                where=f"{shown}/{name}",
                do="unpack it, and give the files",
            )
        data = _data_of(whole, member.header_offset)
        if data is None or data + member.compress_size > size:
            _broken(f"the zip archive is damaged at byte {member.header_offset:,}", shown, say, cut=cut)
            continue
        place = Stretch(path, f"{shown}/{name}", start + data, member.compress_size, member.CRC)
        yield Member(place, name, METHODS[member.compress_type])


def _data_of(whole: Stretch, header: int) -> int | None:
    """Return where the bytes of a member begin; None if its header is not there."""
    with whole.open() as file:
        file.seek(header)
        found = file.read(LOCAL.size)
    if len(found) < LOCAL.size or not found.startswith(b"PK\x03\x04"):
        return None
    *_, name, extra = LOCAL.unpack(found)
    return header + LOCAL.size + int(name) + int(extra)


def clean(name: str) -> str:
    """Return the name of a member without roots and dots, as text that can be written."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts).encode("utf-8", "backslashreplace").decode() or "member"


def _left_out(name: str) -> bool:
    return any(hidden(part) for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))


def _broken(what: str, shown: str, say: Say, *, cut: bool) -> None:
    if not cut:
        raise InputError(
            f"{what}; what follows is lost",
            where=shown,
            do="copy the file again, or set ingest.accept_cut_files = true in the settings file to read what "
            "is before that place",
        )
    say(f"{what}: what is before that place is read ({shown})")
