"""Setting, resetting and removing the level of one page or blog post."""

from dataclasses import dataclass

from django.utils import timezone

from classification.inventory import store
from classification.inventory.refresh import refresh_levels
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
from classification.models import Item, Level, ReadState, Site, Space
from classification.outcomes import ChangedMeanwhile, LevelChange, LevelNotApplicable, NotChangeable, quoted
from portal import access
from portal.access import Actor
from portal.atlassian import types
from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import ApiError, NotFound, NotOffered, Refused
from portal.connections import clients
from portal.models import Connection


def set_item_level(
    *,
    actor: Actor,
    item: Item,
    level: Level,
    reason: str = "",
    seen_level_id: str | None = None,
    force: bool = False,
) -> LevelChange:
    """Set the level of one item and read it back. Capability: classification.set.

    seen_level_id: str(Level.pk) that the person saw on the row, "" when they saw "not classified", None when nobody
    looked (a command). Raises ChangedMeanwhile when the true level is another one (not with force=True), ReasonNeeded
    when the level is less sensitive than the one now and reason is empty, LevelNotApplicable, NotChangeable (archived).
    """
    return _change(_Wish("set", level), actor, item, reason, seen_level_id, force)


def reset_item_level(
    *, actor: Actor, item: Item, reason: str = "", seen_level_id: str | None = None, force: bool = False
) -> LevelChange:
    """Let the item take the default of its space again. Arguments and errors as in `set_item_level`.

    A reason is needed when the space default is less sensitive than the level now, or when there is none; the default
    is read first, since the one that is known may be old.
    """
    return _change(_Wish("reset"), actor, item, reason, seen_level_id, force)


def remove_item_level(
    *, actor: Actor, item: Item, reason: str = "", seen_level_id: str | None = None, force: bool = False
) -> LevelChange:
    """Take the level away. Many sites do not offer this; the outcome then says so and advises to reset instead.

    Arguments and errors as in `set_item_level`; a reason is needed whenever the item is classified now.
    """
    return _change(_Wish("remove"), actor, item, reason, seen_level_id, force)


@dataclass(frozen=True)
class _Wish:
    """What is asked for. level: what it should lead to; after a reset that is only what is to be expected."""

    verb: str
    level: Level | None = None

    def change(self, client: ConfluenceClient, item: Item) -> Change:
        where = (item.kind, item.remote_id)
        level = self.level
        if self.verb == "set":
            assert level is not None
            write = lambda: client.set_item_level(*where, level.remote_id, item.status)  # noqa: E731
        elif self.verb == "reset":
            write = lambda: client.reset_item_level(*where, item.status)  # noqa: E731
        else:
            write = lambda: client.remove_item_level(*where, item.status)  # noqa: E731
        return Change(
            action=f"item.level.{self.verb}",
            write=write,
            read=lambda: _read_back(client, item, level),
            wanted=level,
            certain=self.verb != "reset",
        )


def _change(wish: _Wish, actor: Actor, item: Item, reason: str, seen_level_id: str | None, force: bool) -> LevelChange:
    connection = item.space.connection
    access.require(actor, connection, "classification.set")
    _check_possible(wish, item, connection)
    same = Item.objects.filter(
        space__connection__url=connection.url, kind=item.kind, remote_id=item.remote_id, status=item.status
    )
    with one_at_a_time(same, actor, f"changing the level of “{item}”"):
        if Item.objects.filter(pk=item.pk).exists():
            item.refresh_from_db(fields=["level", "level_state", "set_here", "level_read_at"])
        return _change_held(wish, actor, item, reason, seen_level_id, force)


def _change_held(
    wish: _Wish, actor: Actor, item: Item, reason: str, seen_level_id: str | None, force: bool
) -> LevelChange:
    connection = item.space.connection
    client = clients.confluence(connection)
    book = store.LevelCache(connection, timezone.now())
    if wish.verb == "reset":
        wish = _Wish("reset", _default_of(item.space, client, book))
    if is_seen(_known(item), seen_level_id):
        check_reason(_known(item), wish.level, reason)  # as early as possible: a set or remove makes no call for it
    asked = timezone.now()
    before = book.row(client.item_level(item.kind, item.remote_id, item.status))
    if before is None and (_known(item) is not None or not is_seen(None, seen_level_id)):
        try:
            _check_there(client, item)
        except NotFound as error:
            return _gone(item, error)
    if not store.keep_item_level(item, before, asked) and item.level_state in (ReadState.KNOWN, ReadState.NONE):
        before = item.level
    if not force and not is_seen(before, seen_level_id):
        raise ChangedMeanwhile(f"“{item}” is {quoted(before)} now", before)
    if wish.verb == "set" and before == wish.level and item.set_here:
        return LevelChange("done", False, f"“{item}” is {quoted(before)} already.", before, item=item)
    check_reason(before, wish.level, reason)
    target = Target(connection, item.kind, item.remote_id, item.title, (("status", item.status),))
    result = carry_out(
        actor=actor, target=target, change=wish.change(client, item), before=before, reason=reason, book=book
    )
    return _settle(wish, item, before, result, client)


def _default_of(space: Space, client: ConfluenceClient, book: store.LevelCache) -> Level | None:
    """The default of a space, read and kept; None where the account may not read it. Raises the other errors."""
    asked, state = timezone.now(), None
    try:
        level = book.row(client.space_default(space.remote_id))
    except Refused:
        level, state = None, ReadState.HIDDEN
    store.keep_default(space, level, asked, state=state)
    return space.known_default


def _check_possible(wish: _Wish, item: Item, connection: Connection) -> None:
    if item.status == Item.Status.ARCHIVED:
        raise NotChangeable(
            f"“{item}” is archived, and archived content cannot be classified. Restore it in Confluence first."
        )
    if item.space.archived:
        raise NotChangeable(
            f"The space of “{item}” is archived, so its level cannot be changed. Restore the space first."
        )
    if wish.verb == "set":
        assert wish.level is not None
        check_level(wish.level, connection)


def _known(item: Item) -> Level | None:
    return item.level if item.level_state == ReadState.KNOWN else None


# --- What became of it ----------------------------------------------------------------------------------------------


def _settle(wish: _Wish, item: Item, before: Level | None, result: CallResult, client: ConfluenceClient) -> LevelChange:
    """Write what was read back, and say it."""
    if isinstance(result.told, NotFound) and _is_gone(client, item):
        return _gone(item, result.error)
    if wish.verb == "remove":
        _note_removal(item.space.connection, result)
    if result.read_back:
        # After a refusal or a failure the item is as it was, its mark included.
        set_here = wish.verb == "set" if result.status == "done" else None
        store.keep_item_level(item, result.level, result.asked, set_here=set_here, own=True)
    elif not result.untouched:
        store.keep_item_level(item, item.level, timezone.now(), state=ReadState.UNREAD)
    return LevelChange(
        status=result.status,
        changed=(result.read_back and result.level != before) or result.status == "done",
        message=_message(wish, item, result),
        level=before if result.untouched else result.level,
        read_back=result.read_back or result.untouched,
        item=item,
        advice=_advice(wish, item, result),
        needs=result.needs,
        trace_id=result.trace_id,
        error=result.error if result.status != "done" else None,
    )


def _note_removal(connection: Connection, result: CallResult) -> None:
    """Remember whether the site offers removal at all, so that the pages offer it or do not."""
    if isinstance(result.told, NotOffered):
        Site.note_removal(connection, refused_at=timezone.now())
    elif result.status == "done" and not Site.offers_removal(connection):
        Site.note_removal(connection, refused_at=None)


def _check_there(client: ConfluenceClient, item: Item) -> None:
    """Raise NotFound where the site answers 404 because the item is gone. Raises what else it meets, too."""
    if client.explain_missing_level(item.kind, item.remote_id, item.status) == "gone":
        raise NotFound(f"“{item}” is no longer there, or the account of this connection may not see it any more.")


def _read_back(client: ConfluenceClient, item: Item, wanted: Level | None) -> types.Level | None:
    """The level after a write; an item without the one that it was given may be gone. Raises NotFound then."""
    level = client.item_level(item.kind, item.remote_id, item.status)
    if level is None and wanted is not None:
        _check_there(client, item)
    return level


def _is_gone(client: ConfluenceClient, item: Item) -> bool:
    try:
        return client.explain_missing_level(item.kind, item.remote_id, item.status) == "gone"
    except ApiError:  # then it is not known, and the item stays on the list
        return False


def _message(wish: _Wish, item: Item, result: CallResult) -> str:
    if result.status == "unknown":
        return result.detail
    if result.status != "done":
        return f"The level of “{item}” was not changed. {result.detail}"
    if wish.verb == "reset":
        return f"“{item}” takes the default of its space again; it is {quoted(result.level)} now."
    return f"“{item}” is {quoted(result.level)} now."


def _advice(wish: _Wish, item: Item, result: CallResult) -> str:
    """For a level that was archived a second ago, that is what the person has to hear; the list is read again."""
    if isinstance(result.told, Refused) and wish.verb == "set" and wish.level is not None:
        refresh_levels(item.space.connection)
        wish.level.refresh_from_db()
        try:
            check_level(wish.level, item.space.connection)
        except LevelNotApplicable as error:
            return " ".join(error.messages)
    return result.advice


def _gone(item: Item, error: ApiError | None) -> LevelChange:
    """Take an item that is no longer there off the inventory. What was done to it stays in the activity."""
    Item.objects.filter(pk=item.pk).delete()
    return LevelChange(
        status="refused",
        changed=False,
        message=(
            f"“{item}” is no longer there, or the account of this connection may not see it any more. "
            "It was taken off the list."
        ),
        item=item,
        gone=True,
        error=error or NotFound("The item is gone."),
        trace_id=error.trace_id if error else "",
    )
