"""The hub of a sharing group: members, agreements, the log of what was shared with whom, the service."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("sqlalchemy", "starlette", "granian", "httpx2", "cryptography", "prometheus_client"):
    if find_spec(_name) is None:
        raise MissingExtra(f"sharing needs {_name}", do="pip install 'stillwatch[sharing]'")
