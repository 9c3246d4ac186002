"""Forms of people who may not be signed in yet: read, and from a page of ours."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from stillwatch.console.body import form_of
from stillwatch.console.checked_post import foreign, forged
from stillwatch.console.desk import Desk
from stillwatch.console.fault_pages import fault
from stillwatch.errors import StillwatchError

Fields = dict[str, str]


async def checked_form(desk: Desk, request: Request) -> tuple[Fields, Response | None]:
    """Return the fields of a form, each with its last value; or the answer that refuses it."""
    try:
        fields = await form_of(request)
    except StillwatchError as error:
        return {}, fault(desk, request, error)
    refused = foreign(request, desk.site)
    if refused is not None:
        return {}, fault(desk, request, refused, status=403)
    return {name: values[-1] for name, values in fields.items()}, None


async def checked_own_form(desk: Desk, request: Request) -> tuple[Fields, Response | None]:
    """Return the fields of a form of somebody who is signed in; or the answer that refuses it."""
    try:
        fields = await form_of(request)
    except StillwatchError as error:
        return {}, fault(desk, request, error)
    refused = forged(request, desk.site, fields, desk.csrf(request))
    if refused is not None:
        return {}, fault(desk, request, refused, status=403)
    return {name: values[-1] for name, values in fields.items()}, None
