"""A call of rule(...) as a rule."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from stillwatch.response.language.calls import Calls
from stillwatch.response.language.canonical import version_of
from stillwatch.response.language.rule import Example, Rule, RuleKind
from stillwatch.response.language.values import Does, Span

PARTS = (
    "when",
    "do",
    "expires",
    "onset",
    "reason",
    "kind",
    "ceiling",
    "touches",
    "spares",
    "about",
)
REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")
ACTING = (RuleKind.BLOCK, RuleKind.FRICTION)
"""Kinds that do something about a request."""
MOST_ACCOUNTS = 10**9
MOST_EXAMPLES = 100


class RuleCalls:
    """Reads rules. What is faulty is added to the faults once, and read as None."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.faults = calls.faults

    def rule(self, name: str, node: ast.Call) -> Rule | None:
        """Return the rule of one call."""
        before = len(self.faults)
        given = self.calls.arguments(node, "rule", PARTS)
        for part in ("when", "do"):
            if part not in given:
                self.faults.add(node, f"rule {name} has no {part}", f"add {part} = ...")
        when = self.calls.conditions.condition(given["when"]) if "when" in given else None
        does = self._does(given["do"]) if "do" in given else None
        times = {part: self._span(given.get(part), part) for part in ("expires", "onset")}
        texts = {part: self._text(given.get(part), part) for part in ("reason", "kind", "about")}
        ceiling = self.calls.whole(given["ceiling"], "ceiling", 0, MOST_ACCOUNTS) if "ceiling" in given else 0
        examples = {part: self._examples(given.get(part), part) for part in ("touches", "spares")}
        if when is None or does is None:
            return None
        self._complete(name, node, does, times, given, texts["kind"])
        if texts["reason"] and not REASON.fullmatch(texts["reason"]):
            hint = 'write small letters, digits and _, as reason = "automated_collection"'
            self.faults.add(given["reason"], "the reason is no code", hint)
        if len(self.faults) > before:
            return None
        rule = Rule(
            name=name,
            when=when.expression,
            action=does.action,
            kind=does.kind,
            expires_s=times["expires"],
            onset_s=times["onset"],
            reason=texts["reason"],
            remedy=does.remedy,
            ceiling=ceiling or 0,
            touches=examples["touches"],
            spares=examples["spares"],
            about=texts["about"],
            line=node.lineno,
        )
        return replace(rule, version=version_of(rule))

    def _does(self, node: ast.expr) -> Does | None:
        return self.calls.of(node, Does, "a step", "write a step, as do = review()")

    def _span(self, node: ast.expr | None, part: str) -> int:
        if node is None:
            return 0
        found = self.calls.of(node, Span, "a length of time", f"write {part} = days(14)")
        return 0 if found is None else found.seconds

    def _text(self, node: ast.expr | None, part: str) -> str:
        return "" if node is None else self.calls.text(node, part) or ""

    def _examples(self, node: ast.expr | None, part: str) -> tuple[Example, ...]:
        if node is None:
            return ()
        if not isinstance(node, ast.List | ast.Tuple):
            self.faults.add(node, f"{part} must be a list of cases", f'write {part} = [case(tier = "named")]')
            return ()
        if len(node.elts) > MOST_EXAMPLES:
            self.faults.add(node, f"{part} has more than {MOST_EXAMPLES} cases", "leave some out")
            return ()
        found = [self.calls.of(one, Example, "a case", 'write case(tier = "named")') for one in node.elts]
        return tuple(one for one in found if one is not None)

    def _complete(
        self,
        name: str,
        node: ast.Call,
        does: Does,
        times: dict[str, int],
        given: dict[str, ast.expr],
        kind: str,
    ) -> None:
        if does.kind in ACTING and not times["expires"]:
            place = given.get("expires", node)
            self.faults.add(place, f"rule {name} never ends", "add expires = days(14); every step must end")
        if does.kind in ACTING and "reason" not in given:
            hint = 'add reason = "..."; it names no detector'
            self.faults.add(node, f"rule {name} has no reason code for the customer", hint)
        if times["onset"] and times["onset"] >= times["expires"]:
            self.faults.add(given["onset"], "the onset is no shorter than the step", "shorten onset")
        if kind and kind != does.kind:
            hint = f'write kind = "{does.kind}", or leave it out'
            self.faults.add(given["kind"], f'the step is of kind "{does.kind}", not "{kind}"', hint)
