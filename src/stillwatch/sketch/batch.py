"""Requests with their words to exchanges without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.flags import Flag
from stillwatch.schema.keyed import HashKey, Int64s, keys_of, salt
from stillwatch.schema.stored import EXCHANGES
from stillwatch.settings import SketchSettings
from stillwatch.sketch import rows
from stillwatch.sketch.arrow import compute
from stillwatch.sketch.characters import characters
from stillwatch.sketch.flat import characters_of, flatten, with_role
from stillwatch.sketch.heads import head_labels
from stillwatch.sketch.language import languages, names_of
from stillwatch.sketch.lexicon import REFUSED, Numbers, lexicon_of, secrets_of, unseen
from stillwatch.sketch.marks import marks_of
from stillwatch.sketch.rows import TOOL, Texts
from stillwatch.sketch.words import room

PASSED = (
    "request_id",
    "time",
    "model",
    "status",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "duration_ms",
    "asn",
    "network_class",
    "region",
)
"""Columns that hold no person's words and go on as they are."""


@dataclass(frozen=True)
class Sketched:
    """What is left of a batch of requests."""

    exchanges: pa.RecordBatch
    """Table EXCHANGES."""
    labels: pa.Table
    """Table LABELS, each row once."""
    accounts: pa.Table
    """account and account_id, each pair once."""


def sketch(batch: pa.RecordBatch, key: HashKey, settings: SketchSettings) -> Sketched:
    """Sketch a batch of table REQUESTS; nothing of its words is in the result, unless `template_text` asks for template heads."""
    messages, answers = batch.column("messages"), batch.column("answer")
    texts = flatten(messages, answers)
    sheet = run(texts, key, settings)
    marks, labels = marks_of(batch, key)
    columns = {name: batch.column(name) for name in PASSED} | marks
    columns |= _content(batch, texts, sheet)
    columns["request"] = keys_of(batch.column("request_id"), key, "request")
    columns["account"] = account_keys(batch.column("account_id"), key)
    if settings.template_text:
        labels.add_keys("head", *head_labels(texts, sheet, key))
    exchanges = pa.RecordBatch.from_arrays([columns[c.name].cast(c.type) for c in EXCHANGES.columns], schema=EXCHANGES.arrow)
    seen = pa.table({"account": exchanges.column("account"), "account_id": batch.column("account_id")})
    return Sketched(exchanges, labels.table(), seen.group_by(["account", "account_id"], use_threads=False).aggregate([]))


def account_keys(ids: pa.Array[Any], key: HashKey) -> pa.Array[Any]:
    """Keys of account ids, the same in exchanges and accounts."""
    keys: pa.Array[Any] = keys_of(ids.dictionary_encode(), key, "account")
    return keys


def run(texts: Texts, key: HashKey, settings: SketchSettings) -> Numbers:
    """Run the kernels over a batch; returns their sheet."""
    sheet = np.zeros((len(texts.rows), rows.FIRST_SHINGLE + max(1, settings.shingles_kept)), np.int64)
    rows.sketch_rows(texts, tools_of(key, settings), sheet)
    return sheet


def tools_of(key: HashKey, settings: SketchSettings) -> rows.Tools:
    """Tables, and fresh room for one run of the kernels."""
    lexicon = lexicon_of(key)
    most = max(1, settings.max_chars)
    k1s = [np.uint64((key.k1 ^ salt(kind)) & (2**64 - 1)) for kind in rows.KINDS]
    secrets = np.array([np.uint64(key.k0), *secrets_of(key), *k1s], np.uint64)
    ring = np.zeros(max(1, settings.shingle_window), np.int64)
    sizes = np.array([settings.edge_words, settings.shingle_words, most], np.int64)
    return rows.Tools(characters(), *lexicon, unseen(lexicon), secrets, room(2 * most + 8), room(2 * most + 8), ring, languages()[1], sizes)


def _content(batch: pa.RecordBatch, texts: Texts, sheet: Numbers) -> dict[str, pa.Array[Any]]:
    """The columns that come from the messages; null where the log held none."""
    messages = batch.column("messages")
    without = ~np.asarray(messages.is_valid())
    flags = (sheet[:, rows.FLAGS] & ~REFUSED) | np.where(_agentic(batch, texts), Flag.AGENTIC.value, 0)
    keys = {kind: pa.array(sheet[:, i], mask=(sheet[:, rows.KNOWN] >> i) & 1 == 0) for i, kind in enumerate(rows.KINDS[:-1])}
    return keys | {
        "has_text": pa.array(~without),
        "shingles": _lists(sheet[:, rows.FIRST_SHINGLE :], sheet[:, rows.SHINGLES], without),
        "language": names_of(sheet[:, rows.LANGUAGE]),
        "prompt_chars": pa.array(characters_of(messages), mask=without),
        "answer_chars": compute.utf8_length(batch.column("answer")),
        "turns": pa.array(np.minimum(sheet[:, rows.TURNS], 2**15 - 1), mask=without),
        "flags": pa.array(flags, mask=without),
        "refused": pa.array(sheet[:, rows.REFUSAL] != 0, mask=np.asarray(batch.column("answer").is_null())),
    }


def _agentic(batch: pa.RecordBatch, texts: Texts) -> npt.NDArray[np.bool_]:
    return np.asarray(batch.column("tools").is_valid()) | with_role(batch.column("messages"), texts, TOOL)


def _lists(values: Int64s, counts: Int64s, without: npt.NDArray[np.bool_]) -> Any:
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    used = np.arange(values.shape[1])[None, :] < counts[:, None]
    arrays: Any = pa.ListArray
    return arrays.from_arrays(pa.array(offsets), pa.array(values[used]), mask=pa.array(without))
