"""Sign-off: another person agrees to the exact content that both saw; it lapses when, and only when, that changes."""

import pytest
from django.core.exceptions import PermissionDenied

from portal.access import Actor
from portal.atlassian import strictjson
from portal.atlassian.errors import Unavailable
from portal.connections import changes
from portal.models import AuditEntry
from privacy import refusals
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list, discarding, saving
from privacy.models import App, Review
from privacy.reviews import approvals
from privacy.reviews.status import newest_review
from privacy.views.app_rows import app_rows
from sandbox import faults
from tests.privacy.marketplace import CONTACT, POLICIES, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def review(editor, diagrams, prepare) -> Review:
    """Alice changed the contact, saved, and asked."""

    def edit_and_ask() -> None:
        working_copy.open_working_copy(actor=editor, app=diagrams)
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
        saving.save_to_marketplace(actor=editor, app=diagrams)
        approvals.request_approval(actor=editor, app=diagrams, note="Only the contact is new.")

    prepare("requested approval", edit_and_ask)
    diagrams.refresh_from_db()
    return Review.objects.select_related("owner__app__connection").get()


def state(app: App) -> str:
    return app_rows(connection=app.connection, query=app.product_id)[0].signoff.state


def test_asking_binds_the_request_to_the_exact_draft(review, diagrams):
    diagrams.refresh_from_db()

    assert review.content_hash == diagrams.draft.content_hash
    assert review.live_hash == diagrams.live.content_hash
    assert review.note == "Only the contact is new."
    assert state(diagrams) == "waiting"
    assert AuditEntry.objects.get(action="review.ask").after["authors"] == [
        "alice@example.com",
        "publisher@example.com",
    ]


def test_asking_refuses_a_person_without_the_right(reviewer, diagrams):
    with pytest.raises(PermissionDenied):
        approvals.request_approval(actor=reviewer, app=diagrams)

    assert not Review.objects.exists()


def test_another_person_approves(review, reviewer, diagrams):
    verdict = approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    assert (verdict.kind, verdict.role) == ("approve", "privacy_reviewer")
    assert state(diagrams) == "signed_off"
    entry = AuditEntry.objects.get(action="review.approve")
    assert entry.after["content"] == review.content_hash


def test_an_approval_may_carry_a_comment(review, reviewer, diagrams):
    verdict = approvals.approve(actor=reviewer, review=review, expected=review.content_hash, comment="Good.")

    assert (verdict.kind, verdict.comment) == ("comment", "Good.")
    assert state(diagrams) == "signed_off"


def test_approving_refuses_a_person_without_the_right(review, publisher, diagrams):
    with pytest.raises(PermissionDenied, match="sign off drafts"):
        approvals.approve(actor=publisher, review=review, expected=review.content_hash)

    assert state(diagrams) == "waiting"


def test_the_author_cannot_approve(review, editor, grant, diagrams):
    grant(editor.user, diagrams.connection, "privacy_reviewer")

    with pytest.raises(refusals.SignOffRefused, match="Somebody else has to approve it"):
        approvals.approve(actor=editor, review=review, expected=review.content_hash)

    assert state(diagrams) == "waiting"


def test_who_wrote_part_of_it_cannot_approve_though_another_saved_and_asked(editor, bob, grant, diagrams):
    grant(bob, diagrams.connection, "privacy_editor", "privacy_reviewer")
    writer = Actor.of(bob)
    working_copy.open_working_copy(actor=writer, app=diagrams)
    answering.answer(actor=writer, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)

    with pytest.raises(refusals.SignOffRefused, match="You changed this app"):
        approvals.approve(actor=writer, review=review, expected=review.content_hash)


def test_who_wrote_a_version_cannot_approve_it_after_another_restored_it(editor, bob, grant, diagrams):
    grant(bob, diagrams.connection, "privacy_editor", "privacy_reviewer")
    writer = Actor.of(bob)
    working_copy.open_working_copy(actor=writer, app=diagrams)
    answering.answer(actor=writer, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    version = working_copy.reset_working_copy(actor=writer, app=diagrams)
    working_copy.restore(actor=editor, app=diagrams, snapshot=version)
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)

    assert approvals.why_not_approve(writer, review).startswith("You changed this app")


def test_who_took_their_answer_back_before_it_was_saved_counts_as_an_author_all_the_same(editor, bob, grant, diagrams):
    grant(bob, diagrams.connection, "privacy_editor", "privacy_reviewer")
    visitor = Actor.of(bob)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    edit = answering.answer(actor=visitor, app=diagrams, pointer=POLICIES, raw="https://example.com/x").edit
    answering.undo(actor=visitor, app=diagrams, edit=edit)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)

    assert approvals.why_not_approve(visitor, review).startswith("You changed this app")


def test_the_operator_at_the_command_line_cannot_approve(review, operator):
    with pytest.raises(PermissionDenied):
        approvals.approve(actor=operator, review=review, expected=review.content_hash)


def test_asking_for_changes_needs_a_comment_and_keeps_it(review, reviewer, diagrams):
    with pytest.raises(refusals.SignOffRefused, match="Say in the comment"):
        approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="  ")

    approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="Name the team.")

    assert state(diagrams) == "changes_asked"
    assert newest_review(diagrams).verdicts.get().comment == "Name the team."


def test_changes_may_still_be_asked_for_after_an_approval(review, reviewer, diagrams):
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="Wait.")

    assert state(diagrams) == "changes_asked"


def test_after_changes_were_asked_for_sign_off_is_asked_for_again(review, reviewer, editor, diagrams):
    approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="Name the team.")
    with pytest.raises(refusals.SignOffRefused, match="Changes were requested already"):
        approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    again = approvals.request_approval(actor=editor, app=diagrams)

    assert state(diagrams) == "waiting"
    assert again.pk != review.pk


def test_an_approval_lapses_when_a_later_change_is_saved(review, reviewer, editor, diagrams):
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")
    assert state(diagrams) == "signed_off"

    saving.save_to_marketplace(actor=editor, app=diagrams)

    assert state(diagrams) == "lapsed"
    assert AuditEntry.objects.filter(action="review.lapse").count() == 1


def test_an_approval_lapses_when_a_stranger_changed_the_draft(review, reviewer, editor, diagrams, marketplace):
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    marketplace.act(diagrams, "edit_draft", value="stranger@example.com")

    app_list.read_app(actor=editor, app=diagrams)

    assert state(diagrams) == "lapsed"


def test_an_approval_outlives_the_same_content_written_again(review, reviewer, editor, diagrams, marketplace):
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    tree = marketplace.value(diagrams, "draft")
    marketplace.put(diagrams, "draft", strictjson.dumps(dict(reversed(tree.items())), indent=3))

    app_list.read_app(actor=editor, app=diagrams)

    assert state(diagrams) == "signed_off"


def test_an_approval_lapses_with_the_draft(review, reviewer, editor, diagrams):
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    discarding.discard_draft(actor=editor, app=diagrams)

    review.refresh_from_db()
    assert review.state == Review.State.LAPSED
    assert "discarded or published" in review.closed_because
    assert state(diagrams) == "none"


def test_a_draft_that_moved_since_the_reviewer_looked_is_not_approved(review, reviewer, diagrams, marketplace):
    marketplace.act(diagrams, "edit_draft", value="stranger@example.com")

    with pytest.raises(refusals.SignOffRefused, match="changed at Atlassian by stranger@example.com"):
        approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    assert state(diagrams) == "lapsed"
    assert not review.verdicts.exists()


def test_what_the_reviewer_had_on_the_screen_has_to_be_what_is_asked_for(review, reviewer, diagrams):
    with pytest.raises(refusals.SignOffRefused, match="is not the one that approval was requested for"):
        approvals.approve(actor=reviewer, review=review, expected="0" * 64)

    assert state(diagrams) == "waiting"


def test_nothing_is_decided_when_the_draft_cannot_be_read(review, reviewer, diagrams, sandbox):
    faults.server_error(sandbox, call=READ)

    with pytest.raises(Unavailable):
        approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    assert state(diagrams) == "waiting"


def test_a_request_can_be_withdrawn(review, editor, diagrams):
    approvals.withdraw_request(actor=editor, review=review)

    assert state(diagrams) == "none"
    with pytest.raises(refusals.SignOffRefused, match="nothing to withdraw"):
        approvals.withdraw_request(actor=editor, review=review)


def test_withdrawing_refuses_a_person_without_the_right(review, reviewer, diagrams):
    with pytest.raises(PermissionDenied):
        approvals.withdraw_request(actor=reviewer, review=review)

    assert state(diagrams) == "waiting"


def test_sign_off_is_asked_for_once(review, editor, diagrams):
    with pytest.raises(refusals.SignOffRefused, match="requested approval of this content already"):
        approvals.request_approval(actor=editor, app=diagrams)


def test_a_working_copy_that_is_not_saved_has_to_be_saved_first(editor, diagrams):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")

    with pytest.raises(refusals.SignOffRefused, match="not in the draft"):
        approvals.request_approval(actor=editor, app=diagrams)


def test_there_has_to_be_a_draft_that_differs_from_live(editor, board):
    with pytest.raises(refusals.SignOffRefused, match="no draft"):
        approvals.request_approval(actor=editor, app=board)

    working_copy.open_working_copy(actor=editor, app=board)
    saving.save_to_marketplace(actor=editor, app=board)
    with pytest.raises(refusals.SignOffRefused, match="nothing to approve"):
        approvals.request_approval(actor=editor, app=board)


def test_live_that_moved_after_the_approval_is_shown_and_asking_again_is_possible(
    review, reviewer, editor, diagrams, marketplace
):
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    marketplace.act(diagrams, "edit_live", value="live@example.com")
    app_list.read_app(actor=editor, app=diagrams)

    row = app_rows(connection=diagrams.connection, query=diagrams.product_id)[0]
    assert (row.signoff.state, row.signoff.live_moved) == ("signed_off", True)
    approvals.request_approval(actor=editor, app=diagrams)
    assert state(diagrams) == "waiting"


def test_a_connection_with_reviews_can_be_removed(review, developer_space):
    changes.remove(actor=Actor.command_line(), connection=developer_space)

    assert not Review.objects.exists()


def test_an_approval_outlives_a_number_that_only_the_server_writes_in_another_way(
    editor, reviewer, diagrams, marketplace
):
    marketplace.put(diagrams, "draft", '{"odd": 90.0}')
    app_list.read_app(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    marketplace.put(diagrams, "draft", '{"odd": 90}')

    app_list.read_app(actor=editor, app=diagrams)

    assert state(diagrams) == "signed_off"


def test_an_approval_lapses_when_a_person_writes_a_number_in_another_way(editor, reviewer, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"odd": 90.0}')
    app_list.read_app(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    marketplace.put(diagrams, "draft", '{"odd": 90}', now=2.0)

    app_list.read_app(actor=editor, app=diagrams)

    assert state(diagrams) == "lapsed"
