"""Reading one app again, and the right to write to it, which one person has at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from portal import connections, leases
from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.audit.record import record_action
from privacy.models import App, PublishAttempt
from privacy.refusals import Busy
from privacy.settling import settle_open, watch_live
from privacy.standing import lapse_if_moved
from privacy.versions import fetch, store


def refresh(*, actor: Actor, app: App) -> App:
    """Read live and draft again and take in what that shows. Raises ApiError, kept in `read_error`."""
    try:
        remote = fetch(client=connections.marketplace(app.connection), app=app)
    except ApiError as error:
        App.objects.filter(pk=app.pk).update(read_error=f"{error.message} {error.advice}".strip())
        raise
    return take_in(actor=actor, app=store(app=app, remote=remote, actor=actor))


def take_in(*, actor: Actor, app: App) -> App:
    """What follows from a reading that is stored: a review whose draft moved lapses, what was left open is settled."""
    lapse_if_moved(actor=actor, app=app)
    return watch_live(actor=actor, app=settle_open(actor=actor, app=app))


@contextmanager
def writing(actor: Actor, app: App, what: str) -> Iterator[leases.Lease]:
    """Hold the right to write to this product. `what`: "saving the draft". Raises Busy when somebody else has it.

    There is no version and no lock at Atlassian. Without this, a draft saved between the last look and the publish call
    would go live although nobody approved it. Other connections may know the same product, and write to the same draft.
    """
    same = App.objects.filter(product_id=app.product_id)
    try:
        with leases.hold(same, who=actor.label, what=what, beat=True) as lease:
            yield lease
    except leases.LeaseTaken as taken:
        raise Busy(_busy(app, taken)) from None
    except leases.LeaseLost:
        raise Busy(
            f"This took so long that “{app.name}” was free for others meanwhile. Nothing was sent. Try again."
        ) from None


def _busy(app: App, taken: leases.LeaseTaken) -> str:
    attempt = PublishAttempt.objects.filter(app__product_id=app.product_id, outcome=PublishAttempt.Outcome.OPEN).first()
    doing = f"{taken.who} is {taken.what} for “{app.name}” right now"
    if attempt is not None and taken.what == "publishing":
        doing = f"{taken.who} has been publishing “{app.name}” since {_clock(attempt.started_at)}"
    until = f" If that does not finish, the app is free again at {_clock(taken.until)}." if taken.until else ""
    return f"{doing}. Nothing was changed.{until}"


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"


def is_definite(error: ApiError) -> bool:
    """Whether Atlassian certainly did nothing: no try reached it, or its only answer was a refusal."""
    if error.unanswered:
        return False
    return (error.status is None and error.last_told is None) or (
        error.status is not None and 400 <= error.status < 500
    )


def record(actor: Actor, app: App, action: str, **values) -> None:
    """An audit entry about one app."""
    record_action(
        actor=actor,
        action=action,
        connection=app.connection,
        target_type="app",
        target_id=app.product_id,
        target_label=app.name,
        **values,
    )
