"""Styles, scripts and vendored libraries: the hash of a file is in its address, so it may be kept."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDERS = (Path(__file__).parent / "static", Path(__file__).parent / "vendored")
SERVED = (".css", ".js", ".svg", ".json")
WORTH = 1_024
"""Bytes from which a file is sent packed."""
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


@dataclass(frozen=True)
class Static:
    """One file, as it is sent."""

    name: str
    """Its name."""
    content: bytes
    """The file."""
    packed: bytes
    """The same, packed with gzip; empty where that is not worth it."""
    kind: str
    """Its media type."""
    digest: str
    """The first 16 digits of its SHA-256."""


@cache
def files() -> dict[str, Static]:
    """Return every file that is served, by name; read once."""
    found: dict[str, Static] = {}
    for folder in FOLDERS:
        for path in sorted(folder.glob("*")):
            if path.suffix in SERVED and path.name != "manifest.json":
                content = path.read_bytes()
                packed = gzip.compress(content, 9, mtime=0) if len(content) >= WORTH else b""
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                digest = hashlib.sha256(content).hexdigest()[:16]
                found[path.name] = Static(path.name, content, packed, kind, digest)
    return found


@cache
def address_of(name: str) -> str:
    """Return the address of a file. Raises KeyError where there is none of that name."""
    return f"/static/{files()[name].digest}/{name}"


async def answer_static(request: Request) -> Response:
    """Send a file; only under its own hash."""
    one = files().get(request.path_params["name"])
    if one is None or one.digest != request.path_params["digest"]:
        return PlainTextResponse("There is no such file.\n", 404)
    if one.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(one.packed, headers={**FOREVER, "Content-Encoding": "gzip"}, media_type=one.kind)
    return Response(one.content, headers=FOREVER, media_type=one.kind)
