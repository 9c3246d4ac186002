"""The command as a person calls it: help, answers, and mistakes that end in a message instead of a
traceback.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from village import command

from stillwatch import __version__, errors
from stillwatch.cli import main, program

LEAF = [
    ("detect",),
    ("explain",),
    ("forget",),
    ("policy", "backtest"),
    ("policy", "check"),
    ("policy", "promote"),
    ("report",),
    ("range", "make"),
    ("range", "score"),
    ("run", "show"),
    ("run", "verify"),
    ("watch",),
]


def told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the entry point."""
    monkeypatch.setattr("sys.argv", ["stillwatch", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    assert "Traceback" not in out + err
    return ended.value.code, out, err


@pytest.mark.parametrize("words", [(), *LEAF, ("range",)], ids=" ".join)
def test_help_says_what_each_command_and_option_does(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(program, [*words, "--help"])
    assert shown.exit_code == 0
    assert "Usage: " in shown.stdout


@pytest.mark.parametrize("words", LEAF, ids=" ".join)
def test_each_option_has_its_sentence(words: tuple[str, ...]) -> None:
    found: click.Command = importlib.import_module(f"stillwatch.cli.{words[0]}").command
    for word in words[1:]:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    assert found.help
    assert [
        option.name for option in found.params if isinstance(option, click.Option) and not option.help
    ] == []


def test_the_verbs_are_listed_without_importing_them() -> None:
    shown = CliRunner().invoke(program, ["--help"]).stdout
    assert all(verb in shown for verb in ("detect", "explain", "range", "report"))
    assert __version__ in CliRunner().invoke(program, ["--version"]).stdout


def test_the_module_is_the_command() -> None:
    assert command("--version").stdout == f"stillwatch, version {__version__}\n"
    assert command("detect", "-h").stdout == command("detect", "--help").stdout


def test_a_mistake_has_its_exit_code_and_no_traceback_in_a_real_process(tmp_path: Path) -> None:
    done = command(
        "detect", tmp_path / "absent", "--out", tmp_path / "run", "--json", expect=errors.EXIT_USER
    )
    assert json.loads(done.stdout)["error"]["exit_code"] == errors.EXIT_USER
    assert "Traceback" not in done.stderr
    assert "what to do:" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["detect"],
        ["detect", "--colour"],
        ["telegraph"],
        ["explain", "run"],
        ["range", "make", "february"],
        ["range", "sing"],
    ],
)
def test_a_wrong_call_is_explained(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    code, out, err = told(capsys, monkeypatch, *words)
    assert (code, out) == (errors.EXIT_USER, "")
    assert "Usage:" in err
    assert "Error:" in err


Mistake = tuple[type[errors.StillwatchError], int, str]
MISTAKES: dict[str, Mistake] = {
    "a setting that is not there": (
        errors.SettingError,
        2,
        "detect log.jsonl --format openai_jsonl --out run --settings settings.toml",
    ),
    "a key that is too short": (
        errors.SettingError,
        2,
        "detect log.jsonl --format openai_jsonl --out run --key-file key",
    ),
    "a bundle that is none": (errors.IntelError, 2, "intel check permits.toml"),
    "a log that is not there": (errors.InputError, 2, "detect absent --out run"),
    "a format that is not there": (errors.InputError, 2, "detect log.jsonl --format telegraph --out run"),
    "a faulty permit": (
        errors.InputError,
        2,
        "detect log.jsonl --format openai_jsonl --out run --permits permits.toml",
    ),
    "too many bad rows": (errors.TooManyBadRows, 3, "detect log.jsonl --format openai_jsonl --out run"),
    "a folder in the way": (errors.RunError, 2, "detect log.jsonl --format openai_jsonl --out ."),
    "a run that is not there": (errors.RunError, 2, "report absent"),
    "a run to explain that is not there": (errors.RunError, 2, "explain absent C001"),
    "a run to forget in that is not there": (errors.RunError, 2, "forget acct_1 --run absent"),
    "a run to verify that is not there": (errors.RunError, 2, "run verify absent"),
    "a run to show that is not there": (errors.RunError, 2, "run show absent"),
    "a run to watch that is not there": (errors.RunError, 2, "watch absent"),
    "two keys at once": (errors.SettingError, 2, "detect log.jsonl --out run --public-key --key-file key"),
    "a run to score that is not there": (errors.RunError, 2, "range score absent absent"),
    "a policy that is not there": (errors.PolicyError, 2, "policy check absent"),
    "a rule that is not there": (
        errors.PolicyError,
        2,
        "policy promote slow shadow --to absent --by ada --reason x",
    ),
    "a playbook that is not there": (errors.PlaybookError, 2, "playbook validate absent.json"),
    "cases that are not there": (errors.CaseError, 2, "case list --db absent.db"),
    "a scenario that is not there": (errors.SettingError, 2, "range make march --out world"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with faulty files."""
    (tmp_path / "log.jsonl").write_text("{broken\n" * 40, encoding="utf-8")
    (tmp_path / "settings.toml").write_text("[linkage]\ncolour = 3\n", encoding="utf-8")
    (tmp_path / "key").write_text("short", encoding="utf-8")
    (tmp_path / "permits.toml").write_text(
        "[[permit]]\nname = 'a'\nexpires = 'soon'\norganisation = 'b'\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", list(MISTAKES))
def test_a_mistake_ends_in_what_where_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, desk: Path, name: str
) -> None:
    kind, expected, call = MISTAKES[name]
    before = sorted(desk.iterdir())
    code, out, err = told(capsys, monkeypatch, *call.split(), "--json")
    assert code == expected == kind.exit_code
    document = json.loads(out)
    assert set(document) == {"error"}
    assert document["error"].keys() == {"what", "where", "do", "exit_code"}
    assert document["error"]["exit_code"] == expected
    assert document["error"]["what"]
    assert document["error"]["do"]
    first = document["error"]["what"].partition("\n")[0]
    assert f"stillwatch: {first}" in err
    assert sorted(desk.iterdir()) == before
    raised = CliRunner().invoke(program, call.split()).exception
    assert type(raised) is kind
    assert str(raised).split("\n")[0] == document["error"]["what"].split("\n")[0]


@pytest.mark.parametrize("words", ["report", "run verify", "watch", "explain {} C001", "detect {} --out run"])
def test_no_control_character_of_a_path_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    path = "\x1b[31mred\n  what to do: delete everything\u202e"
    given = [path if word == "{}" else word for word in words.split()]
    code, _, err = told(capsys, monkeypatch, *given, *([] if path in given else [path]))
    assert code == errors.EXIT_USER
    assert "red" in err
    assert [c for c in err if not c.isprintable() and c != "\n"] == []
    assert [line for line in err.splitlines() if line.startswith("  what to do: delete")] == []


def test_every_class_of_error_is_among_the_mistakes() -> None:
    # What is optional, what other packages bring, and what only pages of the console say is tested there.
    unseen = {errors.MissingExtra, errors.PluginError, errors.NotThere}
    assert {kind for kind, _, _ in MISTAKES.values()} == set(errors.StillwatchError.__subclasses__()) - unseen


def test_a_missing_extra_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking() -> int:
        raise errors.MissingExtra("Spark is not installed", do="pip install 'stillwatch[spark]'")

    monkeypatch.setattr(
        importlib.import_module("stillwatch.cli.report"), "command", click.Command("report", callback=lacking)
    )
    code, _, err = told(capsys, monkeypatch, "report")
    assert code == errors.EXIT_MISSING_EXTRA
    assert "pip install" in err


def failing() -> None:
    """A fault of our own, whose text holds words of a log."""
    try:
        dict[str, str]()["dear diary"]
    except KeyError as error:
        raise ValueError("dear diary") from error


def test_a_fault_of_our_own_is_told_without_its_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        importlib.import_module("stillwatch.cli.report"), "command", click.Command("report", callback=failing)
    )
    code, _, err = told(capsys, monkeypatch, "report")
    assert code == errors.EXIT_FAULT
    assert "ValueError" in err
    assert "KeyError" in err
    assert f"{Path(__file__).name}:" in err
    assert "failing" in err
    assert "diary" not in err
    assert str(Path(__file__).parent) not in err


def test_the_whole_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.import_module("stillwatch.cli.report"), "command", click.Command("report", callback=failing)
    )
    monkeypatch.setenv("STILLWATCH_TRACEBACK", "1")
    monkeypatch.setattr("sys.argv", ["stillwatch", "report"])
    with pytest.raises(ValueError, match="dear diary"):
        main()


def test_an_interrupt_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        importlib.import_module("stillwatch.cli.report"),
        "command",
        click.Command("report", callback=interrupted),
    )
    code, _, err = told(capsys, monkeypatch, "report")
    assert code == errors.EXIT_INTERRUPTED
    assert "interrupted" in err
