"""Scans: asked for, watched while they run, paused, resumed, cancelled."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from classification import selectors
from classification.inventory import refresh
from classification.models import Scan
from classification.views.rows import scan_context
from portal.access import actor_of, on_connection
from portal.jobs import stalled
from portal.models import Connection
from portal.responses import with_toast


@on_connection("classification.scan", kind="site")
@require_POST
def scan_start(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Of the space `space` (a key), or of the whole site."""
    key = request.POST.get("space", "")
    space = selectors.find_space(connection, key) if key else None
    if key and space is None:
        raise Http404("Trustdesk does not know this space. Scan the site first.")
    asked_at = timezone.now()
    scan = refresh.request_scan(actor=actor_of(request), connection=connection, space=space)
    already = _already(scan) if scan.created_at < asked_at else ""
    if request.htmx:  # type: ignore[attr-defined]
        response = _progress(request, scan)
        return with_toast(response, already, "info") if already else response
    if already:
        messages.info(request, already)
    else:
        messages.success(request, "Scan requested. It runs in the background; you can leave this page.")
    return redirect(_page_of(scan))


def _already(scan: Scan) -> str:
    what = "This space" if scan.space else "This site"
    if scan.state == Scan.State.PAUSED:
        return f"The scan of {what.lower()} is paused. Resume it, or cancel it before you start another."
    if scan.is_scheduled and scan.not_before:
        return f"{what} is to be scanned from {stalled.clock(scan.not_before)} on. That scan can be started now."
    if scan.started_at:
        return f"{what} is being scanned already, since {stalled.clock(scan.started_at)}."
    return f"{what} is waiting for its scan already, since {stalled.clock(scan.created_at)}."


def _page_of(scan: Scan) -> str:
    slug = scan.connection.slug
    return reverse("space", args=[slug, scan.space.key]) if scan.space else reverse("spaces", args=[slug])


def _progress(request: HttpRequest, scan: Scan, *, watched: bool = False) -> HttpResponse:
    """The progress of a scan. Once it is over, whoever watched it is told, so that the page reads its figures anew."""
    name = scan.space.name if scan.space else ""
    stopped = stalled.reason(scan.connection, since=scan.created_at) if scan.is_open else ""
    running = selectors.running_scan(scan.connection) if scan.state == Scan.State.QUEUED else None
    context = scan_context(scan, scan.connection.slug, name, stopped, running)
    response = render(request, "classification/_scan.html", context)
    if watched and not scan.is_open:
        trigger_client_event(response, "scanned")
    return response


def _find(connection: Connection, pk: int) -> Scan:
    scan = selectors.find_scan(connection, pk)
    if scan is None:
        raise Http404("There is no such scan any more.")
    return scan


@on_connection("classification.view", kind="site")
@require_GET
def scan(request: HttpRequest, connection: Connection, pk: int) -> HttpResponse:
    """The progress, asked for every 2 seconds by the page. Opened by itself, it leads to what is scanned."""
    found = _find(connection, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(_page_of(found))
    return _progress(request, found, watched=True)


@on_connection("classification.scan", kind="site")
@require_POST
def scan_cancel(request: HttpRequest, connection: Connection, pk: int) -> HttpResponse:
    found = _find(connection, pk)
    stopped = refresh.cancel_scan(actor=actor_of(request), scan=found)
    text = "The scan is cancelled. What it has read so far is kept." if stopped else "The scan had ended already."
    return _changed(request, found, text)


@on_connection("classification.scan", kind="site")
@require_POST
def scan_pause(request: HttpRequest, connection: Connection, pk: int) -> HttpResponse:
    found = _find(connection, pk)
    paused = refresh.pause_scan(actor=actor_of(request), scan=found)
    text = "The scan is paused. What it has read so far is kept." if paused else "The scan does not run any more."
    return _changed(request, found, text)


@on_connection("classification.scan", kind="site")
@require_POST
def scan_resume(request: HttpRequest, connection: Connection, pk: int) -> HttpResponse:
    found = _find(connection, pk)
    resumed = refresh.resume_scan(actor=actor_of(request), scan=found)
    return _changed(request, found, "The scan goes on." if resumed else "The scan is not paused any more.")


def _changed(request: HttpRequest, scan: Scan, text: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return _progress(request, scan, watched=True)
    messages.info(request, text)
    return redirect(_page_of(scan))
