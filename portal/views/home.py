"""The home page: the connections of a person, each with what needs attention."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal import registry
from portal.access import actor_of, visible_connections
from portal.jobs import stalled


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The connections that this person may see: what needs attention, and why background work stands still."""
    found = list(visible_connections(actor_of(request)))
    summaries = [summary(found) for summary in registry.SUMMARIES]
    pauses = stalled.pauses(found)
    cards = [
        {
            "connection": each,
            "lines": [line for lines in summaries for line in lines.get(each.pk, ())],
            "pause": pauses.get(each.pk, ""),
        }
        for each in found
    ]
    no_worker = stalled.no_worker(since=min(each.created_at for each in found)) if found else ""
    return render(request, "portal/home.html", {"cards": cards, "no_worker": no_worker})
