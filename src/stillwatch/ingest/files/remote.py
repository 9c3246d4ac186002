"""Objects in a store (s3://, gs://, az://) and files behind https://, read as streams.

Source: the file systems that come with pyarrow; RFC 9110 for ranges. Credentials come from where the store's
own tools look for them (environment, profiles, the machine's role); they are never shown and never stored.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Literal

from stillwatch.errors import InputError, MissingExtra, SettingError
from stillwatch.ingest.files.address import must_be_a_bucket, split
from stillwatch.ingest.files.http import HttpFile, size_of
from stillwatch.ingest.files.place import sized
from stillwatch.ingest.files.walk import hidden

URL = re.compile(r"(s3|gs|az|https?):/+(.+)", re.DOTALL)
"""A path keeps one slash of two."""
NAMES = {"s3": "Amazon S3", "gs": "Google Cloud Storage", "az": "Azure Blob Storage"}
BUFFER = 1 << 20
GIVE_UP = timedelta(seconds=30)
"""How long Google's client tries again; by itself it does so for 15 minutes, also without credentials."""


@dataclass(frozen=True)
class Remote:
    """One object."""

    url: str = field(repr=False)
    """Its address, which may hold credentials: it is never shown."""
    size: int
    """Its bytes; -1: the server does not tell."""

    @property
    def name(self) -> str:
        """Its name without folders."""
        return str(self).rstrip("/").rpartition("/")[2]

    def __str__(self) -> str:
        """Return its address without user, password and query."""
        return shown(self.url)

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open it at its beginning. Raises InputError if the store does not give it."""
        if self.url.startswith("http"):
            return io.BufferedReader(HttpFile(self.url, str(self), self.size), BUFFER)
        scheme, path = _parts(self.url)
        try:
            return io.BufferedReader(_Object(_store(scheme).open_input_file(path), str(self)), BUFFER)
        except OSError as error:
            raise refusal(error, str(self)) from None

    def stat(self) -> os.stat_result:
        """Its size."""
        return sized(self.size)

    def is_file(self) -> bool:
        """It does not lie on this machine."""
        return False


def url_of(path: Path) -> str | None:
    """Return the address that a path stands for; None if it is a path."""
    found = URL.fullmatch(str(path))
    return f"{found[1]}://{found[2]}" if found else None


def shown(url: str) -> str:
    """Return an address without user, password, query and fragment."""
    scheme, path = _parts(url)
    if scheme.startswith("http"):
        parts = split(url, scheme)
        return f"{scheme}://{parts.netloc.rpartition('@')[2].lower()}{parts.path}"
    return f"{scheme}://{path}"


def objects_at(url: str) -> Iterator[tuple[Remote, str]]:
    """Return the object at an address, or those below it in sorted order, with the names to show.

    Hidden ones are left out, as in a folder. Raises InputError if nothing is there or the store refuses.
    """
    scheme, path = _parts(url)
    if scheme.startswith("http"):
        found = Remote(url, size_of(url, shown(url)))
        yield found, found.name or "log"
        return
    from pyarrow import fs

    try:
        store = _store(scheme)
        info = store.get_file_info(path.rstrip("/"))
        if info.type == fs.FileType.File and not path.endswith("/"):
            yield Remote(url, info.size), info.base_name
            return
        base = path.rstrip("/")
        inside = store.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    except OSError as error:
        raise refusal(error, shown(url)) from None
    files = sorted(
        (item.path.removeprefix(base).lstrip("/"), item) for item in inside if item.type == fs.FileType.File
    )
    if not files:
        raise InputError(
            "there is no such object, and no object below it",
            where=shown(url),
            do="check the address: scheme://bucket/path",
        )
    for name, item in files:
        if not any(hidden(part) for part in name.split("/")):
            yield Remote(f"{scheme}://{item.path}", item.size), name


def refusal(error: OSError, where: str) -> InputError:
    """Return why a store did not answer, without its own words, which may hold names of keys."""
    text = str(error)
    if re.search(r"ACCESS_DENIED|AccessDenied|403|Forbidden|InvalidAccessKey|SignatureDoesNotMatch", text):
        what, do = "the store refuses access", "check the credentials in the environment and their rights"
    elif re.search(r"OAuth2|credential|UNAUTHENTICATED|metadata\.google", text, re.IGNORECASE):
        what = "no credentials for the store are found"
        do = "set them in the environment, as the store's own tools want them (docs/formats.md)"
    elif re.search(r"NO_SUCH|NoSuch|404|not found|does not exist|RESOURCE_NOT_FOUND", text, re.IGNORECASE):
        what, do = "there is no such object or bucket", "check the address: scheme://bucket/path"
    else:
        what = "the store cannot be reached, or stopped answering"
        do = "check the connection, and run it again"
    return InputError(what, where=where, do=do)


def _parts(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    if scheme in NAMES:
        host, slash, path = rest.partition("/")
        bucket = host.rpartition("@")[2]
        must_be_a_bucket(bucket, scheme)
        rest = bucket + slash + path
    return scheme, rest


@cache
def _store(scheme: str) -> Any:
    """Return the file system of a scheme; one for each process."""
    try:
        from pyarrow import fs

        if scheme == "s3":
            return fs.S3FileSystem(**_s3_options())
        if scheme == "gs":
            return fs.GcsFileSystem(retry_time_limit=GIVE_UP)
        return fs.AzureFileSystem(**_azure_options())
    except ImportError as error:
        raise MissingExtra(
            f"the pyarrow that is installed here cannot read {NAMES[scheme]}",
            where=f"{scheme}://",
            do="install pyarrow from PyPI, whose wheels can: pip install --force-reinstall pyarrow",
        ) from error


def _s3_options() -> dict[str, Any]:
    """Return what pyarrow does not take from the environment itself."""
    options: dict[str, Any] = {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        options["endpoint_override"] = endpoint
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        options["region"] = region
    return options


def _azure_options() -> dict[str, Any]:
    account = os.environ.get("AZURE_STORAGE_ACCOUNT") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not account:
        raise SettingError(
            "an az:// address does not tell the storage account",
            where="az://",
            do="set AZURE_STORAGE_ACCOUNT in the environment",
        )
    options = {"account_name": account}
    key = os.environ.get("AZURE_STORAGE_KEY") or os.environ.get("AZURE_STORAGE_ACCOUNT_KEY")
    token = os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    if key:
        options["account_key"] = key
    elif token:
        options["sas_token"] = token
    return options


class _Object(io.RawIOBase):
    """An object of a store as a file; what the store refuses meanwhile is an InputError."""

    def __init__(self, file: Any, where: str) -> None:
        super().__init__()
        self._file, self._where = file, where

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except OSError as error:
            raise refusal(error, self._where) from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
