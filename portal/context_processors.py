"""What the frame of every page needs: navigation, connections, the sandbox strip."""

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal import registry
from portal.access import actor_of, capabilities, visible_connections
from portal.connections.addresses import real_hosts
from portal.models import Connection


def frame(request: HttpRequest) -> dict:
    """`nav`, `connections`, `connection`, `may` (what the person may do on it), and what `_sandbox` says."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return _sandbox()
    connection = getattr(request, "connection", None)
    visible = list(visible_connections(actor_of(request)))
    allowed = capabilities(actor_of(request), connection) if connection else set()
    return {
        **_sandbox(visible),
        "connections": visible,
        "connection": connection,
        "may": {name.replace(".", "_"): True for name in allowed},
        "nav": _nav(request, connection, allowed, visible),
    }


def _sandbox(visible: Sequence[Connection] = ()) -> dict:
    """reaches_out: some connection calls a real address. real_hosts: those of the connections that may be seen."""
    return {
        "sandbox": settings.SANDBOX,
        "reaches_out": bool(real_hosts(Connection.objects.only("url"))),
        "real_hosts": real_hosts(visible),
    }


def _nav(
    request: HttpRequest, connection: Connection | None, allowed: set[str], visible: Sequence[Connection]
) -> list[dict]:
    sections, actor = [], actor_of(request)
    if connection is not None:
        items = [
            _line(request, item.label, item.icon, reverse(item.url_name, args=[connection.slug]))
            for item in sorted(registry.NAV, key=lambda item: item.order)
            if connection.kind in item.kinds and item.capability in allowed
        ]
        items.append(_line(request, "Connection", "settings", connection.get_absolute_url()))
        sections.append({"label": connection.name, "items": items})
    general = [
        _line(request, "Home", "home", reverse("home")),
        *(
            _line(request, item.label, item.icon, reverse(item.url_name))
            for item in sorted(registry.GENERAL_NAV, key=lambda item: item.order)
            if any(each.kind in item.kinds and item.capability in capabilities(actor, each) for each in visible)
        ),
        _line(request, "Connections", "settings", reverse("connections")),
        _line(request, "Activity", "activity", reverse("activity")),
    ]
    if request.user.is_superuser:
        general.append(_line(request, "People", "people", reverse("people")))
    sections.append({"label": "Trustdesk", "items": general})
    return sections


def _line(request: HttpRequest, label: str, icon: str, url: str) -> dict:
    here = request.path == url or (url.count("/") > 2 and request.path.startswith(url))
    return {"label": label, "url": url, "icon": icon, "current": here}
