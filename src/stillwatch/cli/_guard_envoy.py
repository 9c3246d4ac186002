"""`stillwatch guard envoy`: decisions for Envoy, over gRPC."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from stillwatch.cli._guard_options import answers
from stillwatch.cli._json import print_json


@click.command()
@answers("envoy")
def envoy(state: Path, file: Path, workers: int | None, check: bool, as_json: bool) -> None:
    """Answer Envoy's external processing (ext_proc, gRPC) until SIGTERM.

    What is done while the guard cannot tell (`failure`) must be chosen in the configuration, and
    `failure_mode_allow` of Envoy's filter to fit: it says what Envoy does while the guard is gone.
    """
    from stillwatch.guard.envoy_serving import serve as run
    from stillwatch.guard.open_state import open_state
    from stillwatch.guard.service_settings import is_loopback, load

    config = load(file)
    if workers is not None:
        config = replace(config, envoy=replace(config.envoy, workers=workers))
        config.envoy.check(str(file), loopback=is_loopback(config.envoy.host))
    settings = config.envoy
    told = {
        "listens": f"unix:{settings.socket}" if settings.socket else f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "failure": config.guard.failure,
        "failure_mode_allow": config.guard.failure == "open",
        "tls": bool(settings.certificate),
        "client_certificate": bool(settings.client_ca),
    }
    if as_json:
        print_json(told)
    else:
        allow = "true" if told["failure_mode_allow"] else "false"
        click.echo(
            f"{told['listens']}; failure: {config.guard.failure}, which fits failure_mode_allow: {allow}"
        )
    if not check:
        run(config, state, open_state)
