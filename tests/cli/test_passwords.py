"""A password in an address that a person gives never reaches a screen or a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from village import small_row

from stillwatch import errors
from stillwatch.cli import main


def write_log(folder: Path, *rows: object) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "words",
    [
        "detect https://me:hunter2@gateway.example/log --out run",
        "detect log.jsonl --out run --settings https://me:hunter2@gateway.example/s.toml",
        "watch run --window https://me:hunter2@gateway.example/",
        "report https://me:hunter2@gateway.example/run --json",
        "https://me:hunter2@gateway.example/",
        "range make https://me:hunter2@gateway.example/x --out world",
        "explain run C001 --section https://me:hunter2@gateway.example/",
    ],
)
def test_a_password_in_an_address_is_never_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path, small_row(1))
    monkeypatch.setattr("sys.argv", ["stillwatch", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == errors.EXIT_USER
    assert "hunter2" not in out + err
    assert "gateway.example" in out + err


def test_addresses_lose_what_is_secret_and_nothing_else() -> None:
    for given, shown in {
        "https://me:pass@word@host/x": "https://***@host/x",
        "https:/me:secret@host/x": "https:/***@host/x",
        "https://token@host": "https://***@host",
        "sc://host:443/;token=abc;user_id=me": "sc://host:443/;token=***;user_id=me",
        "s3://bucket/key?sig=abc&part=1": "s3://bucket/key?sig=***&part=1",
        "spark://host:7077": "spark://host:7077",
        "/home/me@work/a:b": "/home/me@work/a:b",
    }.items():
        assert errors.without_passwords(given) == shown
