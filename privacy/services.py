"""Everything that privacy does, in one place for views, commands and tasks; each room keeps its own rules.

All take keyword arguments, ask `access.require` first, and write the audit trail. None holds a transaction open across
a call to Atlassian. What is not possible is a `Refusal` with a sentence, or an ApiError of the service module.
"""

from privacy.editing import (
    Answered,
    answer,
    answer_json,
    bring_back,
    fingerprint,
    fingerprint_of,
    open_working_copy,
    reset_working_copy,
    restore,
    take_live_value,
    undo,
)
from privacy.publishing import PublishResult, obstacles, publish, settle_alarm
from privacy.reading import ReadReport, read_app, read_apps
from privacy.refusals import (
    AnswerConflict,
    AnswerRefused,
    Busy,
    Failure,
    MovedMeanwhile,
    NotAsSent,
    NotEditable,
    NotKnown,
    PublishRefused,
    Refusal,
    SignOffRefused,
)
from privacy.saving import Saved, discard_draft, moved, parse_document, push_document, save_to_marketplace
from privacy.signoff import (
    SignOff,
    approve,
    ask,
    ask_for_changes,
    lapse_if_moved,
    status,
    why_not_approve,
    withdraw,
)

__all__ = [
    "AnswerConflict",
    "AnswerRefused",
    "Answered",
    "Busy",
    "Failure",
    "MovedMeanwhile",
    "NotAsSent",
    "NotEditable",
    "NotKnown",
    "PublishRefused",
    "PublishResult",
    "ReadReport",
    "Refusal",
    "Saved",
    "SignOff",
    "SignOffRefused",
    "answer",
    "answer_json",
    "approve",
    "ask",
    "ask_for_changes",
    "bring_back",
    "discard_draft",
    "fingerprint",
    "fingerprint_of",
    "lapse_if_moved",
    "moved",
    "obstacles",
    "open_working_copy",
    "parse_document",
    "publish",
    "push_document",
    "read_app",
    "read_apps",
    "reset_working_copy",
    "restore",
    "save_to_marketplace",
    "settle_alarm",
    "status",
    "take_live_value",
    "undo",
    "why_not_approve",
    "withdraw",
]
