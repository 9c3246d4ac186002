"""What a caller asks for: the filters of section 3.4 of TAXII 2.1, read from an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.intel.taxii.moment import micros
from stillwatch.intel.taxii.server.fault import TaxiiFault

ID = re.compile(r"[a-z0-9-]{1,250}--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TYPE = re.compile(r"[a-z0-9-]{1,250}")
NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
MOST = 200
"""Values of one filter."""
ONCE = frozenset(
    ("added_after", "limit", "next", "match[id]", "match[type]", "match[version]", "match[spec_version]")
)
WORDS = frozenset(("first", "last", "all"))


@dataclass(frozen=True)
class Asked:
    """Filters and place of one request."""

    limit: int
    """Objects of the answer at most."""
    added_after: int = -1
    """Only what was added after this moment, in microseconds."""
    next: str = ""
    """The cursor of the page; empty: the first page."""
    ids: tuple[str, ...] | None = None
    """Only these objects."""
    types: tuple[str, ...] | None = None
    """Only objects of these types."""
    words: frozenset[str] = frozenset({"last"})
    """Versions, by word: first, last, all."""
    versions: frozenset[int] = frozenset()
    """Versions, by their moment in microseconds."""
    stix: bool = True
    """Whether STIX 2.1 is among the specification versions."""

    def bound(self) -> str:
        """The filters as one text; a cursor holds for them and for no others."""
        ids, types = (None if one is None else sorted(set(one)) for one in (self.ids, self.types))
        return repr((self.added_after, ids, types, sorted(self.words), sorted(self.versions), self.stix))


def asked(
    pairs: Iterable[tuple[str, str]], fields: frozenset[str], page: int, *, words: str = "last"
) -> Asked:
    """Read the parameters of an address. fields: the match fields of the endpoint; others are ignored, as
    section 3.4 allows. page: objects of an answer at most; words: the version asked for where none is named.

    Raises TaxiiFault 400 for a malformed parameter, or one that occurs twice.
    """
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given and name in ONCE:
            raise TaxiiFault(400, f"{name} occurs more than once")
        given[name] = value
    match = {field: given[f"match[{field}]"] for field in fields if f"match[{field}]" in given}
    chosen, versions = (
        _versions(match["version"]) if "version" in match else (frozenset({words}), frozenset())
    )
    return Asked(
        limit=min(_limit(given["limit"]), page) if "limit" in given else page,
        added_after=_moment("added_after", given["added_after"]) if "added_after" in given else -1,
        next=given.get("next", ""),
        ids=_chosen("id", match, ID),
        types=_chosen("type", match, TYPE),
        words=chosen,
        versions=versions,
        stix="spec_version" not in match or "2.1" in _values("spec_version", match["spec_version"]),
    )


def _limit(text: str) -> int:
    if not NUMBER.fullmatch(text) or int(text) < 1:
        raise TaxiiFault(400, "limit must be a whole number above zero")
    return int(text)


def _moment(name: str, text: str) -> int:
    try:
        return micros(text)
    except ValueError as error:
        raise TaxiiFault(400, f"{name}: {error}") from error


def _values(name: str, text: str) -> list[str]:
    values = text.split(",")
    if len(values) > MOST:
        raise TaxiiFault(400, f"match[{name}] may have {MOST} values at most")
    if not all(values):
        raise TaxiiFault(400, f"match[{name}] has an empty value")
    return values


def _chosen(name: str, match: dict[str, str], form: re.Pattern[str]) -> tuple[str, ...] | None:
    """The values that something may have; what has another form is nowhere, and no error."""
    if name not in match:
        return None
    return tuple(value for value in _values(name, match[name]) if form.fullmatch(value))


def _versions(text: str) -> tuple[frozenset[str], frozenset[int]]:
    values = _values("version", text)
    if len(set(values)) < len(values):
        raise TaxiiFault(400, "match[version] names a version twice")
    words = frozenset(values) & WORDS
    if "all" in words and len(values) > 1:
        raise TaxiiFault(400, "match[version]=all goes with no other version")
    moments = frozenset(_moment("match[version]", value) for value in values if value not in WORDS)
    return words, moments
