"""The inventory as flat rows, for CSV and JSON: the content of a space or of sites, and the spaces of a site."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from classification.coverage.counts import counts_by_space, level_counts, levels_by_id, levels_of
from classification.inventory.filters import ContentFilters, ItemFilters, SpaceFilters
from classification.models import Account, Item, Level, ReadState, Space
from classification.selectors import origin_of
from portal.models import Connection

#: Names of the columns, in order; CSV writes them as its first line.
ITEM_COLUMNS = (
    "site",
    "space",
    "kind",
    "id",
    "status",
    "title",
    "level",
    "level_id",
    "state",
    "origin",
    "author_id",
    "author",
    "changed_at",
    "level_read_at",
    "url",
)
SPACE_COLUMNS = (
    "key",
    "id",
    "name",
    "type",
    "status",
    "default_level",
    "default_state",
    "items",
    "classified",
    "unclassified",
    "unknown",
    "cannot_be_changed",
    "content_blocked",
    "scanned_at",
    "partial_at",
    "url",
)


def item_export(space: Space, filters: ItemFilters) -> Iterator[dict]:
    """Every item of a space that the filters keep, not only one page of them; JSON-ready."""
    return _items([space.connection], Item.objects.filter(space=space), filters)


def content_export(sites: Sequence[Connection], filters: ContentFilters) -> Iterator[dict]:
    """The same of all spaces that these sites list."""
    return _items(sites, Item.objects.filter(connection__in=sites, space__listed=True), filters)


def _items(sites: Sequence[Connection], found: QuerySet[Item], filters: ItemFilters) -> Iterator[dict]:
    """Reads the table in pieces."""
    levels = {pk: level for of_site in levels_of(sites).values() for pk, level in of_site.items()}
    items = filters.ordered(filters.apply(found)).select_related("space")
    slugs = {site.pk: site.slug for site in sites}
    accounts = Account.objects.filter(connection__in=sites).exclude(name="")
    names = {tuple(key): name for *key, name in accounts.values_list("connection", "account_id", "name")}
    for item in items.iterator(chunk_size=1000):
        level = levels.get(item.level_id or 0) if item.level_state == ReadState.KNOWN else None
        yield {
            "site": slugs[item.connection_id],
            "space": item.space.key,
            "kind": item.kind,
            "id": item.remote_id,
            "status": item.status,
            "title": item.title,
            "level": level.name if level else "",
            "level_id": level.remote_id if level else "",
            "state": item.level_state,
            "origin": str(origin_of(level, item.set_here, item.difference)),
            "author_id": item.author_id,
            "author": names.get((item.connection_id, item.author_id), ""),
            "changed_at": item.remote_changed_at.isoformat() if item.remote_changed_at else None,
            "level_read_at": item.level_read_at.isoformat() if item.level_read_at else None,
            "url": item.web_url,
        }


def space_export(connection: Connection, filters: SpaceFilters) -> Iterator[dict]:
    """Every space that the filters keep, with its counts, by name."""
    levels = levels_by_id(connection)
    spaces = list(filters.apply(Space.objects.filter(connection=connection, listed=True)))
    counts = counts_by_space(spaces)
    for space in spaces:
        of_space = level_counts(counts.get(space.pk, ()), levels)
        default = levels.get(space.known_default_id or 0)
        yield {
            "key": space.key,
            "id": space.remote_id,
            "name": space.name,
            "type": space.type,
            "status": space.status,
            "default_level": default.name if default else "",
            "default_state": space.default_state,
            "items": of_space.everything,
            "classified": of_space.classified,
            "unclassified": of_space.unclassified,
            "unknown": of_space.unknown,
            "cannot_be_changed": of_space.fixed,
            "content_blocked": space.content_blocked,
            "scanned_at": space.scanned_at.isoformat() if space.scanned_at else None,
            "partial_at": space.partial_at.isoformat() if space.partial_at else None,
            "url": space.web_url,
        }


def level_export(level: Level) -> dict:
    """One level, JSON-ready."""
    return {
        "id": level.remote_id,
        "name": level.name,
        "status": level.status,
        "order": level.order,
        "color": level.color,
        "description": level.description,
        "guideline": level.guideline,
        "listed": level.listed,
    }
