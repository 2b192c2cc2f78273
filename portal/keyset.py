"""Pages of a list by key: what follows the last row shown, not what stands at a number.

A list that shrinks while it is worked on skips rows when it is paged by number. Here an address holds the sort values
of a row (a cursor), and the page is what comes "after" it or "before" it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OrderBy, Q, QuerySet
from django.utils.dateparse import parse_datetime

#: An address has to stay short; a longer text is looked up by the primary key beside it.
LONGEST_TEXT = 200
LONGEST_CURSOR = 2000
LARGEST_INTEGER = 2**63 - 1
NOTHING = Q(pk__in=[])
#: The values of one row in the order of the columns.
Cursor = list[Any]


@dataclass(frozen=True)
class Column:
    """A column to sort by, of str, int or datetime. nulls: "first" or "last" where it may be empty, "" where not."""

    name: str
    type: type = str
    down: bool = False
    nulls: str = ""

    def order(self) -> OrderBy | str:
        if not self.nulls:
            # Stays plain, so that an index can serve it.
            return f"-{self.name}" if self.down else self.name
        nulls: dict[str, Any] = {f"nulls_{self.nulls}": True}
        return F(self.name).desc(**nulls) if self.down else F(self.name).asc(**nulls)

    def reversed(self) -> "Column":
        return Column(self.name, self.type, not self.down, {"first": "last", "last": "first", "": ""}[self.nulls])

    def beyond(self, value: Any) -> Q:
        """What sorts after the value."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if self.nulls == "first" else NOTHING
        further = Q(**{f"{self.name}__{'lt' if self.down else 'gt'}": value})
        return further | Q(**{f"{self.name}__isnull": True}) if self.nulls == "last" else further

    def at(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def read(self, value: Any) -> Any:
        """A value of a cursor. Raises ValueError for one that this column cannot hold."""
        if value is None and self.nulls:
            return None
        if self.type is datetime and isinstance(value, str):
            value = parse_datetime(value)
        if type(value) is not self.type or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
            raise ValueError("not a value of this column")
        if isinstance(value, str):
            value.encode()  # half a surrogate pair is a ValueError too
        if (isinstance(value, str) and "\x00" in value) or (isinstance(value, datetime) and not value.tzinfo):
            raise ValueError("not a value that a database takes")
        return value


@dataclass(frozen=True)
class KeysetPage:
    """One page of `count` rows. start, end: places of its rows from 1 on. before, after: cursors; "" for none.

    count is 0 where the rows were not counted; then start and end tell nothing.
    """

    rows: list[Any]
    count: int = 0
    start: int = 0
    before: str = ""
    after: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.rows) - 1

    @property
    def is_all(self) -> bool:
        return not self.before and not self.after


def order_by(columns: Sequence[Column]) -> list[OrderBy | str]:
    return [column.order() for column in columns]


@dataclass(frozen=True)
class _Source:
    """Rows to page, as model instances, or as tuples of `values`."""

    rows: QuerySet
    size: int
    values: Sequence[str]

    def read(self, columns: Sequence[Column], cursor: Cursor | None) -> list[tuple[Any, Cursor]]:
        """The first rows in this order, after the cursor, each with its own."""
        names = [column.name for column in columns]
        found = self.rows.filter(following(columns, cursor)) if cursor else self.rows
        found = found.order_by(*order_by(columns))
        if self.values:
            split = len(self.values)
            tuples = found.values_list(*self.values, *names)[: self.size]
            return [(row[:split], list(row[split:])) for row in tuples]
        return [(row, [_value(row, name) for name in names]) for row in found[: self.size]]


def page_of(
    rows: QuerySet,
    columns: Sequence[Column],
    size: int,
    *,
    after: str = "",
    before: str = "",
    values: Sequence[str] = (),
) -> KeysetPage:
    """The page after or before a cursor; the first one without. Two queries; one more where too little is left there.

    rows: in any order. columns: of the order, ending with one that is unique. values: read tuples of these columns, not
    instances.
    """
    shown, cursor = _shown(_Source(rows, size, values), columns, after, before)
    if not shown:
        return KeysetPage([])
    first, last = shown[0][1], shown[-1][1]
    if cursor:
        earlier = Count("pk", filter=following(_backwards(columns), first))
        told = rows.order_by().aggregate(count=Count("pk"), earlier=earlier)
    else:
        told = {"count": rows.count(), "earlier": 0}
    return _page([row for row, _ in shown], first, last, **told)


def uncounted_page_of(
    rows: QuerySet, columns: Sequence[Column], size: int, *, after: str = "", before: str = ""
) -> KeysetPage:
    """As `page_of`, for rows that take too long to count: it only looks whether there are some before and after."""
    shown, cursor = _shown(_Source(rows, size, ()), columns, after, before)
    if not shown:
        return KeysetPage([])
    first, last = shown[0][1], shown[-1][1]
    earlier = cursor is not None and rows.filter(following(_backwards(columns), first)).exists()
    # What is not full is the end of the list; looking for more would read all rows in vain.
    more = len(shown) == size and rows.filter(following(columns, last)).exists()
    found = [row for row, _ in shown]
    return KeysetPage(found, before=cursor_of(first) if earlier else "", after=cursor_of(last) if more else "")


def neighbours(rows: QuerySet, columns: Sequence[Column], row: Any) -> tuple[Any | None, Any | None]:
    """What stands just before and just after a row in this order; also where the row itself is none of them.

    Two queries. row: a model instance that has all columns.
    """
    cursor: Cursor = [_value(row, column.name) for column in columns]
    before, after = (
        rows.filter(following(order, cursor)).order_by(*order_by(order)).first()
        for order in (_backwards(columns), columns)
    )
    return before, after


def _backwards(columns: Sequence[Column]) -> list[Column]:
    return [column.reversed() for column in columns]


def _shown(
    source: _Source, columns: Sequence[Column], after: str, before: str
) -> tuple[list[tuple[Any, Cursor]], Cursor | None]:
    """The rows of a page, each with its cursor; and the cursor that was used, None for the first page."""
    cursor = read_cursor(after or before, columns, source.rows)
    if cursor and after:
        return source.read(columns, cursor) or source.read(_backwards(columns), None)[::-1], cursor
    shown = source.read(_backwards(columns), cursor)[::-1] if cursor else []
    return (shown, cursor) if len(shown) == source.size else (source.read(columns, None), None)


def page_of_list(
    rows: Iterable[Any], key: Callable[[Any], tuple], size: int, *, after: str = "", before: str = ""
) -> KeysetPage:
    """The same for rows in memory. key: what they are sorted by, a value of its own for each."""
    keyed = sorted(((key(row), row) for row in rows), key=lambda pair: pair[0])
    start = 0
    try:
        cursor = tuple(json.loads((after or before)[:LONGEST_CURSOR]))
        if after:
            start = sum(place <= cursor for place, _ in keyed)
            start = start if start < len(keyed) else max(len(keyed) - size, 0)
        else:
            start = max(sum(place < cursor for place, _ in keyed) - size, 0)
    except (TypeError, ValueError, RecursionError):
        start = 0  # not a cursor, or one of another order
    shown = keyed[start : start + size]
    if not shown:
        return KeysetPage([])
    return _page([row for _, row in shown], list(shown[0][0]), list(shown[-1][0]), len(keyed), start)


def _page(rows: list, first: Cursor, last: Cursor, count: int, earlier: int) -> KeysetPage:
    more = earlier + len(rows) < count
    return KeysetPage(rows, count, earlier + 1, cursor_of(first) if earlier else "", cursor_of(last) if more else "")


def following(columns: Sequence[Column], cursor: Cursor) -> Q:
    """What sorts after the cursor: further in the first column, or equal there and further in the others."""
    (column, *rest), (value, *others) = columns, cursor
    if not rest:
        return column.beyond(value)
    found = column.beyond(value) | (column.at(value) & following(rest, others))
    if value is None or column.nulls:
        return found
    # Says no more than the line above, but lets an index skip what comes before.
    return Q(**{f"{column.name}__{'lte' if column.down else 'gte'}": value}) & found


def cursor_of(values: Cursor) -> str:
    short = [value[:LONGEST_TEXT] if isinstance(value, str) else value for value in values]
    return json.dumps(short, ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat)


def read_cursor(text: str, columns: Sequence[Column], rows: QuerySet) -> Cursor | None:
    """The values of a cursor; None for what is none of this order. A text that was cut is looked up by its row."""
    try:
        found = json.loads(text[:LONGEST_CURSOR])
        if not isinstance(found, list) or len(found) != len(columns):
            return None
        cursor = [column.read(value) for column, value in zip(columns, found, strict=True)]
    except (ValueError, RecursionError):
        return None
    for n, value in enumerate(cursor):
        if isinstance(value, str) and len(value) == LONGEST_TEXT:
            whole = rows.model._default_manager.filter(pk=cursor[-1]).values_list(columns[n].name, flat=True).first()
            cursor[n] = whole if whole and whole.startswith(value) else value
    return cursor


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part, None)
    return row
