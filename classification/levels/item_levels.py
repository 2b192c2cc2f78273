"""The level of a page or blog post, as a target of `change_level`."""

from datetime import datetime
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from classification.inventory import store
from classification.levels.targets import RESET, Change, Reset, Target, Wanted
from classification.models import Item, Level, ReadState, Scan, Site
from classification.outcomes import CallResult, NotChangeable, quoted
from portal.access import Actor
from portal.atlassian import types
from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import ApiError, NotFound, NotOffered, Refused
from portal.connections import clients


class ItemLevel(Target):
    """wanted=RESET lets it take the default of its space again; None takes the level away.

    A reset needs a reason when the space default is less sensitive than the level now, or when there is none; the
    default is read first, since the one that is known may be old. Many sites do not offer to take a level away; the
    outcome then says so.
    """

    capability = "classification.set"
    action_group = "item.level"
    columns = ("level", "level_state", "set_here", "level_read_at")

    def __init__(self, item: Item) -> None:
        self.row = self.item = item
        self.connection = item.space.connection
        self.type, self.id, self.label = item.kind, item.remote_id, item.title
        self.extra = {"status": item.status}
        self.changed_row = {"item": item}
        self.subject = f"The level of “{item}”"

    @cached_property
    def client(self) -> ConfluenceClient:
        return clients.confluence(self.connection)

    @property
    def known(self) -> Level | None:
        return self.item.level if self.item.level_state == ReadState.KNOWN else None

    @property
    def is_read(self) -> bool:
        return self.item.level_state in (ReadState.KNOWN, ReadState.NONE)

    def same_rows(self) -> QuerySet:
        item = self.item
        return Item.objects.filter(
            connection__url=self.connection.url, kind=item.kind, remote_id=item.remote_id, status=item.status
        )

    def check_changeable(self) -> None:
        item = self.item
        if item.status == Item.Status.ARCHIVED:
            raise NotChangeable(
                f"“{item}” is archived, and archived content cannot be classified. Restore it in Confluence first."
            )
        if item.space.archived:
            raise NotChangeable(
                f"The space of “{item}” is archived, so its level cannot be changed. Restore the space first."
            )

    def goal(self, wanted: Wanted, cache: store.LevelCache) -> Level | None:
        if not isinstance(wanted, Reset):
            return wanted
        space, asked, state, level = self.item.space, timezone.now(), None, None
        try:
            level = cache.row(self.client.space_default(space.remote_id))
        except Refused:
            state = ReadState.HIDDEN
        store.keep_default(space, level, asked, state=state)
        return space.known_default

    def is_already(self, change: Change) -> bool:
        """A level that may come from the default is set all the same: it then stays when the default changes."""
        return isinstance(change.wanted, Level) and change.before == change.wanted and self.item.set_here

    def action(self, wanted: Wanted) -> str:
        verb = "set" if isinstance(wanted, Level) else "reset" if isinstance(wanted, Reset) else "remove"
        return f"{self.action_group}.{verb}"

    def restoring(self, level: Level | None) -> Wanted:
        """What equals the space default follows it again: whether it was set by hand before cannot be known."""
        space = self.item.space
        if level == space.known_default and (level or space.default_state == ReadState.NONE):
            return RESET
        if level is None and not Site.offers_removal(self.connection):
            raise NotChangeable("This site does not offer to remove a level, so this cannot be undone.")
        return level

    def read(self) -> types.Level | None:
        return self.client.item_level(self.item.kind, self.item.remote_id, self.item.status)

    def write(self, wanted: Wanted) -> None:
        kind, remote_id, status = self.item.kind, self.item.remote_id, self.item.status
        if isinstance(wanted, Level):
            self.client.set_item_level(kind, remote_id, wanted.remote_id, status)
        elif isinstance(wanted, Reset):
            self.client.reset_item_level(kind, remote_id, status)
        else:
            self.client.remove_item_level(kind, remote_id, status)

    def read_back(self, goal: Level | None) -> types.Level | None:
        """An item without the level that it was given may be gone. Raises NotFound then."""
        level = self.read()
        if level is None and goal is not None:
            self.check_exists()
        return level

    def check_exists(self) -> None:
        if self._why_missing() == "gone":
            raise NotFound(
                f"“{self.item}” is no longer there, or the account of this connection may not see it any more."
            )

    def is_gone(self, result: CallResult) -> bool:
        try:
            return self._why_missing() == "gone"
        except ApiError:  # then it is not known, and the item stays on the list
            return False

    def _why_missing(self) -> str:
        return self.client.explain_missing_level(self.item.kind, self.item.remote_id, self.item.status)

    def remove_row(self, error: NotFound) -> str:
        Item.objects.filter(pk=self.item.pk).delete()
        return (
            f"“{self.item}” is no longer there, or the account of this connection may not see it any more. "
            "It was taken off the list."
        )

    def keep(
        self,
        level: Level | None,
        asked: datetime,
        *,
        state: str = "",
        set_here: bool | None = None,
        own: bool = False,
    ) -> bool:
        return store.keep_item_level(self.item, level, asked, state=state, set_here=set_here, own=own)

    def follow_up(self, actor: Actor, change: Change, result: CallResult) -> tuple[Scan | None, int]:
        """Remember whether the site offers removal at all, so that the pages offer it or do not."""
        if change.wanted is None and isinstance(result.told, NotOffered):
            Site.note_removal(self.connection, refused_at=timezone.now())
        elif change.wanted is None and result.status == "done" and not Site.offers_removal(self.connection):
            Site.note_removal(self.connection, refused_at=None)
        return None, 0

    def says(self, level: Level | None, when: str) -> str:
        return f"“{self.item}” is {quoted(level)} {when}"

    def done_message(self, change: Change, result: CallResult) -> str:
        if isinstance(change.wanted, Reset):
            return f"“{self.item}” takes the default of its space again; it is {quoted(result.level)} now."
        return super().done_message(change, result)
