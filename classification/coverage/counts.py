"""The figures of classification: items counted by level, of a space, of many, of a site, on the home page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Min, Q

from classification.inventory.filters import CHANGEABLE, NOT_CLASSIFIED, NOT_KNOWN
from classification.inventory.item_counts import counts_by_site
from classification.models import Item, Level, ReadState, Space
from portal.models import Connection


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a coverage bar. level: None for what has no level; key: value of the filter `level` that shows it."""

    label: str
    color: str
    count: int
    percent: float
    key: str
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class LevelCounts:
    """Items counted by level: every level in use from the most sensitive down, then not classified, then not known.

    All of them count what can be changed; fixed: what cannot, because it or its space is archived.
    """

    total: int
    classified: int
    unclassified: int
    unknown: int
    segments: tuple[Segment, ...]
    fixed: int = 0

    @property
    def everything(self) -> int:
        return self.total + self.fixed

    @property
    def only(self) -> str:
        """What a link to some of the counted items adds, so that its list holds as many as were counted."""
        return f"&status={CHANGEABLE}" if self.fixed else ""

    @property
    def percent_classified(self) -> int:
        """Rounded down, so that 100 means all."""
        return self.classified * 100 // self.total if self.total else 0


#: Stands for the state of the level of items that cannot be changed.
FIXED = "fixed"
NO_COUNTS = LevelCounts(0, 0, 0, 0, ())


def level_counts(counts: Iterable[tuple[str, int | None, int]], levels: dict[int, Level]) -> LevelCounts:
    """From rows (level_state or FIXED, level id, count). A known level without a row of its own counts as not known."""
    by_level: dict[int, int] = {}
    unclassified = unknown = fixed = 0
    for state, level_id, count in counts:
        if state == FIXED:
            fixed += count
        elif state == ReadState.KNOWN and level_id in levels:
            by_level[level_id] = by_level.get(level_id, 0) + count
        elif state == ReadState.NONE:
            unclassified += count
        else:
            unknown += count
    classified = sum(by_level.values())
    total = classified + unclassified + unknown
    parts: list[tuple[str, str, int, str, Level | None]] = [
        (level.name, level.color, by_level[pk], str(pk), level) for pk, level in levels.items() if by_level.get(pk)
    ]
    if unclassified:
        parts.append(("Not classified", "", unclassified, NOT_CLASSIFIED, None))
    if unknown:
        parts.append(("Unknown", "", unknown, NOT_KNOWN, None))
    segments = tuple(
        Segment(label, color, count, round(count * 100 / total, 2), key, level)
        for label, color, count, key, level in parts
    )
    return LevelCounts(total, classified, unclassified, unknown, segments, fixed)


def levels_by_id(connection: Connection) -> dict[int, Level]:
    """primary key -> level, the most sensitive first, those without an order last; also those no longer listed."""
    return levels_of([connection])[connection.pk]


def levels_of(connections: Sequence[Connection]) -> dict[int, dict[int, Level]]:
    """connection id -> its `levels_by_id`; one query for all of them."""
    found: dict[int, dict[int, Level]] = {connection.pk: {} for connection in connections}
    levels = Level.objects.filter(connection__in=found)
    for level in levels.order_by(F("order").asc(nulls_last=True), "name", "pk"):
        found[level.connection_id][level.pk] = level
    return found


def applicable(levels: Iterable[Level]) -> list[Level]:
    """The levels that a person may choose."""
    return [level for level in levels if level.is_applicable]


def counts_by_space(spaces: Sequence[Space]) -> dict[int, list[tuple[str, int | None, int]]]:
    """space id -> rows for `figures`; one query for all of them."""
    found: dict[int, list[tuple[str, int | None, int]]] = {}
    archived = {space.pk for space in spaces if space.archived}
    query = Item.objects.filter(space__in=[space.pk for space in spaces]).order_by()
    for space_id, state, level_id, status, count in query.values_list(
        "space_id", "level_state", "level_id", "status"
    ).annotate(count=Count("pk")):
        fixed = status == Item.Status.ARCHIVED or space_id in archived
        found.setdefault(space_id, []).append((FIXED if fixed else state, level_id, count))
    return found


def space_counts(space: Space, levels: dict[int, Level]) -> LevelCounts:
    """The coverage bar of one space; one query."""
    return level_counts(counts_by_space([space]).get(space.pk, ()), levels)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The site in one line. unread_spaces: not read in full; oldest: the oldest figures; None while there are such."""

    figures: LevelCounts
    spaces: int
    unread_spaces: int
    oldest: datetime | None


def coverage(connection: Connection) -> Coverage:
    """Of all listed spaces of a site; see `coverages_of`."""
    return coverages_of([connection], levels_of([connection]))[connection.pk]


#: Spaces whose content was never read, or only in part.
UNREAD = Q(scanned_at=None) | Q(partial_at__isnull=False)


def coverages_of(sites: Sequence[Connection], levels: dict[int, dict[int, Level]]) -> dict[int, Coverage]:
    """connection id -> its coverage; four queries at most for all of them."""
    ids = [site.pk for site in sites]
    ages = (
        Space.objects.filter(connection__in=ids, listed=True)
        .order_by()
        .values("connection")
        .annotate(spaces=Count("pk"), unread=Count("pk", filter=UNREAD), oldest=Min("scanned_at"))
    )
    ages_of: dict[int, Any] = {row["connection"]: row for row in ages}
    counts: dict[int, list[tuple[str, int | None, int]]] = {}
    for site, state, level_id, status, space_status, count in counts_by_site(ids):
        fixed = status == Item.Status.ARCHIVED or space_status == Space.ARCHIVED
        counts.setdefault(site, []).append((FIXED if fixed else state, level_id, count))
    found = {}
    for pk in ids:
        age = ages_of.get(pk, {"spaces": 0, "unread": 0, "oldest": None})
        oldest = None if age["unread"] else age["oldest"]
        found[pk] = Coverage(level_counts(counts.get(pk, ()), levels[pk]), age["spaces"], age["unread"], oldest)
    return found
