"""Finding the same operator at two providers without naming accounts: tokens, overlaps, keyed sketches."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("sqlalchemy", "alembic", "cryptography", "httpx2", "idna", "starlette"):
    if find_spec(_name) is None:
        raise MissingExtra(f"tokens and overlaps need {_name}", do="pip install 'stillwatch[sharing]'")
