"""The gate of privacy: reading one app again, and the right to write to it, which one person has at a time."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from portal import audit, connections
from portal.access import Actor
from portal.atlassian.errors import ApiError
from privacy.models import App
from privacy.refusals import Busy
from privacy.settling import settle_forgotten
from privacy.standing import lapse_if_moved
from privacy.versions import fetch, store

#: The slowest write with all its waits: draft and live are read, it is written, both are read again. A process that
#: died while writing blocks the app no longer.
WRITE_LEASE = 5 * connections.LONGEST_CALL


def refresh(*, actor: Actor, app: App, to_write: bool = False) -> App:
    """Read live and draft again, lapse what moved, settle what was left open. Raises ApiError, kept in `read_error`.

    `to_write`: what is decided next has to rest on this very reading. Raises Busy when another one is kept instead,
    because it began later, or on a machine whose clock is ahead.
    """
    try:
        remote = fetch(client=connections.marketplace(app.connection), product_id=app.product_id)
    except ApiError as error:
        App.objects.filter(pk=app.pk).update(read_error=f"{error.message} {error.advice}".strip())
        raise
    app = store(app=app, remote=remote, actor=actor)
    if to_write and app.read_at != remote.asked_at:
        raise Busy(f"“{app.name}” was read by somebody else in the same moment. Nothing was changed. Try again.")
    lapse_if_moved(actor=actor, app=app)
    return settle_forgotten(actor=actor, app=app)


@contextmanager
def writing(app: App, what: str) -> Iterator[None]:
    """Hold the right to write to this product. `what`: "saving the draft". Raises Busy when somebody else has it.

    There is no version and no lock at Atlassian. Without this, a draft saved between the last look and the publish call
    would go live although nobody signed it off.
    """
    token, now = secrets.token_hex(16), timezone.now()
    # Another connection may know the same product, and writes to the same draft.
    same = App.objects.filter(product_id=app.product_id)
    with transaction.atomic():
        rows = same.select_for_update(no_key=True).order_by("pk").values_list("writer", "writing", "writing_until")
        other = next((doing for who, doing, until in rows if who and (until is None or until >= now)), None)
        if other is not None:
            raise Busy(f"Somebody is {other} for “{app.name}” right now. Nothing was changed. Try again in a moment.")
        same.update(writer=token, writing=what, writing_until=now + WRITE_LEASE)
    try:
        yield
    finally:
        with transaction.atomic():
            held = App.objects.filter(writer=token)
            list(held.select_for_update(no_key=True).order_by("pk").values_list("pk"))
            held.update(writer="", writing="", writing_until=None)


def is_definite(error: ApiError) -> bool:
    """Whether Atlassian certainly did nothing: the call was not sent at all, or its only answer was a refusal."""
    if error.attempts == 0 and error.last_told is None:
        return True
    return error.status is not None and 400 <= error.status < 500 and error.status != 408


def record(actor: Actor, app: App, action: str, **values) -> None:
    """An audit entry about one app."""
    audit.record(
        actor=actor,
        action=action,
        connection=app.connection,
        target_type="app",
        target_id=app.product_id,
        target_label=app.name,
        **values,
    )
