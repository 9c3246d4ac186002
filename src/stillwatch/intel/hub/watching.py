"""A member watches its hub's log: each checkpoint must go on from the last one, and be the one that others
were shown.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx2

from stillwatch.errors import IntelError, LogFault
from stillwatch.intel.hub import merkle
from stillwatch.intel.hub.client import HubRefused, Sharing, answer, document, keep, not_understood
from stillwatch.intel.hub.keys import public_text, read_public
from stillwatch.intel.hub.members import NAME
from stillwatch.intel.hub.notes import COSIGNER, LARGEST_NOTE, Note, Verifier, cosignature, read_note
from stillwatch.iso_time import iso
from stillwatch.small_file import read_small

SEEN, PEERS, EVIDENCE = "checkpoint.note", "peers.json", "evidence"
LARGEST_PEERS = 4 << 20
MOST_STEPS = 200
"""Hashes of a proof; a log of 2**62 entries needs 124."""
PAGE = 1_000
"""Entries asked for at once."""


@dataclass(frozen=True)
class Watched:
    """What a look at the log found."""

    note: Note
    """The checkpoint of now, with the member's cosignature."""
    before: int | None
    """Entries of the checkpoint that was seen last; None: this is the first."""
    compared: tuple[str, ...]
    """Members whose cosigned checkpoint is of the same log."""


@dataclass(frozen=True)
class Told:
    """An entry that concerns the member, and whose proof holds."""

    index: int
    """Its place."""
    content: Mapping[str, Any]
    """What it says."""


class Watching:
    """Looks at the log of a hub for one member. Needs a client of the hub."""

    def __init__(self, sharing: Sharing, client: httpx2.Client) -> None:
        """client: as `sharing.client()` makes it."""
        self._sharing = sharing
        self._client = client

    def look(self, others: Sequence[tuple[str, bytes]] = ()) -> Watched:
        """Fetch the checkpoint, check it against the last one seen, keep it, cosign it, and compare it with
        those that other members cosigned. others: more of those, got from members themselves, each with
        where it came from.

        Raises LogFault where the hub shows a log that does not go on from what it showed before, or another
        one to somebody else; a file keeps the evidence. Raises IntelError for a checkpoint that is not the
        hub's.
        """
        last = self.seen()
        note = self._fetched()
        if last is not None:
            self._must_go_on(last, note, "this hub took back or changed what its log said before")
        if last is None or last.checkpoint.size <= note.checkpoint.size:
            keep(self._sharing.folder, SEEN, note.written().encode())
        mine = self._cosigned(note)
        names = {name for one in self._gossip() if (name := self._compared(mine, one, self._sharing.hub))}
        for where, data in others:
            names.add(self._compared(mine, read_note(data, where), where) or _nobody(where))
        return Watched(mine, last.checkpoint.size if last else None, tuple(sorted(names)))

    def seen(self) -> Note | None:
        """Return the checkpoint that was seen last. Raises IntelError where its file holds none."""
        path = self._sharing.folder / SEEN
        if not path.exists():
            return None
        data = read_small(
            path, LARGEST_NOTE, what="checkpoint", error=IntelError, do="restore it from a copy"
        )
        note = read_note(data, str(path))
        self._must_be_signed(note, str(path))
        return note

    def entries(self, start: int = 0) -> Iterator[Told]:
        """Each entry from a place on that concerns the member, checked against the checkpoint seen last.
        Raises LogFault, with the index, where a proof or a hash does not hold.
        """
        note = self.seen()
        if note is None:
            raise IntelError("no checkpoint was seen yet", where=SEEN, do="run `stillwatch hub log cosign`")
        while True:
            rows = self._rows({"start": start, "count": PAGE, "mine": 1})
            for index, leaf, content in rows:
                if index < start or content is None:
                    raise not_understood("/hub/log/entries")
                if index >= note.checkpoint.size:
                    return
                self._must_be_in(note, index, leaf, content)
                yield Told(index, _object(content))
                start = index + 1
            if not rows:
                return

    def recount(self) -> int:
        """Fetch the hash of every entry under the checkpoint seen last, and compute its root; return how many
        they are. Raises LogFault where it is another root.
        """
        note = self.seen()
        if note is None:
            raise IntelError("no checkpoint was seen yet", where=SEEN, do="run `stillwatch hub log cosign`")
        tree, size = merkle.Growing(), note.checkpoint.size
        while tree.size < size:
            rows = self._rows({"start": tree.size, "count": min(PAGE, size - tree.size)})
            for index, leaf, content in rows:
                if index != tree.size:
                    raise self._fault("entries are missing in the log", f"index {tree.size}", [note], {})
                if content is not None and merkle.leaf_hash(content.encode()) != leaf:
                    raise self._fault("an entry is not what its hash says", f"index {index}", [note], {})
                tree.add(leaf)
            if not rows:
                raise self._fault("the log ends before its checkpoint", f"index {tree.size}", [note], {})
        if tree.root() != note.checkpoint.root:
            raise self._fault("the entries give another root", f"size {size}", [note], {})
        return size

    def _fetched(self) -> Note:
        note = read_note(answer(self._client, "GET", "/hub/log/checkpoint").content, self._sharing.hub)
        self._must_be_signed(note, self._sharing.hub)
        return note

    def _must_be_signed(self, note: Note, where: str) -> None:
        key = self._sharing.log_key
        if note.checkpoint.origin != key.name or not note.signed_by(key):
            raise IntelError(
                "this checkpoint is forged: the key of the hub's log did not sign it",
                where=where,
                do="do not use it; ask the coordinator, by another way, whether the key is a new one",
            )

    def _must_go_on(self, older: Note, newer: Note, why: str) -> None:
        """Raise LogFault unless one checkpoint is the beginning of the other."""
        old, new = older.checkpoint, newer.checkpoint
        if new.size < old.size:
            old, new = new, old
        path: list[bytes] = []
        said: dict[str, Any] = {}
        if 0 < old.size < new.size:
            query = {"from": old.size, "to": new.size}
            try:
                said = dict(document(answer(self._client, "GET", "/hub/log/proof/consistency", params=query)))
                path = _path(said)
            except IntelError as error:
                if not _is_no_proof(error):
                    raise
                said = {**said, "refused": str(error)}
        if not merkle.consistent(old.size, new.size, old.root, new.root, path):
            raise self._fault(why, f"between sizes {old.size} and {new.size}", [older, newer], said)

    def _cosigned(self, note: Note) -> Note:
        """The checkpoint with this member's line, which the hub keeps too."""
        line = cosignature(note.checkpoint, self._sharing.name, self._sharing.key(), int(time.time()))
        mine = note.with_line(line)
        answer(self._client, "POST", "/hub/log/cosign", content=mine.written().encode())
        return mine

    def _gossip(self) -> Iterator[Note]:
        """Each checkpoint that the hub says another member cosigned."""
        said = document(answer(self._client, "GET", "/hub/log/cosigned")).get("cosigned")
        if not isinstance(said, list):
            raise not_understood("/hub/log/cosigned")
        for one in said:
            if not isinstance(one, dict) or not isinstance(one.get("note"), str):
                raise not_understood("/hub/log/cosigned")
            yield read_note(one["note"].encode(), "/hub/log/cosigned")

    def _compared(self, mine: Note, other: Note, where: str) -> str | None:
        """Name of the member that cosigned a checkpoint of the same log; None where its key is not known: a
        removed member's, or one from before a rotation that this member did not see.
        """
        self._must_be_signed(other, where)
        peers = self._peers()
        names = [name for name, keys in peers.items() if any(other.cosigned_by(key) for key in keys)]
        if not names:
            return None
        why = f"this hub shows {names[0]} another log than {self._sharing.name}"
        self._must_go_on(other, mine, why)
        return names[0]

    def _peers(self) -> dict[str, list[Verifier]]:
        """The keys that members had, as this member saw them; a key once seen stays known, so that a hub
        cannot forget whom it told another story.
        """
        path = self._sharing.folder / PEERS
        known: dict[str, list[str]] = {}
        if path.exists():
            data = read_small(path, LARGEST_PEERS, what="list of peers", error=IntelError, do="restore it")
            with contextlib.suppress(ValueError):
                known = {str(name): list(map(str, keys)) for name, keys in json.loads(data).items()}
        before = json.dumps(known, sort_keys=True)
        for name, key in self._members():
            if key not in known.setdefault(name, []):
                known[name].append(key)
        if json.dumps(known, sort_keys=True) != before:
            data = json.dumps(known, indent=1, sort_keys=True).encode()
            if len(data) > LARGEST_PEERS:
                raise not_understood("/hub/members")
            keep(self._sharing.folder, PEERS, data)
        return {
            name: [Verifier(name, COSIGNER, read_public(key, PEERS)) for key in keys]
            for name, keys in known.items()
        }

    def _members(self) -> Iterator[tuple[str, str]]:
        """Name and key of each member, as the hub says; what is none is not kept, since it would stay."""
        said = document(answer(self._client, "GET", "/hub/members")).get("members")
        for one in said if isinstance(said, list) else []:
            name, key = (one.get("name"), one.get("key")) if isinstance(one, dict) else (None, None)
            if isinstance(name, str) and isinstance(key, str) and NAME.fullmatch(name):
                with contextlib.suppress(IntelError):
                    yield name, public_text(read_public(key, "/hub/members"))

    def _rows(self, query: Mapping[str, int]) -> list[tuple[int, bytes, str | None]]:
        said = document(answer(self._client, "GET", "/hub/log/entries", params=dict(query))).get("entries")
        try:
            return [(int(one["index"]), _hash(one["hash"]), _text(one["content"])) for one in said or ()]
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise not_understood("/hub/log/entries") from error

    def _must_be_in(self, note: Note, index: int, leaf: bytes, content: str) -> None:
        size = note.checkpoint.size
        if merkle.leaf_hash(content.encode()) != leaf:
            raise self._fault("an entry is not what its hash says", f"index {index}", [note], {})
        query = {"index": index, "size": size}
        said = dict(document(answer(self._client, "GET", "/hub/log/proof/inclusion", params=query)))
        if not merkle.included(leaf, index, size, _path(said), note.checkpoint.root):
            raise self._fault("an entry is not in the log that was shown", f"index {index}", [note], said)

    def _fault(self, why: str, place: str, notes: Sequence[Note], said: Mapping[str, Any]) -> LogFault:
        """The error for a log that does not hold, after its evidence is on the disk."""
        found = {
            "what": why,
            "where": place,
            "hub": self._sharing.hub,
            "log_key": self._sharing.log_key.written(),
            "member": self._sharing.name,
            "time": iso(datetime.now(UTC)),
            "checkpoints": [note.written() for note in notes],
            "answer": said,
        }
        name = f"{EVIDENCE}/log-{time.time_ns()}.json"
        path = keep(self._sharing.folder, name, (json.dumps(found, indent=1) + "\n").encode())
        return LogFault(
            why,
            where=f"{place}; evidence in {path}",
            do="tell the other members by another way, and give them the file; share nothing meanwhile",
        )


def read_other(path: Path) -> tuple[str, bytes]:
    """Return a checkpoint that a member wrote to a file. Raises IntelError where it cannot be read."""
    return str(path), read_small(path, LARGEST_NOTE, what="checkpoint", error=IntelError, do="check --other")


def _nobody(where: str) -> NoReturn:
    raise IntelError(
        "no member whose key is known cosigned this checkpoint",
        where=where,
        do="ask the member for a new one; it may have another key than this hub says",
    )


def _is_no_proof(error: IntelError) -> bool:
    """Whether the hub answered, and not with a proof. An answer that it is too busy tells nothing."""
    return type(error) is IntelError or (isinstance(error, HubRefused) and error.status == 422)


def _path(said: Mapping[str, Any]) -> list[bytes]:
    path = said.get("path")
    if not isinstance(path, list) or len(path) > MOST_STEPS:
        raise not_understood("path of a proof")
    try:
        return [_hash(step) for step in path]
    except ValueError as error:
        raise not_understood("path of a proof") from error


def _hash(text: object) -> bytes:
    try:
        found = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except binascii.Error as error:
        raise ValueError("no Base64") from error
    if len(found) != merkle.HASH_BYTES:
        raise ValueError("no hash")
    return found


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("no text")
    return value


def _object(content: str) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise not_understood("text of an entry") from error
    if not isinstance(found, dict):
        raise not_understood("text of an entry")
    return found
