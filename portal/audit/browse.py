"""Reading the audit trail: which entries a person sees, the history of one object, and the filter of the page."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.core.paginator import Page
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.access import Actor, connections_with
from portal.forms import ActivityFilterForm
from portal.models import AuditEntry, Connection

#: A form takes days of which no midnight exists in every time zone; nothing was ever done on them.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)


def visible_entries(actor: Actor) -> QuerySet[AuditEntry]:
    """The entries of the connections where this actor has activity.view; the rest for administrators alone."""
    if actor.is_administrator:
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(connection__in=connections_with(actor, "activity.view"))


def target_history(*, connection: Connection, target_type: str, target_id: str) -> QuerySet[AuditEntry]:
    """What was done to one object, newest first."""
    return AuditEntry.objects.filter(connection=connection, target_type=target_type, target_id=str(target_id))


def filter_entries(entries: QuerySet[AuditEntry], form: ActivityFilterForm) -> QuerySet[AuditEntry]:
    """Apply whatever is valid in the form; unknown values are passed over. Days are days in the reader's time zone."""
    form.is_valid()
    data = form.cleaned_data
    if text := data.get("q"):
        entries = entries.filter(
            Q(target_label__icontains=text)
            | Q(target_id=text)
            | Q(reason__icontains=text)
            | Q(detail__icontains=text)
            | Q(trace_id=text)
        )
    if connection := data.get("connection"):
        entries = entries.filter(connection=connection)
    if actor := data.get("actor"):
        entries = entries.filter(actor_label__icontains=actor)
    if action := data.get("action"):
        entries = entries.filter(action=action)
    if outcome := data.get("outcome"):
        entries = entries.filter(outcome=outcome)
    if since := data.get("since"):
        entries = entries.filter(at__gte=_midnight(since))
    if until := data.get("until"):
        entries = entries.filter(at__lt=_midnight(min(until, LAST_DAY) + timedelta(days=1)))
    return entries


def settled(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """Newest first as given, without the intentions whose outcome is on record too."""
    told: Counter[tuple] = Counter()
    kept = []
    for entry in entries:
        key = (entry.action, entry.actor_label, entry.target_id)
        if entry.outcome != AuditEntry.Outcome.STARTED:
            told[key] += 1
        elif told[key]:
            told[key] -= 1
            continue
        kept.append(entry)
    return kept


def settled_on(page: Page) -> list[AuditEntry]:
    """`settled` for one page of many: an intention is also settled by an outcome that stands on the page before."""
    first = page.start_index() - 1
    newer = list(page.paginator.object_list[max(0, first - page.paginator.per_page) : max(0, first)])
    return [entry for entry in settled([*newer, *page.object_list]) if entry not in newer]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min))
