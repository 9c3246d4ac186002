"""The two gateways before the model: LiteLLM's real proxy with the guard in its process, or the middleware.

A world's weeks go by in a minute here, so each line of the guard's log of exchanges gets the time that the
world has for it; decisions and everything else have the real time.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from end_to_end.clients import Named
from end_to_end.model import model, serving
from end_to_end.shapes import JA4, TIME
from stillwatch.guard.asgi import GuardMiddleware
from stillwatch.guard.callers import Accounts, Addresses
from stillwatch.guard.decide import Failure
from stillwatch.guard.exchanges import Exchange, ExchangeLog
from stillwatch.guard.open_state import open_guard
from stillwatch.guard.refusals import Wording
from study.loopback import free_port, wait_for_proxy

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv-litellm" / "bin"
HERE = Path(__file__).parent
LITELLM, ASGI = "litellm", "asgi"
APPEAL = "https://example.org/appeal"
WORLD_TIME: ContextVar[float] = ContextVar("world_time")


@dataclass(frozen=True)
class Front:
    """A gateway that runs."""

    port: int
    named: Named
    """The headers by which it knows an account."""


class InWorldTime(ExchangeLog):
    """The guard's log, with the world's times."""

    def write(self, exchange: Exchange) -> None:
        """Write an exchange."""
        super().write(replace(exchange, time=WORLD_TIME.get(exchange.time)))


@contextlib.contextmanager
def asgi(state: Path, log: Path) -> Iterator[Front]:
    """The middleware before the model, on granian."""
    opened = open_guard(state, Failure.CLOSED)
    exchanges = InWorldTime(log, str)
    guarded = GuardMiddleware(
        model,
        opened.guard,
        failure=Failure.CLOSED,
        accounts=Accounts(header="x-account"),
        addresses=Addresses(("127.0.0.0/8",)),
        wording=Wording(APPEAL),
        cohort_key=opened.cohort_key,
        exchanges=exchanges,
        ja4_header=JA4,
    )

    async def at_world_time(scope: Any, receive: Any, send: Any) -> None:
        told = dict(scope.get("headers", ())).get(TIME.encode())
        if told:
            WORLD_TIME.set(datetime.fromisoformat(told.decode()).timestamp())
        await guarded(scope, receive, send)

    try:
        with serving(at_world_time) as port:
            yield Front(port, lambda account: {"x-account": account})
    finally:
        exchanges.close()
        opened.close()


@contextlib.contextmanager
def litellm(state: Path, log: Path, models: Sequence[str], work: Path) -> Iterator[Front]:
    """LiteLLM's proxy with the guard in its process, before the model."""
    port = free_port()
    with serving(model) as model_port:
        config = _configuration(models, model_port, state, work)
        words = [str(BIN / "litellm"), "--host", "127.0.0.1", "--port", str(port), "--config", str(config)]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(work),
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "EXCHANGES": str(log),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "DISABLE_ADMIN_UI": "True",
            "LITELLM_LOG": "ERROR",
        }
        with (work / "litellm.out").open("wb") as out:
            process = subprocess.Popen(words, cwd=work, env=environment, stdout=out, stderr=subprocess.STDOUT)
            try:
                wait_for_proxy(port, process, "the proxy did not start; see litellm.out in the work folder")
                yield Front(port, lambda account: {"authorization": f"Bearer sk-{account}"})
            finally:
                process.terminate()
                process.wait(60)


def _configuration(models: Sequence[str], model_port: int, state: Path, work: Path) -> Path:
    """Write the configuration; YAML takes JSON as it is."""
    server = {"api_base": f"http://127.0.0.1:{model_port}/v1", "api_key": "none"}
    guard = {
        "guardrail": "litellm_hooks.Logged",
        "mode": "pre_call",
        "default_on": True,
        "state": str(state.resolve()),
        "failure": "closed",
        "timeout_s": 10,
    }
    settings = {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"openai/{name}", **server}} for name in models
        ],
        "guardrails": [{"guardrail_name": "policy", "litellm_params": guard}],
        "general_settings": {
            "custom_auth": "litellm_hooks.customer",
            "master_key": f"sk-{secrets.token_hex(16)}",
        },
    }
    path = work / "litellm.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    (work / "litellm_hooks.py").write_text((HERE / "litellm_hooks.py").read_text("utf-8"), encoding="utf-8")
    return path
