"""The page in a real Chromium: no error on its console, no request, light and dark."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from report_world import make_run

from stillwatch import report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report to look at."""
    return report.write(make_run(tmp_path_factory.mktemp("run"), members=30))


def browse(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Open the page in a fresh profile, without the browser's own errands."""
    quiet = (
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-sandbox",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    )
    command = [
        str(CHROMIUM),
        "--headless",
        *quiet,
        f"--user-data-dir={folder / 'profile'}",
        *options,
        page.as_uri(),
    ]
    environment = os.environ | {"HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True, env=environment)


def test_the_console_is_silent_and_nothing_is_asked_for(page: Path, tmp_path: Path) -> None:
    done, asked = watch(page, tmp_path)
    assert "CONSOLE" not in done.stderr
    assert 'class="filter"' in done.stdout
    assert done.stdout.count("<section") == 4 + 5
    assert asked == []


def test_a_request_would_have_been_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://example.invalid/x.png">', encoding="utf-8")
    assert watch(page, tmp_path)[1] == ["http://example.invalid/x.png"]


def watch(page: Path, folder: Path) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Open the page; what Chromium said, and what the page (not the browser itself) asked the network for."""
    log = folder / "net.json"
    done = browse(page, folder, "--enable-logging=stderr", f"--log-net-log={log}", "--dump-dom")
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    asked = [event["url"] for event in events if event.get("initiator", "not an origin") != "not an origin"]
    return done, [url for url in asked if not url.startswith(("file:", "data:"))]


def test_light_and_dark(page: Path, tmp_path: Path) -> None:
    corners = []
    for scheme in (1, 0):
        picture = tmp_path / f"{scheme}.png"
        browse(
            page,
            tmp_path,
            f"--screenshot={picture}",
            "--window-size=1280,900",
            f"--blink-settings=preferredColorScheme={scheme}",
        )
        corners.append(first_pixel(picture))
    assert corners[0] == (0xFC, 0xFC, 0xF9)
    assert corners[1] == (0x14, 0x17, 0x1A)


def first_pixel(picture: Path) -> tuple[int, ...]:
    """The top left pixel of a PNG: in its first row every filter leaves the first pixel as it is (PNG 3,
    section 9).
    """
    data, packed, at = picture.read_bytes(), b"", 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompressobj().decompress(packed, 4)[1:4])
