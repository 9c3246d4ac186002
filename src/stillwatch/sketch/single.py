"""The sketch of one request while it waits: the batch's kernels on buffers that are made once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from stillwatch.schema.flags import Flag
from stillwatch.schema.keyed import HashKey, Int64s, siphash, siphash_word
from stillwatch.settings import SketchSettings
from stillwatch.sketch import rows
from stillwatch.sketch.batch import tools_of
from stillwatch.sketch.chain import chain_rows, secrets_of
from stillwatch.sketch.characters import SCRIPTS
from stillwatch.sketch.flat import ROLES
from stillwatch.sketch.kernel import kernel
from stillwatch.sketch.language import languages
from stillwatch.sketch.machine import without_marks
from stillwatch.sketch.marks import network_of
from stillwatch.sketch.offered import MOST_PARTS
from stillwatch.sketch.opened_turn import answered, self_elicited
from stillwatch.sketch.record import Sketch
from stillwatch.sketch.rows import TOOL, USER, Sheet, Texts, Tools
from stillwatch.sketch.spans import Bytes, Hashes, Whole

MARKS = {
    "request": "request_id",
    "account": "account_id",
    "client": "user_agent",
    "stainless": "stainless",
    "ja4": "ja4",
    "parameters": "parameters",
    "end_user": "end_user",
    "device": "device",
    "conversation": "conversation",
    "tools": "tools",
    "output_format": "output_format",
}
"""Kinds of keys that are made from one text, and where a request has it."""
KINDS = (*MARKS, "address", "subnet", "signature")
LAST_TURN = 2**31 - 8
"""The intent model counts turns in 32 bits; after so many turns a workspace is made again."""
NOTHING: Bytes = np.zeros(0, np.uint8)
NOTHING.setflags(write=False)


class Asked(Protocol):
    """What a sketch is made from: columns of table `requests`, cleaned as in the ingest stage."""

    request_id: str | None
    account_id: str | None
    output_tokens: int | None
    reasoning_tokens: int | None
    address: str | None
    user_agent: str | None
    stainless: str | None
    ja4: str | None
    parameters: str | None
    end_user: str | None
    device: str | None
    conversation: str | None
    messages: list[tuple[str, str]] | None
    tools: str | None
    output_format: str | None
    answer: str | None
    signatures: list[str] | None
    signed: list[str] | None


class _Strings(NamedTuple):
    """Texts that each get one key."""

    data: Bytes
    """All texts' bytes."""
    places: Int64s
    """By text: where it begins and ends, and its kind."""


class _Secrets(NamedTuple):
    """The halves of every key, made once."""

    sealed: Hashes
    """By kind of the sheet's keys, and last those of shingles."""
    marks: Hashes
    """By kind in KINDS."""
    chain: Hashes
    """The chain's."""


class _Room:
    """What one call writes to; for one call at a time."""

    def __init__(self, key: HashKey, settings: SketchSettings) -> None:
        most = 2 * max(2, settings.shingles_kept)
        self.tools = tools_of(key, settings)
        self.sheet = Sheet(
            np.zeros((rows.HEIGHT, 1), np.int64),
            np.empty(most, np.int64),
            np.empty(most, np.int32),
            np.empty(MOST_PARTS, np.int64),
        )
        self.chain, self.known = np.zeros((1, 2), np.int64), np.zeros((1, 2), np.bool_)
        self.answered = np.zeros(1, np.bool_)
        self.turn: Whole = 0
        self.base: Whole = 0


class SingleSketcher:
    """Sketches requests one at a time, with the same results as a batch under the same key and settings.

    It may be called from several threads: each call takes a workspace of its own, and the kernels hold no
    lock.
    """

    def __init__(self, key: HashKey, settings: SketchSettings) -> None:
        """Make tables and a first workspace; kernels are compiled, or loaded, at the first call."""
        self._key, self._settings = key, settings
        sealed = [key.halves(kind) for kind in (*rows.KINDS, "shingle")]
        marks = [key.halves(kind) for kind in KINDS]
        self._secrets = _Secrets(np.array(sealed, np.uint64), np.array(marks, np.uint64), secrets_of(key))
        self._rooms = [_Room(key, settings)]

    def __call__(self, request: Asked) -> Sketch:
        """Return the sketch of one request."""
        texts, chars, tool = _texts_of(request.messages or (), request.answer)
        found, named = _strings_of(request)
        keys = np.empty(len(named), np.int64)
        try:
            room = self._rooms.pop()
        except IndexError:
            room = _Room(self._key, self._settings)
        room.answered[0] = request.answer is not None
        room.turn, room.base = sketch_one(
            room.turn,
            room.base,
            room.answered,
            texts,
            room.tools,
            room.sheet,
            self._secrets,
            room.chain,
            room.known,
            found,
            keys,
        )
        numbers = room.sheet.numbers[:, 0].tolist()
        end = numbers[rows.SHINGLES_END]
        sampled = room.sheet.shingles[:end].tolist(), room.sheet.places[:end].tolist()
        offers = room.sheet.offers[: numbers[rows.OFFERS_END]].tolist()
        chain = [
            value if known else None
            for value, known in zip(room.chain[0].tolist(), room.known[0].tolist(), strict=True)
        ]
        if room.turn < LAST_TURN:
            self._rooms.append(room)
        of_request = _of_request(request, texts, numbers, tool)
        named_keys = _named(named, keys.tolist())
        return _record(request, numbers, (*sampled, offers), chain, named_keys, chars, of_request)


@kernel
def sketch_one(
    turn: Whole,
    base: Whole,
    answered: npt.NDArray[np.bool_],
    texts: Texts,
    tools: Tools,
    sheet: Sheet,
    secrets: _Secrets,
    chain: Int64s,
    known: npt.NDArray[np.bool_],
    strings: _Strings,
    keys: Int64s,
) -> tuple[Whole, Whole]:
    """Write one request's keys and fingerprints, sealed; returns the turn and the base of the next one."""
    numbers = sheet.numbers
    for i in range(rows.HEIGHT):
        numbers[i, 0] = 0
    for i in range(2):
        known[0, i] = False
    none = np.int64(0)
    base, end, offered = rows.sketch_row(none, turn, base, none, none, texts, tools, sheet)
    for i in range(len(rows.KINDS)):
        numbers[i, 0] = np.int64(
            siphash_word(np.uint64(numbers[i, 0]), secrets.sealed[i, 0], secrets.sealed[i, 1])
        )
    last = len(rows.KINDS)
    for i in range(end):
        sheet.shingles[i] = np.int64(
            siphash_word(np.uint64(sheet.shingles[i]), secrets.sealed[last, 0], secrets.sealed[last, 1])
        )
    for i in range(offered):
        sheet.offers[i] = np.int64(
            siphash_word(
                np.uint64(sheet.offers[i]), secrets.sealed[rows.PROMPT, 0], secrets.sealed[rows.PROMPT, 1]
            )
        )
    chain_rows(texts, answered, secrets.chain, chain, known)
    for i in range(len(keys)):
        kind = strings.places[i, 2]
        keys[i] = np.int64(
            siphash(
                strings.data,
                strings.places[i, 0],
                strings.places[i, 1],
                secrets.marks[kind, 0],
                secrets.marks[kind, 1],
            )
        )
    return turn + 1, base


def _texts_of(messages: Sequence[tuple[str, str]], answer: str | None) -> tuple[Texts, int, bool]:
    """Return flat buffers of one conversation, its characters, and whether a tool speaks in it."""
    words = [encoded(without_marks(text)) for _, text in messages]
    roles = [ROLES.get(role.lower(), USER) for role, _ in messages]
    spans = list(pairwise(accumulate(map(len, words), initial=0)))
    said = encoded(answer) if answer else b""
    texts = Texts(
        _buffer(b"".join(words)),
        np.array(spans, np.int64).reshape(-1, 2),
        np.array(roles, np.uint8),
        np.array([[0, len(words)]], np.int64),
        _buffer(said),
        np.array([[0, len(said)]], np.int64),
    )
    return texts, sum(len(text) for _, text in messages), TOOL in roles


def _strings_of(request: Asked) -> tuple[_Strings, list[str]]:
    """Return the texts that get one key each, and the kind of each."""
    given = [(kind, getattr(request, name)) for kind, name in MARKS.items()]
    if request.address:
        given += zip(("address", "subnet"), network_of(request.address), strict=True)
    given += [("signed", text) for text in request.signed or ()]
    given += [("signatures", text) for text in request.signatures or ()]
    kept = [(name, encoded(text)) for name, text in given if text]
    at = 0
    places: list[tuple[int, int, int]] = []
    for name, text in kept:
        places.append((at, at + len(text), _KIND.get(name, _SIGNATURE)))
        at += len(text)
    data = _buffer(b"".join([text for _, text in kept]))
    return _Strings(data, np.array(places, np.int64).reshape(-1, 3)), [name for name, _ in kept]


_KIND = {kind: place for place, kind in enumerate(KINDS)}
_SIGNATURE = _KIND["signature"]


def _named(names: list[str], keys: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in zip(names, keys, strict=True):
        if name in ("signed", "signatures"):
            found.setdefault(name, []).append(key)
        else:
            found[name] = key
    return found


def encoded(text: str) -> bytes:
    """Encode as UTF-8; lone surrogates become U+FFFD, as in a log."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _buffer(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8) if data else NOTHING


def _of_request(request: Asked, texts: Texts, numbers: list[int], tool: bool) -> int:
    """Return the flags that the request itself shows, as in the batch."""
    if tool or request.tools:
        return Flag.AGENTIC.value
    characters = None if request.answer is None else len(request.answer)
    length = answered(characters, request.output_tokens, request.reasoning_tokens)
    both = np.array([[numbers[rows.LAST_USER]], [length]], np.int64)
    return Flag.SELF_ELICITED.value if self_elicited(texts, both[0], both[1])[0] else 0


def _record(
    request: Asked,
    numbers: list[int],
    lists: tuple[list[int], list[int], list[int]],
    chain: list[int | None],
    keys: dict[str, Any],
    chars: int,
    of_request: int,
) -> Sketch:
    """Return the record, with None where the batch would write null."""
    held, answer, known = request.messages is not None, request.answer, numbers[rows.KNOWN]
    text = [
        numbers[i] if known >> i & 1 else None
        for i in (rows.PROMPT, rows.HEAD, rows.TAIL, rows.SYSTEM_KEY, rows.PREFIX)
    ]
    read = text[0] is not None
    names = languages()[0]
    script = numbers[rows.SCRIPT]
    return Sketch(
        request=keys.get("request"),
        account=keys.get("account"),
        address=keys.get("address"),
        subnet=keys.get("subnet"),
        client=keys.get("client"),
        stainless=keys.get("stainless"),
        ja4=keys.get("ja4"),
        parameters=keys.get("parameters"),
        end_user=keys.get("end_user"),
        device=keys.get("device"),
        conversation=keys.get("conversation"),
        has_text=held,
        prompt=text[0],
        head=text[1],
        tail=text[2],
        system=text[3],
        tools=keys.get("tools"),
        output_format=keys.get("output_format"),
        prefix=text[4],
        continues=chain[0],
        leaves=chain[1],
        signatures=_tuple(request.signatures, keys.get("signatures")),
        signed=_tuple(request.signed, keys.get("signed")),
        words=numbers[rows.WORDS] if held else None,
        offers=None if answer is None else tuple(lists[2]),
        shingles=tuple(lists[0]) if held else None,
        places=tuple(lists[1]) if held else None,
        bands=(tuple(numbers[rows.FIRST_BAND : rows.SEMANTIC]) if read else ()) if held else None,
        semantic=numbers[rows.SEMANTIC] if read else None,
        language=names[numbers[rows.LANGUAGE]],
        script=SCRIPTS[script] if script >= 0 else None,
        prompt_chars=chars if held else None,
        answer_chars=None if answer is None else len(answer),
        turns=min(numbers[rows.TURNS], 2**15 - 1) if held else None,
        flags=Flag(numbers[rows.FLAGS] | of_request) if held else None,
        harvest=numbers[rows.HARVEST] if held else None,
        refused=None if answer is None else numbers[rows.REFUSAL] != 0,
        reasoning_share=_reasoning_share(request, numbers[rows.REASONING]),
    )


def _tuple(given: list[str] | None, keys: list[int] | None) -> tuple[int, ...] | None:
    return None if given is None else tuple(keys or ())


def _reasoning_share(request: Asked, inline: int) -> float | None:
    """Return the bytes between tags over all bytes of the answer, else reasoning tokens over tokens written.

    The same as in the batch, in single precision.
    """
    if inline > 0:
        share = inline / max(len(encoded(request.answer or "")), 1)
    elif request.reasoning_tokens is not None and (request.output_tokens or 0) > 0:
        written = float(request.output_tokens or 0)
        share = min(float(request.reasoning_tokens), written) / max(written, 1.0)
    else:
        return None
    return float(np.float32(share))
