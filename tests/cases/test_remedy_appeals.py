"""Letters and appeals: what customers are told, how they object, who answers, and what is restored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from case_stores import sql
from remedy_stores import SMALL, Beside, acting, beside, by

from stillwatch.campaigns.feedback import Feedback
from stillwatch.cases.remediation import appeals
from stillwatch.cases.remediation.notices import _message
from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.cases.remediation.tokens import appeal_key, hash_of
from stillwatch.cases.remediation.work import Work
from stillwatch.cases.remedy import Letter, Notice
from stillwatch.cases.store import Store
from stillwatch.errors import CaseError
from stillwatch.guard.journal_entry import Kind

FIRST_ACCOUNT, SECOND, THIRD = SMALL.accounts()[:3]


@pytest.fixture
def work(place: str, tmp_path: Path) -> Iterator[Beside]:
    made = beside(place, tmp_path, SMALL, appeals_an_hour=4)
    yield made
    assert made.cases.verify().faults == ()
    made.close()


def sent(work: Beside) -> dict[str, str]:
    """Restrict a case, let its letter go out; returns the token of each account."""
    acting(work, 1)
    work.door.plan(1, **by())
    work.door.carry_out(1, Stage.BLOCK, **by())
    letter = work.door.letters(1)[-1].id
    work.door.approve_letter(letter, **by("Chi"))
    work.door.send_letter(letter, **by("Chi"))
    return tokens(work, letter)


def tokens(work: Beside, letter: str) -> dict[str, str]:
    return {one.account: work.door.link(one.id).rpartition("/")[2] for one in work.door.notices(letter)}


def test_a_letter_says_what_why_and_how_to_appeal_and_names_nobody_else(work: Beside) -> None:
    links = sent(work)
    messages = work.told.of("notice")
    assert {one.body["account"] for one in messages} == set(SMALL.accounts())
    for message in messages:
        body = work.door.filled(dict(message.body))
        account = body["account"]
        for part in (body["text"], body["html"]):
            assert account in part
            assert f"https://example.org/appeal/{links[account]}" in part
            assert "30 days" in part
            assert "14 days" in part
            assert "We stopped answering its requests." in part
            assert not [other for other in SMALL.accounts() if other != account and other in part]
            for word in ("volume", "dealt_questions", "nats", "[[", "{{", "payment", "address"):
                assert word not in part.replace("kind and volume of what was asked", "")
        assert links[account] not in str(message.body)


def test_only_hashes_of_tokens_are_stored(work: Beside) -> None:
    links = sent(work)
    with work.cases.database.reading() as session:
        connection = session.connection()
        for table in ("notices", "events", "letters", "steps"):
            text = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert not [token for token in links.values() if token in text]
    assert {one.token_hash for one in work.door.notices(work.door.letters(1)[-1].id)} == {
        hash_of(token) for token in links.values()
    }


def test_another_key_makes_no_links_that_open_nothing(work: Beside, tmp_path: Path) -> None:
    links = sent(work)
    (tmp_path / "appeals.key").unlink()
    notice = work.door.notices(work.door.letters(1)[-1].id)[0]
    with pytest.raises(CaseError, match="key of appeal links is another"):
        work.door.link(notice.id)
    assert work.door.open_appeal(links[notice.account], "why?").state == "open"


def test_a_long_name_of_an_account_does_not_keep_a_letter_back(work: Beside) -> None:
    letter = Letter("1.l1", 1, subject="s", text="t" * 5_000, html="h" * 6_000)
    with work.cases.database.reading() as session:
        inside = Work(Store(session), work.cases.settings)
        case = inside.store.case(1)
        made = [
            _message(inside, case, letter, Notice("1.n1", 1, "1.l1", account)).body
            for account in ("acct", "\U0001f600" * 500, "\U0001f600" * 1_024)
        ]
    assert [(len(str(one["text"])), len(str(one["html"]))) for one in made] == [
        (5_000, 6_000),
        (5_000, 0),
        (0, 0),
    ]


def test_two_that_make_the_key_at_once_have_one(tmp_path: Path) -> None:
    path = tmp_path / "appeals.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: appeal_key(path), range(32)))
    assert keys == {path.read_bytes()}
    assert [one.name for one in tmp_path.iterdir()] == ["appeals.key"]


def test_a_letter_is_drafted_approved_and_only_then_goes_out(work: Beside) -> None:
    acting(work, 1)
    work.door.plan(1, **by())
    work.door.carry_out(1, Stage.SLOW, **by())
    (letter,) = work.door.letters(1)
    with pytest.raises(CaseError, match="must be approved"):
        work.door.send_letter(letter.id, **by())
    work.door.approve_letter(letter.id, **by("Chi"))
    text = "Subject: Hello <b>you</b>\n\nDear [[account]] & co,\n\n<script>alert(1)</script> [[appeal-link]]"
    edited = work.door.edit_letter(letter.id, text, **by())
    assert (edited.state, edited.approved_by) == ("draft", "")
    assert "<script>" not in edited.html
    assert "&lt;script&gt;" in edited.html
    with pytest.raises(CaseError, match="names an account"):
        work.door.edit_letter(letter.id, f"{text} {SECOND}.", **by())
    with pytest.raises(CaseError, match="link for appeals"):
        work.door.edit_letter(letter.id, "Subject: x\n\nno way to appeal", **by())
    with pytest.raises(CaseError, match="link for appeals"):
        work.door.edit_letter(letter.id, text + "ü" * 5_000, **by())
    work.door.withdraw_letter(letter.id, **by())
    with pytest.raises(CaseError, match="is withdrawn"):
        work.door.approve_letter(letter.id, **by())
    assert work.told.of("notice") == []


def test_letters_of_the_operators_own(place: str, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "restricted.txt").write_text(
        "Subject: {{ provider }}\n\n{{ account }} {{ link }} {{ restriction }}", encoding="utf-8"
    )
    work = beside(place, tmp_path, SMALL, letters=str(tmp_path / "letters"))
    acting(work, 1)
    work.door.plan(1, **by())
    work.door.carry_out(1, Stage.SLOW, **by())
    assert work.door.letters(1)[0].subject == "Wren"
    (tmp_path / "letters" / "restricted.txt").write_text(
        "Subject: x\n\n{{ nothing_of_the_kind }}", encoding="utf-8"
    )
    made = work.door.carry_out(1, Stage.VERIFY, **by())
    assert made.plan.state == "stopped"
    failed = next(step for step in made.steps if step.state == "failed")
    assert "nothing_of_the_kind" in failed.why
    (tmp_path / "letters" / "restricted.txt").unlink()
    assert work.door.carry_out(1, Stage.VERIFY, **by()).plan.state == "carried out"
    work.close()


def test_no_letter_goes_out_without_a_way_to_appeal_or_for_what_is_not_done(
    place: str, tmp_path: Path
) -> None:
    work = beside(place, tmp_path, SMALL, appeal_url="")
    acting(work, 1)
    work.door.plan(1, **by())
    work.door.carry_out(1, Stage.SLOW, **by())
    (letter,) = work.door.letters(1)
    work.door.approve_letter(letter.id, **by())
    with pytest.raises(CaseError, match="without a way to appeal"):
        work.door.send_letter(letter.id, **by())
    work.cases.settings = type(work.cases.settings)(appeal_url="https://example.org/a/")
    work.door.undo(1, work.door.show(1).steps[0].id, **by())
    with pytest.raises(CaseError, match="is not done"):
        work.door.send_letter(letter.id, **by())
    work.close()


def test_an_appeal_stands_beside_the_decision_and_restores_everything(work: Beside) -> None:
    token = sent(work)[FIRST_ACCOUNT]
    page = work.door.appeal_page(token)
    assert (page.account, page.may_appeal) == (FIRST_ACCOUNT, True)
    assert "We stopped answering" in page.text
    appeal = work.door.open_appeal(token, "We are a class. <script>alert(1)</script>")
    assert appeal.original["by"] == ["Anna"]
    assert (appeal.original["stage"], appeal.original["kind"]) == ("block", "operator")
    assert appeal.original["evidence"] == work.cases.evidence(1).sha256
    assert not work.door.appeal_page(token).may_appeal
    with pytest.raises(CaseError, match="had a part"):
        work.door.answer_appeal(appeal.id, "overturn", **by("ANNA"))
    answered = work.door.answer_appeal(appeal.id, "overturn", compensation="a month free", **by("Chi"))
    assert (answered.restoration, answered.compensation) == ("done", "a month free")
    assert work.meets(FIRST_ACCOUNT) == set()
    assert work.known(FIRST_ACCOUNT).account.exempt
    assert work.meets(SECOND) == {"slow", "verify", "block"}
    assert work.entries()[-1].kind is Kind.APPEAL
    told = work.cases.labels()
    assert [(row["account"], row["label"]) for row in told["account"]] == [(FIRST_ACCOUNT, "cleared")]
    assert Feedback is not None
    with pytest.raises(CaseError, match="was answered by Chi"):
        work.door.answer_appeal(appeal.id, "uphold", **by("Chi"))
    assert {one.topic for one in work.told.messages.values()} >= {"appeal.opened", "appeal.answered"}
    assert "class" not in str(work.told.messages)


def test_an_answer_may_be_in_part_or_uphold(work: Beside) -> None:
    links = sent(work)
    partly = work.door.open_appeal(links[FIRST_ACCOUNT], "some of it was us")
    upheld = work.door.open_appeal(links[SECOND], "no")
    work.door.answer_appeal(partly.id, "partly", **by("Chi"))
    work.door.answer_appeal(upheld.id, "uphold", **by("Chi"))
    assert work.known(FIRST_ACCOUNT).account.held
    assert work.meets(FIRST_ACCOUNT) == set()
    assert work.meets(SECOND) == {"slow", "verify", "block"}
    assert work.cases.labels()["account"] == []
    latest = max(step.until or 0.0 for step in work.door.show(1).steps)
    assert (work.door.appeal(partly.id).until or 0.0) >= latest
    with pytest.raises(CaseError, match="no such answer"):
        work.door.answer_appeal(partly.id, "maybe", **by("Chi"))


@pytest.mark.parametrize(
    "token", ["", "x", "A" * 43, "A" * 10_000, "'; DROP TABLE appeals; --", "\0", "ü" * 43]
)
def test_a_link_that_is_not_known_opens_nothing(work: Beside, token: str) -> None:
    sent(work)
    events = len(work.cases.events())
    for call in (work.door.appeal_page, lambda one: work.door.open_appeal(one, "hello")):
        with pytest.raises(CaseError, match="not known, or has ended"):
            call(token)
    assert len(work.cases.events()) == events


def test_a_link_ends(place: str, tmp_path: Path) -> None:
    work = beside(place, tmp_path, SMALL, appeal_days=1e-6)
    token = sent(work)[FIRST_ACCOUNT]
    time.sleep(0.1)
    with pytest.raises(CaseError, match="not known, or has ended"):
        work.door.open_appeal(token, "hello")
    work.close()


def test_whoever_floods_appeals_cannot_fill_the_store(work: Beside) -> None:
    links = sent(work)
    token = links[FIRST_ACCOUNT]
    for text in ("", "  ", "x" * 4_001, "\0", "\ud800"):
        with pytest.raises(CaseError, match="says something"):
            work.door.open_appeal(token, text)
    for _ in range(3):
        appeal = work.door.open_appeal(token, "again")
        with pytest.raises(CaseError, match="is here already"):
            work.door.open_appeal(token, "again")
        work.door.answer_appeal(appeal.id, "uphold", **by("Chi"))
    with pytest.raises(CaseError, match="as often as it can be"):
        work.door.open_appeal(token, "again")
    mine = work.door.open_appeal(links[SECOND], "mine")
    work.door.answer_appeal(mine.id, "uphold", **by("Chi"))
    with pytest.raises(CaseError, match="too many"):
        work.door.open_appeal(links[SECOND], "mine")
    assert work.door.open_appeal(links[THIRD], "mine").state == "open", "others shut nobody's first one out"


def test_a_restoration_that_comes_too_late_keeps_nothing_waiting(work: Beside) -> None:
    links = sent(work)
    late, later = [work.door.open_appeal(links[name], "why?").id for name in (FIRST_ACCOUNT, SECOND)]
    work.door.undo(1, **by())
    with work.cases.database.writing() as session:  # the answers are written, and then the server is killed
        for name, lasts in ((late, 0.2), (later, 3_600.0)):
            inside = Work(Store(session), work.cases.settings, work.told)
            appeals.answered(inside, name, "overturn", "Chi", "wrong", "", time.time() + lasts)
    time.sleep(0.3)
    assert work.door.pending().unrestored == (late, later)
    work.door.resume()
    assert work.door.pending().unrestored == ()
    assert (work.door.appeal(late).seq, work.entries()[-1].kind) == (None, Kind.APPEAL)
    assert work.door.appeal(later).seq == work.entries()[-1].seq


def test_reading_a_customers_words_is_an_event_and_they_can_be_erased(place: str, tmp_path: Path) -> None:
    work = beside(place, tmp_path, SMALL)
    links = sent(work)
    appeal = work.door.open_appeal(links[FIRST_ACCOUNT], "my own words")
    assert work.door.appeal_text(appeal.id, **by("Chi")) == "my own words"
    assert [(one.action, one.actor) for one in work.cases.events(1)][-1] == ("looked", "Chi")
    assert "my own words" not in str([one.new for one in work.cases.events(1)])
    sql(place, "UPDATE appeal_texts SET text = 'other words'")
    assert [one.where for one in work.cases.verify().faults] == [f"words of appeal {appeal.id}"]
    with pytest.raises(CaseError, match="not those that came in"):
        work.door.appeal_text(appeal.id, **by("Chi"))
    work.door.erase_appeal_text(appeal.id, **by("Chi"))
    assert work.cases.verify().faults == ()
    with pytest.raises(CaseError, match="were erased"):
        work.door.appeal_text(appeal.id, **by("Chi"))
    work.door.open_appeal(links[SECOND], "others")
    sql(place, "DELETE FROM appeal_texts")
    assert [one.what for one in work.cases.verify().faults] == ["deleted without an event"]
    work.close()


def test_a_breached_deadline_is_shown(place: str, tmp_path: Path) -> None:
    work = beside(place, tmp_path, SMALL, answer_days=1e-6)
    appeal = work.door.open_appeal(sent(work)[FIRST_ACCOUNT], "hello")
    time.sleep(0.1)
    found = work.door.pending()
    assert (found.appeals, found.breached) == ((appeal.id,), (appeal.id,))
    assert work.door.wrongful().breached == 1
    work.close()


def test_wrongful_action_is_counted_by_kind_verdict_and_stage(work: Beside) -> None:
    assert work.door.wrongful().shares == ()
    links = sent(work)
    first = work.door.open_appeal(links[FIRST_ACCOUNT], "no")
    second = work.door.open_appeal(links[SECOND], "no")
    work.door.answer_appeal(first.id, "overturn", **by("Chi"))
    work.door.answer_appeal(second.id, "partly", **by("Chi"))
    work.cases.decide(1, THIRD, "cleared", **by("Chi"))
    found = work.door.wrongful()
    assert (found.acted, found.appeals, found.open) == (5, 2, 0)
    told = {(one.by, one.name): one for one in found.shares}
    assert set(told) == {("all", "all"), ("kind", "operator"), ("verdict", "adversarial"), ("stage", "block")}
    share = told["all", "all"]
    assert (share.acted, share.wrong, share.partly) == (5, 2, 1)
    assert share.low == pytest.approx(0.0527, abs=1e-4)
    assert share.high == pytest.approx(0.8534, abs=1e-4)
    assert share.days is not None
    assert {(one.account, one.wrong) for one in found.accounts} == {
        (FIRST_ACCOUNT, "overturned"),
        (SECOND, "partly"),
        (THIRD, "cleared"),
    }
    work.cases.close(1, "not distillation", by="Chi", reason="a class")
    assert {one.wrong for one in work.door.wrongful().accounts} == {"overturned", "partly", "dismissed"}
