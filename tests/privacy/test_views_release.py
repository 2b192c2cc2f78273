"""Saving, discarding, sign-off and publishing in the browser: each says what happened, what was kept, what to do."""

import json
import re

import pytest

from privacy.drafts import answering
from privacy.marketplace import app_list, saving
from privacy.models import App, Review, Verdict
from privacy.reviews import approvals, publishing
from privacy.reviews.shown_comparison import Shown, sign
from sandbox import faults
from tests.privacy.browsing import address, fresh, hidden, kept, said
from tests.privacy.marketplace import CONTACT, DISCARD, DRAFT, POLICIES, PUBLISH, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(editor, diagrams, prepare):
    prepare("app", lambda: app_list.read_app(actor=editor, app=diagrams))
    return fresh(diagrams)


@pytest.fixture
def edited(editor, app, prepare):
    prepare("edited", lambda: answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com"))
    return fresh(app)


@pytest.fixture
def asked(editor, edited, prepare):
    def save_and_ask() -> None:
        saving.save_to_marketplace(actor=editor, app=edited)
        approvals.request_approval(actor=editor, app=fresh(edited), note="Please look at the contact.")

    prepare("asked", save_and_ask)
    return Review.objects.select_related("owner__app__connection").get()


@pytest.fixture
def signed_off(asked, reviewer, prepare):
    prepare("signed off", lambda: approvals.approve(actor=reviewer, review=asked, expected=asked.content_hash))
    return Review.objects.select_related("owner__app__connection").get()


def note(actor, review: Review) -> str:
    """What the form of the comparison posts for this person while draft and live are those of the request."""
    return sign(actor.user, Shown(review.content_hash, review.live_hash))


def primary_actions(page) -> list[str]:
    """The words of the primary buttons and links of a page, those of its dialogs left out."""
    shown = re.sub(r"<dialog.*?</dialog>", "", page.content.decode(), flags=re.DOTALL)
    found = re.findall(r'class="button button-primary[^>]*>(.*?)</(?:a|button)>', shown, flags=re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", words).split()) for words in found]


# --- saving ---------------------------------------------------------------------------------------------------------


def test_the_working_copy_is_saved_and_read_back(editor, edited, marketplace, client_for):
    page = client_for(editor.user).post(address("app_save", edited), follow=True)

    assert "is saved to Marketplace and was read back" in said(page)
    assert marketplace.value(edited, "draft")["security"]["securityContact"] == "trust@example.com"


def test_saving_is_refused_to_who_may_not_edit(reviewer, edited, marketplace, client_for):
    assert client_for(reviewer.user).post(address("app_save", edited)).status_code == 403
    assert marketplace.calls(DRAFT) == 0


def test_a_save_that_atlassian_refuses_keeps_the_working_copy(editor, edited, sandbox, client_for):
    faults.refuse(sandbox, call=DRAFT, status=400, times=None)

    page = client_for(editor.user).post(address("app_save", edited))

    assert page.status_code == 409
    assert "The working copy and all versions are kept here" in said(page)
    assert kept(edited, CONTACT) == "trust@example.com"


def test_saving_nothing_is_refused_in_words(editor, app, client_for):
    page = client_for(editor.user).post(address("app_save", app))

    assert page.status_code == 409


def test_a_draft_that_changed_meanwhile_is_decided_field_by_field(editor, edited, marketplace, client_for):
    client, document = client_for(editor.user), marketplace.value(edited, "draft")
    document["security"].update(
        securityContact="stranger@vendor.example.com", publicSecurityPoliciesLink="https://vendor.example.com/new"
    )
    marketplace.put(edited, "draft", json.dumps(document))

    page = client.post(address("app_save", edited))

    assert page.status_code == 409
    assert "Not saved: the document at Atlassian changed" in said(page)
    assert "Changed on both sides (1)" in said(page)
    assert "stranger@vendor.example.com" in said(page)
    decisions = {"decided_on": hidden(page, "decided_on"), f"decide:{CONTACT}": "mine", f"decide:{POLICIES}": "theirs"}
    assert "was read back" in said(client.post(address("app_save", edited), decisions, follow=True))
    security = marketplace.value(edited, "draft")["security"]
    assert security["securityContact"] == "trust@example.com"
    assert security["publicSecurityPoliciesLink"] == "https://vendor.example.com/new"


def test_a_conflict_without_a_decision_asks_again(editor, edited, marketplace, client_for):
    client, document = client_for(editor.user), marketplace.value(edited, "draft")
    document["security"]["securityContact"] = "stranger@vendor.example.com"
    marketplace.put(edited, "draft", json.dumps(document))
    page = client.post(address("app_save", edited))

    page = client.post(address("app_save", edited), {"decided_on": hidden(page, "decided_on"), "decide:/x": "theirs"})

    assert page.status_code == 409
    assert "1 answer still needs a decision" in said(page)
    assert kept(edited, CONTACT) == "trust@example.com"


def test_an_answer_that_was_changed_at_atlassian_since_is_not_said_to_be_ones_own(
    editor, edited, marketplace, client_for
):
    client = client_for(editor.user)
    client.post(address("app_save", edited))
    assert re.search(
        r"Saved to Marketplace, answered \d\d:\d\d by you",
        said(client.get(address("app_edit", edited, section="security"))),
    )
    marketplace.act(edited, "edit_draft", value="stranger@example.com")
    client.post(address("app_read", edited))

    page = client.get(address("app_edit", edited, section="security"))

    assert "stranger@example.com" in page.content.decode()
    assert not re.search(r"Saved to Marketplace, answered \d\d:\d\d by you", said(page))


def test_a_choice_is_forgotten_where_the_values_changed_and_kept_elsewhere(editor, edited, marketplace, client_for):
    answering.answer(actor=editor, app=edited, pointer=POLICIES, raw="https://vendor.example.com/mine")
    client, document = client_for(editor.user), marketplace.value(edited, "draft")
    document["security"].update(
        securityContact="stranger@vendor.example.com", publicSecurityPoliciesLink="https://vendor.example.com/new"
    )
    marketplace.put(edited, "draft", json.dumps(document))
    page = client.post(address("app_save", edited))
    choices = {f"decide:{pointer}": "mine" for pointer in (CONTACT, POLICIES)}
    shown = {name: hidden(page, name) for name in ("decided_on", f"on:{CONTACT}", f"on:{POLICIES}")}
    document["security"]["securityContact"] = "again@vendor.example.com"
    marketplace.put(edited, "draft", json.dumps(document))

    page = client.post(address("app_save", edited), {**shown, **choices})

    assert page.status_code == 409
    assert "changed once more" in said(page)
    assert [name for name in choices if chosen(page, name)] == [f"decide:{POLICIES}"]


def chosen(page, name: str) -> bool:
    """Whether one of these radio buttons is checked."""
    return re.search(rf'<input type="radio" name="{re.escape(name)}"[^>]* checked', page.content.decode()) is not None


def test_the_address_of_a_step_opens_the_app(editor, edited, client_for):
    for name in ("app_save", "app_discard", "app_publish", "app_review_ask", "app_reset"):
        assert client_for(editor.user).get(address(name, edited)).status_code in (302, 403)


# --- discarding -----------------------------------------------------------------------------------------------------


def test_discarding_asks_first_and_says_where_to_restore(editor, app, client_for):
    client = client_for(editor.user)
    assert "You can restore it from" in said(client.get(address("app", app)))

    page = client.post(address("app_discard", app), follow=True)

    assert "You can restore it from “Versions”" in said(page)
    assert fresh(app).draft is None


def test_discarding_is_refused_to_who_may_not_edit(reviewer, app, marketplace, client_for):
    assert client_for(reviewer.user).post(address("app_discard", app)).status_code == 403
    assert marketplace.calls(DISCARD) == 0


def test_a_discard_that_atlassian_refuses_leaves_the_draft(editor, app, sandbox, client_for):
    faults.refuse(sandbox, call=DISCARD, status=400, times=None)

    page = client_for(editor.user).post(address("app_discard", app))

    assert page.status_code == 409
    assert fresh(app).draft is not None


def test_discarding_what_is_not_there_is_refused_in_words(editor, board, client_for):
    board = app_list.read_app(actor=editor, app=board)

    page = client_for(editor.user).post(address("app_discard", board))

    assert page.status_code == 409
    assert "There is no draft" in said(page)


# --- sign-off -------------------------------------------------------------------------------------------------------


def test_sign_off_is_asked_for_with_a_note(editor, app, client_for):
    page = client_for(editor.user).post(address("app_review_ask", app), {"note": "مرحبا 👋 <b>"}, follow=True)

    assert "Waiting for approval" in said(page)
    assert "مرحبا 👋 &lt;b&gt;" in page.content.decode()


def test_asking_before_saving_is_refused_and_keeps_the_note(editor, edited, client_for):
    page = client_for(editor.user).post(address("app_review_ask", edited), {"note": "Look at the contact"})

    assert page.status_code == 409
    assert "Look at the contact" in page.content.decode()
    assert not Review.objects.exists()


def test_approval_is_not_requested_while_an_error_is_open_and_the_page_links_to_it(editor, app, client_for):
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="not an address")
    saving.save_to_marketplace(actor=editor, app=app)

    page = client_for(editor.user).post(address("app_review_ask", app), {"note": "Please"})

    assert page.status_code == 409
    assert "1 error is open in the draft, so approval was not requested." in said(page)
    alert = page.content.decode().split('role="alert"')[1].split("</ul>")[0]
    assert f'href="{address("app_edit", app)}?section=security#' in alert
    assert not Review.objects.exists()


def test_the_next_step_with_an_error_in_the_draft_is_to_correct_it(editor, reviewer, app, client_for):
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="not an address")
    saving.save_to_marketplace(actor=editor, app=app)

    for actor in (editor, reviewer):
        page = client_for(actor.user).get(address("app", app))
        assert "The draft has 1 error" in said(page)
        assert "then ask somebody else to approve it" not in said(page)


def test_a_note_that_is_too_long_is_still_there(editor, app, client_for):
    page = client_for(editor.user).post(address("app_review_ask", app), {"note": "n" * 10_001})

    assert page.status_code == 422
    assert "n" * 10_001 in page.content.decode()


def test_asking_is_refused_to_who_may_not_edit(reviewer, app, client_for):
    assert client_for(reviewer.user).post(address("app_review_ask", app)).status_code == 403


def test_asking_while_atlassian_does_not_answer_keeps_the_note(editor, app, sandbox, client_for):
    faults.refuse(sandbox, call=READ, status=400, times=None)

    page = client_for(editor.user).post(address("app_review_ask", app), {"note": "Look at the contact"})

    assert page.status_code == 409
    assert "Look at the contact" in page.content.decode()


def test_the_request_is_withdrawn(editor, asked, client_for):
    page = client_for(editor.user).post(address("app_review_withdraw", asked.app), follow=True)

    assert "is withdrawn" in said(page)
    assert Review.objects.get().state == "withdrawn"


def test_withdrawing_is_refused_to_who_may_not_edit(reviewer, asked, client_for):
    assert client_for(reviewer.user).post(address("app_review_withdraw", asked.app)).status_code == 403


def test_withdrawing_what_nobody_asked_is_refused_in_words(editor, app, client_for):
    assert client_for(editor.user).post(address("app_review_withdraw", app)).status_code == 409


def test_the_reviewer_sees_the_note_and_approves(reviewer, asked, client_for):
    client = client_for(reviewer.user)
    page = client.get(address("app", asked.app))
    assert "Please look at the contact." in said(page)
    assert "Review 5 changes" in said(page)
    assert 'value="approve"' not in page.content.decode()
    assert re.search(r'version=draft"\s+aria-current="true"', page.content.decode())
    page = client.get(address("app_compare", asked.app, before="live", after="draft"))
    assert "Please look at the contact." in said(page)
    assert "Authors:" in said(page)

    page = client.post(
        address("app_review_verdict", asked.app),
        {"verdict": "approve", "expected": hidden(page, "expected")},
        follow=True,
    )

    assert "Approved by bob@example.com" in said(page)
    assert Verdict.objects.get().kind == "approve"
    assert "Review 5 changes" not in said(page)
    assert "Request changes after all, below the comparison with live" in said(page)


def test_the_page_offers_a_reviewer_one_primary_action_in_one_wording(reviewer, asked, client_for):
    page = client_for(reviewer.user).get(address("app", asked.app))

    assert primary_actions(page) == ["Review 5 changes"]
    assert said(page).count("Review 5 changes") == 1
    assert "Compare with live" not in said(page)


def test_a_reviewer_is_led_to_the_review_also_while_somebody_goes_on_editing(reviewer, editor, asked, client_for):
    answering.answer(actor=editor, app=asked.app, pointer=POLICIES, raw="https://vendor.example.com/policies")

    page = client_for(reviewer.user).get(address("app", asked.app))

    assert primary_actions(page) == ["Review 5 changes"]
    assert address("app_edit", asked.app) not in page.content.decode()


@pytest.mark.parametrize(("state", "action"), [("edited", "Edit"), ("board", "Edit"), ("signed_off", "Publish…")])
def test_the_page_offers_one_primary_action(state, action, request, editor, publisher, client_for):
    found = request.getfixturevalue(state)
    app = app_list.read_app(actor=editor, app=found.app if isinstance(found, Review) else found)
    person = publisher.user if state == "signed_off" else editor.user

    page = client_for(person).get(address("app", app))

    assert primary_actions(page) == [action]


@pytest.mark.parametrize(("verdict", "state"), [("comment", "approved"), ("changes", "changes")])
def test_a_verdict_with_a_comment_is_shown_with_it(reviewer, asked, client_for, verdict, state):
    data = {"verdict": verdict, "expected": note(reviewer, asked), "comment": "Name the <mailbox>."}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data, follow=True)

    assert "Name the <mailbox>." in said(page)
    assert Review.objects.get().state == state


@pytest.mark.parametrize("token", ["", "x" * 64, "of somebody else", "of the draft before", "of live before"])
@pytest.mark.parametrize("verdict", ["approve", "comment", "changes"])
def test_nothing_is_decided_without_the_comparison_as_it_is_now(reviewer, editor, asked, client_for, token, verdict):
    notes = {
        "of somebody else": note(editor, asked),
        "of the draft before": sign(reviewer.user, Shown("a" * 64, asked.live_hash)),
        "of live before": sign(reviewer.user, Shown(asked.content_hash, "a" * 64)),
    }
    data = {"verdict": verdict, "expected": notes.get(token, token), "comment": "Name the mailbox"}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    if (token, verdict) == ("of live before", "changes"):  # what has to change can be said all the same
        assert page.status_code == 302
        return
    assert page.status_code == 409
    assert "Nothing was decided. Review the changes below" in said(page)
    assert "5 answers differ" in said(page)
    assert page.content.decode().count("Name the mailbox") == 1
    assert not Verdict.objects.exists()
    again = {"verdict": "approve", "expected": hidden(page, "expected")}
    client_for(reviewer.user).post(address("app_review_verdict", asked.app), again)
    assert Verdict.objects.get().kind == "approve"


def test_live_that_moved_under_the_comparison_is_not_approved(reviewer, asked, marketplace, client_for):
    client = client_for(reviewer.user)
    seen = hidden(client.get(address("app_compare", asked.app, before="live", after="draft")), "expected")
    marketplace.put(asked.app, "live", '{"security":{"securityContact":"other@example.com"}}')

    page = client.post(address("app_review_verdict", asked.app), {"verdict": "approve", "expected": seen})

    assert "Live was changed since you saw the comparison." in said(page)
    assert not Verdict.objects.exists()


@pytest.fixture
def sent_back(asked, reviewer, editor, client_for):
    """Bob requested changes after he had compared the draft with live; Alice made them and requested approval again."""
    client = client_for(reviewer.user)
    shown = hidden(client.get(address("app_compare", asked.app)), "expected")
    client.post(
        address("app_review_verdict", asked.app), {"verdict": "changes", "comment": "Name it.", "expected": shown}
    )
    answering.answer(actor=editor, app=fresh(asked.app), pointer=CONTACT, raw="team@example.com")
    saving.save_to_marketplace(actor=editor, app=fresh(asked.app))
    approvals.request_approval(actor=editor, app=fresh(asked.app))
    return asked


def test_a_returning_reviewer_sees_what_changed_since_and_approves_from_there(reviewer, sent_back, client_for):
    client, app = client_for(reviewer.user), sent_back.app
    assert "Review 1 change since your last review" in said(client.get(address("app", app)))
    page = client.get(address("app_compare", app))

    assert "These are the changes since your last review." in said(page)
    assert "1 answer differs: 1 changed" in said(page)
    assert "<del>trust</del>" in page.content.decode()
    with_live = client.get(address("app_compare", app, before="live", after="draft"))
    assert "Show only the changes since your last review" in said(with_live)
    assert "<del>trust</del>" not in with_live.content.decode()

    sent = {"verdict": "approve", "expected": hidden(page, "expected")}
    assert "You approved this draft" in said(client.post(address("app_review_verdict", app), sent, follow=True))


def test_a_returning_reviewer_sees_everything_once_live_is_something_else(reviewer, sent_back, marketplace, client_for):
    client, app = client_for(reviewer.user), sent_back.app
    before = hidden(client.get(address("app_compare", app)), "expected")
    marketplace.act(app, "edit_live", value="other@example.com")
    app_list.read_app(actor=reviewer, app=fresh(app))

    refused = client.post(address("app_review_verdict", app), {"verdict": "approve", "expected": before})
    assert "Live was changed since you saw the comparison." in said(refused)
    page = client.get(address("app_compare", app))
    assert "since your last review" not in said(page)
    assert "<del>other</del>" in page.content.decode()


def test_another_reviewer_sees_the_whole_comparison(sent_back, charlie, developer_space, grant, client_for):
    grant(charlie, developer_space, "privacy_reviewer")
    page = client_for(charlie).get(address("app_compare", sent_back.app))

    assert "since your last review" not in said(page)
    assert hidden(page, "expected")


def test_a_version_that_the_reviewer_never_decided_on_is_no_place_to_approve(reviewer, sent_back, client_for):
    working = client_for(reviewer.user).get(address("app_compare", sent_back.app, before="draft", after="draft"))

    assert 'name="verdict"' not in working.content.decode()


def test_a_request_for_changes_stands_above_the_form_until_approval_is_requested_again(
    reviewer, asked, editor, client_for
):
    approvals.request_changes(actor=reviewer, review=asked, expected=asked.content_hash, comment="Name the team.")
    client, edit = client_for(editor.user), address("app_edit", asked.app)
    assert "bob@example.com requested changes" in said(client.get(edit))
    assert "Name the team." in said(client.get(edit))

    answering.answer(actor=editor, app=fresh(asked.app), pointer=CONTACT, raw="team@example.com")
    saving.save_to_marketplace(actor=editor, app=fresh(asked.app))
    assert "Name the team." in said(client.get(edit))
    approvals.request_approval(actor=editor, app=fresh(asked.app))
    assert "Name the team." not in said(client.get(edit))


def test_after_saving_the_overview_opens_on_the_draft(editor, edited, client_for):
    page = client_for(editor.user).post(address("app_save", edited), follow=True)

    assert page.redirect_chain[-1][0].endswith("?version=draft")
    assert "trust@example.com" in said(page)


def test_other_versions_are_compared_without_a_verdict(reviewer, asked, client_for):
    page = client_for(reviewer.user).get(address("app_compare", asked.app, before="draft", after="live"))

    assert 'value="approve"' not in page.content.decode()
    assert "Review the draft beside live" in said(page)


@pytest.mark.parametrize("verdict", ["comment", "changes", "", "nonsense"])
def test_a_verdict_that_says_nothing_is_refused(reviewer, asked, client_for, verdict):
    page = client_for(reviewer.user).post(
        address("app_review_verdict", asked.app), {"verdict": verdict, "expected": note(reviewer, asked)}
    )

    assert page.status_code == 422
    assert not Verdict.objects.exists()


def test_a_verdict_on_another_content_is_refused_and_keeps_the_comment(reviewer, asked, client_for):
    data = {"verdict": "comment", "expected": "x" * 64, "comment": "Looks good"}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    assert page.status_code == 409
    assert "Looks good" in page.content.decode()
    assert not Verdict.objects.exists()


def test_a_verdict_while_atlassian_does_not_answer_keeps_the_comment(reviewer, asked, sandbox, client_for):
    faults.refuse(sandbox, call=READ, status=400, times=None)
    data = {"verdict": "changes", "expected": note(reviewer, asked), "comment": "Name the mailbox"}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    assert page.status_code == 409
    assert "Name the mailbox" in page.content.decode()


def test_the_author_is_told_why_they_may_not_approve(editor, asked, grant, client_for):
    grant(editor.user, asked.app.connection, "privacy_reviewer")
    client = client_for(editor.user)

    assert "Somebody else has to approve it" in said(client.get(address("app", asked.app)))
    page = client.post(
        address("app_review_verdict", asked.app), {"verdict": "approve", "expected": note(editor, asked)}
    )
    assert page.status_code == 409
    assert not Verdict.objects.exists()


def test_a_verdict_is_refused_to_who_has_no_such_role(publisher, asked, client_for):
    data = {"verdict": "approve", "expected": note(publisher, asked)}

    assert client_for(publisher.user).post(address("app_review_verdict", asked.app), data).status_code == 403


def test_a_lapsed_sign_off_says_why(editor, signed_off, client_for):
    app = fresh(signed_off.app)
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="other@example.com")
    saving.save_to_marketplace(actor=editor, app=app)

    words = said(client_for(editor.user).get(address("app", app)))

    assert "Approval dismissed" in words
    assert "The draft was changed after the approval was requested" in words
    assert "Request approval" in words


# --- publishing -----------------------------------------------------------------------------------------------------


def test_the_checklist_says_what_is_missing_and_offers_no_button(publisher, asked, client_for):
    page = client_for(publisher.user).get(address("app", asked.app))

    assert "Approved in exactly this form : not met" in said(page)
    assert "publish-dialog" not in page.content.decode()


def test_the_dialog_says_what_goes_public(publisher, signed_off, client_for):
    words = said(client_for(publisher.user).get(address("app", signed_off.app)))

    assert "Publish what was approved?" in words
    assert "Security: 1 added, 2 changed" in words


def test_what_was_signed_off_is_published(publisher, signed_off, marketplace, client_for):
    page = client_for(publisher.user).post(address("app_publish", signed_off.app), follow=True)

    assert marketplace.value(signed_off.app, "live")["security"]["securityContact"] == "trust@example.com"
    assert "No draft" in said(page)


def test_publishing_is_refused_to_who_may_not(editor, signed_off, marketplace, client_for):
    assert client_for(editor.user).post(address("app_publish", signed_off.app)).status_code == 403
    assert marketplace.calls(PUBLISH) == 0


def test_publishing_what_is_not_signed_off_is_refused_in_words(publisher, asked, marketplace, client_for):
    page = client_for(publisher.user).post(address("app_publish", asked.app))

    assert page.status_code == 409
    assert "Nothing was published." in said(page)
    assert "The draft is waiting for approval." in said(page)
    assert marketplace.calls(PUBLISH) == 0


def test_a_publish_that_atlassian_refuses_says_so(publisher, signed_off, sandbox, client_for):
    faults.refuse(sandbox, call=PUBLISH, status=400, times=None)

    page = client_for(publisher.user).post(address("app_publish", signed_off.app))

    assert page.status_code == 409
    assert "Approved" in said(page)


def test_an_alert_shows_and_is_settled_with_a_note(publisher, signed_off, client_for):
    App.objects.filter(pk=signed_off.app.pk).update(alert="Live is not what was approved.")
    client = client_for(publisher.user)
    page = client.get(address("app", signed_off.app))
    assert "Live is not what was approved." in said(page)
    assert address("app_compare", signed_off.app) in page.content.decode()

    assert client.post(address("app_alert", signed_off.app), {"note": " "}).status_code == 422
    page = client.post(address("app_alert", signed_off.app), {"note": "A colleague corrected it."}, follow=True)

    assert "The alert is resolved" in said(page)
    assert App.objects.get(pk=signed_off.app.pk).alert == ""


def test_a_publish_that_ends_in_an_alert_says_so_once(publisher, signed_off, sandbox, client_for):
    faults.stranger_meanwhile(sandbox, "edit_draft", before=PUBLISH, product_id=signed_off.app.product_id)

    page = client_for(publisher.user).post(address("app_publish", signed_off.app), follow=True)

    assert said(page).count("was sent to be published, but live is not what was approved") == 1


def test_a_live_version_that_was_changed_is_compared_with_what_was_published(
    publisher, signed_off, marketplace, client_for
):
    publishing.publish(actor=publisher, app=signed_off.app)
    marketplace.act(signed_off.app, "edit_live", value="stranger@example.com")
    app_list.read_app(actor=publisher, app=signed_off.app)

    page = client_for(publisher.user).get(address("app", signed_off.app))

    assert "Alert: live was changed at Atlassian" in said(page)
    link = re.search(r"/compare/\?before=live&amp;after=(\d+)", page.content.decode())
    assert "trust@example.com" in said(client_for(publisher.user).get(address("app_version", signed_off.app, link[1])))


def test_an_alert_is_not_settled_by_who_may_not_publish(editor, signed_off, client_for):
    App.objects.filter(pk=signed_off.app.pk).update(alert="Live is not what was approved.")

    assert client_for(editor.user).post(address("app_alert", signed_off.app), {"note": "x"}).status_code == 403
    assert App.objects.get(pk=signed_off.app.pk).alert


def test_settling_what_is_no_alert_is_refused_in_words(publisher, signed_off, client_for):
    page = client_for(publisher.user).post(address("app_alert", signed_off.app), {"note": "x"})

    assert page.status_code == 409
    assert "There is no open alert" in said(page)


# --- what was typed when somebody else was quicker ------------------------------------------------------------------


def test_a_comment_is_still_there_when_the_draft_changed_while_it_was_written(reviewer, asked, marketplace, client_for):
    marketplace.act(asked.app, "edit_draft", value="stranger@example.com")
    data = {"verdict": "comment", "expected": note(reviewer, asked), "comment": "Good, but <mind> the mailbox."}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    assert page.status_code == 409
    assert "What you wrote Good, but <mind> the mailbox. It was not sent" in said(page)


def test_a_comment_is_still_there_when_the_request_was_withdrawn_while_it_was_written(
    reviewer, editor, asked, client_for
):
    approvals.withdraw_request(actor=editor, review=asked)
    data = {"verdict": "changes", "expected": note(reviewer, asked), "comment": "Name the mailbox"}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    assert page.status_code == 409
    assert "What you wrote Name the mailbox" in said(page)


def test_a_note_is_still_there_when_somebody_else_asked_first(editor, asked, client_for):
    page = client_for(editor.user).post(address("app_review_ask", asked.app), {"note": "My own note"})

    assert page.status_code == 409
    assert "What you wrote My own note" in said(page)


def test_what_was_found_out_is_still_there_when_somebody_else_settled_the_alert(publisher, signed_off, client_for):
    page = client_for(publisher.user).post(address("app_alert", signed_off.app), {"note": "It was me"})

    assert page.status_code == 409
    assert "What you wrote It was me" in said(page)


def test_a_text_whose_form_is_still_there_stands_in_it_and_nowhere_else(reviewer, asked, client_for):
    data = {"verdict": "comment", "expected": "x" * 64, "comment": "Looks good"}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    assert page.content.decode().count("Looks good") == 1
    assert "What you wrote" not in said(page)


# --- a draft that cannot be read for a moment -----------------------------------------------------------------------


def hide_draft(sandbox) -> None:
    """The next reading finds live, and may not see the draft."""
    faults.refuse(sandbox, call=READ, status=403, skip=1, times=1)


def test_a_request_for_sign_off_is_not_called_lapsed_when_the_draft_could_not_be_read(
    editor, asked, sandbox, client_for
):
    hide_draft(sandbox)

    words = said(client_for(editor.user).post(address("app_read", asked.app), follow=True))

    assert "The request for approval counts again once the draft can be read." in words
    assert "has no access to the draft now" in words
    assert "Approval dismissed" not in words
    assert "There is no draft" not in words
    words = said(client_for(editor.user).post(address("app_read", asked.app), follow=True))
    assert "Waiting for approval" in words


def test_a_draft_that_cannot_be_read_did_not_move_under_the_working_copy(editor, edited, sandbox, client_for):
    hide_draft(sandbox)

    words = said(client_for(editor.user).post(address("app_read", edited), follow=True))

    assert "changed under the working copy" not in words


def test_asking_while_the_draft_cannot_be_read_says_so(editor, app, sandbox, client_for):
    hide_draft(sandbox)

    page = client_for(editor.user).post(address("app_review_ask", app), {"note": "Look at it"})

    assert page.status_code == 409
    assert "has no access to the draft now" in said(page)
    assert "There is no draft" not in said(page)
    assert "What you wrote Look at it" in said(page)


def test_nothing_is_signed_off_that_cannot_be_read(reviewer, asked, sandbox, client_for):
    hide_draft(sandbox)
    data = {"verdict": "approve", "expected": note(reviewer, asked), "comment": "Fine"}

    page = client_for(reviewer.user).post(address("app_review_verdict", asked.app), data)

    assert page.status_code == 409
    assert "Nothing was decided" in said(page)
    assert not Verdict.objects.exists()


def test_a_draft_that_cannot_be_read_is_not_discarded(editor, app, sandbox, marketplace, client_for):
    hide_draft(sandbox)

    page = client_for(editor.user).post(address("app_discard", app))

    assert "Nothing was discarded" in said(page)
    assert marketplace.calls(DISCARD) == 0
