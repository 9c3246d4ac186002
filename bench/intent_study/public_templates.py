"""Prompts of public pipelines and evaluation suites, read from clones of their repositories and filled."""

from __future__ import annotations

import ast
import fnmatch
import importlib
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from intent_payload import Payload

LIST = Path(__file__).with_name("public_templates.toml")
FILLINGS = 12
FEWEST = 12
"""Characters below which a constant is not a prompt, unless it has a slot."""


@dataclass(frozen=True)
class Template:
    """One prompt of a pipeline or a suite, with its slots."""

    name: str
    """Its pipeline or suite."""
    suite: bool
    """Whether an evaluation sends it."""
    group: str
    """Where it stands."""
    text: str
    """The user message."""
    system: str | None
    """The system prompt that goes with it."""
    unseen: bool
    """Whether the author of the cue lists had not read it."""


@dataclass(frozen=True)
class Clone:
    """One repository at one commit."""

    folder: Path
    """Its clone, with or without a work tree."""
    commit: str
    """The commit."""

    def text(self, path: str) -> str:
        """Return a file."""
        return self._git("show", f"{self.commit}:{path}")

    def paths(self, pattern: str) -> list[str]:
        """Return the files whose path matches."""
        names = self._git("ls-tree", "-r", "--name-only", self.commit).splitlines()
        return fnmatch.filter(names, pattern)

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", str(self.folder), *words], check=True, capture_output=True)
        return done.stdout.decode("utf-8", "replace")


def clone_of(repositories: Path, name: str, commit: str) -> Clone | None:
    """Find owner/name below a folder, as owner+name/repo, owner/name or name; None if it is not there."""
    owner, own = name.split("/")
    for place in (f"{owner}+{own}/repo", f"{owner}/{own}", own):
        folder = repositories / place
        held = subprocess.run(
            ["git", "-C", str(folder), "cat-file", "-e", f"{commit}^{{commit}}"],
            check=False,
            capture_output=True,
        )
        if folder.is_dir() and held.returncode == 0:
            return Clone(folder, commit)
    return None


def templates(repositories: Path, missing: Callable[[str], None]) -> Iterator[Template]:
    """Read all listed templates; `missing` hears of each repository that is not there."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    clones = {name: clone_of(repositories, name, commit) for name, commit in listed["repositories"].items()}
    for name, clone in clones.items():
        if clone is None:
            missing(f"{name}: no clone with commit {listed['repositories'][name]} in {repositories}")
    for entry in listed["templates"]:
        clone = clones[entry["repository"]]
        if clone is None:
            continue
        system = _system(clone, entry)
        for path in [path for pattern in entry["paths"] for path in clone.paths(pattern)]:
            for place, text in enumerate(dict.fromkeys(FINDERS[entry["find"]](clone.text(path), entry))):
                unseen = bool(entry.get("unseen"))
                suite = entry["use"] == "suite"
                yield Template(
                    entry["name"], suite, f"{entry['repository']}/{path}:{place}", text, system, unseen
                )


def _system(clone: Clone, entry: dict[str, Any]) -> str | None:
    if "system" not in entry:
        return None
    path, key = entry["system"]
    if path.endswith(".yaml"):
        return str(_read_yaml(clone.text(path))["system_prompts"][key])
    return next(iter(_python(clone.text(path), {"match": key})))


def _python(text: str, entry: dict[str, Any]) -> Iterator[str]:
    """String constants of a program, those with slots as slots, without docstrings and parts of f-strings."""
    tree = ast.parse(text)
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inner |= {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        found = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = node.value
        elif isinstance(node, ast.JoinedStr):
            found = "".join(_part(part) for part in node.values)
        if found is not None and (len(found) >= FEWEST or "{" in found) and re.search(entry["match"], found):
            yield found


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        words = re.findall(r"[a-z_]+", ast.unparse(part.value))
        return f"{{{words[-1] if words else 'text'}}}"
    return str(getattr(part, "value", ""))


def _markdown(text: str, entry: dict[str, Any]) -> Iterator[str]:
    """Strings in triple quotes of programs in a page."""
    for found in re.findall(r'"""\\?\n(.*?)"""', text, re.DOTALL):
        if re.search(entry["match"], found):
            yield found


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Return a loader of YAML that leaves out tags of the file's own; ModuleNotFoundError without PyYAML."""
    made: Any = type("Loose", (importlib.import_module("yaml").SafeLoader,), {})
    made.add_multi_constructor("!", lambda *_: None)
    return made


def _read_yaml(text: str) -> Any:
    return importlib.import_module("yaml").load(text, _loader())


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, str(name))
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, key)
    elif isinstance(value, str):
        yield key, value


def _yaml(text: str, entry: dict[str, Any]) -> Iterator[str]:
    """Values of the entry's keys."""
    yield from (value for key, value in _leaves(_read_yaml(text)) if key in entry["keys"])


def _magpie(text: str, entry: dict[str, Any]) -> Iterator[str]:
    """Distinct prefixes of chat templates, and the empty turn of a client that may send only messages."""
    found = (value for key, value in _leaves(json.loads(text)) if re.search(entry["match"], key))
    yield from dict.fromkeys([*found, ""])


def _lm_eval(text: str, entry: dict[str, Any]) -> Iterator[str]:
    """One task: its description, its shots, and a new question."""
    if "def list_fewshot_samples" in text:
        shots = [
            "".join(f"Problem:\n{one['problem']}\n\nSolution: {one['solution']}\n\n") for one in _listed(text)
        ]
        yield "".join(shots) + "Problem:\n{problem}\n\nSolution:"
        return
    task: dict[str, Any] = _read_yaml(text) or {}
    ask = str(task.get("doc_to_text") or "Q: {{question}}\nA: ")
    samples = (task.get("fewshot_config") or {}).get("samples") or []
    shots = [_rendered(ask, one) + str(one.get("target", "")) + "\n\n" for one in samples]
    if task.get("doc_to_text") or shots:
        yield str(task.get("description") or "") + "".join(shots) + _single(ask)


def _listed(text: str) -> list[dict[str, str]]:
    made = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name == "list_fewshot_samples"
    )
    found: list[dict[str, str]] = ast.literal_eval(ast.unparse(made.body[-1]).removeprefix("return "))
    return found


def _rendered(ask: str, sample: dict[str, Any]) -> str:
    return re.sub(r"\{\{([^{}]*)\}\}", lambda found: str(sample.get(found[1].strip().split(".")[0], "")), ask)


def _single(ask: str) -> str:
    return re.sub(r"\{\{[^{}]*?(\w+)[^{}]*\}\}", lambda found: f"{{{found[1].lower()}}}", ask)


FINDERS: dict[str, Callable[[str, dict[str, Any]], Iterator[str]]] = {
    "python": _python,
    "yaml": _yaml,
    "magpie": _magpie,
    "markdown": _markdown,
    "lm-eval": _lm_eval,
}
SLOTS = (
    (r"answer|solution|response|completion|trace|content|output|generation|prediction", "a"),
    (r"context|text|document|passage|synthes|persona|paragraph|background", "t"),
    (r"^n$|num|count|choice", "n"),
    (r"", "q"),
)
"""What a slot is filled with, by a pattern of its name: answer, passage, number, else a question."""


def filled(text: str, payload: Payload) -> str:
    """Return a template with its slots filled."""

    def value(found: re.Match[str]) -> str:
        name = found[1].strip().lower()
        return payload.draw(next(slot for pattern, slot in SLOTS if re.search(pattern, name)))

    single = _single(text) if re.search(r"\{\{\s*\w+\s*\}\}", text) else text
    done = re.sub(r"(?<!\{)\{(\w*)\}(?!\})", value, single)
    return done.replace("{{", "{").replace("}}", "}")
