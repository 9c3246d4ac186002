"""Makes the playbooks of the package, CACAO 2.0 JSON, from their sources beside this file: a person edits
sentences there, and the ids follow from names.
"""

from __future__ import annotations

import json
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

from stillwatch.playbooks.actions import ACTIONS
from stillwatch.playbooks.extension import EXTENSION
from stillwatch.playbooks.shipped import FOLDER, NAMES

SOURCES = Path(__file__).parent / "playbooks"
CREATED = "2026-11-30T00:00:00.000Z"
MODIFIED = "2026-11-30T00:00:00.000Z"
"""Change it whenever a source changes: it is the version of a playbook."""
SPACE = uuid.UUID("21e0efbd-e3bb-5c00-8bc8-e22df4173124")
SCHEMA = (
    "An object with texts check (name of a check of Stillwatch that tells whether the step is done, or how a "
    "condition is decided), action (name of what a person does with Stillwatch) and place (where in the "
    "console). Each may be left out. A reader without Stillwatch may ignore it: the step's command and "
    "description say the same in words."
)


def identifier(kind: str, *names: str) -> str:
    """The id of an object: the same each time."""
    return f"{kind}--{uuid.uuid5(SPACE, '/'.join((kind, *names)))}"


MAKER = identifier("identity", "stillwatch")
ANALYST = identifier("group", "analysts")


def document(name: str) -> dict[str, Any]:
    """The playbook of a source, as its JSON has it."""
    source = tomllib.loads((SOURCES / f"{name}.toml").read_text(encoding="utf-8"))
    cited = tomllib.loads((SOURCES / "references.toml").read_text(encoding="utf-8"))
    workflow = Workflow(name, source["steps"])
    conditions = sorted({step["if"] for step in source["steps"] if "if" in step})
    return {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": identifier("playbook", name),
        "name": source["title"],
        "description": source["description"],
        "playbook_types": source["types"],
        "playbook_activities": source["activities"],
        "playbook_processing_summary": _summary(source["steps"]),
        "created_by": MAKER,
        "created": CREATED,
        "modified": MODIFIED,
        "labels": ["stillwatch", name],
        "external_references": [cited[one] for one in source["references"]],
        "markings": [identifier("marking-tlp", "clear")],
        **({"playbook_variables": _variables(conditions)} if conditions else {}),
        "workflow_start": workflow.start,
        "workflow": workflow.steps,
        "agent_definitions": {
            ANALYST: {
                "type": "group",
                "name": "Analysts",
                "description": "The people who review campaigns. They do every step; nothing runs by itself.",
            }
        },
        "extension_definitions": {
            EXTENSION: {
                "type": "extension-definition",
                "name": "Stillwatch binding",
                "description": "Binds a step to a check or an action of Stillwatch.",
                "created_by": MAKER,
                "schema": SCHEMA,
                "version": "1.0.0",
            }
        },
        "data_marking_definitions": {
            identifier("marking-tlp", "clear"): {
                "type": "marking-tlp",
                "id": identifier("marking-tlp", "clear"),
                "created_by": MAKER,
                "created": CREATED,
                "tlpv2_level": "TLP:CLEAR",
            }
        },
    }


class Workflow:
    """The steps of a source as CACAO has them: each branch ends in an end of its own."""

    def __init__(self, name: str, steps: list[dict[str, Any]]) -> None:
        self._name = name
        self._branches: dict[str, list[dict[str, Any]]] = {}
        for step in steps:
            self._branches.setdefault(step.get("in", ""), []).append(step)
        self.start = identifier("start", name)
        self.steps: dict[str, Any] = {
            self.start: {"type": "start", "name": "Start", "on_completion": self._first("")}
        }
        for branch in self._branches:
            self._add(branch)

    def _add(self, branch: str) -> None:
        steps = self._branches[branch]
        end = identifier("end", self._name, branch)
        after = [self._id(step) for step in steps[1:]] + [end]
        for step, to in zip(steps, after, strict=True):
            self.steps[self._id(step)] = self._step(step, to)
        self.steps[end] = {"type": "end", "name": f"End of {branch}" if branch else "End"}

    def _first(self, branch: str) -> str:
        return self._id(self._branches[branch][0])

    def _id(self, step: dict[str, Any]) -> str:
        kind = "parallel" if "parallel" in step else "if-condition" if "if" in step else "action"
        return identifier(kind, self._name, step["id"])

    def _step(self, step: dict[str, Any], to: str) -> dict[str, Any]:
        told = {"name": step["name"], "description": step["says"]}
        if "parallel" in step:
            branches = [self._first(one) for one in step["parallel"]]
            return {"type": "parallel", **told, "on_completion": to, "next_steps": branches}
        if "if" in step:
            ways = {f"on_{way}": self._first(step[way]) for way in ("true", "false") if way in step}
            return {
                "type": "if-condition",
                **told,
                "on_completion": to,
                "condition": f"__{step['if']}__:value = 'true'",
                **ways,
                "step_extensions": {EXTENSION: {"check": step["if"]}},
            }
        action = ACTIONS[step["action"]] if "action" in step else None
        binding: dict[str, str] = {key: step[key] for key in ("check", "action") if key in step}
        place = step.get("place") or (action.place if action else "")
        binding |= {"place": place} if place else {}
        words = step.get("command") or (action.command if action else "")
        after = {"on_completion": to}
        if "failed" in step:
            after = {"on_success": to, "on_failure": self._first(step["failed"])}
        return {
            "type": "action",
            **told,
            **after,
            "commands": [{"type": "manual", "command": words or f"{step['name']}."}],
            "agent": ANALYST,
            **({"step_extensions": {EXTENSION: binding}} if binding else {}),
        }


def _summary(steps: list[dict[str, Any]]) -> dict[str, bool]:
    """What a reader must be able to process."""
    return {
        "manual_playbook": True,
        "external_playbooks": False,
        "parallel_processing": any("parallel" in step for step in steps),
        "if_logic": any("if" in step for step in steps),
        "while_logic": False,
        "switch_logic": False,
        "temporal_logic": False,
        "data_markings": True,
        "digital_signatures": False,
        "countersigned_signatures": False,
        "extensions": True,
    }


def _variables(conditions: list[str]) -> dict[str, Any]:
    return {
        f"__{one}__": {
            "type": "bool",
            "description": f"Whether check {one} of Stillwatch is met; a person decides where it cannot tell.",
            "external": True,
        }
        for one in conditions
    }


def text(name: str) -> str:
    """The file of a playbook."""
    return json.dumps(document(name), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files; with --check, only say which differ."""
    differ = []
    for name in NAMES:
        path = FOLDER / f"{name}.json"
        made = text(name)
        if not path.exists() or path.read_text(encoding="utf-8") != made:
            differ.append(name)
            if "--check" not in sys.argv:
                path.write_text(made, encoding="utf-8")
    print(", ".join(differ) or "all playbooks are as their sources make them")
    sys.exit(1 if differ and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()
