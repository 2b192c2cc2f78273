"""Where the targets of entries are shown: links from the activity to what was changed."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from portal.access import Actor, may
from portal.models import AuditEntry, User
from portal.registry import AUDIT_TARGETS, TargetPage


def find_pages(entries: Sequence[AuditEntry], actor: Actor) -> dict[int, TargetPage]:
    """Id of an entry -> the page of its target, where there is one that the actor may open."""
    found: dict[int, TargetPage] = {}
    for target_type, (capability, pages_of) in AUDIT_TARGETS.items():
        wanted = [
            entry for entry in entries if entry.target_type == target_type and _may_open(actor, entry, capability)
        ]
        if wanted:
            found |= pages_of(wanted)
    return found


def _may_open(actor: Actor, entry: AuditEntry, capability: str) -> bool:
    if entry.connection is None:
        return actor.is_administrator
    return may(actor, entry.connection, capability)


def pages_of_rows(
    entries: Sequence[AuditEntry], rows: QuerySet, *, id_field: str, address: Callable[[Any], str]
) -> dict[int, TargetPage]:
    """For targets that are rows with a connection: the page of the row that has the entry's connection and id."""
    ids = {f"{id_field}__in": {entry.target_id for entry in entries}}
    rows = rows.filter(connection__in={entry.connection_id for entry in entries}, **ids).select_related("connection")
    known = {(row.connection_id, getattr(row, id_field)): row for row in rows}
    keys = {entry.pk: (entry.connection_id, entry.target_id) for entry in entries}
    return {pk: TargetPage(address(known[key])) for pk, key in keys.items() if key in known}


def connection_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    return {entry.pk: TargetPage(entry.connection.get_absolute_url()) for entry in entries if entry.connection}


def person_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    """People are on record without a connection, so administrators alone see these entries."""
    ids = [int(entry.target_id) for entry in entries if entry.target_id.isdecimal()]
    known = {str(pk) for pk in User.objects.filter(pk__in=ids).values_list("pk", flat=True)}
    return {
        entry.pk: TargetPage(reverse("person", args=[entry.target_id])) for entry in entries if entry.target_id in known
    }
