"""The audit trail as JSON lines and CSV, with all that the hashes cover."""

import json
from collections.abc import Generator, Iterator

from django.db.models import QuerySet

from portal import csv_export
from portal.audit import values
from portal.audit.record import hashed_values
from portal.models import AuditEntry

#: How an export calls the hashed fields that it does not call as the table does.
EXPORT_NAMES = {"actor_label": "actor", "connection_name": "connection", "target_label": "target"}
COLUMNS = [
    "sequence",
    "at",
    "actor",
    "action",
    "action_label",
    "connection",
    "target_type",
    "target_id",
    "target",
    "before",
    "after",
    "reason",
    "outcome",
    "detail",
    "trace_id",
    "actor_id",
    "connection_id",
    "previous_hash",
    "hash",
    "kept_values",
]


def entries_as_rows(entries: QuerySet[AuditEntry]) -> Iterator[dict]:
    """Entries as flat JSON-ready rows, with all that their hashes cover; see `verify.hashes_in_export`."""
    for entry in entries.iterator(chunk_size=1000):
        row = {EXPORT_NAMES.get(name, name): value for name, value in hashed_values(entry).items()}
        more = {"action_label": entry.action_label, "hash": entry.hash, "kept_values": values.values_of(entry)}
        yield row | more


def entries_as_json_lines(entries: QuerySet[AuditEntry]) -> Generator[str, None, None]:
    for row in entries_as_rows(entries):
        yield json.dumps(row, ensure_ascii=False) + "\n"


def entries_as_csv(entries: QuerySet[AuditEntry]) -> Generator[str, None, None]:
    return csv_export.csv_lines(entries_as_rows(entries), COLUMNS)
