"""Why background work stands still: no worker runs, or Atlassian asked a connection to wait."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

from portal.models import Connection, Pause, WorkerSign

#: A worker signs every 15 seconds. One that has not for this long is not there.
MISSED = timedelta(minutes=1)


def sign() -> int:
    """Write down that a worker is there. A sweeper of the worker, in its own process with either queue."""
    WorkerSign.objects.update_or_create(pk=1, defaults={"seen_at": timezone.now()})
    return 0


def reason(connection: Connection, *, since: datetime) -> str:
    """Why open work that was queued at `since` stands still, in a sentence; "" when nothing is known to stop it."""
    return no_worker(since=since) or pauses([connection]).get(connection.pk, "")


def no_worker(*, since: datetime) -> str:
    """That no worker runs, in a sentence; "" while one does, or while none was needed before `since`."""
    missed = timezone.now() - MISSED
    seen_at = WorkerSign.objects.values_list("seen_at", flat=True).first()
    if seen_at is None and since < missed:
        return "No worker has been seen yet. Background work starts when one runs."
    if seen_at is not None and seen_at < missed:
        return f"No worker has been seen since {clock(seen_at)}. Background work goes on when one runs."
    return ""


def pauses(connections: Iterable[Connection]) -> dict[int, str]:
    """connection id -> until when Atlassian asked it to wait, in a sentence; one query."""
    now = timezone.now()
    waiting = Pause.objects.filter(connection__in=connections, until__gt=now.timestamp())
    return {
        pk: f"Atlassian asked this connection to wait until "
        f"{clock(datetime.fromtimestamp(until, tz=now.tzinfo), seconds=True)}."
        for pk, until in waiting.values_list("pk", "until")
    }


def reason_on(request: HttpRequest, connection: Connection, *, since: datetime) -> str:
    """As `reason`, worked out once for a page of one connection, however many jobs it shows."""
    if not hasattr(request, "_standstill"):
        request._standstill = reason(connection, since=since)  # type: ignore[attr-defined]
    return request._standstill  # type: ignore[attr-defined]


def clock(at: datetime, *, seconds: bool = False) -> str:
    """A time of day in the person's time zone, with the day where that is not today's."""
    local, today = timezone.localtime(at), timezone.localdate()
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return time if local.date() == today else f"{local.day} {local:%b %Y}, {time}"
