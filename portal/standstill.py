"""Why background work stands still: no worker runs, or Atlassian asked a connection to wait."""

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

from .models import Connection, Pause, WorkerSign

#: A worker signs every 15 seconds. One that has not for this long is not there.
MISSED = timedelta(minutes=1)


def sign() -> int:
    """Write down that a worker is there. A sweeper of the worker, in its own process with either queue."""
    WorkerSign.objects.update_or_create(pk=1, defaults={"seen_at": timezone.now()})
    return 0


def reason(connection: Connection, *, since: datetime) -> str:
    """Why open work that was queued at `since` stands still, in a sentence; "" when nothing is known to stop it."""
    now = timezone.now()
    seen_at = WorkerSign.objects.values_list("seen_at", flat=True).first()
    if seen_at is None and since < now - MISSED:
        return "No worker has been seen yet. The work starts when one runs."
    if seen_at is not None and seen_at < now - MISSED:
        return f"No worker has been seen since {clock(seen_at)}. The work goes on when one runs."
    until = Pause.objects.filter(connection=connection).values_list("until", flat=True).first() or 0
    if until > now.timestamp():
        at = clock(datetime.fromtimestamp(until, tz=now.tzinfo), seconds=True)
        return f"Atlassian asked this connection to wait until {at}."
    return ""


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
