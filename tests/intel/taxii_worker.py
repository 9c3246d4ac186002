"""A TAXII server in a process of its own, to be killed: python taxii_worker.py DATABASE PORT."""

from __future__ import annotations

import asyncio
import sys

from granian.server.embed import Server
from taxii_parts import ANN, BOB, People

from stillwatch.cases.database import Database
from stillwatch.intel.taxii.server.app import taxii_app
from stillwatch.intel.taxii.server.settings import TaxiiSettings


def main() -> None:
    """Serve until killed."""
    app = taxii_app(Database(sys.argv[1]), TaxiiSettings(page=37), People(ANN, BOB))
    server = Server(app, "127.0.0.1", int(sys.argv[2]), interface="asgi", log_enabled=False)  # type: ignore[arg-type]
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
