"""Requests with their words to exchanges without them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.flags import Flag
from stillwatch.schema.keyed import HashKey, Int64s, keys_of, keys_of_texts, seal
from stillwatch.schema.stored import EXCHANGES
from stillwatch.settings import SketchSettings
from stillwatch.sketch import rows
from stillwatch.sketch.arrow import compute
from stillwatch.sketch.chain import chain_keys, signature_keys
from stillwatch.sketch.characters import SCRIPTS
from stillwatch.sketch.counters import planes
from stillwatch.sketch.cues import OF_FLAGS
from stillwatch.sketch.fingerprints import bench
from stillwatch.sketch.flat import characters_of, flatten, with_role
from stillwatch.sketch.frequent import common
from stillwatch.sketch.intent import COLUMNS, Packed, load_intent, packed, room_for
from stillwatch.sketch.language import languages, names_of, scripts_of
from stillwatch.sketch.lexicon import lexicon_of, unseen
from stillwatch.sketch.marks import marks_of
from stillwatch.sketch.offered import MOST_PARTS
from stillwatch.sketch.opened_turn import answers_of, self_elicited
from stillwatch.sketch.rows import TOOL, Sheet, Texts
from stillwatch.sketch.thinking import tags
from stillwatch.sketch.words import alphabet, room

PASSED = (
    "request_id",
    "time",
    "model",
    "status",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_written_tokens",
    "spend",
    "duration_ms",
    "asn",
    "network_class",
    "region",
)
"""Columns that hold no person's words and are copied."""


@dataclass(frozen=True)
class Sketched:
    """The result of sketching a batch of requests."""

    exchanges: pa.RecordBatch
    """Table EXCHANGES."""
    labels: pa.Table
    """Table LABELS, each row once."""
    accounts: pa.Table
    """account and account_id, each pair once."""


def sketch(batch: pa.RecordBatch, key: HashKey, settings: SketchSettings) -> Sketched:
    """Sketch a batch of table REQUESTS; the result holds none of its words."""
    messages, answers = batch.column("messages"), batch.column("answer")
    texts = flatten(messages, answers)
    sheet = run(texts, key, settings)
    marks, labels = marks_of(batch, key)
    columns = {name: batch.column(name) for name in PASSED} | marks
    columns |= _content(batch, texts, sheet)
    columns |= chain_keys(texts, np.asarray(answers.is_valid()), key)
    columns |= {name: signature_keys(batch.column(name), key) for name in ("signatures", "signed")}
    columns["request"] = keys_of(batch.column("request_id"), key, "request")
    columns["account"] = account_keys(batch.column("account_id"), key)
    exchanges = pa.RecordBatch.from_arrays(
        [columns[c.name].cast(c.type) for c in EXCHANGES.columns], schema=EXCHANGES.arrow
    )
    seen = pa.table({"account": exchanges.column("account"), "account_id": batch.column("account_id")})
    return Sketched(
        exchanges, labels.table(), seen.group_by(["account", "account_id"], use_threads=False).aggregate([])
    )


def account_keys(ids: pa.Array[Any], key: HashKey) -> pa.Array[Any]:
    """Return keys of account ids, the same in exchanges and accounts."""
    keys: pa.Array[Any] = keys_of(ids.dictionary_encode(), key, "account")
    return keys


def run(texts: Texts, key: HashKey, settings: SketchSettings) -> Sheet:
    """Run the kernels over a batch; returns their sheet, with every key sealed."""
    rows_, most = len(texts.rows), max(2, settings.shingles_kept)
    longest = texts.spans[:, 1] - texts.spans[:, 0]
    place = min(rows_ * most, int(longest.sum()) + 2 * rows_) + most
    # A width that is no power of two keeps the sheet's rows apart in the processor's cache.
    sheet = Sheet(
        np.zeros((rows.HEIGHT, rows_ + 56), np.int64),
        np.empty(place, np.int64),
        np.empty(place, np.int32),
        np.empty((rows_ + 1) * MOST_PARTS, np.int64),
    )
    end, offered = (int(count) for count in rows.sketch_rows(texts, tools_of(key, settings), sheet))
    for i, kind in enumerate(rows.KINDS):
        seal(sheet.numbers[i], *key.halves(kind))
    seal(sheet.shingles[:end], *key.halves("shingle"))
    seal(sheet.offers[:offered], *key.halves(rows.KINDS[rows.PROMPT]))
    return Sheet(sheet.numbers[:, :rows_], sheet.shingles[:end], sheet.places[:end], sheet.offers[:offered])


@lru_cache(maxsize=1)
def packed_intent() -> Packed:
    """The shipped intent model, in the form that the kernels take."""
    return packed(load_intent())


def tools_of(key: HashKey, settings: SketchSettings) -> rows.Tools:
    """Return the tables, and fresh room for one run of the kernels."""
    most = max(1, settings.max_chars)
    refusals, cues, intent = (
        lexicon_of((("refusal.txt", 1),)),
        lexicon_of(OF_FLAGS),
        room_for(packed_intent()),
    )
    windows, signs = (
        keys_of_texts(["w0", "w1"], key, "window").view(np.uint64),
        keys_of_texts(["s0", "s1"], key, "sign").view(np.uint64),
    )
    secrets = np.array([*windows, *signs, *key.halves("prefix")], np.uint64)
    sizes = np.array(
        [
            settings.edge_words,
            settings.shingle_words,
            settings.shingle_rate,
            max(2, settings.shingles_kept),
            most,
        ],
        np.int64,
    )
    words = 2 * most + 8
    votes, scripts = planes(), np.zeros(len(SCRIPTS), np.int64)
    return rows.Tools(
        alphabet(2 * most + 8),
        common(),
        refusals,
        unseen(refusals),
        cues,
        unseen(cues),
        intent,
        np.zeros((1, COLUMNS + 1), np.int64),
        secrets,
        room(words, 2),
        room(words, 7),
        bench(words),
        tags(),
        votes,
        scripts,
        languages()[1],
        sizes,
    )


def _content(batch: pa.RecordBatch, texts: Texts, sheet: Sheet) -> dict[str, pa.Array[Any]]:
    """Return the columns that come from the messages; null where the log held none."""
    messages, numbers = batch.column("messages"), sheet.numbers
    without = ~np.asarray(messages.is_valid())
    keys = {
        kind: pa.array(numbers[i], mask=(numbers[rows.KNOWN] >> i) & 1 == 0)
        for i, kind in enumerate(rows.KINDS[: rows.FIRST_BAND])
    }
    unread = (numbers[rows.KNOWN] >> rows.PROMPT) & 1 == 0
    silent = np.asarray(batch.column("answer").is_null())
    offsets, offered = (
        np.concatenate([[0], numbers[end]]).astype(np.int32) for end in (rows.SHINGLES_END, rows.OFFERS_END)
    )
    written: Any = compute.utf8_length(batch.column("answer"))
    return keys | {
        "has_text": pa.array(~without),
        "flags": pa.array(numbers[rows.FLAGS] | _of_request(batch, texts, numbers, written), mask=without),
        "harvest": pa.array(numbers[rows.HARVEST], mask=without),
        "reasoning_share": _reasoning_share(batch, texts, numbers[rows.REASONING]),
        "words": pa.array(numbers[rows.WORDS], mask=without),
        "shingles": _lists(sheet.shingles, offsets, without),
        "places": _lists(sheet.places, offsets, without),
        "bands": _bands(numbers[rows.FIRST_BAND : rows.SEMANTIC], unread, without),
        "semantic": pa.array(numbers[rows.SEMANTIC], mask=unread),
        "language": names_of(numbers[rows.LANGUAGE]),
        "script": scripts_of(numbers[rows.SCRIPT]),
        "prompt_chars": pa.array(characters_of(messages), mask=without),
        "answer_chars": written,
        "turns": pa.array(np.minimum(numbers[rows.TURNS], 2**15 - 1), mask=without),
        "refused": pa.array(numbers[rows.REFUSAL] != 0, mask=silent),
        "offers": _lists(sheet.offers, offered, silent),
    }


def _reasoning_share(batch: pa.RecordBatch, texts: Texts, inline: Int64s) -> Any:
    """Return the bytes between tags over all bytes of the answer.

    Where there are no tags, it is reasoning tokens over output tokens.
    """
    size = texts.answer_spans[:, 1] - texts.answer_spans[:, 0]
    thought, written = (
        np.asarray(batch.column(name).fill_null(0)).astype(np.float64)
        for name in ("reasoning_tokens", "output_tokens")
    )
    told = np.asarray(batch.column("reasoning_tokens").is_valid()) & (written > 0)
    by_tokens = np.where(told, np.minimum(thought, written) / np.maximum(written, 1.0), 0.0)
    share = np.where(inline > 0, inline / np.maximum(size, 1), by_tokens)
    return pa.array(share.astype(np.float32), mask=(inline == 0) & ~told)


def _of_request(batch: pa.RecordBatch, texts: Texts, numbers: Int64s, written: Any) -> Int64s:
    """Return the flags that the request itself shows, without the model. written: characters of answers."""
    opened = self_elicited(texts, numbers[rows.LAST_USER], answers_of(batch, written))
    agentic = _agentic(batch, texts)
    bits = np.where(agentic, Flag.AGENTIC.value, 0) | np.where(opened & ~agentic, Flag.SELF_ELICITED.value, 0)
    return np.asarray(bits, np.int64)


def _agentic(batch: pa.RecordBatch, texts: Texts) -> npt.NDArray[np.bool_]:
    return np.asarray(batch.column("tools").is_valid()) | with_role(batch.column("messages"), texts, TOOL)


def _lists(values: Any, offsets: Any, without: npt.NDArray[np.bool_]) -> Any:
    arrays: Any = pa.ListArray
    return arrays.from_arrays(pa.array(offsets), pa.array(values), mask=pa.array(without))


def _bands(bands: Int64s, unread: npt.NDArray[np.bool_], without: npt.NDArray[np.bool_]) -> Any:
    offsets = np.concatenate([[0], np.cumsum(np.where(unread, 0, len(bands)))]).astype(np.int32)
    return _lists(bands.T[~unread].ravel(), offsets, without)
