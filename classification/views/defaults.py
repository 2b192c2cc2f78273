"""The default level of a space: in the row of its list, in a dialog of its page, or on a page of its own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from classification import selectors
from classification.coverage.counts import applicable, levels_by_id
from classification.levels.defaults import SpaceDefault
from classification.models import Space
from classification.outcomes import LevelChange
from classification.views.browsing import go, list_query, place_of
from classification.views.changes import say, say_on_next_page, undo
from classification.views.level_editor import Attempt, attempt_change, default_editor
from classification.views.spaces import changed_list
from portal.access import actor_of, on_connection
from portal.jobs.operations import remote_work
from portal.models import Connection


@on_connection("classification.set_default", kind="site")
@require_http_methods(["GET", "POST"])
@remote_work("Changing the space default")
def space_default(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    """GET: the editor, which says first how many items a change touches. POST: set or clear."""
    space = _found(connection, key)
    if request.method == "GET":
        return _editor(request, space)
    form = default_editor(space, _choices(connection), place=_place(request)).form(request.POST)
    attempt = attempt_change(actor=actor_of(request), target=SpaceDefault(space), form=form)
    if attempt.change and attempt.change.ok:
        return _done(request, attempt.change)
    return _editor(request, space, attempt)


@on_connection("classification.set_default", kind="site")
@require_POST
@remote_work("Undoing the change of the space default")
def space_default_undo(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    """Restore the default before the person's last change; from the message that told of it."""
    space = _found(connection, key)
    change = undo(request, SpaceDefault(space), space.get_absolute_url())
    return change if isinstance(change, HttpResponse) else _done(request, change)


def _found(connection: Connection, key: str) -> Space:
    space = selectors.find_space(connection, key)
    if space is None:
        raise Http404("Trustdesk does not know this space, so nothing was changed. Scan the site first.")
    space.connection = connection
    return space


def _choices(connection: Connection) -> list:
    return applicable(levels_by_id(connection).values())


def _place(request: HttpRequest) -> str:
    asked = request.POST.get("place") or request.GET.get("place")
    return place_of(request, "row" if asked == "row" else "dialog")


def _editor(request: HttpRequest, space: Space, attempt: Attempt | None = None) -> HttpResponse:
    template = "classification/_editor.html" if request.htmx else "classification/space_default.html"  # type: ignore[attr-defined]
    context = {
        "editor": default_editor(space, _choices(space.connection), place=_place(request), attempt=attempt),
        "space": space,
        "crumbs": [
            {"label": "Spaces", "url": reverse("spaces", args=[space.connection.slug])},
            {"label": space.name, "url": space.get_absolute_url()},
        ],
    }
    return render(request, template, context, status=attempt.status if attempt else 200)


def _done(request: HttpRequest, change: LevelChange) -> HttpResponse:
    """All of the page of a space changes with its default, and so do the figures of a list: both are drawn again."""
    space: Space = change.space  # type: ignore[assignment]
    place, undo_url = _place(request), reverse("space_default_undo", args=[space.connection.slug, space.key])
    if place == "row":
        response = changed_list(request, space.connection, list_query(request))
        return say(request, response, change, SpaceDefault(space), undo_url)
    say_on_next_page(request, change, SpaceDefault(space), undo_url)
    if place == "page":
        return go(request, space.get_absolute_url())
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response
