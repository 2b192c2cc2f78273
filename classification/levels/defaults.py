"""The default level of a space or Jira project, as a target of `change_level`."""

from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from classification.inventory import store
from classification.inventory.refresh import queue_scan
from classification.levels.targets import Change, Reset, Target, Wanted
from classification.models import Item, Level, Project, ReadState, Scan, Space
from classification.outcomes import NO_DEFAULT, CallResult, Impact, LevelNotApplicable, NotChangeable
from portal.access import Actor
from portal.atlassian import types
from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import NotFound
from portal.atlassian.jira import JiraClient
from portal.connections import clients


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


def why_closed(row: Space | Project) -> str:
    """Why the default cannot be changed, in a sentence; "" where it can."""
    product = "Confluence" if isinstance(row, Space) else "Jira"
    return (
        f"“{row}” is archived, so its default cannot be changed. Restore it in {product} first." if row.archived else ""
    )


class _Default(Target):
    """What the defaults of spaces and projects have in common: a row that holds one. type: "space" or "project"."""

    capability = "classification.set_default"
    none = NO_DEFAULT
    columns = ("default_level", "default_state", "default_read_at")

    def __init__(self, row: Space | Project) -> None:
        self.row: Space | Project = row
        self.connection = row.connection
        self.id, self.label, self.extra = row.remote_id, f"{row.name} ({row.key})", {}
        self.changed_row = {self.type: row}
        self.subject = f"The default of “{row}”"

    @property
    def known(self) -> Level | None:
        return self.row.known_default

    @property
    def is_read(self) -> bool:
        return self.row.default_state in (ReadState.KNOWN, ReadState.NONE)

    def same_rows(self) -> QuerySet:
        rows = type(self.row)._default_manager
        return rows.filter(connection__url=self.connection.url, remote_id=self.row.remote_id)

    def check_changeable(self) -> None:
        if self.row.archived:
            raise NotChangeable(why_closed(self.row))

    def goal(self, wanted: Wanted, cache: store.LevelCache) -> Level | None:
        if isinstance(wanted, Reset):
            raise LevelNotApplicable(f"A {self.type} has no default to go back to; clear its own instead.")
        return wanted

    def is_already(self, change: Change) -> bool:
        return change.before == change.goal

    def action(self, wanted: Wanted) -> str:
        return f"{self.action_group}.{'set' if wanted else 'clear'}"

    def keep(
        self,
        level: Level | None,
        asked: datetime,
        *,
        state: str = "",
        set_here: bool | None = None,
        own: bool = False,
    ) -> bool:
        return store.keep_default(self.row, level, asked, state=state or None, own=own)

    def says(self, level: Level | None, when: str) -> str:
        return f"The default of “{self.row}” is “{level}” {when}" if level else f"“{self.row}” has no default {when}"


class SpaceDefault(_Default):
    """Items that follow the default are marked as not read, and a scan of the space is queued (`LevelChange.scan`)."""

    type, action_group = "space", "space.default"
    not_found_advice = "The space may be gone, or the account of this connection may not change it."

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.space = space

    @cached_property
    def client(self) -> ConfluenceClient:
        return clients.confluence(self.connection)

    def read(self) -> types.Level | None:
        return self.client.space_default(self.id)

    def write(self, wanted: Wanted) -> None:
        if isinstance(wanted, Level):
            self.client.set_space_default(self.id, wanted.remote_id)
        else:
            self.client.clear_space_default(self.id)

    def check_exists(self) -> None:
        """A space that is gone reads like one without a default."""
        try:
            self.client.space(self.id)
        except NotFound as error:
            raise NotFound(
                f"“{self.space}” is no longer there, or the account of this connection may not see it any more.",
                advice="Scan the site to bring the list of spaces up to date.",
                call=error.call,
                status=error.status,
                trace_id=error.trace_id,
            ) from error

    def follow_up(self, actor: Actor, change: Change, result: CallResult) -> tuple[Scan | None, int]:
        if result.status == "unknown":  # it may well have been done, or be done in a moment
            return self._read_followers_again(actor, change, change.goal)
        if result.read_back and result.level != change.before:
            return self._read_followers_again(actor, change, result.level)
        return None, 0

    def _read_followers_again(self, actor: Actor, change: Change, after: Level | None) -> tuple[Scan | None, int]:
        """Items that had the old default, or none while there was no default, may have the new one; the site can tell.

        Returns the scan that reads them again, and how many they are at most.
        """
        space, before = self.space, change.before
        had = [level for level in (before, change.known) if level]
        follows = Q(level_state=ReadState.KNOWN, level__in=had, set_here=False)
        if before is None and after:
            follows |= Q(level_state=ReadState.NONE)
        with transaction.atomic():
            Space.lock(space.pk)
            followers = Item.objects.filter(follows, space=space)
            marked = followers.update(level_state=ReadState.UNREAD, level_read_at=timezone.now())
        # What a scan has read before the change is as old as the rest, also what it has not written yet.
        scans = Scan.objects.filter(
            Q(space=space) | Q(space=None), connection=space.connection, state=Scan.State.RUNNING
        )
        if not marked and not scans.exists():
            return None, 0
        why = "The default of the space was changed meanwhile, so a new scan took its place."
        return queue_scan(actor=actor, connection=space.connection, space=space, replaces=why), marked


class ProjectDefault(_Default):
    type, action_group = "project", "project.default"
    not_found_advice = "The project may be gone, or the account of this connection may not change it."

    def __init__(self, project: Project) -> None:
        super().__init__(project)

    @cached_property
    def client(self) -> JiraClient:
        return clients.jira(self.connection)

    def read(self) -> types.Level | None:
        return self.client.project_default(self.id)

    def write(self, wanted: Wanted) -> None:
        if isinstance(wanted, Level):
            self.client.set_project_default(self.id, wanted.remote_id)
        else:
            self.client.clear_project_default(self.id)

    def check_exists(self) -> None:
        """Jira itself tells a project that is gone from one without a default."""
