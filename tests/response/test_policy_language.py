"""Policy files: what is refused, with its place and a hint; what is warned of; versions; examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from policy_states import conditions

from stillwatch.errors import PolicyError
from stillwatch.response.ladder import Step
from stillwatch.response.language import source
from stillwatch.response.language.canonical import canonical
from stillwatch.response.language.examples import tried
from stillwatch.response.language.fault import Fault, PolicyFaults
from stillwatch.response.language.policy_file import PolicyFile, policy_of, read_policy
from stillwatch.response.language.rule import RuleKind

SLOW = 'slow(account_tokens = 10), expires = days(1), reason = "x"'
NAMED = 'campaign.role == "operator" and account.tier == "named"'


def read(text: str) -> PolicyFile:
    return policy_of(text, "made.policy")


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(PolicyFaults) as refused:
        read(text)
    return refused.value.faults


def observed(condition: str) -> str:
    return f"a = rule(when = {condition}, do = observe())"


CONDITIONS: dict[str, tuple[str, str]] = {
    'campaign.verdct == "benign"': ("campaign has no field verdct", "did you mean campaign.verdict?"),
    'campaign.tier == "named"': ("campaign has no field tier", "did you mean account.tier?"),
    'acount.tier == "named"': ("nothing called acount.tier", "known: account, permit"),
    'tier == "named"': ("no name tier", "did you mean account.tier?"),
    "campaign.role == operator": ("no name operator", 'did you mean "operator"?'),
    "account.exempt == true": ("no name true", "did you mean True?"),
    'account.tier == "nmed"': ('never "nmed"', '"named", "present", "near"'),
    'campaign.role in ("operator", "vendor")': ('never "vendor"', '"provider"'),
    '"adversary" == campaign.verdict': ('never "adversary"', '"adversarial"'),
    "campaign.scale": ("must be true or false, and this is a number", "compare it"),
    "account.plan": ("must be true or false, and this is a string", "compare it"),
    'campaign.scale > "x"': ("a number is compared with a string", "quotes"),
    "account.exempt == 1": ("true or false is compared with a whole number", "leave out the comparison"),
    'account.plan < "b"': ("only numbers have an order", "=="),
    "account.plan + account.plan == account.plan": ("only numbers can be computed with", "compare"),
    "-account.exempt": ("only numbers can be computed with", "compare"),
    "request.n / 2 > 1": ("no division", "2 * a > b"),
    "request.n // 2 > 1": ("no division", "2 * a > b"),
    "request.n % 2 == 1": ("no remainder", "compare"),
    "request.n ** 9 == 1": ("no powers", "number itself"),
    "account.held & account.exempt": ("& is not part", "`and`"),
    "account.held is True": ("`is` is not part", "=="),
    "account.held if account.exempt else permit.covers": ("`if` is not part", "and, or, not"),
    "(lambda: True)()": ("no methods", "=="),
    "[x for x in (1, 2)]": ("loops are not part", "tuple"),
    'request.model.startswith("x")': ("no methods", "compare strings"),
    "request.model.__class__ == account.plan": ("nothing below a field", "account.tier"),
    "request.__class__ == account.plan": ("request has no field __class__", "known: request.model"),
    'request["model"] == account.plan': ("brackets", "account.tier"),
    'f"{account.plan}" == account.plan': ("f-strings", "plain string"),
    'open("/etc/passwd") == account.plan': ("no function open", ""),
    "block()": ("gives no value", "docs/policy.md"),
    "(x := account.held)": (":= is not part", "line of its own"),
    "account.plan in [1, 2]": ("a tuple of values", '("a", "b")'),
    'account.plan in "named"': ("a tuple of values", '("a",)'),
    "account.plan in ()": ("the tuple is empty", "at least one"),
    'account.plan in ("a", 1)': ("not all of one type", "split"),
    "account.plan in (1, 2)": ("another type", "mend"),
    "request.n in (1, request.max_tokens)": ("must be known when the file is read", "write it out"),
    "1 < request.n in (2, 3)": ("cannot stand in a chain", "split"),
    "account.held == None": ("a value of this type", '""'),
    'account.plan == b"x"': ("a value of this type", '""'),
    "request.n == 2j": ("a value of this type", '""'),
    "request.n > 9_223_372_036_854_775_808": ("too large", "9223372036854775807"),
    "account.age_days > 1e999": ("too large", ""),
    "request.n * request.n * request.n * request.n * request.n > 1": ("too large", "fewer fields"),
    "account.age_days > days(3)": ("gives no value", "docs/policy.md"),
    "account": ("account alone is no value", "account.tier"),
    "account.plan == account": ("account alone is no value", "account.tier"),
    "later": ("used before it is assigned, on line 2", "move"),
    "not account.plan": ("must be true or false", "compare it"),
}
"""Conditions that are refused: what the message says, and its hint."""


@pytest.mark.parametrize("condition", list(CONDITIONS))
def test_a_faulty_condition_is_refused_with_a_hint(condition: str) -> None:
    found = faults(observed(condition) + "\nlater = account.held")
    what, hint = CONDITIONS[condition]
    assert any(what in fault.what and hint in fault.hint for fault in found), found
    assert all(fault.line == 1 and fault.column > 16 for fault in found)


RULES: dict[str, tuple[str, str]] = {
    "a = rule(do = observe())": ("has no when", "when"),
    "a = rule(when = account.held)": ("has no do", "do"),
    "a = rule(when = account.held, do = observe(), when = account.held)": ("given twice", "leave out"),
    "a = rule(when = account.held, do = observe(), colour = 1)": ("takes no colour", "known:"),
    "a = rule(account.held, do = observe())": ("has no name", "when"),
    "a = rule(**account)": ("** is not part", "each argument"),
    "a = rule(when = account.held, do = account.held)": ("a step is needed", "review()"),
    'a = rule(when = account.held, do = block(), reason = "x")': ("never ends", "days(14)"),
    "a = rule(when = account.held, do = block(), expires = days(1))": ("no reason code", "names no detector"),
    f"a = rule(when = account.held, do = slow(), {SLOW.partition(', ')[2]})": ("no budget", "account_tokens"),
    "a = rule(when = account.held, do = slow(account_tokens = -1))": ("cannot be -1", "from 0"),
    "a = rule(when = account.held, do = slow(account_tokens = True))": ("must be a whole number", "mend"),
    "a = rule(when = account.held, do = trim(most_n = 0))": ("cannot be 0", "from 1"),
    "a = rule(when = account.held, do = route())": ("nobody has consented", "hidden("),
    "a = rule(when = account.held, do = mark())": ("nobody has consented", "hidden("),
    'a = rule(when = account.held, do = mark(consent = hidden(reason = "r", approver = "a")))': (
        "needs its policy line",
        "policy_line",
    ),
    'a = rule(when = account.held, do = mark(consent = hidden(reason = "r", approver = " ", policy_line = "p")))': (
        "approver is empty",
        "say it",
    ),
    f'a = rule(when = account.held, do = block(), {SLOW.partition(", ")[2]}, kind = "friction")': (
        'of kind "block"',
        '"block"',
    ),
    'a = rule(when = account.held, do = block(), expires = days(1), reason = "Found by X!")': (
        "no code",
        "small letters",
    ),
    'a = rule(when = account.held, do = block(), expires = days(367), reason = "x")': (
        "cannot be 367",
        "366",
    ),
    'a = rule(when = account.held, do = block(), expires = 5, reason = "x")': (
        "a length of time",
        "days(14)",
    ),
    f"a = rule(when = account.held, do = {SLOW}, onset = days(1))": ("no shorter", "shorten"),
    "a = rule(when = account.held, do = review(remedy = 'shout'))": ('no remedy "shout"', "rotate-keys"),
    "a = rule(when = account.held, do = observe(), ceiling = -1)": ("cannot be -1", "from 0"),
    "a = rule(when = account.held, do = observe(), touches = case())": ("list of cases", "[case("),
    "a = rule(when = account.held, do = observe(), touches = [case(tier = 'nmed')])": (
        'never "nmed"',
        "present",
    ),
    "a = rule(when = account.held, do = observe(), touches = [case(age_days = 3)])": (
        "takes no age_days",
        "account_age_days",
    ),
    "a = rule(when = account.held, do = observe(), touches = [case(n = 'x')])": ("request.n is", "mend"),
    "a = rule(when = account.held, do = observe(), touches = [case(n = 1, request_n = 2)])": (
        "given twice",
        "leave out",
    ),
    "days(3)": ("stands alone", "name = rule"),
    "account.held": ("not part", "docs/policy.md"),
    "account = 3": ("a name of the language", "another"),
    "block = 3": ("a name of the language", "another"),
    "__x = 3": ("begins with a letter", "another"),
    "ä = 3": ("begins with a letter", "another"),
    "a = b = 3": ("only one name", "name = value"),
    "a, b = 1, 2": ("only one name", "name = value"),
    "a: int = 3": ("annotations", "name = value"),
    "a += 1": ("assigned once", "another"),
    "import os": ("nothing can be imported", "there already"),
    "def f(): return 1": ("functions of your own", "name"),
    "while True: pass": ("loops", "tuple"),
    "x = 1\nx = 2": ("assigned already, on line 1", "once"),
    'x = "\\d"': ("an escape that is not part", "u00e4"),
    'x = "\\400"': ("an escape that is not part", "u00e4"),
    "x = request.n == 1or account.held": ("a space is missing", "1 or x"),
    "x = account.held && account.exempt": ("the syntax is wrong", "`and`"),
    "x = (account.held": ("the syntax is wrong", "mend"),
    "x = 1\0": ("null", "take it out"),
    'x = "\u202e"': ("cannot be shown", "one line"),
}
"""Files that are refused: what the message says, and its hint."""


@pytest.mark.parametrize("text", list(RULES))
def test_a_faulty_rule_is_refused_with_a_hint(text: str) -> None:
    what, hint = RULES[text]
    found = faults(text)
    assert any(what in fault.what and hint in fault.hint for fault in found), found


def test_all_faults_are_told_at_once_with_line_and_caret() -> None:
    text = 'buero = account.plan == "büro" and campaign.scal > 1\nx = later\n\ty = 1\n'
    with pytest.raises(PolicyFaults, match="unexpected indent"):
        read(text)
    text = text.replace("\ty", "later")
    with pytest.raises(PolicyFaults) as refused:
        read(text)
    assert [(fault.line, fault.column) for fault in refused.value.faults] == [(1, 36), (2, 5)]
    shown = str(refused.value).splitlines()
    place = shown.index('      buero = account.plan == "büro" and campaign.scal > 1')
    assert shown[place + 1].index("^") == shown[place].index("campaign.scal")
    assert "did you mean campaign.scale?" in shown[place + 2]


def test_a_long_line_is_shown_around_the_place() -> None:
    (fault,) = faults(observed(" or ".join(["account.held"] * 30 + ["request.nn == 1"])))
    lines = str(fault).splitlines()
    assert len(lines[1]) < 120
    assert lines[1][lines[2].index("^") :].startswith("request.nn")


def test_a_fault_is_told_once_where_its_name_is_used_often() -> None:
    assert len(faults("x = account.plann\n" + "".join(f"y{i} = x and x\n" for i in range(9)))) == 1


def test_names_cannot_grow_without_end() -> None:
    lines = ["x0 = account.held"] + [f"x{i} = x{i - 1} and x{i - 1}" for i in range(1, 60)]
    assert "more than 2,000 nodes" in faults("\n".join(lines))[0].what


def test_files_that_are_too_large_or_no_text(tmp_path: Path) -> None:
    path = tmp_path / "p.policy"
    for data, what in (
        (b"#" * (source.MOST_BYTES + 1), "larger than"),
        (b"# a\n# \xff", "not UTF-8"),
        (None, "cannot be read"),
    ):
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(PolicyError, match=what) as refused:
            read_policy(path)
        assert "p.policy" in refused.value.where


def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path: Path) -> None:
    text = observed("account.held") + "\n# end\n"
    (tmp_path / "a").write_bytes(text.encode())
    (tmp_path / "b").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_policy(tmp_path / "a").digest == read_policy(tmp_path / "b").digest


def test_a_version_is_what_a_rule_says_not_how_it_is_laid_out() -> None:
    plain = read(f"a = rule(when = {NAMED} and request.n > 200_000, do = {SLOW})").rules[0]
    named = read(
        "# why\nMOST = 100_000 * 2\ntier = account.tier\nmany = request.n > MOST\n"
        'op = campaign.role == "operator"\nstep = slow(account_tokens = 10)\n'
        'a = rule(do = step, reason = "x", expires = hours(24),\n  when = op and tier == "named" and many)'
    ).rules[0]
    assert canonical(plain) == canonical(named)
    assert plain.version == named.version
    assert len(plain.version) == 12
    for change in ("n > 1", 'reason = "y"', "days(2)", "tokens = 11"):
        old = {
            "n > 1": "n > 200_000",
            'reason = "y"': 'reason = "x"',
            "days(2)": "days(1)",
            "tokens = 11": "tokens = 10",
        }
        text = f"a = rule(when = {NAMED} and request.n > 200_000, do = {SLOW})".replace(old[change], change)
        assert read(text).rules[0].version != plain.version


def test_versions_are_counted_as_ever() -> None:
    """A state folder names rules by their versions: counted in another way, no guard would start on it."""
    rule = read(
        f"""a = rule(when = {NAMED} and not (request.n in (1, 2.5) or campaign.scale * 2 - -request.n < 1),
        do = trim(most_n = 2, consent = hidden(reason = "r", approver = "Ädà", policy_line = "4")),
        expires = days(1), onset = minutes(5), reason = "x", touches = [case(tier = "near")], about = "b\\"")"""
    ).rules[0]
    assert rule.version == "6112aa20b340", canonical(rule)


@settings(max_examples=200, deadline=None)
@given(conditions())
def test_the_canonical_text_is_in_the_language_and_is_its_own(condition: str) -> None:
    first = read(observed(condition)).rules[0]
    when = canonical(first).splitlines()[1].strip().removeprefix("when = ").removesuffix(",")
    assert read(observed(when)).rules[0].when == first.when


WARNED = {
    'account.tier == "present"': "will never act: the limits do not allow it for accounts of tier present",
    "campaign.scale > 0.5": "held back in part: the limits do not allow it for accounts of tier near, none, present",
    'account.tier == "named"': "held back in part: the limits do not allow it for campaigns of role none, provider",
    f'{NAMED} and account.tier == "near"': "no account can meet its condition",
    f"{NAMED} and permit.covers": "no account can meet its condition",
}


@pytest.mark.parametrize("condition", list(WARNED))
def test_what_the_limits_will_hold_back_is_warned_of(condition: str) -> None:
    found = read(f'a = rule(when = {condition}, do = block(), expires = days(1), reason = "x")')
    assert any(WARNED[condition] in one.what for one in found.warnings), found.warnings


def test_nothing_is_warned_of_where_the_limits_agree() -> None:
    text = f"""a = rule(when = {NAMED}, do = {SLOW},
        touches = [case(tier = "named", role = "operator")], spares = [case()])"""
    assert read(text).warnings == ()
    assert any("no examples of both kinds" in w.what for w in read(text.replace("case()", "")).warnings)
    assert "x is not used" in read("x = 1\n" + text).warnings[0].what


def test_examples_are_tried_with_the_limits() -> None:
    text = f"""a = rule(when = {NAMED}, do = {SLOW},
        touches = [case(tier = "named", role = "operator"), case(tier = "named")],
        spares = [case(tier = "named", role = "operator", permit_covers = True),
                  case(tier = "named", role = "operator", held = True),
                  case(tier = "named", role = "operator")])"""
    found = tried(read(text).rules[0])
    assert [one.holds for one in found] == [True, False, True, True, False]
    assert [str(one.held_back) for one in found[2:]] == ["permit", "hold", ""]


def test_steps_have_what_they_need() -> None:
    agreed = 'hidden(reason = "r", approver = "Ada", policy_line = "terms 4")'
    file = read(
        f"agreed = {agreed}\n"
        + "".join(
            f'{name} = rule(when = {NAMED}, do = {step}, expires = days(1), reason = "x")\n'
            for name, step in {
                "t": "trim(most_n = 2, consent = agreed, delay_ms = 5)",
                "r": 'route(model = "small", consent = agreed)',
                "s": "summarise(consent = agreed)",
                "m": "mark(consent = agreed)",
                "v": "verify()",
                "b": "block()",
                "w": "slow(account_tokens = 1, campaign_tokens = 2)",
                "q": 'review(remedy = "rotate-keys")',
                "p": "permit()",
                "o": "observe()",
            }.items()
        )
    )
    rules = {rule.name: rule for rule in file.rules}
    kinds = {name: rule.kind for name, rule in rules.items()}
    assert {name for name, kind in kinds.items() if kind is RuleKind.BLOCK} == {"v", "b"}
    assert {name for name, kind in kinds.items() if kind is RuleKind.FRICTION} == {"t", "r", "s", "m", "w"}
    assert (kinds["q"], kinds["p"], kinds["o"]) == (RuleKind.REVIEW, RuleKind.PERMIT, RuleKind.OBSERVE)
    assert (rules["t"].action.most_n, rules["t"].action.delay_ms) == (2, 5)
    assert rules["r"].action.model == "small"
    assert (rules["w"].action.account_tokens, rules["w"].action.campaign_tokens) == (1, 2)
    assert rules["m"].action.consent is not None
    assert rules["m"].action.consent.approver == "Ada"
    assert rules["q"].remedy == "rotate-keys"
    assert {rule.action.step for rule in file.rules} == set(Step)
