"""The sentence about what was just done: it goes with the redirect and is shown once."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request
from starlette.responses import Response

from stillwatch.console.access.secrets import derived, same
from stillwatch.console.site import Site

SAID = "said"
LONGEST = 600
"""Characters of a sentence."""


def say(answer: Response, request: Request, site: Site, sentence: str, session: str = "") -> None:
    """Let the next page show a sentence; signed, so that nobody else can put one there. session: the secret
    of a session that begins with this answer.
    """
    secret = session or request.cookies.get(site.cookie, "")
    text = base64.urlsafe_b64encode(sentence[:LONGEST].encode()).decode()
    value = f"{text}.{derived(secret, f'said {text}')[:32]}"
    answer.set_cookie(SAID, value, max_age=60, path="/", secure=site.https, httponly=True, samesite="lax")


def said_in(request: Request, site: Site) -> str:
    """Return the sentence that came with a call; empty where there is none."""
    text, _, seal = request.cookies.get(SAID, "").partition(".")
    if not text or not same(seal, derived(request.cookies.get(site.cookie, ""), f"said {text}")[:32]):
        return ""
    try:
        return base64.urlsafe_b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
