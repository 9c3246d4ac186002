"""Write docs/reference from the code. With --check, write nothing and fail if a page is out of date."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import stillwatch.schema
from reference_python import python_names
from stillwatch import errors, settings
from stillwatch.cases.outbox.delivery_settings import DeliverySettings
from stillwatch.cli import program
from stillwatch.guard.envoy_settings import EnvoySettings
from stillwatch.guard.service_settings import GuardSettings, ServiceSettings, StateSettings, defaults
from stillwatch.registry import AXES, FACETS, FAMILIES, FORMATS, SIGNALS
from stillwatch.report.sentences import clauses
from stillwatch.report.sentences.prompts import ASKS
from stillwatch.schema import codes, flags, promises
from stillwatch.schema.promises import PROMISES, promise_of
from stillwatch.schema.table import Contract

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Made from the code by `make reference`; edit the code, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """Return every page of the reference by file name."""
    made = {
        "commands": ("Commands", commands()),
        "codes": ("Evidence: codes and findings", evidence_codes()),
        "errors": ("Errors and exit codes", faults()),
        "facets": ("Facets", facets()),
        "formats": ("Log formats", formats()),
        "python": ("Python", python_names()),
        "settings": ("Settings", chain(setting_sections(), guard_sections(), channel_sections())),
        "signals": ("Signals", signals()),
        "tables": ("Tables", tables()),
    }
    out = {f"{name}.md": page(title, parts) for name, (title, parts) in made.items()}
    links = [f"- [{title}]({name}.md)\n" for name, (title, _) in made.items()]
    return {
        **out,
        "index.md": page("Reference", ["Made from the code, so it says what the code does.\n\n", *links]),
    }


def page(title: str, parts: Iterable[str]) -> str:
    """A page with its title and the note that it is generated."""
    return (f"{NOTE}# {title}\n\n" + "".join(parts)).rstrip() + "\n"


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [
        " | ".join(cell.replace("|", r"\|").replace("\n", " ").strip() or "-" for cell in row) for row in body
    ]
    return "".join(f"| {line} |\n" for line in lines) + "\n"


def code(text: str) -> str:
    """Text as code, or nothing."""
    return f"`{text}`" if text else ""


def sentence(text: str) -> str:
    """Text as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def paragraphs(text: str | None) -> str:
    """A docstring as Markdown."""
    return inspect.cleandoc((text or "").replace("\b", "")) + "\n\n" if text else ""


def sentences(module: ModuleType, owner: str = "") -> dict[str, str]:
    """The docstrings under the names of a module, or of one of its classes, in order."""
    body: list[ast.stmt] = ast.parse(inspect.getsource(module)).body
    if owner:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == owner)
    return {name: says for first, second in pairwise(body) for name, says in _described(first, second)}


def _described(first: ast.stmt, second: ast.stmt) -> Iterator[tuple[str, str]]:
    says = (
        isinstance(second, ast.Expr)
        and isinstance(second.value, ast.Constant)
        and isinstance(second.value.value, str)
    )
    if says and isinstance(first, ast.Assign) and isinstance(first.targets[0], ast.Name):
        assert isinstance(second, ast.Expr)
        assert isinstance(second.value, ast.Constant)
        yield first.targets[0].id, str(second.value.value)


def commands() -> Iterator[str]:
    """Describe the command line, verb by verb."""
    yield paragraphs(program.help)
    for name, command in leaves(program, "stillwatch"):
        context = click.Context(command, info_name=name, terminal_width=400, max_content_width=400)
        yield f"## {name}\n\n{paragraphs(command.help)}```\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n\n"
        told = [
            parameter
            for parameter in command.get_params(context)
            if getattr(parameter, "help", None) and "--help" not in parameter.opts
        ]
        shown = [_parameter(parameter, context) for parameter in told]
        if shown:
            yield rows(("argument or option", "meaning", "default"), shown)


def leaves(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Return every command under a group that does something, with its full name."""
    context = click.Context(group, info_name=name)
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        if isinstance(command, click.Group):
            yield from leaves(command, f"{name} {verb}")
        elif command is not None and not command.hidden:
            yield f"{name} {verb}", command


def _parameter(parameter: click.Parameter, context: click.Context) -> tuple[str, str, str]:
    if isinstance(parameter, click.Argument):
        return code(parameter.make_metavar(context)), getattr(parameter, "help", None) or "", ""
    assert isinstance(parameter, click.Option)
    names = " / ".join(filter(None, (", ".join(parameter.opts), ", ".join(parameter.secondary_opts))))
    value = "" if parameter.is_flag else " " + parameter.make_metavar(context)
    repeated = " May be given more than once." if parameter.multiple else ""
    plain = isinstance(parameter.default, str | int | float) and not isinstance(parameter.default, bool)
    return (
        code(names + value),
        (parameter.help or "") + repeated,
        code(str(parameter.default)) if plain else "",
    )


def setting_sections() -> Iterator[str]:
    """Every setting, section by section."""
    yield "A settings file is TOML, given with `--settings FILE`. What it leaves out has its default; an unknown name, or a value outside of what is allowed, is an error.\n\n"
    for section in fields(settings.Settings):
        kind = type(getattr(settings.Settings(), section.name))
        yield f"## [{section.name}]\n\n{paragraphs(kind.__doc__)}"
        values = settings.as_document(settings.Settings())[section.name]
        yield rows(
            ("setting", "default", "allowed", "meaning"),
            (
                (
                    code(f.name),
                    code(_toml(values[f.name])),
                    f.metadata["allowed"].says,
                    f.metadata["sentence"],
                )
                for f in fields(kind)
            ),
        )


def guard_sections() -> Iterator[str]:
    """The configuration of `guard serve` and `guard envoy`."""
    yield "## The guard's configuration\n\nThe file of `stillwatch guard serve --config FILE` and `stillwatch guard envoy --config FILE`, TOML too. Section `[texts]` has sentences by reason code, which a refused customer is told.\n\n"
    for kind in (GuardSettings, StateSettings, ServiceSettings, EnvoySettings):
        yield f"### [{kind.section}]\n\n{paragraphs(kind.__doc__)}"
        default = defaults(kind)
        yield rows(
            ("setting", "default", "allowed", "meaning"),
            (
                (
                    code(f.name),
                    "none: it must be chosen" if default[f.name] is None else code(_toml(default[f.name])),
                    f.metadata["allowed"].says,
                    f.metadata["sentence"],
                )
                for f in fields(kind)
            ),
        )


def channel_sections() -> Iterator[str]:
    """The file of channels of `case deliver`."""
    yield "## The file of channels\n\nThe file of `stillwatch case deliver --channels FILE`, TOML too; [integrations](../integrations.md) has its channels.\n\n"
    yield f"### [{DeliverySettings.section}]\n\n{paragraphs(DeliverySettings.__doc__)}"
    yield rows(
        ("setting", "default", "allowed", "meaning"),
        (
            (code(f.name), code(_toml(f.default)), f.metadata["allowed"].says, f.metadata["sentence"])
            for f in fields(DeliverySettings)
        ),
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)


def tables() -> Iterator[str]:
    """Every table with its columns, and the bits of the column flags."""
    yield "A run folder holds one Parquet file or folder for each stored table. Times are UTC; keys are 64-bit numbers made by one seeded function.\n\n"
    yield "What a column holds, in the words of [the privacy page](../privacy.md):\n\n"
    said = sentences(promises, "Promise")
    yield rows(("holds", "meaning"), ((promise.value, said[promise.name]) for promise in promises.Promise))
    for table in all_tables():
        text = " **It holds people's words, so it lives in memory only.**" if table.text else ""
        yield f"## {table.name}\n\n{table.description}{text}\n\n"
        holds = {
            c.name: "" if table.name not in PROMISES else promise_of(table.name, c.name).value
            for c in table.columns
        }
        needed = (
            (code(c.name), code(str(c.type)), holds[c.name], "yes" if c.required else "", c.description)
            for c in table.columns
        )
        yield rows(("column", "type", "holds", "always there", "meaning"), needed)
    yield f"## Flags\n\n{paragraphs(flags.Flag.__doc__)}"
    meanings = sentences(flags, "Flag")
    yield rows(
        ("flag", "bit", "meaning"),
        ((code(flag.name or ""), str(flag.value), meanings[flag.name or ""]) for flag in flags.Flag),
    )


def all_tables() -> list[Contract]:
    """Every table that a schema module declares, by name."""
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.iter_modules(stillwatch.schema.__path__, "stillwatch.schema.")
    ]
    found = {
        item.name: item for module in modules for item in vars(module).values() if isinstance(item, Contract)
    }
    return [found[name] for name in sorted(found)]


def facets() -> Iterator[str]:
    """Every facet, family by family."""
    yield "A facet is one way accounts leave marks. Facets that are correlated by nature are a family, and a family's evidence is capped as a whole.\n\n"
    for family in FAMILIES:
        members = [facet for facet in FACETS.all().values() if facet.family == family]
        if members:
            yield f"## Family {family}\n\n"
        for facet in members:
            yield f"### {facet.name}\n\n{sentence(facet.sees)}\n\n- Blind spots: {sentence(facet.blind_spots)}\n- Reads: {', '.join(map(code, facet.needs))}\n"
            yield f"- May be an anchor: {'yes' if facet.anchor else 'no'}\n"
            yield f"- Binds: {facet.binds}\n\n"


def evidence_codes() -> Iterator[str]:
    """Describe every code of evidence, and how each signal's values read."""
    yield f"{paragraphs(codes.__doc__)}One place words them: `stillwatch.report.sentences`.\n\n"
    for kind in (codes.Kind, codes.Null, codes.Excess, codes.Direction, codes.Adjustment):
        said = sentences(codes, kind.__name__)
        yield f"## {kind.__name__}\n\n{paragraphs(kind.__doc__)}"
        yield rows(("code", "it says"), ((code(one.value) or "(empty)", said[one.name]) for one in kind))
    yield "## Labels\n\nWhat prompts ask for: `campaigns.extracting.label`.\n\n"
    yield rows(("label", "what is asked for"), ((code(name), says) for name, says in ASKS.items()))
    yield "## Findings\n\nA row of table `scores` holds the values that its signal names in braces; "
    yield f"{paragraphs(clauses.__doc__)}"
    for signal in SIGNALS.all().values():
        yield f"- `{signal.name}`: {signal.finding}\n"
        for name, said_instead in signal.unless.items():
            yield f"  - without {code(name)}: {said_instead}\n"
    yield "\n"


def signals() -> Iterator[str]:
    """Every signal, axis by axis."""
    yield "A signal is a named test that gives evidence about a group, from 0 (nothing) to 1 (all of it). A negative weight exonerates.\n\n"
    for axis in AXES:
        members = [signal for signal in SIGNALS.all().values() if signal.axis == axis]
        if members:
            yield f"## Axis {axis}\n\n"
        for signal in members:
            yield f"### {signal.name}\n\n{sentence(signal.sees)}\n\n- Blind spots: {sentence(signal.blind_spots)}\n- Reads: {', '.join(map(code, signal.needs))}\n"
            yield f"- Weight: {signal.weight:g}\n\n"


def formats() -> Iterator[str]:
    """Describe every log format."""
    yield "The format of a file is detected; `--format NAME` names it. [Log formats](../formats.md) says what each carries.\n\n"
    for form in FORMATS.all().values():
        yield f"## {form.name}\n\n{sentence(form.title)}\n\n- Specified in: {form.source}\n- Files: {', '.join(map(code, form.suffixes))}\n"
        yield (f"- Blind spots: {sentence(form.blind_spots)}\n" if form.blind_spots else "") + "\n"
        if form.sample:
            yield f"A sample:\n\n```text\n{form.sample.strip()}\n```\n\n"


def faults() -> Iterator[str]:
    """Describe the exit codes and the error classes."""
    yield "Every error says what happened, where, and what to do. With `--json` the same three are printed as a document, with the exit code.\n\n"
    exits = {name: says for name, says in sentences(errors).items() if name.startswith("EXIT_")}
    yield "## Exit codes\n\n" + rows(
        ("code", "meaning"), ((str(getattr(errors, name)), says) for name, says in exits.items())
    )
    kinds = [k for k in vars(errors).values() if inspect.isclass(k) and issubclass(k, errors.StillwatchError)]
    yield "## Errors\n\n" + rows(
        ("error", "meaning", "exit code"),
        ((code(k.__name__), k.__doc__ or "", str(k.exit_code)) for k in kinds),
    )


def stale() -> list[str]:
    """Return files of the reference that are missing, out of date, or left over."""
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def write() -> None:
    """Write the pages and remove those that no longer exist."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write, or with --check compare."""
    if "--check" not in arguments:
        write()
        return 0
    old = stale()
    if old:
        print(f"out of date: {', '.join(old)}; run `make reference`", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
