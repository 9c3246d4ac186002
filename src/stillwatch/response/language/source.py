"""The bytes of a policy file as Python's own syntax tree, within bounds."""

from __future__ import annotations

import ast
import io
import re
import token
import tokenize
from pathlib import Path

from stillwatch.errors import PolicyError
from stillwatch.response.language.fault import Faults, PolicyFaults
from stillwatch.small_file import read_small

MOST_BYTES = 64 * 2**10
"""Bytes of a file; a rule with its examples has about a thousand."""
MOST_NODES = 20_000
"""Nodes of its syntax tree."""
DEEPEST = 40
"""Nodes inside each other."""
HINTS = {
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`, and `!=` for unequal",
    "=": "write == to compare",
}
ESCAPE = re.compile(r"""\\(?:[\\'"\n]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})|(\\)""")
"""An escape in a string; a group where it is another one."""
STRINGS = {token.STRING, getattr(token, "FSTRING_MIDDLE", token.STRING)}
Sized = tuple[ast.AST, int]


def read_source(path: Path) -> str:
    """Return a policy file's text. Raises PolicyError where it cannot be read, is larger than MOST_BYTES or
    is no UTF-8.
    """
    data = read_small(path, MOST_BYTES, what="policy file", error=PolicyError, do="check the path")
    return text_of(data, str(path))


def text_of(data: bytes, where: str) -> str:
    """Return bytes as text without a byte order mark and with plain line ends. Raises PolicyError where they
    are too many or no UTF-8.
    """
    if len(data) > MOST_BYTES:
        raise PolicyError(
            f"the policy file is larger than {MOST_BYTES:,} bytes", where=where, do="split it into several"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise PolicyError(
            "the policy file is not UTF-8 text", where=f"{where}, line {line}", do="save it as UTF-8"
        ) from fault
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parsed(text: str, faults: Faults, where: str) -> ast.Module:
    """Return the syntax tree. Raises PolicyFaults where the text is no Python, is nested too deep or has too
    many nodes.
    """
    if "\0" in text:
        before = text[: text.index("\0")].split("\n")
        faults.add_at(len(before), len(before[-1].encode()), "a null character stands here", "take it out")
        faults.end(where)
    _unwarned(text, faults)
    faults.end(where)
    try:
        tree = ast.parse(text)
    except SyntaxError as fault:
        _wrong(fault, text, faults)
    except ValueError:
        faults.add_at(1, 0, "a number has too many digits", "write one below 2**63")
    except (RecursionError, MemoryError):
        faults.add_at(1, 0, f"it is nested more than {DEEPEST} deep", "name parts of it, and use the names")
    else:
        _bounded(tree, faults)
        if not len(faults):
            return tree
    faults.end(where)
    raise PolicyFaults((), where)  # never: a fault was added in each case


def _unwarned(text: str, faults: Faults) -> None:
    """Take what Python's parser would only warn of as faults. Its warnings are the whole process's: another
    thread may be answering a request. What is no Python at all is left to the parser.
    """
    before = None
    try:
        for one in tokenize.generate_tokens(io.StringIO(text).readline):
            if one.type in STRINGS and "r" not in one.string.partition('"')[0].partition("'")[0].lower():
                if any(found[1] for found in ESCAPE.finditer(one.string)):
                    what = "an escape that is not part of the language stands in the string"
                    faults.add_at(
                        one.start[0], _bytes(one.line, one.start), what, 'write \\\\, \\" or \\u00e4'
                    )
            elif before and (before.type, one.type) == (token.NUMBER, token.NAME) and before.end == one.start:
                faults.add_at(one.start[0], _bytes(one.line, one.start), "a space is missing", "write 1 or x")
            before = one
    except (tokenize.TokenError, SyntaxError):
        return


def _bytes(line: str, place: tuple[int, int]) -> int:
    return len(line[: place[1]].encode())


def _wrong(fault: SyntaxError, text: str, faults: Faults) -> None:
    number = fault.lineno or 1
    line = "".join(text.split("\n")[number - 1 : number])
    place = max((fault.offset or 1) - 1, 0)
    found = (line[place:], line[max(place - 1, 0) :])  # of && the parser tells the second
    hint = next((says for sign, says in HINTS.items() if any(r.startswith(sign) for r in found)), "")
    faults.add_at(
        number, len(line[:place].encode()), f"the syntax is wrong: {fault.msg}", hint or "mend the syntax"
    )


def _bounded(tree: ast.Module, faults: Faults) -> None:
    waiting: list[Sized] = [(tree, 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if count > MOST_NODES:
            faults.add_at(1, 0, f"the file has more than {MOST_NODES:,} nodes", "split it into several files")
            return
        if depth > DEEPEST and isinstance(node, ast.expr):
            faults.add(node, f"it is nested more than {DEEPEST} deep", "name parts of it, and use the names")
            return
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
