"""The settling room of privacy: what is read after a publish call tells whether it took effect."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from portal import audit, connections
from portal.access import Actor
from privacy.diff import compare
from privacy.document import Document
from privacy.models import App, Review, Snapshot
from privacy.standing import hash_of

State = Review.State
#: After this long a publish call without an answer cannot arrive any more, and the process that made it has read draft
#: and live or died: no call takes longer, and three are made.
FORGOTTEN = 3 * connections.LONGEST_CALL


@dataclass(frozen=True)
class PublishResult:
    """How publishing ended.

    outcome      published: live was read back and is what was approved.
                 not_published: the call did not take effect; the sign-off stands, try again.
                 alarm: live is not what was approved, or could not be read; `app.alarm` says what is known.
    sentence     the same in words, with what to do
    form_status  SUBMITTED while Atlassian reviews, APPROVED, or ""
    live         the live version as read back, if any
    """

    outcome: str
    sentence: str
    form_status: str = ""
    live: Snapshot | None = None

    @property
    def ok(self) -> bool:
        """Whether the approved content is live."""
        return self.outcome == "published"


def settle(*, actor: Actor, app: App, review: Review, trace_id: str = "") -> PublishResult:
    """Decide from live and draft, as just read and stored."""
    if hash_of(app, "live") == review.content_hash:
        return _published(actor, app, review, trace_id)
    if _untouched(app, review) and not review.publish_taken:
        return _not_published(actor, app, review, trace_id)
    return alarm(actor=actor, app=app, review=review, what=_difference(app, review), trace_id=trace_id)


def _untouched(app: App, review: Review) -> bool:
    return hash_of(app, "live") == review.live_hash and hash_of(app, "draft") == review.content_hash


def settle_forgotten(*, actor: Actor, app: App) -> App:
    """Settle, from what was just read, a publish call whose process died or that ended in an alarm.

    An alarm ends by itself when live turns out to be what was approved, or when the call got no answer, cannot arrive
    any more and left draft and live as they were. Else it says what was read, and a person settles it.
    """
    review = Review.objects.filter(app=app, state=State.PUBLISHING).select_related("app", "snapshot").first()
    if review is None:
        return app
    over = app.read_at is not None and app.read_at > arrives_until(review)
    if not app.alarm and not over:
        return app
    undone = _untouched(app, review) and not review.publish_taken
    if not app.alarm or hash_of(app, "live") == review.content_hash or (over and undone):
        settle(actor=actor, app=app, review=review)
    else:
        _reword(app, _still_open(app) if undone else _difference(app, review))
    app.refresh_from_db(fields=["alarm"])
    return app


def arrives_until(review: Review) -> datetime:
    """Until when the publish call of a review may arrive at Atlassian."""
    return (review.publishing_since or review.requested_at) + FORGOTTEN


def call_on_its_way(app: App) -> datetime | None:
    """Until when a publish call may still arrive and publish whatever is the draft by then; None when there is none."""
    # The reviews first: one that gives its call up in between has left the time with the app by then.
    publishing = Review.objects.filter(app__product_id=app.product_id, state=State.PUBLISHING)
    deadlines = [arrives_until(review) for review in publishing]
    given_up = App.objects.filter(product_id=app.product_id).values_list("publish_until", flat=True)
    deadlines += [until for until in given_up if until is not None]
    return max((until for until in deadlines if until > timezone.now()), default=None)


def may_still_arrive(app: App, review: Review) -> None:
    """Keep with the app until when a call may arrive that its review gives up without knowing how it ended.

    While a review is being published that time follows from the review itself. So what turns out to have arrived, or
    was refused, leaves nothing behind, and the time of an earlier call is still here.
    """
    App.objects.filter(pk=app.pk).update(publish_until=arrives_until(review))


def _reword(app: App, what: str) -> None:
    App.objects.filter(pk=app.pk, alarm=app.alarm).update(alarm=what.replace("\x00", ""))


def _still_open(app: App) -> str:
    minutes = math.ceil(FORGOTTEN.total_seconds() / 60)
    return (
        f"It is not known yet whether “{app.name}” is being published. The answer to the call was lost; draft and live "
        f"were read since and are as they were, but the call may arrive up to {minutes} minutes late. Read the app "
        "again after that: if nothing has changed then, this alarm ends and the sign-off stands."
    )


def alarm(*, actor: Actor, app: App, review: Review, what: str, trace_id: str = "") -> PublishResult:
    """Raise the alarm of an app. The review stays as it is, so that nobody can publish until a person settled it."""
    what = what.replace("\x00", "")  # the names of unknown places may hold it, and PostgreSQL keeps no such text
    with transaction.atomic():
        App.objects.filter(pk=app.pk).update(alarm=what)
        app.alarm = what
        _record(actor, app, review, "unknown", what, trace_id)
    return PublishResult("alarm", what, live=app.live)


def _published(actor: Actor, app: App, review: Review, trace_id: str) -> PublishResult:
    live = app.live
    assert live is not None
    how = (
        ""
        if review.publish_taken
        else " The answer to the publish call was lost; reading live showed that it took effect."
    )
    sentence = f"The approved content of “{app.name}” is live; it was read back and is equal.{how}"
    if live.form_status and live.form_status != "APPROVED":
        sentence += f" Atlassian shows the form status {live.form_status}: its own review is still to come."
    with transaction.atomic():
        App.locked(app.pk)
        closed = Review.objects.filter(pk=review.pk, state=State.PUBLISHING).update(
            state=State.PUBLISHED, closed_at=timezone.now(), closed_because=sentence
        )
        if closed:
            App.objects.filter(pk=app.pk).update(alarm="")
            app.alarm = ""
            _record(actor, app, review, "done", sentence, trace_id)
    return PublishResult("published", sentence, live.form_status, live)


def _not_published(actor: Actor, app: App, review: Review, trace_id: str) -> PublishResult:
    sentence = (
        f"“{app.name}” was not published: the answer to the call was lost, and reading showed that draft and live are "
        "as they were. The sign-off stands. Publish again when you are ready."
    )
    with transaction.atomic():
        App.locked(app.pk)
        if release(review, because=sentence):
            may_still_arrive(app, review)
            App.objects.filter(pk=app.pk).update(alarm="")
            app.alarm = ""
            _record(actor, app, review, "failed", sentence, trace_id)
    return PublishResult("not_published", sentence, live=app.live)


def release(review: Review, *, because: str) -> bool:
    """Give a claimed review back: signed off as before, and `because` says what came of its publishing."""
    claimed = Review.objects.filter(pk=review.pk, state=State.PUBLISHING)
    return bool(
        claimed.update(state=State.APPROVED, publishing_since=None, publish_taken=False, closed_because=because)
    )


def _difference(app: App, review: Review) -> str:
    kept = "All versions are kept. Compare them, look at Atlassian's console, and settle this alarm with a note."
    if app.live is None:
        return f"“{app.name}” was sent to be published, but there is no live version now. {kept}"
    comparison = compare(Document.from_text(app.live.text), Document.from_text(review.snapshot.text))
    labels = [f"“{row.label}”" for row in comparison.changes[:3]]
    more = f" and {len(comparison.changes) - 3} more" if len(comparison.changes) > 3 else ""
    places = "place" if len(comparison.changes) == 1 else "places"
    start = f"“{app.name}” was sent to be published, but live is not what was approved"
    if hash_of(app, "live") == review.live_hash:
        draft = "the draft is still there" if app.draft else "the draft is gone"
        start = f"“{app.name}” was sent to be published, but live is still the version from before, and {draft}"
    return f"{start}. It differs in {len(comparison.changes)} {places}: {', '.join(labels)}{more}. {kept}"


def _record(actor: Actor, app: App, review: Review, outcome: str, detail: str, trace_id: str) -> None:
    audit.record(
        actor=actor,
        action="draft.publish",
        connection=app.connection,
        target_type="app",
        target_id=app.product_id,
        target_label=app.name,
        before={"live": review.live_hash},
        after={"approved": review.content_hash, "live": hash_of(app, "live"), "draft": hash_of(app, "draft")},
        outcome=outcome,
        detail=detail,
        trace_id=trace_id,
    )
