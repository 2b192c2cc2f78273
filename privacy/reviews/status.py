"""The status of an app's review, in words, and when an approval is dismissed."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from portal.access import Actor
from portal.audit.record import record_action
from privacy.models import App, Review, Verdict
from privacy.refusals import DRAFT_HIDDEN
from privacy.reviews.authors import changed_at_atlassian, changed_by

State = Review.State


@dataclass(frozen=True)
class SignOff:
    """How the sign-off of an app stands, for lists and headers.

    state  none, waiting, signed_off, changes_asked, publishing, lapsed, or hidden: the draft cannot be read, so that
           nobody can tell whether it still is what the review is about
    label  the same in words; `sentence` says who and, for a lapsed one, why
    live_moved  live is not what the reviewers compared with any more: ask again before publishing
    """

    state: str
    label: str
    sentence: str
    review: Review | None = None
    live_moved: bool = False


def current_review(app: App) -> Review | None:
    """The review that is in force, if any."""
    return _first_of(app, Review.objects.filter(owner=app.owner_id, state__in=Review.STANDING))


def reviews_of(app: App) -> QuerySet[Review]:
    """The reviews of an app, newest first, with snapshots and verdicts; the one in force, if any, is the newest."""
    verdicts = Prefetch("verdicts", queryset=Verdict.objects.order_by("pk"))
    return Review.objects.filter(owner=app.owner_id).select_related("snapshot").prefetch_related(verdicts)


def newest_review(app: App) -> Review | None:
    """The review that is in force, else the last one that was."""
    return _first_of(app, reviews_of(app))


def _first_of(app: App, reviews: QuerySet[Review]) -> Review | None:
    review = reviews.first()
    if review is not None:
        review.owner = app.owner  # so that `review.app` is this app, without a query
    return review


def status(app: App, review: Review | None) -> SignOff:
    """The effective sign-off, from the app (with `draft` and `live`) and its newest review (with verdicts)."""
    if review is None or review.state in (State.WITHDRAWN, State.PUBLISHED):
        return SignOff("none", "Not requested", _said_of_closed(app, review), review)
    live_moved = review.state in Review.STANDING and review.live_hash != app.live_hash
    if review.state == State.LAPSED:
        if app.draft is None and app.draft_state != App.Presence.HIDDEN:
            return SignOff("none", "Not requested", review.closed_because, review)
        return SignOff("lapsed", "Approval dismissed", review.closed_because, review)
    if review.state == State.PUBLISHING:
        return SignOff("publishing", "Being published", _publishing(app, review), review)
    if app.draft_state == App.Presence.HIDDEN:
        sentence = f"{DRAFT_HIDDEN} {_what(review)} counts again once the draft can be read."
        return SignOff("hidden", "Unknown", sentence, review, live_moved)
    if review.content_hash != app.draft_hash:
        return SignOff("lapsed", "Approval dismissed", LAPSED, review, live_moved)
    if review.state == State.OPEN:
        sentence = f"{review.requested_by_label} requested approval."
        return SignOff("waiting", "Waiting for approval", sentence, review, live_moved)
    last = next(iter(sorted(review.verdicts.all(), key=lambda verdict: -verdict.pk)), None)
    by = last.reviewer_label if last else "Somebody"
    if review.state == State.CHANGES:
        return SignOff("changes_asked", "Changes requested", f"{by} requested changes.", review, live_moved)
    sentence = f"Approved by {by}. {review.closed_because}".strip()
    return SignOff("signed_off", "Approved", sentence, review, live_moved)


LAPSED = "The draft was changed after the approval was requested. Look at it and request approval again."
CHANGED_THERE = "The draft was changed at Atlassian by"
GONE = "The draft is not there any more: it was discarded or published. Save a draft and request approval again."


def _what(review: Review) -> str:
    said = {State.OPEN: "The request for approval", State.APPROVED: "The approval"}
    return said.get(State(review.state), "The request for changes")


def _said_of_closed(app: App, review: Review | None) -> str:
    """What is still true of a review that ended: nothing of an earlier publication in the card of the next draft."""
    if review is None:
        return ""
    as_published = app.draft is None and app.live_hash == review.content_hash
    return review.closed_because if review.state == State.WITHDRAWN or as_published else ""


def _publishing(app: App, review: Review) -> str:
    attempt = next(iter(review.publish_attempts.all()), None)
    if attempt is None:
        return "Being published."
    at = timezone.localtime(attempt.started_at)
    who = f"{attempt.actor_label} started to publish it at {at:%H:%M} on {at:%-d %B %Y}."
    if app.alert:
        return f"{who} How that ended is not settled: see the alert."
    if attempt.answer:
        return f"{who} Atlassian answered; refresh the app to see what is live."
    if attempt.may_arrive_until is None:
        return who
    until = timezone.localtime(attempt.may_arrive_until)
    return (
        f"{who} If the answer was lost, the first refresh that finds it live settles it, else one after {until:%H:%M}."
    )


def dismiss_if_draft_changed(*, actor: Actor, app: App, **_signal: object) -> Review | None:
    """Close the standing review when the draft, as last read, has other content. Returns it when it lapsed."""
    review = current_review(app)
    if review is None or review.state == State.PUBLISHING or app.draft_state not in ("present", "absent"):
        return None
    if review.content_hash == app.draft_hash:
        return None
    because = _why_moved(app, review)
    return review if close(actor=actor, review=review, state=State.LAPSED, because=because) else None


def _why_moved(app: App, review: Review) -> str:
    if app.draft is None:
        return GONE
    if not changed_at_atlassian(app).filter(pk=app.draft.pk).exists():
        return LAPSED
    at = app.draft.remote_changed_at
    when = f" on {timezone.localtime(at):%-d %B %Y, %H:%M}" if at else ""
    last = review.verdicts.last() if review.state == State.APPROVED else None
    after = f", after {last.reviewer_label} approved it" if last else ""
    return f"{CHANGED_THERE} {changed_by(app.draft)}{when}{after}. Look at the change and request approval again."


def close(*, actor: Actor, review: Review, state: str, because: str, action: str = "review.lapse") -> bool:
    """End a standing review, once: False when somebody else ended or moved it first."""
    with transaction.atomic():
        App.locked(review.app.pk)
        same = Review.objects.filter(pk=review.pk, state=review.state)
        if not same.update(state=state, closed_at=timezone.now(), closed_because=because):
            return False
        before = review.state
        review.state, review.closed_because = state, because
        record_action(
            actor=actor,
            action=action,
            connection=review.app.connection,
            target_type="app",
            target_id=review.app.product_id,
            target_label=review.app.name,
            before={"sign_off": before, "content": review.content_hash},
            after={"sign_off": state},
            detail=because,
        )
    return True
