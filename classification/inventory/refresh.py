"""Refreshing levels, projects, one item or one space at once, and requesting scans in the background."""

import contextlib
from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from classification.inventory import store
from classification.inventory.account_names import read_names
from classification.inventory.scan_entries import record_about
from classification.models import Item, Level, ReadState, Scan, Space
from classification.outcomes import LevelChange, RefreshResult, quoted
from classification.tasks import run_scan
from portal import access
from portal.access import Actor
from portal.atlassian import types
from portal.atlassian.errors import ApiError, NotFound, Refused, Unavailable
from portal.connections import clients
from portal.connections.call_pool import in_parallel
from portal.counts import counted
from portal.jobs import job_queue
from portal.models import Connection

# --- Levels and projects --------------------------------------------------------------------------------------------


def read_levels(*, actor: Actor, connection: Connection) -> RefreshResult:
    """Load the levels of a site or an organisation again. Capability: classification.view. Raises ApiError.

    A site is asked through Confluence, and through Jira where Confluence does not offer it. An organisation tells all
    three states. Levels that are no longer listed are kept with listed=False.
    """
    access.require(actor, connection, "classification.view")
    levels, source = _levels_of(connection)
    store.keep_levels(connection, levels, timezone.now())
    words = counted(len(levels), "level")
    record_about(actor, "levels.read", connection, detail=f"{words}, from {source}.")
    return RefreshResult(len(levels), f"{words} read from {source}.", source)


def _levels_of(connection: Connection) -> tuple[list[types.Level], str]:
    if connection.kind == Connection.Kind.ORGANIZATION:
        return clients.organization(connection).levels(), "the organisation"
    try:
        return clients.confluence(connection).levels(), "Confluence"
    except (NotFound, Refused) as error:
        # A site may have Jira alone. When that does not answer either, Confluence's words are the ones to show.
        with contextlib.suppress(NotFound, Refused):
            return clients.jira(connection).levels(), "Jira"
        raise error


def refresh_levels(connection: Connection) -> None:
    """Refresh the levels as part of something else, if that is possible."""
    with contextlib.suppress(ApiError):
        levels, _ = _levels_of(connection)
        store.keep_levels(connection, levels, timezone.now())


def read_projects(*, actor: Actor, connection: Connection) -> RefreshResult:
    """Read the Jira projects of a site and their defaults again. Capability: classification.scan. Raises ApiError."""
    access.require(actor, connection, "classification.scan")
    asked = timezone.now()
    client = clients.jira(connection)
    projects = list(client.projects())
    book, told = store.LevelCache(connection, asked), []
    for project, answered in in_parallel(connection, lambda project: client.project_default(project.id), projects):
        level, error = _tried(answered.result)
        told.append((project, book.row(level), _state_after(error)))
    store.keep_projects(connection, told, asked=asked)
    unread = sum(state is not None for _, _, state in told)
    tail = f" The defaults of {unread} could not be read." if unread else ""
    words = counted(len(projects), "project")
    record_about(actor, "projects.read", connection, detail=f"{words}.{tail}")
    return RefreshResult(len(projects), f"{words} read.{tail}", "Jira")


def _tried(call: Callable, *args) -> tuple:
    try:
        return call(*args), None
    except ApiError as error:
        return None, error


def _state_after(error: ApiError | None) -> str | None:
    if error is None:
        return None
    return ReadState.HIDDEN if isinstance(error, (Refused, NotFound)) else ReadState.UNREAD


# --- One space, one item --------------------------------------------------------------------------------------------


def read_space(*, actor: Actor, connection: Connection, key: str) -> Space:
    """Read one space and its default into the inventory (not its content). Capability: classification.view.

    Raises NotFound when the site has no such space for our account, and ApiError.
    """
    access.require(actor, connection, "classification.view")
    found = next(clients.confluence(connection).spaces(keys=[key]), None)
    if found is None:
        raise NotFound(
            f"The site has no space with the key {key}, or the account of this connection may not see it.",
            advice="Check the key; it stands in the address of the space in Confluence.",
        )
    return _keep_space(connection, found)


def _keep_space(connection: Connection, space: types.Space) -> Space:
    asked = timezone.now()
    row = store.keep_space(connection, space, asked)
    level, error = _tried(clients.confluence(connection).space_default, space.id)
    state = _state_after(error)
    if level is None and error is None and not _offered(connection):
        state = ReadState.HIDDEN
    store.keep_default(row, store.LevelCache(connection, asked).row(level), asked, state=state)
    return row


def _offered(connection: Connection) -> bool:
    """Whether the site has data classification at all, which a missing level or default (404) leaves open."""
    if Level.objects.filter(connection=connection, listed=True).exists():
        return True
    _, error = _tried(clients.confluence(connection).levels)
    return not isinstance(error, NotFound)


def read_item(
    *, actor: Actor, connection: Connection, kind: str, remote_id: str, status: str = "current"
) -> LevelChange:
    """Read one item and its level again, also one that is not in the inventory yet. Capability: classification.view.

    outcome.gone when it is no longer there (it is then removed from the inventory). Raises ApiError, and NotFound when
    it is neither there nor in the inventory; ValidationError for a kind or status that there is not.
    """
    access.require(actor, connection, "classification.view")
    if kind not in Item.Kind.values or status not in Item.Status.values:
        raise ValidationError("Only pages and blog posts that are current, drafts or archived can be read.")
    client = clients.confluence(connection)
    known = Item.objects.filter(connection=connection, kind=kind, remote_id=remote_id, status=status)
    before = known.select_related("level", "space").first()
    try:
        found = client.item(kind, remote_id, status)
    except NotFound as error:
        if before is None:
            raise
        with transaction.atomic():
            Connection.locked(connection.pk)
            known.delete()
        gone = f"“{before}” is no longer there, or the account of this connection may not see it any more."
        return LevelChange("refused", False, f"{gone} It was taken off the list.", item=before, gone=True, error=error)
    space = connection.spaces.filter(remote_id=found.space_id).first()
    if space is None:
        space = _keep_space(connection, client.space(found.space_id))
    row = store.keep_item(space, store.with_status(found, kind, status), status, timezone.now())
    with contextlib.suppress(ApiError):  # who wrote it is shown by account id then
        read_names(connection, client, (row.author_id, row.owner_id))
    return _read_level(row, before)


def _read_level(row: Item, before: Item | None) -> LevelChange:
    connection, asked = row.space.connection, timezone.now()
    client = clients.confluence(connection)
    level, error = _tried(client.item_level, row.kind, row.remote_id, row.status)
    if isinstance(error, Unavailable):
        raise error
    state = _state_after(error) or ""
    if level is None and error is None and not _offered(connection):
        state = ReadState.HIDDEN
    book = store.LevelCache(connection, asked)
    store.keep_item_level(row, book.row(level), asked, state=state)
    if row.level_state == ReadState.HIDDEN:
        message = f"No access to the level of “{row}”. {error or 'This site does not offer data classification.'}"
    else:
        message = f"“{row}” is {quoted(row.level)}."
    changed = before is not None and (before.level_id, before.level_state) != (row.level_id, row.level_state)
    if changed and before is not None and before.level_state in (ReadState.KNOWN, ReadState.NONE):
        message = f"“{row}” is {quoted(row.level)} now; it was {quoted(before.level)} when it was last refreshed."
    return LevelChange("done", changed, message, row.level, item=row)


# --- Scans ----------------------------------------------------------------------------------------------------------


def request_scan(
    *,
    actor: Actor,
    connection: Connection,
    space: Space | None = None,
    enqueue: bool = True,
    not_before: datetime | None = None,
) -> Scan:
    """Queue a scan of the site, or of one space. Capability: classification.scan. An open one is returned instead.

    enqueue=False leaves it to the caller to run it (a command in the foreground), not_before to the first sweep of a
    worker after that time.
    """
    access.require(actor, connection, "classification.scan")
    enqueue = enqueue and not_before is None
    return queue_scan(actor=actor, connection=connection, space=space, enqueue=enqueue, not_before=not_before)


def queue_scan(
    *,
    actor: Actor,
    connection: Connection,
    space: Space | None,
    enqueue: bool = True,
    not_before: datetime | None = None,
    replaces: str = "",
) -> Scan:
    """As `request_scan`, for a service that has authorised the actor already.

    replaces: why a scan that began has read what is no longer true; it is stopped with this sentence and asked for
    anew. One that only waits will read what is true then.
    """
    is_open = Scan.objects.filter(connection=connection, space=space, state__in=Scan.OPEN)
    found = is_open.first()
    if found is not None and replaces and (found.state != Scan.State.QUEUED or found.is_scheduled):
        job_queue.cancel(found, error=replaces)
        found = is_open.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            Connection.locked(connection.pk)
            scan = Scan.objects.create(
                connection=connection,
                space=space,
                actor=actor.user,
                actor_label=actor.label[:254],
                not_before=not_before,
            )
            record_about(actor, "scan.asked", connection, space, outcome="started")
            if enqueue:
                # A queue that does not answer must not undo what the person did: the sweep hands the scan out later.
                transaction.on_commit(lambda: job_queue.put_in_queue(run_scan, scan.pk), robust=True)
    except IntegrityError:  # somebody else asked in the same moment
        found = is_open.first()
        if found is None:
            raise
        return found
    return scan


def cancel_scan(*, actor: Actor, scan: Scan) -> bool:
    """Stop a scan; what it has read is kept. Capability: classification.scan. False when it had ended already."""
    access.require(actor, scan.connection, "classification.scan")
    with transaction.atomic():
        cancelled = job_queue.cancel(scan)
        if cancelled:
            record_about(actor, "scan.cancelled", scan.connection, scan.space)
    scan.refresh_from_db()
    return cancelled


def pause_scan(*, actor: Actor, scan: Scan) -> bool:
    """Stop a scan until `resume_scan`; what it has read is kept. Capability: classification.scan.

    False when it neither waits nor runs.
    """
    access.require(actor, scan.connection, "classification.scan")
    with transaction.atomic():
        paused = job_queue.pause(scan, message=f"Paused by {actor.label}.")
        if paused:
            record_about(actor, "scan.paused", scan.connection, scan.space)
    scan.refresh_from_db()
    return paused


def resume_scan(*, actor: Actor, scan: Scan, enqueue: bool = True) -> bool:
    """Let a paused scan go on, or a scheduled one begin now. Capability: classification.scan. False when it is neither.

    A scan of a site goes on with the spaces that it has not read in full. enqueue: as for `request_scan`.
    """
    access.require(actor, scan.connection, "classification.scan")
    with transaction.atomic():
        resumed = job_queue.resume(scan)
        if resumed:
            record_about(actor, "scan.resumed", scan.connection, scan.space)
            if enqueue:
                transaction.on_commit(lambda: job_queue.put_in_queue(run_scan, scan.pk), robust=True)
    scan.refresh_from_db()
    return resumed


def fill_demo(connection: Connection) -> None:
    """Let the demo's pages have something to show: levels and projects at once, content by a scan in the background."""
    actor = Actor.system("demo")
    if connection.kind in (Connection.Kind.SITE, Connection.Kind.ORGANIZATION):
        read_levels(actor=actor, connection=connection)
    if connection.kind == Connection.Kind.SITE:
        read_projects(actor=actor, connection=connection)
        request_scan(actor=actor, connection=connection)
