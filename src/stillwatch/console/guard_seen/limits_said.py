"""Why less is done than a rule asked for, in words; and what no policy may do."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.response.limits import HeldBack

HELD_BACK: Mapping[str, str] = {
    HeldBack.EXEMPT: "A person exempted the account: a verified researcher, an evaluator, an appeal upheld.",
    HeldBack.HOLD: "A person put a hold on the account.",
    HeldBack.PERMIT: "A permit covers the request.",
    HeldBack.NOT_NAMED: "The account is not of the tier named, so it may be observed and no more.",
    HeldBack.NOT_OPERATOR: "Its campaign is a victim's, a provider's or nobody knows whose: a person must "
    "look first.",
    HeldBack.NO_CONSENT: "The step is hidden from the customer, and its reason, approver and published line "
    "are not all stated.",
    HeldBack.NOT_YET: "The step begins later for this account.",
    HeldBack.EXPIRED: "The step has ended for this account.",
    HeldBack.STALE: "The state is too old, and the guard fails open.",
    HeldBack.UNRECORDED: "The decision could not be written down, and nothing is done that is not on record.",
}
"""Each reason in a sentence."""
NEVER = (
    "Only accounts of the tier named, in the campaign of an operator, may meet more than observation.",
    "Nothing is done to an account that a permit covers, that a person exempted, or whose appeal was upheld.",
    "Nothing is done to an account or a campaign on hold.",
    "A step that the customer cannot see needs a reason, an approver and the line of the published policy.",
    "A step ends by itself after the time that its rule states; an undo ends it everywhere within seconds.",
    "Nothing is done that cannot be written down.",
)
"""What no policy may do, whatever its rules say."""
