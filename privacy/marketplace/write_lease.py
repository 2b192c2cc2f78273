"""The lease on a product: one write to its draft at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.jobs import leases
from privacy.models import App, PublishAttempt
from privacy.refusals import Busy


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
