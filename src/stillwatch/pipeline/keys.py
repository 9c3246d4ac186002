"""The key of a run: the user's own unless told otherwise, made once and kept."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from stillwatch.errors import SettingError
from stillwatch.schema.keyed import HashKey

KEY_FILE = "STILLWATCH_KEY_FILE"
"""Environment variable that names the file of the user's own key."""
OTHERWISE = (
    f"set {KEY_FILE} to a file where you may write, give --key-file, or, for data that is public "
    "anyway, --public-key"
)
Say = Callable[[str], None]


def own_key(say: Say) -> HashKey:
    """The user's own key; made at the first call, which `say` is told. Raises SettingError where it can be
    neither read nor made.
    """
    path = own_key_file()
    try:
        there = path.exists()
        others = there and path.stat().st_mode & 0o077
    except OSError as error:
        raise _cannot_be_made(path, error) from error
    if not there and _make(path):
        say(
            f"a private key was made in {path}: keep it, since only tables made with one key can be "
            "compared (docs/privacy.md)"
        )
    if others:
        say(f"others may read the key file {path}: chmod 600 {path}")
    return HashKey.from_file(path)


def own_key_file() -> Path:
    """$STILLWATCH_KEY_FILE, else stillwatch/key in the user's folder of settings (XDG Base Directory
    Specification 0.8).
    """
    named = os.environ.get(KEY_FILE)
    if named:
        return Path(named)
    settings = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(settings) if os.path.isabs(settings) else Path.home() / ".config"
    except RuntimeError as error:
        raise SettingError("there is no home folder to keep a key in", do=OTHERWISE) from error
    return folder / "stillwatch" / "key"


def _make(path: Path) -> bool:
    """Write 32 random bytes, as hexadecimal digits; False if another process was first."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".key-", dir=path.parent)  # readable by its owner only
    except OSError as error:
        raise _cannot_be_made(path, error) from error
    aside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return _placed(aside, path)
    except OSError as error:
        raise _cannot_be_made(path, error) from error
    finally:
        aside.unlink(missing_ok=True)


def _placed(aside: Path, path: Path) -> bool:
    """Give the key its name, unless there is one by now: two processes that start together must end with one
    key.
    """
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        with contextlib.suppress(FileNotFoundError):
            os.rename(aside, path)
    return True


def _cannot_be_made(path: Path, error: OSError) -> SettingError:
    return SettingError(
        f"there is no private key yet, and none can be made: {error.strerror}", where=str(path), do=OTHERWISE
    )
