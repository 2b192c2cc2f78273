"""The activity and its export."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import actor_of, connections_with
from portal.audit.browse import activity_page, filter_entries, one_per_action, visible_entries
from portal.audit.export import entries_as_csv, entries_as_json_lines
from portal.forms import ActivityFilterForm


@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    form = ActivityFilterForm(request.GET, connections=connections_with(actor_of(request), "activity.view"))
    entries = one_per_action(filter_entries(visible_entries(actor_of(request)), form))
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = activity_page(entries, actor=actor_of(request), **cursors)
    return render(request, "portal/activity.html", {"form": form, "page": page})


@require_GET
def activity_export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered entries as CSV with the rows of the page (`format=csv`), or each of them as JSON lines."""
    form = ActivityFilterForm(request.GET, connections=connections_with(actor_of(request), "activity.view"))
    entries = filter_entries(visible_entries(actor_of(request)), form)
    as_csv = request.GET.get("format") == "csv"
    lines = entries_as_csv(one_per_action(entries)) if as_csv else entries_as_json_lines(entries)
    response = StreamingHttpResponse(lines, content_type="text/csv" if as_csv else "application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="activity.{"csv" if as_csv else "jsonl"}"'
    return response
