"""Arrow's compute functions without the types of its stubs, which accept too few array types."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

compute: Any = pyarrow.compute
"""pyarrow.compute"""
