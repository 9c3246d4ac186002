"""How this stage compiles: one decorator, typed, cached on disk, free of the interpreter's lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

from stillwatch.schema import keyed

F = TypeVar("F", bound=Callable[..., object])


def _version() -> str:
    digest = hashlib.blake2b(digest_size=6)
    for path in [*sorted(Path(__file__).parent.glob("*.py")), Path(keyed.__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


VERSION = _version()
"""Digest of every source that a kernel may call."""


def kernel(function: F) -> F:
    """Compile a function at its first call."""
    # numba looks at the function's own file only: a changed callee in another file would go unseen. The name is part of the cache's.
    function.__qualname__ += f"_{VERSION}"
    # Kernels allocate nothing, so they need not count references to arrays: counting cost as much as all the rest.
    return cast(F, numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True, _nrt=False)(function))
