"""The sample report in the documentation is a page that a browser shows with its style."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample-report.html"


@pytest.mark.parametrize(("element", "directive"), [("style", "style-src"), ("script", "script-src")])
def test_its_policy_allows_what_it_holds(element: str, directive: str) -> None:
    page = SAMPLE.read_text(encoding="utf-8")
    held = re.search(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert held is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(held[1].encode()).digest()).decode()
    assert f"{directive} 'sha256-{digest}'" in unescape(policy[1]), "make it again: tools/sample_report.py"
