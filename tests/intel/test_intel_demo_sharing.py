"""What the demo of sharing rests on: its leak check finds what is there, and its wire loses nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import socket
import sqlite3
import threading
from pathlib import Path

import pytest

from sharing_demo.check import check
from sharing_demo.leaks import Forms, cells_of, readable
from sharing_demo.planted import planted
from sharing_demo.window import SCENARIO, now_in
from sharing_demo.wire import Wire
from stillwatch.simulate.scenario import parse

MAIL = "mara.novak7@birch-customer7.example"


@pytest.mark.parametrize(
    "written",
    [
        MAIL.encode(),
        MAIL.upper().encode(),
        MAIL.encode().hex().encode(),
        base64.b64encode(MAIL.encode()),
        base64.b64encode(b"x" + MAIL.encode() + b"y"),
        base64.urlsafe_b64encode(b"ab" + MAIL.encode() + b"cd"),
        hashlib.sha256(MAIL.encode()).digest(),
        hashlib.sha256(MAIL.encode()).hexdigest().encode(),
        base64.b64encode(hashlib.sha1(MAIL.encode(), usedforsecurity=False).digest()),
    ],
)
def test_a_value_is_found_in_whatever_form(written: bytes) -> None:
    forms = Forms([MAIL, "somebody.else@elsewhere.example"])
    data = os.urandom(5_000) + written + os.urandom(5_000)
    assert {leak.value for leak in forms.found_in(data, "-")} == {MAIL}


def test_nothing_is_found_where_nothing_is() -> None:
    forms = Forms(value for one in planted("alder", 1) for value in one.secrets)
    assert not list(forms.found_in(os.urandom(200_000), "-"))
    assert forms.count > 50 * forms.values


def test_chunks_and_compression_hide_nothing() -> None:
    forms = Forms([MAIL])
    for data in (
        b"20\r\n" + MAIL[:9].encode() + b"\r\n17\r\n" + MAIL[9:].encode() + b"\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + gzip.compress(MAIL.encode() * 3),
    ):
        assert any(list(forms.found_in(form, "-")) for form in readable(data))


def test_cells_of_a_database_are_searched(tmp_path: Path) -> None:
    place = tmp_path / "HUB.db"
    with sqlite3.connect(place) as made:
        made.execute("CREATE TABLE kept (number INTEGER, said TEXT, raw BLOB)")
        made.execute("INSERT INTO kept VALUES (1, ?, ?)", ("nothing", MAIL.encode()))
    assert [(where, MAIL.encode() in cell) for where, cell in cells_of(place)] == [
        ("kept.said", False),
        ("kept.raw", True),
    ]


def test_the_check_reports_a_leak_in_what_passed(tmp_path: Path) -> None:
    customers = planted("alder", 1)
    passed = tmp_path / "00001-asked.bytes"
    passed.write_bytes(b"POST / " + customers[3].payment.encode())
    found = check(customers, [], [passed], [])
    assert found.control
    assert {leak.value for leak in found.leaks} == {customers[3].payment}


def test_the_wire_passes_everything_on_and_keeps_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            there, _ = server.accept()
            with there:
                while data := there.recv(65_536):
                    there.sendall(data[::-1])

        answering = threading.Thread(target=echo, daemon=True)
        answering.start()
        wire = Wire(server.getsockname()[1], tmp_path / "wire")
        with socket.create_connection(("127.0.0.1", wire.start()), timeout=10) as asking:
            asking.sendall(b"asked")
            assert asking.recv(100) == b"deksa"
            asking.shutdown(socket.SHUT_WR)
            assert asking.recv(100) == b""
        answering.join(10)
        wire.stop()
    assert [path.read_bytes() for path in wire.kept()] == [b"deksa", b"asked"]


def test_the_demo_s_window_ends_today_and_keeps_its_length() -> None:
    text = SCENARIO.read_text(encoding="utf-8")
    moved, first = parse(now_in(text), "moved.toml"), parse(text, "first.toml")
    assert moved.window.days == first.window.days
    assert moved.window.launched == first.window.launched
    assert moved.window.start > first.window.start
    assert moved.permits[0].expires > moved.window.end
