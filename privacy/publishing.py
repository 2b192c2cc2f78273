"""The release room of privacy: only what was signed off goes live, the call goes out once, and live is read back."""

from django.db import transaction
from django.utils import timezone

from portal import access, connections
from portal.access import Actor
from portal.atlassian.errors import ApiError
from privacy import remote
from privacy.checks import check
from privacy.document import Document
from privacy.models import App, Review, Snapshot
from privacy.refusals import PublishRefused
from privacy.settling import PublishResult, alarm, may_still_arrive, release, settle
from privacy.standing import close, hash_of, standing
from privacy.versions import fetch, keep, store

__all__ = ["PublishResult", "obstacles", "publish", "settle_alarm"]

State = Review.State
NOT_PUBLISHED = "Nothing was published."


def publish(*, actor: Actor, app: App) -> PublishResult:
    """Publish the draft, if it and live are exactly what was signed off. Needs privacy.publish.

    The call is never repeated: a lost answer is settled by reading. Raises PublishRefused (nothing was sent), Busy,
    ApiError (nothing was sent, or Atlassian refused), PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.publish")
    with remote.writing(app, "publishing"):
        app = remote.refresh(actor=actor, app=app, to_write=True)
        reasons = obstacles(app)
        if reasons:
            raise PublishRefused([NOT_PUBLISHED, *reasons])
        review = _claim(actor, app)
        return _send(actor, app, review)


def obstacles(app: App) -> list[str]:
    """Why the app cannot be published, from what was last read; one sentence each with what to do. [] when it can."""
    if app.alarm:
        return ["An alarm of an earlier publishing is open. Look into it and settle it first."]
    if app.draft_state == App.Presence.HIDDEN:
        return ["The account of this connection may not read drafts. Use the token of a partner account that may."]
    if app.draft is None:
        return ["There is no draft at Marketplace. Save one, and ask for sign-off."]
    reasons = []
    if hash_of(app, "draft") == hash_of(app, "live"):
        reasons.append("The draft says the same as what is live, so there is nothing to publish.")
    reasons += _sign_off_obstacles(app, standing(app))
    errors = [finding for finding in check(Document.from_text(app.draft.text)) if finding.level == "error"]
    if errors:
        reasons.append(
            f"The checks found {_count(len(errors), 'error')}: {errors[0].message} Correct, save, ask again."
        )
    return reasons


def _sign_off_obstacles(app: App, review: Review | None) -> list[str]:
    if review is None or review.state in (State.OPEN, State.CHANGES):
        words = {
            None: "The draft is not signed off. Ask for sign-off first.",
            State.OPEN: "The draft waits for sign-off.",
            State.CHANGES: "Changes were asked for. Make them, save, and ask for sign-off again.",
        }
        return [words[State(review.state) if review else None]]
    if review.state == State.PUBLISHING:
        return ["It is being published already. Read the app again to see how that ended."]
    if review.content_hash != hash_of(app, "draft"):
        return ["The draft is not what was signed off. Look at what changed and ask for sign-off again."]
    if review.live_hash != hash_of(app, "live"):
        return [
            "Live is not what the reviewers compared the draft with: it was changed since. Look at the comparison and "
            "ask for sign-off again."
        ]
    return []


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _claim(actor: Actor, app: App) -> Review:
    """Mark the review as being published and record the intention; only one claim can succeed."""
    review = standing(app)
    assert review is not None
    assert app.draft is not None
    with transaction.atomic():
        App.locked(app.pk)
        now = timezone.now()
        approved = Review.objects.filter(
            pk=review.pk,
            state=State.APPROVED,
            content_hash=hash_of(app, "draft"),
            live_hash=hash_of(app, "live"),
        )
        if not approved.update(state=State.PUBLISHING, publishing_since=now, closed_because=""):
            raise PublishRefused([NOT_PUBLISHED, "Somebody else is publishing it, or the sign-off was taken back."])
        review.state, review.publishing_since = State.PUBLISHING, now
        document = Document.from_text(app.draft.text)
        keep(app=app, source=Snapshot.Source.PUBLISHED, document=document, text=app.draft.text, actor=actor)
        remote.record(
            actor,
            app,
            "draft.publish",
            before={"live": review.live_hash},
            after={"approved": review.content_hash},
            outcome="started",
        )
    return review


def _send(actor: Actor, app: App, review: Review) -> PublishResult:
    client = connections.marketplace(app.connection)
    lost: ApiError | None = None
    try:
        client.publish(app.product_id)
    except ApiError as error:
        if remote.is_definite(error):
            _refused(actor, app, review, error)
            raise
        lost = error
    if lost is None:
        review.publish_taken = True
        review.save(update_fields=["publish_taken"])
    try:
        app = store(app=app, remote=fetch(client=client, product_id=app.product_id), actor=actor)
    except ApiError as error:
        said = f"Atlassian's answer to the call was lost ({lost.message})" if lost else "Atlassian took the call"
        why = error.message.rstrip(".")
        what = (
            f"It is not known whether “{app.name}” was published. {said}, and live could not be read afterwards: "
            f"{why}. The call is not repeated. Read the app again: if live is what was approved, this alarm "
            "ends."
        )
        return alarm(actor=actor, app=app, review=review, what=what, trace_id=error.trace_id)
    return settle(actor=actor, app=app, review=review, trace_id=lost.trace_id if lost else "")


def _refused(actor: Actor, app: App, review: Review, error: ApiError) -> None:
    with transaction.atomic():
        App.locked(app.pk)
        release(review, because=f"It was not published: {error.message}")
        remote.record(
            actor,
            app,
            "draft.publish",
            after={"approved": review.content_hash},
            outcome="refused",
            detail=error.message,
            trace_id=error.trace_id,
        )


def settle_alarm(*, actor: Actor, app: App, note: str) -> App:
    """Close an alarm after a person looked into it; the note is needed and goes on record. Needs privacy.publish.

    The sign-off that the publishing was based on ends with it. Raises PublishRefused (no alarm, no note) and
    PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.publish")
    note = note.replace("\x00", "").strip()
    app = App.objects.select_related("connection", "live", "draft").get(pk=app.pk)
    if not app.alarm:
        raise PublishRefused(["There is no open alarm: it may have been settled meanwhile."])
    if not note:
        raise PublishRefused(["Say in the note what you found. The alarm stays open."])
    with transaction.atomic():
        App.locked(app.pk)
        if not App.objects.filter(pk=app.pk, alarm=app.alarm).update(alarm=""):
            raise PublishRefused(["The alarm changed meanwhile. Read it again."])
        review = standing(app)
        if review is not None and review.state == State.PUBLISHING:
            because = f"An alarm of its publishing was settled by {actor.label}: {note}"
            if close(actor=actor, review=review, state=State.LAPSED, because=because):
                may_still_arrive(app, review)
        remote.record(actor, app, "alarm.settle", before={"alarm": app.alarm}, reason=note)
    app.alarm = ""
    return app
