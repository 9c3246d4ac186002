"""`stillwatch guard serve`: decisions over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from stillwatch.cli._guard_options import answers
from stillwatch.cli._json import print_json


@click.command()
@answers("service")
def serve(state: Path, file: Path, workers: int | None, check: bool, as_json: bool) -> None:
    """Answer gateways over HTTP until SIGTERM: decisions, LiteLLM's, Portkey's and Kong's guardrail calls,
    health and metrics.

    What is done while the guard cannot tell (`failure`) must be chosen in the configuration.
    """
    from stillwatch.guard.open_state import open_state
    from stillwatch.guard.service_settings import load
    from stillwatch.guard.serving import serve as run

    config = load(file)
    if workers is not None:
        config = replace(config, service=replace(config.service, workers=workers))
    service = config.service
    told = {
        "host": service.host,
        "port": service.port,
        "workers": service.workers,
        "failure": config.guard.failure,
        "secret": bool(config.secret),
    }
    if as_json:
        print_json(told)
    else:
        secret = "callers need the secret" if config.secret else "no secret, this machine only"
        click.echo(f"http://{service.host}:{service.port}, {secret}; failure: {config.guard.failure}")
    if not check:
        run(config, state, open_state)
