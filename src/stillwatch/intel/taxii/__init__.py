"""Carry STIX objects between providers by TAXII 2.1: a server for a hub, a client for a provider."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("sqlalchemy", "starlette", "httpx2", "stix2", "stix2validator"):
    if find_spec(_name) is None:
        raise MissingExtra(f"sharing needs {_name}", do="pip install 'stillwatch[sharing]'")
