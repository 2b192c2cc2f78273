"""The home page: what waits for the person, counts over all sites, and a row for each connection."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from portal import registry
from portal.access import Actor, actor_of, may, visible_connections
from portal.jobs import stalled
from portal.models import Connection
from portal.registry import Rank, ToDo

#: So many entries of the to-do list stand open; the others unfold.
SHOWN = 8


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The connections that this person may see, and what waits for them there."""
    actor = actor_of(request)
    found = list(visible_connections(actor))
    parts = [part(actor, found) for part in registry.HOME_PARTS]
    pauses = stalled.pauses(found)
    rows = [
        {
            "connection": each,
            "lines": [line for part in parts for line in part.lines.get(each.pk, ())],
            "pause": pauses.get(each.pk, ""),
        }
        for each in found
    ]
    waiting = [to_do for part in parts for to_do in part.to_dos] + _connection_to_dos(actor, found)
    waiting.sort(key=lambda to_do: (to_do.rank, to_do.where, to_do.text))
    context = {
        "rows": rows,
        "to_dos": waiting[:SHOWN],
        "more_to_dos": waiting[SHOWN:],
        "segments": [segment for part in parts for segment in part.segments],
        "no_worker": stalled.no_worker(since=min(each.created_at for each in found)) if found else "",
    }
    return render(request, "portal/home.html", context)


def _connection_to_dos(actor: Actor, connections: Sequence[Connection]) -> list[ToDo]:
    """Connections whose test failed, and those that were never tested, for who manages them."""
    words = {
        "fails": (Rank.FAILED, "Repair this connection: its last test failed"),
        "missing": (Rank.TEST, "Look at this connection: it works in part"),
        "never": (Rank.TEST, "Test this connection: it was never tested"),
    }
    return [
        ToDo(*words[each.check_state], reverse("connection", args=[each.slug]), each.name)
        for each in connections
        if each.check_state in words and may(actor, each, "connection.manage")
    ]
