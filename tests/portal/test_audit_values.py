"""Large values of the audit trail are kept once, beside the entries, and proved by them."""

import json

import pytest
from django.urls import reverse

from portal.audit.export import entries_as_csv, entries_as_json_lines
from portal.audit.record import HASHED_FIELDS, record_action
from portal.audit.values import restore_values
from portal.audit.verify import hashes_in_export, verify_chain
from portal.models import AuditEntry, AuditValue

pytestmark = pytest.mark.django_db

LONG = "x" * 300_000


def bytes_of(entry: AuditEntry) -> int:
    fields = {name: getattr(entry, name) for name in HASHED_FIELDS if name != "at"}
    return len(json.dumps(fields, ensure_ascii=False).encode())


def answers(**values: object) -> dict:
    return {"answers": [{"question": name, "before": None, "after": value} for name, value in values.items()]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LONG, [LONG, LONG]),
        (list(range(100_000)), {f"key {number}": number for number in range(50_000)}),
        (None, answers(**{f"question {number}": "é" * 9_000 for number in range(300)})),
        (None, [[[[LONG]]]]),
    ],
)
def test_no_entry_is_larger_than_64_kilobytes_and_nothing_is_lost(operator, before, after):
    entry = record_action(
        actor=operator, action="demo.made", before=before, after=after, reason="é" * 50_000, detail=LONG
    )
    assert bytes_of(entry) < 64 * 1024
    assert verify_chain().ok
    shown = restore_values(AuditEntry.objects.all())[0]
    assert (shown.before, shown.after) == (before, after)


def test_a_value_is_kept_once_however_many_entries_hold_it(operator):
    for _ in range(3):
        record_action(actor=operator, action="demo.made", before=LONG, after={"text": LONG})
    assert AuditValue.objects.count() == 1
    reference = AuditEntry.objects.first().after["text"]
    assert reference == {"sha256": AuditValue.objects.get().sha256, "bytes": 300_002, "kept": True}


def test_only_the_parts_that_are_large_leave_the_entry(operator):
    entry = record_action(actor=operator, action="demo.made", after=answers(contact="a@example.com", list=LONG))
    contact, large = entry.after["answers"]
    assert contact["after"] == "a@example.com"
    assert large["question"] == "list"
    assert large["after"]["kept"] is True


def test_a_value_that_looks_like_a_reference_is_none(operator):
    lookalike = {"sha256": "0" * 64, "bytes": 1, "kept": True}
    record_action(actor=operator, action="demo.made", before=lookalike, after={"deep": [lookalike]})
    assert verify_chain().ok
    shown = restore_values(AuditEntry.objects.all())[0]
    assert (shown.before, shown.after) == (lookalike, {"deep": [lookalike]})


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda: AuditValue.objects.update(text='"other"'), "A value of entry 1 was changed"),
        (lambda: AuditValue.objects.all().delete(), "A value of entry 1 is missing"),
    ],
)
def test_tampering_with_a_kept_value_is_found(operator, tamper, words):
    record_action(actor=operator, action="demo.made", after=LONG)
    tamper()
    assert words in verify_chain().problem


def test_an_export_holds_the_kept_values_and_can_be_checked(operator):
    record_action(actor=operator, action="demo.made", after={"text": LONG})
    record_action(actor=operator, action="demo.made", after={"text": "short"})
    entries = AuditEntry.objects.order_by("sequence")
    lines = list(entries_as_json_lines(entries))
    first, second = map(json.loads, lines)
    assert first["kept_values"] == {first["after"]["text"]["sha256"]: LONG}
    assert second["kept_values"] is None
    assert verify_chain(hashes_in_export(lines)).ok
    assert LONG in "".join(entries_as_csv(entries))


def test_the_activity_shows_the_value_itself(operator, administrator, client_for, site):
    record_action(actor=operator, action="connection.changed", connection=site, after={"name": "A name " * 5_000})
    html = client_for(administrator).get(reverse("activity")).content.decode()
    assert "A name A name" in html
    assert "sha256" not in html
