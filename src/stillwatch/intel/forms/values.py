"""The pattern of an indicator as a kind and a value, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stillwatch.intel.forms.carried import Object
from stillwatch.intel.kinds import IndicatorKind as Kind
from stillwatch.intel.stix.making import TOKEN_PATTERN

VALUE_PATTERN = "stillwatch-value"
"""Type of the pattern of a plain value that STIX has no path for; only what others send has one."""
TOKEN = re.compile(r"token:v1:([a-z_]{1,32}):([0-9W-]{1,10}):([0-9a-f]{64})\Z")
VALUE = re.compile(r"value:v1:([a-z_]{1,32}):(.+)\Z")
COMPARISON = re.compile(r"\[([a-z0-9-]{3,30}):(value|number) = (?:'((?:[^'\\]|\\['\\])*)'|([0-9]{1,10}))\]\Z")
LABEL = "stillwatch-kind:"
"""Of a label that says which of two kinds a domain is."""
PATHS = {
    Kind.ASN: "autonomous-system:number",
    Kind.MAIL_DOMAIN: "domain-name:value",
    Kind.RESELLER_DOMAIN: "domain-name:value",
    Kind.EMAIL: "email-addr:value",
}
NUMBER = re.compile(r"(?:AS)?([0-9]{1,10})\Z")


@dataclass(frozen=True)
class Value:
    """What an indicator looks for, if it is one thing."""

    kind: str
    """Its kind; empty where the pattern does not tell."""
    value: str
    """The token in hexadecimal digits, or the value; empty where the pattern is no single value."""
    epoch: str
    """The epoch of the token; empty for a plain value."""


def value_of(item: Object) -> Value:
    """Return what an indicator looks for; all empty for a pattern of several parts."""
    pattern, how = str(item.get("pattern", "")), item.get("pattern_type")
    token = TOKEN.match(pattern) if how == TOKEN_PATTERN else None
    if token and token[1] in set(Kind):
        return Value(token[1], token[3], token[2])
    plain = VALUE.match(pattern) if how == VALUE_PATTERN else None
    if plain and plain[1] in set(Kind):
        return Value(plain[1], plain[2], "")
    found = COMPARISON.match(pattern) if how == "stix" else None
    if not found:
        return Value("", "", "")
    text = found[4] or re.sub(r"\\(.)", r"\1", found[3] or "")
    return Value(_kind(found[1], text, item.get("labels")), text, "")


def pattern_of(kind: str, value: str, epoch: str) -> tuple[str, str]:
    """Return the type and the pattern for a kind and a value. Raises ValueError with a reason, which shows
    nothing of the value, for what is none.
    """
    if kind not in set(Kind):
        raise ValueError("kind is none of " + ", ".join(Kind))
    if epoch:
        return TOKEN_PATTERN, f"token:v1:{kind}:{epoch}:{value}"
    if kind in (Kind.ADDRESS, Kind.NETWORK_PREFIX):
        if (kind == Kind.NETWORK_PREFIX) != ("/" in value):
            raise ValueError("value is no address, or no network with its length")
        return "stix", f"[ipv{6 if ':' in value else 4}-addr:value = '{_quoted(value)}']"
    if kind == Kind.ASN:
        number = NUMBER.match(value)
        if not number:
            raise ValueError("value is no number of an autonomous system")
        return "stix", f"[{PATHS[Kind.ASN]} = {int(number[1])}]"
    if kind in PATHS:
        return "stix", f"[{PATHS[Kind(kind)]} = '{_quoted(value)}']"
    return VALUE_PATTERN, f"value:v1:{kind}:{value}"


def labels_of(kind: str, epoch: str) -> dict[str, Any]:
    """Return the property that says the kind where the pattern does not."""
    ambiguous = not epoch and kind in (Kind.MAIL_DOMAIN, Kind.RESELLER_DOMAIN)
    return {"labels": [LABEL + kind]} if ambiguous else {}


def _kind(path: str, value: str, labels: Any) -> str:
    if path in ("ipv4-addr", "ipv6-addr"):
        return str(Kind.NETWORK_PREFIX if "/" in value else Kind.ADDRESS)
    if path == "domain-name" and isinstance(labels, list):
        told = {str(one).removeprefix(LABEL) for one in labels if str(one).startswith(LABEL)}
        kinds = told & {str(Kind.MAIL_DOMAIN), str(Kind.RESELLER_DOMAIN)}
        return kinds.pop() if len(kinds) == 1 else ""
    return {"autonomous-system": str(Kind.ASN), "email-addr": str(Kind.EMAIL)}.get(path, "")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
