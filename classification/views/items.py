"""One page or blog post: its own page, and the editor of its level wherever that stands."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from classification import selectors
from classification.coverage.counts import applicable, levels_by_id, space_counts
from classification.inventory import refresh
from classification.inventory.filters import CONTENT, ContentFilters, ItemFilters
from classification.levels.item_levels import ItemLevel
from classification.models import Item, Space
from classification.outcomes import LevelChange
from classification.views.browsing import TOAST_LEVELS, go, in_content_list, list_query, place_of
from classification.views.changes import say, say_on_next_page, undo
from classification.views.content import sites_of
from classification.views.level_editor import Attempt, attempt_change, item_editor
from classification.views.rows import content_rows, table_rows
from portal.access import actor_of, may, on_connection
from portal.jobs.operations import remote_work
from portal.models import Connection


@on_connection("classification.view", kind="site")
@require_http_methods(["GET", "POST"])
@remote_work("Refreshing the item")
def item(request: HttpRequest, connection: Connection, kind: str, remote_id: str, status: str) -> HttpResponse:
    """A post reads the item again, also one that the inventory does not hold yet."""
    if kind not in Item.Kind.values or status not in Item.Status.values:
        raise Http404("There is no content of this kind.")
    if request.method == "POST":
        outcome = refresh.read_item(
            actor=actor_of(request), connection=connection, kind=kind, remote_id=remote_id, status=status
        )
        messages.add_message(request, _weight(outcome), outcome.text)
        gone = outcome.gone and outcome.item is not None
        return redirect(outcome.item.space if gone else request.get_full_path())  # type: ignore[union-attr]
    found = selectors.find_item(connection, kind, remote_id, status)
    if found is None:
        wanted = {"kind": Item.Kind(kind).label.lower(), "remote_id": remote_id}
        return render(request, "classification/item_unknown.html", wanted, status=404)
    return render(request, "classification/item.html", _page_context(request, found))


def _weight(outcome: LevelChange) -> int:
    return messages.DEFAULT_LEVELS[TOAST_LEVELS["refused" if outcome.gone else outcome.status].upper()]


def _page_context(request: HttpRequest, item: Item, attempt: Attempt | None = None) -> dict[str, Any]:
    """The address carries the filters and the order of the list that the item was opened from."""
    connection = item.space.connection
    filters = _list_of(request)
    if isinstance(filters, ContentFilters):
        before, after = selectors.content_neighbours(item, sites_of(actor_of(request)), filters)
        query = filters.query(after="")
        crumbs = [{"label": "Content", "url": reverse("content") + (f"?{query}" if query else "")}]
    else:
        before, after = selectors.item_neighbours(item, filters)
        crumbs = [
            {"label": "Spaces", "url": reverse("spaces", args=[connection.slug])},
            {"label": item.space.name, "url": f"{item.space.get_absolute_url()}{filters.list_query}"},
        ]
    detail = selectors.item_detail(item)
    may_set = may(actor_of(request), connection, "classification.set") and detail.row.changeable
    return {
        "item": item,
        "detail": detail,
        "may_see_history": may(actor_of(request), connection, "activity.view"),
        "history": detail.history,
        "space": detail.space,
        "list_query": filters.list_query,
        "before": before,
        "after": after,
        "editor": item_editor(item, detail.choices, place="page", list_query=filters.list_query, attempt=attempt)
        if may_set
        else None,
        "closed": f"The space of this {item.get_kind_display().lower()} is archived, so its level cannot be changed. "
        "Restore the space in Confluence first.",
        "crumbs": crumbs,
    }


def _list_of(request: HttpRequest) -> ItemFilters:
    """The filters and the order of the list that the item was opened from."""
    filters = ContentFilters if request.GET.get("list") == CONTENT else ItemFilters
    return filters.parse(request.GET)


@on_connection("classification.set", kind="site")
@require_http_methods(["GET", "POST"])
@remote_work("Changing the level")
def item_level(request: HttpRequest, connection: Connection, kind: str, remote_id: str, status: str) -> HttpResponse:
    """GET: the editor for a row. POST: set, reset or remove; answers with what changed, or with the editor again."""
    found = _found(connection, kind, remote_id, status)
    editor = item_editor(found, applicable(levels_by_id(connection).values()), place=place_of(request, "row"))
    if request.method == "GET":
        if not request.htmx:  # type: ignore[attr-defined]
            return redirect(found)
        return render(request, "classification/_editor.html", {"editor": editor})
    attempt = attempt_change(actor=actor_of(request), target=ItemLevel(found), form=editor.form(request.POST))
    if attempt.change and attempt.change.gone:
        return _gone(request, found, attempt.change)
    if attempt.change and attempt.change.ok:
        return _done(request, attempt.change)
    return _refused(request, found, attempt)


@on_connection("classification.set", kind="site")
@require_POST
@remote_work("Undoing the change of the level")
def item_undo(request: HttpRequest, connection: Connection, kind: str, remote_id: str, status: str) -> HttpResponse:
    """Restore the level before the person's last change; from the message that told of it."""
    found = _found(connection, kind, remote_id, status)
    change = undo(request, ItemLevel(found), found.get_absolute_url())
    if isinstance(change, HttpResponse):
        return change
    return _gone(request, found, change) if change.gone else _done(request, change)


def _found(connection: Connection, kind: str, remote_id: str, status: str) -> Item:
    found = selectors.find_item(connection, kind, remote_id, status)
    if found is None:
        raise Http404("This item is no longer in the inventory, so nothing was changed. Scan its space again.")
    return found


def _done(request: HttpRequest, change: LevelChange) -> HttpResponse:
    item: Item = change.item  # type: ignore[assignment]
    if not request.htmx:  # type: ignore[attr-defined]
        say_on_next_page(request, change, ItemLevel(item), f"{item.get_absolute_url()}undo/")
        return redirect(f"{item.get_absolute_url()}{_list_of(request).list_query}")
    fresh = _fresh(item)
    if request.POST.get("place") == "page":
        response = render(request, "classification/item.html#item", _page_context(request, fresh))
        response["HX-Retarget"] = "#item"
    else:
        response = render(request, "classification/_row_changed.html", _row_context(request, fresh))
        response["HX-Retarget"] = f"#item-{fresh.pk}"
    response["HX-Reswap"] = "outerHTML"
    return say(request, response, change, ItemLevel(fresh), f"{fresh.get_absolute_url()}undo/")


def _fresh(item: Item) -> Item:
    """As the inventory holds it now."""
    return selectors.find_item(item.space.connection, item.kind, item.remote_id, item.status) or item


def _row_context(request: HttpRequest, item: Item) -> dict[str, Any]:
    """The row, in its place in a tree, and the counts around it, as they are now."""
    if in_content_list(request):
        query = ContentFilters.parse(QueryDict(list_query(request))).list_query
        one = [(selectors.item_row(item), item.space)]
        rows = content_rows(one, list_query=query, may_set={item.connection_id})
        return {"rows": rows, **_counts(request, item.space)}
    filters = ItemFilters.parse(QueryDict(list_query(request)))
    rows = table_rows([selectors.item_row(item)], list_query=filters.list_query, tree=filters.view == "tree")
    return {"rows": rows, **_counts(request, item.space)}


def _counts(request: HttpRequest, space: Space) -> dict[str, Any]:
    """The figures of a space, and how many items match the filters of the list that is shown."""
    query = list_query(request)
    if in_content_list(request):
        return {"list_count": selectors.content_that_matches(sites_of(actor_of(request)), query or "")}
    return {
        "space": space,
        "figures": space_counts(space, levels_by_id(space.connection)),
        "list_count": None if query is None else selectors.items_that_match(space, query),
    }


def _refused(request: HttpRequest, item: Item, attempt: Attempt) -> HttpResponse:
    """The editor again with all that was typed, and, where it stands in a list, the row behind it as it truly is."""
    fresh = _fresh(item)
    if not request.htmx:  # type: ignore[attr-defined]
        context = _page_context(request, fresh, attempt)
        return render(request, "classification/item.html", context, status=attempt.status)
    choices, place = applicable(levels_by_id(fresh.space.connection).values()), place_of(request, "row")
    context = {"editor": item_editor(fresh, choices, place=place, attempt=attempt)}
    if place == "row":
        context |= _row_context(request, fresh)
    return render(request, "classification/_editor_again.html", context, status=attempt.status)


def _gone(request: HttpRequest, item: Item, change: LevelChange) -> HttpResponse:
    """The item was deleted meanwhile: its row says so, and its page leads back to the space."""
    if not request.htmx or request.POST.get("place") == "page":  # type: ignore[attr-defined]
        messages.warning(request, change.text)
        return go(request, item.space.get_absolute_url())
    row_id = _row_id(request)
    context = {"change": change, "label": item.title, "row_id": row_id, **_counts(request, item.space)}
    response = render(request, "classification/_row_gone.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = f"#{row_id}", "outerHTML"
    return say(request, response, change)


def _row_id(request: HttpRequest) -> str:
    """The row that the editor stood in; the item itself is not in the inventory any more, and so has no key."""
    row = request.POST.get("row", "")
    return row if row.startswith("item-") and row[5:].isdigit() else "none"
