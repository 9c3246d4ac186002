"""Asks a proxy in both dialects, and looks at each answer for what no client may see."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

DIALECTS = ("/v1/chat/completions", "/v1/messages")
INTERNALS = (
    *("stillwatch", "guardrail_name", "guardrail_mode", "guardrail_information", "pre_call", "hooks."),
    *("campaign", "adversarial", "operator", "named", "abcdef012345", "0123456789ab", "policy_decision"),
    *("bycampaign", "snapshot", "shadow", "detector", "traceback"),
)
"""What the parts of the tests' guards are called, and what the guard calls things."""


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    text: str
    seconds: float

    @property
    def body(self) -> dict[str, Any]:
        """The body, where it is one JSON value."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def message(self) -> str:
        """What an error says, in either dialect."""
        said: str = self.body["error"]["message"]
        return said

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of a stream."""
        lines = [line[5:].strip() for line in self.text.splitlines() if line.startswith("data:")]
        return [json.loads(line) for line in lines if line != "[DONE]"]


def ask(
    url: str, customer: str, path: str = DIALECTS[0], *, headers: dict[str, str] | None = None, **body: Any
) -> Reply:
    """Ask as a customer. No answer may hold what is internal."""
    asked = {
        "model": "heron",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "what is a reef"}],
        **body,
    }
    request = urllib.request.Request(
        f"{url}{path}",
        json.dumps(asked).encode(),
        {"authorization": f"Bearer sk-{customer}", "content-type": "application/json", **(headers or {})},
    )
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as got:
            status, told, text = got.status, dict(got.headers), got.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, told, text = error.code, dict(error.headers), error.read().decode()
    whole = f"{json.dumps(told)} {text}".lower()
    seen = [word for word in INTERNALS if word in whole]
    assert not seen, (seen, whole)
    return Reply(
        status, {name.lower(): value for name, value in told.items()}, text, time.monotonic() - began
    )
