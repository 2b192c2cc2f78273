"""The default level of a space: a dialog that says first how many items a change touches."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from classification import selectors
from classification.coverage.counts import applicable, levels_by_id
from classification.views import level_editor
from classification.views.browsing import go, place_of
from classification.views.level_editor import Editor
from portal.access import actor_of, on_connection
from portal.jobs.operations import remote_work
from portal.models import Connection


@on_connection("classification.set_default", kind="site")
@require_http_methods(["GET", "POST"])
@remote_work("Changing the space default")
def space_default(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    space = selectors.find_space(connection, key)
    if space is None:
        raise Http404("Trustdesk does not know this space, so nothing was changed. Scan the site first.")
    space.connection = connection
    choices = applicable(levels_by_id(connection).values())
    editor = level_editor.of_space(space, choices, place=place_of(request, "dialog"))
    if request.method == "POST":
        outcome = editor.submit(actor_of(request), request.POST)
        if outcome is not None:
            messages.success(request, outcome.text)
            return _shown_again(request, editor)
    template = "classification/_editor.html" if request.htmx else "classification/space_default.html"  # type: ignore[attr-defined]
    context = {
        "editor": editor,
        "space": space,
        "crumbs": [
            {"label": "Spaces", "url": reverse("spaces", args=[connection.slug])},
            {"label": space.name, "url": space.get_absolute_url()},
        ],
    }
    return render(request, template, context, status=editor.status)


def _shown_again(request: HttpRequest, editor: Editor) -> HttpResponse:
    """All of the page of the space changed with the default: it is drawn again, with its filters."""
    if editor.place == "page":
        return go(request, editor.back)
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response
