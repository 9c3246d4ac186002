"""The provider's own store of sharing: what came, from whom, what it matched here, and what was given."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("sqlalchemy", "cryptography", "stix2", "stix2validator"):
    if find_spec(_name) is None:
        raise MissingExtra(f"sharing needs {_name}", do="pip install 'stillwatch[sharing]'")
