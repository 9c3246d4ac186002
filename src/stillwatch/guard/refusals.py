"""Refusals as OpenAI's and Anthropic's APIs write them: bodies, status codes and headers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from stillwatch.guard.request import Answer, Decision
from stillwatch.response.ladder import Permission, Step

LONGEST_WAIT_S = 86_400
"""Seconds that a client is told to wait, at most."""


class Dialect(StrEnum):
    """Whose way of writing errors a client reads."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


ANTHROPIC_PATHS = ("/messages", "/complete")
"""Ends of the paths that only Anthropic's API has."""


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a path; OpenAI's where it tells nothing."""
    return Dialect.ANTHROPIC if path.rstrip("/").endswith(ANTHROPIC_PATHS) else Dialect.OPENAI


PERMITS = {
    Permission.NOT_ASKED: "Whether a permit covers this request could not be looked up; "
    "if you hold one, try again later.",
    Permission.NONE: "A permit was looked for and none was found; "
    "if you hold one, send its name with the reference.",
    Permission.COVERS: "A permit was found and it covers this request.",
    Permission.OTHER_MODEL: "A permit was found and it does not cover this model; "
    "ask for another model, or for the permit to be widened.",
    Permission.NOT_BEGUN: "A permit was found and it has not begun yet.",
    Permission.ENDED: "A permit was found and it has ended; ask for it to be renewed.",
    Permission.REVOKED: "A permit was found and it was taken back.",
}
"""What every refusal says of a permit, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The provider's own words."""

    appeal: str = ""
    """Where a customer can appeal: an address; empty leaves the sentence out."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Sentences by reason code, in place of the code in words."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that no model gave."""

    status: int
    """HTTP status."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Headers, names in lower case."""
    body: bytes
    """JSON."""
    message: str
    """The sentence in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of refusal: what each dialect calls it."""

    status: int
    openai: str
    """Type in OpenAI's shape."""
    anthropic: str
    """Type in Anthropic's shape."""
    code: str
    """Code in OpenAI's shape."""
    text: str
    """The sentence, where it needs no state."""
    again_s: int = 0
    """Seconds until the next try; 0: none is advised."""


BLOCKED = Fault(403, "permission_error", "permission_error", "policy_restricted", "")
SPENT = Fault(429, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded", "")
UNAVAILABLE = Fault(
    503,
    "server_error",
    "api_error",
    "service_unavailable",
    "The service cannot take this request at the moment.",
    30,
)
CROWDED = Fault(
    503, "server_error", "api_error", "service_unavailable", "Too many requests are being read.", 1
)
TOO_LARGE = Fault(
    413, "invalid_request_error", "request_too_large", "request_too_large", "The request is too large."
)
TOO_SLOW = Fault(
    408,
    "invalid_request_error",
    "invalid_request_error",
    "request_timeout",
    "The request's body did not arrive in time.",
)
HEADERS_TOO_LARGE = Fault(
    431,
    "invalid_request_error",
    "invalid_request_error",
    "headers_too_large",
    "The request has too many headers, or too large ones.",
)
UNREADABLE = Fault(
    400,
    "invalid_request_error",
    "invalid_request_error",
    "invalid_json",
    "The request's body cannot be read: send one JSON object (RFC 8259) in UTF-8, each field once.",
)


def refused(decision: Decision, dialect: Dialect, wording: Wording) -> Refusal:
    """Return the refusal of a decision that does not allow. Its id is the reference of an appeal.

    A 403 says that trying again is of no use (`x-should-retry`, which both official clients obey); a 429 and
    a 503 say when it is (`retry-after`).
    """
    if decision.answer is Answer.WAIT:
        again = whole_seconds(decision.retry_after_s)
        fault, what = SPENT, f"The limit of tokens is reached for now; try again in {again} s."
    elif decision.answer is Answer.UNAVAILABLE:
        again = whole_seconds(decision.retry_after_s)
        fault, what = UNAVAILABLE, UNAVAILABLE.text
    else:
        again, fault, what = 0, BLOCKED, _blocked(decision, wording)
    permit = PERMITS[decision.permission]
    parts = [what, permit, f"Reference: {decision.id}."]
    if wording.appeal:
        parts.append(f"To appeal, give this reference at {wording.appeal}.")
    told = [
        (b"x-policy-reference", decision.id.encode()),
        (b"x-policy-permit", decision.permission.value.encode()),
    ]
    code = fault.code
    if fault is BLOCKED and CODE.fullmatch(decision.reason):
        code = decision.reason
        told.append((b"x-policy-reason", code.encode()))
    return _written(fault, dialect, " ".join(parts), decision.id, code, again, told)


def fault(kind: Fault, dialect: Dialect, request_id: str) -> Refusal:
    """Return the refusal of a request that was not decided, or cannot be handed on."""
    return _written(kind, dialect, kind.text, request_id, kind.code, kind.again_s, [])


CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def whole_seconds(seconds: float) -> int:
    """Return seconds for `retry-after`: whole, at least 1, at most a day."""
    return min(max(math.ceil(seconds), 1), LONGEST_WAIT_S) if math.isfinite(seconds) else LONGEST_WAIT_S


def _blocked(decision: Decision, wording: Wording) -> str:
    own = wording.texts.get(decision.reason)
    if own:
        return own
    why = re.sub(r"[_.-]+", " ", decision.reason).strip()
    ends = (
        "until its owner has been verified" if decision.action.step is Step.VERIFY else "by the usage policy"
    )
    return f"This account's access is restricted {ends}{f' ({why})' if why else ''}."


def _written(
    kind: Fault,
    dialect: Dialect,
    message: str,
    request_id: str,
    code: str,
    again_s: int,
    told: list[tuple[bytes, bytes]],
) -> Refusal:
    if dialect is Dialect.ANTHROPIC:
        name = f"req_{request_id}"
        document: object = {
            "type": "error",
            "error": {"type": kind.anthropic, "message": message},
            "request_id": name,
        }
        told = [*told, (b"request-id", name.encode())]
    else:
        document = {"error": {"message": message, "type": kind.openai, "param": None, "code": code}}
        told = [*told, (b"x-request-id", request_id.encode())]
    body = orjson.dumps(document)
    if again_s:
        told.append((b"retry-after", str(again_s).encode()))
    elif kind.status == 403:
        told.append((b"x-should-retry", b"false"))
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return Refusal(kind.status, (*head, *told), body, message)
