"""The guard's own log: detection reads it, and no words are in it unless it was told to keep them."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
import zstandard

from stillwatch.guard.exchanges import Exchange, ExchangeLog, without_words

BODY = {
    "model": "heron",
    "temperature": 0.7,
    "n": 1,
    "user": "end-user-1",
    "metadata": {"user_id": "user_a_account__session_b", "note": "planted words here"},
    "messages": [{"role": "user", "content": "planted words here"}],
    "system": "planted words here",
    "tools": [{"name": "planted", "description": "planted words here"}],
    "stop": ["planted words here"],
    "unheard_of": "planted words here",
    "deep": {"inner": {"words": "planted words here"}},
    "options": {"top_k": 5, "note": "planted words here"},
}
ANSWER = {
    "id": "chatcmpl-1",
    "choices": [{"message": {"role": "assistant", "content": "planted words here"}}],
    "usage": {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


def exchange(number: int = 1) -> Exchange:
    return Exchange(
        f"r{number}",
        "ada",
        1_790_000_000.0 + number,
        "/v1/chat/completions",
        200,
        250,
        "203.0.113.9",
        "t13d1516h2_8daaf6152771_b186095e22b6",
        {"user-agent": "OpenAI/Python 2.0", "authorization": "planted secret", "x-stainless-os": "Linux"},
        BODY,
        ANSWER,
        "0" * 32,
    )


def written(folder: Path, *, words: bool = False) -> bytes:
    told: list[bytes] = []

    class Commits:
        def committed(self, line: bytes) -> None:
            told.append(line)

    log = ExchangeLog(folder, lambda name: f"known-{name}", words=words, served=Commits())
    for number in range(40):
        log.write(exchange(number))
    log.close()
    (path,) = folder.glob("exchanges-*.jsonl.zst")
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())) as reader:
        data = reader.read()
    assert data == b"".join(told)  # what is committed to is what stands in the log, byte for byte
    return data


def test_no_words_and_no_secrets_are_kept(tmp_path: Path) -> None:
    data = written(tmp_path)
    assert b"planted" not in data
    row = orjson.loads(data.splitlines()[0])
    assert row["account_id"] == "known-ada"
    assert row["request"] == {
        "model": "heron",
        "temperature": 0.7,
        "n": 1,
        "user": "end-user-1",
        "metadata": {"user_id": "user_a_account__session_b"},
    }
    assert row["response"]["usage"] == ANSWER["usage"]
    assert row["headers"] == {"user-agent": "OpenAI/Python 2.0", "x-stainless-os": "Linux"}


def test_words_are_kept_where_the_owner_says_so(tmp_path: Path) -> None:
    data = written(tmp_path, words=True)
    assert b"planted words here" in data
    assert b"planted secret" not in data


@pytest.mark.parametrize("words", [False, True])
def test_detect_reads_it(tmp_path: Path, words: bool) -> None:
    from stillwatch.pipeline import Inputs, detect
    from stillwatch.run.reading import Run
    from stillwatch.schema.keyed import HashKey
    from stillwatch.settings import Settings

    written(tmp_path / "log", words=words)
    inputs = Inputs((tmp_path / "log",), key=HashKey.public())
    detect(inputs, tmp_path / "run", Settings(), lambda *_: None)
    rows = [row for batch in Run(tmp_path / "run").batches("exchanges") for row in batch.to_pylist()]
    assert len(rows) == 40
    assert {row["request_id"] for row in rows} == {f"r{number}" for number in range(40)}
    first = rows[0]
    assert (first["input_tokens"], first["output_tokens"], first["reasoning_tokens"]) == (7, 3, 2)
    assert first["has_text"] is words
    assert first["ja4"] is not None
    assert first["client"] is not None
    assert first["end_user"] is not None


def test_a_body_of_anything_keeps_only_bare_values() -> None:
    assert without_words({"a": "b c", "d": "e", "f": [1], "g": {"h": 1}, "i": None}) == {
        "d": "e",
        "g": {"h": 1},
        "i": None,
    }
