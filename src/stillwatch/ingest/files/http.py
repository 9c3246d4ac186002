"""A file behind https:// as a file that can be read from any byte on, where the server allows it.

Source: RFC 9110, sections 14 (ranges) and 9.3.2 (HEAD).
"""

from __future__ import annotations

import base64
import http.client
import io
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from stillwatch.errors import InputError

PATIENCE = 60
"""Seconds without a byte after which the connection is given up."""
TRIES = 4
"""Times that a broken connection is taken up again in a row."""
LOCAL = ("localhost", "127.0.0.1", "::1")
BROKEN = (OSError, http.client.HTTPException)


def size_of(url: str, where: str) -> int:
    """Return the bytes of a file; -1 if the server does not tell. Raises InputError if it gives none."""
    split = urlsplit(url)
    if split.scheme == "http" and split.hostname not in LOCAL:
        raise InputError(
            "http:// without encryption is read from this machine only", where=where, do="use https://"
        )
    try:
        with _ask(_request(url, "HEAD"), where) as answer:
            length = answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        if error.code in (403, 405, 501):  # an address signed for GET refuses HEAD
            error.close()
            return -1
        raise _refusal(error, where) from None
    except BROKEN as error:
        raise _refusal(error, where) from None
    return int(length) if length.isdecimal() else -1


def _request(url: str, method: str) -> urllib.request.Request:
    split = urlsplit(url)
    host = split.netloc.rpartition("@")[2]
    request = urllib.request.Request(urlunsplit(split._replace(netloc=host)), method=method)  # noqa: S310
    request.add_header("Accept-Encoding", "identity")
    if split.username is not None:
        name = f"{unquote(split.username)}:{unquote(split.password or '')}"
        # Not sent on to where a redirection points.
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(name.encode()).decode())
    return request


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Goes where a server points, but not from https:// to what is read without encryption."""

    def __init__(self, where: str) -> None:
        self._where = where

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the next request. Raises InputError if it may not be sent."""
        here, there = urlsplit(req.full_url), urlsplit(newurl)
        local = here.scheme == there.scheme == "http" and there.hostname in LOCAL
        if there.scheme != "https" and not local:
            fp.close()
            raise InputError(
                "the server points to an address that is not https://, where the log would be read "
                "without encryption",
                where=self._where,
                do="give an address that leads to the file itself",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _ask(request: urllib.request.Request, where: str) -> Any:
    return urllib.request.build_opener(_Redirections(where)).open(request, timeout=PATIENCE)


def _version(headers: Any) -> str:
    """Return what tells one state of a file from another, as If-Range takes it; empty if nothing does."""
    tag = headers.get("ETag") or ""
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified") or ""


def _refusal(error: Exception, where: str) -> InputError:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return InputError(
            f"the server answers with status {error.code}",
            where=where,
            do="check the address and whether it is still valid",
        )
    return InputError(
        "the server cannot be reached, or stopped answering",
        where=where,
        do="check the address and the connection, and run it again",
    )


class HttpFile(io.RawIOBase):
    """The answer to a GET; a broken connection is taken up again where it broke."""

    def __init__(self, url: str, where: str, size: int) -> None:
        """size: -1 if it is not known; then it can be read once, from its beginning."""
        super().__init__()
        self._url, self._where, self._size = url, where, size
        self._at = 0
        self._answer: Any = None
        self._version = ""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from any byte on."""
        return self._size >= 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte; the server is asked at the next read."""
        at = max(0, offset + (0, self._at, self._size)[whence])
        if at != self._at:
            self._leave()
        self._at = at
        return at

    def tell(self) -> int:
        """Return the next byte to be read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read. Raises InputError if the server does not give what it said it has."""
        if 0 <= self._size <= self._at:
            return 0
        for left in range(TRIES, 0, -1):
            try:
                data: bytes = self._open().read(len(buffer))
            except urllib.error.HTTPError as error:
                raise _refusal(error, self._where) from None
            except BROKEN as error:
                self._leave()
                if self._size < 0 or left == 1:
                    raise _refusal(error, self._where) from None
                continue
            if data or self._size < 0:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
            self._leave()
        raise _refusal(EOFError(), self._where)

    def _open(self) -> Any:
        if self._answer is None:
            request = _request(self._url, "GET")
            if self._at:
                request.add_header("Range", f"bytes={self._at}-")
                if self._version:
                    request.add_header("If-Range", self._version)
            self._answer = _ask(request, self._where)
            version = _version(self._answer.headers)
            if self._version and version and version != self._version:
                raise InputError(
                    "the file was changed on the server while it was read",
                    where=self._where,
                    do="run it again, or download the file, and give it by its path",
                )
            self._version = version
            if self._at and self._answer.status != 206:
                raise InputError(
                    "the server cannot send a part of the file, which Parquet and archives need",
                    where=self._where,
                    do="download the file, and give it by its path",
                )
        return self._answer

    def _leave(self) -> None:
        if self._answer is not None:
            self._answer.close()
        self._answer = None

    def close(self) -> None:
        """End the connection."""
        self._leave()
        super().close()
