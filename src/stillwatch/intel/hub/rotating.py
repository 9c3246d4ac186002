"""A member changes its key at a hub, also where one side is killed on the way."""

from __future__ import annotations

import base64

import httpx2

from stillwatch.intel.hub.client import KEY, NEXT_KEY, HubRefused, Sharing, answer, put_next_key
from stillwatch.intel.hub.group_pages import rotation_text
from stillwatch.intel.hub.keys import make_key, public_text, read_key
from stillwatch.intel.hub.signing import MemberAuth


def rotated(sharing: Sharing, client: httpx2.Client | None = None) -> str:
    """Make a new key, tell the hub, and use it; return its public part as text. A rotation that was cut off
    is finished. Raises IntelError as the hub refuses; the old key is in use then.
    """
    path = sharing.folder / NEXT_KEY
    new = read_key(path) if path.exists() else make_key(path)
    public = new.public_key().public_bytes_raw()
    fields = {
        "public": public_text(public),
        "proof": base64.b64encode(new.sign(rotation_text(sharing.name, public))).decode(),
    }
    with client or sharing.client() as asking:
        try:
            answer(asking, "POST", "/hub/key", json=fields)
        except HubRefused as error:
            if error.status != 401:
                raise
            # The hub took the new key, and its answer was lost.
            answer(asking, "GET", "/hub/about", auth=MemberAuth(new))
    put_next_key(sharing.folder)
    assert (sharing.folder / KEY).exists(), "BUG: no key after a rotation"
    return public_text(public)
