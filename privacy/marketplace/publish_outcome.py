"""What became of a publish call, as reading draft and live shows it, and alerts about what is live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from portal.access import Actor, Kind
from portal.audit.record import record_action
from portal.connections import clients
from portal.counts import counted
from privacy.document.diff import compare
from privacy.document.document import Document
from privacy.models import App, PublishAttempt, Review, Snapshot

State = Review.State
Answer = PublishAttempt.Answer
Outcome = PublishAttempt.Outcome
#: After this long a call without an answer cannot arrive any more: no call takes a third of that, and what is kept on
#: the way to Atlassian is given up sooner than a person's call is.
ARRIVES_WITHIN = 3 * clients.LONGEST_CALL
#: In an UPDATE: the last moment at which a call that goes out now may arrive, by the database's clock.
FROM_NOW = Now() + ARRIVES_WITHIN


@dataclass(frozen=True)
class PublishResult:
    """How publishing ended.

    outcome      published: live was read back and is what was approved.
                 not_published: the call did not take effect; the approval stands, try again.
                 pending: the answer was lost and nothing has changed, but the call may still arrive.
                 alert: live is not what was approved, or could not be read; `app.alert` says what is known.
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


# --- Calls that may still arrive --------------------------------------------------------------------------------------


def call_on_its_way(app: App) -> datetime | None:
    """Until when a publish call may still arrive and publish whatever is the draft by then; None when there is none."""
    calls = PublishAttempt.objects.filter(app__product_id=app.product_id, may_arrive_until__gt=Now())
    return calls.order_by("-may_arrive_until").values_list("may_arrive_until", flat=True).first()


def save_on_its_way(app: App, content_hash: str) -> datetime | None:
    """Until when a save of other content than this may still arrive and replace the draft; None when there is none."""
    saves = Snapshot.objects.filter(owner__app__product_id=app.product_id, may_arrive_until__gt=Now())
    other = saves.exclude(content_hash=content_hash).order_by("-may_arrive_until")
    return other.values_list("may_arrive_until", flat=True).first()


def attempt_of(review: Review) -> PublishAttempt | None:
    """The newest attempt to publish what this review is about."""
    return PublishAttempt.objects.filter(review=review).first()


# --- Settling ---------------------------------------------------------------------------------------------------------


def settle_open(*, actor: Actor, app: App) -> App:
    """Settle, from what was just read and stored, an attempt that its process left open or that ended in an alert."""
    attempt = (
        PublishAttempt.objects.filter(
            app=app, review__state=State.PUBLISHING, outcome__in=(Outcome.OPEN, Outcome.DIFFERENT)
        )
        .select_related("review__snapshot", "actor")
        .first()
    )
    if attempt is None:
        return app
    if app.live_hash == attempt.content_hash:
        _published(app, attempt, found_by=actor)
    elif attempt.outcome == Outcome.OPEN and app.draft_state != App.Presence.HIDDEN and not _is_alive(attempt):
        _settle_abandoned(actor, app, attempt)
    app.refresh_from_db(fields=["alert", "alert_kind", "expected_live", "expected_since"])
    return app


def abandoned() -> QuerySet[PublishAttempt]:
    """Open attempts whose process is gone and about which a reading can tell something new."""
    alive = App.objects.filter(lease_token=OuterRef("lease"), lease_until__gte=Now()).exclude(lease_token="")
    not_read_since = Q(app__read_at=None) | Q(app__read_at__lt=F("sent_at"))
    over = Q(may_arrive_until=None) | Q(may_arrive_until__lt=Now())
    return PublishAttempt.objects.filter(~Exists(alive), not_read_since | over, outcome=Outcome.OPEN)


def _is_alive(attempt: PublishAttempt) -> bool:
    """Whether the process that publishes still holds its lease."""
    held = App.objects.filter(lease_token=attempt.lease, lease_until__gte=Now())
    return bool(attempt.lease) and held.exists()


def _settle_abandoned(actor: Actor, app: App, attempt: PublishAttempt) -> None:
    if attempt.sent_at is None:
        _not_published(app, attempt, NEVER_SENT.format(app.name), found_by=actor, unless_sent=True)
    elif attempt.answer == Answer.TAKEN or not _untouched(app, attempt):
        raise_alert(app, attempt, what=_difference(app, attempt), outcome=Outcome.DIFFERENT, found_by=actor)
    elif attempt.answer == Answer.REFUSED:
        _not_published(app, attempt, REFUSED.format(app.name, attempt.answer_text), found_by=actor)
    elif app.read_at is not None and attempt.may_arrive_until is not None and app.read_at > attempt.may_arrive_until:
        _not_published(app, attempt, NO_EFFECT.format(app.name), found_by=actor)
    elif app.alert:
        App.objects.filter(pk=app.pk, alert=app.alert).update(alert=pending_sentence(app, attempt))


ANSWERED = {
    Answer.TAKEN: "",
    Answer.NONE: " The answer to the publish call was lost; reading live showed that it took effect.",
    Answer.REFUSED: " Atlassian refused the call, but this very content is live: it was published in the same moment.",
}
NEVER_SENT = (
    "“{}” was not published: the process that was publishing it ended before the call went out. The approval stands. "
    "Publish again when you are ready."
)
NO_EFFECT = (
    "“{}” was not published: the answer to the call was lost, it cannot arrive any more, and draft and live have "
    "not changed. The approval stands. Publish again when you are ready."
)
REFUSED = (
    "“{}” was not published: {} Draft and live have not changed. The approval stands. Publish again when you are ready."
)


def pending_sentence(app: App, attempt: PublishAttempt) -> str:
    """What is known while a call got no answer, nothing has changed and it may still arrive."""
    until = attempt.may_arrive_until
    at = f"{timezone.localtime(until):%H:%M}" if until else "in a few minutes"
    return (
        f"It is unknown yet whether “{app.name}” is published. Atlassian's answer was lost; draft and live have "
        f"not changed, but the call may still arrive until {at}. Refresh after that: if nothing has changed, it was "
        "not published and the approval stands. Until then nothing can be saved to Marketplace."
    )


def settle_sent(*, actor: Actor, app: App, attempt: PublishAttempt) -> PublishResult:
    """Decide from live and draft, as read and stored after the call, for the person who made it."""
    if app.live_hash == attempt.content_hash:
        return _published(app, attempt, found_by=actor)
    if attempt.answer == Answer.TAKEN or not _untouched(app, attempt):
        return raise_alert(app, attempt, what=_difference(app, attempt), outcome=Outcome.DIFFERENT, found_by=actor)
    if attempt.answer == Answer.REFUSED:
        return _not_published(app, attempt, REFUSED.format(app.name, attempt.answer_text), found_by=actor)
    sentence = pending_sentence(app, attempt)
    _record(app, attempt, "unknown", sentence)
    return PublishResult("pending", sentence, live=app.live)


def _untouched(app: App, attempt: PublishAttempt) -> bool:
    return app.live_hash == attempt.live_before and app.draft_hash == attempt.content_hash


def _close(attempt: PublishAttempt, outcome: str, found_by: Actor, *conditions: Q) -> bool:
    """Write how an attempt ended, once."""
    undecided = PublishAttempt.objects.filter(
        *conditions, pk=attempt.pk, outcome__in=(Outcome.OPEN, Outcome.DIFFERENT)
    ).exclude(outcome=outcome)
    closed = undecided.update(outcome=outcome, settled_at=Now(), settled_by=found_by.label[:254])
    attempt.refresh_from_db()
    return bool(closed)


def _published(app: App, attempt: PublishAttempt, *, found_by: Actor) -> PublishResult:
    live = app.live
    assert live is not None
    how = ANSWERED[Answer(attempt.answer)]
    sentence = f"The approved content of “{app.name}” is live; it was read back and is equal.{how}"
    if live.form_status and live.form_status != "APPROVED":
        sentence += f" Atlassian shows the form status {live.form_status}: its own review is still to come."
    because = f"Published by {attempt.actor_label}. Live was read back and was equal to what was approved.{how}"
    with transaction.atomic():
        same = App.objects.filter(product_id=app.product_id)
        list(same.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        if _close(attempt, Outcome.LIVE, found_by):
            if _has_arrived(app, attempt):
                PublishAttempt.objects.filter(pk=attempt.pk).update(may_arrive_until=None)
            standing = Review.objects.filter(pk=attempt.review_id, state=State.PUBLISHING)
            standing.update(state=State.PUBLISHED, closed_at=Now(), closed_because=because)
            same.update(expected_live=attempt.content_hash, expected_since=Now())
            App.objects.filter(pk=app.pk).update(alert="", alert_kind="")
            app.alert, app.alert_kind = "", ""
            _record(app, attempt, "done", sentence, found_by)
    return PublishResult("published", sentence, live.form_status, live)


def _has_arrived(app: App, attempt: PublishAttempt) -> bool:
    """Whether this very call was carried out: then it cannot arrive any more.

    A draft that is still there was published by nobody, and live that another account changed last by somebody else.
    """
    by = app.live.remote_changed_by if app.live else ""
    others = "@" in by and by.casefold() != app.connection.email.casefold()
    return attempt.answer != Answer.NONE or (app.draft is None and not others)


def _not_published(
    app: App, attempt: PublishAttempt, sentence: str, *, found_by: Actor, unless_sent: bool = False
) -> PublishResult:
    conditions = [Q(sent_at=None)] if unless_sent else []
    with transaction.atomic():
        App.locked(app.pk)
        if _close(attempt, Outcome.NOT_PUBLISHED, found_by, *conditions):
            Review.objects.filter(pk=attempt.review_id, state=State.PUBLISHING).update(
                state=State.APPROVED, closed_because=sentence
            )
            App.objects.filter(pk=app.pk, alert_kind=App.AlertKind.PUBLISH).update(alert="", alert_kind="")
            app.alert, app.alert_kind = "", ""
            _record(app, attempt, "failed", sentence, found_by)
    return PublishResult("not_published", sentence, live=app.live)


def refused(*, app: App, attempt: PublishAttempt, words: str, trace_id: str = "") -> None:
    """Atlassian answered that it did not publish, or the call never went out: the approval stands."""
    actor = publisher(attempt)
    with transaction.atomic():
        App.locked(app.pk)
        if _close(attempt, Outcome.NOT_PUBLISHED, actor):
            Review.objects.filter(pk=attempt.review_id, state=State.PUBLISHING).update(
                state=State.APPROVED, closed_because=f"It was not published: {words}"
            )
            _record(app, attempt, "refused", words, trace_id=trace_id)


def publisher(attempt: PublishAttempt) -> Actor:
    """Who published: how it ended is their doing, whoever finds it out, and whatever became of their account."""
    if attempt.actor is not None:
        return Actor(Kind.PERSON, attempt.actor_label, user=attempt.actor)
    return Actor.recorded(attempt.actor_label)


# --- Alerts -----------------------------------------------------------------------------------------------------------


def raise_alert(
    app: App,
    attempt: PublishAttempt,
    *,
    what: str,
    found_by: Actor,
    outcome: str = Outcome.OPEN,
    trace_id: str = "",
) -> PublishResult:
    """Open an alert about a publish call. The review stays as it is, so that nobody can publish meanwhile."""
    what = what.replace("\x00", "")  # the names of unknown places may hold it, and PostgreSQL keeps no such text
    with transaction.atomic():
        App.objects.filter(pk=app.pk).update(alert=what, alert_kind=App.AlertKind.PUBLISH)
        app.alert, app.alert_kind = what, App.AlertKind.PUBLISH
        if outcome == Outcome.OPEN or _close(attempt, outcome, found_by):
            _record(app, attempt, "unknown", what, found_by, trace_id)
    return PublishResult("alert", what, live=app.live)


def watch_live(*, actor: Actor, app: App) -> App:
    """Open an alert when live, as just read, is not what was last published from here; end it when it is again."""
    if not app.expected_live or app.live_state not in (App.Presence.PRESENT, App.Presence.ABSENT):
        return app
    if app.alert_kind == App.AlertKind.PUBLISH or _being_published(app):
        return app
    as_expected = app.live_hash == app.expected_live
    if as_expected == (app.alert_kind != App.AlertKind.LIVE):
        return app
    what = "" if as_expected else _changed_sentence(app)
    kind = "" if as_expected else App.AlertKind.LIVE
    with transaction.atomic():
        if App.objects.filter(pk=app.pk, alert=app.alert).update(alert=what, alert_kind=kind):
            detail = "Live is again what was last published." if as_expected else what
            _entry(actor, app, "alert.end" if as_expected else "alert.open", detail=detail)
            app.alert, app.alert_kind = what, kind
    return app


def _being_published(app: App) -> bool:
    return PublishAttempt.objects.filter(app__product_id=app.product_id, outcome=Outcome.OPEN).exists()


def _changed_sentence(app: App) -> str:
    since = app.expected_since
    on = f" on {timezone.localtime(since):%-d %B %Y}" if since else ""
    if app.live is None:
        return f"There is no live version of “{app.name}” any more, although one was published{on}."
    by = f" by {app.live.remote_changed_by}" if app.live.remote_changed_by else ""
    return (
        f"Live was changed at Atlassian{by}: it is not what was approved and published{on}. Compare the two, then "
        "resolve this alert with what you found."
    )


def _difference(app: App, attempt: PublishAttempt) -> str:
    kept = "All versions are kept. Compare them, look at Atlassian's console, and resolve this alert with a note."
    if app.live is None:
        return f"“{app.name}” was sent to be published, but there is no live version now. {kept}"
    comparison = compare(Document.from_text(app.live.text), Document.from_text(attempt.review.snapshot.text))
    labels = [f"“{row.label}”" for row in comparison.changes[:3]]
    more = f" and {len(comparison.changes) - 3} more" if len(comparison.changes) > 3 else ""
    places = counted(len(comparison.changes), "place")
    start = f"“{app.name}” was sent to be published, but live is not what was approved"
    if app.live_hash == attempt.live_before:
        draft = "the draft is still there" if app.draft else "the draft is gone"
        start = f"“{app.name}” was sent to be published, but live is still the version from before, and {draft}"
    return f"{start}. It differs in {places}: {', '.join(labels)}{more}. {kept}"


def _record(
    app: App,
    attempt: PublishAttempt,
    outcome: str,
    detail: str,
    found_by: Actor | None = None,
    trace_id: str = "",
) -> None:
    """The outcome, as the doing of who published."""
    actor = publisher(attempt)
    if found_by is not None and found_by.label != actor.label:
        detail = f"{detail} Found when {found_by.label} refreshed the app."
    _entry(
        actor,
        app,
        "draft.publish",
        before={"live": attempt.live_before},
        after={"approved": attempt.content_hash, "live": app.live_hash, "draft": app.draft_hash},
        outcome=outcome,
        detail=detail,
        trace_id=trace_id,
    )


def _entry(actor: Actor, app: App, action: str, **values: Any) -> None:
    record_action(
        actor=actor,
        action=action,
        connection=app.connection,
        target_type="app",
        target_id=app.product_id,
        target_label=app.name,
        **values,
    )
