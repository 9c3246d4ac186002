"""How this stage compiles: two decorators, typed, cached on disk, free of the interpreter's lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from stillwatch.schema import keyed

F = TypeVar("F", bound=Callable[..., object])


def _version() -> str:
    digest = hashlib.blake2b(digest_size=6)
    for path in [*sorted(Path(__file__).parent.rglob("*.py")), Path(keyed.__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


VERSION = _version()
"""Return a digest of every source that a kernel may call."""


PAGE, STEP = 4096, 448
"""Bytes of a memory page, and the distance in a page between the beginnings of one kernel's arrays."""


def apart(shape: tuple[int, ...], kind: type[np.generic], turn: int) -> npt.NDArray[Any]:
    """Return zeros that begin `turn` steps into a page.

    Arrays that begin alike compete for the same few places of the processor's cache.
    """
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    raw = np.zeros(size + 2 * PAGE, np.uint8)
    start = -raw.ctypes.data % PAGE + turn * STEP % PAGE
    return raw[start : start + size].view(kind).reshape(shape)


def kernel(function: F) -> F:
    """Compile a function at its first call."""
    return _compiled(function, {})


def inlined(function: F) -> F:
    """Compile a function into each of its callers: passing a dozen arrays costs more than most functions."""
    return _compiled(function, {"forceinline": True})


def _compiled(function: F, options: dict[str, Any]) -> F:
    # numba checks only the function's own file and would not see a changed callee in another. The function's
    # name is part of the cache's, so the version goes into the name.
    function.__qualname__ += f"_{VERSION}"
    # Kernels allocate nothing, so they need not count references to arrays. Counting cost as much as all the
    # rest.
    return cast(F, numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True, _nrt=False, **options)(function))
