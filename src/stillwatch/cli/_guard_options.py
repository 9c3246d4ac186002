"""Options of the commands that answer gateways until they are told to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def answers(section: str) -> Callable[[F], F]:
    """Add the options of such a command. section: of the configuration that holds its `workers`."""
    options = (
        click.option(
            "--state",
            required=True,
            type=click.Path(path_type=Path, file_okay=False),
            help="The state that `guard publish` writes.",
        ),
        click.option(
            "--config",
            "file",
            required=True,
            type=click.Path(path_type=Path, dir_okay=False),
            help="TOML file; docs/reference/settings.md has its settings.",
        ),
        click.option(
            "--workers", type=click.IntRange(1, 64), help=f"Processes, in place of {section}.workers."
        ),
        click.option("--check", is_flag=True, help="Read the configuration, say what it means, and end."),
        click.option("--json", "as_json", is_flag=True, help="Print where it listens as JSON."),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add
