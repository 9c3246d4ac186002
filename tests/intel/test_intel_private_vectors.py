"""The package `voprf` does what RFC 9497 says, appendix A.1.2 (ristretto255-SHA512, verifiable mode)."""

from __future__ import annotations

import pytest
from voprf import ristretto

SEED, INFO = b"\xa3" * 32, b"test key"
PUBLIC = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
VECTORS = [
    (
        b"\x00",
        "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
        "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
        "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    ),
    (
        b"\x5a" * 17,
        "cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",
        "60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",
        "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
        "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
    ),
]
SECOND_OF_BATCH = (
    "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
    "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
)


def evaluator() -> ristretto.Evaluator:
    return ristretto.Evaluator.from_seed(SEED, INFO)


def test_the_key_is_derived_as_the_rfc_says() -> None:
    assert evaluator().public_key.serialize().hex() == PUBLIC


@pytest.mark.parametrize(("given", "blinded", "evaluated", "output"), VECTORS)
def test_a_blinded_input_gives_the_vector(given: bytes, blinded: str, evaluated: str, output: str) -> None:
    answer = evaluator().evaluate(ristretto.BlindedInput.deserialize(bytes.fromhex(blinded))).serialize()
    assert answer[64:].hex() == evaluated
    assert evaluator().evaluate_known_input(given).hex() == output
    client, own = ristretto.Client.blind(given)
    key = ristretto.PublicKey.deserialize(bytes.fromhex(PUBLIC))
    assert client.finalize(evaluator().evaluate(own), key).hex() == output


def test_a_batch_gives_the_vectors_of_appendix_a_1_2_3() -> None:
    (_, first, first_evaluated, _), _ = VECTORS
    second, second_evaluated = SECOND_OF_BATCH
    batch = [ristretto.BlindedInput.deserialize(bytes.fromhex(one)) for one in (first, second)]
    answer = evaluator().evaluate_batch(batch).serialize()
    assert len(answer) == 2 * 32 + 64
    assert answer[64:].hex() == first_evaluated + second_evaluated


def test_another_key_does_not_pass() -> None:
    client, own = ristretto.Client.blind(b"\x00")
    with pytest.raises(ValueError, match="invalid proof"):
        client.finalize(ristretto.Evaluator(b"\x01" * 32).evaluate(own), evaluator().public_key)


def test_every_input_of_the_batch_counts_in_its_proof() -> None:
    pairs = [ristretto.Client.blind(bytes([number])) for number in range(4)]
    answer = evaluator().evaluate_batch([blinded for _, blinded in pairs]).serialize()
    swapped = answer[:64] + answer[96:128] + answer[64:96] + answer[128:]
    outputs = ristretto.VerifiableBatchOutput.deserialize(swapped)
    # The package panics here, which is why the client of the service catches more than ValueError.
    with pytest.raises(BaseException, match="ProofVerification"):
        ristretto.Client.finalize_batch([client for client, _ in pairs], outputs, evaluator().public_key)
