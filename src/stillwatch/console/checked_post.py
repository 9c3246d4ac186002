"""Whether a form comes from a page of ours: its token, and what the browser says of where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from stillwatch.console.access.secrets import same
from stillwatch.console.site import Site
from stillwatch.errors import StillwatchError

FIELD, HEADER = "csrf", "x-csrf-token"
FROM_US = ("same-origin", "none")


def foreign(request: Request, site: Site) -> StillwatchError | None:
    """Return the error for a form that another site sent; None where the browser says that it is ours. A call
    that says nothing of where it comes from is no browser's form, and is refused too.
    """
    fetched = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetched is not None and fetched not in FROM_US:
        return _refused("Sec-Fetch-Site")
    if origin is not None and origin.lower() != site.origin and not _of_a_known_host(origin, site):
        return _refused("Origin")
    return _refused("Origin") if fetched is None and origin is None else None


def forged(
    request: Request, site: Site, fields: Mapping[str, Sequence[str]], wanted: str
) -> StillwatchError | None:
    """Return the error for a form that does not bring its session's token, or comes from elsewhere."""
    given = request.headers.get(HEADER) or (fields.get(FIELD) or [""])[0]
    if not wanted or not same(given, wanted):
        return _refused(FIELD)
    return foreign(request, site)


def _of_a_known_host(origin: str, site: Site) -> bool:
    scheme, _, host = origin.lower().partition("://")
    return host in site.hosts and scheme == site.origin.partition("://")[0]


def _refused(where: str) -> StillwatchError:
    return StillwatchError(
        "this did not come from a page of the console",
        where=where,
        do="open the page again and send it from there; behind a proxy, set console.public_url",
    )
