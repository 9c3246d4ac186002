"""The shape of a workflow: every step is there, can be reached, and comes to an end. The schemas say nothing
of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.errors import PlaybookError
from stillwatch.plain import plain
from stillwatch.playbooks.playbook import PASSED, Step, StepKind

BRANCHING = (StepKind.IF, StepKind.SWITCH, StepKind.WHILE, StepKind.PARALLEL)
MOST_FAULTS = 20


def in_order(start: str, steps: Mapping[str, Step], where: str) -> dict[str, Step]:
    """Return the steps in the order in which they come. Raises PlaybookError where the workflow has no shape
    in which it could be gone through.
    """
    faults = list(_faults(start, steps))
    if faults:
        told = "\n".join(plain(fault) for fault in faults[:MOST_FAULTS])
        raise PlaybookError(
            "the workflow of the playbook cannot be gone through",
            where=f"{where}\n{told}",
            do="let every step be reached from the start and come to an end, and none come twice",
        )
    return {name: steps[name] for name in _reached(start, steps)}


def _faults(start: str, steps: Mapping[str, Step]) -> Iterator[str]:
    first = steps.get(start)
    if first is None or first.kind is not StepKind.START:
        yield f"{start}: workflow_start must name a start step"
        return
    for step in steps.values():
        yield from _of_step(step, start, steps)
    missing = {to for step in steps.values() for to in step.leads_to()} - steps.keys()
    if missing:
        return
    reached = _reached(start, steps)
    yield from (f"{name}: no step leads to it" for name in steps if name not in reached)
    yield from _circles(start, steps)


def _of_step(step: Step, start: str, steps: Mapping[str, Step]) -> Iterator[str]:
    if step.id.rpartition("--")[0] != step.kind:
        yield f"{step.id}: its id says that it is another kind of step than its type"
    if step.id != start and step.kind is StepKind.START:
        yield f"{step.id}: a second start"
    yield from (
        f"{step.id}: it leads to {to}, which is not there" for to in step.leads_to() if to not in steps
    )
    if step.kind is StepKind.END:
        return
    if not step.next:
        yield f"{step.id}: nothing comes after it (on_completion or on_success)"
    if step.kind in BRANCHING and not step.branches:
        yield f"{step.id}: it has no branch"
    if step.kind is StepKind.WHILE:
        yield f"{step.id}: a loop; a checklist has none, so write what is to be repeated as one step"
    if step.kind in PASSED and step.on_failure:
        yield f"{step.id}: nothing is done in it, so it cannot fail"


def _reached(start: str, steps: Mapping[str, Step]) -> dict[str, None]:
    """Ids of the steps that can be reached, branches before what comes after them."""
    found: dict[str, None] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found or name not in steps:
            continue
        found[name] = None
        waiting += reversed(list(steps[name].leads_to()))
    return found


def _circles(start: str, steps: Mapping[str, Step]) -> Iterator[str]:
    """Steps that lead back to themselves; without recursion, since the file says how deep it is."""
    open_, done = {start}, set[str]()
    path: list[tuple[str, Iterator[str]]] = [(start, iter(list(steps[start].leads_to())))]
    while path:
        name, further = path[-1]
        to = next(further, None)
        if to is None:
            path.pop()
            open_.discard(name)
            done.add(name)
        elif to in open_:
            yield f"{to}: it leads back to itself"
            return
        elif to not in done:
            open_.add(to)
            path.append((to, iter(list(steps[to].leads_to()))))
