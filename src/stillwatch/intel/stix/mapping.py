"""Which techniques a campaign shows: from the signals that carry its verdict, and its role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stillwatch.intel.stix.project import LIVE_RELAY, SIGNATURE_REPLAY

ALWAYS = ("AML.T0040",)
"""What every campaign does: it asks the model through its interface."""
EXTRACT, STUDENT = "AML.T0024.002", "AML.T0005.001"
HARVESTING = ("adversarial", "unlicensed")
"""Verdicts that say that answers are collected."""
OF_SIGNALS: Mapping[str, tuple[str, ...]] = {
    "dealt_questions": ("AML.T0065", EXTRACT),
    "failover": ("AML.T0008.005", LIVE_RELAY),
    "fixed_prompt": ("AML.T0065",),
    "grading": (STUDENT,),
    "handed_over": ("AML.T0008.005", LIVE_RELAY),
    "inline_reasoning": ("AML.T0063",),
    "instruction_generation": ("AML.T0065", STUDENT),
    "many_hands": ("AML.T0008.005",),
    "model_written": ("AML.T0065", STUDENT),
    "output_heavy": ("AML.T0034.001",),
    "prompt_probing": ("AML.T0056",),
    "reasoning_elicitation": ("AML.T0063",),
    "replacement": ("AML.T0021",),
    "safe_rewriting": ("AML.T0068",),
    "self_elicitation": ("AML.T0065", STUDENT),
    "shared_payment": ("AML.T0021",),
    "signature_replay": (SIGNATURE_REPLAY,),
    "technique_sweep": ("AML.T0054",),
    "tool_trajectories": (STUDENT,),
    "training_coverage": (EXTRACT, STUDENT),
    "undeclared_linkage": ("AML.T0021",),
    "volume": ("AML.T0034.000",),
}
"""Signals, and the techniques that they show: ids of ATLAS, or of our own attack patterns."""
OF_ROLES: Mapping[str, tuple[str, ...]] = {
    "provider": ("AML.T0008.005",),
    "victim": ("AML.T0012", "AML.T0091.000"),
}


def techniques_of(verdict: str, role: str, signals: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the techniques, sorted."""
    found = {*ALWAYS, *OF_ROLES.get(role, ())}
    if verdict in HARVESTING:
        found.add(EXTRACT)
    for signal in signals:
        found |= set(OF_SIGNALS.get(signal, ()))
    return tuple(sorted(found))
