"""The command for Envoy and its settings: what is refused, and what is said, before anything is served."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import free_port
from click.testing import CliRunner
from envoy_guard import configured

from stillwatch.cli._guard_envoy import envoy
from stillwatch.errors import SettingError
from stillwatch.guard.envoy_settings import EnvoySettings
from stillwatch.guard.service_settings import load
from stillwatch.setting import hints_of

REFUSED = {
    'host = "0.0.0.0"': "envoy.host is reached by other machines",
    'client_ca = "a"': "needs both envoy.certificate",
    'certificate = "a"': "needs both envoy.certificate",
    'socket = "a"\nworkers = 2': "cannot be shared",
    "port = 0": r"envoy\.port cannot be 0",
    "prot = 1": r"no setting envoy\.prot.*did you mean port",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=list(REFUSED))
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "guard.toml"
    file.write_text(f'[guard]\nfailure = "open"\n[envoy]\n{text}\n')
    with pytest.raises(SettingError) as refused:
        load(file)
    assert re.search(says, str(refused.value), re.DOTALL), str(refused.value)
    assert str(tmp_path) in refused.value.where


def test_each_setting_says_what_it_may_be_and_its_default_is() -> None:
    made = EnvoySettings()
    for name in hints_of(EnvoySettings):
        metadata: Any = EnvoySettings.__dataclass_fields__[name].metadata
        assert metadata["sentence"].endswith(".")
        assert metadata["allowed"].holds(getattr(made, name))


def test_check_says_what_fits_in_envoy(tmp_path: Path) -> None:
    file = configured(tmp_path, 4_321, failure="open")
    words = ["--state", str(tmp_path), "--config", str(file), "--check"]
    done = CliRunner().invoke(envoy, words)
    assert (done.exit_code, done.output) == (
        0, "127.0.0.1:4321; failure: open, which fits failure_mode_allow: true\n"
    )  # fmt: skip
    assert json.loads(CliRunner().invoke(envoy, [*words, "--json"]).output)["failure_mode_allow"] is True


def begun(tmp_path: Path, file: Path) -> subprocess.CompletedProcess[str]:
    words = ["--state", str(tmp_path / "state"), "--config", str(file)]
    return subprocess.run(
        [sys.executable, "-m", "stillwatch", "guard", "envoy", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_cannot_begin_says_why(tmp_path: Path) -> None:
    file = configured(tmp_path, free_port())
    done = begun(tmp_path, file)
    assert (done.returncode, "there is no state" in done.stderr) == (2, True)
    (tmp_path / "state").mkdir()
    for more in ("", "workers = 2\n"):
        done = begun(tmp_path, configured(tmp_path, free_port(), more=more))
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_in_use_ends_it(tmp_path: Path, workers: int) -> None:
    (tmp_path / "state").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = configured(tmp_path, taken.getsockname()[1], more=f"workers = {workers}\n")
        code = (
            "import sys; sys.path.insert(0, sys.argv[3])\n"
            "from pathlib import Path\n"
            "from envoy_guard import open_steps\n"
            "from stillwatch.errors import SettingError\n"
            "from stillwatch.guard.service_settings import load\n"
            "from stillwatch.guard.envoy_serving import serve\n"
            "try: serve(load(Path(sys.argv[1])), Path(sys.argv[2]), open_steps)\n"
            "except SettingError as error: print(error); sys.exit(2)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(file), str(tmp_path / "state"), str(Path(__file__).parent)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, "the service cannot listen" in done.stdout) == (2, True), done.stderr


@pytest.mark.parametrize("missing", ["grpc", "envoy.service", "msgspec", "prometheus_client"])
def test_without_the_extra_it_says_which(tmp_path: Path, missing: str) -> None:
    file = configured(tmp_path, free_port())
    (tmp_path / "state").mkdir()
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from stillwatch.cli import main\n"
        f"sys.argv = ['stillwatch', 'guard', 'envoy', '--state', {str(tmp_path / 'state')!r}, '--config', {str(file)!r}]\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 4, done.stderr
    assert "stillwatch[guard" in done.stderr
    assert "Traceback" not in done.stderr
