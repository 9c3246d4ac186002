"""Checkpoints in the forms of C2SP, and signatures of HTTP as RFC 9421 writes them."""

from __future__ import annotations

import base64
import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import IntelError
from stillwatch.intel.hub import notes, signatures
from stillwatch.intel.hub.notes import COSIGNER, LOG, Checkpoint, Verifier

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
POINT = Checkpoint("hub.example", 17, bytes(range(32)))
NOTE = notes.signed(POINT, "hub.example", KEY)
HUB = Verifier("hub.example", LOG, PUBLIC)


def test_a_key_that_others_published_is_read_and_written_the_same() -> None:
    """The key of Go's checksum database, as Go itself ships it."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    found = notes.read_verifier(text, "test")
    assert found.written() == text
    assert found.id.hex() == "033de0ae"


def test_a_note_is_written_and_read_the_same() -> None:
    line = notes.cosignature(POINT, "alpha", KEY, 1_700_000_000)
    note = NOTE.with_line(line)
    text = note.written()
    assert text.startswith("hub.example\n17\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— hub.example ")
    assert notes.read_note(text.encode(), "test") == note
    assert note.signed_by(HUB)
    assert note.cosigned_by(Verifier("alpha", COSIGNER, PUBLIC)) == 1_700_000_000


def test_a_signature_fits_one_text_one_name_and_one_kind() -> None:
    line = notes.cosignature(POINT, "alpha", KEY, 5)
    other = dataclasses.replace(POINT, size=18)
    assert not notes.Note(other, NOTE.lines).signed_by(HUB)
    assert notes.Note(other, (line,)).cosigned_by(Verifier("alpha", COSIGNER, PUBLIC)) is None
    assert not NOTE.signed_by(Verifier("hub.other", LOG, PUBLIC))
    assert NOTE.cosigned_by(Verifier("hub.example", COSIGNER, PUBLIC)) is None
    assert not NOTE.with_line(line).signed_by(Verifier("alpha", LOG, PUBLIC))
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert not NOTE.signed_by(Verifier("hub.example", LOG, stranger))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "hub.example\n17\n",
        NOTE.written()[:-1],
        NOTE.written().replace("17", "017"),
        NOTE.written().replace("17", "-1"),
        NOTE.written().replace("17", "9" * 19),
        NOTE.written().replace("AAEC", "AAE"),
        NOTE.written().replace("Hh8=", "Hh9="),
        NOTE.written().replace("\n\n", "\nmore\n\n"),
        NOTE.written().replace("— ", "- "),
        NOTE.written() + "— hub.example AAAA\n",
        NOTE.written() + "x" * notes.LARGEST_NOTE,
        NOTE.written().replace("hub.example\n17", "hub\x1b.example\n17"),
    ],
)
def test_what_is_no_note_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(IntelError, match="no checkpoint: "):
        notes.read_note(text.encode(), "test")


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_break_the_reader(data: bytes) -> None:
    text = NOTE.written().encode()
    for found in (data, text + data, data + text, text[:40] + data + text[40:]):
        try:
            note = notes.read_note(found, "test")
        except IntelError:
            continue
        assert note.checkpoint == POINT or not note.signed_by(HUB)


@pytest.mark.parametrize("text", ["", "a+b", "hub.example+00000000+AQ==", HUB.written()[:-3], "x" * 500])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(IntelError, match="key"):
        notes.read_verifier(text, "test")


def test_the_example_of_rfc_9421_holds() -> None:
    """Appendix B.2.6: a request that is signed with the test key of B.1.4."""
    public = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
    said = signatures.read_said(
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"',
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    )
    assert said is not None
    headers = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-length": "18",
    }
    target = signatures.Target("POST", "example.com", "/foo", "?param=Value&Pet=dog")
    base = signatures.base_of(said.written, said.components, target, headers)
    assert base is not None
    Ed25519PublicKey.from_public_bytes(public).verify(said.signature, base)


def test_the_digest_is_that_of_rfc_9530() -> None:
    """Appendix D: the digest of the JSON document with the word world."""
    text = signatures.digest_of(b'{"hello": "world"}\n')
    assert text == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert signatures.read_digest(text) == base64.b64decode("RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=")


@pytest.mark.parametrize(
    ("given_input", "signature"),
    [
        ("", ""),
        ("sig1=()", "sig2=:AAAA:"),
        ('sig1=("@path" "@path");created=1', "sig1=:AAAA:"),
        ('sig1=("@path"  "@query");created=1', "sig1=:AAAA:"),
        ('sig1=("@path";req);created=1', "sig1=:AAAA:"),
        ('sig1=("@path");created=1;created=2', "sig1=:AAAA:"),
        ('sig1=("@path");created=1, sig2=()', "sig1=:AAAA:"),
        ('sig1=("@path");nonce="a"b"', "sig1=:AAAA:"),
        ('sig1=("@path")', "sig1=:AAA:"),
        ("sig1=(" + '"a" ' * 2_000 + ")", "sig1=:AAAA:"),
    ],
)
def test_other_forms_of_signatures_are_not_taken(given_input: str, signature: str) -> None:
    assert signatures.read_said(given_input, signature) is None


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_header_breaks_the_reader(one: str, other: str) -> None:
    signatures.read_said(one, other)
    signatures.read_said(f'sig1=("@path"){one}', f"sig1=:{other}:")
    signatures.read_digest(one)
