"""Leases on rows: one change of a row at a time over all threads, processes and machines, without a transaction.

A remote write takes seconds, so no database lock is held across it. Instead the row says who is changing it and until
when. Whoever dies in between blocks the row until then, and no longer.
"""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

logger = logging.getLogger("trustdesk.leases")

SECONDS = 60.0
BEATS_PER_LEASE = 3
#: Seconds that the end of a lease waits for a beat that is on its way to the database.
LONGEST_BEAT = 10.0


class Leased(models.Model):
    """A row that one actor changes at a time. `lease_token` is empty while nobody does; only this module writes these.

    lease_who: the actor's label; lease_what: "changing the level of “X”"; lease_until: by the database's clock.
    """

    lease_token = models.CharField(max_length=32, blank=True, default="", editable=False)
    lease_who = models.CharField(max_length=254, blank=True, default="", editable=False)
    lease_what = models.CharField(max_length=300, blank=True, default="", editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


#: The database's clock decides, since those of several machines differ.
FREE = Q(lease_token="") | Q(lease_until__lt=Now())


class LeaseTaken(ValidationError):
    """Somebody else is changing the row. who, what, until: as in `Leased`."""

    def __init__(self, who: str, what: str, until: datetime | None) -> None:
        self.who, self.what, self.until = who, what, until
        super().__init__(f"{who} is {what} at this moment. Nothing was changed. Try again in a moment.", code="taken")


class LeaseLost(Exception):
    """Somebody else has the row now, or it was cancelled or removed: stop at once and write nothing more."""


class Lease:
    """The right to change these rows. Get one from `hold`."""

    def __init__(self, rows: QuerySet, token: str, seconds: float) -> None:
        self._rows, self._token, self._seconds = rows, token, seconds

    def extend(self) -> None:
        """Keep the lease for its whole time from now on. Raises LeaseLost."""
        if not self._update(lease_until=_in(self._seconds)):
            raise LeaseLost("The lease expired, and somebody else took it or the row is gone.")

    def release(self) -> None:
        """Free the rows, unless somebody else has them by now."""
        self._update(**_values("", "", "", None))

    def _update(self, **values: Any) -> int:
        mine = self._rows.filter(lease_token=self._token)
        with transaction.atomic():
            _lock(mine)
            return mine.update(**values)


def _lock(rows: QuerySet) -> list[int]:
    """Rows are locked in one order, so that two who want the same ones do not wait for each other. Their keys."""
    # Without the key: what refers to the rows can still be added by others.
    locked = rows.select_for_update(of=("self",), no_key=True)
    return list(locked.order_by("pk").values_list("pk", flat=True))


@contextmanager
def hold(
    target: models.Model | QuerySet, *, who: str, what: str, seconds: float = SECONDS, beat: bool = False
) -> Iterator[Lease]:
    """Hold a row, or all rows of a queryset together, while the body runs. Their model is a `Leased`.

    what: what is done, as it goes on after "Alice is …". seconds: how long a process that died blocks the rows, and
    without `beat` the longest that the body may take. beat: a thread extends the lease as long as the body runs.
    Not inside a transaction: nobody else would see the lease before its end. Not reentrant.

    Raises LeaseTaken (the body did not run), and the model's DoesNotExist when there is no such row.
    """
    rows = target if isinstance(target, QuerySet) else type(target)._default_manager.filter(pk=target.pk)
    lease = _take(rows, who, what, seconds)
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(lease, seconds, stop), daemon=True, name="lease") if beat else None
    if beating:
        beating.start()
    try:
        yield lease
    finally:
        stop.set()
        if beating:
            beating.join(LONGEST_BEAT)
        _release(lease)


def _take(rows: QuerySet, who: str, what: str, seconds: float) -> Lease:
    token = secrets.token_hex(16)
    with transaction.atomic():
        ids = _lock(rows)
        if not ids:
            raise rows.model.DoesNotExist(f"There is no such {rows.model._meta.verbose_name}.")
        mine = rows.model._default_manager.filter(pk__in=ids)
        if mine.filter(FREE).update(**_values(token, who[:254], what[:300], _in(seconds))) < len(ids):
            other = mine.exclude(lease_token=token).order_by("pk").first()
            raise LeaseTaken(other.lease_who, other.lease_what, other.lease_until)
    return Lease(mine, token, seconds)


def _values(token: str, who: str, what: str, until: Any) -> dict[str, Any]:
    return {"lease_token": token, "lease_who": who, "lease_what": what, "lease_until": until}


def _in(seconds: float) -> Any:
    return Now() + timedelta(seconds=seconds)


def _beat(lease: Lease, seconds: float, stop: threading.Event) -> None:
    """Runs in a thread of its own, with a database connection of its own."""
    try:
        while not stop.wait(seconds / BEATS_PER_LEASE):
            try:
                lease.extend()
            except LeaseLost:
                return
            except DatabaseError as error:  # the next beat comes before the lease ends
                logger.warning("a lease could not be extended: %s", " ".join(str(error).split()))
                connections.close_all()
    finally:
        connections.close_all()


def _release(lease: Lease) -> None:
    """What was done stays done where the lease cannot be given back: it expires by itself."""
    try:
        lease.release()
    except DatabaseError as error:
        logger.warning("a lease could not be released: %s", " ".join(str(error).split()))
