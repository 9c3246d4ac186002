"""Who guesses a template's words confirms them with the group's key, and not without."""

from __future__ import annotations

import random
from collections.abc import Iterator

from leakage_study.figures import Figure, once, rate
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.sketches.group_key import SketchKey
from stillwatch.intel.private.sketches.of_run import shingles_of
from stillwatch.intel.private.sketches.template_sketch import TemplateSketch, likeness, sketch_of

EPOCH = Epoch.named("2026-W49")
TEMPLATES = 200
LIKE = 0.5
"""From this likeness on a guess counts as confirmed."""


def templates_guessed(seed: int, times: int) -> Iterator[Figure]:
    """How many of the templates that were shared a guesser confirms."""
    draw = random.Random(seed)
    words = [f"w{number}" for number in range(2_000)]
    frames = [" ".join(draw.choices(words, k=40)) for _ in range(TEMPLATES)]
    member = SketchKey.of(draw.randbytes(32), EPOCH)
    later = SketchKey.of(draw.randbytes(32), EPOCH.next())
    stranger = SketchKey.of(draw.randbytes(32), EPOCH)
    shared = [sketch_of(shingles_of(frame), "words", member) for frame in frames]
    near = [_reworded(frame, draw, words, 4) for frame in frames]
    for who, guesses, key in (
        ("a member that guesses the exact words", frames, member),
        ("a member that has one word in ten wrong", near, member),
        ("somebody without the key", frames, stranger),
        ("a member with the key of another epoch", frames, later),
    ):
        hits = sum(
            _forced(sketch, sketch_of(shingles_of(guess), "words", key)) >= LIKE
            for sketch, guess in zip(shared, guesses, strict=True)
        )
        yield once(f"template sketch, {who}", "templates confirmed", hits / TEMPLATES, "of 1")
    wrong = sum(likeness(shared[at], shared[at - 1]) >= LIKE for at in range(TEMPLATES))
    yield once("template sketch, a wrong template", "confirmed", wrong / TEMPLATES, "of 1")
    yield rate(
        "template sketch, a member's dictionary",
        "guesses",
        lambda: len([sketch_of(shingles_of(frame), "words", member) for frame in frames]),
        times,
    )


def _forced(shown: TemplateSketch, guessed: TemplateSketch) -> float:
    """The likeness, whatever key and epoch the guesser claims."""
    return likeness(shown, TemplateSketch(shown.epoch, shown.key_name, shown.basis, guessed.values))


def _reworded(frame: str, draw: random.Random, words: list[str], swaps: int) -> str:
    parts = frame.split()
    for at in draw.sample(range(len(parts)), swaps):
        parts[at] = draw.choice(words)
    return " ".join(parts)
