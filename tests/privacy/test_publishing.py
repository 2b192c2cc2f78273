"""Publishing: only what was approved, called once, and live is read back before anything is said to be done."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection as database
from django.utils import timezone

from portal import access
from portal.access import Actor
from portal.atlassian.errors import ApiError, Refused, Unavailable
from portal.models import AuditEntry, User
from privacy import refusals
from privacy.app_lookup import find_app
from privacy.document.document import Document
from privacy.drafts import answering, working_copy
from privacy.drafts.snapshots import create_snapshot
from privacy.home import home_part
from privacy.marketplace import app_list, publish_outcome, saving
from privacy.models import App, PublishAttempt, Review, Snapshot
from privacy.reviews import approvals, publishing
from privacy.views.app_context import AppContext
from privacy.views.app_rows import app_rows
from privacy.views.versions import find_version
from sandbox import faults
from sandbox.router import deliver_late
from tests.privacy.marketplace import CONTACT, DRAFT, PUBLISH, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def review(editor, reviewer, diagrams, prepare) -> Review:
    """A draft that Alice wrote and Bob approved."""

    def edit_and_approve() -> None:
        working_copy.open_working_copy(actor=editor, app=diagrams)
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
        saving.save_to_marketplace(actor=editor, app=diagrams)
        review = approvals.request_approval(actor=editor, app=diagrams)
        approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    prepare("approved draft", edit_and_approve)
    diagrams.refresh_from_db()
    return Review.objects.select_related("owner__app__connection").get()


def contact(marketplace, app) -> str:
    return marketplace.value(app, "live")["security"]["securityContact"]


def state_of(review) -> str:
    return Review.objects.get(pk=review.pk).state


def attempt_of(review) -> PublishAttempt:
    return PublishAttempt.objects.filter(review=review).first()


def find(app) -> App:
    return find_app(connection=app.connection, key=app.product_id)


def alert_of(app) -> str:
    return App.objects.get(pk=app.pk).alert


def test_what_was_signed_off_goes_live_and_is_read_back(review, publisher, diagrams, marketplace):
    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.ok
    assert contact(marketplace, diagrams) == "trust@example.com"
    assert result.live.content_hash == review.content_hash
    assert state_of(review) == "published"
    assert App.objects.get(pk=diagrams.pk).draft_state == "absent"
    assert Snapshot.objects.get(source=Snapshot.Source.PUBLISHED).content_hash == review.content_hash
    entries = AuditEntry.objects.filter(action="draft.publish").order_by("sequence")
    assert [entry.outcome for entry in entries] == ["started", "done"]


def test_a_form_that_atlassian_still_reviews_is_said_to_be_submitted(review, publisher, diagrams, sandbox):
    sandbox.set_setting("review_reads", 5)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert (result.outcome, result.form_status) == ("published", "SUBMITTED")
    assert "SUBMITTED" in result.sentence


def test_a_form_that_is_approved_at_once_needs_no_more_words(review, publisher, diagrams, sandbox):
    sandbox.set_setting("review_reads", 0)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.form_status == "APPROVED"
    assert "still to come" not in result.sentence


def test_it_refuses_a_person_without_the_right(review, editor, diagrams, marketplace):
    with pytest.raises(PermissionDenied, match="publish drafts"):
        publishing.publish(actor=editor, app=diagrams)

    assert marketplace.calls(PUBLISH) == 0


def refused(actor, app, words, marketplace) -> None:
    with pytest.raises(refusals.PublishRefused, match=words):
        publishing.publish(actor=actor, app=app)
    assert marketplace.calls(PUBLISH) == 0


def test_a_draft_without_sign_off_is_not_published(publisher, diagrams, marketplace):
    refused(publisher, diagrams, "not approved", marketplace)


def test_an_app_without_a_draft_is_not_published(publisher, board, marketplace):
    refused(publisher, board, "no draft", marketplace)


def test_a_draft_that_waits_or_was_sent_back_is_not_published(review, reviewer, publisher, diagrams, marketplace):
    approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="Wait.")
    refused(publisher, diagrams, "Changes were requested", marketplace)


def test_a_draft_that_moved_after_the_sign_off_is_not_published(review, publisher, diagrams, marketplace):
    marketplace.act(diagrams, "edit_draft", value="stranger@example.com")

    words = "not approved.* changed at Atlassian by stranger@example.com on .*, after bob@example.com approved it"
    refused(publisher, diagrams, words, marketplace)
    assert state_of(review) == "lapsed"
    page = AppContext(find(diagrams))
    assert "after bob@example.com approved it" in page.signoff.sentence


def test_a_draft_that_moved_between_two_looks_is_not_published(review, publisher, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "edit_draft", before=READ, nth=2, value="stranger@example.com")

    refused(publisher, diagrams, "not approved", marketplace)


def test_a_reading_by_a_machine_with_another_clock_neither_blocks_nor_hides_what_is_there(
    review, publisher, diagrams, marketplace
):
    App.objects.filter(pk=diagrams.pk).update(read_at=timezone.now() + timedelta(hours=1))
    marketplace.act(diagrams, "edit_draft", value="stranger@example.com")

    refused(publisher, diagrams, "not approved", marketplace)


def test_live_that_moved_after_the_sign_off_is_said_and_nothing_is_published(review, publisher, diagrams, marketplace):
    marketplace.act(diagrams, "edit_live", value="live@example.com")

    refused(publisher, diagrams, "Live is not what the reviewers compared", marketplace)
    assert contact(marketplace, diagrams) == "live@example.com"


def approved_before_the_checks_knew_of_it(app) -> Review:
    return Review.objects.create(
        owner_id=app.owner_id,
        snapshot=app.draft,
        content_hash=app.draft.content_hash,
        live_hash=app.live.content_hash,
        state="approved",
        requested_by_label="Alice",
    )


def test_errors_of_the_checks_block_publishing(editor, reviewer, publisher, diagrams, marketplace):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="not an address")
    saved = saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approved_before_the_checks_knew_of_it(saved.app)

    refused(publisher, diagrams, "The checks found 1 error", marketplace)
    assert state_of(review) == "approved"


def test_nothing_is_published_when_draft_and_live_cannot_be_read_first(
    review, publisher, diagrams, sandbox, marketplace
):
    faults.server_error(sandbox, call=READ)

    with pytest.raises(ApiError):
        publishing.publish(actor=publisher, app=diagrams)

    assert marketplace.calls(PUBLISH) == 0
    assert state_of(review) == "approved"


def test_publishing_twice_sends_one_call(review, publisher, diagrams, marketplace):
    publishing.publish(actor=publisher, app=diagrams)

    with pytest.raises(refusals.PublishRefused):
        publishing.publish(actor=publisher, app=diagrams)

    assert marketplace.calls(PUBLISH) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_press_publish_at_once_send_one_call(review, publisher, diagrams, marketplace):
    barrier = threading.Barrier(2)
    ends = []

    def press() -> None:
        barrier.wait()
        try:
            ends.append(publishing.publish(actor=publisher, app=diagrams).outcome)
        except refusals.Refusal as refusal:
            ends.append(type(refusal).__name__)
        finally:
            database.close()

    both = [threading.Thread(target=press) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert marketplace.calls(PUBLISH) == 1
    assert sorted(ends) in (["Busy", "published"], ["PublishRefused", "published"])


# --- when the answer is not what it should be -------------------------------------------------------------------------


@pytest.mark.parametrize("lose_it", [faults.lost_answer, faults.cut_body, faults.broken_body])
def test_a_lost_answer_to_a_publish_that_worked_is_settled_by_reading(
    lose_it, review, publisher, diagrams, sandbox, marketplace
):
    lose_it(sandbox, call=PUBLISH)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.ok
    assert state_of(review) == "published"
    assert marketplace.calls(PUBLISH) == 1


@pytest.mark.parametrize("lose_it", [faults.server_error, faults.html_answer, faults.redirect])
def test_a_publish_that_was_answered_and_did_not_work_is_settled_by_reading_and_the_sign_off_stands(
    lose_it, review, publisher, diagrams, sandbox, marketplace
):
    lose_it(sandbox, call=PUBLISH, times=1)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.outcome == "not_published"
    assert "The approval stands" in result.sentence
    assert state_of(review) == "approved"
    assert attempt_of(review).may_arrive_until is None
    assert marketplace.calls(PUBLISH) <= 1
    assert publishing.publish(actor=publisher, app=diagrams).ok


def test_after_a_refusal_saving_goes_on_at_once(review, editor, publisher, diagrams, sandbox, marketplace):
    faults.server_error(sandbox, call=PUBLISH, status=503, times=1)
    assert publishing.publish(actor=publisher, app=diagrams).outcome == "not_published"
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")

    saving.save_to_marketplace(actor=editor, app=diagrams)

    assert marketplace.value(diagrams, "draft")["security"]["securityContact"] == "other@example.com"


@pytest.mark.parametrize("lose_it", [faults.reset_connection, faults.late_arrival])
def test_a_publish_without_an_answer_is_not_called_not_published_while_it_may_arrive(
    lose_it, review, publisher, diagrams, sandbox, marketplace
):
    lose_it(sandbox, call=PUBLISH, times=1)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.outcome == "pending"
    assert "may still arrive until" in result.sentence
    assert state_of(review) == "publishing"
    app_list.read_app(actor=publisher, app=diagrams)
    assert (state_of(review), attempt_of(review).outcome) == ("publishing", "open")
    refused_again = marketplace.calls(PUBLISH)
    with pytest.raises(refusals.PublishRefused, match="being published already"):
        publishing.publish(actor=publisher, app=diagrams)
    assert marketplace.calls(PUBLISH) == refused_again


def test_a_publish_that_cannot_arrive_any_more_was_not_published(review, reviewer, publisher, diagrams, sandbox):
    faults.reset_connection(sandbox, call=PUBLISH, times=1)
    publishing.publish(actor=publisher, app=diagrams)
    time_passes(review, diagrams)

    app_list.read_app(actor=reviewer, app=diagrams)

    assert (state_of(review), attempt_of(review).outcome) == ("approved", "not_published")
    assert publishing.publish(actor=publisher, app=diagrams).ok


def test_a_call_that_arrives_late_publishes_what_was_approved_and_nothing_else(
    review, editor, reviewer, publisher, diagrams, sandbox, marketplace
):
    faults.late_arrival(sandbox, call=PUBLISH, times=1)
    publishing.publish(actor=publisher, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="unapproved@example.com")
    with pytest.raises(refusals.NotEditable, match="may still arrive"):
        saving.save_to_marketplace(actor=editor, app=diagrams)

    assert [answer.status for answer in deliver_late(sandbox)] == [200]

    assert contact(marketplace, diagrams) == "trust@example.com"
    app_list.read_app(actor=reviewer, app=diagrams)
    assert (state_of(review), attempt_of(review).outcome) == ("published", "live")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    assert contact(marketplace, diagrams) == "trust@example.com"


def test_the_outcome_is_the_doing_of_who_published_whoever_finds_it_out(review, reviewer, publisher, diagrams, sandbox):
    faults.late_arrival(sandbox, call=PUBLISH, times=1)
    publishing.publish(actor=publisher, app=diagrams)
    deliver_late(sandbox)

    app_list.read_app(actor=reviewer, app=diagrams)

    entries = AuditEntry.objects.filter(action="draft.publish").order_by("sequence")
    assert [(entry.outcome, entry.actor_label) for entry in entries] == [
        ("started", publisher.label),
        ("unknown", publisher.label),
        ("done", publisher.label),
    ]
    assert reviewer.label in entries[2].detail
    assert attempt_of(review).settled_by == reviewer.label


@pytest.mark.parametrize("gone", ["removed", "deactivated"])
def test_the_outcome_is_the_doing_of_who_published_also_when_that_account_is_gone(
    gone, review, reviewer, publisher, diagrams, sandbox
):
    faults.late_arrival(sandbox, call=PUBLISH, times=1)
    publishing.publish(actor=publisher, app=diagrams)
    deliver_late(sandbox)
    person = User.objects.filter(pk=publisher.user.pk)
    if gone == "removed":
        person.delete()
    else:
        person.update(is_active=False)

    app_list.read_app(actor=reviewer, app=diagrams)

    entry = AuditEntry.objects.filter(action="draft.publish").latest("sequence")
    assert (entry.outcome, entry.actor_label) == ("done", publisher.label)
    who = publish_outcome.publisher(attempt_of(review))
    assert access.capabilities(who, diagrams.connection) == set()
    assert not who.is_administrator
    assert not access.visible_connections(who).exists()


def test_a_refusal_because_a_stranger_published_the_same_draft_is_settled_by_reading(
    review, publisher, diagrams, marketplace
):
    marketplace.meanwhile(diagrams, "publish", before=PUBLISH)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.ok
    assert (state_of(review), attempt_of(review).answer) == ("published", "refused")
    assert "Atlassian refused the call" in result.sentence


def test_a_refusal_because_the_draft_is_gone_ends_the_approval(review, publisher, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "discard_draft", before=PUBLISH)

    with pytest.raises(Refused, match="no draft"):
        publishing.publish(actor=publisher, app=diagrams)

    assert (state_of(review), attempt_of(review).outcome) == ("lapsed", "not_published")


@pytest.mark.parametrize("status", [400, 403, 409])
def test_a_refusal_of_atlassian_is_passed_on_and_the_sign_off_stands(
    status, review, publisher, diagrams, sandbox, marketplace
):
    faults.refuse(sandbox, call=PUBLISH, status=status, message="The listing is locked")

    with pytest.raises(Refused, match="The listing is locked"):
        publishing.publish(actor=publisher, app=diagrams)

    assert state_of(review) == "approved"
    assert AuditEntry.objects.filter(action="draft.publish").first().outcome == "refused"


def test_a_publish_whose_result_cannot_be_read_raises_an_alert(review, publisher, diagrams, sandbox, marketplace):
    faults.lost_answer(sandbox, call=PUBLISH, times=1)
    marketplace.unreadable_after(2)

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.outcome == "alert"
    assert "unknown whether" in alert_of(diagrams)
    assert AuditEntry.objects.filter(action="draft.publish").first().outcome == "unknown"
    faults.clear(sandbox)
    refused_after = marketplace.calls(PUBLISH)
    with pytest.raises(refusals.PublishRefused):
        publishing.publish(actor=publisher, app=diagrams)
    assert marketplace.calls(PUBLISH) == refused_after


def test_an_alert_ends_when_live_turns_out_to_be_what_was_approved(review, publisher, diagrams, sandbox, marketplace):
    marketplace.unreadable_after(2)
    publishing.publish(actor=publisher, app=diagrams)
    faults.clear(sandbox)

    app_list.read_app(actor=publisher, app=diagrams)

    assert alert_of(diagrams) == ""
    assert state_of(review) == "published"


def time_passes(review, app) -> None:
    """As if the publish call had gone out an hour ago."""
    PublishAttempt.objects.filter(app=app).update(
        sent_at=timezone.now() - timedelta(hours=1), may_arrive_until=timezone.now() - timedelta(minutes=50)
    )


@pytest.fixture
def outage(review, publisher, diagrams, sandbox) -> None:
    """The network failed while Charlie published, and is there again."""
    faults.reset_connection(sandbox, call=PUBLISH, times=1)
    faults.refuse(sandbox, call=READ, skip=2, status=400)
    assert publishing.publish(actor=publisher, app=diagrams).outcome == "alert"
    faults.clear(sandbox)


def test_after_an_outage_the_alert_says_what_was_read_until_the_call_cannot_arrive_any_more(
    outage, review, publisher, diagrams
):
    app_list.read_app(actor=publisher, app=diagrams)

    assert "draft and live have not changed" in alert_of(diagrams)
    assert "could not be read" not in alert_of(diagrams)
    assert state_of(review) == "publishing"


def test_an_outage_while_publishing_costs_no_sign_off(outage, review, publisher, diagrams, marketplace):
    time_passes(review, diagrams)

    app_list.read_app(actor=publisher, app=diagrams)

    assert alert_of(diagrams) == ""
    assert state_of(review) == "approved"
    signoff = app_rows(connection=diagrams.connection, query=diagrams.product_id)[0].signoff
    assert "was not published" in signoff.sentence
    assert publishing.publish(actor=publisher, app=diagrams).ok


def test_an_alert_that_nobody_looks_at_is_settled_by_the_sweep(outage, review, diagrams, marketplace):
    time_passes(review, diagrams)

    assert app_list.sweep_publishing() == 1

    assert alert_of(diagrams) == ""
    assert state_of(review) == "approved"


def test_a_publish_that_atlassian_took_without_any_effect_stays_an_alert(
    review, publisher, diagrams, marketplace, sandbox
):
    draft, live = marketplace.content(diagrams, "draft"), marketplace.content(diagrams, "live")
    faults.refuse(sandbox, call=READ, skip=2, status=400)
    publishing.publish(actor=publisher, app=diagrams)
    faults.clear(sandbox)
    marketplace.put(diagrams, "draft", draft)
    marketplace.put(diagrams, "live", live, form_status="APPROVED")
    time_passes(review, diagrams)

    app_list.read_app(actor=publisher, app=diagrams)

    assert "live is still the version from before, and the draft is still there" in alert_of(diagrams)
    assert state_of(review) == "publishing"


def test_nothing_is_saved_while_a_publish_call_without_an_answer_may_still_arrive(
    review, editor, publisher, diagrams, marketplace, sandbox
):
    faults.reset_connection(sandbox, call=PUBLISH, times=1)
    publishing.publish(actor=publisher, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")

    with pytest.raises(refusals.NotEditable, match="may still arrive"):
        saving.save_to_marketplace(actor=editor, app=diagrams)

    assert marketplace.value(diagrams, "draft")["security"]["securityContact"] == "trust@example.com"
    time_passes(review, diagrams)
    saving.save_to_marketplace(actor=editor, app=diagrams)


@pytest.mark.parametrize("lose_it", [faults.lost_answer, faults.refuse])
def test_saving_goes_on_once_it_is_known_how_the_publish_call_ended(
    lose_it, review, editor, publisher, diagrams, sandbox
):
    lose_it(sandbox, call=PUBLISH, times=1)
    with suppress(Refused):
        publishing.publish(actor=publisher, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")

    saving.save_to_marketplace(actor=editor, app=diagrams)


def unread_publish(publisher, app, sandbox, *, lost: bool) -> None:
    """A publish call that worked, after which live could not be read; then Atlassian answers again."""
    if lost:
        faults.lost_answer(sandbox, call=PUBLISH)
    faults.server_error(sandbox, call=READ, skip=2)
    assert publishing.publish(actor=publisher, app=app).outcome == "alert"
    faults.clear(sandbox)


@pytest.mark.parametrize("lost", [True, False])
def test_saving_goes_on_once_an_alert_ended_because_what_was_approved_is_live(
    lost, review, editor, publisher, diagrams, sandbox, marketplace
):
    unread_publish(publisher, diagrams, sandbox, lost=lost)
    app_list.read_app(actor=publisher, app=diagrams)
    assert state_of(review) == "published"
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")

    saving.save_to_marketplace(actor=editor, app=diagrams)

    assert marketplace.value(diagrams, "draft")["security"]["securityContact"] == "other@example.com"


@pytest.mark.parametrize("by", ["a stranger", "a draft that is still there"])
def test_live_that_somebody_else_published_does_not_hide_a_call_that_may_still_arrive(
    by, review, editor, publisher, diagrams, sandbox, marketplace
):
    faults.reset_connection(sandbox, call=PUBLISH, times=1)
    assert publishing.publish(actor=publisher, app=diagrams).outcome == "pending"
    if by == "a draft that is still there":
        marketplace.put(diagrams, "live", marketplace.content(diagrams, "draft"))
    else:
        marketplace.act(diagrams, "publish")
    app_list.read_app(actor=publisher, app=diagrams)
    assert state_of(review) == "published"
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")

    with pytest.raises(refusals.NotEditable, match="may still arrive"):
        saving.save_to_marketplace(actor=editor, app=diagrams)


@pytest.mark.parametrize("settled", [True, False])
def test_nothing_is_saved_while_the_call_of_an_alert_may_still_arrive_though_a_person_settled_it(
    settled, outage, review, editor, publisher, diagrams
):
    if settled:
        publishing.resolve_alert(actor=publisher, app=diagrams, note="Looked at the console.")
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="other@example.com")

    with pytest.raises(refusals.NotEditable, match="may still arrive"):
        saving.save_to_marketplace(actor=editor, app=diagrams)


def test_live_that_differs_from_what_was_approved_raises_an_alert_with_the_difference(
    review, publisher, diagrams, marketplace
):
    marketplace.meanwhile(diagrams, "edit_live", before=READ, nth=3, value="stranger@example.com")

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.outcome == "alert"
    assert "differs in 1 place" in alert_of(diagrams)
    assert {"published", "live", "saved"} <= set(Snapshot.objects.values_list("source", flat=True))
    assert not AppContext(find(diagrams)).publishable


def test_a_draft_changed_just_before_the_call_raises_an_alert(review, publisher, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "edit_draft", before=PUBLISH, value="stranger@example.com")

    result = publishing.publish(actor=publisher, app=diagrams)

    assert result.outcome == "alert"
    assert "stranger@example.com" in result.live.text


def test_an_alert_is_settled_by_a_person_with_a_note(review, publisher, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "edit_draft", before=PUBLISH, value="stranger@example.com")
    publishing.publish(actor=publisher, app=diagrams)
    with pytest.raises(refusals.PublishRefused, match="Say in the note"):
        publishing.resolve_alert(actor=publisher, app=diagrams, note=" ")

    publishing.resolve_alert(actor=publisher, app=diagrams, note="A colleague corrected the address.")

    assert alert_of(diagrams) == ""
    assert state_of(review) == "lapsed"
    assert AuditEntry.objects.get(action="alert.resolve").reason == "A colleague corrected the address."
    with pytest.raises(refusals.PublishRefused, match="no open alert"):
        publishing.resolve_alert(actor=publisher, app=diagrams, note="Again.")


def test_settling_refuses_a_person_without_the_right(review, editor, publisher, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "edit_draft", before=PUBLISH, value="stranger@example.com")
    publishing.publish(actor=publisher, app=diagrams)

    with pytest.raises(PermissionDenied):
        publishing.resolve_alert(actor=editor, app=diagrams, note="Fine.")

    assert alert_of(diagrams)


# --- when the process that publishes dies ---------------------------------------------------------------------------


def left_behind(review, publisher, *, sent: bool, lease: str = "") -> PublishAttempt:
    """What a process that publishes has written before it dies; with its lease while it lives."""
    Review.objects.filter(pk=review.pk).update(state=Review.State.PUBLISHING)
    now = timezone.now()
    App.objects.filter(pk=review.app.pk).update(lease_token=lease, lease_until=now + timedelta(minutes=1))
    return PublishAttempt.objects.create(
        app=review.app,
        review=review,
        actor=publisher.user,
        actor_label=publisher.label,
        content_hash=review.content_hash,
        live_before=review.live_hash,
        lease=lease or "expired",
        started_at=now,
        sent_at=now if sent else None,
        may_arrive_until=now + timedelta(minutes=7) if sent else None,
    )


def test_a_process_that_died_after_the_call_is_settled_by_the_first_reading_that_finds_it_live(
    review, reviewer, publisher, diagrams, marketplace
):
    attempt = left_behind(review, publisher, sent=True)
    marketplace.act(diagrams, "publish")

    app_list.read_app(actor=reviewer, app=diagrams)

    attempt.refresh_from_db()
    assert (state_of(review), attempt.outcome) == ("published", "live")


def test_a_process_that_died_before_the_call_costs_nothing(review, reviewer, publisher, diagrams):
    left_behind(review, publisher, sent=False)

    app_list.read_app(actor=reviewer, app=diagrams)

    assert state_of(review) == "approved"
    assert publishing.publish(actor=publisher, app=diagrams).ok


def test_who_publishes_again_after_a_process_died_before_the_call_can(review, publisher, diagrams, marketplace):
    left_behind(review, publisher, sent=False)

    assert publishing.publish(actor=publisher, app=diagrams).ok
    assert marketplace.calls(PUBLISH) == 1


def test_a_call_that_may_have_gone_out_before_its_process_died_is_waited_for(review, publisher, diagrams):
    left_behind(review, publisher, sent=True)

    app_list.read_app(actor=publisher, app=diagrams)

    assert state_of(review) == "publishing"
    sentence = AppContext(find(diagrams)).signoff.sentence
    assert publisher.label in sentence
    until = timezone.localtime(attempt_of(review).may_arrive_until)
    assert f"one after {until:%H:%M}" in sentence


def test_a_publish_whose_process_died_is_settled_by_the_sweep_once_atlassian_answers(
    review, publisher, diagrams, marketplace, sandbox, settings
):
    settings.UPSTREAM_PATIENCE_WEB = 0
    left_behind(review, publisher, sent=True)
    marketplace.act(diagrams, "publish")
    broken = faults.server_error(sandbox, status=503)
    assert app_list.sweep_publishing() == 0
    assert state_of(review) == "publishing"
    faults.clear(sandbox, broken)
    assert app_list.sweep_publishing() == 1
    assert state_of(review) == "published"
    assert app_list.sweep_publishing() == 0


@pytest.mark.parametrize("sent", [True, False])
def test_a_publish_under_way_is_left_alone_by_a_reading(sent, review, reviewer, publisher, diagrams):
    left_behind(review, publisher, sent=sent, lease="held")

    app_list.read_app(actor=reviewer, app=diagrams)

    assert state_of(review) == "publishing"
    assert app_list.sweep_publishing() == 0


def test_who_is_publishing_since_when_and_until_when_is_said(review, editor, publisher, diagrams):
    attempt = left_behind(review, publisher, sent=True, lease="held")
    App.objects.filter(pk=diagrams.pk).update(lease_who=publisher.label, lease_what="publishing")
    until = timezone.localtime(App.objects.get(pk=diagrams.pk).lease_until)

    with pytest.raises(refusals.Busy) as caught:
        saving.save_to_marketplace(actor=editor, app=diagrams)

    since = timezone.localtime(attempt.started_at)
    assert f"{publisher.label} has been publishing “{diagrams.name}” since {since:%H:%M}" in str(caught.value)
    assert f"free again at {until:%H:%M}" in str(caught.value)


# --- saves that may arrive late ---------------------------------------------------------------------------------------


@pytest.fixture
def late_save(editor, reviewer, diagrams, sandbox) -> Review:
    """Alice's first save got no answer and may arrive yet; what she saved after it is approved."""
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="unapproved@example.com")
    faults.late_arrival(sandbox, call=DRAFT, times=1)
    with pytest.raises(Unavailable) as caught:
        saving.save_to_marketplace(actor=editor, app=diagrams)
    assert "may still arrive until" in caught.value.advice
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    return review


def test_nothing_is_published_while_an_earlier_save_may_still_replace_the_draft(
    late_save, publisher, diagrams, sandbox, marketplace
):
    refused(publisher, diagrams, "may still arrive, and replace this draft, until", marketplace)

    deliver_late(sandbox)

    refused(publisher, diagrams, "not approved", marketplace)
    assert state_of(late_save) == "lapsed"
    assert contact(marketplace, diagrams) != "unapproved@example.com"


def test_publishing_goes_on_once_the_earlier_save_cannot_arrive_any_more(late_save, publisher, diagrams):
    Snapshot.objects.update(may_arrive_until=timezone.now() - timedelta(minutes=1))

    assert publishing.publish(actor=publisher, app=diagrams).ok


def test_a_save_without_an_answer_that_was_read_back_blocks_nothing(
    editor, reviewer, publisher, diagrams, sandbox, marketplace
):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="first@example.com")
    faults.lost_answer(sandbox, call=DRAFT, times=1)
    saving.save_to_marketplace(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    assert publishing.publish(actor=publisher, app=diagrams).ok


def test_a_late_copy_of_what_is_published_does_not_block_it(editor, reviewer, publisher, diagrams):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    Snapshot.objects.filter(source="saved").update(may_arrive_until=timezone.now() + timedelta(minutes=5))
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    assert publishing.publish(actor=publisher, app=diagrams).ok


# --- live that is changed at Atlassian after a publication ------------------------------------------------------------


@pytest.fixture
def changed_live(review, publisher, diagrams, marketplace) -> App:
    """Charlie published; then a stranger changed live, and it was read again."""
    publishing.publish(actor=publisher, app=diagrams)
    marketplace.act(diagrams, "edit_live", value="stranger@example.com")
    return app_list.read_app(actor=publisher, app=diagrams)


def test_live_that_was_changed_after_a_publication_is_an_open_alert(changed_live, diagrams):
    assert "Live was changed at Atlassian by stranger@example.com" in alert_of(diagrams)
    assert "not what was approved" in alert_of(diagrams)
    assert AuditEntry.objects.filter(action="alert.open").count() == 1
    listed = app_rows(connection=diagrams.connection, only="alert")
    assert [row.app.pk for row in listed] == [diagrams.pk]
    lines = home_part(Actor.command_line(), [diagrams.connection]).lines[diagrams.connection.pk]
    assert ("Open alerts", "1") in [line[:2] for line in lines]


def test_the_card_does_not_say_that_the_approved_content_is_live_when_it_is_not(changed_live, diagrams):
    page = AppContext(find(diagrams))

    assert page.signoff.sentence == ""
    assert not page.publishable


def test_the_alert_is_not_opened_twice(changed_live, publisher, diagrams):
    app_list.read_app(actor=publisher, app=diagrams)

    assert AuditEntry.objects.filter(action="alert.open").count() == 1


def test_the_alert_ends_when_live_is_what_was_published_again(changed_live, publisher, diagrams, marketplace):
    marketplace.act(diagrams, "edit_live", value="trust@example.com")

    app_list.read_app(actor=publisher, app=diagrams)

    assert alert_of(diagrams) == ""
    assert AuditEntry.objects.filter(action="alert.end").count() == 1


def test_live_as_a_person_accepted_it_is_no_alert_any_more(changed_live, publisher, diagrams, marketplace):
    publishing.resolve_alert(actor=publisher, app=diagrams, note="Support corrected the contact.")

    app_list.read_app(actor=publisher, app=diagrams)
    assert alert_of(diagrams) == ""

    marketplace.act(diagrams, "edit_live", value="another@example.com")
    app_list.read_app(actor=publisher, app=diagrams)
    assert "Live was changed at Atlassian" in alert_of(diagrams)


def test_live_that_disappears_is_an_alert(review, publisher, diagrams, sandbox):
    publishing.publish(actor=publisher, app=diagrams)
    with sandbox.write() as db:
        db.execute("DELETE FROM documents WHERE product_id = ?", (diagrams.product_id,))

    app_list.read_app(actor=publisher, app=diagrams)

    assert "no live version" in alert_of(diagrams)


def test_an_app_that_was_never_published_from_here_has_no_alert(publisher, diagrams, marketplace):
    app_list.read_app(actor=publisher, app=diagrams)
    marketplace.act(diagrams, "edit_live", value="stranger@example.com")

    app_list.read_app(actor=publisher, app=diagrams)

    assert alert_of(diagrams) == ""


def test_what_is_said_of_a_publication_is_not_said_of_the_next_draft(review, editor, publisher, diagrams, marketplace):
    publishing.publish(actor=publisher, app=diagrams)
    assert publisher.label in AppContext(find(diagrams)).signoff.sentence
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="next@example.com")

    saving.save_to_marketplace(actor=editor, app=diagrams)

    assert AppContext(find(diagrams)).signoff.sentence == ""


def test_after_a_publish_that_ended_in_an_alert_the_card_points_to_it(review, publisher, diagrams, marketplace):
    marketplace.meanwhile(diagrams, "edit_draft", before=PUBLISH, value="stranger@example.com")
    publishing.publish(actor=publisher, app=diagrams)

    sentence = AppContext(find(diagrams)).signoff.sentence

    assert "see the alert" in sentence
    assert "Being published" not in sentence


@pytest.mark.parametrize("source", ["sent", "saved", "working"])
def test_a_version_made_here_carries_no_stamp_of_the_version_before_it(review, editor, diagrams, marketplace, source):
    marketplace.act(diagrams, "edit_draft", value="stranger@vendor.example.com")
    app = app_list.read_app(actor=editor, app=diagrams)
    document = Document.from_text(app.draft.text)
    assert document.properties["updatedBy"] == "stranger@example.com"

    made = create_snapshot(app=app, source=source, document=document, text=app.draft.text, actor=editor)

    assert (made.remote_changed_by, made.remote_account_id, made.remote_changed_at) == ("", "", None)
    assert made.form_status == ""
    shown = find_version(app=app, key=str(made.pk))
    assert (shown.by, shown.at, shown.form_status) == (editor.label, made.taken_at, "")


def test_versions_name_the_person_and_not_the_account_of_the_connection(
    review, editor, publisher, diagrams, marketplace
):
    account = diagrams.connection.email
    assert App.objects.get(pk=diagrams.pk).draft.remote_changed_by == account
    assert find_version(app=find(diagrams), key="draft").by == editor.label

    publishing.publish(actor=publisher, app=diagrams)
    assert find_version(app=find(diagrams), key="live").by == publisher.label

    marketplace.act(diagrams, "edit_live", value="stranger@example.com")
    app_list.read_app(actor=editor, app=diagrams)
    assert find_version(app=find(diagrams), key="live").by == "stranger@example.com"
