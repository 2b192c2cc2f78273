"""The levels of a site or an organisation, and how often each is used."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from classification import selectors
from classification.inventory import refresh
from portal.access import actor_of, on_connection
from portal.atlassian.errors import ApiError, NotFound
from portal.jobs.operations import remote_work
from portal.middleware import error_status
from portal.models import Connection


def _shown(request: HttpRequest, connection: Connection, error: ApiError | None = None) -> HttpResponse:
    rows = selectors.level_rows(connection)
    context = {
        "rows": rows,
        "is_site": connection.kind == Connection.Kind.SITE,
        "read_at": max((row.level.read_at for row in rows), default=None),
        "error": error,
        "not_offered": isinstance(error, NotFound) and connection.kind == Connection.Kind.SITE,
    }
    return render(request, "classification/levels.html", context, status=error_status(error) if error else 200)


def _has_levels(connection: Connection) -> None:
    if connection.kind == Connection.Kind.MARKETPLACE:
        raise Http404("A developer space has no classification levels.")


@on_connection("classification.view")
@require_GET
def levels(request: HttpRequest, connection: Connection) -> HttpResponse:
    _has_levels(connection)
    return _shown(request, connection)


@on_connection("classification.view")
@require_POST
@remote_work("Refreshing the levels")
def levels_read(request: HttpRequest, connection: Connection) -> HttpResponse:
    _has_levels(connection)
    try:
        reading = refresh.read_levels(actor=actor_of(request), connection=connection)
    except ApiError as error:
        return _shown(request, connection, error)
    messages.success(request, reading.message)
    return redirect("levels", connection.slug)
