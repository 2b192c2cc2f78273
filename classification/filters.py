"""The filters of the classification pages, as they stand in the address: read leniently, and written back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from .models import Item, Knowledge, Project, Space

#: Values of the filter `level` beside the primary key of a level.
NOT_CLASSIFIED, NOT_KNOWN = "none", "unknown"
LONGEST_TEXT = 200
Row = TypeVar("Row", Space, Project)
MOST_PAGES = 100_000
#: Sort keys whose column may be empty.
NULLABLE = {"level": "level__order", "changed": "remote_changed_at"}


@dataclass(frozen=True)
class Filters:
    """Values of an address. Every field is a str, but `page` (int ≥ 1); the default means "no filter".

    CHOICES: field -> allowed values; anything else in an address is ignored rather than refused.
    """

    q: str = ""
    sort: str = ""
    page: int = 1

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {}

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """From a QueryDict or any mapping. Never fails: unknown and ill-formed values are left out."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            value = str(data.get(field.name) or "").replace("\x00", "").strip()[:LONGEST_TEXT]
            if field.name == "page":
                small = value.isascii() and value.isdigit() and len(value) < 7
                values["page"] = min(max(int(value), 1), MOST_PAGES) if small else 1
            elif value and cls._allows(field.name, value):
                values[field.name] = value
        return cls(**values)

    @classmethod
    def _allows(cls, name: str, value: str) -> bool:
        if name == "level":
            return value in (NOT_CLASSIFIED, NOT_KNOWN) or (value.isascii() and value.isdigit() and len(value) < 16)
        return name not in cls.CHOICES or value in cls.CHOICES[name]

    def query(self, **changes: Any) -> str:
        """As a query string without "?", with `changes` applied; "" when nothing is filtered.

        A change of anything but the page leads back to page 1.
        """
        if changes and "page" not in changes:
            changes["page"] = 1
        changed = replace(self, **changes)
        pairs = [(f.name, getattr(changed, f.name)) for f in fields(self) if getattr(changed, f.name) != f.default]
        return urlencode(pairs)

    @property
    def narrows(self) -> bool:
        """Whether any rows may be left out: a sort, a view or a page does not narrow."""
        return any(
            getattr(self, field.name) != field.default
            for field in fields(self)
            if field.name not in ("sort", "page", "view")
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
            spaces = spaces.filter(Exists(Item.objects.filter(space=OuterRef("pk"), level_state=Knowledge.NONE)))
        return spaces


@dataclass(frozen=True)
class ProjectFilters(Filters):
    """Of the list of Jira projects. level: the default level."""

    level: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {"sort": ()}

    def apply(self, projects: QuerySet[Project]) -> QuerySet[Project]:
        if self.q:
            projects = projects.filter(contains("name", self.q) | contains("key", self.q))
        return of_default(projects, self.level)


def of_default(rows: QuerySet[Row], level: str) -> QuerySet[Row]:
    """Narrow spaces or projects by their default: a level, none, not known, or any ("")."""
    if level == NOT_CLASSIFIED:
        return rows.filter(default_state=Knowledge.NONE)
    if level == NOT_KNOWN:
        return rows.filter(default_state__in=(Knowledge.UNREAD, Knowledge.HIDDEN))
    return rows.filter(default_state=Knowledge.KNOWN, default_level_id=int(level)) if level else rows


@dataclass(frozen=True)
class ItemFilters(Filters):
    """Of the content of a space. origin: matches, differs or set (in Trustdesk); view: "" (list) or tree."""

    level: str = ""
    origin: str = ""
    kind: str = ""
    status: str = ""
    view: str = ""

    CHOICES: ClassVar[dict[str, Sequence[str]]] = {
        "kind": Item.Kind.values,
        "status": Item.Status.values,
        "origin": [value for value in Item.Origin.values if value],
        "view": ("tree",),
        "sort": ("title", "-title", "level", "-level", "changed", "-changed", "kind", "-kind", "status", "-status"),
    }

    def apply(self, items: QuerySet[Item], space: Space) -> QuerySet[Item]:
        """Narrow the items of one space."""
        if self.q:
            items = items.filter(contains("title", self.q))
        if self.kind:
            items = items.filter(kind=self.kind)
        if self.status:
            items = items.filter(status=self.status)
        if self.level == NOT_CLASSIFIED:
            items = items.filter(level_state=Knowledge.NONE)
        elif self.level == NOT_KNOWN:
            items = items.filter(level_state__in=(Knowledge.UNREAD, Knowledge.HIDDEN))
        elif self.level:
            items = items.filter(level_state=Knowledge.KNOWN, level_id=int(self.level))
        return self._of_origin(items, space)

    def _of_origin(self, items: QuerySet[Item], space: Space) -> QuerySet[Item]:
        if not self.origin:
            return items
        known = items.filter(level_state=Knowledge.KNOWN, set_here=self.origin == Item.Origin.SET_HERE)
        default = space.known_default_id
        if self.origin == Item.Origin.MATCHES_DEFAULT:
            return known.filter(level_id=default) if default else known.none()
        if self.origin == Item.Origin.DIFFERS:
            return known.exclude(level_id=default) if default else known.none()
        if self.origin == Item.Origin.NO_DEFAULT:
            return known if space.default_state == Knowledge.NONE else known.none()
        if self.origin == Item.Origin.UNKNOWN:
            return known if space.default_state in (Knowledge.UNREAD, Knowledge.HIDDEN) else known.none()
        return known

    def ordered(self, items: QuerySet[Item]) -> QuerySet[Item]:
        """In the order that was asked for; the tree has its own. Ends with the key, so that pages never overlap."""
        if self.view == "tree":
            return items.order_by("tree_order", "pk")
        name = self.sort.lstrip("-") or "title"
        down = self.sort.startswith("-")
        then = "-pk" if down else "pk"
        if name in NULLABLE:
            # Rows without a value come last either way. The other columns stay plain, so that an index can serve them.
            column = F(NULLABLE[name])
            return items.order_by(column.desc(nulls_last=True) if down else column.asc(nulls_last=True), "title", then)
        first = f"-{name}" if down else name
        return items.order_by(first, then) if name == "title" else items.order_by(first, "title", then)


def contains(field: str, text: str) -> Q:
    """Whether a field holds the text, whatever the case. SQLite folds only ASCII; other letters are tried in turn."""
    condition = Q(**{f"{field}__icontains": text})
    if not text.isascii():
        for variant in {text.lower(), text.upper(), text.capitalize(), text.title()} - {text}:
            condition |= Q(**{f"{field}__icontains": variant})
    return condition
