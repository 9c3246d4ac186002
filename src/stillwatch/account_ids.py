"""Which of several fields names an account. Imports nothing heavy, since a gateway asks it of each request:
what a gateway decides on must be the account that detection finds in its log.
"""

from __future__ import annotations

import re

from stillwatch.absent import LONGEST_ID, MISSING, absent

MASKED = re.compile(
    r"(?:[\w-]{0,12}(?:\*{3,}|\u2022{3,}|#{4,})[\w-]{0,8}|(?:sk|pk|rk|ak|key)[\w-]{0,12}(?:\.{3}|\u2026)[\w-]{0,8}|x{6,})$",
    re.IGNORECASE,
)
"""A key with its middle masked: many keys look alike so."""
SHARED = re.compile(r"default_(?:user|team|org)_id$|litellm[-_]internal|(?:anonymous|guest)$", re.IGNORECASE)
"""Ids that stand for whoever gave none, and for the gateway itself."""
MASKED_KEY = re.compile(
    r"(?:[\w-]{0,12}(?:\*{3,}|\u2022{3,})[\w-]{0,8}"
    r"|(?:sk|pk|rk|ak|key)[\w-]{0,12}(?:\.{3}|\u2026|#{4,}|x{6,})[\w-]{0,8}|[*\u2022\u2026.]+)$",
    re.IGNORECASE,
)
"""The masks that can be nobody's name."""
GATEWAY = re.compile(r"default_(?:user|team|org)_id$|litellm[-_]internal", re.IGNORECASE)
"""Fixed ids of a gateway."""


def one_account(value: str) -> str | None:
    """Return a text as an account id; None where it marks no value, is a mask, or stands for everybody."""
    if absent(value):
        return None
    found = value[:LONGEST_ID]
    return None if MASKED.match(found) or SHARED.match(found) else found


def literal_account(value: str) -> str | None:
    """Return a text as an account id, also where it is what many logs write for nobody: guest, null, unknown.

    Somebody may have taken it as a name, to be left out. None for MISSING, masked keys and ids of a gateway.
    """
    bare = value.strip()[:LONGEST_ID]
    if bare.lower() in MISSING or MASKED_KEY.match(bare) or GATEWAY.match(bare):
        return None
    return bare


def chosen_account(*values: str | None) -> str | None:
    """Return the first account id among several texts; if none is one, the first that may be one."""
    texts = [value for value in values if value]
    found = next((one for value in texts if (one := one_account(value)) is not None), None)
    if found is not None:
        return found
    return next((one for value in texts if (one := literal_account(value)) is not None), None)
