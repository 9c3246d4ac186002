"""What a prompt is for: a small linear model over hashed words, scored by kernels.

`stillwatch intent train` trains it.
"""

from __future__ import annotations

from stillwatch.sketch.intent.model import Intent, load_intent, packed, save_intent
from stillwatch.sketch.intent.scoring import COLUMNS, Packed, room_for, score, told

__all__ = ["COLUMNS", "Intent", "Packed", "load_intent", "packed", "room_for", "save_intent", "score", "told"]
