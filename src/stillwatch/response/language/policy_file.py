"""A policy file: read, checked, and with what is to be warned of."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stillwatch.response.language.calls import Calls
from stillwatch.response.language.conditions import Conditions
from stillwatch.response.language.fault import Fault, Faults
from stillwatch.response.language.foreseen import foreseen
from stillwatch.response.language.refused import refused
from stillwatch.response.language.rule import Rule
from stillwatch.response.language.rule_call import ACTING, RuleCalls
from stillwatch.response.language.source import parsed, read_source
from stillwatch.response.language.values import Names
from stillwatch.response.language.vocabulary import FUNCTIONS, SECTIONS

MOST_RULES = 200
"""Rules of one file."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file that was read without a fault."""

    text: str
    """Its text."""
    digest: str
    """SHA-256 of the text, as hexadecimal digits."""
    rules: tuple[Rule, ...]
    """Its rules, in their order in the file."""
    warnings: tuple[Fault, ...]
    """What its author should know."""


def read_policy(path: Path) -> PolicyFile:
    """Return a file's rules. Raises PolicyFaults with all that is wrong; PolicyError where it cannot be
    read.
    """
    return policy_of(read_source(path), str(path))


def policy_of(text: str, where: str) -> PolicyFile:
    """Return the rules of a text. where: the file, for messages. Raises PolicyFaults."""
    faults = Faults(text)
    tree = parsed(text, faults, where)
    reader = _Statements(faults)
    reader.names.lines.update(_assigned(tree))
    for statement in tree.body:
        reader.read(statement, first=statement is tree.body[0])
    faults.end(where)
    reader.warn()
    digest = hashlib.sha256(text.encode()).hexdigest()
    warnings = sorted(faults.warnings, key=lambda one: (one.line, one.column))
    return PolicyFile(text, digest, tuple(reader.rules), tuple(warnings))


def _assigned(tree: ast.Module) -> dict[str, int]:
    """The line on which each name is assigned first."""
    found: dict[str, int] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, target.lineno)
    return found


class _Statements:
    """The statements of a file, one after another."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.names = Names()
        self.rules: list[Rule] = []
        self._calls = Calls(Conditions(faults, self.names))
        self._rule_calls = RuleCalls(self._calls)
        self._seen: dict[str, ast.Assign] = {}
        self._rule_names: dict[str, ast.Assign] = {}

    def read(self, statement: ast.stmt, *, first: bool) -> None:
        """Take one statement."""
        match statement:
            case ast.Expr(ast.Constant(str())) if first:
                return
            case ast.Expr(value) if isinstance(value, ast.Constant | ast.Call):
                self.faults.add(value, "this stands alone and does nothing", "assign it: name = rule(...)")
            case ast.Assign([ast.Name() as target], value):
                self._assign(statement, target, value)
            case ast.Assign():
                self.faults.add(statement, "only one name can be assigned", "write name = value")
            case _:
                self.faults.add(statement, *refused(statement))

    def _assign(self, statement: ast.Assign, target: ast.Name, value: ast.expr) -> None:
        name = target.id
        sound = self._may_be_assigned(target)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "rule":
            rule = self._rule_calls.rule(name, value)
            self._rule_names[name] = statement
            if len(self._rule_names) == MOST_RULES + 1:
                self.faults.add(statement, f"the file has more than {MOST_RULES} rules", "split the file")
            if rule is not None:
                self.rules.append(rule)
            self.names.values.setdefault(name, None)
        else:
            found = self._calls.value(value)
            if sound:
                self.names.values[name] = found
        self._seen.setdefault(name, statement)

    def _may_be_assigned(self, target: ast.Name) -> bool:
        name = target.id
        if name in self._seen:
            what = f"{name} is assigned already, on line {self._seen[name].lineno}"
            self.faults.add(target, what, "a name is assigned once: choose another")
        elif name in SECTIONS or name in FUNCTIONS:
            self.faults.add(target, f"{name} is a name of the language", "choose another")
        elif not NAME.fullmatch(name):
            what = "a name has up to 64 letters (a to z), digits and _, and begins with a letter"
            self.faults.add(target, what, "choose another")
        else:
            return True
        return False

    def warn(self) -> None:
        """Add the warnings of a file without faults."""
        for name, statement in self._seen.items():
            if name not in self._rule_names and name not in self.names.used:
                self.faults.warn(statement, f"{name} is not used", "take it out, or use it")
        for rule in self.rules:
            statement = self._rule_names[rule.name]
            for what, hint in foreseen(rule):
                self.faults.warn(statement, f"rule {rule.name}: {what}", hint)
            if rule.kind in ACTING and not (rule.touches and rule.spares):
                self.faults.warn(
                    statement,
                    f"rule {rule.name} has no examples of both kinds, so it cannot go live",
                    "add touches = [case(...)] and spares = [case(...)]",
                )
