"""gRPC's health protocol (grpc.health.v1), as Envoy and Kubernetes ask it. Its messages have one field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stillwatch.errors import MissingExtra

try:
    import grpc
except ImportError as error:
    raise MissingExtra(
        "Envoy's adapter needs grpcio and xds-protos", do="pip install 'stillwatch[guard,envoy]'"
    ) from error

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
"""HealthCheckResponse with its status."""
LIVE, READY = b"", b"ready"
"""Names of what is asked about: whether the process answers, and whether the state may be decided on."""


def health_handler(alive: Callable[[], bool], ready: Callable[[], bool]) -> Any:
    """The calls of the protocol that Envoy uses."""

    async def check(asked: bytes, context: Any) -> bytes:
        name = _name(asked)
        if name not in (LIVE, READY):
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is nothing of that name")
        return SERVING if (alive() if name == LIVE else ready()) else NOT_SERVING

    method = grpc.unary_unary_rpc_method_handler(check)
    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})


def _name(asked: bytes) -> bytes:
    """Field 1 of HealthCheckRequest, a short text."""
    return asked[2 : 2 + asked[1]] if len(asked) > 1 and asked[0] == 0x0A else b""
