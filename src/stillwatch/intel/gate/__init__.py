"""The gate: nothing leaves unless it is known to be harmless, and a second person has approved it."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("sqlalchemy", "alembic", "cryptography"):
    if find_spec(_name) is None:
        raise MissingExtra(f"sharing needs {_name}", do="pip install 'stillwatch[sharing]'")
