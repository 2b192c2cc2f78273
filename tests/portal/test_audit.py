"""The audit trail: append-only, and any tampering breaks the chain."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections as databases

from portal.access import Actor
from portal.audit.browse import visible_entries
from portal.audit.export import entries_as_json_lines
from portal.audit.record import FIRST_HASH, entry_hash, hashed_values, record_action
from portal.audit.verify import hashes_in_export, verify_chain
from portal.models import AuditEntry, AuditHead
from portal.templatetags.activity import differences

pytestmark = pytest.mark.django_db


def add(actor: Actor, number: int) -> AuditEntry:
    return record_action(actor=actor, action="demo.made", target_label=f"Page {number}", after={"number": number})


def test_the_chain_of_entries_verifies(operator, alice):
    for number in range(3):
        add(operator if number % 2 else Actor.of(alice), number)
    result = verify_chain()
    assert result.ok
    assert result.entries == 3


def cut_off_after(sequence: int) -> None:
    """What somebody with access to the database does who wants the newest entries gone: the end fits what is left."""
    AuditEntry.objects.filter(sequence__gt=sequence)._raw_delete("default")
    last = AuditEntry.objects.first()
    AuditHead.objects.update(sequence=sequence, hash=last.hash if last else FIRST_HASH)


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda: AuditEntry.objects.filter(sequence=2).update(reason="Because"), "Entry 2 was changed"),
        (lambda: AuditEntry.objects.filter(sequence=2).update(after={"number": 7}), "Entry 2 was changed"),
        (lambda: AuditEntry.objects.filter(sequence=2).update(actor_label="mallory"), "Entry 2 was changed"),
        (lambda: AuditEntry.objects.filter(sequence=2)._raw_delete("default"), "Entry 2 is missing"),
        (lambda: AuditEntry.objects.filter(sequence=3)._raw_delete("default"), "should end with entry 3"),
        (lambda: AuditHead.objects.all().delete(), "not on record"),
        (lambda: (cut_off_after(0), AuditHead.objects.all().delete()), "not on record"),
    ],
)
def test_tampering_is_found(operator, tamper, words):
    for number in range(3):
        add(operator, number)
    tamper()
    result = verify_chain()
    assert not result.ok
    assert words in result.problem


def test_an_entry_can_be_neither_changed_nor_deleted(operator):
    entry = add(operator, 1)
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()
    assert AuditEntry.objects.count() == 1


def test_people_see_the_entries_of_their_connections_alone(operator, site, alice, bob, grant):
    grant(alice, site, "viewer")
    record_action(actor=operator, action="connection.checked", connection=site)
    record_action(actor=operator, action="keys.rotated")
    assert visible_entries(Actor.of(alice)).count() == 1
    assert visible_entries(Actor.of(bob)).count() == 0
    assert visible_entries(operator).count() == 2


@pytest.mark.django_db(transaction=True)
def test_entries_of_two_threads_at_once_form_one_chain(operator):
    def work():
        for number in range(5):
            add(operator, number)
        databases.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = verify_chain()
    assert result.ok
    assert result.entries == 20


def test_an_entry_that_is_added_while_the_chain_is_walked_raises_no_alarm(operator):
    for number in range(3):
        add(operator, number)
    queries = []

    def somebody_else(execute, sql, *rest):
        queries.append(sql)
        if len(queries) == 2:
            add(operator, 3)
        return execute(sql, *rest)

    with databases["default"].execute_wrapper(somebody_else):
        result = verify_chain()
    assert len(queries) > 2
    assert result.ok
    assert verify_chain().entries == 4


def test_an_entry_beyond_the_end_of_the_chain_is_found(operator):
    for number in range(3):
        add(operator, number)
    AuditHead.objects.update(sequence=2, hash=AuditEntry.objects.get(sequence=2).hash)
    assert "beyond the end" in verify_chain().problem


def rewrite_from(sequence: int) -> None:
    """Change an entry and recompute all hashes from there on, as someone who reads this code and has the database."""
    previous = AuditEntry.objects.get(sequence=sequence).previous_hash
    for entry in AuditEntry.objects.filter(sequence__gte=sequence).order_by("sequence"):
        entry.previous_hash, entry.actor_label = previous, "mallory"
        entry.hash = previous = entry_hash(hashed_values(entry))
        row = {"previous_hash": entry.previous_hash, "actor_label": entry.actor_label, "hash": entry.hash}
        AuditEntry.objects.filter(pk=entry.pk).update(**row)
    AuditHead.objects.update(hash=previous)


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda: rewrite_from(2), "Entry 3 is not the one that was noted"),
        (lambda: cut_off_after(2), "Entry 3 was noted, but the chain ends with 2"),
        (lambda: cut_off_after(0), "Entry 3 was noted, but the chain ends with 0"),
    ],
)
def test_a_chain_that_was_written_anew_is_found_by_an_end_noted_elsewhere_alone(operator, tamper, words):
    noted = {number: add(operator, number).hash for number in range(1, 4)}
    end = {3: noted[3]}
    assert verify_chain(end).ok
    tamper()
    assert verify_chain().ok
    assert words in verify_chain(end).problem
    assert not verify_chain(noted).ok


def test_an_end_noted_earlier_is_still_found_after_further_entries(operator):
    noted = {1: add(operator, 1).hash}
    add(operator, 2)
    assert verify_chain(noted).ok


def test_an_export_proves_itself_and_what_was_in_it_is_there_still(operator):
    for number in range(3):
        add(operator, number)
    lines = list(entries_as_json_lines(AuditEntry.objects.order_by("sequence")))
    noted = hashes_in_export(lines)
    assert verify_chain(noted).ok
    assert len(noted) == 3
    with pytest.raises(ValidationError, match="Entry 2 of the export was changed"):
        hashes_in_export([lines[0], lines[1].replace("Page 1", "Page 7")])
    with pytest.raises(ValidationError, match="Line 2 is not an entry"):
        hashes_in_export([lines[0], "{}"])
    other = add(operator, 7)
    (line,) = entries_as_json_lines(AuditEntry.objects.filter(pk=other.pk))
    stranger = line.replace('"sequence": 4', '"sequence": 2')
    with pytest.raises(ValidationError, match="Entry 2 of the export"):
        hashes_in_export([lines[0], stranger])


def test_what_a_database_cannot_keep_does_not_keep_the_entry_from_being_written(operator):
    odd = "a\x00b"
    entry = record_action(
        actor=operator, action="demo.made", target_label=odd, reason=odd, detail=odd, before={odd: [odd]}, after=odd
    )
    entry = AuditEntry.objects.get(pk=entry.pk)
    assert entry.before == {"a\\u0000b": ["a\\u0000b"]}
    assert "\x00" not in f"{entry.target_label}{entry.reason}{entry.detail}{entry.after}"
    assert verify_chain().ok


def test_what_reads_the_same_before_and_after_is_not_told_as_a_change(operator):
    entry = record_action(actor=operator, action="x", before={"a": "", "b": 1}, after={"a": None, "b": 2})

    assert differences(entry) == [("", 1, 2)]


def test_a_role_that_an_entry_names_is_told_in_words(operator):
    entry = record_action(actor=operator, action="x", before={"role": "gone"}, after={"role": "legal_reviewer"})

    assert differences(entry) == [("", "gone", "Legal reviewer")]
