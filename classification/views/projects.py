"""Jira projects and their default levels."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from classification import selectors
from classification.coverage.counts import applicable, levels_by_id
from classification.inventory import refresh
from classification.inventory.filters import ProjectFilters
from classification.levels.defaults import ProjectDefault
from classification.models import Project
from classification.outcomes import LevelChange
from classification.views.browsing import go, list_query, place_of, render_list
from classification.views.changes import say, say_on_next_page, undo
from classification.views.level_editor import Attempt, attempt_change, default_editor
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
    project = _found(connection, key)
    if request.method == "GET":
        return _editor(request, project)
    form = default_editor(project, _choices(connection), place=place_of(request, "row")).form(request.POST)
    attempt = attempt_change(actor=actor_of(request), target=ProjectDefault(project), form=form)
    if attempt.change and attempt.change.ok:
        return _done(request, attempt.change)
    return _editor(request, project, attempt)


@on_connection("classification.set_default", kind="site")
@require_POST
@remote_work("Undoing the change of the default of the project")
def project_default_undo(request: HttpRequest, connection: Connection, key: str) -> HttpResponse:
    """Restore the default before the person's last change; from the message that told of it."""
    target = ProjectDefault(_found(connection, key))
    change = undo(request, target, reverse("projects", args=[connection.slug]))
    return change if isinstance(change, HttpResponse) else _done(request, change)


def _found(connection: Connection, key: str) -> Project:
    project = selectors.find_project(connection, key)
    if project is None:
        raise Http404("Trustdesk does not know this project, so nothing was changed. Refresh the projects.")
    return project


def _choices(connection: Connection) -> list:
    return applicable(levels_by_id(connection).values())


def _editor(request: HttpRequest, project: Project, attempt: Attempt | None = None) -> HttpResponse:
    place = place_of(request, "row")
    context = {
        "editor": default_editor(project, _choices(project.connection), place=place, attempt=attempt),
        "project": project,
    }
    status = attempt.status if attempt else 200
    if not request.htmx:  # type: ignore[attr-defined]
        context["crumbs"] = [{"label": "Projects", "url": reverse("projects", args=[project.connection.slug])}]
        return render(request, "classification/project_default.html", context, status=status)
    if attempt and place == "row":
        context["list_count"] = _count(request, project.connection)
        return render(request, "classification/_project_again.html", context, status=status)
    return render(request, "classification/_editor.html", context, status=status)


def _done(request: HttpRequest, change: LevelChange) -> HttpResponse:
    project: Project = change.project  # type: ignore[assignment]
    connection = project.connection
    undo_url = reverse("project_default_undo", args=[connection.slug, project.key])
    if place_of(request, "row") == "page":
        say_on_next_page(request, change, ProjectDefault(project), undo_url)
        return go(request, reverse("projects", args=[connection.slug]))
    context = {
        "rows": [selectors.find_project(connection, project.key)],
        "may_edit": True,
        "list_count": _count(request, connection),
    }
    response = render(request, "classification/_project_changed.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = f"#project-{project.pk}", "outerHTML"
    return say(request, response, change, ProjectDefault(project), undo_url)


def _count(request: HttpRequest, connection: Connection) -> int | None:
    """How many projects match the filters of the list that is shown."""
    query = list_query(request)
    return None if query is None else selectors.projects_that_match(connection, query)
