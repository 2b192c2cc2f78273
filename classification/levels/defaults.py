"""Setting and clearing the default level of spaces and Jira projects."""

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from classification.inventory import store
from classification.inventory.refresh import queue_scan, refresh_levels
from classification.levels.change import (
    CallResult,
    Change,
    Target,
    carry_out,
    check_level,
    check_reason,
    is_seen,
    one_at_a_time,
)
from classification.models import Item, Level, Project, ReadState, Scan, Space
from classification.outcomes import NO_DEFAULT, ChangedMeanwhile, Impact, LevelChange, LevelNotApplicable, NotChangeable
from portal import access
from portal.access import Actor
from portal.atlassian.errors import NotFound, Refused
from portal.connections import clients
from portal.models import Connection


def impact(*, space: Space) -> Impact:
    """How many items a change of the space default touches; from the inventory, one query and no remote call."""
    default = space.known_default_id
    known = Q(level_state=ReadState.KNOWN)
    follows = known & Q(level_id=default, set_here=False) if default else Q(pk__in=[])
    counts = Item.objects.filter(space=space).aggregate(
        total=Count("pk"),
        known=Count("pk", filter=known),
        matching=Count("pk", filter=follows),
        without=Count("pk", filter=Q(level_state=ReadState.NONE)),
    )
    return Impact(
        matching=counts["matching"],
        unclassified=0 if default else counts["without"],
        unset=counts["without"] if default else 0,
        kept=counts["known"] - counts["matching"],
        unknown=counts["total"] - counts["known"] - counts["without"],
        complete=space.scanned_at is not None and space.partial_at is None,
    )


def set_space_default(
    *,
    actor: Actor,
    space: Space,
    level: Level,
    reason: str = "",
    seen_level_id: str | None = None,
    force: bool = False,
) -> LevelChange:
    """Set the default level of a space and read it back. Capability: classification.set_default.

    Arguments and errors as in `items.set_item_level`. Items that follow the default are marked as not read, and a scan
    of the space is queued (`outcome.scan`).
    """
    return _change(_Default(space), level, actor, reason, seen_level_id, force)


def clear_space_default(
    *, actor: Actor, space: Space, reason: str = "", seen_level_id: str | None = None, force: bool = False
) -> LevelChange:
    """Clear the default level of a space; needs a reason while there is one. Else as `set_space_default`."""
    return _change(_Default(space), None, actor, reason, seen_level_id, force)


def set_project_default(
    *,
    actor: Actor,
    project: Project,
    level: Level,
    reason: str = "",
    seen_level_id: str | None = None,
    force: bool = False,
) -> LevelChange:
    """Set the default level of a Jira project and read it back. Capability: classification.set_default."""
    return _change(_Default(project), level, actor, reason, seen_level_id, force)


def clear_project_default(
    *, actor: Actor, project: Project, reason: str = "", seen_level_id: str | None = None, force: bool = False
) -> LevelChange:
    """Clear the default level of a Jira project; needs a reason while there is one."""
    return _change(_Default(project), None, actor, reason, seen_level_id, force)


def why_closed(row: Space | Project) -> str:
    """Why the default cannot be changed, in a sentence; "" where it can."""
    product = "Confluence" if isinstance(row, Space) else "Jira"
    return (
        f"“{row}” is archived, so its default cannot be changed. Restore it in {product} first." if row.archived else ""
    )


class _Default:
    """What spaces and projects have in common here: a row with a default, and three calls on it."""

    def __init__(self, row: Space | Project) -> None:
        self.row = row
        self.connection: Connection = row.connection
        if isinstance(row, Space):
            self.type, self.words = "space", "space"
            client = clients.confluence(self.connection)
            where = row.remote_id
            self.read = lambda: client.space_default(where)
            self.set = lambda level: client.set_space_default(where, level.remote_id)
            self.clear = lambda: client.clear_space_default(where)
        else:
            self.type, self.words = "project", "project"
            jira = clients.jira(self.connection)
            key = row.remote_id
            self.read = lambda: jira.project_default(key)
            self.set = lambda level: jira.set_project_default(key, level.remote_id)
            self.clear = lambda: jira.clear_project_default(key)

    def check_there(self) -> None:
        """Raise NotFound where a space that is gone reads like one without a default. Jira tells them apart itself."""
        if isinstance(self.row, Space):
            try:
                clients.confluence(self.connection).space(self.row.remote_id)
            except NotFound as error:
                raise NotFound(
                    f"“{self.row}” is no longer there, or the account of this connection may not see it any more.",
                    advice="Scan the site to bring the list of spaces up to date.",
                    call=error.call,
                    status=error.status,
                    trace_id=error.trace_id,
                ) from error

    def change(self, level: Level | None) -> Change:
        if level is None:
            return Change(f"{self.type}.default.clear", self.clear, self.read, None)
        return Change(f"{self.type}.default.set", lambda: self.set(level), self.read, level)

    def outcome(self, **values) -> LevelChange:
        if isinstance(self.row, Space):
            return LevelChange(space=self.row, **values)
        return LevelChange(project=self.row, **values)


def _change(
    default: _Default, level: Level | None, actor: Actor, reason: str, seen_level_id: str | None, force: bool
) -> LevelChange:
    row, connection = default.row, default.connection
    access.require(actor, connection, "classification.set_default")
    if row.archived:
        raise NotChangeable(why_closed(row))
    if level is not None:
        check_level(level, connection)
    same = type(row)._default_manager.filter(connection__url=connection.url, remote_id=row.remote_id)
    with one_at_a_time(same, actor, f"changing the default of “{row}”"):
        if type(row)._default_manager.filter(pk=row.pk).exists():
            row.refresh_from_db(fields=["default_level", "default_state", "default_read_at"])
        return _change_held(default, level, actor, reason, seen_level_id, force)


def _change_held(
    default: _Default, level: Level | None, actor: Actor, reason: str, seen_level_id: str | None, force: bool
) -> LevelChange:
    row, connection = default.row, default.connection
    known = row.known_default
    if is_seen(known, seen_level_id):
        check_reason(known, level, reason, NO_DEFAULT)
    book = store.LevelCache(connection, timezone.now())
    asked = timezone.now()
    before = book.row(default.read())
    if before is None and (known is not None or not is_seen(None, seen_level_id)):
        default.check_there()
    if not store.keep_default(row, before, asked) and row.default_state in (ReadState.KNOWN, ReadState.NONE):
        before = row.default_level
    if not force and not is_seen(before, seen_level_id):
        raise ChangedMeanwhile(_says(row, before, "now"), before)
    if before == level:
        return default.outcome(status="done", changed=False, message=_says(row, level, "already") + ".", level=before)
    check_reason(before, level, reason, NO_DEFAULT)
    target = Target(connection, default.type, row.remote_id, f"{row.name} ({row.key})", none=NO_DEFAULT)
    result = carry_out(
        actor=actor, target=target, change=default.change(level), before=before, reason=reason, book=book
    )
    return _settle(default, actor, level, before, result, known=known)


def _settle(
    default: _Default,
    actor: Actor,
    level: Level | None,
    before: Level | None,
    result: CallResult,
    *,
    known: Level | None,
) -> LevelChange:
    """Write what was read back, let what follows the default be read again, and say it.

    known: the default before the change as the inventory had it, where somebody had changed it since.
    """
    row = default.row
    if result.read_back:
        store.keep_default(row, result.level, result.asked, own=True)
    elif not result.untouched:
        store.keep_default(row, row.default_level, timezone.now(), state=ReadState.UNREAD)
    scan, followers = None, 0
    if isinstance(row, Space) and result.status == "unknown":  # it may well have been done, or be done in a moment
        scan, followers = _read_followers_again(actor, row, before, level, known)
    elif isinstance(row, Space) and result.read_back and result.level != before:
        scan, followers = _read_followers_again(actor, row, before, result.level, known)
    return default.outcome(
        status=result.status,
        changed=result.read_back and result.level != before,
        message=_message(row, level, result),
        level=before if result.untouched else result.level,
        read_back=result.read_back or result.untouched,
        advice=_advice(default, level, result),
        needs=result.needs,
        trace_id=result.trace_id,
        error=result.error if result.status != "done" else None,
        scan=scan,
        followers=followers,
    )


def _read_followers_again(
    actor: Actor, space: Space, before: Level | None, after: Level | None, known: Level | None
) -> tuple[Scan | None, int]:
    """Items that had the old default, or none while there was no default, may have the new one; the site can tell.

    Returns the scan that reads them again, and how many they are at most.
    """
    had = [level for level in (before, known) if level]
    follows = Q(level_state=ReadState.KNOWN, level__in=had, set_here=False)
    if before is None and after:
        follows |= Q(level_state=ReadState.NONE)
    with transaction.atomic():
        Space.lock(space.pk)
        followers = Item.objects.filter(follows, space=space)
        marked = followers.update(level_state=ReadState.UNREAD, level_read_at=timezone.now())
    # What a scan has read before the change is as old as the rest, also what it has not written yet.
    scans = Scan.objects.filter(Q(space=space) | Q(space=None), connection=space.connection, state=Scan.State.RUNNING)
    if not marked and not scans.exists():
        return None, 0
    why = "The default of the space was changed meanwhile, so a new scan took its place."
    return queue_scan(actor=actor, connection=space.connection, space=space, replaces=why), marked


def _message(row: Space | Project, level: Level | None, result: CallResult) -> str:
    if result.status == "unknown":
        return result.detail
    if result.status != "done":
        return f"The default of “{row}” was not changed. {result.detail}"
    return _says(row, level, "now") + "."


def _says(row: Space | Project, level: Level | None, when: str) -> str:
    return f"The default of “{row}” is “{level}” {when}" if level else f"“{row}” has no default {when}"


def _advice(default: _Default, level: Level | None, result: CallResult) -> str:
    """A level that was archived a second ago is refused: then the list is read again and the person told so."""
    if level is not None and isinstance(result.told, Refused):
        refresh_levels(default.connection)
        level.refresh_from_db()
        try:
            check_level(level, default.connection)
        except LevelNotApplicable as error:
            return " ".join(error.messages)
    if isinstance(result.told, NotFound):
        return f"The {default.words} may be gone, or the account of this connection may not change it."
    return result.advice
