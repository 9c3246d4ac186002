"""What a server refuses, as an HTTP status and TAXII's error message (section 3.6.1)."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from stillwatch.intel.taxii.media import TAXII

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Too slow",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be processed",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available",
}


class TaxiiFault(Exception):
    """A request that is refused."""

    def __init__(self, status: int, description: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return it as an answer."""
        body = {
            "title": TITLES.get(self.status, "Error"),
            "description": self.description,
            "http_status": str(self.status),
        }
        return Response(orjson.dumps(body), self.status, self.headers, TAXII)


def not_there(what: str) -> TaxiiFault:
    """Return the fault of a thing that is not there, or not for whoever asks: nobody learns which."""
    return TaxiiFault(404, f"there is no such {what}, or not for you")
