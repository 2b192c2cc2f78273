"""Saving to Marketplace: whole, read back, and never over somebody else's change unseen."""

import pytest
from django.core.exceptions import PermissionDenied

from portal.access import Actor
from portal.atlassian.errors import ApiError, Limited, Refused, Unavailable
from portal.connections import clients
from portal.models import AuditEntry, Pause
from privacy import refusals
from privacy.document import catalogue
from privacy.drafts import answering, conflicts, edit_log, working_copy
from privacy.drafts.edit_audit import row_hash
from privacy.marketplace import app_list, discarding, saving, write_lease
from privacy.models import App, Edit, Snapshot, WorkingCopy
from sandbox import faults
from tests.conftest import make_connection
from tests.privacy.marketplace import CONTACT, DISCARD, DRAFT, POLICIES, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def edited(editor, diagrams) -> App:
    """Diagrams with an answer that is not saved yet."""
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    return diagrams


def contact(marketplace, app, version="draft") -> str:
    return marketplace.value(app, version)["security"]["securityContact"]


# --- saving -----------------------------------------------------------------------------------------------------------


def test_it_saves_and_says_what_was_read_back(editor, edited, marketplace):
    saved = saving.save_to_marketplace(actor=editor, app=edited)

    assert contact(marketplace, edited) == "trust@example.com"
    assert saved.changes == 1
    assert "was read back: 1 answer differs" in saved.sentence
    working = WorkingCopy.objects.get(owner=edited.owner_id)
    assert working.base == saved.app.draft
    assert not working.is_changed


def test_saving_puts_the_answers_and_the_changes_on_record(editor, edited):
    saving.save_to_marketplace(actor=editor, app=edited)

    started, done = AuditEntry.objects.filter(action="draft.save").order_by("sequence")
    assert (started.outcome, done.outcome) == ("started", "done")
    edit, sent = Edit.objects.get(), Snapshot.objects.get(owner=edited.owner_id, source="saved")
    question = catalogue.field(CONTACT).question
    kept = [{"id": edit.pk, "question": question, "by": "alice@example.com", "sha256": row_hash(edit)}]
    assert done.after == {"content": sent.content_hash, "version": sent.pk, "edits": kept}
    assert Snapshot.objects.get(pk=done.before["version"]).content_hash == done.before["content"]
    assert AuditEntry.objects.get(action="draft.edit").after == {"edits": kept}
    assert edit.saved_hash == sent.content_hash
    assert "trust@example.com" not in f"{done.before}{done.after}"


def test_it_refuses_a_person_without_the_right(reviewer, edited, marketplace):
    with pytest.raises(PermissionDenied):
        saving.save_to_marketplace(actor=reviewer, app=edited)

    assert marketplace.calls(DRAFT) == 0


def test_there_is_nothing_to_save_without_a_working_copy(editor, diagrams):
    with pytest.raises(refusals.NotEditable, match="nothing to save"):
        saving.save_to_marketplace(actor=editor, app=diagrams)


def test_the_first_save_of_an_app_with_only_live_makes_the_draft(editor, board, marketplace):
    working_copy.open_working_copy(actor=editor, app=board)
    answering.answer(actor=editor, app=board, pointer=CONTACT, raw="trust@example.com")

    saving.save_to_marketplace(actor=editor, app=board)

    assert contact(marketplace, board) == "trust@example.com"
    assert contact(marketplace, board, "live") == "security@vendor.example.com"


def test_a_new_app_gets_its_first_draft(editor, app_of, marketplace):
    app = app_of("Page Clock")
    working_copy.open_working_copy(actor=editor, app=app, vocabulary="questionnaire")
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")

    saving.save_to_marketplace(actor=editor, app=app)

    assert marketplace.value(app, "draft") == {"security": {"securityContact": "trust@example.com"}}


def test_errors_of_the_checks_do_not_keep_anybody_from_saving(editor, diagrams, marketplace):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="not an address")

    saving.save_to_marketplace(actor=editor, app=diagrams)

    assert contact(marketplace, diagrams) == "not an address"


# --- the draft moved meanwhile ----------------------------------------------------------------------------------------


def test_a_draft_that_a_stranger_changed_is_not_overwritten_but_compared(editor, edited, marketplace):
    marketplace.act(edited, "edit_draft", value="stranger@example.com")

    with pytest.raises(refusals.MovedMeanwhile) as caught:
        saving.save_to_marketplace(actor=editor, app=edited)

    moved = caught.value
    assert "changed at Atlassian meanwhile by stranger@example.com" in str(moved)
    (row,) = moved.three_way.conflicts
    assert (row.pointer, row.base, row.mine, row.theirs) == (
        CONTACT,
        "security@vendor.example.com",
        "trust@example.com",
        "stranger@example.com",
    )
    assert contact(marketplace, edited) == "stranger@example.com"
    assert "trust@example.com" in WorkingCopy.objects.get(owner=edited.owner_id).text
    assert conflicts.is_overtaken(App.objects.get(pk=edited.pk))


@pytest.mark.parametrize(("choice", "result"), [("mine", "trust@example.com"), ("theirs", "stranger@example.com")])
def test_the_decision_of_the_person_is_what_is_saved(choice, result, editor, edited, marketplace):
    marketplace.act(edited, "edit_draft", value="stranger@example.com")
    marketplace.act(edited, "edit_draft", at="/newQuestion", value=["theirs alone"])
    with pytest.raises(refusals.MovedMeanwhile) as caught:
        saving.save_to_marketplace(actor=editor, app=edited)

    saving.save_to_marketplace(
        actor=editor, app=edited, decisions={CONTACT: choice}, decided_on=caught.value.decided_on
    )

    assert contact(marketplace, edited) == result
    assert marketplace.value(edited, "draft")["newQuestion"] == ["theirs alone"]
    mine = Snapshot.objects.get(owner=edited.owner_id, source=Snapshot.Source.WORKING)
    assert "trust@example.com" in mine.text


def test_a_conflict_without_a_decision_is_asked_again(editor, edited, marketplace):
    marketplace.act(edited, "edit_draft", value="stranger@example.com")
    with pytest.raises(refusals.MovedMeanwhile) as caught:
        saving.save_to_marketplace(actor=editor, app=edited)

    with pytest.raises(refusals.MovedMeanwhile) as again:
        saving.save_to_marketplace(actor=editor, app=edited, decisions={}, decided_on=caught.value.decided_on)

    assert again.value.undecided == (CONTACT,)
    assert contact(marketplace, edited) == "stranger@example.com"


def test_decisions_on_a_draft_that_moved_once_more_are_asked_again(editor, edited, marketplace):
    marketplace.act(edited, "edit_draft", value="stranger@example.com")
    with pytest.raises(refusals.MovedMeanwhile) as caught:
        saving.save_to_marketplace(actor=editor, app=edited)
    marketplace.act(edited, "edit_draft", value="again@example.com")

    with pytest.raises(refusals.MovedMeanwhile, match="once more"):
        saving.save_to_marketplace(
            actor=editor, app=edited, decisions={CONTACT: "mine"}, decided_on=caught.value.decided_on
        )

    assert contact(marketplace, edited) == "again@example.com"


@pytest.fixture
def colleague(bob, developer_space, grant) -> Actor:
    """Bob, who edits too."""
    grant(bob, developer_space, "privacy_editor")
    return Actor.of(bob)


def moved_under(editor, app, marketplace) -> refusals.MovedMeanwhile:
    """A stranger changed the same answer, and Alice is asked which it shall be."""
    marketplace.act(app, "edit_draft", value="stranger@example.com")
    with pytest.raises(refusals.MovedMeanwhile) as caught:
        saving.save_to_marketplace(actor=editor, app=app)
    return caught.value


def test_decisions_do_not_run_over_an_answer_that_a_colleague_gave_meanwhile(editor, colleague, edited, marketplace):
    seen = moved_under(editor, edited, marketplace)
    answering.answer(actor=colleague, app=edited, pointer=CONTACT, raw="colleague@example.com")

    with pytest.raises(refusals.MovedMeanwhile, match="once more") as again:
        saving.save_to_marketplace(actor=editor, app=edited, decisions={CONTACT: "theirs"}, decided_on=seen.decided_on)

    assert again.value.three_way.conflicts[0].mine == "colleague@example.com"
    assert "colleague@example.com" in WorkingCopy.objects.get(owner=edited.owner_id).text
    assert marketplace.calls(DRAFT) == 0


def test_decisions_on_two_sides_that_somebody_brought_together_already_are_not_dropped_unsaid(
    editor, colleague, edited, marketplace
):
    seen = moved_under(editor, edited, marketplace)
    saving.save_to_marketplace(actor=colleague, app=edited, decisions={CONTACT: "mine"}, decided_on=seen.decided_on)

    with pytest.raises(refusals.NotEditable, match="your decisions were not used"):
        saving.save_to_marketplace(actor=editor, app=edited, decisions={CONTACT: "theirs"}, decided_on=seen.decided_on)

    assert contact(marketplace, edited) == "trust@example.com"


def test_an_answer_that_was_decided_against_is_not_on_record_as_saved(editor, colleague, edited, marketplace):
    answering.answer(actor=colleague, app=edited, pointer=POLICIES, raw="https://example.com/p")
    seen = moved_under(colleague, edited, marketplace)

    saving.save_to_marketplace(actor=colleague, app=edited, decisions={CONTACT: "theirs"}, decided_on=seen.decided_on)

    overruled = Edit.objects.get(pointer=CONTACT, author=editor.user)
    assert (overruled.dropped, overruled.saved_hash) == (True, "")
    carried = AuditEntry.objects.get(action="draft.edit").after["edits"]
    rows = Edit.objects.in_bulk([item["id"] for item in carried])
    assert [(rows[item["id"]].pointer, edit_log.patch_of(rows[item["id"]])["now"], item["by"]) for item in carried] == [
        (POLICIES, "https://example.com/p", "bob@example.com"),
        (CONTACT, "stranger@example.com", "bob@example.com"),
    ]


def test_a_change_at_atlassian_that_was_decided_against_is_on_record(editor, edited, marketplace):
    marketplace.act(edited, "edit_draft", at="/newQuestion", value="theirs")
    with pytest.raises(refusals.MovedMeanwhile) as caught:
        saving.save_to_marketplace(actor=editor, app=edited)

    saving.save_to_marketplace(
        actor=editor,
        app=edited,
        decisions={"/commonCloud/newQuestion": "mine"},
        decided_on=caught.value.decided_on,
    )

    assert "newQuestion" not in marketplace.value(edited, "draft")
    edit = Edit.objects.get(pointer="/commonCloud/newQuestion")
    assert (edit.author, edit_log.patch_of(edit)) == (editor.user, {"was": "theirs"})


def test_live_that_moved_counts_where_the_work_started_from_live(editor, board, marketplace):
    working_copy.open_working_copy(actor=editor, app=board)
    answering.answer(actor=editor, app=board, pointer=CONTACT, raw="trust@example.com")
    marketplace.act(board, "edit_live", at="/security/publicSecurityPoliciesLink", value="https://example.com/p")

    with pytest.raises(refusals.MovedMeanwhile, match="live version") as caught:
        saving.save_to_marketplace(actor=editor, app=board)

    assert [row.pointer for row in caught.value.three_way.merged] == [CONTACT, POLICIES]
    saving.save_to_marketplace(actor=editor, app=board, decisions={}, decided_on=caught.value.decided_on)
    assert contact(marketplace, board) == "trust@example.com"
    assert marketplace.value(board, "draft")["security"]["publicSecurityPoliciesLink"] == "https://example.com/p"


def test_a_draft_that_was_discarded_elsewhere_is_not_made_again_unasked(editor, edited, marketplace):
    marketplace.act(edited, "discard_draft")

    with pytest.raises(refusals.MovedMeanwhile, match="discarded or published meanwhile") as caught:
        saving.save_to_marketplace(actor=editor, app=edited)

    assert caught.value.discarded
    assert marketplace.content(edited, "draft") is None


def test_a_draft_that_was_published_elsewhere_unchanged_is_no_conflict(editor, edited, marketplace):
    marketplace.act(edited, "publish")

    saving.save_to_marketplace(actor=editor, app=edited)

    assert contact(marketplace, edited) == "trust@example.com"


def test_a_draft_that_somebody_made_exactly_so_is_no_conflict(editor, edited, marketplace):
    marketplace.act(edited, "edit_draft", value="trust@example.com")

    saving.save_to_marketplace(actor=editor, app=edited)

    assert contact(marketplace, edited) == "trust@example.com"


# --- when the call fails ----------------------------------------------------------------------------------------------


def kept(app) -> bool:
    return "trust@example.com" in WorkingCopy.objects.get(owner=app.owner_id).text


def test_a_lost_answer_to_the_save_is_settled_by_reading(editor, edited, marketplace, sandbox):
    faults.lost_answer(sandbox, call=DRAFT, times=1)

    saved = saving.save_to_marketplace(actor=editor, app=edited)

    assert "answer was lost" in saved.sentence
    assert contact(marketplace, edited) == "trust@example.com"
    assert AuditEntry.objects.filter(action="draft.save", outcome="done").exists()


@pytest.fixture
def tried_twice(settings, sandbox) -> None:
    """The answer to the first try of a save is lost, and there is time for a second one."""
    settings.UPSTREAM_PATIENCE_WEB = 5
    faults.lost_answer(sandbox, call=DRAFT, times=1)


def test_a_lost_answer_is_settled_by_reading_though_the_second_try_was_refused(
    tried_twice, editor, edited, marketplace, sandbox
):
    faults.refuse(sandbox, call=DRAFT, skip=1, times=1)

    saved = saving.save_to_marketplace(actor=editor, app=edited)

    assert "answer was lost" in saved.sentence
    assert contact(marketplace, edited) == "trust@example.com"
    outcomes = AuditEntry.objects.filter(action="draft.save").order_by("sequence").values_list("outcome", flat=True)
    assert list(outcomes) == ["started", "done"]


def test_a_lost_answer_is_not_called_a_refusal_when_the_second_try_has_to_wait(
    tried_twice, editor, edited, marketplace, sandbox
):
    faults.rate_limit(sandbox, call=DRAFT, skip=1, times=1, retry_after=60)

    with pytest.raises(refusals.NotKnown, match="The answer to the save was lost"):
        saving.save_to_marketplace(actor=editor, app=edited)

    assert contact(marketplace, edited) == "trust@example.com"
    assert AuditEntry.objects.filter(action="draft.save").first().outcome == "unknown"
    Pause.objects.all().delete()
    clients.forget_sessions()
    app = app_list.read_app(actor=editor, app=edited)
    assert app.draft.content_hash == WorkingCopy.objects.get(owner=edited.owner_id).content_hash


@pytest.mark.parametrize(
    ("break_it", "error"),
    [
        (faults.reset_connection, Unavailable),
        (faults.server_error, Unavailable),
        (faults.html_answer, ApiError),
        (faults.rate_limit, Limited),
        (faults.refuse, Refused),
    ],
)
def test_a_save_that_failed_leaves_everything_as_it_was(break_it, error, editor, edited, marketplace, sandbox):
    break_it(sandbox, call=DRAFT)

    with pytest.raises(error):
        saving.save_to_marketplace(actor=editor, app=edited)

    assert contact(marketplace, edited) == "security@vendor.example.com"
    assert kept(edited)
    assert not Snapshot.objects.filter(source=Snapshot.Source.SAVED).exists()
    assert AuditEntry.objects.filter(action="draft.save").first().outcome in ("failed", "refused", "unknown")
    faults.clear(sandbox)
    Pause.objects.all().delete()
    clients.forget_sessions()
    saving.save_to_marketplace(actor=editor, app=edited)
    assert contact(marketplace, edited) == "trust@example.com"


def test_a_save_that_cannot_be_read_back_is_said_to_be_unknown(editor, edited, marketplace):
    marketplace.unreadable_after(2)

    with pytest.raises(refusals.NotKnown, match="could not be read afterwards"):
        saving.save_to_marketplace(actor=editor, app=edited)

    assert kept(edited)
    assert AuditEntry.objects.filter(action="draft.save").first().outcome == "unknown"


def test_a_draft_that_reads_back_differently_is_said_and_both_are_kept(editor, edited, marketplace):
    marketplace.meanwhile(edited, "edit_draft", before=READ, nth=4, value="stranger@example.com")

    with pytest.raises(refusals.NotAsSent, match="differs in 1 place") as caught:
        saving.save_to_marketplace(actor=editor, app=edited)

    assert "trust@example.com" in caught.value.sent.text
    assert "stranger@example.com" in caught.value.read.text
    assert kept(edited)


def test_a_save_that_cannot_look_first_sends_nothing(editor, edited, marketplace, sandbox):
    faults.server_error(sandbox, call=READ)

    with pytest.raises(Unavailable):
        saving.save_to_marketplace(actor=editor, app=edited)

    assert marketplace.calls(DRAFT) == 0


def test_two_who_write_at_once_do_so_one_after_the_other(editor, dora, edited, marketplace):
    with (
        write_lease.writing(dora, edited, "publishing"),
        pytest.raises(refusals.Busy, match="dora@example.com is publishing"),
    ):
        saving.save_to_marketplace(actor=editor, app=edited)

    assert marketplace.calls(DRAFT) == 0
    saving.save_to_marketplace(actor=editor, app=edited)


def test_two_who_write_through_two_connections_do_so_one_after_the_other(editor, dora, edited, marketplace):
    second = make_connection("Second account", kind="marketplace", url=edited.connection.url)
    there = App.objects.create(connection=second, product_id=edited.product_id, name=edited.name, app_key="x")

    with (
        write_lease.writing(dora, there, "publishing"),
        pytest.raises(refusals.Busy, match="dora@example.com is publishing"),
    ):
        saving.save_to_marketplace(actor=editor, app=edited)

    assert marketplace.calls(DRAFT) == 0
    saving.save_to_marketplace(actor=editor, app=edited)


# --- discarding -------------------------------------------------------------------------------------------------------


def test_a_discarded_draft_is_kept_and_can_be_restored(editor, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"security": {"securityContact": "old@example.com"}, "odd": 1.0}')

    version = discarding.discard_draft(actor=editor, app=diagrams)

    assert marketplace.content(diagrams, "draft") is None
    assert version.source == Snapshot.Source.DISCARDED
    working_copy.restore(actor=editor, app=diagrams, snapshot=version)
    saving.save_to_marketplace(actor=editor, app=diagrams)
    assert marketplace.content(diagrams, "draft") == '{"security":{"securityContact":"old@example.com"},"odd":1.0}'


def test_discarding_refuses_a_person_without_the_right(reviewer, diagrams, marketplace):
    with pytest.raises(PermissionDenied):
        discarding.discard_draft(actor=reviewer, app=diagrams)

    assert marketplace.content(diagrams, "draft") is not None


def test_there_is_nothing_to_discard_without_a_draft(editor, board):
    with pytest.raises(refusals.NotEditable, match="nothing to discard"):
        discarding.discard_draft(actor=editor, app=board)


def test_a_lost_answer_to_the_discard_is_settled_by_reading(editor, diagrams, marketplace, sandbox):
    faults.lost_answer(sandbox, call=DISCARD, times=1)

    discarding.discard_draft(actor=editor, app=diagrams)

    assert marketplace.content(diagrams, "draft") is None
    assert AuditEntry.objects.filter(action="draft.discard", outcome="done").exists()


def test_a_discard_that_failed_says_so_and_the_draft_is_there(editor, diagrams, marketplace, sandbox):
    faults.server_error(sandbox, call=DISCARD)

    with pytest.raises(Unavailable):
        discarding.discard_draft(actor=editor, app=diagrams)

    assert marketplace.content(diagrams, "draft") is not None
    assert AuditEntry.objects.filter(action="draft.discard").first().outcome == "failed"


def test_a_draft_that_somebody_discarded_first_counts_as_discarded(editor, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "discard_draft", before=DISCARD)

    discarding.discard_draft(actor=editor, app=diagrams)

    assert marketplace.content(diagrams, "draft") is None


# --- pushing a file ---------------------------------------------------------------------------------------------------


def test_a_pushed_text_goes_out_as_it_is(editor, diagrams, marketplace):
    text = '{"commonCloud": {"z": 1.0, "a": [1e400, null], "security": {"securityContact": "a@example.com"}}}'

    saving.push_document(actor=editor, app=diagrams, text=text)

    assert marketplace.content(diagrams, "draft") == (
        '{"z":1.0,"a":[1e400,null],"security":{"securityContact":"a@example.com"}}'
    )


def test_a_push_keeps_ones_own_working_copy_as_a_version(editor, edited, marketplace):
    saving.push_document(actor=editor, app=edited, text='{"commonCloud": {}}')

    assert marketplace.content(edited, "draft") == "{}"
    assert "trust@example.com" in Snapshot.objects.get(source=Snapshot.Source.WORKING).text


def test_a_push_does_not_run_over_the_working_copy_of_somebody_else(operator, edited, marketplace):
    with pytest.raises(refusals.NotEditable, match="working copy with changes by alice@example.com"):
        saving.push_document(actor=operator, app=edited, text='{"commonCloud": {}}')

    assert kept(edited)
    assert marketplace.calls(DRAFT) == 0
