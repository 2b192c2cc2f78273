"""Adding entries to the audit trail, each with the hash of the one before. Labels: `registry.AUDIT_ACTIONS`."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.access import Actor
from portal.audit import values
from portal.models import AuditEntry, AuditHead, Connection

FIRST_HASH = "0" * 64
#: The fields that the hash covers, in this order; `previous_hash` ties an entry to the one before.
HASHED_FIELDS = [
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


def hashed_values(entry: AuditEntry) -> dict:
    """The values that the hash of an entry covers, as they are exported."""
    fields = {name: getattr(entry, name) for name in HASHED_FIELDS}
    return fields | {"at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}


def entry_hash(fields: dict) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def record_action(
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
    """Append one entry. `before`/`after`: any JSON; what is too large for an entry is kept apart (`values.py`).
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
    return record_actions(actor=actor, connection=connection, entries=[facts])[0]


def record_actions(
    *, actor: Actor, connection: Connection | None, entries: Iterable[Mapping[str, Any]]
) -> list[AuditEntry]:
    """Append entries that belong together, with one lock of the end of the chain. Their keys are those above."""
    kept: dict[str, str] = {}
    prepared = [_storable_facts(facts, kept) for facts in entries]
    with transaction.atomic():
        values.store_values(kept)
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
    entry.hash = entry_hash(hashed_values(entry))
    return entry


def _storable_facts(facts: Mapping[str, Any], kept: dict[str, str]) -> dict[str, Any]:
    """What can be written: without NUL characters, and with what is too large for an entry in `kept`."""
    found = {name: _storable(value) for name, value in facts.items()}
    for name in ("before", "after"):
        found[name] = values.shorten(found.get(name), kept)
    for name in ("reason", "detail"):
        found[name] = values.clip(found.get(name, ""))
    return found


def _storable(value: Any) -> Any:
    """The same JSON without NUL characters."""
    if isinstance(value, str):
        return value.replace("\x00", "\\u0000")
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
