"""One list of the content of all sites that the person may see."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET

from classification import selectors
from classification.coverage import export
from classification.inventory.filters import ContentFilters
from classification.models import Item, Level
from classification.views.browsing import download, render_list
from classification.views.rows import ORIGINS, chips, content_rows
from portal.access import Actor, actor_of, connections_with, may
from portal.models import Connection


def sites_of(actor: Actor) -> list[Connection]:
    """The sites whose classification this actor may see, by name."""
    return list(connections_with(actor, "classification.view").filter(kind=Connection.Kind.SITE).order_by("name"))


@require_GET
def content(request: HttpRequest) -> HttpResponse:
    filters, actor = ContentFilters.parse(request.GET), actor_of(request)
    sites = sites_of(actor)
    page = selectors.content_page(sites, filters)
    may_set = {site.pk for site in sites if may(actor, site, "classification.set")}
    chosen = page.levels.get(int(filters.level)) if filters.level.isdigit() else None
    context: dict[str, Any] = {
        "sites": sites,
        "page": page.page,
        "rows": content_rows(page.rows, list_query=filters.list_query, may_set=may_set),
        "levels": _one_of_each_name(page.levels, chosen),
        "chips": chips(filters, page.levels, sites),
        "kinds": Item.Kind.choices,
        "statuses": Item.Status.choices,
        "origins": [(origin.value, origin.label) for origin in ORIGINS],
        "export_url": reverse("content_export"),
    }
    return render_list(request, "classification/content.html", context, filters)


def _one_of_each_name(levels: dict[int, Level], chosen: Level | None) -> list[Level]:
    """Levels of one name stand for each other; the one that the address names stands for its own."""
    found = {level.name: level for level in reversed(levels.values())}
    if chosen is not None:
        found[chosen.name] = chosen
    return [found[name] for name in dict.fromkeys(level.name for level in levels.values())]


@require_GET
def content_export(request: HttpRequest) -> HttpResponseBase:
    rows = export.content_export(sites_of(actor_of(request)), ContentFilters.parse(request.GET))
    return download(request, rows, export.ITEM_COLUMNS, "content")
