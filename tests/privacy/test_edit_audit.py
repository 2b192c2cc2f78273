"""The activity shows what edits changed, from their rows, to who may see them; the trail proves those rows."""

import pytest
from django.urls import reverse

from portal.access import Actor
from portal.audit.verify import verify_chain
from portal.connections import changes
from portal.models import AuditEntry
from privacy.document.answers import RecordInput
from privacy.document.document import Document
from privacy.document.form_values import row_token
from privacy.drafts import answering, edit_audit, working_copy
from privacy.marketplace import saving
from privacy.models import Edit, WorkingCopy
from tests.privacy.browsing import said
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"


@pytest.fixture
def saved(editor, diagrams):
    """An answer, and a list of which one record was changed and another removed, saved to Marketplace."""
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    records = Document.from_text(WorkingCopy.objects.get(owner=diagrams.owner_id).text).get(RECORDS)
    rows = [RecordInput(row_token(index, record), {}) for index, record in enumerate(records)]
    rows[0] = RecordInput(rows[0].token, {"purpose": "Sends mail"})
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=rows[:-1])
    saving.save_to_marketplace(actor=editor, app=diagrams)
    return records


def test_the_activity_shows_what_the_edits_changed(editor, saved, client_for):
    page = said(client_for(editor.user).get(reverse("activity"), {"action": "draft.edit"}))

    assert "security@vendor.example.com → to trust@example.com" in page
    assert f"{saved[0]['name']}, purpose {saved[0]['purpose']} → to Sends mail" in page
    assert f"{saved[-1]['name']} name: {saved[-1]['name']}" in page
    assert "→ to nothing" in page


def test_the_entry_of_a_large_list_is_small(editor, saved):
    entry = AuditEntry.objects.get(action="draft.edit")

    assert len(str(entry.after)) < 600
    assert saved[0]["purpose"] not in str(entry.after)


def test_who_may_not_see_documents_sees_who_answered_what_and_no_answer(saved):
    entry = AuditEntry.objects.get(action="draft.edit")

    changes = edit_audit.changes_of([entry], Actor.system("scan"))[entry.pk]

    assert "alice@example.com" in changes.lines[0][0]
    assert {line[1:] for line in changes.lines} == {(None, None, edit_audit.HIDDEN)}


def test_a_row_that_was_changed_outside_is_not_shown_as_what_was_done(editor, saved, client_for):
    Edit.objects.filter(pointer=CONTACT).update(patch='{"was":"security@vendor.example.com","now":"x@example.com"}')

    page = said(client_for(editor.user).get(reverse("activity"), {"action": "draft.edit"}))

    assert edit_audit.ODD in page
    assert "x@example.com" not in page


def test_the_entry_outlives_the_connection_and_still_proves_a_copy_of_the_rows(
    saved, developer_space, administrator, client_for
):
    copy = Edit.objects.get(pointer=CONTACT)
    changes.remove(actor=Actor.of(administrator), connection=developer_space)

    page = said(client_for(administrator).get(reverse("activity"), {"action": "draft.edit"}))

    assert not Edit.objects.exists()
    assert edit_audit.GONE in page
    assert "alice@example.com" in page
    told = AuditEntry.objects.get(action="draft.edit").after["edits"][0]
    assert edit_audit.row_hash(copy) == told["sha256"]
    assert verify_chain().ok


def test_the_activity_takes_two_queries_more_however_many_edits_it_shows(
    editor, saved, client_for, django_assert_max_num_queries
):
    entries = list(AuditEntry.objects.filter(action="draft.edit"))

    with django_assert_max_num_queries(2):
        changes = edit_audit.changes_of(entries, editor)

    assert len(changes[entries[0].pk].lines) >= 3
