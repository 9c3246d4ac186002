"""The form of a text line, as nginx's log_format or Apache's LogFormat has it, as a pattern."""

from __future__ import annotations

import re
from re import Pattern

from stillwatch.errors import SettingError

VARIABLE = re.compile(
    r"\$\{?(?P<nginx>[a-z_0-9]+)\}?|%[<>]?(?:\{(?P<name>[^}]+)\}(?P<kind>[a-zA-Z])|(?P<plain>[a-zA-Z]))"
)
APACHE = {"h": "remote_addr", "a": "client_ip", "t": "time_local", "u": "remote_user", "L": "request_log_id"}


def pattern_of(form: str) -> Pattern[str]:
    """Return the pattern of the lines that a form writes; its groups are the names of columns.

    A variable of nginx keeps its name, a header of Apache gets the name of nginx's variable.
    Raises SettingError if the form has no variable.
    """
    pieces: list[str] = []
    names: set[str] = set()
    at = 0
    for found in VARIABLE.finditer(form):
        pieces.append(re.escape(form[at : found.start()]))
        after = form[found.end() : found.end() + 1]
        bracketed = found["plain"] == "t"
        name = _name(found)
        inside = (
            rf"[^{re.escape(after)}]*" if after not in ("", '"') else r'(?:[^"\\]|\\.)*' if after else r".*"
        )
        if bracketed:
            pieces.append(r"\[")
            inside = r"[^\]]*"
        fresh = name is not None and name not in names
        pieces.append(f"(?P<{name}>{inside})" if fresh else f"(?:{inside})")
        names.update([name] if name else [])
        if bracketed:
            pieces.append(r"\]")
        at = found.end()
    pieces.append(re.escape(form[at:]))
    if not names:
        raise SettingError(
            "line.format has no variable",
            where="[line] of the mapping file",
            do="copy the log_format of nginx or the LogFormat of Apache",
        )
    return re.compile("".join(pieces))


def _name(found: re.Match[str]) -> str | None:
    if found["nginx"]:
        return found["nginx"] if found["nginx"].isidentifier() else None
    if found["plain"]:
        return APACHE.get(found["plain"])
    bare = re.sub(r"[^a-z0-9]", "_", found["name"].lower())
    return f"http_{bare}" if found["kind"] == "i" else bare if bare.isidentifier() else None
