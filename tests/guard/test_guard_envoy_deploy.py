"""The files of deploy/envoy and the page about them say the same, and what they say can be used."""

from __future__ import annotations

import re
from pathlib import Path

import click
import yaml

from stillwatch.cli import program
from stillwatch.guard.service_settings import load

ROOT = Path(__file__).resolve().parents[2]
ENVOY, GUARD = ROOT / "deploy" / "envoy" / "envoy.yaml", ROOT / "deploy" / "envoy" / "guard.toml"
PAGE = ROOT / "docs" / "howto" / "guard-envoy.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_guard_and_envoy_fit_each_other() -> None:
    config, text = load(GUARD), ENVOY.read_text("utf-8")
    assert ("failure_mode_allow: false" in text) == (config.guard.failure == "closed")
    assert f"port_value: {config.envoy.port}" in text
    assert text.count(f"per_connection_buffer_limit_bytes: {config.envoy.body_bytes}") == 2
    assert f"max_requests: {config.envoy.streams}," in text
    assert f"- remove: {config.envoy.ja4_header}\n" in text


def test_the_page_shows_what_is_deployed() -> None:
    (shown,) = blocks("yaml")
    whole = yaml.safe_load(ENVOY.read_text("utf-8"))
    manager = whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert yaml.safe_load(shown)[0] in manager["http_filters"]
    names = [one["name"].rpartition(".")[2] for one in manager["http_filters"]]
    assert names == ["header_mutation", "ext_proc", "router"]
    (told,) = blocks("toml")
    without_notes = re.sub(r"^#.*\n", "", GUARD.read_text("utf-8"), flags=re.MULTILINE)
    assert told == without_notes


def test_the_commands_of_the_page_exist() -> None:
    typed = [line.split() for block in blocks("sh") for line in block.splitlines()]
    ours = [words[1:] for words in typed if words[0] == "stillwatch"]
    assert len(ours) >= 5
    for words in ours:
        command: click.Command = program
        context = click.Context(program)
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None
            command = found
        given = {word for word in words if word.startswith("--")}
        assert given <= {option for one in command.params for option in one.opts}
