"""What the home page says of sites and organisations: their counts, and what waits for the person who looks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from classification.coverage.counts import Coverage, coverages_of, levels_of
from classification.inventory.filters import CHANGEABLE, CLASSIFIED, NOT_CLASSIFIED, NOT_KNOWN, ContentFilters
from classification.models import Scan
from portal.access import Actor, may
from portal.counts import agreeing, counted
from portal.models import Connection
from portal.registry import HomePart, Rank, ToDo

NO_LEVEL_COLOURS = {NOT_CLASSIFIED: "none", NOT_KNOWN: "unknown"}
KINDS = (Connection.Kind.SITE, Connection.Kind.ORGANIZATION)
#: A full scan that is older than this is worth repeating.
STALE = timedelta(days=7)


def home_part(actor: Actor, connections: Sequence[Connection]) -> HomePart:
    """Registered in registry.HOME_PARTS; five queries at most."""
    connections = [connection for connection in connections if connection.kind in KINDS]
    levels = levels_of(connections)
    coverages = coverages_of([each for each in connections if each.kind == Connection.Kind.SITE], levels)
    paused = Scan.objects.filter(connection__in=connections, state=Scan.State.PAUSED)
    to_dos = [
        _paused_scan(scan)
        for scan in paused.select_related("connection", "space")
        if may(actor, scan.connection, "classification.scan")
    ]
    lines = {}
    for connection in connections:
        if connection.pk in coverages:
            lines[connection.pk] = _lines(connection, coverages[connection.pk])
            to_dos += _to_dos(actor, connection, coverages[connection.pk])
        else:
            count = sum(level.listed for level in levels[connection.pk].values())
            url = reverse("levels", args=[connection.slug])
            lines[connection.pk] = [("Levels", f"{count:,}" if count else "Not read yet", url)]
    return HomePart(lines, to_dos, _segments(list(coverages.values())))


def content_url(*, level: str, site: str = "") -> str:
    """The list of what is counted by a level: archived content is not."""
    return f"{reverse('content')}?{ContentFilters(level=level, site=site, status=CHANGEABLE).query()}"


def _lines(site: Connection, now: Coverage) -> list[tuple[str, str, str]]:
    url = reverse("spaces", args=[site.slug])
    if not now.figures.everything:
        return [("Classified", "Not scanned yet", url)]
    figures = now.figures
    share = f"{figures.classified:,} of {figures.total:,} pages and blog posts ({figures.percent_classified} %)"
    lines = [
        ("Classified", share, content_url(level=CLASSIFIED, site=site.slug)),
        ("Not classified", f"{figures.unclassified:,}", content_url(level=NOT_CLASSIFIED, site=site.slug)),
    ]
    if now.unread_spaces:
        lines.append(("Not scanned in full", f"{now.unread_spaces:,} of {now.spaces:,} spaces", f"{url}?sort=age"))
    return lines


def _paused_scan(scan: Scan) -> ToDo:
    site, space = scan.connection, scan.space
    url = reverse("space", args=[site.slug, space.key]) if space else reverse("spaces", args=[site.slug])
    what = f"the paused scan of “{space}”" if space else "the paused scan"
    return ToDo(Rank.SCAN, f"Resume or cancel {what}", url, site.name)


def _to_dos(actor: Actor, site: Connection, now: Coverage) -> list[ToDo]:
    url, found = reverse("spaces", args=[site.slug]), []
    if may(actor, site, "classification.scan"):
        if not now.figures.everything:
            found.append(ToDo(Rank.SCAN, "Scan this site for the first time", url, site.name))
        elif now.unread_spaces:
            spaces = counted(now.unread_spaces, "space")
            text = f"Scan {spaces} that {agreeing(now.unread_spaces, 'was', 'were')} not scanned in full"
            found.append(ToDo(Rank.SCAN, text, f"{url}?sort=age", site.name))
        elif now.oldest is not None and timezone.now() - now.oldest > STALE:
            days = counted((timezone.now() - now.oldest).days, "day")
            found.append(ToDo(Rank.SCAN, f"Scan again: the oldest scan is {days} old", f"{url}?sort=age", site.name))
    if now.figures.unclassified and may(actor, site, "classification.set"):
        items = counted(now.figures.unclassified, "page or blog post", "pages and blog posts")
        text = f"Classify {items} without a level"
        found.append(ToDo(Rank.CLASSIFY, text, content_url(level=NOT_CLASSIFIED, site=site.slug), site.name))
    return found


def _segments(coverages: Sequence[Coverage]) -> list[dict[str, object]]:
    """Counts over all sites, each with the list of what it counts. Levels of one name are one, as in that list."""
    found: dict[str, dict[str, Any]] = {}
    for now in coverages:
        for segment in now.figures.segments:
            same = segment.level.name if segment.level else segment.key
            colour = NO_LEVEL_COLOURS.get(segment.key) or segment.color or "GREY"
            kept = {"label": segment.label, "color": colour, "count": 0, "url": content_url(level=segment.key)}
            found.setdefault(f"{bool(segment.level)} {same}", kept)["count"] += segment.count
    return list(found.values())
