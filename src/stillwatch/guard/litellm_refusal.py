"""What a customer is told whose request is not served; names no detector and no rule."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from stillwatch.guard.records import STATUS
from stillwatch.guard.request import Answer, Decision
from stillwatch.response.ladder import Permission, Step

PERMITS = {
    Permission.NOT_ASKED: "No permit could be looked for.",
    Permission.NONE: "A permit was looked for, and none was found.",
    Permission.COVERS: "A permit was found that covers this request.",
    Permission.OTHER_MODEL: "A permit was found, and it does not cover this model.",
    Permission.NOT_BEGUN: "A permit was found that has not begun yet.",
    Permission.ENDED: "A permit was found that has ended.",
    Permission.REVOKED: "A permit was found that was revoked.",
}
PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of a model's."""

    status: int
    """HTTP status."""
    detail: str
    """What is written in the body, in whatever shape the dialect has."""
    headers: dict[str, str]
    """Further headers."""


def refusal_of(decision: Decision) -> Refusal:
    """Return the answer to a request that is not served."""
    reason = PLAIN.sub("-", decision.reason)[:64]
    headers = {"x-policy-reference": decision.id, "x-policy-permit": decision.permission.value}
    if reason:
        headers["x-policy-reason"] = reason
    seconds = max(math.ceil(decision.retry_after_s), 1)
    if decision.answer is Answer.DENY:
        headers["x-should-retry"] = "false"
    else:
        headers["retry-after"] = str(seconds)
    said = _said(decision, seconds)
    why = f" (reason: {reason})" if reason else ""
    detail = f"{said}{why}. {PERMITS[decision.permission]} To appeal, quote reference {decision.id}."
    return Refusal(STATUS[decision.answer], detail, headers)


def _said(decision: Decision, seconds: int) -> str:
    if decision.answer is Answer.WAIT:
        return f"The token budget is spent for now; try again in {seconds} seconds"
    if decision.answer is Answer.UNAVAILABLE:
        return f"The request cannot be checked at the moment; try again in {seconds} seconds"
    if decision.action.step is Step.VERIFY:
        return "This request is refused until the account's owner has been verified"
    return "This request is refused under the usage policy; trying again does not help"
