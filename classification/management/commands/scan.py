"""`scan NAME [--space KEY] [--at TIME]`: reads a site or one space into the inventory, with lines of progress.

With --at, a worker does it at that time; a paused scan goes on, and a scheduled one is done now.
"""

import argparse
import time
from datetime import datetime

from django.utils import timezone

from classification.inventory import refresh, scanning
from classification.models import Scan, Space
from classification.selectors import find_space, running_scan
from classification.tasks import hand_out
from classification.views.rows import waiting_note
from portal.access import Actor
from portal.jobs import job_queue
from portal.jobs.stalled import clock
from portal.management.base import Failed, ServiceCommand, connection_named
from portal.models import Connection


def later(text: str) -> datetime:
    """A time that is still to come; in the time zone of this machine's settings where it names none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a time like 2027-01-31T22:00") from None
    at = at if at.tzinfo else timezone.make_aware(at)
    if at <= timezone.now():
        raise argparse.ArgumentTypeError(f"“{text}” is over")
    return at


class _SpokenLease(job_queue.Lease):
    """A lease that also says each step of the progress."""

    def __init__(self, lease: job_queue.Lease, say) -> None:
        super().__init__(lease.job, lease.token, lease.connection)
        self.say, self.said = say, ""

    def beat(self, **progress) -> None:
        super().beat(**progress)
        message = progress.get("message", "")
        if message != self.said:
            self.said = message
            self.say(message)


class Command(ServiceCommand):
    help = "Read a site, or one space of it, into the inventory."

    def arguments(self, parser) -> None:
        parser.add_argument("name", help="name of the connection")
        parser.add_argument("--space", metavar="KEY", help="only the space with this key")

        parser.add_argument("--at", type=later, metavar="TIME", help="let a worker do it then: 2027-01-31T22:00")

    def run(self, actor: Actor, *, name: str, space: str | None, at: datetime | None, **options) -> dict:
        connection = connection_named(actor, name, Connection.Kind.SITE)
        place = self._space(actor, connection, space) if space else None
        scan = refresh.request_scan(actor=actor, connection=connection, space=place, enqueue=False, not_before=at)
        if at is not None:
            return self._scheduled(scan, at)
        if scan.state == Scan.State.PAUSED or scan.is_scheduled:
            refresh.resume_scan(actor=actor, scan=scan, enqueue=False)
        self._see_through(connection, scan)
        result = {
            "state": scan.state,
            "items": scan.done,
            "calls": scan.calls,
            "message": scan.message,
            "error": scan.error,
        }
        if scan.state != Scan.State.DONE:
            if self.as_json:
                self.print_json(result)
            raise Failed(scan.error or scan.message or "The scan was cancelled.")
        if scan.error:
            self.stderr.write(scan.error)
        self.say(scan.message)
        return result

    def _scheduled(self, scan: Scan, at: datetime) -> dict:
        if scan.not_before != at:
            raise Failed("A scan of it is open already. Nothing was scheduled.")
        self.say(f"The scan begins at {clock(at)}, when a worker runs.")
        return {"state": scan.state, "not_before": at.isoformat()}

    def _space(self, actor: Actor, connection: Connection, key: str) -> Space:
        found = find_space(connection, key)
        if found is None or not found.listed:
            return refresh.read_space(actor=actor, connection=connection, key=key)
        return found

    def _see_through(self, connection: Connection, scan: Scan) -> None:
        """Do it, or say how far somebody else is until it ends. What a dead worker left is taken over by nobody else
        where no worker runs."""
        said = ""
        while scan.is_open and scan.state != Scan.State.PAUSED:
            with job_queue.claimed(scan, enqueue=hand_out) as lease:
                if lease is not None:
                    scanning.run(scan, _SpokenLease(lease, self.say))
            if lease is None:
                message = scan.message
                if scan.state == Scan.State.QUEUED:
                    message = waiting_note(running_scan(connection))
                if message != said:
                    said = message
                    self.say(said)
                time.sleep(0.5)
            scan.refresh_from_db()
