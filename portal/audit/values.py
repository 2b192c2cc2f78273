"""Large values of the audit trail: kept once under the hash of their text, while the entry holds a reference.

A reference is `{"sha256": …, "bytes": …, "kept": true}`. The hash of an entry covers its references, and each of these
proves the text that is kept under it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from portal.models import AuditEntry, AuditValue

#: Bytes of JSON that `before` and `after` may each have, and of UTF-8 that a reason or a detail may have: together with
#: the rest an entry stays below 64 KB.
MOST_BYTES, MOST_TEXT = 20_000, 8_000
_REFERENCE = frozenset({"sha256", "bytes", "kept"})


def shorten(value: Any, kept: dict[str, str]) -> Any:
    """The value with references in place of what is too large, beginning with the smallest parts that are.

    kept: takes the texts by their hashes. What only looks like a reference becomes a real one.
    """
    if _is_reference(value):
        return _reference(_text(value), kept)
    text = _text(value)
    if len(text.encode()) <= MOST_BYTES and '"sha256"' not in text:
        return value
    inner = value
    if isinstance(value, dict):
        inner = {key: shorten(item, kept) for key, item in value.items()}
    elif isinstance(value, list):
        inner = [shorten(item, kept) for item in value]
    return inner if len(_text(inner).encode()) <= MOST_BYTES else _reference(text, kept)


def clip(text: str) -> str:
    """A text of at most MOST_TEXT bytes, with “…” where it was cut."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= MOST_TEXT else data[: MOST_TEXT - 3].decode("utf-8", "ignore") + "…"


def store_values(texts: Mapping[str, str]) -> None:
    """Write texts that `shorten` found; those that are there already stay."""
    if texts:
        AuditValue.objects.bulk_create(
            [AuditValue(sha256=sha256, text=text) for sha256, text in texts.items()], ignore_conflicts=True
        )


def references(value: Any) -> set[str]:
    """The hashes that a value refers to."""
    if _is_reference(value):
        return {value["sha256"]}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {found for item in items for found in references(item)}


def problem_of(entry: AuditEntry) -> str:
    """What is wrong with the texts that an entry refers to, "" when nothing is."""
    wanted = references([entry.before, entry.after])
    if not wanted:
        return ""
    found = dict(AuditValue.objects.filter(sha256__in=wanted).values_list("sha256", "text"))
    if wanted - set(found):
        return f"A value of entry {entry.sequence} is missing."
    if any(_hash(text) != sha256 for sha256, text in found.items()):
        return f"A value of entry {entry.sequence} was changed after it was written."
    return ""


def values_of(entry: AuditEntry) -> dict[str, Any] | None:
    """The values that an entry refers to by their hashes; None when it refers to none."""
    wanted = references([entry.before, entry.after])
    return _load(wanted) if wanted else None


def restore_values(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """The entries with the values themselves in place of the references, to be shown."""
    entries = list(entries)
    wanted = {found for entry in entries for found in references([entry.before, entry.after])}
    if wanted:
        values = _load(wanted)
        for entry in entries:
            entry.before, entry.after = _filled(entry.before, values), _filled(entry.after, values)
    return entries


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if _is_reference(value):
        return values.get(value["sha256"], value)
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    return [_filled(item, values) for item in value] if isinstance(value, list) else value


def _load(wanted: set[str]) -> dict[str, Any]:
    rows = AuditValue.objects.filter(sha256__in=wanted).values_list("sha256", "text")
    return {sha256: json.loads(text) for sha256, text in rows}


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == _REFERENCE and isinstance(value["sha256"], str)


def _reference(text: str, kept: dict[str, str]) -> dict[str, Any]:
    sha256 = _hash(text)
    kept[sha256] = text
    return {"sha256": sha256, "bytes": len(text.encode()), "kept": True}


def _text(value: Any) -> str:
    # As ASCII, so that the text is the same in every database.
    return json.dumps(value)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
