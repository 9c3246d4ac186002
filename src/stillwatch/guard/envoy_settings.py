"""How the guard listens to Envoy: section [envoy] of its configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from stillwatch.allowed import Anything, Networks, Within
from stillwatch.errors import SettingError
from stillwatch.setting import Section, setting

PATHS = ("socket", "certificate", "certificate_key", "client_ca", "exchanges")
"""Settings that are paths."""
A_PATH = Anything("a path; relative ones are relative to the configuration")


@dataclass(frozen=True)
class EnvoySettings(Section):
    """The service for Envoy (`stillwatch guard envoy`)."""

    section: ClassVar[str] = "envoy"

    host: str = setting(
        "127.0.0.1",
        "Address to listen at. Beyond this machine only with client_ca.",
        Anything("an IP address, or localhost"),
    )
    port: int = setting(8788, "Port to listen at.", Within(1, 65_535))
    socket: str = setting(
        "", "Unix socket to listen at, in place of host and port; owner and group may use it.", A_PATH
    )
    workers: int = setting(1, "Processes that answer; with a socket only one.", Within(1, 64))
    streams: int = setting(
        10_000,
        "Requests in the hands of one process at a time; what is beyond, Envoy answers as it does without "
        "a guard.",
        Within(1, 1_000_000),
    )
    body_bytes: int = setting(
        32 << 20,
        "The longest body of a request; a longer one is answered 413. Envoy's "
        "per_connection_buffer_limit_bytes should be the same.",
        Within(1_024, 1 << 30),
    )
    account_header: str = setting(
        "",
        "Header in which Envoy itself names the account; empty: the API key names it.",
        Anything("the name of a header"),
    )
    ja4_header: str = setting(
        "",
        "Header in which Envoy itself writes %TLS_JA4_FINGERPRINT%; empty: none.",
        Anything("the name of a header"),
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Networks (CIDR) of your own proxies before Envoy.", Networks()
    )
    exchanges: str = setting(
        "", "Folder of the guard's own log of exchanges, for `detect`; empty: none is written.", A_PATH
    )
    drain_seconds: float = setting(
        8.0,
        "Seconds at the end in which answers are still looked at; then they pass without the guard.",
        Within(0, 3_600),
    )
    certificate: str = setting("", "File with the service's certificate (PEM); empty: no TLS.", A_PATH)
    certificate_key: str = setting("", "File with its private key (PEM).", A_PATH)
    client_ca: str = setting(
        "", "File with the authority (PEM) whose certificate Envoy must show; empty: none.", A_PATH
    )
    metrics_port: int = setting(
        0, "Port of 127.0.0.1 at which Prometheus finds /metrics; 0: none.", Within(0, 65_535)
    )

    def below(self, folder: Path) -> EnvoySettings:
        """The same with whole paths. folder: of the configuration."""
        whole: dict[str, Any] = {
            name: str(folder / found) for name in PATHS if (found := getattr(self, name))
        }
        return replace(self, **whole)

    def check(self, where: str, *, loopback: bool) -> None:
        """Raises SettingError for settings that do not fit together. loopback: whether only this machine
        reaches the host.
        """
        if not self.socket and not loopback and not self.client_ca:
            raise SettingError(
                "envoy.host is reached by other machines, and who may ask is not limited",
                where=where,
                do='write client_ca, certificate and certificate_key under [envoy], or host = "127.0.0.1"',
            )
        if bool(self.certificate) != bool(self.certificate_key) or (self.client_ca and not self.certificate):
            raise SettingError(
                "TLS needs both envoy.certificate and envoy.certificate_key",
                where=where,
                do="write both under [envoy], or neither of them and no client_ca",
            )
        if self.socket and self.workers > 1:
            raise SettingError(
                "envoy.socket cannot be shared by several processes",
                where=where,
                do="write workers = 1, or host and port in place of socket",
            )
