"""What every call passes: host, headers, forms of our own pages, limits, errors as pages."""

from __future__ import annotations

import ipaddress
import re

import pytest
from console_parts import ORIGIN, OURS, Console
from starlette.requests import Request

from stillwatch.console.access.log import entries
from stillwatch.console.app import application
from stillwatch.console.body import LARGEST
from stillwatch.console.declared import Declared
from stillwatch.console.desk import Desk
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Shown
from stillwatch.console.site import Site, site_of
from stillwatch.console.static_files import files

ANSWERS = ("/", "/sign-in", "/nothing", "/api/v1/cases", "/api/v1/openapi.json", "/static/x/y", "/welcome/x")


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_every_answer_has_the_headers(console: Console, method: str, path: str) -> None:
    answer = console.client().request(method, path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.status_code != 500
    assert "strict-transport-security" not in answer.headers


def test_over_tls_there_is_hsts_and_a_secure_cookie(console: Console) -> None:
    site = Site("https://console.test", frozenset(("console.test",)))
    safe = Console(console.cases, site)
    assert "max-age" in safe.client().get("/sign-in").headers["strict-transport-security"]
    browser = safe.browser(Role.VIEWER)
    answer = browser.client.post(
        "/sign-out", data={"csrf": browser.csrf}, headers={"Origin": "https://console.test"}
    )
    assert answer.headers["set-cookie"].startswith("__Host-stillwatch=")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("host", ["evil.test", "console.test.evil.test", "127.0.0.1", "", "console.test:80"])
def test_another_host_is_refused(console: Console, host: str) -> None:
    assert console.client().get("/sign-in", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://console.test"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_a_form_from_elsewhere_does_nothing(console: Console, headers: dict[str, str]) -> None:
    browser = console.browser(Role.ANALYST)
    data = {"csrf": browser.csrf, "text": "x"}
    assert browser.client.post("/cases/1/note", data=data, headers=headers).status_code == 403
    assert (
        browser.client.post("/sign-in", data={"name": "x", "password": "y"}, headers=headers).status_code
        == 403
    )
    assert not console.cases.show(1).notes


@pytest.mark.parametrize("token", ["", "x", "0" * 64])
def test_a_form_without_its_token_does_nothing(console: Console, token: str) -> None:
    browser = console.browser(Role.ANALYST)
    answer = browser.client.post("/cases/1/note", data={"csrf": token, "text": "kept words"}, headers=OURS)
    assert answer.status_code == 403
    assert "kept words" in answer.text
    assert not console.cases.show(1).notes
    other = console.browser(Role.ANALYST)
    stolen = browser.client.post("/cases/1/note", data={"csrf": other.csrf, "text": "x"}, headers=OURS)
    assert stolen.status_code == 403


def test_a_large_body_and_another_kind_are_refused(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    large = browser.post("/cases/1/note", {"text": "x" * (LARGEST + 1)})
    assert large.status_code == 422
    assert "larger than" in large.text
    kind = browser.client.post("/cases/1/note", json={"text": "x"}, headers=OURS)
    assert kind.status_code == 422
    assert not console.cases.show(1).notes


def test_head_and_options_and_other_methods(console: Console) -> None:
    browser = console.browser(Role.VIEWER)
    head = browser.client.head("/cases")
    assert head.status_code == 200
    assert head.text == ""
    assert browser.client.options("/cases").headers["allow"] == "GET, HEAD, OPTIONS"
    assert browser.client.options("/cases/1/note").headers["allow"] == "POST, OPTIONS"
    wrong = browser.client.get("/cases/1/note")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["allow"]


def test_a_fault_of_ours_tells_an_id_and_nothing_else(console: Console) -> None:
    def broken(_seen: Seen) -> Shown:
        raise RuntimeError("words of a customer")

    pages = (Page("/broken", "Broken", Role.VIEWER, broken),)
    browser = console.browser(Role.VIEWER)
    browser.client.app = application(console.desk, Declared(pages, ()))
    client = console.client()
    client._transport.app = browser.client.app  # type: ignore[attr-defined]
    client.cookies = browser.client.cookies
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert re.fullmatch(r"A fault of Stillwatch itself; its id is [0-9a-f]{12}\.\n", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_static_files_are_kept_by_their_hash(console: Console) -> None:
    client = console.client()
    page = client.get("/sign-in").text
    (address,) = re.findall(r'href="(/static/[^"]+/console\.css)"', page)
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == files()["console.css"].content
    assert client.get("/static/0000000000000000/console.css").status_code == 404
    assert client.get("/static/x/..%2f..%2fapp.py").status_code == 404


def test_nothing_inline_in_any_page(console: Console) -> None:
    browser = console.browser(Role.ADMIN)
    for path in (
        "/",
        "/cases",
        "/cases/1",
        "/me",
        "/users",
        "/access",
        "/sign-in",
        "/sign-in/again",
        "/nothing",
    ):
        text = browser.get(path).text
        assert not re.search(r"<style|style=|\son\w+=|javascript:|<script(?! src=\"/static/)", text), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), path


def test_a_fault_page_leads_back_to_the_form_and_nowhere_else(console: Console) -> None:
    browser = console.browser(Role.ANALYST)
    for referer, back in (
        (f"{ORIGIN}/cases/1?x=1", "/cases/1?x=1"),
        ("http://evil.test/cases", "/"),
        (f"{ORIGIN}//evil.test", "/"),
        (f"{ORIGIN}.evil.test/", "/"),
    ):
        answer = browser.post("/cases/99/note", {"text": "x"}, Referer=referer)
        assert f'<p><a href="{back}">' in answer.text


def test_failures_are_told_when_the_server_ends(console: Console) -> None:
    with console.client() as client:
        client.post("/sign-in", data={"name": "x", "password": "y"}, headers=OURS)
    with console.cases.database.reading() as session:
        assert entries(session)[-1].detail == {"count": 1}


def test_addresses_before_the_owners_proxies() -> None:
    site = site_of("0.0.0.0", 8700, "https://c.test", tls=False, behind_proxy=True, proxies=("10.0.0.0/8",))
    assert site.address_of("10.0.0.1", "203.0.113.9, 198.51.100.4, 10.0.0.2") == "198.51.100.4"
    assert site.address_of("203.0.113.1", "198.51.100.4") == "203.0.113.1"
    alone = site_of("127.0.0.1", 8700, "", tls=False, behind_proxy=False, proxies=("127.0.0.0/8",))
    assert alone.address_of("127.0.0.1", "198.51.100.4") == "127.0.0.1"
    assert alone.hosts == {"127.0.0.1:8700", "localhost:8700", "[::1]:8700"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/cases/{'9' * 5_000}", 414),
        (f"/cases/{'9' * 1_900}", 404),
        (f"/cases?after={'9' * 20}", 422),
        (f"/audit?before={'9' * 20}", 422),
    ],
)
def test_a_number_of_any_length_is_no_fault(console: Console, path: str, status: int) -> None:
    assert console.browser(Role.ADMIN).get(path).status_code == status


def test_each_line_of_forwarded_addresses_is_read(console: Console) -> None:
    network = ipaddress.ip_network("10.0.0.0/8")
    site = Site(ORIGIN, frozenset(("console.test",)), behind_proxy=True, proxies=(network,))
    desk = Desk(console.desk.doors, site)
    lines = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"203.0.113.9")]
    request = Request({"type": "http", "headers": lines, "client": ("10.0.0.2", 1)})
    assert desk.where(request).address == "203.0.113.9", "the proxy's own line comes last"
