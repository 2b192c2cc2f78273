"""The API clients of a connection: pooled sessions, with the pauses that Atlassian asks for shared by all processes."""

import contextlib
import contextvars
import logging
import math
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseFault
from django.db import transaction

from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import Misconfigured
from portal.atlassian.http import CONNECT_SECONDS, TOTAL_SECONDS, ApiSession
from portal.atlassian.jira import JiraClient
from portal.atlassian.limits import CallLimit
from portal.atlassian.marketplace import MarketplaceClient
from portal.atlassian.organization import OrganizationClient
from portal.connections import site_facts
from portal.connections.addresses import clean_url, is_atlassian
from portal.models import Connection, Pause

logger = logging.getLogger("trustdesk.connections")


#: The longest that a person's call can take: the last try begins when patience ends, and has its own time limits.
LONGEST_CALL = timedelta(seconds=settings.UPSTREAM_PATIENCE_WEB + CONNECT_SECONDS + TOTAL_SECONDS)


_thread = threading.local()


def leave_database_alone() -> None:
    """Initializer for pool threads that only make remote calls: they must not open a database connection each."""
    _thread.without_database = True


class SharedThrottle:
    """What Atlassian asked a connection to wait, shared by all threads and processes through the database.

    All threads of a process share the answer in memory. The table is looked at twice a second at most, so a pause of
    another process is obeyed at the latest half a second after it was written. Pool threads leave the table to the
    thread that runs them, which calls `sync()` as it collects their results.

    A table that cannot be read or written never fails the call that was made: this process still waits, and tries the
    table again half a second later.
    """

    LOOK_EVERY = 0.5

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id
        self._until = 0.0
        self._reason = ""
        self._written = 0.0
        self._looked = 0.0
        self._failed = False
        self._lock = threading.Lock()

    def paused_until(self) -> float:
        if not getattr(_thread, "without_database", False):
            self.sync()
        return self._until

    def pause(self, until: float, reason: str) -> None:
        with self._lock:
            if until > self._until:
                self._until, self._reason = until, reason
        if not getattr(_thread, "without_database", False):
            self.sync()

    def sync(self) -> None:
        """Write a new pause of this process, and learn of those of others. Needs a thread with a database."""
        with self._lock:
            until, reason, now = self._until, self._reason, time.monotonic()
            look = now - self._looked >= self.LOOK_EVERY
            write = until > self._written and (look or not self._failed)
            if look:
                self._looked = now
        if not write and not look:
            return
        try:
            shared = self._write(until, reason[:200]) if write else self._read()
        except DatabaseFault as error:
            self._failed = True
            logger.warning(
                "the pause of connection %s is not shared: %s", self.connection_id, " ".join(str(error).split())
            )
            return
        self._failed = False
        with self._lock:
            self._until = max(self._until, shared)
            self._written = max(self._written, shared)

    def _read(self) -> float:
        return Pause.objects.filter(pk=self.connection_id).values_list("until", flat=True).first() or 0.0

    @transaction.atomic
    def _write(self, until: float, reason: str) -> float:
        """Lengthen the pause in the table; another process may have written a longer one, which stays. Returns it."""
        row, _ = Pause.objects.get_or_create(pk=self.connection_id, defaults={"until": until, "reason": reason})
        if row.until < until:
            Pause.objects.filter(pk=row.pk, until__lt=until).update(until=until, reason=reason)
        return max(row.until, until)


_call_until: contextvars.ContextVar[float] = contextvars.ContextVar("call_until", default=math.inf)


@contextlib.contextmanager
def within_budget(seconds: float) -> Iterator[None]:
    """All calls of sessions that are taken within this block begin in so many seconds, or are not made (Limited)."""
    before = _call_until.set(time.time() + seconds)
    try:
        yield
    finally:
        _call_until.reset(before)


_sessions: dict[tuple, ApiSession] = {}


_throttles: dict[int, SharedThrottle] = {}


_sessions_lock = threading.Lock()


def throttle(connection: Connection) -> SharedThrottle:
    with _sessions_lock:
        return _throttles.setdefault(connection.pk, SharedThrottle(connection.pk))


def session(connection: Connection, *, background: bool = False) -> ApiSession:
    """The pooled session that speaks for a connection: one for pages in each process, and one for background work.

    background: for who holds the connection (`job_queue.claimed`). The session has the large limit of calls in flight,
    which only one process may use at a time, and waits long where Atlassian asks for it.

    Raises fields.SecretUnreadable when the stored token cannot be read, and Misconfigured when the address is not among
    the allowed ones (any more: UPSTREAM_HOSTS may have shrunk since it was entered).
    """
    patience, most = settings.UPSTREAM_PATIENCE_WEB, settings.UPSTREAM_MAX_IN_FLIGHT_WEB
    if background:
        patience, most = settings.UPSTREAM_PATIENCE_WORK, settings.UPSTREAM_MAX_IN_FLIGHT
    # A forked process must not use the sockets and locks of its parent.
    account = (os.getpid(), connection.url, connection.email, connection.token, connection.dialect)
    key = (connection.pk, background, account)
    shared = throttle(connection)
    with _sessions_lock:
        if key not in _sessions:
            _require_allowed(connection)
            for old in [other for other in _sessions if other[0] == connection.pk and other[2] != account]:
                del _sessions[old]
            _sessions[key] = ApiSession(
                base_url=connection.url,
                email=connection.email,
                token=connection.read_token(),
                key=f"connection-{connection.pk}",
                limit=CallLimit(most),
                throttle=shared,
                adapter=_adapter(connection),
            )
        return _sessions[key].with_patience(patience, until=_call_until.get())


def _require_allowed(connection: Connection) -> None:
    try:
        clean_url(connection.url, connection.kind)
    except ValidationError as error:
        raise Misconfigured(f"Nothing was sent to {connection.url}. {error.messages[0]}") from None


def forget_sessions() -> None:
    """Drop all pooled sessions and pauses of this process, so that no test speaks through those of another."""
    with _sessions_lock:
        _sessions.clear()
        _throttles.clear()


def _adapter(connection: Connection):
    """The sandbox's transport in place of the network, for Atlassian's hosts, while SANDBOX is on."""
    if settings.SANDBOX and is_atlassian(urlsplit(connection.url).hostname or ""):
        from sandbox.transport import SandboxAdapter

        return SandboxAdapter(dialect=connection.dialect)
    return None


def confluence(connection: Connection, **options) -> ConfluenceClient:
    memory = site_facts.Memory(connection)
    return ConfluenceClient(session(connection, **options), dialect=connection.dialect, memory=memory)


def jira(connection: Connection, **options) -> JiraClient:
    return JiraClient(session(connection, **options))


def organization(connection: Connection, **options) -> OrganizationClient:
    return OrganizationClient(session(connection, **options), connection.org_id)


def marketplace(connection: Connection, **options) -> MarketplaceClient:
    return MarketplaceClient(session(connection, **options))
