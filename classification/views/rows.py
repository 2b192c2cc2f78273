"""How rows of the inventory are shown: made once per page in Python, since 250 rows of template logic would be slow."""

from collections.abc import Collection, Iterable
from datetime import datetime, tzinfo
from html import escape
from typing import Any, NamedTuple

from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from classification.inventory.filters import (
    CHANGEABLE,
    CLASSIFIED,
    FIXED,
    NOT_CLASSIFIED,
    NOT_KNOWN,
    Filters,
    ItemFilters,
)
from classification.models import Item, Level, ReadState, Scan, Space
from classification.selectors import ItemRow
from portal.jobs.stalled import clock
from portal.models import Connection
from portal.templatetags.interface import indent

_UNREAD = SafeString('<span class="lozenge level-unknown">Unknown</span>')
_HIDDEN = SafeString('<span class="lozenge level-unknown">No access</span>')
_FADED = {Level.Status.ARCHIVED: "archived", Level.Status.DRAFT: "draft"}
_STATUS_KINDS = {Item.Status.DRAFT: "status-info", Item.Status.ARCHIVED: ""}


#: What the filter of origins offers.
ORIGINS = (
    Item.Origin.MATCHES_DEFAULT,
    Item.Origin.DIFFERS,
    Item.Difference.MORE,
    Item.Difference.LESS,
    Item.Origin.SET_HERE,
    Item.Origin.NO_DEFAULT,
    Item.Difference.UNCLASSIFIED,
    Item.Origin.UNKNOWN,
)


class TableRow(NamedTuple):
    """One row of content, as its template unpacks it: markup or escaped text. icon: address of the symbol.

    link: the address of the item's page, with the list that it is opened from. kind_cell: in a list of
    many spaces it names the space instead. faint: it only says where the rows below it stand.
    """

    pk: SafeString
    url: SafeString
    link: SafeString
    title: SafeString
    icon: SafeString
    indent: SafeString
    kind_cell: SafeString
    status: SafeString
    level: SafeString
    origin: SafeString
    changed: SafeString
    read: SafeString
    may_set: bool
    faint: bool


def lozenge(level: Level | None, state: str = "", none: str = "Not classified") -> SafeString:
    """The level as it is shown everywhere; no template, since 250 includes of one would be slow."""
    if level is None or state in (ReadState.UNREAD, ReadState.HIDDEN):
        unknown = {ReadState.UNREAD: _UNREAD, ReadState.HIDDEN: _HIDDEN}.get(state)  # type: ignore[call-overload]
        return unknown or format_html('<span class="lozenge level-none">{}</span>', none)
    said = _FADED.get(level.status)  # type: ignore[call-overload]
    return format_html(
        '<span class="lozenge level-{}{}"><span class="lozenge-text" dir="auto" title="{}">{}</span>{}</span>',
        (level.color or "GREY").replace(" ", ""),
        " level-faded" if said else "",
        level.name,
        level.name,
        format_html('<span class="visually-hidden"> ({})</span>', said) if said else "",
    )


def moment(at: datetime | None, zone: tzinfo | None = None) -> SafeString:
    """A time as components/time.html shows it; the browser makes it relative and keeps the text as the title."""
    if at is None:
        return SafeString("never")
    local = at.astimezone(zone or timezone.get_current_timezone())
    text = f"{local.day} {_MONTHS[local.month]} {local.year}, {local.hour:02}:{local.minute:02}"
    # Made of digits and names of months alone.
    return SafeString(f'<time datetime="{local.isoformat(timespec="seconds")}" data-relative>{text}</time>')


def table_rows(rows: Iterable[ItemRow], *, list_query: str, tree: bool = False, may_set: bool = True) -> list[TableRow]:
    """What the template of a space shows. list_query: of the list. tree: titles are indented by their depth."""
    zone, icons = timezone.get_current_timezone(), static("icons.svg")
    icon = {kind: SafeString(f"{escape(icons)}#{name}") for kind, name in _ICONS.items()}
    query = SafeString(escape(list_query))
    levels: dict[tuple[int, str], SafeString] = {}
    moments: dict[datetime | None, SafeString] = {}

    def shown(at: datetime | None) -> SafeString:
        found = moments.get(at)
        if found is None:
            found = moments[at] = moment(at, zone)
        return found

    made = []
    for row in rows:
        key = (id(row.level), row.state)
        level = levels.get(key)
        if level is None:
            level = levels[key] = lozenge(row.level, row.state)
        url = SafeString(escape(row.url))
        made.append(
            TableRow(
                SafeString(row.pk),
                # Escaped once here, because the template shows most of them twice.
                url,
                url + query,
                SafeString(escape(row.title)),
                icon[row.kind],
                SafeString(indent(row.depth)) if tree else _NOTHING,
                _KINDS[row.kind],
                _STATUSES[row.status],
                level,
                _ORIGINS[row.difference if row.differs else row.origin] if row.level else _NOTHING,
                shown(row.changed_at),
                shown(row.read_at),
                may_set and row.changeable,
                row.faint,
            )
        )
    return made


def content_rows(rows: Iterable[tuple[ItemRow, Space]], *, list_query: str, may_set: Collection[int]) -> list[TableRow]:
    """What the template of a list of many spaces shows. may_set: keys of the sites whose levels the person may set."""
    spaces: dict[int, SafeString] = {}
    made = []
    rows = list(rows)
    plain = table_rows((item for item, _ in rows), list_query=list_query)
    for row, (item, space) in zip(plain, rows, strict=True):
        if space.pk not in spaces:
            spaces[space.pk] = format_html(
                '<td data-label="Space"><a href="{}" dir="auto">{}</a> <span class="subtle" dir="auto">{}</span></td>',
                space.get_absolute_url(),
                space.name,
                space.connection.name,
            )
        settable = item.changeable and space.connection_id in may_set
        made.append(row._replace(kind_cell=spaces[space.pk], may_set=settable))
    return made


_NOTHING = SafeString("")
#: Short enough for a column; the item's own page says it in full.
_ORIGINS = {
    Item.Origin.MATCHES_DEFAULT.value: SafeString("Matches the default"),
    Item.Difference.MORE.value: SafeString("More sensitive than the default"),
    Item.Difference.LESS.value: SafeString("Less sensitive than the default"),
    Item.Difference.OTHER.value: SafeString("Differs from the default"),
    Item.Origin.SET_HERE.value: SafeString("Set in Trustdesk"),
    Item.Origin.NO_DEFAULT.value: SafeString("Space has no default"),
    Item.Origin.UNKNOWN.value: SafeString("Default unknown"),
    Item.Origin.NONE.value: _NOTHING,
}
_ICONS = {Item.Kind.PAGE.value: "page", Item.Kind.BLOGPOST.value: "blog"}
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KINDS = {
    value: format_html('<td class="nowrap wide-only" data-label="Kind">{}</td>', label)
    for value, label in Item.Kind.choices
}
_STATUSES = {
    value: SafeString(label)
    if value == Item.Status.CURRENT
    else format_html('<span class="status {}">{}</span>', _STATUS_KINDS[Item.Status(value)], label)
    for value, label in Item.Status.choices
}


class Chip(NamedTuple):
    """A filter in force: what it says, and the change of the filters that takes it away."""

    label: str
    value: str
    without: dict[str, Any]


_CHIP_LABELS = {
    "q": "Search",
    "site": "Site",
    "kind": "Kind",
    "status": "Status",
    "level": "Level",
    "origin": "Origin",
    "type": "Type",
    "unclassified": "With content that is not classified",
}


def chips(filters: Filters, levels: dict[int, Level], sites: Iterable[Connection] = ()) -> list[Chip]:
    """Every filter that may leave rows out, in the order of the form. sites: those of a list of several."""
    found, names = [], {site.slug: site.name for site in sites}
    for name, label in _CHIP_LABELS.items():
        value = getattr(filters, name, "")
        if value:
            shown = names.get(value, value) if name == "site" else _chip_value(filters, name, value, levels)
            found.append(Chip(label, shown, {name: ""}))
    return found


def _chip_value(filters: Filters, name: str, value: str, levels: dict[int, Level]) -> str:
    if name == "level":
        absent = "Not classified" if isinstance(filters, ItemFilters) else "No default"
        words = {NOT_CLASSIFIED: absent, NOT_KNOWN: "Unknown", CLASSIFIED: "Classified"}
        return words.get(value) or (levels[int(value)].name if int(value) in levels else "A level that is gone")
    if name == "unclassified":
        return ""
    if name == "status" and value in (CHANGEABLE, FIXED):
        return "Not archived" if value == CHANGEABLE else "Cannot be changed"
    choices = {
        "kind": Item.Kind.choices,
        "status": Item.Status.choices,
        "origin": Item.Difference.choices + Item.Origin.choices,
    }
    label = dict(choices.get(name, ())).get(value)
    if label is not None:
        return str(label)
    return value if name == "q" else value.replace("_", " ").capitalize()


def waiting_note(running: Scan | None) -> str:
    """Why a scan has not begun. running: the scan that uses its connection."""
    if running is None:
        return "Waiting for the worker. You can leave this page."
    what = f"“{running.space.name}”" if running.space else "the whole site"
    return f"Waiting: another scan of this connection is running ({what}). You can leave this page."


def scan_context(
    scan: Scan, slug: str, name: str = "", standstill: str = "", running: Scan | None = None
) -> dict[str, Any]:
    """What templates/classification/_scan.html shows. name: of the space; "" for a scan of the whole site.

    standstill: why it does not get on, where it is open.
    """
    left = "reads the space from its beginning" if scan.space_id else "goes on with the spaces that are left"
    notes = {
        Scan.State.QUEUED: waiting_note(running),
        Scan.State.PAUSED: f"{scan.message} What was read is kept; resuming {left}.",
        Scan.State.FAILED: f"{scan.error or scan.message} What was scanned before is still shown.",
        Scan.State.CANCELLED: f"{scan.error} What it had read is kept; the rest was not read.".strip(),
        Scan.State.DONE: f"{scan.message} {scan.error}".strip(),
    }
    state, resumable = scan.state, scan.state == Scan.State.PAUSED or scan.is_scheduled
    if scan.is_scheduled and scan.not_before:
        state, notes[Scan.State.QUEUED] = "scheduled", f"It begins at {clock(scan.not_before)}, when a worker runs."
    again = ("resume", "Start" if scan.is_scheduled else "Resume") if resumable else ("pause", "Pause")
    buttons = (again, ("cancel", "Cancel")) if scan.is_open else ()
    return {
        "scan": scan,
        "label": f"Reading “{name}”" if name else "Reading the site",
        "state": state,
        "note": standstill or notes.get(scan.state, scan.message),  # type: ignore[call-overload]
        "url": reverse("scan", args=[slug, scan.pk]),
        "buttons": [(label, reverse(f"scan_{name}", args=[slug, scan.pk])) for name, label in buttons],
        # Where only a person lets it go on, little changes.
        "seconds": 30 if resumable else 2,
        "bar_id": f"scan-{scan.pk}-job",
    }
