"""The filters of the classification pages, as they stand in the address: read leniently, and written back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from classification.models import Item, Level, Project, ReadState, Space
from portal.keyset import LONGEST_CURSOR, Column, order_by

#: Values of the filter `level` beside the primary key of a level.
NOT_CLASSIFIED, NOT_KNOWN, CLASSIFIED = "none", "unknown", "any"
#: Values of the filter `status`: what can be classified, and what cannot because it or its space is archived.
CHANGEABLE, FIXED = "changeable", "fixed"
#: Value of `list` in the address of an item that was opened from the list of the content of all sites.
CONTENT = "content"
LONGEST_TEXT = 200
Row = TypeVar("Row", Space, Project)
PK = Column("pk", int)
#: Where a level comes from that was not set in Trustdesk, by Item.Difference.
ORIGIN_OF: dict[str, str] = {
    Item.Difference.SAME: Item.Origin.MATCHES_DEFAULT,
    Item.Difference.MORE: Item.Origin.DIFFERS,
    Item.Difference.LESS: Item.Origin.DIFFERS,
    Item.Difference.OTHER: Item.Origin.DIFFERS,
    Item.Difference.NO_DEFAULT: Item.Origin.NO_DEFAULT,
    Item.Difference.UNKNOWN: Item.Origin.UNKNOWN,
}
#: The differences that are a filter of their own, whoever set the level.
COMPARED = (Item.Difference.MORE, Item.Difference.LESS, Item.Difference.UNCLASSIFIED)
#: What pages lists, and narrows nothing.
PAGING = ("after", "before")


@dataclass(frozen=True)
class Filters:
    """Values of an address. Every field is a str; the default means "no filter". after, before: cursors of the page.

    CHOICES: field -> allowed values; anything else in an address is ignored rather than refused.
    """

    q: str = ""
    sort: str = ""
    after: str = ""
    before: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {}

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """From a QueryDict or any mapping. Never fails: unknown and ill-formed values are left out."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            longest = LONGEST_CURSOR if field.name in PAGING else LONGEST_TEXT
            value = str(data.get(field.name) or "").replace("\x00", "").strip()[:longest]
            if value and cls._allows(field.name, value):
                values[field.name] = value
        return cls(**values)

    @classmethod
    def _allows(cls, name: str, value: str) -> bool:
        if name == "level":
            return value in (NOT_CLASSIFIED, NOT_KNOWN) or (value.isascii() and value.isdigit() and len(value) < 16)
        return name not in cls.CHOICES or value in cls.CHOICES[name]

    def query(self, **changes: Any) -> str:
        """As a query string without "?", with `changes` applied; "" when nothing is filtered.

        Every change leads to one page: the first, unless it says after or before which row.
        """
        if changes:
            changes = {**dict.fromkeys(PAGING, ""), **changes}
        changed = replace(self, **changes)
        pairs = [(f.name, getattr(changed, f.name)) for f in fields(self) if getattr(changed, f.name) != f.default]
        return urlencode(pairs)

    @property
    def list_query(self) -> str:
        """The query string of the whole list, whichever page of it is shown, with its "?"; "" for the plain list."""
        query = self.query(after="")
        return f"?{query}" if query else ""

    @property
    def narrows(self) -> bool:
        """Whether any rows may be left out: a sort, a view or a page does not narrow."""
        return any(
            getattr(self, field.name) != field.default
            for field in fields(self)
            if field.name not in ("sort", "view", *PAGING)
        )


@dataclass(frozen=True)
class SpaceFilters(Filters):
    """Of the list of spaces. level: the default level; unclassified "yes": only spaces with unclassified items.

    view: "" (bars) or table (a column of counts for each level).
    """

    type: str = ""
    status: str = ""
    level: str = ""
    unclassified: str = ""
    view: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {
        "view": ("table",),
        "status": ("current", "archived"),
        "unclassified": ("yes",),
        "sort": ("name", "-name", "key", "-key", "unclassified", "-unclassified", "items", "-items", "age", "-age"),
    }

    def apply(self, spaces: QuerySet[Space]) -> QuerySet[Space]:
        if self.q:
            spaces = spaces.filter(contains("name", self.q) | contains("key", self.q))
        if self.type:
            spaces = spaces.filter(type=self.type)
        if self.status:
            spaces = spaces.filter(status=self.status)
        spaces = of_default(spaces, self.level)
        if self.unclassified:
            without = Item.objects.filter(space=OuterRef("pk"), level_state=ReadState.NONE)
            without = without.exclude(status=Item.Status.ARCHIVED)
            spaces = spaces.exclude(status=Space.ARCHIVED).filter(Exists(without))
        return spaces

    def counted(self, spaces: QuerySet[Space]) -> QuerySet[Space]:
        """With the counts that the order needs."""
        if self.sort.endswith("unclassified"):
            counted = Q(items__level_state=ReadState.NONE) & ~Q(items__status=Item.Status.ARCHIVED)
            return spaces.annotate(unclassified_count=Count("items", filter=counted & ~Q(status=Space.ARCHIVED)))
        return spaces.annotate(item_count=Count("items")) if self.sort.endswith("items") else spaces

    @property
    def columns(self) -> list[Column]:
        """The order that was asked for, of spaces that are `counted`."""
        down = self.sort.startswith("-")
        name = Column("name")
        # The oldest figures are those that were never read.
        first = {
            "key": Column("key", down=down),
            "unclassified": Column("unclassified_count", int, down),
            "items": Column("item_count", int, down),
            "age": Column("scanned_at", datetime, down, "last" if down else "first"),
        }.get(self.sort.lstrip("-"))
        return [first, name, PK] if first else [Column("name", down=down), PK]


@dataclass(frozen=True)
class ProjectFilters(Filters):
    """Of the list of Jira projects. level: the default level."""

    level: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {"sort": ()}
    columns: ClassVar[list[Column]] = [Column("name"), PK]

    def apply(self, projects: QuerySet[Project]) -> QuerySet[Project]:
        if self.q:
            projects = projects.filter(contains("name", self.q) | contains("key", self.q))
        return of_default(projects, self.level)


def of_default(rows: QuerySet[Row], level: str) -> QuerySet[Row]:
    """Narrow spaces or projects by their default: a level, none, not known, or any ("")."""
    if level == NOT_CLASSIFIED:
        return rows.filter(default_state=ReadState.NONE)
    if level == NOT_KNOWN:
        return rows.filter(default_state__in=(ReadState.UNREAD, ReadState.HIDDEN))
    return rows.filter(default_state=ReadState.KNOWN, default_level_id=int(level)) if level else rows


@dataclass(frozen=True)
class ItemFilters(Filters):
    """Of the content of a space. origin: of Item.Origin, or a difference of COMPARED; view: "" (list) or tree."""

    level: str = ""
    origin: str = ""
    kind: str = ""
    status: str = ""
    view: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {
        "kind": Item.Kind.values,
        "status": [*Item.Status.values, CHANGEABLE, FIXED],
        "origin": [*(value for value in Item.Origin.values if value), *COMPARED],
        "view": ("tree",),
        "sort": ("title", "-title", "level", "-level", "changed", "-changed", "kind", "-kind", "status", "-status"),
    }

    @classmethod
    def _allows(cls, name: str, value: str) -> bool:
        return (name, value) == ("level", CLASSIFIED) or super()._allows(name, value)

    def apply(self, items: QuerySet[Item]) -> QuerySet[Item]:
        if self.q:
            items = items.filter(contains("title", self.q))
        if self.kind:
            items = items.filter(kind=self.kind)
        if self.status == CHANGEABLE:
            items = items.exclude(status=Item.Status.ARCHIVED).exclude(space__status=Space.ARCHIVED)
        elif self.status == FIXED:
            items = items.filter(Q(status=Item.Status.ARCHIVED) | Q(space__status=Space.ARCHIVED))
        elif self.status:
            items = items.filter(status=self.status)
        if self.level == NOT_CLASSIFIED:
            items = items.filter(level_state=ReadState.NONE)
        elif self.level == NOT_KNOWN:
            items = items.filter(level_state__in=(ReadState.UNREAD, ReadState.HIDDEN))
        elif self.level:
            items = items.filter(level_state=ReadState.KNOWN)
            items = items if self.level == CLASSIFIED else self._of_level(items)
        return self._of_origin(items)

    def _of_level(self, items: QuerySet[Item]) -> QuerySet[Item]:
        return items.filter(level_id=int(self.level))

    def _of_origin(self, items: QuerySet[Item]) -> QuerySet[Item]:
        if not self.origin:
            return items
        if self.origin in COMPARED:
            return items.filter(difference=self.origin)
        known = items.filter(level_state=ReadState.KNOWN, set_here=self.origin == Item.Origin.SET_HERE)
        if self.origin == Item.Origin.SET_HERE:
            return known
        return known.filter(difference__in=[value for value, origin in ORIGIN_OF.items() if origin == self.origin])

    def ordered(self, items: QuerySet[Item]) -> QuerySet[Item]:
        return items.order_by(*order_by(self.columns))

    @property
    def columns(self) -> list[Column]:
        """The order that was asked for; the tree has its own. Ends with the key, so that every row has its place."""
        if self.view == "tree":
            return [Column("tree_order", int), PK]
        name, down = self.sort.lstrip("-") or "title", self.sort.startswith("-")
        title, pk = Column("title"), Column("pk", int, down)
        # Rows without a value come last either way.
        first = {
            "level": Column("level__order", int, down, "last"),
            "changed": Column("remote_changed_at", datetime, down, "last"),
        }
        return (
            [Column(name, down=down), pk] if name == "title" else [first.get(name, Column(name, down=down)), title, pk]
        )


@dataclass(frozen=True)
class ContentFilters(ItemFilters):
    """Of the content of all sites. level: stands for all levels that have its name. site: the slug of a connection."""

    site: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {**ItemFilters.CHOICES, "view": ()}

    def apply(self, items: QuerySet[Item]) -> QuerySet[Item]:
        items = super().apply(items)
        return items.filter(connection__slug=self.site) if self.site else items

    @property
    def list_query(self) -> str:
        """As that of a space; `list` says to the page of an item which list it was opened from."""
        query = self.query(after="")
        return f"?list={CONTENT}&{query}" if query else f"?list={CONTENT}"

    def _of_level(self, items: QuerySet[Item]) -> QuerySet[Item]:
        named = Level.objects.filter(name__in=Level.objects.filter(pk=int(self.level)).values("name"))
        return items.filter(level__in=named.values("pk"))


def contains(field: str, text: str) -> Q:
    """Whether a field holds the text, whatever the case. SQLite folds only ASCII; other letters are tried in turn."""
    condition = Q(**{f"{field}__icontains": text})
    if not text.isascii():
        for variant in {text.lower(), text.upper(), text.capitalize(), text.title()} - {text}:
            condition |= Q(**{f"{field}__icontains": variant})
    return condition
