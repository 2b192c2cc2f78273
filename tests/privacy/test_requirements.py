"""What has to hold before publishing: the page, the command and the call go by one list."""

import pytest
from django.core.management import CommandError, call_command

from portal.atlassian.errors import Unavailable
from privacy import refusals
from privacy.drafts import answering
from privacy.marketplace import app_list, discarding, saving
from privacy.models import App, Review
from privacy.reviews import approvals, publishing
from privacy.reviews.requirements import requirements, unmet
from privacy.reviews.status import newest_review
from privacy.views.app_context import AppContext
from sandbox import faults

from .browsing import address, fresh, said
from .marketplace import CONTACT, DRAFT, POLICIES, PUBLISH, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(editor, reviewer, diagrams, prepare) -> App:
    """A draft that Alice wrote and Bob approved."""

    def write_and_approve() -> None:
        write(editor, diagrams, CONTACT, "trust@example.com")
        review = approvals.request_approval(actor=editor, app=diagrams)
        approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    prepare("approved", write_and_approve)
    return fresh(diagrams)


def write(editor, app, pointer, value) -> App:
    answering.answer(actor=editor, app=app, pointer=pointer, raw=value)
    return saving.save_to_marketplace(actor=editor, app=app).app


def without_approval(app, **_):
    Review.objects.filter(owner=app.owner_id).delete()


def waiting(app, editor, **_):
    without_approval(app)
    approvals.request_approval(actor=editor, app=app)


def sent_back(app, reviewer, **_):
    review = newest_review(app)
    approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="Wait.")


def changed_at_atlassian(app, marketplace, **_):
    marketplace.act(app, "edit_draft", value="stranger@example.com")


def changed_here(app, editor, **_):
    write(editor, app, POLICIES, "https://vendor.example.com/new")


def live_changed(app, marketplace, **_):
    marketplace.act(app, "edit_live", value="live@example.com")


def same_as_live(app, marketplace, **_):
    marketplace.put(app, "draft", marketplace.content(app, "live"))


def discarded(app, editor, **_):
    discarding.discard_draft(actor=editor, app=app)


def hidden(app, sandbox, **_):
    for reads_before in (1, 3):  # of the next two readings, of live and draft each, the second call is refused
        faults.refuse(sandbox, call=READ, status=403, skip=reads_before, times=1)


def with_errors(app, editor, **_):
    app = write(editor, app, CONTACT, "not an address")
    Review.objects.filter(owner=app.owner_id).update(
        state="approved", content_hash=app.draft_hash, live_hash=app.live_hash
    )


def alert(app, publisher, marketplace, **_):
    marketplace.meanwhile(app, "edit_live", before=READ, nth=3, value="stranger@example.com")
    assert publishing.publish(actor=publisher, app=app).outcome == "alert"


def being_published(app, **_):
    Review.objects.filter(owner=app.owner_id).update(state="publishing")


def earlier_save_lost(app, editor, sandbox, marketplace, **_):
    faults.reset_connection(sandbox, call=DRAFT)
    answering.answer(actor=editor, app=app, pointer=POLICIES, raw="https://vendor.example.com/lost")
    with pytest.raises(Unavailable):
        saving.save_to_marketplace(actor=editor, app=app)
    faults.clear(sandbox)


SITUATIONS = {
    "No alert is open": [alert],
    "A draft is at Marketplace": [discarded, hidden],
    "It differs from what is live": [same_as_live],
    "Approved in exactly this form": [
        without_approval,
        waiting,
        sent_back,
        changed_at_atlassian,
        changed_here,
        live_changed,
        being_published,
    ],
    "No check finds an error": [with_errors],
    "No other save may still arrive": [earlier_save_lost],
}
EACH = [pytest.param(title, step, id=step.__name__) for title, steps in SITUATIONS.items() for step in steps]


@pytest.fixture
def people(editor, reviewer, publisher, sandbox, marketplace) -> dict:
    return {
        "editor": editor,
        "reviewer": reviewer,
        "publisher": publisher,
        "sandbox": sandbox,
        "marketplace": marketplace,
    }


@pytest.mark.parametrize(("title", "step"), EACH)
def test_the_page_and_the_refusal_say_the_same(title, step, approved, people, client_for, marketplace):
    step(approved, **people)
    calls = marketplace.calls(PUBLISH)

    with pytest.raises(refusals.PublishRefused) as refused:
        publishing.publish(actor=people["publisher"], app=approved)

    page = AppContext(fresh(approved))
    assert title in {item.title for item in page.requirements if item.reason}
    assert refused.value.reasons == [publishing.NOT_PUBLISHED, *unmet(page.requirements)]
    shown = said(client_for(people["publisher"].user).get(address("app", approved)))
    for item in page.requirements:
        assert f"{item.title} : {'met' if item.holds else 'not met'} {item.reason}" in shown
    assert marketplace.calls(PUBLISH) == calls


@pytest.mark.parametrize(("title", "step"), EACH)
def test_the_command_says_the_same(title, step, approved, people):
    step(approved, **people)

    with pytest.raises(CommandError) as refused:
        call_command("privacy", approved.connection.name, "publish", approved.product_id)

    found = AppContext(fresh(approved)).requirements
    assert str(refused.value) == " ".join([publishing.NOT_PUBLISHED, *unmet(found)])


def test_every_requirement_has_a_situation_in_which_it_does_not_hold(approved):
    found = requirements(app=fresh(approved), review=newest_review(approved))

    assert [item.title for item in found] == list(SITUATIONS)
    assert all(item.holds and not item.reason for item in found)


@pytest.mark.parametrize("step", [param.values[1] for param in EACH])
def test_a_draft_that_cannot_be_published_has_at_least_one_reason(step, approved, people):
    step(approved, **people)
    app_list.read_app(actor=people["editor"], app=approved)

    page = AppContext(fresh(approved))

    assert not page.publishable
    assert unmet(page.requirements)
