"""Connections at work: adding and changing them, their credentials, and the API clients that speak for them."""

import contextlib
import contextvars
import logging
import math
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseFault
from django.db import IntegrityError, models, transaction
from django.db.models import CASCADE
from django.utils.text import slugify

from . import connection_facts, registry
from .access import Actor, require, require_administrator
from .atlassian.addresses import is_plain_host
from .atlassian.confluence import ConfluenceClient
from .atlassian.errors import Misconfigured
from .atlassian.http import CONNECT_SECONDS, TOTAL_SECONDS, ApiSession
from .atlassian.jira import JiraClient
from .atlassian.marketplace import MarketplaceClient
from .atlassian.organization import OrganizationClient
from .atlassian.slots import MachineSlots
from .audit.record import record_action
from .models import Connection, Pause

logger = logging.getLogger("trustdesk.connections")

API_HOST = "api.atlassian.com"
DEFAULT_URLS = {
    Connection.Kind.ORGANIZATION: f"https://{API_HOST}",
    Connection.Kind.MARKETPLACE: f"https://{API_HOST}/marketplace",
}
#: What Atlassian's own addresses have to look like, and an example for whoever entered another one.
SHAPES = {
    Connection.Kind.SITE: (
        rf"https://([^/]+\.atlassian\.net|{re.escape(API_HOST)}/ex/(confluence|jira)/[^/]+)",
        "https://example-acme.atlassian.net",
    ),
    Connection.Kind.ORGANIZATION: (rf"https://{re.escape(API_HOST)}", f"https://{API_HOST}"),
    Connection.Kind.MARKETPLACE: (rf"https://{re.escape(API_HOST)}/marketplace", f"https://{API_HOST}/marketplace"),
}
#: What says which site, organisation or developer space is meant. What was read belongs to that one and no other.
PLACE = ("url", "org_id", "developer_id")
#: The fields of a connection that a change is recorded for; the token itself never is.
RECORDED = ("name", "kind", "url", "dialect", "email", "org_id", "developer_id")


#: The longest that a person's call can take: the last try begins when patience ends, and has its own time limits.
LONGEST_CALL = timedelta(seconds=settings.UPSTREAM_PATIENCE_WEB + CONNECT_SECONDS + TOTAL_SECONDS)


def is_atlassian(host: str) -> bool:
    return host == API_HOST or (host.endswith(".atlassian.net") and host != ".atlassian.net")


def real_hosts(connections: Iterable[Connection]) -> list[str]:
    """Their hosts that are not Atlassian's, for which no sandbox answers. Iterates only where there may be any."""
    found = set()
    for connection in connections if settings.UPSTREAM_HOSTS else ():
        parts = urlsplit(connection.url)
        names = {parts.hostname or "", f"{parts.hostname}:{parts.port}"}
        if not is_atlassian(parts.hostname or "") and names & set(settings.UPSTREAM_HOSTS):
            found.add(parts.netloc)
    return sorted(found)


def clean_url(url: str, kind: str) -> str:
    """The address in its normal form. Raises ValidationError with a sentence that says which addresses are allowed.

    Credentials must never travel to a host that is not Atlassian's, so anything else has to be listed in
    UPSTREAM_HOSTS by whoever runs this Trustdesk.
    """
    url = (url or DEFAULT_URLS.get(Connection.Kind(kind), "")).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValidationError("This is not an address. Example: https://example-acme.atlassian.net") from None
    if not is_plain_host(host) or parts.username is not None or parts.query or parts.fragment:
        raise ValidationError("Enter the plain address of the site. Example: https://example-acme.atlassian.net")
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?", parts.path):
        raise ValidationError("The path of this address is not a plain one. Leave it out, or copy it again.")
    path = "" if parts.path.rstrip("/") == "/wiki" else parts.path.rstrip("/")
    place = f"[{host}]" if ":" in host else host
    clean = f"{parts.scheme}://{place}{f':{port}' if port else ''}{path}"
    listed = {entry.lower() for entry in settings.UPSTREAM_HOSTS}
    if (f"{host}:{port}" if port else host) in listed or host in listed:
        if parts.scheme not in ("http", "https"):
            raise ValidationError("The address must start with https:// or http://.")
    elif not is_atlassian(host) or parts.scheme != "https" or port not in (None, 443):
        raise ValidationError(
            "Only https addresses on *.atlassian.net and api.atlassian.com are allowed, or hosts that the "
            "administrator listed in UPSTREAM_HOSTS."
        )
    else:
        shape, example = SHAPES[Connection.Kind(kind)]
        if not re.fullmatch(shape, clean.replace(":443", "", 1)):
            raise ValidationError(f"This is no address of this kind of connection. Example: {example}")
    return clean


# --- Changing connections ------------------------------------------------------------------------------------------


def _slug(name: str) -> str:
    base = slugify(name, allow_unicode=False)[:60] or "connection"
    slug, number = base, 2
    while Connection.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


def _facts(connection: Connection) -> dict:
    return {name: getattr(connection, name) for name in RECORDED}


def add(
    *,
    actor: Actor,
    name: str,
    kind: str,
    url: str,
    token: str,
    email: str = "",
    org_id: str = "",
    developer_id: str = "",
    dialect: str = Connection.Dialect.CURRENT,
) -> Connection:
    """Add a connection. Raises ValidationError (fields as keys) and PermissionDenied; only administrators may."""
    require_administrator(actor)
    connection = Connection(
        name=name, kind=kind, email=email, org_id=org_id, developer_id=developer_id, dialect=dialect, slug=_slug(name)
    )
    _validate(connection, url=url, needs_token=not token)
    connection.keep_token(token)
    try:
        with transaction.atomic():
            connection.save()
            _record(actor, "connection.added", connection, after=_facts(connection))
    except IntegrityError:
        raise ValidationError({"name": "Somebody added a connection of this name at this very moment."}) from None
    return connection


def change(*, actor: Actor, connection: Connection, token: str = "", **values: str) -> Connection:
    """Change fields of a connection; an empty token keeps the stored one.

    A stored token is never sent to another address or under another account than the one it was entered for: those
    changes need the token again. Once something was read, a connection cannot come to speak for another place: ids and
    documents of the one would be taken for the other's. Raises ValidationError and PermissionDenied.
    """
    require(actor, connection, "connection.manage")
    before = _facts(connection)
    for name in set(values) & set(RECORDED) - {"kind"}:
        setattr(connection, name, values[name])
    _validate(connection, url=connection.url)
    moved = [name for name in PLACE if getattr(connection, name) != before[name]]
    if moved and any(holds(connection) for holds in registry.HOLDINGS):
        raise ValidationError(
            {
                moved[0]: f"What was read through this connection belongs to {before[moved[0]]}. Add a new connection "
                "for another place, and remove this one when it is not needed any more."
            }
        )
    if not token and (connection.url, connection.email) != (before["url"], before["email"]):
        raise ValidationError({"token": "Enter the token again: it was given for another address or account."})
    if token:
        connection.keep_token(token)
    after = _facts(connection)
    with transaction.atomic():
        connection.save()
        connection_facts.forget(connection)
        _record(
            actor,
            "connection.changed",
            connection,
            before={key: value for key, value in before.items() if value != after[key]},
            after={key: value for key, value in after.items() if value != before[key]},
            detail="The token was replaced." if token else "",
        )
    return connection


def remove(*, actor: Actor, connection: Connection) -> None:
    """Remove a connection with its inventory and versions; the activity stays."""
    require(actor, connection, "connection.manage")
    with transaction.atomic():
        # Not its key yet: whoever changes a row of it may still refer to it, and ends first.
        Connection.locked(connection.pk)
        for model, field in _hanging_on_connections():
            # Whoever changes what hangs on such a row locks the row first, so the removal does too.
            rows = model._default_manager.filter(**{field: connection})
            list(rows.select_for_update().order_by("pk").values_list("pk"))
        kept = Connection.objects.filter(pk=connection.pk)
        list(kept.select_for_update())
        kept.delete()
        _record(actor, "connection.removed", connection, before=_facts(connection))


def _hanging_on_connections() -> list[tuple[type[models.Model], str]]:
    """What goes with a connection, each with the name of its reference to it.

    Without what those rows refer to by themselves (a level): they hold it, so it is locked after them, by the removal.
    """
    found = [relation for relation in Connection._meta.related_objects if relation.on_delete is CASCADE]
    own = {relation.field.model for relation in found}
    referred = {
        field.related_model
        for model in own
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey) and field.remote_field.on_delete is not CASCADE
    }
    return [(relation.field.model, relation.field.name) for relation in found if relation.field.model not in referred]


def _record(actor: Actor, action: str, connection: Connection, **facts) -> None:
    record_action(
        actor=actor,
        action=action,
        connection=connection,
        target_type="connection",
        target_id=connection.slug,
        target_label=connection.name,
        **facts,
    )


def missing(*, kind: str, url: str, email: str, org_id: str, developer_id: str, token: str) -> dict[str, str]:
    """What is empty and needed for a new connection of this kind: field -> what to do."""
    needed = {"token": (token, "Enter the API token.")}
    if kind == Connection.Kind.SITE:
        needed["url"] = (url, "Enter the plain address of the site. Example: https://example-acme.atlassian.net")
    if kind == Connection.Kind.ORGANIZATION:
        needed["org_id"] = (org_id, "Enter the id of the organisation.")
    if kind == Connection.Kind.MARKETPLACE:
        needed["developer_id"] = (developer_id, "Enter the id of the developer space.")
        needed["email"] = (email, "Enter the e-mail address of the partner account.")
    return {name: words for name, (value, words) in needed.items() if not value}


def _validate(connection: Connection, *, url: str, needs_token: bool = False) -> None:
    kind, email = connection.kind, connection.email
    problems: dict[str, list[str] | str] = dict(
        missing(
            kind=kind,
            url=url,
            email=email,
            org_id=connection.org_id,
            developer_id=connection.developer_id,
            token="" if needs_token else "given",
        )
    )
    try:
        connection.url = clean_url(url, kind)
    except ValidationError as error:
        problems["url"] = error.messages
    if kind == Connection.Kind.ORGANIZATION and email:
        problems["email"] = "An organisation takes its admin API key alone; leave the account empty."
    if problems:
        raise ValidationError(problems)
    connection.clean_fields(exclude=["token", "check_lines"])
    connection.validate_unique()


# --- Speaking for a connection --------------------------------------------------------------------------------------


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


def session(connection: Connection, *, patience: float | None = None) -> ApiSession:
    """The pooled session that speaks for a connection; one pool per process, however patient its callers are.

    `patience`: seconds that a call may wait for Atlassian's limits; the web's by default. Raises
    fields.SecretUnreadable when the stored token cannot be read, and Misconfigured when the address is not among the
    allowed ones (any more: UPSTREAM_HOSTS may have shrunk since it was entered).
    """
    patience = settings.UPSTREAM_PATIENCE_WEB if patience is None else patience
    # A forked process must not use the sockets and locks of its parent.
    key = (connection.pk, os.getpid(), connection.url, connection.email, connection.token, connection.dialect)
    shared = throttle(connection)
    with _sessions_lock:
        if key not in _sessions:
            _require_allowed(connection)
            for old in [other for other in _sessions if other[0] == connection.pk]:
                del _sessions[old]
            _sessions[key] = ApiSession(
                base_url=connection.url,
                email=connection.email,
                token=connection.read_token(),
                key=f"connection-{connection.pk}",
                slots=MachineSlots(
                    Path(settings.DATA_DIR, "slots"), f"connection-{connection.pk}", settings.UPSTREAM_MAX_IN_FLIGHT
                ),
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
        from .sandbox.transport import SandboxAdapter

        return SandboxAdapter(dialect=connection.dialect)
    return None


def confluence(connection: Connection, **options) -> ConfluenceClient:
    memory = connection_facts.Memory(connection)
    return ConfluenceClient(session(connection, **options), dialect=connection.dialect, memory=memory)


def jira(connection: Connection, **options) -> JiraClient:
    return JiraClient(session(connection, **options))


def organization(connection: Connection, **options) -> OrganizationClient:
    return OrganizationClient(session(connection, **options), connection.org_id)


def marketplace(connection: Connection, **options) -> MarketplaceClient:
    return MarketplaceClient(session(connection, **options))
