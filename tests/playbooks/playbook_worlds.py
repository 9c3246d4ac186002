"""A run, a state and cases, small, and what checks find in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from case_runs import NOON, Group, Sealed, sealed

from stillwatch.cases import Cases
from stillwatch.playbooks.check import CHECKS, Answer, Holds
from stillwatch.playbooks.places import Places
from stillwatch.response.ladder import Stage
from stillwatch.response.language.policy_file import policy_of
from stillwatch.response.policy_store import PolicyStore
from stillwatch.run.layout import TABLES
from stillwatch.run.manifest import digest_of, document_of, entry_of, tables_in
from stillwatch.settings import Settings

NOW = NOON.timestamp() + 3_600
DAY = 86_400.0
Ask = Callable[..., Answer]
WHO: dict[str, Any] = {"by": "Anna", "reason": "tested"}


class World:
    """A run, a state and cases in one folder, and what is asked of them."""

    def __init__(self, folder: Path, *groups: Group, **about: Any) -> None:
        self.folder = folder
        self.run = sealed(
            folder / "run", Sealed("run-1", groups or (Group("camp-a"), Group("camp-b", 30)), **about)
        )
        self.state = folder / "state"
        self.cases = Cases(folder / "CASES.db", create=True, signing=folder / "key")
        self.settings = Settings()
        self.now = NOW

    def ask(self, name: str, case: int | None = None) -> Answer:
        """What a check finds."""
        state = self.state if self.state.exists() else None
        with Places(
            run=self.run, state=state, cases=self.cases, settings=self.settings, case=case, now=self.now
        ) as places:
            return CHECKS.all()[name].answer(places)

    def holds(self, name: str, case: int | None = None) -> Holds:
        return self.ask(name, case).holds

    def table(self, name: str, *rows: dict[str, Any]) -> None:
        """Write a table of the run anew."""
        whole = [{column.name: row.get(column.name) for column in TABLES[name].columns} for row in rows]
        made = pa.Table.from_pylist(whole, schema=TABLES[name].arrow)
        pq.write_table(made, self.run / f"{name}.parquet")
        self.about()

    def about(self, **more: Any) -> None:
        """Seal the run again, with more said of it."""
        entries = [entry_of(self.run, file) for file in tables_in(self.run)]
        told = json.loads((self.run / "run.json").read_text(encoding="utf-8"))
        told |= {**more, "digest": digest_of(entries), "manifest": document_of(entries)}
        (self.run / "run.json").write_text(json.dumps(told), encoding="utf-8")

    def set(self, **values: Any) -> None:
        """Change settings of playbooks."""
        self.settings = replace(self.settings, playbooks=replace(self.settings.playbooks, **values))

    def policy(self, text: str, *stages: Stage) -> None:
        """Add rules to the state, and move the rule `a`."""
        store = PolicyStore(self.state)
        store.add(policy_of(text, "made.policy"), "Anna", "tested")
        for stage in stages:
            store.promote("a", stage, by="Anna", why="tested", share=0.1 if stage is Stage.CANARY else None)


def blind(kind: str, name: str, share: float) -> dict[str, Any]:
    return {"kind": kind, "name": name, "reason": "no column", "share": share}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cases.database.close()
