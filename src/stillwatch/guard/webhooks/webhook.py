"""What every gateway's call has in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from stillwatch.guard.bodies import NONE, Raw, msgspec, small
from stillwatch.guard.refusals import Dialect, Refusal
from stillwatch.guard.request import Decision, Request

LONGEST_ACCOUNT = 1_024
NOBODY = frozenset(("", "default_user_id", "default_team_id", "default_org_id", "litellm_internal"))
"""Ids that a gateway gives to whoever has none."""
Shape = TypeVar("Shape")


class BadCall(Exception):
    """The call is not what this path takes; its text says what it is instead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gateway asks about."""

    request: Request
    """The request."""
    dialect: Dialect = Dialect.OPENAI
    """How its client reads errors."""
    unseen: bool = False
    """Whether the account is hidden by the gateway's settings, so that nothing can be told about it."""


class Webhook(Protocol):
    """A gateway's way of asking."""

    waits: bool
    """Whether the service holds its answer back where a delay was decided, since the gateway cannot."""

    def asked(self, data: bytes) -> Asked | None:
        """Read a call. None where there is nothing to decide, as after the answer. Raises BadCall."""
        ...

    def told(self, decision: Decision | None, refusal: Refusal | None) -> Mapping[str, Any]:
        """Return the answer. refusal: None where the request is served; decision: None if there is none."""
        ...


def shaped(data: bytes, shape: type[Shape]) -> Shape:
    """Return the JSON of a call in a shape. Raises BadCall."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise BadCall(str(error)[:200]) from None


def details(raw: Raw, names: tuple[str, ...]) -> dict[str, Any]:
    """Return these fields of an object of a call, those that are small; empty where it is none.

    The others are stepped over, however large: a client writes some of them, and must not hide its account
    behind one.
    """
    if not len(raw):
        return {}
    try:
        found = _picking(names).decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return {}
    return {name: small(getattr(found, f"f{number}")) for number, name in enumerate(names)}


@lru_cache(64)
def _picking(names: tuple[str, ...]) -> Any:
    """A decoder of an object that keeps the fields of these names as they were sent."""
    fields = [(f"f{number}", Raw, NONE) for number in range(len(names))]
    called = {f"f{number}": name for number, name in enumerate(names)}
    return msgspec.json.Decoder(msgspec.defstruct("Picked", fields, rename=called))


def first_account(values: Iterable[Any]) -> str:
    """Return the first that is an account's id; empty if none is."""
    found = (value.strip() for value in values if isinstance(value, str) and len(value) <= LONGEST_ACCOUNT)
    return next((value for value in found if value.lower() not in NOBODY), "")
