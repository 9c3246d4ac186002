"""From an alarm to the end, in a real Chromium by several people: with the mouse, and by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from console_live import CHROMIUM, chromium
from hands import Keys, Mouse
from outbox_receivers import Receiver, receiver
from story_world import ANNA, BELA, CHI, HARVEST, ROBBED, StoryWorld, came, story_world, until

from stillwatch.guard.journal_entry import Kind

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
PATIENCE_MS = 20_000
Hands = Callable[[Any], Mouse | Keys]


class People:
    """Browsers of people, each with a session of their own, and what their pages complain of."""

    def __init__(self, browser: Any, world: StoryWorld, hands: Hands) -> None:
        self._browser, self._world, self._hands = browser, world, hands
        self.complaints: list[str] = []

    def come(self, name: str = "") -> Mouse | Keys:
        """Somebody who opens the console; without a name, somebody whom nobody knows."""
        context = self._browser.new_context(viewport={"width": 1440, "height": 900})
        if name:
            secret = self._world.session(name)
            context.add_cookies([{"name": "stillwatch", "value": secret, "url": self._world.origin}])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        if name:
            page.goto(self._world.origin)
        return self._hands(page)


@contextmanager
def told(folder: Path, hands: Hands, *groups: Any) -> Iterator[tuple[StoryWorld, People, Receiver]]:
    """A story with people in it."""
    with receiver() as to:
        world = story_world(folder, to, *groups)
        with world.console(), chromium() as browser:
            people = People(browser, world, hands)
            yield world, people, to
            assert people.complaints == []


def link(one: Mouse | Keys, name: str, **more: Any) -> Any:
    return one.page.get_by_role("link", name=name, **more).first


def button(one: Mouse | Keys, name: str) -> Any:
    return one.page.get_by_role("button", name=name, exact=True)


def says(one: Mouse | Keys, words: str) -> None:
    one.page.get_by_role("status").filter(has_text=words).first.wait_for()


def with_reason(one: Mouse | Keys, name: str, reason: str) -> None:
    """Send the form of a button, with a reason."""
    form = one.page.locator("form:visible").filter(has=button(one, name))
    one.write(form.locator("[name=reason]"), reason)
    one.press(button(one, name))


def a_case_is_opened(anna: Mouse | Keys) -> None:
    """The overview tells of an alarm; its campaign becomes a case."""
    anna.page.get_by_text("Alarms of the watch").wait_for()
    anna.press(link(anna, "Campaigns"))
    anna.press(button(anna, "Open cases from this run"))
    anna.page.get_by_role("status").first.wait_for()
    anna.press(link(anna, "Review"))
    anna.press(anna.page.locator("[data-key='o']"))
    anna.page.wait_for_url("**/cases/1")


def it_is_looked_into(anna: Mouse | Keys) -> None:
    """Take it, investigate, propose."""
    anna.press(anna.page.locator("button[data-key='a']"))
    says(anna, "is with Anna")
    anna.decide("i", "one card pays for all")
    says(anna, "is investigating")
    anna.decide("p", "four names, one card")
    says(anna, "is awaiting second review")
    anna.page.get_by_text("You proposed to act, so another person answers").wait_for()


def it_is_planned(anna: Mouse | Keys) -> None:
    """Make a plan and try it."""
    anna.press(link(anna, "Plan", exact=True))
    with_reason(anna, "Make a plan", "friction, then an end")
    says(anna, "The plan is made")
    anna.press(button(anna, "Dry run"))
    anna.page.get_by_text("would meet a restriction").wait_for()


def it_is_carried_out(bela: Mouse | Keys) -> None:
    """The second person agrees and carries it out."""
    bela.press(link(bela, "Case 1"))
    bela.page.locator(".decide").wait_for()
    bela.decide("y", "I looked at the evidence myself")
    says(bela, "You agreed: case 1 is acting now")


def to_the_plan(bela: Mouse | Keys) -> None:
    """From wherever they are to the case, and to its plan."""
    bela.press(link(bela, "Cases", exact=True))
    bela.press(bela.page.locator("table[data-rows] tbody tr a").first)
    bela.page.wait_for_url("**/cases/1")
    bela.press(link(bela, "Plan", exact=True))


def the_letter_goes(bela: Mouse | Keys) -> None:
    """Approve the last letter and send it."""
    bela.press(bela.page.get_by_label("In case 1").get_by_role("link", name="Letters"))
    bela.press(bela.page.locator("table[data-rows] tbody tr a").first)
    with_reason(bela, "Approve it", "clear and true")
    says(bela, "is approved")
    with_reason(bela, "Send it", "as agreed")
    says(bela, "are queued")


@pytest.mark.parametrize("hands", [pytest.param(Mouse, marks=pytest.mark.thorough), Keys])
def test_from_an_alarm_to_the_end(hands: Hands, tmp_path: Path) -> None:
    account = HARVEST.accounts()[0]
    with told(tmp_path, hands, HARVEST) as (world, people, to):
        served = world.answer(account)
        anna = people.come(ANNA)
        a_case_is_opened(anna)
        it_is_looked_into(anna)
        bela = people.come(BELA)
        it_is_carried_out(bela)
        anna.page.reload()
        it_is_planned(anna)
        assert world.entries() == []
        to_the_plan(bela)
        bela.choose(bela.page.get_by_label("Carry it out up to"), "block")
        with_reason(bela, "Carry it out", "as agreed with Anna")
        says(bela, "is carried out")
        acts = [one for one in world.entries() if one.kind == Kind.ACT]
        assert acts
        assert {one.actor for one in acts} == {BELA}
        refused = world.answer(account)
        assert (served, refused) == ("allow", "deny")
        the_letter_goes(bela)
        notices = until(lambda: [one for one in came(to, "notice") if one["account"] == account])
        there = next(word for word in notices[0]["text"].split() if "/appeal/" in word)
        customer = people.come()
        customer.page.goto(there)
        customer.write(customer.page.get_by_label("What we should know"), "We are a class of students.")
        customer.press(button(customer, "Send it"))
        customer.page.get_by_text("Your objection is here").wait_for()
        chi = people.come(CHI)
        chi.press(link(chi, "Appeals"))
        chi.press(chi.page.locator("table[data-rows] tbody tr a").first)
        chi.pick(chi.page.locator("input[name=answer][value=overturn]"))
        chi.write(chi.page.get_by_label("Compensation"), "A month free.")
        with_reason(chi, "Answer", "a course, with its syllabus")
        says(chi, "What was done is restored")
        assert world.answer(account) == "allow"
        assert world.answer(HARVEST.accounts()[1]) == "deny", "the others did not object"
        customer.page.reload()
        customer.page.get_by_text("You were right").wait_for()
        customer.page.get_by_text("A month free.").wait_for()
        anna.press(link(anna, "Case", exact=True))
        anna.decide("1", "the rest is confirmed")
        says(anna, "is closed: confirmed")
        with world.cases() as cases:
            assert (cases.show(1).state, cases.show(1).outcome) == ("closed", "confirmed")
            assert cases.verify().faults == ()
            assert cases.rebuild(check=True) == ()
            who = {event.actor for event in cases.events(1)}
            assert {ANNA, BELA, CHI} <= who
            assert {one.state for one in cases.outbox.deliveries()} == {"delivered"}
        uids = to.uids()
        assert len(uids) == len(set(uids))
        assert not any(b"class of students" in one.body for one in to.got), (
            "a customer's words are never sent"
        )


@pytest.mark.parametrize("hands", [pytest.param(Mouse, marks=pytest.mark.thorough), Keys])
def test_robbed_customers_are_helped_and_not_restricted(hands: Hands, tmp_path: Path) -> None:
    with told(tmp_path, hands, ROBBED) as (world, people, to):
        anna = people.come(ANNA)
        a_case_is_opened(anna)
        anna.decide("i", "their keys were taken")
        says(anna, "is investigating")
        anna.decide("x", "to help them")
        says(anna, "is acting")
        it_is_planned(anna)
        anna.page.get_by_text("Nobody is restricted").or_(
            anna.page.get_by_text("nothing of theirs is restricted")
        ).first.wait_for()
        bela = people.come(BELA)
        bela.press(link(bela, "Case 1"))
        to_the_plan(bela)
        with_reason(bela, "Carry it out", "help first")
        says(bela, "carried out")
        assert {one.kind for one in world.entries()} == {Kind.HOLD}
        assert {world.answer(one) for one in ROBBED.accounts()} == {"allow"}
        until(lambda: [one for one in came(to, "plan.step") if one.get("do") == "rotate-keys"])
        the_letter_goes(bela)
        notices = until(lambda: len(came(to, "notice")) == len(ROBBED.accounts()) and came(to, "notice"))
        assert {one["account"] for one in notices} == set(ROBBED.accounts())
        assert all("restrict" not in one["subject"].lower() for one in notices)
        anna.press(link(anna, "Case", exact=True))
        anna.decide("4", "they are robbed customers")
        says(anna, "is closed: victim")
        with world.cases() as cases:
            assert cases.verify().faults == ()
        assert {world.answer(one) for one in ROBBED.accounts()} == {"allow"}
        assert urlsplit(anna.page.url).path == "/cases/1"
        assert json.loads(to.got[0].body)["type"]
