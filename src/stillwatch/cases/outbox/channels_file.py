"""The file of channels: TOML. Addresses and secrets come from it and from nowhere else."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from stillwatch.cases.outbox.channel import FORMS, MAIL, WEBHOOK, Channel
from stillwatch.cases.outbox.channel_fields import Given
from stillwatch.cases.outbox.channel_places import http_address, post_address
from stillwatch.cases.outbox.connecting import trusting
from stillwatch.cases.outbox.delivery_settings import DeliverySettings
from stillwatch.cases.outbox.severity import LEVELS
from stillwatch.cases.states import Kind
from stillwatch.errors import SettingError
from stillwatch.setting import checked, hints_of
from stillwatch.toml_file import known, nearest, read_toml, shown

WHAT = "file of channels"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PATTERN = re.compile(r"\*|[a-z]+(?:\.[a-z_]+)*(?:\.\*)?")
MOST_CHANNELS = 50
SECRET = "whsec_"  # noqa: S105 - the beginning of every such secret, by Standard Webhooks
LEAST_KEY, MOST_KEY = 24, 64
"""Bytes of a signing key, by Standard Webhooks."""
COMMON = ("name", "form", "topics", "least", "kinds", "ca_file")
OF_HTTP = ("url", "url_file", "url_env", "plain_http")
OF_FORMS: Mapping[str, tuple[str, ...]] = {
    "webhook": (*COMMON, *OF_HTTP, "secret_file", "secret_env"),
    "slack": (*COMMON, *OF_HTTP),
    "mail": (
        *(*COMMON, "host", "port", "security", "plain_smtp", "from", "to"),
        *("user", "password_file", "password_env"),
    ),
}


@dataclass(frozen=True)
class Channels:
    """What a file of channels says."""

    channels: tuple[Channel, ...] = ()
    """Its channels; none: nothing is sent."""
    settings: DeliverySettings = field(default_factory=DeliverySettings)
    """How they are used."""


def read_channels(path: Path | None) -> Channels:
    """Read a file of channels, and the secrets that it names; None: there are none.

    Raises SettingError for a file that cannot be used; no message of it shows a secret.
    """
    if path is None:
        return Channels()
    document = read_toml(path, WHAT, option="--channels")
    where = str(path)
    known(document, ("delivery", "channel"), "the file of channels has an unknown section [{}]", where=where)
    rows = document.get("channel", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingError("channel is not a list of sections", where=where, do="begin each with [[channel]]")
    if len(rows) > MOST_CHANNELS:
        raise SettingError(f"there are more than {MOST_CHANNELS} channels", where=where, do="merge some")
    made: list[Channel] = []
    for number, row in enumerate(rows, 1):
        one = _channel(Given(row, f"{where}, channel {number}", path.parent))
        if one.name in {other.name for other in made}:
            raise SettingError(
                f"two channels are called {one.name}", where=f"{where}, channel {number}", do="rename one"
            )
        made.append(one)
    return Channels(tuple(made), _settings(document.get("delivery", {}), where))


def _settings(section: Any, where: str) -> DeliverySettings:
    if not isinstance(section, dict):
        raise SettingError("[delivery] must be a section", where=where, do="write [delivery] on its own line")
    names = [one.name for one in fields(DeliverySettings)]
    hints = hints_of(DeliverySettings)
    for key in section:
        if key not in hints:
            raise SettingError(
                f"there is no setting delivery.{shown(key)}", where=where, do=nearest(key, names)
            )
    settings = DeliverySettings(
        **{key: checked(DeliverySettings, key, value, where) for key, value in section.items()}
    )
    if settings.console and not re.fullmatch(r"https?://[\w.:\[\]-]+(?:/[\w./~-]*)?", settings.console):
        raise SettingError("delivery.console is no address", where=where, do='write console = "https://HOST"')
    return settings


def _channel(given: Given) -> Channel:
    name = given.text("name")
    if not NAME.fullmatch(name):
        raise given.wrong("name", "use small letters, digits and dashes, at most 63")
    given.where = f"{given.where} ({name})"
    form = given.one_of("form", FORMS)
    known(given.row, OF_FORMS[form], f"a channel of the form {form} has no {{}}", where=given.where)
    topics = given.texts("topics", default=("*",))
    for topic in topics:
        if not PATTERN.fullmatch(topic):
            raise given.wrong("topics", 'write topics as "case.opened", "case.*" or "*"')
    ca_file = str(given.path("ca_file")) if "ca_file" in given.row else ""
    if ca_file:
        trusting(ca_file)
    return Channel(
        name=name,
        form=form,
        at=post_address(given) if form == MAIL else http_address(given),
        topics=topics,
        least=given.one_of("least", LEVELS, default=LEVELS[0]),
        kinds=tuple(given.each_of("kinds", tuple(map(str, Kind)))),
        keys=_keys(given) if form == WEBHOOK else (),
        ca_file=ca_file,
    )


def _keys(given: Given) -> tuple[bytes, ...]:
    """The keys of a webhook: one on each line, the new one first. Standard Webhooks says how they look."""
    keys = []
    for line in given.secret("secret").split():
        try:
            key = base64.b64decode(line.removeprefix(SECRET), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not line.startswith(SECRET) or not LEAST_KEY <= len(key) <= MOST_KEY:
            raise SettingError(
                "the secret of a webhook is none",
                where=given.where,
                do=f"write {SECRET} and the base64 of {LEAST_KEY} to {MOST_KEY} random bytes: "
                f"echo {SECRET}$(head -c 32 /dev/urandom | base64)",
            )
        keys.append(key)
    return tuple(keys)
