"""One setting: its default, its sentence, and what it may be."""

from __future__ import annotations

from dataclasses import field, fields
from functools import cache
from typing import Any, ClassVar, TypeVar, get_type_hints

from stillwatch.allowed import Allowed
from stillwatch.errors import SettingError
from stillwatch.toml_file import shown

T = TypeVar("T")


def setting(default: T, sentence: str, allowed: Allowed | None = None) -> T:
    """A dataclass field that carries its sentence and what it may be; the reference page and the errors are
    made from them.
    """
    metadata = {"sentence": sentence, "allowed": allowed}
    if isinstance(default, tuple | dict):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


class Section:
    """A section of the settings. Raises SettingError where it is made with a value out of its range."""

    section: ClassVar[str]
    """Its name in a file."""

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for key in hints_of(kind):
            checked(kind, key, getattr(self, key), f"{self.section}.{key}")


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The type of each setting of a section, by name."""
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def checked(kind: Any, key: str, value: Any, where: str) -> Any:
    """A value for a setting of a section, as the setting has it. Raises SettingError for a wrong type, and
    for a value out of the setting's range.
    """
    name = f"{kind.section}.{key}"
    typed = _typed(hints_of(kind)[key], value, name, where)
    allowed: Allowed | None = kind.__dataclass_fields__[key].metadata["allowed"]
    if allowed is not None and not allowed.holds(typed):
        raise SettingError(
            f"setting {name} cannot be {shown(value)}",
            where=where,
            do=f"allowed: {allowed.says}; docs/reference/settings.md says what it is for",
        )
    return typed


def _typed(kind: Any, value: Any, name: str, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (
        kind == tuple[str, ...]
        and isinstance(value, list | tuple)
        and all(isinstance(item, str) for item in value)
    ):
        return tuple(value)
    if kind in (int, float, str, bool) and type(value) is kind:
        return value
    wanted = "a list of strings" if kind == tuple[str, ...] else kind.__name__
    raise SettingError(
        f"setting {name} must be {wanted}, not {shown(value)}",
        where=where,
        do="see docs/reference/settings.md for its meaning and default",
    )
