"""Sign-off and publishing in a browser: only what another person approved goes live, in exactly that form, once."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from portal.access import Actor
from portal.models import User
from privacy.models import App
from privacy.reviews import approvals
from privacy.reviews.status import newest_review
from sandbox import faults, stranger
from sandbox.router import deliver_late
from sandbox.seed_documents import product_id

from .documents import app_path, expect_kept, expect_said, give, question, save

pytestmark = pytest.mark.browser

DIAGRAMS = "Diagrams for Confluence"
PRODUCT = product_id(DIAGRAMS)
CONTACT = "Which e-mail address takes security reports and questions?"


def signoff(page: Page) -> Locator:
    return page.get_by_role("region", name="Sign-off")


def verdict(page: Page) -> Locator:
    """Where a reviewer decides, below the comparison."""
    return page.get_by_role("form", name="Your review")


def review(page: Page) -> Locator:
    """Open the comparison from the app's page."""
    page.get_by_role("main").get_by_role("link", name=re.compile("^Review [0-9]+ changes?")).first.click()
    return verdict(page)


def publishing(page: Page) -> Locator:
    return page.get_by_role("region", name="Publish")


def edit_contact(page: Page, address: str) -> None:
    page.goto(app_path(DIAGRAMS, "edit/?section=security"))
    page.get_by_label(CONTACT).fill(address)
    page.get_by_label(CONTACT).press("Tab")
    expect_kept(question(page, CONTACT))
    save(page)


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish what was approved?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    box, height = dialog.bounding_box(), page.viewport_size["height"]
    assert abs(2 * box["y"] + box["height"] - height) < 2, "in the middle of the window"
    dialog.get_by_role("button", name="Publish").click()


@pytest.fixture
def signed_off(world) -> None:
    """Alice requested approval of the draft of Diagrams, and Bob gave it."""
    actors = {name: Actor.of(User.objects.get(email=f"{name}@example.com")) for name in ("alice", "bob")}
    app = App.objects.select_related("connection", "draft", "live").get(product_id=PRODUCT)
    review = approvals.request_approval(actor=actors["alice"], app=app, note="The new queue")
    approvals.approve(actor=actors["bob"], review=review, expected=review.content_hash)
    assert newest_review(app).state == "approved"


def test_a_team_signs_off_a_draft_and_publishes_exactly_that(open_as, sandbox):
    give("alice@example.com", "legal_reviewer")
    alice, bob = open_as("alice", app_path(DIAGRAMS)), open_as("bob", app_path(DIAGRAMS))
    expect(signoff(alice)).to_contain_text("Not requested")
    expect(publishing(alice).get_by_role("button", name="Publish…")).to_have_count(0)
    edit_contact(alice, "trust@example.com")
    signoff(alice).get_by_label("Note for the reviewers (optional)").fill("A new queue, and where to report.")
    signoff(alice).get_by_role("button", name="Request approval").click()
    expect_said(alice, "You requested approval.")
    expect(signoff(alice)).to_contain_text("You changed this app’s answers since it was last published")
    expect(signoff(alice).get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    bob.goto("/apps/example-apps/?only=waiting")
    bob.get_by_role("link", name=DIAGRAMS).click()
    expect(signoff(bob)).to_contain_text("A new queue, and where to report.")
    expect(publishing(bob)).to_contain_text("You need the role Publisher.")
    review(bob).get_by_role("button", name="Request changes").click()
    expect(verdict(bob).get_by_text("Write the comment")).to_be_visible()
    verdict(bob).get_by_label("Comment").fill("Use the address of the security team, please.")
    verdict(bob).get_by_role("button", name="Request changes").click()
    expect_said(bob, "You requested changes.")

    alice.goto(app_path(DIAGRAMS))
    expect(alice.get_by_role("main").get_by_text("Changes were requested").first).to_be_visible()
    expect(signoff(alice)).to_contain_text("Use the address of the security team, please.")
    edit_contact(alice, "security.team@example.com")
    signoff(alice).get_by_role("button", name=re.compile("^Request approval$")).click()
    expect_said(alice, "You requested approval.")
    expect(publishing(alice)).to_contain_text("Approved in exactly this form: not met")

    bob.goto(app_path(DIAGRAMS))
    review(bob)
    expect_said(bob, "These are the changes since your last review.")
    expect_said(bob, "1 answer differs:")
    expect(verdict(bob).get_by_role("button", name="Approve", exact=True)).to_be_in_viewport()
    verdict(bob).get_by_label("Comment").fill("Fine with legal.")
    verdict(bob).get_by_role("button", name="Approve with comment").click()
    expect_said(bob, "You approved this draft in exactly this form.")

    alice.goto(app_path(DIAGRAMS))
    expect(signoff(alice)).to_contain_text("bob@example.com")
    publish(alice)
    expect_said(alice, f"The approved content of “{DIAGRAMS}” is live; it was read back and is equal.")
    expect_said(alice, "SUBMITTED: its own review is still to come")
    expect(publishing(alice)).to_contain_text("Live is submitted; Atlassian is reviewing it.")
    expect(alice.get_by_text("Live, in review", exact=True)).to_be_visible()
    assert sandbox.calls["marketplace.publish"] == 1
    assert (
        sandbox.document(PRODUCT, "live")["commonCloud"]["security"]["securityContact"] == "security.team@example.com"
    )
    alice.get_by_role("button", name="Refresh").click()
    expect(publishing(alice)).to_contain_text("Live since")
    expect(alice.get_by_text("No draft", exact=True)).to_be_visible()
    signoff(alice).get_by_text(re.compile(r"^\s*History")).click()
    expect(signoff(alice)).to_contain_text("Fine with legal.")


def test_any_later_change_lapses_the_sign_off(open_as, sandbox, signed_off):
    page = open_as("alice", app_path(DIAGRAMS))
    expect(publishing(page)).to_contain_text("Approved in exactly this form: met")
    expect(page.get_by_role("button", name="Publish…")).to_be_visible()
    edit_contact(page, "later@example.com")
    expect(publishing(page)).to_contain_text("Approved in exactly this form: not met")
    expect(page.get_by_role("button", name="Publish…")).to_have_count(0)
    expect(signoff(page).get_by_text("Approval dismissed").first).to_be_visible()
    signoff(page).get_by_role("button", name="Request approval").click()
    expect_said(page, "You requested approval.")
    stranger.act(sandbox, "edit_draft", host="", product_id=PRODUCT)
    bob = open_as("bob", app_path(DIAGRAMS))
    review(bob).get_by_role("button", name="Approve", exact=True).click()
    expect(bob.get_by_role("alert").first).to_contain_text("Nothing was decided")
    expect(verdict(bob)).to_have_count(0)
    bob.goto(app_path(DIAGRAMS))
    expect(signoff(bob).get_by_text("Approval dismissed").first).to_be_visible()


def test_what_was_on_the_screen_is_what_is_approved(open_as, sandbox):
    alice = open_as("alice", app_path(DIAGRAMS))
    signoff(alice).get_by_role("button", name="Request approval").click()
    expect_said(alice, "You requested approval.")
    bob = open_as("bob", app_path(DIAGRAMS), width=360)
    expect(review(bob).get_by_role("button", name="Approve", exact=True)).to_be_in_viewport()
    signoff(alice).get_by_role("button", name="Withdraw the request").click()
    alice.get_by_role("dialog").get_by_role("button", name="Continue").click()
    expect_said(alice, "The request for approval is withdrawn.")
    edit_contact(alice, "other@example.com")
    signoff(alice).get_by_role("button", name=re.compile("^Request approval$")).click()
    expect_said(alice, "You requested approval.")
    verdict(bob).get_by_label("Comment").fill("Looks good to me")
    verdict(bob).get_by_role("button", name="Approve with comment").click()
    expect(bob.get_by_role("alert").first).to_contain_text("The draft that you saw is not the one")
    expect(verdict(bob).get_by_label("Comment")).to_have_value("Looks good to me")
    expect(bob.get_by_text("other@example.com").first).to_be_visible()


def test_a_lost_answer_to_the_publish_call_is_settled_by_reading(open_as, sandbox, signed_off):
    page = open_as("alice", app_path(DIAGRAMS))
    faults.server_error(sandbox, call="marketplace.publish", times=1)
    publish(page)
    expect_said(page, "was not published: Atlassian had an error")
    expect(publishing(page)).to_contain_text("Approved in exactly this form: met")
    faults.lost_answer(sandbox, call="marketplace.publish", times=1)
    publish(page)
    expect_said(page, "The answer to the publish call was lost; reading live showed that it took effect.")
    assert sandbox.calls["marketplace.publish"] == 2


def test_a_publish_call_that_may_still_arrive_is_waited_for(open_as, sandbox, signed_off):
    page = open_as("alice", app_path(DIAGRAMS))
    faults.late_arrival(sandbox, call="marketplace.publish", times=1)
    publish(page)
    expect_said(page, "the call may still arrive until")
    expect(signoff(page)).to_contain_text("started to publish it at")
    expect(page.get_by_role("button", name="Publish…")).to_have_count(0)
    deliver_late(sandbox)
    page.get_by_role("button", name="Refresh").click()
    expect(publishing(page)).to_contain_text("Live is submitted")


def test_a_refusal_of_publishing_says_why_and_the_sign_off_stands(open_as, sandbox, signed_off):
    page = open_as("alice", app_path(DIAGRAMS))
    faults.refuse(sandbox, call="marketplace.publish", message="The listing is under review.", times=1)
    publish(page)
    expect(page.get_by_role("alert").first).to_contain_text("The listing is under review.")
    expect(publishing(page)).to_contain_text("Approved in exactly this form: met")
    publish(page)
    expect_said(page, "is live; it was read back and is equal")


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("publish", "There is no draft at Marketplace."),
        ("edit_live", "Live is not what the reviewers compared the draft with"),
        ("edit_draft", "The draft is not"),
    ],
)
def test_publishing_is_refused_when_a_stranger_was_quicker(action, reason, open_as, sandbox, signed_off):
    page = open_as("alice", app_path(DIAGRAMS))
    expect(page.get_by_role("button", name="Publish…")).to_be_visible()
    stranger.act(sandbox, action, host="", product_id=PRODUCT)
    publish(page)
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("Nothing was published.")
    expect(alert).to_contain_text(reason)
    assert sandbox.calls["marketplace.publish"] == 0


def test_live_that_is_not_what_was_approved_raises_an_alert_that_a_person_settles(open_as, sandbox, signed_off):
    faults.stranger_meanwhile(sandbox, "edit_draft", before="marketplace.publish", product_id=PRODUCT)
    page = open_as("alice", app_path(DIAGRAMS))
    publish(page)
    alert = page.get_by_role("alert").filter(has_text="Alert: live is not what was approved")
    expect(alert).to_contain_text("It differs in 1 place")
    expect(alert).to_contain_text(CONTACT)
    alert.get_by_role("link", name="Compare what was approved with live").click()
    expect_said(page, "stranger@example.com")
    page.go_back()
    page.get_by_role("button", name="Resolve alert…").click()
    dialog = page.get_by_role("dialog", name="Resolve alert")
    dialog.get_by_label("What you found").fill("Support changed the contact. It is right.")
    dialog.get_by_role("button", name="Resolve").click()
    expect_said(page, "The alert is resolved.")
    expect(alert).to_have_count(0)
