"""Stillwatch: the open defence against industrial-scale distillation of language models."""

import logging
from pathlib import Path

from stillwatch import numba_cache

__version__ = "0.1.0"

# A library is quiet unless the program that uses it listens.
logging.getLogger("stillwatch").addHandler(logging.NullHandler())
numba_cache.choose(Path(__file__).parent)
