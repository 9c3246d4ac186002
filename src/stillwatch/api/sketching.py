"""One request to its sketch, for a gateway that must decide while the request waits."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch.account_names import account_name
from stillwatch.api.inputs import KeyLike, SettingsLike, key_from, settings_from
from stillwatch.client_addresses import ClientAddress
from stillwatch.errors import InputError
from stillwatch.ingest import pseudonym_key
from stillwatch.ingest.batch_normaliser import LIMITS
from stillwatch.ingest.conversation import answer_of
from stillwatch.ingest.dialects import fill
from stillwatch.ingest.end_users import end_user_of
from stillwatch.ingest.envelope import BODIES, Envelope, opened, request_of, request_of_body
from stillwatch.ingest.notes import take_notes
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.reading import SHAPES
from stillwatch.ingest.request import RAW_TYPES, Context, Request
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.token_parts import parts_of
from stillwatch.ingest.values import inner
from stillwatch.schema.keyed import HashKey
from stillwatch.sketch.record import Sketch
from stillwatch.sketch.single import SingleSketcher

NO_TIME = "2026-01-01T00:00:00Z"
"""A body has no time, and a line of a log must have one: the sketch does not depend on it."""
OUTSIDE = frozenset(name.partition(".")[0] for name in BODIES)
"""Fields under which a line of a log holds a request's body."""
TEXTS = tuple(name for name, kind in RAW_TYPES.items() if kind == pa.string())
PSEUDONYMS = ("account_id", "end_user", "device")


class Sketcher:
    """Sketches requests one at a time: tables are made and kernels loaded once, so make one and keep it.

    key: as for `detect`; only sketches under one key can be compared. settings: sections [sketch] and
    [ingest] are used. warm: whether the kernels are loaded now rather than by the first request (about a
    second with a warm cache, a minute where they must be compiled).

    May be called from several threads at once: each call takes a workspace of its own, and the kernels run
    without the interpreter's lock. Not shared between processes; make one in each.
    """

    def __init__(self, *, key: KeyLike = None, settings: SettingsLike = None, warm: bool = True) -> None:
        chosen = settings_from(settings)
        self.key = key_from(key)
        """The key of the sketches."""
        self._pseudonym = None if key is None or isinstance(key, HashKey) else pseudonym_key(Path(key))
        self._context = Context(chosen.ingest.account_field)
        self._client = ClientAddress(chosen.ingest.trusted_proxies)
        self._sketch = SingleSketcher(self.key, chosen.sketch)
        if warm:
            self._sketch(Request())

    def sketch(self, request: Mapping[str, Any] | Request, answer: Any = None) -> Sketch:
        """The sketch of one request, equal to what detect writes for it.

        request: a body of the chat completions, responses, completions or messages API as a mapping; a line
        of a log with such a body, headers, ids and answer in it (docs/formats.md); or a `Request`. answer:
        the response's body, or its text; left out, the answer's columns are None. Raises InputError for what
        is no such request.
        """
        return self._sketch(self._cleaned(self.read(request, answer)))

    def sketch_many(
        self, requests: Iterable[Mapping[str, Any] | Request | tuple[Mapping[str, Any] | Request, Any]]
    ) -> list[Sketch]:
        """The sketches of several requests, in their order; a pair is a request and its answer."""
        return [self.sketch(*one) if isinstance(one, tuple) else self.sketch(one) for one in requests]

    def _cleaned(self, request: Request) -> Request:
        """As the ingest stage cleans a batch: empty texts are none, counts that nobody believes are left out,
        ids that are secrets get pseudonyms.
        """
        changed: dict[str, Any] = {name: None for name in TEXTS if getattr(request, name) == ""}
        if request.end_user:
            parts = end_user_of(request.end_user)
            changed |= {"end_user": parts.end_user, "device": parts.device}
            changed["conversation"] = request.conversation or parts.session
        for name in PSEUDONYMS:
            if value := changed.get(name, getattr(request, name)):
                changed[name] = account_name(value, self._pseudonym)
        for name, most in LIMITS.items():
            count = getattr(request, name)
            if count is not None and not 0 <= count <= most:
                changed[name] = None
        if request.address:
            changed["address"] = self._client(request.address)
        cleaned = replace(request, **changed) if changed else request
        for name, count in parts_of(cleaned):
            cleaned = replace(cleaned, **{name: count})
        return cleaned

    def read(self, given: Mapping[str, Any] | Request, answer: Any = None) -> Request:
        """A request as the formats of logs read it, before it is cleaned. Raises InputError."""
        if isinstance(given, Request):
            if answer is None:
                return given
            return with_thoughts(replace(given, answer=answer_of(answer)), answer)
        try:
            if OUTSIDE.isdisjoint(given):
                # Nothing stands around a body: looking for it would cost more than the sketch.
                envelope = Envelope({}, dict(given), put_together(inner(answer)), {}, None)
                request = request_of_body(envelope)
            else:
                row = {**given, "time": NO_TIME} | ({} if answer is None else {"response": answer})
                envelope = opened(row)
                request = request_of(envelope, self._context)
            take_notes()
            request = fill(
                request,
                envelope.body,
                envelope.answer,
                usage=envelope.row.get("usage"),
                path=envelope.path,
                headers=envelope.headers,
            )
            _refuse_noted()
            if request.answer is None and isinstance(answer, str):
                request.answer = answer_of(answer)  # a text in JSON is no body
            return request
        except BadRow as bad:
            raise InputError(
                f"the request cannot be read: {bad.reason}", where=bad.column, do="see docs/python.md"
            ) from None
        except SHAPES as error:
            raise InputError(
                f"the request cannot be read: a field has an unknown shape ({type(error).__name__})",
                do="give a body of the OpenAI or Anthropic API as a mapping, or a stillwatch.Request",
            ) from None


def _refuse_noted() -> None:
    """Raise BadRow for messages that are none: of a log they cost a field, of a caller they are a mistake."""
    for (column, reason), _count in take_notes().items():
        if column == "messages":
            raise BadRow(column, reason)


_KEPT: dict[str, Sketcher] = {}
_LOCK = threading.Lock()


def sketch(request: Mapping[str, Any] | Request, answer: Any = None) -> Sketch:
    """The sketch of one request under your own key and the default settings: `Sketcher.sketch` of one that is
    made at the first call and kept.

    Raises InputError for what is no request, SettingError where there is no key and none can be made.
    """
    kept = _KEPT.get("own")
    if kept is None:
        with _LOCK:
            kept = _KEPT.get("own") or _KEPT.setdefault("own", Sketcher())
    return kept.sketch(request, answer)
