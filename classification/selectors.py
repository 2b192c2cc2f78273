"""The queries of classification: everything a page, a command or an export shows, from the inventory alone.

Nothing here calls a site. Levels are few, so they are read once per page and joined in memory; rows are small frozen
dataclasses, because building 250 model instances with their levels costs more than the query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now
from django.http import QueryDict
from django.urls import reverse

from classification.coverage.counts import (
    LevelCounts,
    applicable,
    counts_by_space,
    level_counts,
    levels_by_id,
    levels_of,
    space_counts,
)
from classification.inventory import tree
from classification.inventory.account_names import names_of
from classification.inventory.filters import ORIGIN_OF, ContentFilters, ItemFilters, ProjectFilters, SpaceFilters
from classification.inventory.item_counts import counts_by_site
from classification.models import Item, Level, Project, ReadState, Scan, Space
from portal.audit.browse import one_per_action, target_history
from portal.keyset import KeysetPage, neighbours, page_of
from portal.models import AuditEntry, Connection

SPACES_PER_PAGE = 50
PROJECTS_PER_PAGE = 50
ITEMS_PER_PAGE = 250
LONGEST_HISTORY = 100

#: What a row reads from the table, in the order of `_item_row`.
_ROW_COLUMNS = (
    "pk",
    "kind",
    "remote_id",
    "status",
    "title",
    "depth",
    "level_id",
    "level_state",
    "set_here",
    "difference",
    "remote_changed_at",
    "level_read_at",
    "web_url",
)


# --- Spaces ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpaceRow:
    """A space with its figures. scan: the open scan of this space, if any."""

    space: Space
    default: Level | None
    figures: LevelCounts
    scan: Scan | None
    url: str


@dataclass(frozen=True)
class SpacesPage:
    """One page of the spaces of a site. types: of all its spaces, for the filter."""

    rows: list[SpaceRow]
    page: KeysetPage
    levels: dict[int, Level]
    types: list[str]
    scan: Scan | None
    last_scan: Scan | None


def spaces_page(connection: Connection, filters: SpaceFilters) -> SpacesPage:
    """Spaces that the site lists, with counts by level in one query for the whole page; 7 queries in all."""
    levels = levels_by_id(connection)
    listed = Space.objects.filter(connection=connection, listed=True)
    found = filters.counted(filters.apply(listed))
    page = page_of(found, filters.columns, SPACES_PER_PAGE, after=filters.after, before=filters.before)
    spaces: list[Space] = page.rows
    counts = counts_by_space(spaces)
    open_scans = {scan.space_id: scan for scan in _open_scans(connection)}
    rows = [
        SpaceRow(
            space,
            levels.get(space.known_default_id or 0),
            level_counts(counts.get(space.pk, ()), levels),
            open_scans.get(space.pk),
            reverse("space", args=[connection.slug, space.key]),
        )
        for space in spaces
    ]
    types = list(listed.exclude(type="").order_by("type").values_list("type", flat=True).distinct())
    last = Scan.objects.filter(connection=connection, space=None, finished_at__isnull=False).first()
    return SpacesPage(rows, page, levels, types, open_scans.get(None), last)


def find_space(connection: Connection, key: str) -> Space | None:
    """By key; two spaces can share one for a moment when a key was taken over, so the listed one comes first."""
    if "\x00" in key:
        return None
    # Sorting one or two rows here is quicker than building a query that sorts.
    found = Space.objects.filter(connection=connection, key=key).select_related("default_level").order_by()
    space = max(found, key=lambda each: (each.listed, each.pk), default=None)
    if space is not None:
        space.connection = connection  # spares the query for what the caller holds already
    return space


# --- The content of a space -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One row of a space. level: None when not classified or not known; `state` (ReadState) tells which.

    origin, difference: values of Item.Origin and Item.Difference. url: of the item's page.
    changeable: False for archived content and that of an archived space, which nobody can classify. faint: it is not
    among what was asked for, and stands in a tree only so that what is below it has its place.
    """

    pk: int
    kind: str
    remote_id: str
    status: str
    title: str
    depth: int
    level: Level | None
    state: str
    origin: str
    difference: str
    changed_at: datetime | None
    read_at: datetime | None
    web_url: str
    url: str
    faint: bool = False
    in_archived_space: bool = False

    @property
    def changeable(self) -> bool:
        return self.status != Item.Status.ARCHIVED and not self.in_archived_space

    @property
    def origin_label(self) -> str:
        if self.level is None:
            return _STATE_LABELS[self.state]
        found = Item.Difference(self.difference) if self.differs else Item.Origin(self.origin)
        return str(found.label)

    @property
    def differs(self) -> bool:
        """Whether how it differs from the default is what is said of its origin."""
        return self.origin == Item.Origin.DIFFERS

    @property
    def status_label(self) -> str:
        return _STATUS_LABELS[self.status]


_STATE_LABELS: dict[str, str] = {value: str(label) for value, label in ReadState.choices}
_STATE_LABELS[ReadState.HIDDEN] = "No access"
_STATUS_LABELS: dict[str, str] = {value: str(label) for value, label in Item.Status.choices}


@dataclass(frozen=True)
class SpacePage:
    """One page of the content of a space. levels: all of the connection; choices: those that may be applied."""

    space: Space
    rows: list[ItemRow]
    page: KeysetPage
    levels: dict[int, Level]
    choices: list[Level]
    default: Level | None
    figures: LevelCounts
    scan: Scan | None
    last_scan: Scan | None


def space_page(space: Space, filters: ItemFilters) -> SpacePage:
    """Rows, figures, levels and scans of one space, in 5 queries however many items it holds; 6 in part of a tree."""
    levels = levels_by_id(space.connection)
    items = filters.apply(Item.objects.filter(space=space))
    around = {"after": filters.after, "before": filters.before}
    page = page_of(items, filters.columns, ITEMS_PER_PAGE, values=_ROW_COLUMNS, **around)
    rows = item_rows(page.rows, space, levels)
    if filters.view == "tree" and (filters.narrows or page.before):
        rows = _with_branches(rows, space, levels)
    scans = list(Scan.objects.filter(connection=space.connection_id).filter(Q(space=space) | Q(space=None))[:20])
    return SpacePage(
        space=space,
        rows=rows,
        page=page,
        levels=levels,
        choices=applicable(levels.values()),
        default=levels.get(space.known_default_id or 0),
        figures=space_counts(space, levels),
        scan=next((scan for scan in scans if scan.is_open), None),
        last_scan=_last_of(space, scans),
    )


@dataclass(frozen=True)
class ContentPage:
    """One page of the content of several sites. rows: each with its space. levels: of all of them, by key."""

    rows: list[tuple[ItemRow, Space]]
    page: KeysetPage
    levels: dict[int, Level]


def content_page(sites: Sequence[Connection], filters: ContentFilters) -> ContentPage:
    """The content of all spaces that these sites list, in 4 queries however many there are."""
    levels = levels_of(sites)
    around = {"after": filters.after, "before": filters.before}
    values = (*_ROW_COLUMNS, "space_id")
    page = page_of(_content(sites, filters), filters.columns, ITEMS_PER_PAGE, values=values, **around)
    connections = {site.pk: site for site in sites}
    spaces = Space.objects.in_bulk({row[-1] for row in page.rows})
    by_space: dict[int, list[tuple]] = {}
    for row in page.rows:
        by_space.setdefault(row[-1], []).append(row[:-1])
    made = {}
    for pk, rows in by_space.items():
        space = spaces[pk]
        space.connection = connections[space.connection_id]
        made.update({row.pk: (row, space) for row in item_rows(rows, space, levels[space.connection_id])})
    every = {pk: level for of_site in levels.values() for pk, level in of_site.items()}
    return ContentPage([made[row[0]] for row in page.rows], page, every)


def content_that_matches(sites: Sequence[Connection], query: str) -> int:
    """How much content of these sites matches the filters of an address."""
    return _content(sites, ContentFilters.parse(QueryDict(query))).count()


def _content(sites: Sequence[Connection], filters: ContentFilters) -> QuerySet[Item]:
    return filters.apply(Item.objects.filter(connection__in=sites, space__listed=True))


def _last_of(space: Space, scans: list[Scan]) -> Scan | None:
    """The last scan of this space that ended, unless a later one of the whole site has read it in full since."""
    last = next((scan for scan in scans if not scan.is_open and scan.space_id == space.pk), None)
    over = last and last.finished_at and space.scanned_at and last.finished_at < space.scanned_at
    return None if over else last


def item_rows(values: Iterable[tuple], space: Space, levels: dict[int, Level]) -> list[ItemRow]:
    """Rows from tuples of _ROW_COLUMNS."""
    # One address is made by the URL resolver, the others from it: 250 lookups would cost more than the query.
    address = reverse("item", args=[space.connection.slug, "page", "0", "current"])
    start, _, end = address.rpartition("page/0/current")
    rows = []
    for pk, kind, remote_id, status, title, depth, level_id, state, set_here, difference, *facts in values:
        changed_at, read_at, web_url = facts
        level = levels.get(level_id) if state == ReadState.KNOWN else None
        rows.append(
            ItemRow(
                pk,
                kind,
                remote_id,
                status,
                title,
                depth,
                level,
                state,
                origin_of(level, set_here, difference),
                difference,
                changed_at,
                read_at,
                web_url,
                f"{start}{kind}/{remote_id}/{status}{end}",
                in_archived_space=space.archived,
            )
        )
    return rows


def items_that_match(space: Space, query: str) -> int:
    """How many items of the space match the filters of an address."""
    return ItemFilters.parse(QueryDict(query)).apply(Item.objects.filter(space=space)).count()


def projects_that_match(connection: Connection, query: str) -> int:
    """How many listed projects match the filters of an address."""
    found = Project.objects.filter(connection=connection, listed=True)
    return ProjectFilters.parse(QueryDict(query)).apply(found).count()


def _with_branches(rows: list[ItemRow], space: Space, levels: dict[int, Level]) -> list[ItemRow]:
    """Rows of a tree with the pages above them that are not among them, so that none seems to be below another."""
    below = [row.remote_id for row in rows if row.depth]
    if not below:
        return rows
    here, seen, found = {row.pk for row in rows}, set(), []
    whole = Item.objects.filter(Q(pk__in=here) | Q(pk__in=tree.above(space, below))).order_by("tree_order", "pk")
    for row in item_rows(whole.values_list(*_ROW_COLUMNS), space, levels):
        if row.pk in here:
            found.append(row)
        elif row.remote_id not in seen:  # the draft of a published page has nothing below it
            found.append(replace(row, faint=True))
        seen.add(row.remote_id)
    return found


def item_row(item: Item) -> ItemRow:
    """The row of one item after a change: the same as the space page would show."""
    space = item.space
    levels = {level.pk: level for level in (item.level,) if level}
    values = tuple(getattr(item, name) for name in _ROW_COLUMNS)
    return item_rows([values], space, levels)[0]


def origin_of(level: Level | None, set_here: bool, difference: str) -> str:
    """Where a level comes from, as far as it can be known. See Item.Origin."""
    if level is None:
        return Item.Origin.NONE
    return Item.Origin.SET_HERE if set_here else ORIGIN_OF[difference]


# --- One item -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemDetail:
    """All that is shown of one item. versions: its rows in other statuses (the draft of a published page).

    author, owner: names, or account ids where no name is known; owner "" where that is the author.
    """

    item: Item
    row: ItemRow
    space: Space
    level: Level | None
    default: Level | None
    choices: list[Level]
    history: list[AuditEntry]
    versions: list[ItemRow]
    author: str
    owner: str


def find_item(connection: Connection, kind: str, remote_id: str, status: str) -> Item | None:
    return (
        Item.objects.filter(connection=connection, kind=kind, remote_id=remote_id, status=status)
        .select_related("space", "space__connection", "space__default_level", "level")
        .order_by("-read_at")  # one that was moved may stand in two spaces until it is refreshed
        .first()
    )


def item_detail(item: Item) -> ItemDetail:
    """Six queries. The history holds what was done through Trustdesk, newest first, at most 100 entries."""
    space = item.space
    levels = levels_by_id(space.connection)
    names = names_of(space.connection, (item.author_id, item.owner_id))
    owner = item.owner_id if item.owner_id != item.author_id else ""
    others = Item.objects.filter(space=space, kind=item.kind, remote_id=item.remote_id).exclude(pk=item.pk)
    return ItemDetail(
        item=item,
        row=item_row(item),
        space=space,
        level=item.level if item.level_state == ReadState.KNOWN else None,
        default=levels.get(space.known_default_id or 0),
        choices=applicable(levels.values()),
        history=list(one_per_action(item_history(item))[:LONGEST_HISTORY]),
        versions=item_rows(others.values_list(*_ROW_COLUMNS), space, levels),
        author=names.get(item.author_id, item.author_id),
        owner=names.get(owner, owner),
    )


def item_neighbours(item: Item, filters: ItemFilters) -> tuple[Item | None, Item | None]:
    """The items before and after one in a list of its space, also where it is not in that list any more."""
    found = filters.apply(Item.objects.filter(space=item.space))
    before, after = neighbours(found.only("kind", "remote_id", "status", "title"), filters.columns, item)
    for neighbour in filter(None, (before, after)):
        neighbour.space = item.space  # spares a query for its address
    return before, after


def content_neighbours(
    item: Item, sites: Sequence[Connection], filters: ContentFilters
) -> tuple[Item | None, Item | None]:
    """The same in the list of the content of these sites."""
    return neighbours(_content(sites, filters).select_related("space__connection"), filters.columns, item)


def item_history(item: Item) -> QuerySet[AuditEntry]:
    return target_history(connection=item.space.connection, target_type=item.kind, target_id=item.remote_id)


# --- Levels and projects --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level and how often it is used here. items, spaces (as default), projects (as default): counts.

    fixed: further items that have it and cannot be changed, as they or their space are archived.
    """

    level: Level
    items: int
    fixed: int
    spaces: int
    projects: int


def level_rows(connection: Connection) -> list[LevelRow]:
    """All levels of a connection, the most sensitive first; five queries, one more after a change."""
    levels = levels_by_id(connection)
    listed, known = {"connection": connection, "listed": True}, {"default_state": ReadState.KNOWN}
    items: Counter[int | None] = Counter()
    fixed: Counter[int | None] = Counter()
    for _, state, level_id, status, space_status, count in counts_by_site([connection.pk]):
        if state == ReadState.KNOWN:
            archived = Item.Status.ARCHIVED in (status, space_status)
            (fixed if archived else items)[level_id] += count
    spaces = _counted(Space.objects.filter(**listed, **known), "default_level_id")
    projects = _counted(Project.objects.filter(**listed, **known), "default_level_id")
    return [
        LevelRow(level, items[pk], fixed[pk], spaces.get(pk, 0), projects.get(pk, 0))
        for pk, level in levels.items()
        if level.listed or items[pk] or fixed[pk] or pk in spaces or pk in projects
    ]


def _counted(rows: QuerySet, column: str) -> dict[int, int]:
    return dict(rows.order_by().exclude(**{column: None}).values_list(column).annotate(count=Count("pk")))


@dataclass(frozen=True)
class ProjectsPage:
    """One page of the Jira projects of a site. known: how many there are without any filter."""

    rows: list[Project]
    page: KeysetPage
    levels: dict[int, Level]
    known: int
    read_at: datetime | None


def projects_page(connection: Connection, filters: ProjectFilters) -> ProjectsPage:
    """The listed projects with their default level, by name; four queries."""
    listed = Project.objects.filter(connection=connection, listed=True)
    found = filters.apply(listed).select_related("default_level")
    page = page_of(found, filters.columns, PROJECTS_PER_PAGE, after=filters.after, before=filters.before)
    rows: list[Project] = page.rows
    for project in rows:
        project.connection = connection  # spares a query for each row's address
    told = listed.aggregate(known=Count("pk"), read_at=Max("read_at"))
    return ProjectsPage(rows, page, levels_by_id(connection), told["known"], told["read_at"])


def find_project(connection: Connection, key: str) -> Project | None:
    found = Project.objects.filter(connection=connection, key=key).select_related("default_level", "connection")
    return found.order_by("-listed", "-pk").first()


# --- Scans ----------------------------------------------------------------------------------------------------------


def _open_scans(connection: Connection) -> QuerySet[Scan]:
    return Scan.objects.filter(connection=connection, state__in=Scan.OPEN)


def running_scan(connection: Connection) -> Scan | None:
    """The scan that is being worked on now; the others of its connection wait for it."""
    running = Scan.objects.filter(connection=connection, state=Scan.State.RUNNING, lease_until__gt=Now())
    return running.select_related("space").first()


def find_scan(connection: Connection, pk: int) -> Scan | None:
    return Scan.objects.filter(connection=connection, pk=pk).select_related("space", "connection").first()


# --- The connection as a whole ----------------------------------------------------------------------------------------


def holds(connection: Connection) -> bool:
    """Whether anything was read through this connection. Registered in registry.HOLDINGS."""
    return any(model.objects.filter(connection=connection).exists() for model in (Space, Project, Level))
