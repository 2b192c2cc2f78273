"""Publishing: only approved content, one call, and live is read back."""

from django.db import transaction
from django.db.models.functions import Now

from portal import access
from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.atlassian.marketplace import MarketplaceClient
from portal.connections import clients
from portal.jobs.leases import Lease
from privacy import audit_entries
from privacy.document.document import Document
from privacy.drafts.snapshots import create_snapshot
from privacy.marketplace import refresh, write_lease
from privacy.marketplace.publish_outcome import (
    FROM_NOW,
    PublishResult,
    raise_alert,
    refused,
    settle_sent,
)
from privacy.models import App, PublishAttempt, Review, Snapshot
from privacy.refusals import PublishRefused
from privacy.reviews.requirements import requirements, unmet
from privacy.reviews.status import close, current_review, newest_review

State = Review.State
Answer = PublishAttempt.Answer
Outcome = PublishAttempt.Outcome
NOT_PUBLISHED = "Nothing was published."


def publish(*, actor: Actor, app: App) -> PublishResult:
    """Publish the draft, if it and live are exactly what was approved. Needs privacy.publish.

    The call is never repeated: a lost answer is settled by reading. Raises PublishRefused (nothing was sent), Busy,
    ApiError (nothing was sent, or Atlassian refused), PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.publish")
    with write_lease.writing(actor, app, "publishing") as lease:
        app = refresh.refresh_app(actor=actor, app=app)
        review = newest_review(app)
        found = requirements(app=app, review=review)
        if review is None or not all(item.holds for item in found):
            raise PublishRefused([NOT_PUBLISHED, *unmet(found)])
        attempt = _claim(actor, app, review)
        return _send(actor, app, attempt, lease)


def _claim(actor: Actor, app: App, review: Review) -> PublishAttempt:
    """Mark the review as being published and record the intention; only one claim can succeed."""
    assert app.draft is not None
    with transaction.atomic():
        lease = App.locked(app.pk).lease_token
        approved = Review.objects.filter(
            pk=review.pk,
            state=State.APPROVED,
            content_hash=app.draft_hash,
            live_hash=app.live_hash,
        )
        if not approved.update(state=State.PUBLISHING, closed_because=""):
            raise PublishRefused([NOT_PUBLISHED, "Somebody else is publishing it, or the approval was revoked."])
        attempt = PublishAttempt.objects.create(
            app=app,
            review=review,
            actor=actor.user,
            actor_label=actor.label,
            content_hash=review.content_hash,
            live_before=review.live_hash,
            lease=lease,
            started_at=Now(),
        )
        document = Document.from_text(app.draft.text)
        create_snapshot(app=app, source=Snapshot.Source.PUBLISHED, document=document, text=app.draft.text, actor=actor)
        audit_entries.record(
            actor,
            app,
            "draft.publish",
            before={"live": review.live_hash},
            after={"approved": review.content_hash},
            outcome="started",
        )
    return PublishAttempt.objects.select_related("review__snapshot", "actor").get(pk=attempt.pk)


def _send(actor: Actor, app: App, attempt: PublishAttempt, lease: Lease) -> PublishResult:
    client = clients.marketplace(app.connection)
    _mark_sent(attempt, lease)
    error = _call(client, app, attempt)
    try:
        app = refresh.read_back(actor=actor, app=app)
    except ApiError as unread:
        if error is not None and write_lease.is_definite(error):
            refused(app=app, attempt=attempt, words=error.message, trace_id=error.trace_id)
            raise error from None
        return raise_alert(app, attempt, what=_unread(app, error, unread), found_by=actor, trace_id=unread.trace_id)
    if error is not None and write_lease.is_definite(error) and app.live_hash != attempt.content_hash:
        refused(app=app, attempt=attempt, words=error.message, trace_id=error.trace_id)
        refresh.after_reading(actor=actor, app=app)
        raise error
    return settle_sent(actor=actor, app=app, attempt=attempt)


def _mark_sent(attempt: PublishAttempt, lease: Lease) -> None:
    """Write that the call goes out. Raises LeaseLost, or PublishRefused where the attempt was given up meanwhile."""
    lease.extend()
    mine = PublishAttempt.objects.filter(pk=attempt.pk, outcome=Outcome.OPEN, sent_at=None)
    if not mine.update(sent_at=Now(), may_arrive_until=FROM_NOW):
        raise PublishRefused([NOT_PUBLISHED, "It took so long that this attempt was given up. Look at the app again."])


def _call(client: MarketplaceClient, app: App, attempt: PublishAttempt) -> ApiError | None:
    """Make the call, once, and keep what was answered; the error, if it was none."""
    error: ApiError | None = None
    try:
        client.publish(app.product_id)
    except ApiError as caught:
        error = caught
    if error is None or not error.unanswered:
        PublishAttempt.objects.filter(pk=attempt.pk).update(
            answered_at=Now(),
            answer=Answer.REFUSED if error else Answer.TAKEN,
            answer_text=error.message if error else "",
            may_arrive_until=None,
        )
        attempt.refresh_from_db()
    return error


def _unread(app: App, error: ApiError | None, unread: ApiError) -> str:
    said = "Atlassian took the call"
    if error is not None:
        said = f"Atlassian's answer to the call was lost ({error.message})" if error.unanswered else error.message
    return (
        f"It is unknown whether “{app.name}” was published. {said.rstrip('.')}, and live could not be read "
        f"afterwards: {unread.message.rstrip('.')}. The call is not repeated. Refresh the app: if live is "
        "what was approved, this alert ends."
    )


def resolve_alert(*, actor: Actor, app: App, note: str) -> App:
    """Resolve an alert after a person looked into it; the note is needed and goes on record. Needs privacy.publish.

    The approval that the publishing was based on ends with it, and live as it is now is what is expected from then on.
    Raises PublishRefused (no alert, no note) and PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.publish")
    note = note.replace("\x00", "").strip()
    app = App.objects.select_related("connection", "live", "draft").get(pk=app.pk)
    if not app.alert:
        raise PublishRefused(["There is no open alert: it may have been resolved meanwhile."])
    if not note:
        raise PublishRefused(["Say in the note what you found. The alert stays open."])
    with transaction.atomic():
        App.locked(app.pk)
        accepted = {"expected_live": app.live_hash, "expected_since": Now()} if app.expected_live else {}
        if not App.objects.filter(pk=app.pk, alert=app.alert).update(alert="", alert_kind="", **accepted):
            raise PublishRefused(["The alert changed meanwhile. Read it again."])
        review = current_review(app)
        if review is not None and review.state == State.PUBLISHING:
            because = f"An alert about its publishing was resolved by {actor.label}: {note}"
            if close(actor=actor, review=review, state=State.LAPSED, because=because):
                PublishAttempt.objects.filter(review=review, outcome=Outcome.OPEN).update(
                    outcome=Outcome.DIFFERENT, settled_at=Now(), settled_by=actor.label[:254]
                )
        audit_entries.record(actor, app, "alert.resolve", before={"alert": app.alert}, reason=note)
    app.alert = app.alert_kind = ""
    return app
