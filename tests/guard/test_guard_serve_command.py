"""The command and its configuration: what is refused, with file and key, before anything is served."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from service_parts import configured

from stillwatch.cli._guard_serve import serve
from stillwatch.errors import SettingError, StillwatchError
from stillwatch.guard.service_settings import GuardSettings, ServiceSettings, StateSettings, load
from stillwatch.setting import hints_of

ROOT = Path(__file__).resolve().parents[2]
REFUSED = {
    "": "guard.failure is not chosen",
    "[guard]\n": "guard.failure is not chosen",
    '[guard]\nfailure = "maybe"': 'guard.failure cannot be maybe.*"open" or "closed"',
    "[guard]\nfailure = true": "guard.failure must be str",
    '[guard]\nfailure = "open"\nfail = 1': r"no setting guard\.fail.*did you mean failure",
    '[guard]\nfailure = "open"\n[service]\nport = 0': r"service\.port cannot be 0",
    '[guard]\nfailure = "open"\n[service]\nhost = "0.0.0.0"': r"service\.host is 0\.0\.0\.0.*no secret",
    '[guard]\nfailure = "open"\n[service]\nhost = "gateway.example"': r"no secret",
    '[guard]\nfailure = "open"\n[service]\nsecret_file = "none"': "secret cannot be read.*service.secret_file",
    '[guard]\nfailure = "open"\n[service]\nsecret_file = "short"': "the secret has 5 bytes",
    '[guard]\nfailure = "open"\n[service]\nbody_seconds = nan': r"service\.body_seconds",
    '[guard]\nfailure = "open"\n[servce]\nport = 1': "no section .servce.*did you mean service",
    '[guard]\nfailure = "open"\n[texts]\nrestricted = 5': r"texts\.restricted is not a sentence",
    'guard = "open"': "guard is not a section",
    "[guard\n": "not TOML",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=list(REFUSED))
def test_a_configuration_is_refused_with_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "short").write_text("short\n")
    file = tmp_path / "guard.toml"
    file.write_text(text)
    with pytest.raises(SettingError) as refused:
        load(file)
    assert re.search(says, str(refused.value), re.DOTALL), str(refused.value)
    assert str(tmp_path) in refused.value.where


def test_what_is_written_is_what_holds(tmp_path: Path) -> None:
    file = configured(
        tmp_path, failure="open", port=4_321, workers=3, more='host = "0.0.0.0"\n[texts]\nx = "No."\n'
    )
    config = load(file)
    assert (config.failure, config.service.host, config.service.port) == ("open", "0.0.0.0", 4_321)
    assert (len(config.secret), config.texts) == (64, {"x": "No."})


@pytest.mark.parametrize("kind", [GuardSettings, StateSettings, ServiceSettings])
def test_each_setting_says_what_it_may_be_and_its_default_is(kind: Any) -> None:
    made = kind(failure="open") if kind is GuardSettings else kind()
    for name in hints_of(kind):
        metadata = kind.__dataclass_fields__[name].metadata
        assert metadata["sentence"].endswith(".")
        assert metadata["allowed"].says
        assert metadata["allowed"].holds(getattr(made, name))


def test_check_says_what_a_configuration_means(tmp_path: Path) -> None:
    file = configured(tmp_path, port=4_321)
    words = ["--state", str(tmp_path), "--config", str(file), "--check"]
    told = CliRunner().invoke(serve, words)
    assert (told.exit_code, told.output) == (
        0, "http://127.0.0.1:4321, callers need the secret; failure: closed\n"
    )  # fmt: skip
    as_json = CliRunner().invoke(serve, [*words, "--json", "--workers", "2"])
    assert '"workers": 2' in as_json.output
    file.write_text("")
    wrong = CliRunner().invoke(serve, words)
    assert isinstance(wrong.exception, StillwatchError)


def begun(tmp_path: Path, file: Path, opener: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path\n"
        "from stillwatch.errors import StillwatchError\n"
        "from stillwatch.guard.service_settings import load\n"
        "from stillwatch.guard.serving import serve\n"
        f"from {opener} as opener\n"
        "try: serve(load(Path(sys.argv[1])), Path(sys.argv[2]), opener)\n"
        "except StillwatchError as error: print(error); sys.exit(2)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path / "state"), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_state_that_is_not_there_or_cannot_be_opened_ends_it(tmp_path: Path) -> None:
    file = configured(tmp_path)
    done = begun(tmp_path, file, "service_parts import open_parts")
    assert done.returncode == 2
    assert "there is no state" in done.stdout
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "records").touch()  # where the folder of records should be
    done = begun(tmp_path, file, "service_parts import open_parts")
    assert done.returncode == 2
    assert "no records can be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert "its processes cannot go on" in done.stdout


def test_a_port_in_use_ends_it(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = configured(tmp_path, port=taken.getsockname()[1])
        done = begun(tmp_path, file, "service_parts import open_parts")
    assert done.returncode == 2
    assert "the service cannot listen" in done.stdout


def test_the_examples_of_the_page_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "guard.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    examples = [block for block in blocks if "[service]" in block]
    assert examples
    (tmp_path / "secret").write_text("0" * 64)
    for number, block in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        assert load(file).secret
