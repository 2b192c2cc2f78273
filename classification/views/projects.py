"""Jira projects and their default levels."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from classification import selectors
from classification.coverage.counts import applicable, levels_by_id
from classification.inventory import refresh
from classification.inventory.filters import ProjectFilters
from classification.models import Project
from classification.views import level_editor
from classification.views.browsing import go, list_query, place_of, render_list, say
from classification.views.level_editor import Editor
from classification.views.rows import chips
from portal.access import actor_of, may, on_connection
from portal.atlassian.errors import ApiError
from portal.jobs.operations import remote_work
from portal.middleware import error_status
from portal.models import Connection


@on_connection("classification.view", kind="site")
@require_GET
def projects(request: HttpRequest, connection: Connection) -> HttpResponse:
    return _shown(request, connection)


def _shown(request: HttpRequest, connection: Connection, error: ApiError | None = None) -> HttpResponse:
    filters = ProjectFilters.parse(request.GET)
    page = selectors.projects_page(connection, filters)
    context = {
        "page": page,
        "rows": page.rows,
        "chips": chips(filters, page.levels),
        "error": error,
        "may_edit": may(actor_of(request), connection, "classification.set_default"),
    }
    response = render_list(request, "classification/projects.html", context, filters)
    response.status_code = error_status(error) if error else 200
    return response


@on_connection("classification.scan", kind="site")
@require_POST
@remote_work("Refreshing the projects")
def projects_read(request: HttpRequest, connection: Connection) -> HttpResponse:
    try:
        reading = refresh.read_projects(actor=actor_of(request), connection=connection)
    except ApiError as error:
        return _shown(request, connection, error)
    messages.success(request, reading.message)
    return redirect("projects", connection.slug)


@on_connection("classification.set_default", kind="site")
@require_http_methods(["GET", "POST"])
@remote_work("Changing the default of the project")
def project_default(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    """GET: the editor for a row, or as a page. POST: set or clear."""
    project = selectors.find_project(connection, key)
    if project is None:
        raise Http404("Trustdesk does not know this project, so nothing was changed. Read the projects again.")
    choices = applicable(levels_by_id(connection).values())
    editor = level_editor.of_project(project, choices, place=place_of(request, "row"))
    if request.method == "POST":
        outcome = editor.submit(actor_of(request), request.POST)
        if outcome is not None and editor.place == "page":
            messages.success(request, outcome.text)
            return go(request, editor.back)
        if outcome is not None:
            return say(_row(request, project), outcome)
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "classification/project_default.html", _page(project, editor), status=editor.status)
    context = {
        "editor": editor,
        "project": selectors.find_project(connection, key),
        "list_count": _count(request, connection),
    }
    again = editor.place == "row" and editor.status != 200
    template = "classification/_project_again.html" if again else "classification/_editor.html"
    return render(request, template, context, status=editor.status)


def _row(request: HttpRequest, project: Project) -> HttpResponse:
    context = {
        "rows": [selectors.find_project(project.connection, project.key)],
        "may_edit": True,
        "list_count": _count(request, project.connection),
    }
    response = render(request, "classification/_project_changed.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = f"#project-{project.pk}", "outerHTML"
    return response


def _count(request: HttpRequest, connection: Connection) -> int | None:
    """How many projects match the filters of the list that is shown."""
    query = list_query(request)
    return None if query is None else selectors.projects_that_match(connection, query)


def _page(project: Project, editor: Editor) -> dict[str, Any]:
    crumbs = [{"label": "Projects", "url": reverse("projects", args=[project.connection.slug])}]
    return {"project": project, "editor": editor, "crumbs": crumbs}
