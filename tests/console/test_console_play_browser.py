"""A run of a playbook in a real Chromium, without a script, and axe-core on every page about playbooks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_live import CHROMIUM, chromium, served, signed_in

from stillwatch.cases import Cases
from stillwatch.console.role import Role
from stillwatch.playbooks import Playbooks

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
PAGES = ("/playbooks", "/playbooks/mitigate", "/cases/2/playbooks", "/cases/2/playbooks/1", "/readiness")
SERIOUS = ("serious", "critical")


@pytest.fixture
def live(stocked_file: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A served console over a copy of the store, and the store."""
    db = Path(shutil.copyfile(stocked_file, tmp_path / "CASES.db"))
    with served(db, stocked_file.parent, tmp_path) as address:
        yield address, db


def test_a_checklist_without_a_script(live: tuple[str, Path]) -> None:
    address, db = live
    with chromium() as browser:
        page = signed_in(browser, address, db, Role.ANALYST, java_script_enabled=False).new_page()
        page.goto(f"{address}/cases/2")
        page.get_by_role("link", name="Playbooks").nth(1).click()
        form = page.locator("form", has=page.locator("input[value='victim-support']"))
        form.get_by_role("button", name="Begin").click()
        assert "Help customers" in page.locator("h1").inner_text()
        step = page.locator("#step-1")
        step.get_by_label("Reason").fill("one of us knows them")
        step.get_by_role("button", name="Keep it").click()
        assert "skipped" in page.locator("#step-1").inner_text()
        page.locator("#step-1 summary", has_text="Take it back").click()
        page.locator("#step-1").get_by_label("Reason").fill("too early")
        page.locator("#step-1").get_by_role("button", name="Take it back").click()
        assert "missing" in page.locator("#step-1").inner_text()
    with Cases(db) as cases:
        assert Playbooks(cases).progress(2, 1, look=False).run.begun_by == "analyst"
        assert not cases.verify().faults


@pytest.mark.parametrize(
    ("look", "width"),
    [
        pytest.param("light", 1440, marks=pytest.mark.thorough),
        ("dark", 390),
        pytest.param("light", 768, marks=pytest.mark.thorough),
    ],
)
def test_axe_finds_nothing_serious(live: tuple[str, Path], look: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    address, db = live
    with Cases(db) as cases:
        playbooks = Playbooks(cases)
        playbooks.begin(playbooks.named("mitigate"), 2, by="Anna", reason="read")
    with chromium() as browser:
        options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": look}
        context = signed_in(browser, address, db, Role.ANALYST, **options)
        for path in PAGES:
            page = context.new_page()
            page.goto(address + path)
            for details in page.locator("main details > summary").all():
                details.click()
            found = Axe().run(page).response["violations"]
            told = [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in SERIOUS]
            assert told == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            page.close()
