"""No value of a customer leaves in any form: over random runs, and over every place where one could stand."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from intel_runs import IDENTITY, NOW, customer, gate, maker, planted

from stillwatch.errors import IntelError
from stillwatch.intel.gate.disclosure import SECRECIES, card_of, disclose, must_be_card
from stillwatch.intel.gate.forms import leaves
from stillwatch.intel.gate.passing import Passage, Purpose, objections, objections_to, public_objects
from stillwatch.intel.gate.source import of_run
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix.bundle import bundle_bytes
from stillwatch.intel.stix.facts import FAMILIES, ROLES, VERDICTS
from stillwatch.intel.stix.making import SharedToken, objects_of
from stillwatch.intel.tlp import Tlp
from stillwatch.registry import SIGNALS

SCO = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace from which STIX makes the ids of observables."""
TOKEN = SharedToken(IndicatorKind.EMAIL, "2026-W48", "voprf-ristretto255-sha512", "0c" * 32)


def disguises(value: str) -> Iterator[str]:
    """A value and what can be turned back into it, or checked against a guess."""
    for text in {value, value.lower(), value.upper(), value.strip()}:
        raw = text.encode()
        yield text
        yield raw.hex()
        yield base64.b64encode(raw).decode().rstrip("=")[:-1]
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=")[:-1]
        yield base64.b32encode(raw).decode().rstrip("=")[:-1]
        for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
            digest = hashlib.new(name, raw).digest()
            yield digest.hex()
            yield digest.hex()[:16]
            yield base64.b64encode(digest).decode()[:20]
        yield hmac.new(b"", raw, hashlib.sha256).hexdigest()[:16]
        yield str(uuid.uuid5(SCO, text))
        yield str(uuid.uuid5(SCO, json.dumps({"value": text}, separators=(",", ":"))))
        yield str(uuid.UUID(bytes=hashlib.sha256(raw).digest()[:16], version=4))


def must_not_stand(values: list[str], *outputs: bytes) -> None:
    texts = [output.decode().lower() for output in outputs]
    for value in values:
        for shape in disguises(value):
            assert not any(shape.lower() in text for text in texts), value


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    numbers=st.sets(st.integers(0, 900_000), min_size=5, max_size=14),
    families=st.sets(st.sampled_from(FAMILIES), min_size=1),
    signals=st.sets(st.sampled_from(sorted(SIGNALS.all()))),
    verdict=st.sampled_from(VERDICTS),
    role=st.sampled_from(ROLES),
    level=st.sampled_from(list(Tlp)),
    count=st.booleans(),
)
def test_nothing_of_a_customer_leaves_whatever_the_run(
    numbers: set[int],
    families: set[str],
    signals: set[str],
    verdict: str,
    role: str,
    level: Tlp,
    count: bool,
) -> None:
    customers = [customer(number) for number in sorted(numbers)]
    group = Group(
        "camp-zyx",
        len(customers),
        verdict,
        role,
        families=sorted(families),
        signals=sorted(signals) or ("volume",),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = planted(Path(folder) / "run", customers, group)
        facts, watched = of_run(run, "C001")
        door = gate(Path(folder))
        tokens = [TOKEN] if count else []
        made = door.propose(
            facts,
            watched,
            by="Anna",
            purpose=Purpose.DETECTION,
            level=level,
            clearance=Tlp.RED,
            now=NOW,
            tokens=tokens,
            count=count,
        )
        card = disclose(door, facts, watched, owner="Counsel", by="Anna", level=level, now=NOW)
        door.decide(made.number, by="Bela", sha256=made.sha256, agree=True, now=NOW)
        back = door.revoke("camp-zyx", by="Anna", reason="a test", now=NOW)
        door.database.close()
    values = [value for one in customers for value in one.values()]
    assert watched.values >= set(values)
    must_not_stand([*values, "camp-zyx"], made.content, card.content, back.content)
    exact = f'"accounts": {len(customers)}'
    assert exact not in made.content.decode()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], Passage, dict[str, Any]]:
    customers = [customer(number) for number in range(7)]
    run = planted(tmp_path_factory.mktemp("leaks") / "run", customers)
    facts, _ = of_run(run, "C001")
    objects = json.loads(bundle_bytes(objects_of(facts, maker(), [TOKEN], 7)))["objects"]
    # The second lock is taken away: the forms alone must hold.
    passage = Passage(
        IDENTITY, "provider-a", Tlp.AMBER, Tlp.AMBER, Purpose.DETECTION, 7, 5, count=7, watched=Watched()
    )
    assert objections(objects, passage) == []
    return objects, passage, card_of(facts, "provider-a", Tlp.AMBER)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places(inner, (*path, at))
    else:
        yield path


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def refused(item: dict[str, Any], passage: Passage, objects: list[dict[str, Any]]) -> bool:
    """Whether the gate's own forms refuse an object, whatever other checks say of it."""
    public = public_objects()
    if public.get(item["id"]) == item:
        return False
    ids = {one["id"] for one in objects} | set(public)
    return any(objections_to(item, passage, ids)) if isinstance(item["type"], str) else True


def test_no_place_of_an_object_takes_a_value_of_a_customer(
    whole: tuple[list[dict[str, Any]], Passage, dict[str, Any]],
) -> None:
    objects, passage, _ = whole
    tried = 0
    one = customer(3)
    seen: set[tuple[Any, ...]] = set()
    for item in objects:
        for path in places(item):
            known = (item["type"], *(step for step in path if isinstance(step, str)))
            if known in seen:
                continue
            seen.add(known)
            for value in (one.address, hashlib.sha256(one.email.encode()).hexdigest(), one.owner, 4_930_555):
                other = copy.deepcopy(item)
                put(other, path, value)
                if path[-1] in ("rule_set", "run_digest") and isinstance(value, str) and len(value) == 64:
                    continue  # a digest is all that can stand there; the second lock knows those of the run
                assert refused(other, passage, objects), (path, value)
                tried += 1
    assert tried > 300


def test_no_place_can_be_added_to_an_object(
    whole: tuple[list[dict[str, Any]], Passage, dict[str, Any]],
) -> None:
    objects, passage, _ = whole
    for item in objects:
        for name, value in (("labels", ["fine"]), ("x_note", "fine"), ("aliases", ["fine"]), ("lang", "en")):
            assert refused({**item, name: value}, passage, objects), (item["type"], name)


def test_no_other_type_of_object_leaves(
    whole: tuple[list[dict[str, Any]], Passage, dict[str, Any]],
) -> None:
    objects, passage, _ = whole
    address = {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": f"ipv4-addr--{uuid.uuid5(SCO, 'x')}",
        "value": "203.0.113.9",
        "object_marking_refs": [Tlp.AMBER.id],
    }
    assert objections([*objects, address], passage)


@pytest.mark.parametrize(
    "change",
    [
        {"token_scheme": "sha256"},
        {"token_scheme": "hmac-sha256"},
        {"token_kind": "prompt"},
        {"token_epoch": "198.51.100.7"},
    ],
)
def test_a_token_made_otherwise_does_not_leave(
    whole: tuple[list[dict[str, Any]], Passage, dict[str, Any]], change: dict[str, str]
) -> None:
    objects, passage, _ = whole
    other = copy.deepcopy(objects)
    token = next(one for one in other if one.get("pattern_type") == "stillwatch-token")
    next(iter(token["extensions"].values())).update(change)
    assert objections(other, passage)


def test_the_second_lock_knows_a_plain_hash_in_the_place_of_a_token() -> None:
    one = customer(5)
    watched = Watched(frozenset({one.email, one.account}))
    for data in (
        f"token:v1:email:2026-W48:{hashlib.sha256(one.email.encode()).hexdigest()}",
        f"token:v1:email:2026-W48:{hmac.new(b'', one.email.encode(), hashlib.sha256).hexdigest()}",
        base64.b64encode(b"xy" + one.email.encode() + b"z").decode(),
        one.account.upper(),
        one.email.encode().hex().upper(),
    ):
        assert watched.found_in(data.encode()), data
    assert not watched.found_in(TOKEN.pattern.encode())


def test_the_second_lock_is_not_met_by_chance() -> None:
    watched = Watched(frozenset({"C001", "4930555", "beef"}))
    for fine in ("identity--00c0014f-4930-4555-beef-84930555c001", "ab4930555cd", "c001-11"):
        assert not watched.found_in(fine.encode()), fine
    for bad in ('"c001"', "in C001.", "account 4930555", "beef:1"):
        assert watched.found_in(bad.encode()), bad


def test_no_place_of_a_card_takes_a_value_of_a_customer(
    whole: tuple[list[dict[str, Any]], Passage, dict[str, Any]],
) -> None:
    _, _, card = whole
    must_be_card(card, Watched())
    assert set(card["fields"]) == set(SECRECIES)
    assert all(field["confidentiality"] for field in card["fields"].values())
    for path in places(card):
        other = copy.deepcopy(card)
        put(other, path, "cust-000003-qx 198.51.3.21")
        with pytest.raises(IntelError):
            must_be_card(other, Watched())
    with pytest.raises(IntelError):
        must_be_card({**card, "notes": "fine"}, Watched())


def test_leaves_lose_nothing() -> None:
    found = dict(leaves({"a": [{"b": 1}, {"c": []}], "d": {}, "e": None}))
    assert found == {"a[].b": 1, "a[].c": [], "d": {}, "e": None}
