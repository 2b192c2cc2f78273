"""Reading the apps of a developer space: what is kept, and that one broken app hides no other."""

import pytest
from django.core.exceptions import PermissionDenied

from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.connections import clients
from portal.models import AuditEntry
from privacy import refusals
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list, readings
from privacy.models import App, Snapshot, WorkingCopy
from privacy.views.app_rows import app_rows
from sandbox import faults
from sandbox.seed_documents import product_id
from tests.privacy.marketplace import CONTACT, READ

pytestmark = pytest.mark.django_db


def test_it_reads_all_apps_with_live_and_draft(editor, developer_space):
    report = app_list.read_apps(actor=editor, connection=developer_space)

    assert (report.listed, report.read, report.failures) == (8, 8, ())
    rows = {row.app.name: row.app for row in app_rows(connection=developer_space)}
    assert (rows["Diagrams for Confluence"].live_state, rows["Diagrams for Confluence"].draft_state) == (
        "present",
        "present",
    )
    assert (rows["Status Board"].live_state, rows["Status Board"].draft_state) == ("present", "absent")
    assert (rows["Page Clock"].live_state, rows["Page Clock"].draft_state) == ("absent", "absent")
    assert AuditEntry.objects.get(action="apps.read").detail == "8 of 8 apps were read."


def test_it_refuses_a_person_without_the_right(alice, developer_space):
    with pytest.raises(PermissionDenied, match="see Privacy & Security documents"):
        app_list.read_apps(actor=Actor.of(alice), connection=developer_space)

    assert not App.objects.exists()


def test_one_broken_app_hides_no_other_and_says_why(editor, developer_space, sandbox):
    app_list.read_apps(actor=editor, connection=developer_space)
    faults.broken_body(sandbox, item=product_id("Time Ledger"))

    report = app_list.read_apps(actor=editor, connection=developer_space)

    assert report.read == 7
    assert [failure.name for failure in report.failures] == ["Time Ledger"]
    broken = App.objects.get(name="Time Ledger")
    assert "JSON" in broken.read_error
    assert broken.live is not None


@pytest.mark.parametrize(
    "break_it",
    [faults.html_answer, faults.cut_body, faults.duplicate_keys, faults.not_a_number, faults.oversized],
)
def test_an_answer_that_is_no_document_becomes_a_sentence(break_it, editor, sandbox, diagrams):
    break_it(sandbox, call=READ)

    with pytest.raises(ApiError) as caught:
        app_list.read_app(actor=editor, app=diagrams)

    diagrams.refresh_from_db()
    assert diagrams.read_error.startswith(caught.value.message)


def test_the_list_that_cannot_be_read_changes_nothing(editor, developer_space, sandbox):
    app_list.read_apps(actor=editor, connection=developer_space)
    faults.refuse(sandbox, call="marketplace.apps", status=403)

    with pytest.raises(ApiError):
        app_list.read_apps(actor=editor, connection=developer_space)

    assert App.objects.filter(listed=True).count() == 8


def test_apps_without_an_answer_in_time_stay_as_they_were(editor, developer_space):
    report = app_list.read_apps(actor=editor, connection=developer_space, budget=0)

    assert report.unread > 0
    assert "did not answer in time" in report.sentence


def test_a_version_that_did_not_change_is_kept_once(editor, board):
    app_list.read_app(actor=editor, app=board)
    first = Snapshot.objects.get(owner=board.owner_id)

    app_list.read_app(actor=editor, app=board)

    again = Snapshot.objects.get(owner=board.owner_id)
    assert again.pk == first.pk
    assert again.seen_at > first.seen_at


def test_a_snapshot_holds_the_exact_text_and_what_atlassian_says_of_it(editor, diagrams, marketplace):
    app_list.read_app(actor=editor, app=diagrams)

    diagrams.refresh_from_db()
    assert marketplace.content(diagrams, "live").rstrip()[:-1] in diagrams.live.text
    assert diagrams.live.form_status == "APPROVED"
    assert diagrams.live.remote_changed_at is not None


def test_an_app_that_is_gone_from_the_list_is_marked_and_kept(editor, developer_space, sandbox):
    app_list.read_apps(actor=editor, connection=developer_space)
    with sandbox.write() as db:
        db.execute("DELETE FROM apps WHERE name = 'Status Board'")

    app_list.read_apps(actor=editor, connection=developer_space)

    assert not App.objects.get(name="Status Board").listed
    assert "Status Board" not in [row.app.name for row in app_rows(connection=developer_space)]


def test_an_account_without_draft_access_sees_live_and_that_drafts_are_hidden(alice, grant, developer_space_as_editor):
    grant(alice, developer_space_as_editor, "privacy_editor")

    app_list.read_apps(actor=Actor.of(alice), connection=developer_space_as_editor)

    app = App.objects.get(name="Diagrams for Confluence")
    assert (app.live_state, app.draft_state, app.read_error) == ("present", "hidden", "")
    with pytest.raises(refusals.NotEditable, match="may not read the draft"):
        working_copy.open_working_copy(actor=Actor.of(alice), app=app)


def test_reading_moves_an_untouched_working_copy_on_and_leaves_a_changed_one(editor, diagrams, marketplace):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    marketplace.act(diagrams, "edit_draft", value="new@example.com")

    app_list.read_app(actor=editor, app=diagrams)

    working = WorkingCopy.objects.get(owner=diagrams.owner_id)
    assert "new@example.com" in working.text
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="mine@example.com")
    marketplace.act(diagrams, "edit_draft", value="newer@example.com")
    app_list.read_app(actor=editor, app=diagrams)
    working.refresh_from_db()
    assert "mine@example.com" in working.text


def test_checks_are_counted_for_the_list(editor, diagrams, developer_space):
    app_list.read_app(actor=editor, app=diagrams)
    before = app_rows(connection=developer_space)[0].errors

    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="not an address")

    assert app_rows(connection=developer_space)[0].errors == before + 1


def test_a_late_answer_does_not_overwrite_a_newer_one(editor, diagrams, marketplace):
    client = clients.marketplace(diagrams.connection)
    early = readings.fetch(client=client, app=diagrams)
    marketplace.act(diagrams, "edit_draft", value="new@example.com")
    app = app_list.read_app(actor=editor, app=diagrams)

    app = readings.store(app=app, remote=early, actor=editor)

    assert "new@example.com" in app.draft.text
