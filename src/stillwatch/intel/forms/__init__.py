"""Other forms of a bundle that passed the gate: CSV, JSON lines, MISP and OpenCTI, there and back."""

from __future__ import annotations

from importlib.util import find_spec

from stillwatch.errors import MissingExtra

for _name in ("stix2", "stix2validator"):
    if find_spec(_name) is None:
        raise MissingExtra(f"sharing needs {_name}", do="pip install 'stillwatch[sharing]'")
