"""What the home page says about a developer space."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from portal.models import Connection
from privacy.models import App, Review


def holds(connection: Connection) -> bool:
    """Whether any app was read through this connection. Registered in registry.HOLDINGS."""
    return App.objects.filter(connection=connection).exists()


def summary(connections: Sequence[Connection]) -> dict[int, list[tuple[str, str, str]]]:
    """Lines for the cards of the home page, see registry.SUMMARIES; two queries."""
    spaces = {each.pk: each for each in connections if each.kind == Connection.Kind.MARKETPLACE}
    listed = App.objects.filter(connection__in=spaces, listed=True)
    counts = (
        listed.order_by()
        .values("connection")
        .annotate(
            apps=Count("pk"),
            drafts=Count("pk", filter=Q(draft_state=App.Presence.PRESENT)),
            alerts=Count("pk", filter=~Q(alert="")),
        )
    )
    waiting = Counter(
        Review.objects.filter(app__in=listed, state=Review.State.OPEN)
        .order_by()
        .values_list("app__connection", flat=True)
    )
    counted: dict[int, Any] = {row["connection"]: row for row in counts}
    return {pk: _lines(space, counted.get(pk), waiting[pk]) for pk, space in spaces.items()}


def _lines(space: Connection, counted: dict | None, waiting: int) -> list[tuple[str, str, str]]:
    url = reverse("apps", args=[space.slug])
    if counted is None:
        return [("Apps", "Not read yet", url)]
    lines = [
        ("Apps", str(counted["apps"]), url),
        ("With a draft", str(counted["drafts"]), f"{url}?only=draft"),
        ("Waiting for approval", str(waiting), f"{url}?only=waiting"),
    ]
    return lines + ([("Open alerts", str(counted["alerts"]), f"{url}?only=alert")] if counted["alerts"] else [])
