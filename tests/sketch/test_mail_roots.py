"""Registrable domains of mail domains."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch.mail_roots import mail_roots, root_of

PUBLIC = ("mail.example", "yahoo.com")


@pytest.mark.parametrize(
    ("domain", "root"),
    [
        ("example.org", "example.org"),
        ("x7f.batch.example.org", "example.org"),
        ("cs.example.ac.uk", "example.ac.uk"),
        ("ann.github.io", "ann.github.io"),
        ("github.io", None),
        ("mail.example", None),
        ("in.yahoo.com", None),
        ("co.uk", None),
        ("localhost", None),
        ("10.0.0.1", None),
        ("a..b", None),
        ("5f4dcc3b5aa765d61d8327deb882cf99", None),
        ("", None),
        (None, None),
    ],
)
def test_the_registrable_domain(domain: str | None, root: str | None) -> None:
    assert mail_roots(pa.array([domain], pa.string()), PUBLIC).to_pylist() == [root]


@given(st.text(max_size=400))
def test_no_text_ends_the_run(text: str) -> None:
    root = root_of(text, frozenset())
    assert root is None or (root == root.lower() and "." in root)
