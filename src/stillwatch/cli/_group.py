"""A group of commands whose list shows whole sentences, and which knows what a mistyped command meant."""

from __future__ import annotations

import inspect

import click

from stillwatch.toml_file import nearest


class Whole(click.Group):
    """A group of commands."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the whole first sentence of its help."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, _first_sentence(command)) for name, command in found if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that a word names. Raises UsageError with the nearest where there is none."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and not name.startswith("-"):
            raise click.UsageError(
                f"There is no command {name!r}: {nearest(name, self.list_commands(ctx))}", ctx
            )
        return super().resolve_command(ctx, args)


def _first_sentence(command: click.Command) -> str:
    """The first sentence of a command's help, on one line."""
    text = " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())
    first, stop, _ = text.partition(". ")
    return first + "." if stop else text
