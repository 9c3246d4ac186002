"""What no policy may do: the limits that stand above every rule."""

from __future__ import annotations

from enum import StrEnum

from stillwatch.response.known import Known
from stillwatch.response.ladder import HIDDEN, Action, Permission, Step
from stillwatch.response.outcome import Fired

NAMED, OPERATOR = "named", "operator"


class HeldBack(StrEnum):
    """Why less is done than a rule that acts asked for."""

    NOT = ""
    """Nothing was held back."""
    EXEMPT = "exempt"
    """A person exempted the account: a verified researcher, an evaluator, an appeal upheld."""
    HOLD = "hold"
    """A person put a hold on the account."""
    PERMIT = "permit"
    """A permit covers the request."""
    NOT_NAMED = "not-named"
    """The account is not of the tier named, so it may be observed and no more."""
    NOT_OPERATOR = "not-operator"
    """Its campaign is a victim's, a provider's or nobody knows whose: a person must look first."""
    NO_CONSENT = "no-consent"
    """The step is hidden, and its reason, approver and published line are not all stated."""
    NOT_YET = "not-yet"
    """The step begins later for this account."""
    EXPIRED = "expired"
    """The step has ended for this account."""
    STALE = "stale"
    """The state is too old, and the guard fails open."""
    UNRECORDED = "unrecorded"
    """The decision could not be written down, and nothing is done that is not on record."""


def cleared(known: Known) -> HeldBack:
    """Return why nothing may be done about an account, whatever its campaign; NOT if something may."""
    if known.account.exempt:
        return HeldBack.EXEMPT
    if known.account.held:
        return HeldBack.HOLD
    if known.permission is Permission.COVERS:
        return HeldBack.PERMIT
    return HeldBack.NOT


def held_back(known: Known, fired: Fired, spread: float, now: float) -> HeldBack:
    """Return why a rule that fired does nothing; NOT if it does. spread: in [0, 1), fixed for an account.

    Only the tier named of an operator may meet more than observation.
    """
    action = fired.action
    if action.step is Step.OBSERVE:
        return HeldBack.NOT
    if known.account.tier != NAMED:
        return HeldBack.NOT_NAMED
    if known.campaign.role != OPERATOR:
        return HeldBack.NOT_OPERATOR
    if action.step in HIDDEN and not _consented(action):
        return HeldBack.NO_CONSENT
    begins = max(known.since, fired.since) + spread * fired.onset_s
    if now < begins:
        return HeldBack.NOT_YET
    return HeldBack.EXPIRED if now >= begins + fired.expires_s else HeldBack.NOT


def _consented(action: Action) -> bool:
    consent = action.consent
    return consent is not None and bool(consent.reason and consent.approver and consent.policy_line)
