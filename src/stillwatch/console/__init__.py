"""The console: pages on which analysts decide, and the same as JSON under /api/v1."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("starlette", "msgspec", "granian", "argon2", "webauthn", "joserfc"):
    if find_spec(_name) is None:
        raise MissingExtra(f"the console needs {_name}", do="pip install 'stillwatch[console]'")
