"""What has to hold before a draft is published: one list for the page, the next step, the command and the call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from portal.counts import counted
from privacy.document.checks import Finding, check, errors
from privacy.document.document import Document
from privacy.marketplace.publish_outcome import save_on_its_way
from privacy.models import App, Review
from privacy.reviews.status import SignOff, status

OPEN_ALERT: Final = "An alert about what is live is open. Look into it and resolve it first."
HIDDEN: Final = "The account of this connection may not read drafts. Use the token of a partner account that may."
LIVE_MOVED: Final = (
    "Live is not what the reviewers compared the draft with: it was changed since. Look at the comparison and request "
    "approval again."
)
NOT_APPROVED: Final = {
    "none": "The draft is not approved. Someone who did not write it has to approve it first.",
    "waiting": "The draft is waiting for approval. Someone who did not write it has to approve it.",
    "changes_asked": "Changes were requested. Make them, save, and request approval again.",
    "publishing": "It is being published already. Refresh the app to see how that ended.",
}


@dataclass(frozen=True)
class Requirement:
    """One thing that has to hold before a draft is published.

    reason  why it does not hold and what to do; "" where it holds, or where only another requirement keeps it from
            holding, whose reason says all there is to say
    """

    title: str
    holds: bool
    reason: str = ""


def requirements(
    *, app: App, review: Review | None, findings: Sequence[Finding] | None = None
) -> tuple[Requirement, ...]:
    """Everything that has to hold before the draft, as last read, is published; when all of it does, it may be.

    `review`: the newest one. `findings`: what the checks find in the draft, where that is known already.
    """
    return (
        _required("No alert is open", OPEN_ALERT if app.alert else ""),
        Requirement("A draft is at Marketplace", app.draft is not None, _no_draft(app)),
        *_of_draft(app, status(app, review), findings),
    )


def unmet(found: Iterable[Requirement]) -> list[str]:
    """Why a draft cannot be published, one sentence for each requirement that does not hold; [] when it can."""
    return [item.reason for item in found if item.reason]


def _required(title: str, reason: str) -> Requirement:
    return Requirement(title, not reason, reason)


def _no_draft(app: App) -> str:
    if app.draft is not None:
        return ""
    if app.draft_state == App.Presence.HIDDEN:
        return HIDDEN
    if app.draft_state == App.Presence.UNREAD:
        return "The app was not read from Atlassian yet. Refresh it first."
    return "There is no draft at Marketplace. Edit the answers and save them, then request approval."


DIFFERS, APPROVED, CHECKED, LAST_SAVE = (
    "It differs from what is live",
    "Approved in exactly this form",
    "No check finds an error",
    "No other save may still arrive",
)


def _of_draft(app: App, signoff: SignOff, findings: Sequence[Finding] | None) -> tuple[Requirement, ...]:
    """What a draft has to be; all of it waits for a draft that can be read."""
    if app.draft is None:
        return tuple(Requirement(title, False) for title in (DIFFERS, APPROVED, CHECKED, LAST_SAVE))
    same = "The draft says the same as what is live, so there is nothing to publish."
    return (
        _required(DIFFERS, same if app.draft_hash == app.live_hash else ""),
        Requirement(APPROVED, signoff.state == "signed_off" and not signoff.live_moved, _not_approved(app, signoff)),
        _required(CHECKED, _errors(check(Document.from_text(app.draft.text)) if findings is None else findings)),
        _required(LAST_SAVE, _other_save(app)),
    )


def _not_approved(app: App, signoff: SignOff) -> str:
    if signoff.state == "publishing" and app.alert:
        return ""  # the alert is about how that ended
    if signoff.live_moved and signoff.state in ("waiting", "signed_off"):
        return LIVE_MOVED
    if signoff.state == "lapsed":
        return f"The draft is not approved. {signoff.sentence}"
    return NOT_APPROVED.get(signoff.state, "")


def _errors(findings: Sequence[Finding]) -> str:
    found = errors(findings)
    if not found:
        return ""
    what = f"The checks found {counted(len(found), 'error')}: {found[0].message}"
    return f"{what} Correct, save, and request approval again."


def _other_save(app: App) -> str:
    until = save_on_its_way(app, app.draft_hash)
    if until is None:
        return ""
    return (
        "An earlier save of other answers got no answer and may still arrive, and replace this draft, until "
        f"{timezone.localtime(until):%H:%M}. Publish after that."
    )
