"""Two ways to use a page: with the mouse, and by keyboard alone."""

from __future__ import annotations

from typing import Any

FARTHEST = 400
"""Presses of Tab after which something counts as out of reach."""


class Mouse:
    """Points and clicks."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, target: Any) -> None:
        """Press a button, follow a link, open what is folded."""
        target.click()

    def write(self, field: Any, words: str) -> None:
        """Write into a field."""
        field.click()
        field.press_sequentially(words)

    def choose(self, field: Any, word: str) -> None:
        """Choose in a list."""
        field.select_option(word)

    def pick(self, radio: Any) -> None:
        """Pick one of several."""
        radio.click()

    def decide(self, key: str, reason: str) -> None:
        """Decide about a case; `key` is what the keyboard would use."""
        self.pick(self.page.locator(f".decide input[data-key='{key}']"))
        self.write(self.page.locator(".decide [data-reason]"), reason)
        self.press(self.page.locator(".decide button.main"))


class Keys:
    """Presses keys, and never points."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, target: Any) -> None:
        """Go to a button, a link or a fold, and press Enter."""
        self._to(target)
        self.page.keyboard.press("Enter")

    def write(self, field: Any, words: str) -> None:
        """Go to a field and type."""
        self._to(field)
        self.page.keyboard.type(words)

    def choose(self, field: Any, word: str) -> None:
        """Go to a list, and type what is looked for."""
        self._to(field)
        self.page.keyboard.type(word)
        assert field.input_value() == word

    def pick(self, radio: Any) -> None:
        """Go to a group and move in it."""
        radio.wait_for()
        group = radio.get_attribute("name")
        self._to(radio, f"(one) => document.activeElement.name === {group!r}")
        for _ in range(20):
            self.page.keyboard.press("Space")
            if radio.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError("no key picks it")

    def decide(self, key: str, reason: str) -> None:
        """Decide about a case with its keys."""
        self.page.locator(f".decide input[data-key='{key}']").wait_for()
        self.page.keyboard.press(key)
        self.page.keyboard.type(reason)
        self.page.keyboard.press("Enter")

    def _to(self, target: Any, there: str = "(one) => one === document.activeElement") -> None:
        target.wait_for()
        for _ in range(FARTHEST):
            if target.evaluate(there):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")
