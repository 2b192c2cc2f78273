"""Pages to read: the apps, one app, comparisons, versions, exports."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_safe

from portal import access
from portal.access import actor_of
from portal.atlassian.errors import ApiError
from portal.jobs.operations import remote_work
from portal.keyset import page_of_list
from portal.middleware import error_status
from portal.models import Connection
from portal.responses import fragment_error, with_toast
from privacy.document.readable import read_document
from privacy.drafts.finding_counts import working_copy_of
from privacy.marketplace import app_list
from privacy.models import App
from privacy.reviews.status import newest_review
from privacy.views import app_rows, forms
from privacy.views.app_context import AppContext
from privacy.views.pages import on_app, show_app, show_compare, url
from privacy.views.versions import all_versions, find_version

PER_PAGE = 50


@access.on_connection("privacy.view", kind=Connection.Kind.MARKETPLACE)
@require_safe
def apps(request: HttpRequest, connection: Connection) -> HttpResponse:
    """The apps of a developer space."""
    return _show_apps(request, connection)


def _show_apps(request: HttpRequest, connection: Connection, *, error: ApiError | None = None) -> HttpResponse:
    chosen = forms.AppsFilterForm(request.GET).chosen()
    rows = app_rows.app_rows(connection=connection, **chosen)
    place = app_rows.SORTS[chosen["sort"]]
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    context = {
        "page": page_of_list(rows, lambda row: (*place(row), row.app.pk), PER_PAGE, **cursors),
        "chosen": chosen,
        "filtered": bool(chosen["query"] or chosen["only"]),
        "only": forms.ONLY.items(),
        "sorts": forms.SORTS.items(),
        "any_app": bool(rows) or connection.apps.filter(listed=True).exists(),
        "error": error,
    }
    return render(request, "privacy/apps.html", context, status=error_status(error) if error else 200)


@access.on_connection("privacy.view", kind=Connection.Kind.MARKETPLACE)
@remote_work("Refreshing the apps")
def apps_read(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Read all apps from Atlassian again."""
    if request.method != "POST":
        return redirect("apps", connection.slug)
    try:
        report = app_list.read_apps(actor=actor_of(request), connection=connection)
    except ApiError as error:
        return _show_apps(request, connection, error=error)
    level = messages.WARNING if report.failures or report.unread else messages.SUCCESS
    messages.add_message(request, level, report.sentence)
    query = request.GET.urlencode()
    return redirect(reverse("apps", args=[connection.slug]) + (f"?{query}" if query else ""))


@on_app("privacy.view", post=True)
@remote_work("Refreshing the app")
def app_read(request: HttpRequest, app: App) -> HttpResponse:
    """Read one app again: from its page, or from its row in the list."""
    try:
        now = app_list.read_app(actor=actor_of(request), app=app)
    except ApiError as error:
        if request.htmx:  # type: ignore[attr-defined]
            return _show_row(request, app, f"{error.message} {error.advice}".strip(), "error")
        return show_app(request, app, problem=error)
    sentence = f"“{app.name}” was refreshed from Atlassian just now."
    if app.alert and not now.alert:
        review = newest_review(now)
        sentence += f" The alert has ended. {review.closed_because if review else ''}".rstrip()
    if request.htmx:  # type: ignore[attr-defined]
        return _show_row(request, app, sentence, "success")
    messages.success(request, sentence)
    return redirect(url("app", app))


def _show_row(request: HttpRequest, app: App, sentence: str, level: str) -> HttpResponse:
    """The row of an app in the list, with what happened in a toast."""
    rows = app_rows.app_rows(connection=app.connection, query=app.product_id)
    row = next((row for row in rows if row.app.pk == app.pk), None)
    if row is None:
        return fragment_error(sentence, 404)
    return with_toast(render(request, "privacy/_app_row.html", {"row": row}), sentence, level)


@on_app("privacy.view")
@require_safe
def app(request: HttpRequest, app: App) -> HttpResponse:
    """One app: where it stands, what is next, and its document as a customer reads it."""
    return show_app(request, app)


@on_app("privacy.view")
@require_safe
def app_compare(request: HttpRequest, app: App) -> HttpResponse:
    """Two versions side by side."""
    before, after = request.GET.get("before", ""), request.GET.get("after") or _newest(app)
    return show_compare(request, app, before=before, after=after, show=request.GET.get("show", ""))


def _newest(app: App) -> str:
    """What a person means by "compare" when they do not say: the draft, else the working copy."""
    return "working" if app.draft is None and working_copy_of(app) is not None else "draft"


@on_app("privacy.view")
@require_safe
def app_versions(request: HttpRequest, app: App) -> HttpResponse:
    """Every version that was ever read or written."""
    context = {
        "tab": "versions",
        "page": AppContext(app),
        "app": app,
        "versions": Paginator(all_versions(app=app), PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "privacy/versions.html", context)


@on_app("privacy.view")
@require_safe
def app_version(request: HttpRequest, app: App, pk: int) -> HttpResponse:
    """One version as a customer would read it."""
    page = AppContext(app)
    version = page.version(str(pk))
    if version is None or version.document is None:
        raise Http404("There is no such version of this document.")
    context = {
        "tab": "versions",
        "page": page,
        "app": app,
        "version": version,
        "sections": read_document(version.document),
    }
    return render(request, "privacy/version.html", context)


@on_app("privacy.view")
@require_GET
def app_export(request: HttpRequest, app: App) -> HttpResponse:
    """A version as the JSON text that was read or that would be sent."""
    version = find_version(app=app, key=request.GET.get("version") or "live")
    if version is None or version.document is None:
        raise Http404("There is no such version of this document to download.")
    text = version.snapshot.text if version.snapshot else version.document.text
    name = f"{app.app_key}-{version.key}.json"
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)
