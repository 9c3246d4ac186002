"""In a real Chromium: a passkey of its virtual authenticator, htmx, keys, and a console without an error."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from served import Served, served

from stillwatch.cases import Cases

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
WORDS = "correct horse battery staple"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Served]:
    """A console with two cases."""
    with Cases(tmp_path / "CASES.db", create=True) as cases:
        cases.sync(sealed(tmp_path / "run", Sealed("run-1", (Group("camp-small"), Group("camp-large", 30)))))
        cases.close(1, "not distillation", by="Anna", reason="a class")
    with served(tmp_path / "CASES.db") as one:
        yield one


@pytest.fixture
def page(console: Served) -> Iterator[Any]:
    """A page in a fresh browser, in which the first user is signed in. It keeps what its console said."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        made = browser.new_context().new_page()
        faults: list[str] = []
        made.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )
        made.on("pageerror", lambda error: faults.append(str(error)))
        made.faults = faults
        made.goto(console.link)
        made.fill("[name=password]", WORDS)
        made.fill("[name=again]", WORDS)
        made.click("button.main")
        made.wait_for_url(f"{console.origin}/")
        yield made
        browser.close()


def test_a_passkey_of_the_browser(console: Served, page: Any) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto(f"{console.origin}/me")
    page.fill("form[data-passkey] [name=name]", "laptop")
    page.click("form[data-passkey] button")
    page.wait_for_selector("text=Take away laptop")
    page.click("details.me > summary")
    page.click("text=Sign out")
    page.wait_for_url(f"{console.origin}/sign-in")
    page.goto(f"{console.origin}/cases/2")
    page.click("form[data-passkey] button")
    page.wait_for_url(f"{console.origin}/cases/2")
    assert "You are signed in as admin" in page.inner_text("main >> xpath=..")
    assert page.faults == []


def test_filters_keys_and_the_look(console: Served, page: Any) -> None:
    page.goto(f"{console.origin}/cases")
    page.select_option("[name=state]", "closed")
    page.wait_for_url("**/cases?state=closed*")
    page.wait_for_function("document.querySelectorAll('#found tbody tr').length === 1")
    assert page.locator("#found time").first.get_attribute("title")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/1")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url(f"{console.origin}/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("details.me > summary")
    page.click("button[value=dark]")
    page.wait_for_load_state()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert page.faults == []


@pytest.mark.parametrize("width", [390, 1920])
def test_no_page_is_wider_than_the_screen(console: Served, page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/", "/cases", "/cases/1", "/me", "/users", "/access", "/sign-in"):
        page.goto(console.origin + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert page.faults == []


def test_pictures_need_no_eval(console: Served, page: Any) -> None:
    """The vendored libraries draw under the policy as it is: Vega with its interpreter, Cytoscape."""
    from stillwatch.console.static_files import address_of

    page.goto(f"{console.origin}/cases")
    for name in (
        "vega.min.js",
        "vega-lite.min.js",
        "vega-interpreter.js",
        "vega-embed.min.js",
        "cytoscape.min.js",
    ):
        page.evaluate(
            """address => new Promise((done, failed) => {
                const script = document.createElement("script");
                script.src = address; script.onload = done; script.onerror = failed;
                document.head.append(script);
            })""",
            address_of(name),
        )
    bars = page.evaluate(
        """async () => {
            const place = document.createElement("div");
            document.querySelector("main").append(place);
            const chart = {data: {values: [{a: "x", b: 3}, {a: "y", b: 5}]}, mark: "bar",
                transform: [{calculate: "datum.b * 2", as: "c"}],
                encoding: {x: {field: "a", type: "nominal"}, y: {field: "c", type: "quantitative"}}};
            await vegaEmbed(place, chart, {ast: true, expr: vega.expressionInterpreter, actions: false,
                renderer: "svg", defaultStyle: false, tooltip: false});
            return place.querySelectorAll("path[aria-roledescription=bar]").length;
        }"""
    )
    assert bars == 2
    placed = page.evaluate(
        """() => {
            const place = document.createElement("div");
            // Cytoscape would add a style of its own, which the policy refuses, unless there is one of this id.
            const sheet = document.querySelector("link[rel=stylesheet]");
            sheet.id = "__________cytoscape_stylesheet";
            place.className = "graph";
            document.querySelector("main").append(place);
            const graph = cytoscape({container: place, elements: [{data: {id: "a"}}, {data: {id: "b"}},
                {data: {source: "a", target: "b"}}], layout: {name: "grid"}});
            return graph.nodes().length;
        }"""
    )
    assert placed == 2
    assert page.faults == []
