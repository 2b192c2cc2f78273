"""What the classification pages say with tags: addresses that keep the filters, sortable headers, parts of a bar."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from classification.coverage.counts import LevelCounts
from classification.inventory.filters import NOT_CLASSIFIED, NOT_KNOWN, Filters, ItemFilters
from classification.models import Level, Scan
from classification.selectors import SpaceRow, running_scan
from classification.views.rows import Chip, scan_context
from classification.views.rows import lozenge as level_lozenge
from portal.jobs.stalled import reason_on
from portal.models import Connection

register = template.Library()


@register.simple_tag(takes_context=True)
def here(context: RequestContext, filters: Filters, **changes: Any) -> str:
    """The address of this list with its filters, changed as said."""
    query = filters.query(**changes)
    path = context["list_path"]
    return f"{path}?{query}" if query else path


@register.simple_tag(takes_context=True)
def without(context: RequestContext, filters: Filters, chip: Chip) -> str:
    """The address of this page without one of its filters."""
    return here(context, filters, **chip.without)


@register.simple_tag(takes_context=True)
def cleared(context: RequestContext, filters: Filters) -> str:
    """The address of this page without any filter; order and view stay."""
    kept = ("sort", "view")
    return here(context, type(filters)(**{name: getattr(filters, name) for name in kept}))


@register.simple_tag(takes_context=True)
def sort_header(
    context: RequestContext, filters: Filters, key: str, label: str, classes: str = "", first: str = ""
) -> SafeString:
    """A column head that sorts by `key`. first: "-" when the first click should put the greatest on top.

    The default order is by the column named "name" or "title". A tree has an order of its own: sorting leaves it.
    """
    tree = isinstance(filters, ItemFilters) and filters.view == "tree"
    current = "" if tree else filters.sort or default_sort(filters)
    state = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    down = current == key or (not state and first == "-")
    wanted = f"-{key}" if down else key
    changes: dict[str, Any] = {"sort": "" if wanted == default_sort(filters) else wanted}
    if tree:
        changes["view"] = ""
    sorted_by = format_html(' aria-sort="{}"', state) if state else ""
    address = here(context, filters, **changes)
    return format_html('<th scope="col" class="{}"{}><a href="{}">{}</a></th>', classes, sorted_by, address, label)


def default_sort(filters: Filters) -> str:
    return "title" if isinstance(filters, ItemFilters) else "name"


@register.filter
def parts(figures: LevelCounts) -> list[dict[str, Any]]:
    """The segments of a bar as components/bar.html and `stacked` want them, each with its filter key."""
    colors = {NOT_CLASSIFIED: "none", NOT_KNOWN: "unknown"}
    return [
        {
            "label": part.label,
            "color": colors.get(part.key) or part.color or "GREY",
            "count": part.count,
            "key": part.key,
        }
        for part in figures.segments
    ]


@register.simple_tag
def lozenge(level: Any, state: str = "", none: str = "Not classified") -> SafeString:
    """A level, or why there is none: state is a ReadState; none: the words for a level that is known to be absent."""
    return level_lozenge(level, state, none)


@register.filter
def per_level(row: SpaceRow, levels: list[Level]) -> list[tuple[str, int]]:
    """How many items of a space have each of the levels: (name, count), in their order."""
    counts = {part.level.pk: part.count for part in row.figures.segments if part.level}
    return [(level.name, counts.get(level.pk, 0)) for level in levels]


@register.filter
def spaced(word: str) -> str:
    """A word of the API for a person: "knowledge_base" is "Knowledge base"."""
    return word.replace("_", " ").capitalize()


@register.inclusion_tag("classification/_scan.html", takes_context=True)
def scan_progress(context: RequestContext, scan: Scan, name: str = "") -> dict[str, Any]:
    """The progress of a scan on a page of its connection."""
    shared = {name: context.get(name) for name in ("may", "csrf_token")}
    connection = context["connection"]
    request = context["request"]
    stopped = reason_on(request, connection, since=scan.created_at) if scan.is_open else ""
    running = _running_scan_on(request, connection) if scan.state == Scan.State.QUEUED else None
    return {**shared, **scan_context(scan, connection.slug, name, stopped, running)}


def _running_scan_on(request: HttpRequest, connection: Connection) -> Scan | None:
    """The running scan, looked up once for a page however many scans wait for it."""
    if not hasattr(request, "_running_scan"):
        request._running_scan = running_scan(connection)  # type: ignore[attr-defined]
    return request._running_scan  # type: ignore[attr-defined]


@register.filter
def level_of(recorded: dict[str, Any] | None) -> str:
    """The level that an audit entry names before or after a change, in words."""
    name = (recorded or {}).get("level")
    return str(name) if name else "not classified"


@register.filter
def timeline_class(outcome: str) -> str:
    """How an entry of a history is marked."""
    kinds = {"done": "is-success", "refused": "is-warning", "unknown": "is-warning", "failed": "is-danger"}
    return kinds.get(outcome, "")
