"""The routes on which somebody signs in or out; they are open to everybody."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stillwatch.console.desk import LOOK, LOOKS, Desk
from stillwatch.console.sign_in import passkeys
from stillwatch.console.sign_in.again import again_page, again_sent
from stillwatch.console.sign_in.beginning import ended, safe_next
from stillwatch.console.sign_in.checked import checked_form, checked_own_form
from stillwatch.console.sign_in.links import link_page, link_set
from stillwatch.console.sign_in.with_openid import openid_back, openid_out
from stillwatch.console.sign_in.with_password import password_page, password_sent


def sign_in_routes(desk: Desk) -> list[Route]:
    """Return them."""
    return [
        Route("/sign-in", partial(password_page, desk), methods=["GET"]),
        Route("/sign-in", partial(password_sent, desk), methods=["POST"]),
        Route("/sign-out", partial(_out, desk), methods=["POST"]),
        Route("/welcome/{secret}", partial(link_page, desk), methods=["GET"]),
        Route("/welcome/{secret}", partial(link_set, desk), methods=["POST"]),
        Route("/sign-in/again", partial(again_page, desk), methods=["GET"]),
        Route("/sign-in/again", partial(again_sent, desk), methods=["POST"]),
        Route("/sign-in/passkey/options", partial(passkeys.sign_in_begin, desk), methods=["POST"]),
        Route("/sign-in/passkey", partial(passkeys.sign_in_end, desk), methods=["POST"]),
        Route("/me/passkeys/options", partial(passkeys.add_begin, desk), methods=["POST"]),
        Route("/me/passkeys", partial(passkeys.add_end, desk), methods=["POST"]),
        Route("/sign-in/openid", partial(openid_out, desk), methods=["GET"]),
        Route("/sign-in/openid/back", partial(openid_back, desk), methods=["GET"]),
        Route("/look", partial(_look, desk), methods=["POST"]),
    ]


async def _out(desk: Desk, request: Request) -> Response:
    _, refused = await checked_own_form(desk, request)
    return refused or await ended(desk, request)


async def _look(desk: Desk, request: Request) -> Response:
    """Keep whether the console is dark or light; anything else: as the system is."""
    fields, refused = await checked_form(desk, request)
    if refused is not None:
        return refused
    answer = RedirectResponse(safe_next(fields.get("next", "/")), 303)
    look = fields.get("look", "")
    if look in LOOKS:
        answer.set_cookie(
            LOOK, look, max_age=365 * 86_400, secure=desk.site.https, httponly=True, samesite="lax"
        )
    else:
        answer.delete_cookie(LOOK, secure=desk.site.https, httponly=True, samesite="lax")
    return answer
