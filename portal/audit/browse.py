"""Reading the audit trail: which entries a person sees, the history of one object, and the filter of the page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal import registry
from portal.access import Actor, connections_with
from portal.audit.targets import find_pages
from portal.audit.values import restore_values
from portal.forms import ActivityFilterForm
from portal.keyset import Column, KeysetPage, uncounted_page_of
from portal.models import AuditEntry, Connection
from portal.registry import TargetPage

#: A form takes days of which no midnight exists in every time zone; nothing was ever done on them.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)
PAGE = 50
NEWEST_FIRST = [Column("sequence", int, down=True)]
#: What an intention and its outcome have in common.
SAME_ACTION = ("connection", "target_type", "target_id", "action", "actor_label")


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
    if actions := form.actions():
        entries = entries.filter(action__in=actions)
    if outcome := data.get("outcome"):
        entries = entries.filter(outcome=outcome)
    since, until = form.days()
    if since:
        entries = entries.filter(at__gte=_midnight(since))
    if until:
        entries = entries.filter(at__lt=_midnight(min(until, LAST_DAY) + timedelta(days=1)))
    return entries


def one_per_action(entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Leave out the intention of an action whose outcome is recorded too.

    A remote write is recorded twice, as started and with its outcome. One person does one thing at a time to a target,
    so the outcome is the next entry of the same action. An intention that no outcome follows stays.
    """
    same = AuditEntry.objects.filter(**{name: OuterRef(name) for name in SAME_ACTION})
    following = same.filter(sequence__gt=OuterRef("sequence")).order_by("sequence").values("outcome")[:1]
    started = AuditEntry.Outcome.STARTED
    entries = entries.alias(next_outcome=Coalesce(Subquery(following), Value(started)))
    return entries.filter(~Q(outcome=started) | Q(next_outcome=started))


@dataclass(frozen=True)
class ActivityRow:
    """An entry, the page of its target where the reader may open it, and what it changed, where that is in rows of an
    app that it refers to."""

    entry: AuditEntry
    target_page: TargetPage | None
    changes: registry.AuditChanges | None = None

    @property
    def title(self) -> str:
        """Of the target; its id where a title is nothing but spaces, so that it can be clicked."""
        return self.entry.target_label if self.entry.target_label.strip() else self.entry.target_id


def activity_page(entries: QuerySet[AuditEntry], *, actor: Actor, after: str = "", before: str = "") -> KeysetPage:
    """The newest entries, or those after or before a cursor. Not counted, as that takes seconds in a long trail."""
    page = uncounted_page_of(entries.select_related("connection"), NEWEST_FIRST, PAGE, after=after, before=before)
    pages = find_pages(page.rows, actor)
    shown = restore_values(page.rows)
    changes = _changes(shown, actor)
    return replace(page, rows=[ActivityRow(e, pages.get(e.pk), changes.get(e.pk)) for e in shown])


def _changes(entries: Sequence[AuditEntry], actor: Actor) -> dict[int, registry.AuditChanges]:
    found: dict[int, registry.AuditChanges] = {}
    for action, read in registry.AUDIT_CHANGES.items():
        wanted = [entry for entry in entries if entry.action == action]
        found |= read(wanted, actor) if wanted else {}
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min))
