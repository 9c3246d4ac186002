"""The page of the study, written from its rows."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark_page.tables import table
from wild_study.outcomes import Row
from wild_study.tables import campaign_tables, innocents_table
from wild_study.targets import Target

HEAD = """# Worlds that we did not make

Everything on [the range](range.md) was thought of by the authors of the detector. So the detector is also run in worlds from
a generator that uses nothing of Stillwatch: 28 days of logs with 28 kinds of innocent customers and eight campaigns, with real
templates and prompts. This page says what was found there. It is written by `bench/wild.py`.

These worlds are one opinion of what traffic looks like. No setting is fitted to them. They are too small for rates below one in
ten thousand, and campaigns send more than a third of their exchanges, far more than in life.

## How to read it

- **Named** are accounts with evidence of both kinds: the marks that formed the group, and content unlike that of other users of
  their client. Somebody may act on these after review.
- **Present** are accounts that share the marks and no more. Look at them, do not act. They are not counted as named.
- **Coordinated** is a group that is large, organised and hidden, without a sign of what it is for. That is no accusation of
  distillation, so a campaign that is only *coordinated* does not count as found.
- *in a group* is a campaign whose accounts form a group that is not listed; *missed* is one in no group.
- The figures of a campaign are precision and recall of the accounts named, in the accusation that names most of it.
- Each world is read with its edge log, without it, and without prompts. Without prompts nothing can be called adversarial: the
  log does not show what was asked for (see [how it decides](how-it-decides.md#without-prompts)).
"""
FOOT = """## Run it

```sh
python bench/wild.py --generator FOLDER --seeds 1 2 3 4 --json wild.json --page docs/wild.md
```

A generator is a folder with a program `world.py OUT --seed N --format litellm|openai --scale S [--no-prompts]`. It writes
`logs/`, `accounts.parquet` or `accounts.csv`, `edge.parquet`, `networks.csv`, `permits.toml`, `settings.toml`, and
`truth.parquet` with the columns account_id, kind, campaign, verdict and exchanges. Whoever has other traffic in mind can write
one; please send it.
"""


def page_of(rows: Sequence[Row], kept: Sequence[Target]) -> str:
    """Return the page."""
    sizes = [
        f"{world}: {row['accounts']:,} accounts, {row['exchanges']:,} exchanges"
        for world, row in {row["world"]: row for row in rows}.items()
    ]
    parts = [HEAD, "## Targets\n"]
    parts.append(
        table(
            ["target", "measured", "kept"],
            [[one.what, one.seen, "yes" if one.kept else "**no**"] for one in kept],
        )
    )
    notes = {name: note for row in rows for name, note in row.get("notes", {}).items()}
    if notes:
        parts.append("## The campaigns\n")
        parts.append("".join(f"- **{name}**: {note}\n" for name, note in sorted(notes.items())))
    for title, heads, lines in campaign_tables(rows):
        parts += [f"## {title}\n", table(heads, lines)]
    title, heads, lines = innocents_table(rows)
    parts += [
        f"## {title}\n",
        "Accounts of all worlds together. A licensed distiller that exceeds its permit is rightly called "
        "unlicensed, and is then not counted.\n",
        table(heads, lines),
        "## What was run\n",
        "".join(f"- {line}\n" for line in sizes),
        FOOT,
    ]
    return "\n".join(parts)
