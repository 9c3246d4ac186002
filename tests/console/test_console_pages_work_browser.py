"""The queue by keyboard alone, the same without a script, and axe-core on every page about cases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_live import CHROMIUM, chromium, served, signed_in

from stillwatch.cases import Cases
from stillwatch.console.role import Role

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
PAGES = (
    "/",
    "/queue",
    "/cases",
    "/cases/2",
    "/cases/2/accounts",
    "/audit",
    "/search?q=camp",
)
SERIOUS = ("serious", "critical")


@pytest.fixture
def live(stocked_file: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A served console over a copy of the store, and the store."""
    db = Path(shutil.copyfile(stocked_file, tmp_path / "CASES.db"))
    with served(db, stocked_file.parent, tmp_path) as address:
        yield address, db


def test_the_queue_is_worked_through_by_keyboard_alone(live: tuple[str, Path]) -> None:
    address, db = live
    with chromium() as browser:
        page = signed_in(browser, address, db, Role.ANALYST).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{address}/queue")
        front = page.locator("#front")
        assert "Case 2" in front.inner_text()
        page.keyboard.press("j")
        page.wait_for_url("**/queue?case=1")
        page.keyboard.press("k")
        page.wait_for_url("**/queue?case=2")
        page.keyboard.press("a")
        page.get_by_text("Case 2 is with analyst now.").wait_for()
        page.keyboard.press("i")
        page.keyboard.type("one card pays for all, jk")
        page.keyboard.press("Enter")
        page.get_by_text("Case 2 is investigating now.").wait_for()
        assert "Case 1" in front.inner_text()
        page.keyboard.press("2")
        page.keyboard.type("a course with a shared template")
        page.keyboard.press("Enter")
        page.get_by_text("Case 1 is closed: not distillation.").wait_for()
        assert "Case 2" in front.inner_text()
        page.keyboard.press("m")
        page.keyboard.type("Asked the bank.")
        page.keyboard.press("Escape")
        page.keyboard.press("p")
        assert page.locator("input[value='awaiting second review']").is_checked()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/cases/1")
        assert said == []
    with Cases(db) as cases:
        assert (cases.show(2).state, cases.show(2).assignee) == ("investigating", "analyst")
        assert cases.show(1).outcome == "not distillation"
        assert cases.events(2)[-1].reason == "one card pays for all, jk"
        assert not cases.verify().faults


def test_without_a_script_forms_and_links_do_the_same(live: tuple[str, Path]) -> None:
    address, db = live
    with chromium() as browser:
        page = signed_in(browser, address, db, Role.ANALYST, java_script_enabled=False).new_page()
        page.goto(f"{address}/queue")
        page.get_by_role("button", name="Take it").click()
        page.get_by_label("Snooze").check()
        page.get_by_label("Days of rest").fill("3")
        page.get_by_label("Reason").fill("the bank answers by then")
        page.get_by_role("button", name="Decide, and on to the next").click()
        assert "Case 1" in page.locator("#front").inner_text()
        page.locator("input[value='close: duplicate']").check()
        page.get_by_label("Duplicate of case").fill("2")
        page.get_by_label("Reason").fill("the same accounts")
        page.get_by_role("button", name="Decide, and on to the next").click()
        assert "Nothing to review" in page.locator("h1").inner_text()
    with Cases(db) as cases:
        assert cases.show(2).snoozed_until is not None
        assert (cases.show(1).outcome, cases.show(1).links) == ("duplicate", (("duplicate of", 2),))


@pytest.mark.parametrize(
    ("look", "width"), [pytest.param("light", 1440, marks=pytest.mark.thorough), ("dark", 390)]
)
def test_axe_finds_nothing_serious(live: tuple[str, Path], look: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    address, db = live
    with Cases(db) as cases:
        cases.note(2, "a card", by="Anna")
        cases.tag(2, ["bank"], by="Anna")
        cases.link(2, "related", 1, by="Anna")
        cases.close(1, "not distillation", by="Anna", reason="a course")
        cases.deadline(2, 1.0, by="Anna")
    with chromium() as browser:
        options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": look}
        context = signed_in(browser, address, db, Role.APPROVER, **options)
        for path in PAGES:
            page = context.new_page()
            page.goto(address + path)
            assert "/sign-in" not in page.url
            for details in page.locator("main details > summary").all():
                details.click()
            found = Axe().run(page).response["violations"]
            told = [
                (one["id"], node["html"][:200])
                for one in found
                if one["impact"] in SERIOUS
                for node in one["nodes"]
            ]
            assert told == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            page.close()
