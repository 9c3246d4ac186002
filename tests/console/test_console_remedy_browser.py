"""The customers' page without a script, and axe-core on the pages of plans, letters, appeals, deliveries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from console_live import CHROMIUM, chromium, served, signed_in
from console_remedy import remedied

from stillwatch.cases import Cases
from stillwatch.cases.remediation import Remediation
from stillwatch.console.role import Role

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
PAGES = (
    "/",
    "/cases/1/plan",
    "/cases/2/plan",
    "/cases/1/plan/steps/1.s1",
    "/cases/1/plan/taken",
    "/cases/1/letters",
    "/cases/1/letters/1.l1",
    "/appeals",
    "/appeals/1.a1",
    "/deliveries",
    "/deliveries/1",
)
SERIOUS = ("serious", "critical")


def faults(page: Any, width: int) -> list[Any]:
    """What axe-core finds serious, with everything opened; and whether the page is too wide."""
    from axe_playwright_python.sync_playwright import Axe

    for details in page.locator("main details > summary").all():
        if details.is_visible():
            details.click()
    found = [
        (one["id"], node["html"][:200])
        for one in Axe().run(page).response["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([("too wide", wide)] if wide > width else [])]


@pytest.mark.parametrize(
    ("look", "width"), [pytest.param("light", 1440, marks=pytest.mark.thorough), ("dark", 390)]
)
def test_a_customer_objects_and_axe_finds_nothing_serious(tmp_path: Path, look: str, width: int) -> None:
    remedy = remedied(tmp_path)
    token, key = remedy.sent(), tmp_path / "appeals.key"
    key.rename(tmp_path / "CASES.db.appeals.key")
    remedy.desk.doors.remedy.close()
    remedy.work.close()
    db = tmp_path / "CASES.db"
    options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": look}
    with served(db, tmp_path, tmp_path) as address, chromium() as browser:
        customer = browser.new_context(**options, java_script_enabled=False).new_page()
        customer.goto(f"{address}/appeal/{token}")
        customer.get_by_label("What we should know").fill("We are a class.")
        customer.get_by_role("button", name="Send it").click()
        customer.get_by_text("Your objection is here").wait_for()
        with Cases(db) as cases, Remediation(cases) as door:
            assert [one.state for one in door.appeals()] == ["open"]
            door.plan(2, by="Anna", reason="one card")
        looks = browser.new_context(**options)
        for path in (f"/appeal/{token}", "/appeal/x"):
            page = looks.new_page()
            page.goto(address + path)
            assert faults(page, width) == [], path
        context = signed_in(browser, address, db, Role.APPROVER, **options)
        for path in PAGES:
            page = context.new_page()
            answer = page.goto(address + path)
            assert answer is not None
            assert answer.status == 200, path
            assert faults(page, width) == [], path
            page.close()
