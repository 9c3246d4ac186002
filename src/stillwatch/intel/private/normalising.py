"""One spelling for each value: two providers that see the same thing must ask with the same bytes."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable

import idna

from stillwatch.client_addresses import is_inside
from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind

LONGEST = 1_024
"""Characters of a value that are read at all."""
DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Mail services that ignore dots before the @, and the domain that stands for each."""
LOCAL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}")
SCHEME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
SEPARATORS = re.compile(r"[\s().\-/]")


class NoValue(IntelError):
    """A value is none of its kind; the message shows nothing of it."""


def normalised(kind: IndicatorKind, value: str) -> str:
    """A value in its one spelling; doing it twice changes nothing. Raises NoValue, without the value."""
    if len(value) > LONGEST:
        raise NoValue(f"a value of kind {kind} is longer than {LONGEST:,} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise NoValue(f"a value of kind {kind} holds half a character")
    bare = unicodedata.normalize("NFKC", value).strip()
    if not bare or "\x00" in bare:
        raise NoValue(f"a value of kind {kind} is empty, or holds a null character")
    return RULES[kind](bare)


def _asn(text: str) -> str:
    digits = text.upper().removeprefix("AS").strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10 or not 0 < int(digits) < 2**32:
        raise NoValue("the number of an autonomous system is none", do="write AS64500, or 64500")
    return str(int(digits))


def _network_prefix(text: str) -> str:
    return _network(text, {4: 24, 6: 48})


def _address(text: str) -> str:
    found = _network(text, {4: 32, 6: 64})
    return found.removesuffix("/32")


def _network(text: str, lengths: dict[int, int]) -> str:
    """A network of one length for each version: a longer prefix is cut, a shorter one is many networks."""
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        raise NoValue("an address or network is none", do="write 198.51.100.7 or 198.51.100.0/24") from None
    if isinstance(network, ipaddress.IPv6Network):
        if network.network_address.scope_id is not None:
            raise NoValue("an address names an interface of one machine")
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.ip_network((mapped, network.prefixlen - 96), strict=False)
    length = lengths[network.version]
    if network.prefixlen < length:
        raise NoValue(f"a network is wider than /{length}", do="give its parts, or share it as a network")
    if is_inside(str(network.network_address)) or network.is_multicast or network.is_unspecified:
        raise NoValue("an address is no address of the internet", do="leave addresses of inside networks out")
    return str(network if network.prefixlen == length else network.supernet(new_prefix=length))


def _mail_domain(text: str) -> str:
    bare = text.rpartition("@")[2].rstrip(".")
    try:
        domain = idna.encode(bare, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise NoValue("a domain is none", do="write it as in a mail address, without a path") from None
    if "." not in domain or domain.rpartition(".")[2].isdigit():
        raise NoValue("a domain has no ending", do="leave addresses and names of one machine out")
    return domain


def _reseller_domain(text: str) -> str:
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.lower())
    host = re.split(r"[/?#]", bare, maxsplit=1)[0].rpartition("@")[2]
    domain = _mail_domain(re.sub(r":\d*$", "", host))
    while domain.startswith("www.") and domain.count(".") > 1:
        domain = domain.removeprefix("www.")
    return domain


def _email(text: str) -> str:
    local, at, domain = text.removeprefix("mailto:").rpartition("@")
    if not at:
        raise NoValue("a mail address has no @")
    domain = _mail_domain(domain)
    local = unicodedata.normalize("NFKC", local.casefold()).partition("+")[0]
    if domain in DOTLESS:
        domain, local = DOTLESS[domain], local.replace(".", "")
    if not LOCAL.fullmatch(local):
        raise NoValue("a mail address has no name before the @ that could be one")
    return f"{local}@{domain}"


def _phone(text: str) -> str:
    bare = SEPARATORS.sub("", text.removeprefix("tel:"))
    bare = "+" + bare.removeprefix("00") if bare.startswith("00") else bare
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", bare):
        raise NoValue(
            "a telephone number is not in the form of E.164", do="give it with its country, as +441632960001"
        )
    return bare


def _payment(text: str) -> str:
    scheme, colon, mark = text.partition(":")
    scheme, mark = scheme.strip().lower(), mark.strip()
    if not colon or not SCHEME.fullmatch(scheme) or not mark or re.search(r"\s", mark):
        raise NoValue(
            "a payment fingerprint does not say whose it is",
            do="write SCHEME:FINGERPRINT; fingerprints of two schemes are never the same",
        )
    if re.fullmatch(r"[\d-]{12,23}", mark):
        raise NoValue("a payment fingerprint looks like a card number", do="never hand card numbers over")
    return f"{scheme}:{mark}"


def _tls_fingerprint(text: str) -> str:
    found = text.lower()
    if not re.fullmatch(r"[0-9a-z_,]{8,200}", found):
        raise NoValue("a TLS fingerprint is none", do="give JA3 as its hash, or JA4")
    return found


def _words(text: str) -> str:
    return " ".join(text.split())


RULES: dict[IndicatorKind, Callable[[str], str]] = {
    IndicatorKind.ASN: _asn,
    IndicatorKind.NETWORK_PREFIX: _network_prefix,
    IndicatorKind.ADDRESS: _address,
    IndicatorKind.MAIL_DOMAIN: _mail_domain,
    IndicatorKind.RESELLER_DOMAIN: _reseller_domain,
    IndicatorKind.TLS_FINGERPRINT: _tls_fingerprint,
    IndicatorKind.CLIENT_SHAPE: _words,
    IndicatorKind.PAYMENT: _payment,
    IndicatorKind.PHONE: _phone,
    IndicatorKind.EMAIL: _email,
    IndicatorKind.TEMPLATE: _words,
    IndicatorKind.SCHEDULE: _words,
}
"""The rule of each kind."""
