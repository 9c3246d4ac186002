"""What callers may give, in the shapes in which they have it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings, from_document, load

PathLike = str | os.PathLike[str]
"""A path."""
KeyLike = PathLike | HashKey | None
"""The path of a key file, a key, or None for the user's own."""
SettingsLike = PathLike | Settings | Mapping[str, Any] | None
"""The path of a TOML file, settings, or a mapping of sections."""
Progress = Callable[[str, int, int], None]
"""Called with the step, how much is done, and of how much (0: not known)."""
LOG = logging.getLogger("stillwatch.api")


def settings_from(given: SettingsLike) -> Settings:
    """Settings from whatever a caller has them in. Raises SettingError."""
    if isinstance(given, Settings):
        return given
    if isinstance(given, Mapping):
        return from_document({name: dict(section) for name, section in given.items()}, where="settings")
    return load(path_from(given))


def key_from(given: KeyLike) -> HashKey:
    """The key of the tables; making the user's own is logged. Raises SettingError."""
    if isinstance(given, HashKey):
        return given
    if given is not None:
        return HashKey.from_file(Path(given))
    # The pipeline brings the engine along, which a gateway that sketches has no use for.
    from stillwatch.pipeline.keys import own_key

    return own_key(LOG.warning)


def path_from(given: PathLike | None) -> Path | None:
    """A path, or none."""
    return None if given is None else Path(given)
