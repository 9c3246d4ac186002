"""axe-core on every page that is declared, light and dark, narrow and wide; no page is wider than its window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_live import CHROMIUM, chromium, signed_in
from served import served
from whole_world import every_path, opened, served_options

from stillwatch.cases.remediation import Remediation
from stillwatch.console.role import Role

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
SERIOUS = ("serious", "critical")
WIDTHS = (390, 1440, 768, 1920) if os.environ.get("STILLWATCH_ALL_WIDTHS") else (390, 1440)
# What else axe looks at does not change with the colours.
LOOKS: dict[str, list[str]] = {"light": [], "dark": ["color-contrast", "link-in-text-block"]}
RUN = """
async (rules) => {
  const only = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
  const found = await axe.run({ resultTypes: ["violations"], ...only });
  return found.violations.flatMap((one) => one.nodes.map((node) => [one.impact, one.id, node.html.slice(0, 200)]));
}
"""


@pytest.fixture(scope="module")
def live(whole_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A served console over the whole world; gives its address and its folder."""
    folder = Path(shutil.copytree(whole_folder, tmp_path_factory.mktemp("axe") / "world"))
    with served(folder / "CASES.db", *served_options(folder)) as console:
        yield console.origin, folder


def faults(page: Any, script: str, widths: tuple[int, ...] = WIDTHS) -> list[Any]:
    """What is wrong with a page that is open, at each width and look."""
    for details in page.locator("details:not([open]) > summary").all():
        if details.is_visible():
            details.click()
    page.keyboard.press("Escape")
    page.evaluate(script)
    found: list[Any] = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append((width, "wider than the window", wide))
        for look, rules in LOOKS.items():
            page.emulate_media(color_scheme=look)
            found += [(width, look, *one) for one in page.evaluate(RUN, rules) if one[0] in SERIOUS]
    return found


def test_every_page_is_for_everybody(live: tuple[str, Path]) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    address, folder = live
    told: dict[str, Any] = {}
    with chromium() as browser:
        context = signed_in(browser, address, folder / "CASES.db", Role.ADMIN)
        page = context.new_page()
        for path in every_path():
            answer = page.goto(address + path)
            assert answer.status == 200, path
            assert "/sign-in" not in page.url
            told[path] = faults(page, AXE_SCRIPT)
        page.goto(f"{address}/nothing-here")
        told["a fault"] = faults(page, AXE_SCRIPT)
        stranger = browser.new_context().new_page()
        for path in ("/sign-in", appeal_path(folder), "/appeal/x"):
            stranger.goto(address + path)
            told[path] = faults(stranger, AXE_SCRIPT)
    assert {path: one for path, one in told.items() if one} == {}


def appeal_path(folder: Path) -> str:
    """The customers' page of the first notice."""
    with opened(folder) as cases, Remediation(cases, appeal_key=folder / "appeals.key") as door:
        token = door.link(door.notices(door.letters(1)[-1].id)[0].id).rpartition("/")[2]
    return f"/appeal/{token}"


def test_axe_would_find_what_is_wrong() -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    with chromium() as browser:
        page = browser.new_page()
        page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input><p style='width:900px'>x")
        found = faults(page, AXE_SCRIPT, (390,))
    assert {one[-2] for one in found} == {"label", "wider than the window"}
