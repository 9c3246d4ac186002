"""Draw the pictures of the console in docs/figures from the demo, with a Chromium.

python tools/console_pictures.py DEMO [OUT]

DEMO: the folder of `make demo`, with its run. Everything else is made in a folder that is thrown away: a guard's
state, cases, a plan that is carried out, a letter and an appeal.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from demo_console import prepare
from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.cases.case import Case
from stillwatch.cases.remediation import Remediation
from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.console.access import sessions, users
from stillwatch.console.access.sessions import Where
from stillwatch.console.role import Role

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
WIDTH, HEIGHT = 1440, 860
MOST_BYTES = 250_000
PATIENCE_S = 60.0
ANNA, BELA, CHI = "Anna Weber", "Bela Nagy", "Chi Tran"
SETTINGS = CaseSettings(appeal_url="https://stillwatch.example/appeal/", provider="Wren")


def told(cases: Cases, state: Path, key: Path) -> tuple[Case, str]:
    """Work on the largest operator's case up to an appeal; return the case and the appeal."""
    operators = [one for one in cases.all() if one.kind == "operator"]
    case = max(operators, key=lambda one: one.accounts)
    cases.assign(case.id, ANNA, by=ANNA)
    cases.move(case.id, "investigating", by=ANNA, reason="one template for all of them, around the clock")
    cases.move(
        case.id, "awaiting second review", by=ANNA, reason="shared keys and dealt questions, no licence"
    )
    cases.review(case.id, agree=True, by=BELA, reason="I read the evidence; bystanders are left out")
    with Remediation(cases, state, appeal_key=key) as door:
        door.plan(case.id, by=ANNA, reason="friction first, then an end")
        door.carry_out(case.id, Stage.VERIFY, by=BELA, reason="as agreed with Anna")
        letter = door.letters(case.id)[-1].id
        door.approve_letter(letter, by=BELA, reason="clear and true")
        door.send_letter(letter, by=BELA, reason="as agreed")
        notice = door.notices(letter)[0].id
        door.open_appeal(
            door.link(notice).rpartition("/")[2], "We are a language school; our pupils share one card."
        )
        appeal = door.appeals(case.id)[0].id
    return cases.show(case.id), appeal


@contextmanager
def served(run: Path, state: Path, db: Path, key: Path) -> Iterator[str]:
    """The console over it; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = ("serve", "--runs", run, "--state", state, "--db", db, "--appeal-key", key, "--port", port)
    process = subprocess.Popen(
        [sys.executable, "-m", "stillwatch", *map(str, words)], stdout=subprocess.DEVNULL
    )
    address = f"http://localhost:{port}"
    try:
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                urlopen(f"{address}/sign-in", timeout=5).close()
                break
            except (URLError, ConnectionError, TimeoutError):
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def drawn(address: str, secret: str, pictures: dict[str, str], out: Path) -> None:
    """Take each picture."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", reduced_motion="reduce"
        )
        context.add_cookies([{"name": "stillwatch", "value": secret, "url": address}])
        page: Any = context.new_page()
        for name, path in pictures.items():
            page.goto(f"{address}{path}", wait_until="networkidle")
            page.wait_for_timeout(1_000)
            file = out / f"{name}.png"
            page.screenshot(path=str(file))
            size = file.stat().st_size
            print(f"{file}: {size:,} bytes")
            if size > MOST_BYTES:
                sys.exit(f"{file} is larger than {MOST_BYTES:,} bytes")
        browser.close()


def main(arguments: list[str]) -> None:
    """Make what is shown, and take three pictures."""
    demo, out = Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else FIGURES
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "console"
        state, db = prepare(demo / "run", place)
        key = place / "appeals.key"
        with Cases(db, settings=SETTINGS) as cases:
            case, appeal = told(cases, state, key)
            with cases.database.writing() as session:
                for name, role in ((ANNA, Role.ANALYST), (BELA, Role.APPROVER), (CHI, Role.APPROVER)):
                    users.add(session, name, role, "demo")
                user = users.must_be(session, CHI)
                secret = sessions.start(session, user.id, "password", Where("127.0.0.1", "demo"))
        pictures = {
            "console-review": "/queue",
            "console-campaign": f"/campaigns/{case.identity}",
            "console-appeal": f"/appeals/{appeal}",
        }
        with served(demo / "run", state, db, key) as address:
            drawn(address, secret, pictures, out)


if __name__ == "__main__":
    main(sys.argv[1:])
