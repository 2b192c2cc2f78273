"""What the home page says of developer spaces: their apps, and what waits for the person who looks."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse

from portal.access import Actor, may
from portal.models import Connection
from portal.registry import HomePart, Rank, ToDo
from privacy.models import App, Review, WorkingCopy
from privacy.reviews.approvals import why_not_approve

State = Review.State


def holds(connection: Connection) -> bool:
    """Whether any app was read through this connection. Registered in registry.HOLDINGS."""
    return App.objects.filter(connection=connection).exists()


def home_part(actor: Actor, connections: Sequence[Connection]) -> HomePart:
    """Registered in registry.HOME_PARTS; four queries."""
    spaces = {each.pk: each for each in connections if each.kind == Connection.Kind.MARKETPLACE}
    listed = App.objects.filter(connection__in=spaces, listed=True)
    counts = (
        listed.order_by()
        .values("connection")
        .annotate(apps=Count("pk"), drafts=Count("pk", filter=Q(draft_state=App.Presence.PRESENT)))
    )
    counted: dict[int, Any] = {row["connection"]: row for row in counts}
    reviews = list(
        Review.objects.filter(owner__app__in=listed, state__in=(State.OPEN, State.APPROVED, State.CHANGES))
        .select_related("owner__app__connection", "owner__app__draft")
        .order_by("owner__app__name", "pk")
    )
    alerts = list(listed.exclude(alert="").select_related("connection"))
    waiting = Counter(review.app.connection_id for review in reviews if review.state == State.OPEN)
    alerted = Counter(app.connection_id for app in alerts)
    lines = {pk: _lines(space, counted.get(pk), waiting[pk], alerted[pk]) for pk, space in spaces.items()}
    to_dos = [_to_do(Rank.ALERT, f"Look into the alert about “{app.name}”", app) for app in alerts]
    to_dos += [to_do for review in reviews if (to_do := _of_review(actor, review))]
    return HomePart(lines, to_dos + _unsaved(actor, listed))


def _lines(space: Connection, counted: dict | None, waiting: int, alerts: int) -> list[tuple[str, str, str]]:
    url = reverse("apps", args=[space.slug])
    if counted is None:
        return [("Apps", "Not read yet", url)]
    lines = [
        ("Apps", str(counted["apps"]), url),
        ("With a draft", str(counted["drafts"]), f"{url}?only=draft"),
        ("Waiting for approval", str(waiting), f"{url}?only=waiting"),
    ]
    return lines + ([("Open alerts", str(alerts), f"{url}?only=alert")] if alerts else [])


def _of_review(actor: Actor, review: Review) -> ToDo | None:
    """What this person can do next about a review: approve, publish, or make the requested changes."""
    app = review.app
    if app.draft is None or app.draft.content_hash != review.content_hash:
        return None
    if review.state == State.OPEN and not why_not_approve(actor, review):
        text = f"Review “{app.name}”: {review.requested_by_label} requested approval"
        return _to_do(Rank.REVIEW, text, app, reverse("app_compare", args=[app.connection.slug, app.app_key]))
    if review.state == State.APPROVED and may(actor, app.connection, "privacy.publish"):
        return _to_do(Rank.PUBLISH, f"Publish “{app.name}”: its draft is approved", app)
    if review.state == State.CHANGES and may(actor, app.connection, "privacy.edit"):
        return _to_do(Rank.CHANGES, f"Make the changes that were requested for “{app.name}”", app)
    return None


def _unsaved(actor: Actor, listed: Any) -> list[ToDo]:
    if actor.user is None:
        return []
    mine = WorkingCopy.objects.filter(owner__app__in=listed, changed_by=actor.user).order_by("owner__app__name")
    copies = mine.exclude(content_hash=F("base__content_hash"))
    return [
        _to_do(
            Rank.UNSAVED,
            f"Save your changes to “{app.name}” to Marketplace",
            app,
            reverse("app_edit", args=[app.connection.slug, app.app_key]),
        )
        for app in (copy.owner.app for copy in copies.select_related("owner__app__connection"))
    ]


def _to_do(rank: int, text: str, app: App, url: str = "") -> ToDo:
    return ToDo(rank, text, url or app.get_absolute_url(), app.connection.name)
