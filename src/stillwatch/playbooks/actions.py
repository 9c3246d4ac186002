"""What a person can do with Stillwatch in a step. A playbook names it; nobody but a person does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Action:
    """One thing that a person can do."""

    name: str
    """Its name in playbooks."""
    says: str
    """What it does."""
    command: str
    """The command, with words in capitals to be filled in."""
    place: str
    """Where it is in the console."""


_ALL = (
    Action("detect", "search logs", "stillwatch detect LOGS --out RUN --feedback LABELS", ""),
    Action("watch_run", "search the days of a run one after the other", "stillwatch watch RUN", ""),
    Action(
        "explain_campaign", "read why a campaign was found", "stillwatch explain RUN CAMPAIGN", "/campaigns"
    ),
    Action("sync_run", "let campaigns become cases", "stillwatch case sync RUN --state STATE", "/cases"),
    Action("publish_run", "publish a run to the guard", "stillwatch guard publish RUN --to STATE", ""),
    Action("add_policy", "add rules as drafts", "stillwatch policy add FILE --to STATE --by NAME", "/policy"),
    Action(
        "backtest_policy", "try rules on stored days", "stillwatch policy backtest --to STATE RUN", "/policy"
    ),
    Action(
        "promote_rule",
        "move a rule to its next stage",
        "stillwatch policy promote RULE STAGE --to STATE --by NAME --reason TEXT",
        "/policy",
    ),
    Action(
        "exempt_account",
        "exempt a researcher or an evaluator",
        "stillwatch guard exempt ACCOUNT --as researcher --state STATE --by NAME --reason TEXT --until DATE",
        "/permits",
    ),
    Action(
        "hold",
        "let nothing be done while somebody looks",
        "stillwatch guard hold CAMPAIGN --state STATE --by NAME --reason TEXT --until DATE",
        "/cases/CASE",
    ),
    Action(
        "uphold_appeal",
        "uphold an appeal at the guard",
        "stillwatch guard appeal uphold ACCOUNT --state STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "undo_at_guard",
        "end what was done about a campaign",
        "stillwatch guard undo CAMPAIGN --state STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "issue_permit",
        "issue a permit",
        "stillwatch guard permit issue NAME --state STATE --by NAME --reason TEXT --until DATE",
        "/permits",
    ),
    Action(
        "revoke_permit",
        "take a permit back",
        "stillwatch guard permit revoke NAME --state STATE --by NAME --reason TEXT",
        "/permits",
    ),
    Action(
        "cosign_log",
        "check and cosign the log of the sharing group's hub",
        "stillwatch hub log cosign --side FOLDER",
        "",
    ),
    Action(
        "make_tokens",
        "make tokens of a campaign's marks",
        "stillwatch intel tokens VALUES --kind KIND --side FOLDER --pin KEY --out TOKENS",
        "",
    ),
    Action(
        "export_campaign",
        "let what is to be shared of a case wait for a second person",
        "stillwatch intel export case CASE --purpose detection --tlp LEVEL --tokens TOKENS --by NAME",
        "/intel",
    ),
    Action(
        "approve_export",
        "read and approve exactly what would leave",
        "stillwatch intel approve EXPORT --sha256 HEX --by NAME",
        "/intel",
    ),
    Action(
        "publish_export",
        "send what was approved to the hub",
        "stillwatch intel publish EXPORT --to COLLECTION --side FOLDER --by NAME",
        "/intel",
    ),
    Action(
        "take_back",
        "take back what proved wrong",
        "stillwatch intel corrections --make EXPORT --reason TEXT --by NAME",
        "/intel",
    ),
    Action(
        "measure_displacement",
        "measure what came back after a step",
        "stillwatch guard displacement BEFORE AFTER --state STATE",
        "",
    ),
    Action("show_case", "read a case", "stillwatch case show CASE --events", "/cases/CASE"),
    Action("assign_case", "take a case", "stillwatch case assign CASE NAME --by NAME", "/cases/CASE"),
    Action(
        "move_case",
        "move a case to another state",
        "stillwatch case move CASE STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "review_case",
        "agree, or not, as a second person",
        "stillwatch case review CASE --agree --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action("note_case", "write something down", "stillwatch case note CASE TEXT --by NAME", "/cases/CASE"),
    Action("link_case", "link cases", "stillwatch case link CASE related OTHER --by NAME", "/cases/CASE"),
    Action(
        "set_deadline",
        "say by when a case must be decided",
        "stillwatch case deadline CASE DATE --by NAME",
        "/cases/CASE",
    ),
    Action(
        "decide_account",
        "say what one account is",
        "stillwatch case decide CASE ACCOUNT DECISION --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "close_case",
        "close a case",
        "stillwatch case close CASE OUTCOME --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action("write_labels", "tell decisions to later searches", "stillwatch case labels --out LABELS", ""),
    Action(
        "export_evidence",
        "write the frozen evidence of a case",
        "stillwatch case show CASE --evidence FOLDER",
        "/cases/CASE",
    ),
    Action("verify_audit", "check every event", "stillwatch case audit verify", "/audit"),
    Action(
        "make_checkpoint",
        "sign what the last event is",
        "stillwatch case audit checkpoint --out FILE",
        "/audit",
    ),
    Action("make_backup", "copy the cases", "stillwatch case backup FILE", ""),
    Action(
        "plan_case",
        "plan the measures of a case",
        "stillwatch case plan CASE --state STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "show_plan",
        "read a plan: whom each step touches, who is left out and why",
        "stillwatch case plan-show CASE --state STATE",
        "/cases/CASE",
    ),
    Action(
        "show_taken",
        "read what was taken",
        "stillwatch case taint CASE",
        "/cases/CASE",
    ),
    Action(
        "carry_out_plan",
        "carry a plan out, up to a stage",
        "stillwatch case carry-out CASE --through STAGE --state STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "undo_plan",
        "take back what was done, or one step of it",
        "stillwatch case undo CASE STEP --state STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "resume_plans",
        "end what a killed server had begun",
        "stillwatch case resume --state STATE",
        "",
    ),
    Action("list_letters", "see the letters of a case", "stillwatch case letters CASE", "/cases/CASE"),
    Action(
        "send_notice",
        "tell customers what and why, with a link to appeal",
        "stillwatch case letter send LETTER --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action("list_appeals", "see the appeals that wait", "stillwatch case appeals --open", "/cases/CASE"),
    Action(
        "answer_appeal",
        "answer an appeal: uphold, partly, overturn",
        "stillwatch case appeal answer APPEAL ANSWER --state STATE --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action(
        "measure_case",
        "measure from a later run what of a campaign came back",
        "stillwatch case measure CASE LATER --by NAME --reason TEXT",
        "/cases/CASE",
    ),
    Action("show_pending", "see what waits for a person", "stillwatch case pending --state STATE", "/"),
)
ACTIONS: Mapping[str, Action] = MappingProxyType({action.name: action for action in _ALL})
"""Every action by its name."""
