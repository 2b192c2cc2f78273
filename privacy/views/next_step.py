"""The next step for an app."""

from collections.abc import Collection
from dataclasses import dataclass

from portal.counts import agreeing, counted
from privacy.models import App
from privacy.refusals import DRAFT_HIDDEN
from privacy.reviews.requirements import unmet
from privacy.views.app_context import AppContext


@dataclass(frozen=True)
class Step:
    """What to do next. `action`: the words of its button, which leads to `page`; both may be empty.

    `primary`: the button is the one primary action of the app's page. Else that is to publish, or there is none.
    """

    title: str
    text: str
    level: str = "info"
    page: str = ""
    action: str = ""
    primary: bool = False


@dataclass(frozen=True)
class ToReview:
    """How many changes a person is asked to approve: since their last review, or of the whole draft."""

    changes: int
    since_last: bool = False


def next_step(page: AppContext, allowed: Collection[str], to_review: ToReview | None) -> Step | None:
    """What this person, or somebody else, does next; None when there is nothing to do.

    `to_review`: None for who is not asked to approve anything.
    """
    edit = "Edit" if "privacy.edit" in allowed else ""
    if page.app.alert or page.app.draft_state == App.Presence.UNREAD:
        return None  # a note of its own stands on the page
    if page.app.draft_state == App.Presence.HIDDEN:
        text = f"{DRAFT_HIDDEN} Refresh the app, or add the token of a partner account."
        return Step("No access to the draft", text, "warning")
    if to_review and to_review.changes and page.signoff.state == "waiting":
        return _review(page, to_review)
    if page.unsaved:
        many = counted(page.unsaved, "change")
        title = f"{many} {agreeing(page.unsaved, 'is', 'are')} saved here, not to Marketplace"
        text = "Save to Marketplace to request approval."
        return _form(title, text, "warning", edit)
    if page.draft.document is None:
        text = "Edit an answer and save it to start one."
        return _form("There is no draft", text, "neutral", edit)
    return _with_draft(page, allowed, edit)


def _form(title: str, text: str, level: str, edit: str) -> Step:
    """A step that is done in the form. `edit`: the words of the button, "" for who may not edit."""
    return Step(title, text, level, "app_edit" if edit else "", edit, bool(edit))


def _review(page: AppContext, to_review: ToReview) -> Step:
    text = f"{page.signoff.sentence} Review the comparison, then decide."
    since = " since your last review" if to_review.since_last else ""
    action = f"Review {counted(to_review.changes, 'change')}{since}"
    return Step("The draft is waiting for approval", text, "info", "app_compare", action, True)


def _with_draft(page: AppContext, allowed: Collection[str], edit: str) -> Step | None:
    state = page.signoff.state
    if page.draft.content_hash == page.live.content_hash and state in ("none", "lapsed"):
        return Step("The draft says the same as what is live", "Edit it, or discard it.", "neutral")
    if state in ("none", "lapsed") and page.app.errors:
        text = "Correct them and save, then request approval."
        return _form(f"The draft has {counted(page.app.errors, 'error')}", text, "warning", edit)
    if state in ("none", "lapsed"):
        text = "Look at the comparison, then request approval."
        return Step("The draft is not approved", text, "info", "app_compare", "Compare with live")
    if state == "waiting":
        text = page.signoff.sentence
        return Step("The draft is waiting for approval", text, "info", "app_compare", "Compare with live")
    if state == "changes_asked":
        return _form("Changes were requested", page.signoff.sentence, "warning", edit)
    if state == "signed_off" and page.publishable:
        who = "" if "privacy.publish" in allowed else "  Someone with the role Publisher can publish it now."
        return Step("The draft can be published", f"{page.signoff.sentence}{who}", "success")
    if state == "signed_off":
        return Step("Approved, but not ready to be published", " ".join(unmet(page.requirements)), "warning")
    return Step("It is being published", page.signoff.sentence, "info")
