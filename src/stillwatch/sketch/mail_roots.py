"""Mail domains to the domains that somebody registered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
from publicsuffixlist import PublicSuffixList

LONGEST = 253
"""Characters of a domain name (RFC 1035); a longer text is no domain."""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    # The PRIVATE section counts: two people under one hosting provider's suffix (a.github.io, b.github.io)
    # registered nothing together.
    return PublicSuffixList()


def mail_roots(domains: pa.Array[Any], public_mail: Sequence[str]) -> pa.Array[Any]:
    """Return the registrable domain of each mail domain (strings, lower case); null where there is none.

    A suffix of the Public Suffix List (publicsuffix.org) and one label before it, by the copy inside the
    package publicsuffixlist. Null for a bare suffix, for what is no domain (a hash, a host without a dot) and
    where domain or root is in public_mail.
    """
    encoded = domains.dictionary_encode()
    open_to_all = frozenset(public_mail)
    roots = [root_of(text, open_to_all) for text in encoded.dictionary.to_pylist()]
    return pa.array(roots, pa.string()).take(encoded.indices)


def root_of(domain: str | None, open_to_all: frozenset[str]) -> str | None:
    """Return the registrable domain of one mail domain, or None."""
    bare = (domain or "").strip().strip(".").lower()
    if not bare or len(bare) > LONGEST or ".." in bare or bare in open_to_all:
        return None
    if bare.replace(".", "").isdigit():
        return None
    root = _suffixes().privatesuffix(bare)
    return None if root is None or root in open_to_all else root
