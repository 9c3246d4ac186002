"""The image and the compose file of deploy/litellm hold what their page promises. No container engine is asked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stillwatch import __version__
from stillwatch.guard.litellm_settings import settings_of

FOLDER = Path(__file__).parents[2] / "deploy" / "litellm"
ROOT = FOLDER.parents[1]


def steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, lines joined."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(one.split(None, 1)[0], one.split(None, 1)[1]) for one in lines if one.strip()]


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for word, rest in steps():
        if word == "FROM":
            name = rest.split()[-1]
            found[name] = []
        elif name:
            found[name].append((word, rest))
    return found


def compose() -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "docker-compose.yml").read_text())
    return found


def test_the_base_is_pinned_and_nothing_comes_from_elsewhere() -> None:
    (base,) = [rest.split("=", 1)[1] for word, rest in steps() if word == "ARG"]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", base)
    assert {rest.split()[0] for word, rest in steps() if word == "FROM"} == {"${BASE}", "base"}
    text = (FOLDER / "Dockerfile").read_text() + (FOLDER / "docker-compose.yml").read_text()
    assert "latest" not in text
    assert "ADD " not in text
    assert not re.search(r"index-url|trusted-host|curl |wget ", text)
    addresses = set(re.findall(r"https?://[^/:'\s]+", text))
    assert addresses == {"http://127.0.0.1", "http://model"}


def test_packages_are_installed_by_hash_or_by_pinned_version() -> None:
    runs = {name: [rest for word, rest in found if word == "RUN"] for name, found in stages().items()}
    first, own = runs["gateway"]
    assert "--require-hashes" in first
    assert own.startswith("python -m pip install --no-deps .")
    (whole,) = runs["stillwatch"]
    assert "--constraint constraints.txt" in whole
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "litellm.txt").read_text(), re.MULTILINE)
    assert {"litellm", "orjson", "zstandard", "cryptography", "redis"} <= {name.lower() for name in pinned}


@pytest.mark.parametrize("name", ["gateway", "stillwatch"])
def test_nobody_is_root_and_what_is_copied_is_there(name: str) -> None:
    found = stages()[name]
    assert [rest for word, rest in found if word == "USER"] == ["10001:10001"]
    assert [word for word, _ in found].index("USER") < [word for word, _ in found].index("ENTRYPOINT")
    for word, rest in found:
        if word == "COPY":
            sources = [part for part in rest.split()[:-1] if not part.startswith("--")]
            assert all((ROOT / source).exists() for source in sources), sources
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert "deploy/litellm/secrets" in ignored


def test_the_services_are_closed() -> None:
    found = compose()
    for name, service in found["services"].items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["image"].endswith(f":{__version__}")
        assert service["build"]["target"] == name
        assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert "state:/state" in service["volumes"]
        assert not re.search(r"(?i)key|token|secret|password", " ".join(service.get("environment", {})))
    gateway = found["services"]["gateway"]
    assert gateway["ports"] == ["127.0.0.1:4000:4000"]
    assert set(gateway["secrets"]) == set(found["secrets"])
    assert all(set(secret) == {"file"} for secret in found["secrets"].values())
    assert found["services"]["stillwatch"]["network_mode"] == "none"


def test_its_configuration_is_one_that_the_guard_takes() -> None:
    config = yaml.safe_load((FOLDER / "config.yaml").read_text())
    (guardrail,) = config["guardrails"]
    params = dict(guardrail["litellm_params"])
    assert params.pop("guardrail") == "stillwatch.guard.litellm.Policy"
    found = settings_of(guardrail["guardrail_name"], params.pop("mode"), params.pop("default_on"), params)
    assert found.shadow
    assert config["general_settings"]["master_key"] == "os.environ/LITELLM_MASTER_KEY"


def test_its_start_reads_the_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "litellm_master_key").write_text("sk-one\n")
    (tmp_path / "model_key").write_text("two")
    command = tmp_path / "litellm"
    command.write_text('#!/bin/sh\necho "$LITELLM_MASTER_KEY $MODEL_KEY $*"\n')
    command.chmod(0o755)
    words = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SECRETS": str(tmp_path), "PORT": "4001"}
    start = [str(FOLDER / "start.sh")]
    done = subprocess.run(start, env=words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        *("sk-one", "two", "--config", "/app/config.yaml", "--host", "0.0.0.0", "--port", "4001")
    ]
    (tmp_path / "model_key").unlink()
    assert subprocess.run(start, env=words, capture_output=True, check=False).returncode != 0
