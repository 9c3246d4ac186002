"""End-user ids that are made of parts: a device, an account and a session."""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from stillwatch.ingest.values import mapping_of, text

JOINED = re.compile(
    r"user_(?P<device>[0-9A-Za-z]+)_account_(?P<account>[0-9A-Za-z-]*)_session_(?P<session>[0-9A-Za-z-]+)"
)
"""The older form: user_<hash>_account_<uuid, or nothing>_session_<uuid>."""
LONGEST = 2_000
"""Characters of an id that are looked at; a longer one has no parts."""


class EndUser(NamedTuple):
    """The parts of an end-user id."""

    end_user: str | None
    """Who the end user is: what is left of the id when its parts are taken out."""
    device: str | None = None
    """The device, as the client says."""
    session: str | None = None
    """The session, as the client says."""


def end_user_of(value: str) -> EndUser:
    """Return the parts of an end-user id; an id of any other form is the end user itself.

    Coding agents write both forms into the field metadata.user_id of the Messages API: first one string,
    later a JSON object with device_id, account_uuid and session_id as a string. The account,
    where it is there, is the end user. Where it is not, the device is all that is known, and no end user is
    invented from it.
    """
    found = JOINED.fullmatch(value) if value.startswith("user_") and len(value) <= LONGEST else None
    if found is not None:
        return EndUser(text(found["account"]), text(found["device"]), text(found["session"]))
    if value.startswith("{") and len(value) <= LONGEST:
        try:
            parts = mapping_of(orjson.loads(value))
        except orjson.JSONDecodeError:
            return EndUser(value)
        device, session = text(parts.get("device_id")), text(parts.get("session_id"))
        if device is not None or session is not None:
            return EndUser(text(parts.get("account_uuid")), device, session)
    return EndUser(value)
