"""What the audit trail keeps of edits: their rows, each with a hash; and what these changed, for the activity."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC

from portal.access import Actor, may
from portal.models import AuditEntry, Connection
from portal.registry import AuditChanges
from privacy.audit_entries import readable
from privacy.document import patches
from privacy.drafts.edit_log import patch_of
from privacy.models import Edit

#: So many edits of one entry are shown, with so many changes of each.
MOST_EDITS, MOST_CHANGES = 8, 8
GONE = "The answer was removed, for instance with its connection. This entry still proves a copy of it."
ODD = "What is kept of this answer is not what this entry was written for: it was changed outside Trustdesk."
HIDDEN = "You may not see these answers."


def references(edits: Iterable[Edit]) -> list[dict]:
    """What an entry keeps of edits: who answered which question, and the hash that proves the row."""
    return [
        {"id": edit.pk, "question": edit.label, "by": edit.author_label, "sha256": row_hash(edit)} for edit in edits
    ]


def row_hash(edit: Edit) -> str:
    """sha256 (hex) over what an edit says: where, what was changed, by whom and when."""
    at = edit.at.astimezone(UTC).isoformat(timespec="microseconds")
    facts = [edit.pk, edit.pointer, edit.label, edit.patch, edit.after_hash, edit.author_label, at]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def changes_of(entries: Sequence[AuditEntry], actor: Actor) -> dict[int, AuditChanges]:
    """What the edits of these entries changed, for who may see the documents of their connection; in two queries."""
    told = {entry.pk: _told(entry) for entry in entries}
    there = Connection.objects.filter(pk__in={entry.connection_id for entry in entries})
    allowed: dict[int | None, bool] = {connection.pk: may(actor, connection, "privacy.view") for connection in there}
    wanted = [
        item["id"] for entry in entries if allowed.get(entry.connection_id) for item in told[entry.pk][:MOST_EDITS]
    ]
    rows = {edit.pk: edit for edit in Edit.objects.filter(pk__in=wanted, owner__connection__in=allowed)}
    return {
        entry.pk: _changes(told[entry.pk], rows, hidden=allowed.get(entry.connection_id) is False)
        for entry in entries
        if told[entry.pk]
    }


def _told(entry: AuditEntry) -> list[dict]:
    found = entry.after.get("edits") if isinstance(entry.after, dict) else None
    return [item for item in found if isinstance(item, dict) and "sha256" in item] if isinstance(found, list) else []


def _changes(told: Sequence[dict], rows: dict[int, Edit], *, hidden: bool) -> AuditChanges:
    changes = AuditChanges(more=len(told) - MOST_EDITS)
    for item in told[:MOST_EDITS]:
        edit = rows.get(item["id"])
        who = f"{item['question'][:120]} ({item['by']})"
        if edit is None:
            changes.lines.append((who, None, None, HIDDEN if hidden else GONE))
        elif row_hash(edit) != item["sha256"]:
            changes.lines.append((who, None, None, ODD))
        else:
            for what, was, now in list(patches.describe(patch_of(edit)))[:MOST_CHANGES]:
                changes.lines.append((f"{who}: {what}" if what else who, readable(was), readable(now), ""))
    return changes
