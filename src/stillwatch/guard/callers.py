"""Who asks: the account and the address of a request, from its headers and the connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stillwatch.account_names import account_name
from stillwatch.client_addresses import ClientAddress, parse

Headers = Sequence[tuple[bytes, bytes]]
CREDENTIALS = (b"authorization", b"x-api-key", b"api-key")
"""Headers that may hold an API key."""
SCHEME = re.compile(r"^\s*(?:bearer|basic)\s+", re.IGNORECASE)
LONGEST_PATH = 256
"""Characters of a forwarded header that are read, from its end; five long addresses fit."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """How the account is found."""

    header: str = ""
    """The header in which a proxy of the provider's own names the account; empty: the API key names it. A
    client must not be able to send it: the proxy has to overwrite it.
    """
    hashed: bool = True
    """Whether an API key is hashed at once, as runs without a key file have it. With a key file it has to be
    False: then the state hashes the key itself, under that file.
    """
    of: Callable[[Headers], str] | None = None
    """Finds it in another way."""

    def named(self, headers: Headers) -> tuple[str, ...]:
        """The accounts that a request names; more than one where its credentials differ.

        Servers differ in which credential they read, so a request must not choose by a second, false one:
        none is left out, however many there are. The bound on headers bounds them.
        """
        if self.of is not None:
            return (self.of(headers),)
        if self.header:
            wanted = self.header.lower().encode("latin-1")
            found = [_text(value) for name, value in headers if name == wanted]
        else:
            found = [
                self._credential(value.decode("latin-1")) for name, value in headers if name in CREDENTIALS
            ]
        return tuple(dict.fromkeys(name for name in found if name))

    def _credential(self, value: str) -> str:
        key = SCHEME.sub("", value).strip()
        if not key:
            return ""
        return account_name(f"Bearer {key}", None) if self.hashed else f"Bearer {key}"


def _text(value: bytes) -> str:
    """A header's text: UTF-8, as proxies write ids that are not ASCII and as logs have them, else Latin-1."""
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


@dataclass(frozen=True, slots=True)
class Addresses:
    """How the client's address is found."""

    trusted: tuple[str, ...] = ()
    """Networks (CIDR) of the provider's own proxies. What others wrote in headers is not believed."""
    _find: ClientAddress = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises SettingError for what is no network."""
        object.__setattr__(self, "_find", ClientAddress(self.trusted))

    def of(self, peer: str, headers: Headers) -> str:
        """The client's address; empty where it is not known. peer: the other end of the connection."""
        address = parse(peer) if peer else None
        if address is None:
            return ""
        if not self.trusted or not self._find.trusts(str(address)):
            return str(address)
        path = ", ".join(value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for")
        if not path:
            path = ", ".join(value.decode("latin-1") for name, value in headers if name == b"forwarded")
        return self._find(f"{path[-LONGEST_PATH:]}, {address}") or str(address)
