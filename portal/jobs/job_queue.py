"""Jobs: long work as rows that are claimed, kept alive by heartbeats, and handed out again after a crash.

A task queue may lose a task with its worker. So the work is a row of a domain table (a subclass of `Job`); a worker
claims it by a conditional UPDATE, keeps the lease alive while it works, and a sweep hands expired or forgotten rows
out again. Running the same row twice must therefore be harmless.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django_tasks.base import Task

from portal.jobs import leases
from portal.jobs.leases import LeaseLost
from portal.logs import one_line
from portal.models import ConnectionLease, User

logger = logging.getLogger("trustdesk.jobs")

LEASE = timedelta(seconds=60)
#: A queued row that no worker took for this long is put into the queue again.
FORGOTTEN = timedelta(seconds=60)
MOST_ATTEMPTS = 5


class Job(models.Model):
    """A row of long work. `done` of `total` steps; `message` says in words where it is.

    Its model has a foreign key `connection`, through which the work calls Atlassian.
    """

    connection_id: int

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    #: Not ended.
    OPEN = (State.QUEUED, State.RUNNING, State.PAUSED)

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    #: Waiting work is not begun before this time.
    not_before = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=254)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits for its time."""
        return self.state == self.State.QUEUED and self.not_before is not None and self.not_before > timezone.now()

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 0

    def record_end(self) -> None:
        """Called in the transaction that ends the work, however it ends; for a model that records it."""


AnyJob = TypeVar("AnyJob", bound=Job)

#: Waiting, and not for a later time. The database's clock decides, since those of several machines differ.
READY = Q(state=Job.State.QUEUED) & (Q(not_before=None) | Q(not_before__lte=Now()))
#: Running, but its worker has not been heard of for the time of its lease.
EXPIRED = Q(state=Job.State.RUNNING, lease_until__lt=Now())


class Lease:
    """The right to work on one row. Every write of a worker goes through it and fails when the right is gone.

    connection: the lease on the connection, which ends the work as well when it is lost.
    """

    def __init__(self, job: Job, token: str, connection: leases.Lease | None = None) -> None:
        self.job, self.token, self.connection = job, token, connection

    def _update(self, **values) -> None:
        rows = type(self.job)._default_manager.filter(pk=self.job.pk, lease=self.token, state=Job.State.RUNNING)
        if not rows.update(**values):
            raise LeaseLost(f"{type(self.job).__name__} {self.job.pk}")
        for name, value in values.items():
            if not hasattr(value, "resolve_expression"):  # what the database works out stands there alone
                setattr(self.job, name, value)

    def beat(self, **progress) -> None:
        """Keep the lease and write progress (`done`, `total`, `message`). Raises LeaseLost."""
        if self.connection is not None:
            self.connection.extend()
        self._update(lease_until=Now() + LEASE, **progress)

    def finish(self, *, message: str = "", **values) -> None:
        self._end(state=Job.State.DONE, message=message[:300], **values)

    def fail(self, error: str) -> None:
        self._end(state=Job.State.FAILED, error=error)

    def _end(self, **values) -> None:
        with transaction.atomic():
            self._update(finished_at=timezone.now(), lease="", **values)
            self.job.record_end()


@contextmanager
def claimed(job: AnyJob, *, enqueue: Callable[[AnyJob], object]) -> Iterator[Lease | None]:
    """Claim a job and hold its connection while the body runs. None: somebody else has the job or the connection.

    Background work of one connection runs in one process at a time, so that the limit on its calls in flight holds
    over all machines. A job that cannot have the connection stays queued. Whoever frees the connection passes the job
    that has waited longest to `enqueue`, even without having claimed one: another process may have been turned away.
    """
    connection, _ = ConnectionLease.objects.get_or_create(pk=job.connection_id)
    with ExitStack() as held:
        try:
            lease = held.enter_context(leases.hold(connection, who=job.actor_label, what=f"working: {job}", beat=True))
        except leases.LeaseTaken:
            yield None
            return
        yield claim(job, lease)
    try:
        following = first_waiting(job)
        if following is not None:
            enqueue(following)
    except Exception as error:  # the sweep hands it out later
        logger.warning("what waits for a connection was not handed out: %s", one_line(error))


def first_waiting(job: AnyJob) -> AnyJob | None:
    """The job that has waited longest among those that wait for the connection of this one."""
    model = type(job)
    waiting = model._default_manager.filter(READY, connection=job.connection_id)
    return waiting.order_by("pk").first()


def claim(job: Job, connection: leases.Lease | None = None) -> Lease | None:
    """Take the row if it is free: READY or EXPIRED. None when somebody else has it.

    connection: the lease on its connection, from `claimed`.
    """
    token = secrets.token_hex(16)
    taken = (
        type(job)
        ._default_manager.filter(READY | EXPIRED, pk=job.pk)
        .update(
            state=Job.State.RUNNING,
            lease=token,
            lease_until=Now() + LEASE,
            attempts=models.F("attempts") + 1,
            started_at=Coalesce("started_at", Now()),
        )
    )
    if not taken:
        return None
    job.refresh_from_db()
    return Lease(job, token, connection)


def cancel(job: Job, *, error: str = "") -> bool:
    """End open work; the worker notices at its next beat. False when it had ended already.

    error: why, where it was not the wish of a person who watches it.
    """
    rows = type(job)._default_manager.filter(pk=job.pk, state__in=Job.OPEN)
    return _end(job, rows, state=Job.State.CANCELLED, lease="", error=error)


def pause(job: Job, *, message: str) -> bool:
    """Stop waiting or running work until `resume`; the worker notices at its next beat. False when it does neither."""
    rows = type(job)._default_manager.filter(pk=job.pk, state__in=(Job.State.QUEUED, Job.State.RUNNING))
    return _changed(job, rows, state=Job.State.PAUSED, lease="", not_before=None, message=message)


def resume(job: Job) -> bool:
    """Let paused work wait for a worker again, and scheduled work wait for one now. False when it is neither.

    The caller puts it into the queue.
    """
    scheduled = Q(state=Job.State.QUEUED, not_before__gt=Now())
    rows = type(job)._default_manager.filter(Q(state=Job.State.PAUSED) | scheduled, pk=job.pk)
    # Attempts count workers that died; a person who pauses often has stopped none.
    return _changed(job, rows, state=Job.State.QUEUED, not_before=None, queued_at=Now(), attempts=0, message="")


def _changed(job: Job, rows: models.QuerySet, **values) -> bool:
    if not rows.update(**values):
        return False
    job.refresh_from_db()
    return True


def _end(job: Job, rows: models.QuerySet, **values) -> bool:
    """End the work of others, if it is as it was seen to be."""
    with transaction.atomic():
        if not rows.update(finished_at=timezone.now(), **values):
            return False
        job.refresh_from_db()
        job.record_end()
    return True


def put_in_queue(task: Task, pk: int) -> None:
    """Let a worker take a row at once. Where Redis does not answer, the sweep puts it into the queue later."""
    try:
        task.enqueue(pk)
    except Exception as error:
        if not queue_is_away(error):
            raise
        logger.warning("%s %s waits for Redis, which does not answer: %s.", task.name, pk, one_line(error))


def queue_is_away(error: Exception) -> bool:
    """Whether that is what the client of Redis says, which is not loaded where the queue is in the database."""
    if settings.TASK_BACKEND != "redis":
        return False
    from redis.exceptions import RedisError

    return isinstance(error, RedisError)


def sweep(model: type[AnyJob], enqueue: Callable[[AnyJob], object]) -> int:
    """Hand out what was scheduled for now, and again what a dead worker left or the queue forgot.

    Given up after MOST_ATTEMPTS. What waits for a connection in use is left alone: it is handed out when that is free.
    """
    handed_out = 0
    manager = model._default_manager
    due = READY & (Q(queued_at__lt=Now() - FORGOTTEN) | Q(queued_at__lt=models.F("not_before")))
    in_use = ConnectionLease.objects.exclude(leases.FREE).values("connection")
    for job in manager.filter(EXPIRED | due & ~Q(connection__in=in_use)):
        seen = {"state": job.state, "lease": job.lease, "lease_until": job.lease_until, "queued_at": job.queued_at}
        unchanged = manager.filter(pk=job.pk, **seen)
        if job.attempts >= MOST_ATTEMPTS:
            error = f"The worker stopped {job.attempts} times while doing this. It was given up."
            _end(job, unchanged, state=Job.State.FAILED, error=error)
        elif unchanged.update(state=Job.State.QUEUED, lease="", queued_at=Now()):
            logger.warning("handed out: %s %s, attempt %s", model.__name__, job.pk, job.attempts + 1)
            enqueue(job)
            handed_out += 1
    return handed_out
