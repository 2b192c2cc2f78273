"""Writing what a scan reads in batches, never over a level that was read or changed later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from classification.inventory import outside_changes, store
from classification.models import Item, ReadState, Space
from portal.atlassian import types
from portal.atlassian.errors import ApiError, Unavailable
from portal.models import Connection

NOT_ENDED = "The scan was stopped before it had read everything."
_KEY = ("space", "kind", "remote_id", "status")
_LEVEL = ("level", "level_state", "set_here", "level_read_at")
_LEVEL_COLUMNS = ("level_id", *_LEVEL[1:])


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that was listed, and what came when its level was asked for at `asked`. about: left to the scan.

    there: that it still is was asked after its level, which an item that was deleted meanwhile has none of either.
    """

    space: Space
    item: types.Item
    level: types.Level | None
    asked: datetime
    error: ApiError | None = None
    about: Any = None
    there: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is once on a site: a page is in one space at a time."""
        return (self.item.kind, self.item.id, self.item.status)


class Unsettled(NamedTuple):
    """Entries of a batch whose level has to be asked for once more, and those that may be deleted: not written yet."""

    again: list[Entry]
    missing: list[Entry]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the inventory holds of an item's level, and in which row."""

    pk: int
    space_id: int
    level_id: int | None
    state: str
    set_here: bool
    read_at: datetime | None


class Writer:
    """Writes for one scan; only its collecting thread may use it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.levels = store.LevelCache(connection, timezone.now())
        self._begun: set[int] = set()

    def items(self, entries: Sequence[Entry], *, offered: bool) -> Unsettled:
        """Write a batch in one transaction.

        Asked for again are items that were marked as not read after their level was asked for, because a default
        changed. Missing are those whose level is gone. What was moved here from another space brings along what is
        known of it, and its row there goes.
        """
        now, rows, changed = timezone.now(), [], []
        left = Unsettled([], [])
        # What moves while its site is read comes twice.
        last = {entry.key: entry for entry in sorted(entries, key=lambda entry: entry.asked)}
        with transaction.atomic():
            self._lock(list(last.values()))
            self._begin({entry.space.pk for entry in last.values()}, now)
            known = self._known(list(last.values()))
            for key, entry in sorted(last.items()):
                before = known[key][0] if key in known else None
                row = self._row(entry, before, offered, now)
                found = _difference(row, before) if before else None
                if found and row.level_state == ReadState.NONE and not entry.there:
                    left.missing.append(entry)
                    continue
                rows.append(row)
                if before and before.state == ReadState.UNREAD and _is_newer(before, entry):
                    left.again.append(entry)
                if found:
                    changed.append(found)
            Item.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=list(_KEY),
                update_fields=[*store.ITEM_FACTS, *_LEVEL],
            )
            written = {(row.kind, row.remote_id, row.status) for row in rows}
            moved = [row.pk for key in written for row in known.get(key, ()) if row.space_id != last[key].space.pk]
            if moved:
                Item.objects.filter(pk__in=moved).delete()
            outside_changes.record(self.connection, changed, outside_changes.BY_SCAN)
        return left

    def _lock(self, entries: Sequence[Entry]) -> None:
        """The spaces that these items are in and were in; before them the connection, so that nobody else moves any."""
        Connection.locked(self.connection.pk)
        were_in = Item.objects.filter(
            connection=self.connection, remote_id__in={entry.item.id for entry in entries}
        ).values("space")
        either = Q(pk__in={entry.space.pk for entry in entries}) | Q(pk__in=were_in)
        spaces = Space.objects.select_for_update(no_key=True).filter(either, connection=self.connection)
        list(spaces.order_by("pk").values_list("pk"))

    def _begin(self, spaces: set[int], now: datetime) -> None:
        """Mark what is about to hold new and old figures side by side, which stays so if the scan does not end."""
        if new := spaces - self._begun:
            Space.objects.filter(pk__in=new).update(partial_at=now, partial_why=NOT_ENDED)
            self._begun |= new

    def _known(self, entries: Sequence[Entry]) -> dict[tuple[str, str, str], list[_Known]]:
        """The rows of these items in any space of the site, that of the entry's own space first."""
        spaces = {entry.key: entry.space.pk for entry in entries}
        rows = Item.objects.select_for_update(no_key=True).filter(
            connection=self.connection, remote_id__in={key[1] for key in spaces}
        )
        columns = ("kind", "remote_id", "status", "pk", "space_id", *_LEVEL_COLUMNS)
        found: dict[tuple[str, str, str], list[_Known]] = {key: [] for key in spaces}
        for values in rows.order_by("pk").values_list(*columns):
            if values[:3] in found:
                found[values[:3]].append(_Known(*values[3:]))
        for key, same in found.items():
            same.sort(key=lambda row: row.space_id != spaces[key])
        return {key: same for key, same in found.items() if same}

    def _row(self, entry: Entry, before: _Known | None, offered: bool, now: datetime) -> Item:
        level_id, state, set_here, read_at = self._level(entry, before, offered)
        return Item(
            space=entry.space,
            kind=entry.item.kind,
            remote_id=entry.item.id,
            status=entry.item.status,
            level_id=level_id,
            level_state=state,
            set_here=set_here,
            level_read_at=read_at,
            **store.item_facts(entry.item, now),
        )

    def _level(
        self, entry: Entry, before: _Known | None, offered: bool
    ) -> tuple[int | None, str, bool, datetime | None]:
        """The values of _LEVEL."""
        if before and (_is_newer(before, entry) or isinstance(entry.error, Unavailable)):
            # Where no answer came, what is known stays, and so does its age.
            return before.level_id, before.state, before.set_here, before.read_at
        if isinstance(entry.error, Unavailable):
            return None, ReadState.UNREAD, False, None
        if entry.error is not None or not offered:
            return None, ReadState.HIDDEN, False, entry.asked
        level = self.levels.row(entry.level)
        if level is None:
            return None, ReadState.NONE, False, entry.asked
        same = before is not None and before.level_id == level.pk
        return level.pk, ReadState.KNOWN, bool(before and before.set_here and same), entry.asked


def _difference(row: Item, before: _Known) -> outside_changes.Difference | None:
    was = outside_changes.Known(before.level_id, before.state, before.read_at)
    now = outside_changes.Known(row.level_id, row.level_state, row.level_read_at)
    return outside_changes.item_difference(row, row.space, was, now) if outside_changes.differs(was, now) else None


def _is_newer(known: _Known, entry: Entry) -> bool:
    return known.read_at is not None and known.read_at > entry.asked
