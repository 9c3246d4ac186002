"""Addresses that a person gives: what cannot be read without doubt is refused, since it may show a secret."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from stillwatch.errors import InputError

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")
"""How an address begins. A path keeps one slash of two."""
HOSTS = re.compile(
    r"(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:@/,]*)(?::\d{1,5})?(?:,(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:@/,]*)(?::\d{1,5})?)*"
)
"""One host with its port, or several."""
BUCKET = re.compile(r"[^:@\[\]?#]+")


def split(address: str, scheme: str) -> SplitResult:
    """Return the parts of an address of a database or a web server. Raises InputError, without the address.

    A user or password with a bare slash, question mark or hash would be taken for host and path.
    """
    try:
        parts = urlsplit(address)
        user, at, hosts = parts.netloc.rpartition("@")
    except ValueError:
        raise refused(scheme) from None
    behind = f"{parts.path}?{parts.query}#{parts.fragment}"
    if not HOSTS.fullmatch(hosts) or "@" in user or (not at and ":" in hosts and "@" in behind):
        raise refused(scheme)
    return parts


def must_be_a_bucket(name: str, scheme: str) -> None:
    """Raise InputError if what stands in place of a bucket's name may be a part of a key."""
    if not BUCKET.fullmatch(name):
        raise refused(scheme)


def refused(scheme: str) -> InputError:
    """Return the error for an address that cannot be read; it holds nothing of it but the scheme."""
    return InputError(
        "the address cannot be read: its host, its port or its password is not written as in an address",
        where=f"{scheme}://…",
        do="write :, /, ?, # and @ of a user or password as %3A, %2F, %3F, %23 and %40, or give no password "
        "in the address",
    )


def shown_path(path: Path) -> str:
    """Return a given path for an error; of an address the scheme alone, since the rest may hold a secret."""
    found = SCHEME.match(str(path))
    return f"{found[1]}://…" if found else str(path)
