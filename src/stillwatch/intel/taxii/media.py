"""The media types of TAXII 2.1 and STIX 2.1, and what a caller may ask for."""

from __future__ import annotations

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
ANY = ("application/*", "*/*")
MOST = 2_000
"""Characters of a header that are looked at."""


def accepts(header: str) -> bool:
    """Whether an Accept header takes TAXII 2.1: by name, with its version or with none, or by a wildcard; a
    range with q=0 takes nothing.
    """
    return any(_range_takes(part) for part in header[:MOST].split(","))


def is_taxii(header: str) -> bool:
    """Whether a Content-Type header names TAXII 2.1, with its version or with none."""
    kind, parameters = _parts(header[:MOST])
    return kind == "application/taxii+json" and parameters.get("version", "2.1") == "2.1"


def _range_takes(part: str) -> bool:
    kind, parameters = _parts(part)
    try:
        if float(parameters.get("q", "1")) <= 0:
            return False
    except ValueError:
        return False
    if kind in ANY:
        return True
    return kind == "application/taxii+json" and parameters.get("version", "2.1") == "2.1"


def _parts(header: str) -> tuple[str, dict[str, str]]:
    kind, *rest = header.split(";")
    pairs = (part.partition("=") for part in rest)
    return kind.strip().lower(), {
        name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs
    }
