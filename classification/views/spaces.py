"""The spaces of a site, and the content of one space."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from classification import selectors
from classification.coverage import export
from classification.coverage.counts import coverage
from classification.inventory import refresh
from classification.inventory.draft_lists import LISTS_DRAFTS
from classification.inventory.filters import ItemFilters, SpaceFilters
from classification.models import Item, Space
from classification.views.browsing import download, render_list
from classification.views.rows import ORIGINS, chips, table_rows
from portal.access import actor_of, may, on_connection
from portal.connections import site_facts
from portal.jobs.operations import remote_work
from portal.models import Connection


@on_connection("classification.view", kind="site")
@require_GET
def spaces(request: HttpRequest, connection: Connection) -> HttpResponse:
    filters = SpaceFilters.parse(request.GET)
    return render_list(request, "classification/spaces.html", _spaces_context(connection, filters), filters)


def changed_list(request: HttpRequest, connection: Connection, query: str | None) -> HttpResponse:
    """The list of spaces with the filters of `query`, for htmx, after a change in one of its rows."""
    filters, path = SpaceFilters.parse(QueryDict(query or "")), reverse("spaces", args=[connection.slug])
    context = _spaces_context(connection, filters)
    response = render_list(request, "classification/spaces.html", context, filters, path=path)
    response["HX-Retarget"], response["HX-Reswap"] = "#browse", "outerHTML"
    return response


def _spaces_context(connection: Connection, filters: SpaceFilters) -> dict[str, Any]:
    page = selectors.spaces_page(connection, filters)
    used = {part.level for row in page.rows for part in row.figures.segments}
    return {
        "page": page,
        "columns": [level for level in page.levels.values() if level.is_applicable or level in used],
        "rows": page.rows,
        "some_unknown": any(row.figures.unknown for row in page.rows),
        "chips": chips(filters, page.levels),
        "coverage": coverage(connection),
        "content_list": f"{reverse('content')}?site={connection.slug}&",
        "statuses": SpaceFilters.CHOICES["status"],
        "drafts_listed": site_facts.value(connection, LISTS_DRAFTS, default=True),
    }


@on_connection("classification.view", kind="site")
@require_GET
def spaces_export(request: HttpRequest, connection: Connection) -> HttpResponseBase:
    rows = export.space_export(connection, SpaceFilters.parse(request.GET))
    return download(request, rows, export.SPACE_COLUMNS, f"{connection.slug}-spaces")


@on_connection("classification.view", kind="site")
@require_http_methods(["GET", "POST"])
@remote_work("Refreshing the space")
def space(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    """The content of a space. A post reads the space itself again, also one that is not in the inventory yet."""
    if request.method == "POST":
        refresh.read_space(actor=actor_of(request), connection=connection, key=key)
        messages.success(request, "The space and its default level were refreshed.")
        return redirect("space", connection.slug, key)
    found = selectors.find_space(connection, key)
    if found is None:
        return render(request, "classification/space_unknown.html", {"key": key}, status=404)
    found.connection = connection  # the same row, without asking for it again
    filters = ItemFilters.parse(request.GET)
    context = space_context(request, found, filters)
    return render_list(request, "classification/space.html", context, filters)


def space_context(request: HttpRequest, space: Space, filters: ItemFilters) -> dict[str, Any]:
    page = selectors.space_page(space, filters)
    may_set = may(actor_of(request), space.connection, "classification.set")
    return {
        "space": space,
        "content": page,
        "page": page.page,
        "figures": page.figures,
        "scan_name": space.name if page.scan and page.scan.space_id else "",
        "rows": table_rows(page.rows, list_query=filters.list_query, tree=filters.view == "tree", may_set=may_set),
        "chips": chips(filters, page.levels),
        "kinds": Item.Kind.choices,
        "statuses": Item.Status.choices,
        "origins": [(origin.value, origin.label) for origin in ORIGINS],
        "crumbs": [{"label": "Spaces", "url": reverse("spaces", args=[space.connection.slug])}],
    }


@on_connection("classification.view", kind="site")
@require_GET
def space_export(request: HttpRequest, connection: Connection, key: str) -> HttpResponseBase:
    found = selectors.find_space(connection, key)
    if found is None:
        raise Http404("Trustdesk has not read this space, so there is nothing to export. Scan the site first.")
    found.connection = connection
    rows = export.item_export(found, ItemFilters.parse(request.GET))
    return download(request, rows, export.ITEM_COLUMNS, f"{connection.slug}-{key}")
