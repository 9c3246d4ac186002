"""The published rules of Glasswally, combined as it does: a weighted sum of its workers for each request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from baselines.called import Called, singles
from baselines.glasswally_accounts import Whole, whole
from baselines.glasswally_windows import biometric, preamble, reasoning, session_gap, velocity
from baselines.streams import SECOND, Array, Floats, Stream, streams
from baselines.tables import Tables
from stillwatch.schema.flags import Flag

WEIGHTS = {
    "fingerprint": 0.14,
    "velocity": 0.10,
    "cot": 0.09,
    "hydra": 0.08,
    "timing_cluster": 0.07,
    "asn": 0.07,
    "role_preamble": 0.06,
    "pivot": 0.05,
    "biometric": 0.05,
    "session_gap": 0.04,
}
"""Published weights of the workers that our columns can feed, in part or fully."""
UNFED = {
    "embed": "cosine to 24 texts of its own: needs the prompt",
    "h2_grpc": "HTTP/2 settings: no column",
    "watermark": "words of the prompt",
    "token_budget": "max_tokens: hidden in the key of the parameters",
    "refusal_probe": "words of the prompt",
    "sequence_model": "topics by words of the prompt",
}
"""Workers that our columns cannot feed; together they weigh 0.25."""
UNFED_RULES = (
    "fingerprint: known JA3 and JA3S of scripts, order of headers",
    "hydra: first digits of cards, HTTP/2",
    "asn: names of networks",
    "role_preamble: phrases, chains of tasks",
    "biometric: entropy of structures",
    "cot: concentration on one subject",
    "fusion: the factor for one country, which no detector of ours may have",
)
"""Rules of the other workers that are left out, for lack of a column or on principle."""
READ = ("ja4", "system", "head", "prompt_chars", "tokens", "reasoning", "hosting", "model_number")


@dataclass(frozen=True)
class Glasswally:
    """Calls accounts with a request whose sum reaches the tier of action; scores the largest sum."""

    source: ClassVar[str] = "Glasswally, commit 300eedc (src/engine/fusion.rs, src/workers), re-expressed"
    blind: ClassVar[str] = (
        "quiet accounts; clusters join whoever shares a TLS stack, which is nearly everyone. Unfed: "
        + "; ".join([*UNFED, *UNFED_RULES])
    )
    rescaled: bool = False
    """Whether the weights of the fed workers are made to sum to 1.

    Missing columns then do not lower the sum.
    """
    medium: float = 0.35
    """The sum from which it acts (limits the rate)."""
    crowd: int = 5
    """Accounts from which a cluster adds to the sum."""
    crowd_bonus: float = 0.08
    """What a cluster adds to the sum."""

    @property
    def name(self) -> str:
        """Return its name, and whether weights are rescaled."""
        return "Glasswally's rules" + (", rescaled" if self.rescaled else "")

    def call(self, tables: Tables) -> Called:
        """Score accounts."""
        log = coded(tables)
        known = whole(log)
        scores: dict[int, float] = {}
        for stream in streams(log, READ):
            scores |= stream.most(self.composite(stream, known))
        return singles(scores, self.medium)

    def composite(self, stream: Stream, known: Whole) -> Floats:
        """Return the sum for each request."""
        mine = known.of(stream.accounts)
        said = {
            "velocity": velocity(stream),
            "cot": reasoning(stream),
            "biometric": biometric(stream),
            "session_gap": session_gap(stream),
            "role_preamble": preamble(stream, known.carriers_of_systems),
            "fingerprint": fingerprint(stream, mine.stacks[stream.number], known.popular_stacks),
            "hydra": (mine.hydra[stream.number], mine.hydra_sure[stream.number]),
            "timing_cluster": known.bursts.said(stream.at // SECOND),
            "asn": network(stream, mine.cloud[stream.number]),
            "pivot": known.pivots.said(stream, mine.cluster[stream.number]),
        }
        scale = 1.0 / sum(WEIGHTS.values()) if self.rescaled else 1.0
        total = sum(
            WEIGHTS[worker] * scale * score * (0.4 + 0.6 * sure) for worker, (score, sure) in said.items()
        )
        found: Floats = np.minimum(
            np.asarray(total) + self.crowd_bonus * (mine.size[stream.number] >= self.crowd), 1.0
        )
        return found


def fingerprint(stream: Stream, stacks: Array, popular: Array) -> tuple[Floats, Floats]:
    """Score many TLS stacks on one account, and a stack of many accounts."""
    sure = np.minimum((stream.place + 1) / 20.0, 1.0)
    score = 0.20 * (stacks >= 3) + 0.15 * np.isin(stream.columns["ja4"], popular)
    return score * (0.4 + 0.6 * sure), sure


def network(stream: Stream, cloud: Array) -> tuple[Floats, Floats]:
    """Score a hosting network, and a cluster that is mostly in one."""
    hosted = stream.columns["hosting"].astype(np.bool_)
    score = 0.20 * hosted + 0.40 * (cloud > 0) + 0.10 * (cloud > 1)
    return np.where(score >= 0.15, score, 0.0), np.where(hosted, 0.60, 0.70)


def coded(tables: Tables) -> Tables:
    """Return the tables with the columns that the rules read."""
    read = tables.exchanges
    names = tables.engine.collect(read.select("model").distinct().order_by("model"))["model"]
    numbers = tables.engine.load(
        "model_numbers",
        pa.table({"model": names, "model_number": pa.array(range(1, len(names) + 1), pa.int64())}),
    )
    made: dict[str, Any] = {
        "tokens": read.input_tokens.fill_null(0).cast("int64") + read.output_tokens.fill_null(0),
        "reasoning": (read.flags.fill_null(0) & int(Flag.REASONING)) > 0,
        "hosting": read.network_class.fill_null("") == "hosting",
    }
    return replace(tables, exchanges=read.mutate(**made).left_join(numbers, "model").drop("model_right"))
