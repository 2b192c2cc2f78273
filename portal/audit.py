"""The audit trail: one function that adds an entry, and one that proves the chain. Labels: `registry.AUDIT_ACTIONS`."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from . import audit_values
from .access import Actor, connections_with
from .models import AuditEntry, AuditHead, Connection

FIRST_HASH = "0" * 64
#: The fields that the hash covers, in this order; `previous_hash` ties an entry to the one before.
HASHED = [
    "sequence",
    "at",
    "actor_id",
    "actor_label",
    "action",
    "connection_id",
    "connection_name",
    "target_type",
    "target_id",
    "target_label",
    "before",
    "after",
    "reason",
    "outcome",
    "detail",
    "trace_id",
    "previous_hash",
]
#: How an export calls the hashed fields that it does not call as the table does.
EXPORTED = {"actor_label": "actor", "connection_name": "connection", "target_label": "target"}


def _fields(entry: AuditEntry) -> dict:
    fields = {name: getattr(entry, name) for name in HASHED}
    return fields | {"at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}


def _hash(fields: dict) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def record(
    *,
    actor: Actor,
    action: str,
    connection: Connection | None = None,
    target_type: str = "",
    target_id: str = "",
    target_label: str = "",
    before=None,
    after=None,
    reason: str = "",
    outcome: str = "done",
    detail: str = "",
    trace_id: str = "",
) -> AuditEntry:
    """Append one entry. `before`/`after`: any JSON; what is too large for an entry is kept apart (`audit_values.py`).
    Runs in its own transaction unless one is open already.

    NUL characters, which PostgreSQL keeps in no text, are written as `\\u0000`, so that what was done remotely is on
    record even where its name is odd.
    """
    facts = {
        "action": action,
        "target_type": target_type,
        "target_id": target_id,
        "target_label": target_label,
        "before": before,
        "after": after,
        "reason": reason,
        "outcome": outcome,
        "detail": detail,
        "trace_id": trace_id,
    }
    return record_many(actor=actor, connection=connection, entries=[facts])[0]


def record_many(
    *, actor: Actor, connection: Connection | None, entries: Iterable[Mapping[str, Any]]
) -> list[AuditEntry]:
    """Append entries that belong together, with one lock of the end of the chain. Their keys: those of `record`."""
    kept: dict[str, str] = {}
    prepared = [_storable_facts(facts, kept) for facts in entries]
    with transaction.atomic():
        audit_values.keep(kept)
        head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
        added = []
        for facts in prepared:
            entry = _next(head, actor, connection, **facts)
            head.sequence, head.hash = entry.sequence, entry.hash
            added.append(entry)
        AuditEntry.objects.bulk_create(added)
        head.save()
    return added


def _next(
    head: AuditHead,
    actor: Actor,
    connection: Connection | None,
    *,
    action: str,
    target_type: str = "",
    target_id: str = "",
    target_label: str = "",
    before=None,
    after=None,
    reason: str = "",
    outcome: str = "done",
    detail: str = "",
    trace_id: str = "",
) -> AuditEntry:
    """The entry that follows the end of the chain, not saved yet."""
    entry = AuditEntry(
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor_id=actor.user.pk if actor.user else None,
        actor_label=actor.label[:254],
        action=action,
        connection_id=connection.pk if connection else None,
        connection_name=connection.name if connection else "",
        target_type=target_type,
        target_id=str(target_id)[:200],
        target_label=target_label[:300],
        before=before,
        after=after,
        reason=reason,
        outcome=outcome,
        detail=detail,
        trace_id=trace_id[:100],
        previous_hash=head.hash,
    )
    entry.hash = _hash(_fields(entry))
    return entry


def _storable_facts(facts: Mapping[str, Any], kept: dict[str, str]) -> dict[str, Any]:
    """What can be written: without NUL characters, and with what is too large for an entry in `kept`."""
    found = {name: storable(value) for name, value in facts.items()}
    for name in ("before", "after"):
        found[name] = audit_values.shorten(found.get(name), kept)
    for name in ("reason", "detail"):
        found[name] = audit_values.clip(found.get(name, ""))
    return found


def storable(value: Any) -> Any:
    """The same JSON without NUL characters."""
    if isinstance(value, str):
        return value.replace("\x00", "\\u0000")
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


@dataclass(frozen=True)
class Verification:
    """The result of `verify`: how many entries were read, the hash of the last, and the first thing that is wrong."""

    entries: int
    hash: str = FIRST_HASH
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


def verify(noted: Mapping[int, str] | None = None) -> Verification:
    """Walk the whole chain: an entry that was changed, removed or put in between breaks it, and so does a lost end.

    `noted`: sequence -> hash of entries that were written down elsewhere, which have to be there still. The end is read
    first, and entries that are added while this walks are left to the next time.
    """
    head = AuditHead.objects.filter(pk=1).first()
    found = _walk(head.sequence if head else 0, noted or {})
    if found.problem:
        return found
    problem = ""
    # One statement, so that nobody can add an entry between looking at the end and looking beyond it.
    end = Coalesce(Subquery(AuditHead.objects.filter(pk=1).values("sequence")), 0)
    if head is None:
        problem = "The end of the chain is not on record. Entries may be missing."
    elif (head.sequence, head.hash) != (found.entries, found.hash):
        problem = f"The chain should end with entry {head.sequence}, but ends with {found.entries}."
    elif AuditEntry.objects.filter(sequence__gt=end).exists():
        problem = "There are entries beyond the end of the chain that is on record."
    elif missing := [sequence for sequence in noted or {} if sequence > found.entries]:
        problem = f"Entry {min(missing)} was noted, but the chain ends with {found.entries}."
    return Verification(found.entries, found.hash, problem)


def _walk(end: int, noted: Mapping[int, str]) -> Verification:
    previous, count = FIRST_HASH, 0
    for entry in AuditEntry.objects.filter(sequence__lte=end).order_by("sequence").iterator(chunk_size=1000):
        count += 1
        problem = ""
        if entry.sequence != count:
            problem = f"Entry {count} is missing; the next one is {entry.sequence}."
        elif entry.previous_hash != previous:
            problem = f"Entry {count} does not follow the entry before it."
        elif entry.hash != _hash(_fields(entry)):
            problem = f"Entry {count} was changed after it was written."
        elif noted.get(count, entry.hash) != entry.hash:
            problem = f"Entry {count} is not the one that was noted."
        else:
            problem = audit_values.problem_of(entry)
        if problem:
            return Verification(count, previous, problem)
        previous = entry.hash
    return Verification(count, previous)


def noted_in(lines: Iterable[str]) -> dict[int, str]:
    """Sequence -> hash of an export (JSON lines), each proved by its own fields. Raises ValidationError."""
    noted: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            fields = {name: row[EXPORTED.get(name, name)] for name in HASHED}
            sequence, told = int(row["sequence"]), str(row["hash"])
        except (ValueError, KeyError, TypeError):
            raise ValidationError(f"Line {number} is not an entry as `audit export` writes it.") from None
        if told != _hash(fields):
            raise ValidationError(f"Entry {sequence} of the export was changed after it was written.")
        if noted.get(sequence - 1, fields["previous_hash"]) != fields["previous_hash"]:
            raise ValidationError(f"Entry {sequence} of the export does not follow the entry before it.")
        noted[sequence] = told
    return noted


def visible_entries(actor: Actor) -> QuerySet[AuditEntry]:
    """The entries of the connections where this actor has activity.view; the rest for administrators alone."""
    if actor.is_administrator:
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(connection__in=connections_with(actor, "activity.view"))


def history(*, connection: Connection, target_type: str, target_id: str) -> QuerySet[AuditEntry]:
    """What was done to one object, newest first."""
    return AuditEntry.objects.filter(connection=connection, target_type=target_type, target_id=str(target_id))


def as_rows(entries: QuerySet[AuditEntry]) -> Iterator[dict]:
    """Entries as flat JSON-ready rows, for the exports; with all that their hashes cover, see `noted_in`."""
    for entry in entries.iterator(chunk_size=1000):
        row = {EXPORTED.get(name, name): value for name, value in _fields(entry).items()}
        more = {"action_label": entry.action_label, "hash": entry.hash, "kept_values": audit_values.values_of(entry)}
        yield row | more
