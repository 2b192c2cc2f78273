"""Verifying the hash chain of the audit trail, by itself and against ends or exports that were kept elsewhere."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Subquery
from django.db.models.functions import Coalesce

from portal.audit import values
from portal.audit.export import EXPORT_NAMES
from portal.audit.record import FIRST_HASH, HASHED_FIELDS, entry_hash, hashed_values
from portal.models import AuditEntry, AuditHead


@dataclass(frozen=True)
class Verification:
    """How many entries were read, the hash of the last, and the first thing that is wrong."""

    entries: int
    hash: str = FIRST_HASH
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


def verify_chain(noted: Mapping[int, str] | None = None) -> Verification:
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
        elif entry.hash != entry_hash(hashed_values(entry)):
            problem = f"Entry {count} was changed after it was written."
        elif noted.get(count, entry.hash) != entry.hash:
            problem = f"Entry {count} is not the one that was noted."
        else:
            problem = values.problem_of(entry)
        if problem:
            return Verification(count, previous, problem)
        previous = entry.hash
    return Verification(count, previous)


def hashes_in_export(lines: Iterable[str]) -> dict[int, str]:
    """Sequence -> hash of an export (JSON lines), each proved by its own fields. Raises ValidationError."""
    noted: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            fields = {name: row[EXPORT_NAMES.get(name, name)] for name in HASHED_FIELDS}
            sequence, told = int(row["sequence"]), str(row["hash"])
        except (ValueError, KeyError, TypeError):
            raise ValidationError(f"Line {number} is not an entry as `audit export` writes it.") from None
        if told != entry_hash(fields):
            raise ValidationError(f"Entry {sequence} of the export was changed after it was written.")
        if noted.get(sequence - 1, fields["previous_hash"]) != fields["previous_hash"]:
            raise ValidationError(f"Entry {sequence} of the export does not follow the entry before it.")
        noted[sequence] = told
    return noted
