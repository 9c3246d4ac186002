"""Each test of the suite runs on each server; what a server is known to fail must go on failing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from taxii_servers import Target, medallion_server, stillwatch_server

SERVERS = {"stillwatch": stillwatch_server, "medallion": medallion_server}


@pytest.fixture(scope="session", params=list(SERVERS))
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server under test."""
    with SERVERS[request.param](tmp_path_factory.mktemp(f"taxii-{request.param}")) as found:
        yield found


@pytest.fixture
def known_deviation(request: pytest.FixtureRequest, target: Target) -> None:
    """Mark what the server is known to fail; each file of the suite uses it."""
    name = request.node.name.replace(f"[{target.name}-", "[").replace(f"[{target.name}]", "")
    for beginning, reason in target.deviations.items():
        if name.startswith(beginning):
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
