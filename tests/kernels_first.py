"""Compiled code that every process of the tests needs, made by one of them before the others begin."""

from __future__ import annotations

import tempfile
from pathlib import Path

from range_hamlet import HAMLET
from village import ALONE, beside

from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.keyed import HashKey
from stillwatch.simulate.make import Order, make
from stillwatch.sketch import kernel as compiling


def compile_kernels() -> None:
    """Make and search a small world, unless the kernels are there.

    Two processes that compile one function for different types at once may both give the same number to what
    they keep, and numba would load one for the other.
    """
    if any(Path(compiling.__file__).parent.rglob(f"*{compiling.VERSION}*.nbi")):
        return
    with tempfile.TemporaryDirectory() as name:
        scenario, world = Path(name, "hamlet.toml"), Path(name, "world")
        scenario.write_text(HAMLET, encoding="utf-8")
        make(Order(str(scenario), world, scale=1.0, seed=3))
        given = Inputs((world / "logs",), key=HashKey.public(), **beside(world))
        detect(given, Path(name, "run"), ALONE, lambda step, done, total: None)
