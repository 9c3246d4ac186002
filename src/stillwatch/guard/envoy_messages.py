"""Envoy's messages of external processing (envoy.service.ext_proc.v3), as the guard reads and writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from stillwatch.errors import MissingExtra
from stillwatch.guard.callers import Headers
from stillwatch.guard.refusals import Refusal

try:
    from envoy.extensions.filters.http.ext_proc.v3 import processing_mode_pb2 as modes
    from envoy.service.ext_proc.v3 import external_processor_pb2 as messages
except ImportError as error:
    raise MissingExtra(
        "Envoy's adapter needs grpcio and xds-protos", do="pip install 'stillwatch[guard,envoy]'"
    ) from error

FILTER = "envoy.filters.http.ext_proc"
"""Under which Envoy sends the attributes that were asked for."""
PEER = "source.address"
"""Attribute: address of the client as Envoy knows it."""
BUFFERED = int(modes.ProcessingMode.BUFFERED)
OVERWRITE = 2
"""HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD."""
LENGTH = b"content-length"
SPARE_S = 5.0
"""Seconds that Envoy waits for an answer beyond a delay."""
Told = Iterable[tuple[bytes, bytes]]

PIECE = messages.ProcessingResponse(response_body=messages.BodyResponse())
"""A piece of an answer goes on as it is."""
ANSWER = messages.ProcessingResponse(response_headers=messages.HeadersResponse())
"""An answer's headers go on as they are."""
ASKED_TRAILERS = messages.ProcessingResponse(request_trailers=messages.TrailersResponse())
ANSWER_TRAILERS = messages.ProcessingResponse(response_trailers=messages.TrailersResponse())


def headers_of(told: Any) -> tuple[Headers, dict[bytes, bytes]]:
    """The headers of a request or an answer; apart from them HTTP/2's own (:method, :path, :status)."""
    headers: list[tuple[bytes, bytes]] = []
    own: dict[bytes, bytes] = {}
    for one in told.headers.headers:
        name = one.key.encode("latin-1", "replace").lower()
        value = one.raw_value or one.value.encode("utf-8", "replace")
        if name.startswith(b":"):
            own[name] = value
        else:
            headers.append((name, value))
    return headers, own


def status_of(answer: Any) -> int:
    """The status of an answer; 0 where it has none."""
    status = headers_of(answer)[1].get(b":status", b"")
    return int(status) if status.isdigit() else 0


def kind_of(answer: Any) -> bytes:
    """The content type of an answer; empty where it has none."""
    return next((value for name, value in headers_of(answer)[0] if name == b"content-type"), b"")


def path_of(own: dict[bytes, bytes]) -> str:
    """The path without its query, decoded once, as servers read it."""
    return unquote(own.get(b":path", b"").decode("latin-1").partition("?")[0])


def peer_of(request: Any) -> str:
    """The client's address as Envoy knows it; empty where Envoy was not asked to send it."""
    if FILTER not in request.attributes:
        return ""
    found = request.attributes[FILTER].fields
    return str(found[PEER].string_value) if PEER in found else ""


def reads_whole_bodies(request: Any) -> bool:
    """Whether Envoy is set to send bodies of requests whole, and to do what it is answered."""
    if request.observability_mode or not request.HasField("request_headers"):
        return False
    return not request.HasField("protocol_config") or request.protocol_config.request_body_mode == BUFFERED


def goes_on(*, in_body: bool, out: Iterable[bytes] = (), told: Told = (), body: bytes | None = None) -> Any:
    """The request goes on. in_body: whether it answers the body, or the headers. out: names of headers that
    are taken out. told: headers that are set. body: the new body; None: as it is.
    """
    common = messages.CommonResponse()
    taken_out = sorted(name.decode("latin-1") for name in out if name != LENGTH)
    if taken_out:  # Envoy takes out before it sets
        common.header_mutation.remove_headers.extend(taken_out)
    _set(common, "header_mutation", told)
    if body is not None:
        common.body_mutation.body = body
    if in_body:
        return messages.ProcessingResponse(request_body=messages.BodyResponse(response=common))
    return messages.ProcessingResponse(request_headers=messages.HeadersResponse(response=common))


def refuses(refusal: Refusal) -> Any:
    """The client gets a refusal. Envoy counts the length by itself."""
    made = messages.ProcessingResponse()
    made.immediate_response.status.code = refusal.status
    made.immediate_response.body = refusal.body
    _set(made.immediate_response, "headers", [one for one in refusal.headers if one[0] != LENGTH])
    return made


def waits(seconds: float) -> Any:
    """Envoy is to wait so many seconds longer for the answer."""
    made = messages.ProcessingResponse()
    made.override_message_timeout.FromMilliseconds(round((seconds + SPARE_S) * 1000))
    return made


def _set(holder: Any, mutation: str, told: Told) -> None:
    for name, value in told:
        option = getattr(holder, mutation).set_headers.add()
        option.header.key = name.decode("latin-1")
        option.header.raw_value = value
        option.append_action = OVERWRITE
