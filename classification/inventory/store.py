"""Storing what the clients return as rows of the inventory: levels, spaces, items and projects."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from classification.inventory import outside_changes
from classification.inventory.outside_changes import Known
from classification.models import Item, Level, Project, ReadState, Space
from portal.atlassian import types
from portal.models import Connection

#: What a site tells of an item beside its level; written whenever the item is read.
ITEM_FACTS = (
    "title",
    "parent_id",
    "position",
    "author_id",
    "owner_id",
    "version",
    "remote_created_at",
    "remote_changed_at",
    "web_url",
    "read_at",
)
LEVEL_FACTS = ("name", "description", "guideline", "order", "color", "status", "listed", "read_at")
SPACE_FACTS = (
    "key",
    "name",
    "type",
    "status",
    "homepage_id",
    "web_url",
    "remote_created_at",
    "listed",
    "listed_at",
)
PROJECT_FACTS = ("key", "name", "type", "archived", "listed", "read_at")
#: The largest numbers that an integer and a big integer column hold.
SMALL, LARGE = 2**31 - 1, 2**63 - 1


def text(value: str | None, most: int) -> str:
    """As much of a text as its column holds. PostgreSQL takes no NUL, so it is shown as what it is: nothing."""
    return (value or "").replace("\x00", "")[:most]


#: Blanks that Unicode counts among letters, marks and symbols.
BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def title(value: str | None, most: int, instead: str) -> str:
    """A name or title that can be seen and clicked: `instead` of one that holds nothing to see."""
    found = text(value, most)
    # Controls and formats (zero-width ones too), separators, and what is not assigned show nothing.
    shown = any(letter not in BLANK_LETTERS and unicodedata.category(letter)[0] not in "CZ" for letter in found)
    return found if shown else instead


def address(value: str | None) -> str:
    """An address that may be put into a link: http and https only."""
    return text(value, 1000) if value and value.startswith(("https://", "http://")) else ""


def number(value: int | None, least: int, most: int) -> int | None:
    """A number that its column holds; any other is left out, since half of it would be another one."""
    return value if value is not None and least <= value <= most else None


# --- Levels ---------------------------------------------------------------------------------------------------------


def keep_levels(connection: Connection, levels: Iterable[types.Level], at: datetime) -> dict[str, Level]:
    """Make the list of levels what the API told, by remote id: new ones are added, those not listed are marked."""
    told = {level.id: Level(connection=connection, remote_id=level.id, **_level_facts(level, at)) for level in levels}
    known = Level.objects.filter(connection=connection)
    with transaction.atomic():
        Connection.locked(connection.pk)
        orders = dict(known.values_list("remote_id", "order"))
        reordered = any(level.order != orders.get(level.remote_id, level.order) for level in told.values())
        if reordered:
            Space.lock(*Space.objects.filter(connection=connection).values_list("pk", flat=True))
        Level.objects.bulk_create(
            told.values(),
            update_conflicts=True,
            unique_fields=["connection", "remote_id"],
            update_fields=LEVEL_FACTS,
        )
        known.filter(listed=True).exclude(remote_id__in=told).update(listed=False)
        if reordered:
            Item.objects.filter(connection=connection).compare_again()
        return {level.remote_id: level for level in known}


def _level_facts(level: types.Level, at: datetime) -> dict:
    """The values of LEVEL_FACTS."""
    return {
        "name": title(level.name, 300, "(no name)"),
        "description": text(level.description, 20_000),
        "guideline": text(level.guideline, 20_000),
        "order": number(level.order, -SMALL - 1, SMALL),
        "color": text(level.color, 40),
        "status": text(level.status, 40),
        "listed": True,
        "read_at": at,
    }


class LevelCache:
    """The rows of the levels of one connection by remote id; one that was not known yet is added as it comes up."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.connection = connection
        self.at = at
        self.rows: dict[str, Level] = {row.remote_id: row for row in Level.objects.filter(connection=connection)}

    def row(self, level: types.Level | None) -> Level | None:
        if level is None:
            return None
        found = self.rows.get(level.id)
        if found is None:
            # Another scan may have met it first, or somebody may have read the list: then that row holds more.
            found, _ = Level.objects.get_or_create(
                connection=self.connection, remote_id=level.id, defaults=_level_facts(level, self.at)
            )
            self.rows[level.id] = found
        return found


# --- Spaces and projects --------------------------------------------------------------------------------------------


def _key(key: str, instead: str) -> str:
    """The key; the id where the key could not stand in an address."""
    key = text(key, 300)
    return key if key.strip(". ") and "/" not in key and key.isprintable() else instead


def keep_space(connection: Connection, space: types.Space, at: datetime) -> Space:
    """Add or refresh one space, without its default and its content."""
    return keep_spaces(connection, [space], at)[0]


def keep_spaces(
    connection: Connection, spaces: Iterable[types.Space], at: datetime, *, all_asked: datetime | None = None
) -> list[Space]:
    """Add or refresh spaces, without their defaults and their content; by remote id, each once.

    all_asked: when all spaces of the site were asked for; those that are not among them are marked as not listed.
    """
    rows = {space.id: Space(connection=connection, remote_id=space.id, **_space_facts(space, at)) for space in spaces}
    known = Space.objects.filter(connection=connection)
    with transaction.atomic():
        Connection.locked(connection.pk)
        wanted = known if all_asked else known.filter(remote_id__in=rows)
        list(wanted.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        Space.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["connection", "remote_id"],
            update_fields=SPACE_FACTS,
        )
        if all_asked:
            known.filter(listed=True, listed_at__lt=all_asked).update(listed=False)
        return [row for row in (known if all_asked else known.filter(remote_id__in=rows)) if row.remote_id in rows]


def _space_facts(space: types.Space, at: datetime) -> dict:
    """The values of SPACE_FACTS."""
    return {
        "key": _key(space.key, space.id),
        "name": title(space.name, 500, _key(space.key, space.id)),
        "type": text(space.type, 40),
        "status": text(space.status, 40),
        "homepage_id": text(space.homepage_id, 64),
        "web_url": address(space.web_url),
        "remote_created_at": space.created_at,
        "listed": True,
        "listed_at": at,
    }


def keep_projects(
    connection: Connection, told: Iterable[tuple[types.Project, Level | None, str | None]], *, asked: datetime
) -> None:
    """Add or refresh projects, each with its default as read at `asked` and its state (by the level when left out).

    A default that was read or changed since, or that did not answer now (UNREAD), stays as it is known.
    """
    at, changed = timezone.now(), []
    with transaction.atomic():
        Connection.locked(connection.pk)
        locked = Project.objects.select_for_update(no_key=True).filter(connection=connection).order_by("pk")
        known = {row.remote_id: row for row in locked}
        rows = {}  # by id: what moves while it is listed comes twice
        for project, level, state in told:
            row = rows[project.id] = Project(connection=connection, remote_id=project.id, **_project_facts(project, at))
            before = known.get(project.id)
            newer = before and before.default_read_at is not None and before.default_read_at > asked
            if before and (newer or state == ReadState.UNREAD):
                row.default_level_id, row.default_state = before.default_level_id, before.default_state
                row.default_read_at = before.default_read_at
            elif state != ReadState.UNREAD:
                row.default_level, row.default_state = level, state or _state_of(level)
                row.default_read_at = asked
            was, now = _default_of(before), _default_of(row)
            if was and now and outside_changes.differs(was, now):
                changed.append(outside_changes.default_difference(row, was, now))
        Project.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["connection", "remote_id"],
            update_fields=[*PROJECT_FACTS, "default_level", "default_state", "default_read_at"],
        )
        Project.objects.filter(connection=connection, read_at__lt=at).update(listed=False)
        outside_changes.record(connection, changed, outside_changes.BY_REFRESH)


def _default_of(row: Space | Project | None) -> Known | None:
    return Known(row.default_level_id, row.default_state, row.default_read_at) if row else None


def _project_facts(project: types.Project, at: datetime) -> dict:
    """The values of PROJECT_FACTS."""
    return {
        "key": _key(project.key, project.id),
        "name": title(project.name, 500, _key(project.key, project.id)),
        "type": text(project.type, 40),
        "archived": project.archived,
        "listed": True,
        "read_at": at,
    }


def keep_default(
    row: Space | Project,
    level: Level | None,
    at: datetime,
    state: str | None = None,
    *,
    how: str = outside_changes.BY_REFRESH,
    own: bool = False,
) -> bool:
    """Write the default of a space or project as told by a call made at `at`. state: a ReadState; else by the level.

    Where a newer fact is known, nothing is written, `row` takes that one instead, and False comes back. how: `outside`;
    own: it is what a change through Trustdesk led to.
    """
    values = {"default_level": level, "default_state": state or _state_of(level), "default_read_at": at}
    with transaction.atomic():
        known = _locked(row, "default_level_id", "default_state", "default_read_at")
        if not _write_if_newer(row, known, at, values):
            return False
        after = Known(level.pk if level else None, row.default_state, at)
        if isinstance(row, Space) and known and (known.level_id, known.state) != (after.level_id, after.state):
            Item.objects.filter(space=row).compare_again()
        if known and not own and outside_changes.differs(known, after):
            outside_changes.record(row.connection, [outside_changes.default_difference(row, known, after)], how)
    return True


def _state_of(level: Level | None) -> str:
    return ReadState.KNOWN if level else ReadState.NONE


def _locked(row: Item | Space | Project, *columns: str) -> Known | None:
    """What the database holds of the row, which nobody else writes until the end of the transaction."""
    if isinstance(row, Item):
        Space.lock(row.space_id)
    # Without the key: a space stays open to what is added to it.
    rows = type(row)._default_manager.select_for_update(no_key=True)
    values = rows.filter(pk=row.pk).values_list(*columns).first()
    return Known(*values) if values else None


def _write_if_newer(row: Item | Space | Project, known: Known | None, at: datetime, values: dict[str, Any]) -> bool:
    """Write what was told at `at` over older facts alone; whichever is newer stands in `row` afterwards."""
    if known and known.read_at is not None and known.read_at > at:
        row.refresh_from_db(fields=list(values))
        return False
    type(row)._default_manager.filter(pk=row.pk).update(**values)
    for name, value in values.items():  # also where a scan has taken the row off the list since it was loaded
        setattr(row, name, value)
    if isinstance(row, Item):
        row.difference = Item.objects.values_list("difference", flat=True).filter(pk=row.pk).first() or row.difference
    return True


# --- Items ----------------------------------------------------------------------------------------------------------


def item_facts(item: types.Item, at: datetime) -> dict:
    """The values of ITEM_FACTS."""
    return {
        "title": title(item.title, 1000, "(no title)"),
        "parent_id": text(item.parent_id, 64),
        "position": number(item.position, -LARGE - 1, LARGE),
        "author_id": text(item.author_id, 128),
        "owner_id": text(item.owner_id, 128),
        "version": number(item.version, 0, SMALL),
        "remote_created_at": item.created_at,
        "remote_changed_at": item.version_at or item.created_at,
        "web_url": address(item.web_url),
        "read_at": at,
    }


def with_status(item: types.Item, kind: str, status: str) -> types.Item:
    """The item as a list of this kind and status showed it."""
    return item if (item.kind, item.status) == (kind, status) else replace(item, kind=kind, status=status)


def keep_item(space: Space, item: types.Item, status: str, at: datetime) -> Item:
    """Add or refresh one item, without its level, and take its row in the space that it was moved from away.

    It takes the place in the tree that the next scan gives it.
    """
    same = Item.objects.filter(connection=space.connection, kind=item.kind, remote_id=item.id, status=status)
    with transaction.atomic():
        Connection.locked(space.connection_id)
        Space.lock(space.pk, *same.values_list("space", flat=True))
        row, _ = Item.objects.update_or_create(
            space=space, kind=item.kind, remote_id=item.id, status=status, defaults=item_facts(item, at)
        )
        same.exclude(pk=row.pk).delete()
    return row


def keep_item_level(
    row: Item,
    level: Level | None,
    at: datetime,
    *,
    state: str = "",
    set_here: bool | None = None,
    own: bool = False,
) -> bool:
    """Write the level of an item as told by a call made at `at`. set_here: None keeps the mark for the same level.

    Where a newer fact is known, nothing is written, `row` takes that one instead, and False comes back. own: it is what
    a change through Trustdesk led to.
    """
    unchanged = row.level_id == (level.pk if level else None)
    if set_here is None:
        set_here = row.set_here and unchanged and level is not None
    values = {"level": level, "level_state": state or _state_of(level), "set_here": set_here, "level_read_at": at}
    with transaction.atomic():
        known = _locked(row, "level_id", "level_state", "level_read_at")
        if not _write_if_newer(row, known, at, values):
            return False
        after = Known(level.pk if level else None, row.level_state, at)
        if known and not own and outside_changes.differs(known, after):
            space = row.space
            outside_changes.record(
                space.connection,
                [outside_changes.item_difference(row, space, known, after)],
                outside_changes.BY_REFRESH,
            )
    return True
