"""What draft and live became at Atlassian meanwhile: the pages say the same of it everywhere, and what can be done."""

from datetime import timedelta

import pytest

from privacy.drafts import answering
from privacy.marketplace import app_list, saving
from privacy.models import App, Review
from privacy.reviews import approvals
from tests.privacy.browsing import address, fresh, said
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(editor, diagrams) -> Review:
    """Alice requested approval of a draft that she wrote."""
    app = app_list.read_app(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=app)
    return approvals.request_approval(actor=editor, app=fresh(app))


@pytest.fixture
def signed_off(asked, reviewer) -> Review:
    approvals.approve(actor=reviewer, review=asked, expected=asked.content_hash)
    return asked


def test_the_page_of_a_save_that_was_refused_shows_what_the_save_has_read(editor, board, marketplace, client_for):
    app = app_list.read_app(actor=editor, app=board)
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")
    App.objects.filter(pk=app.pk).update(read_at=app.read_at - timedelta(days=400))
    marketplace.act(app, "edit_draft", value="stranger@example.com")

    page = client_for(editor.user).post(address("app_save", app))

    assert "The draft of “Status Board” was changed at Atlassian meanwhile by stranger@example.com" in said(page)
    assert "No draft" not in said(page)
    assert page.context["app"].read_at == fresh(app).read_at


def test_the_checklist_does_not_call_signed_off_what_was_only_asked_for(publisher, asked, marketplace, client_for):
    marketplace.act(asked.app, "edit_draft", value="stranger@example.com")

    words = said(client_for(publisher.user).post(address("app_read", asked.app), follow=True))

    not_met = "Approved in exactly this form : not met The draft is not approved."
    assert f"{not_met} The draft was changed at Atlassian by stranger@example.com" in words
    assert "after it was approved" not in words


def test_after_live_moved_the_page_that_says_to_ask_again_has_the_form_for_it(
    editor, signed_off, grant, marketplace, client_for
):
    grant(editor.user, signed_off.app.connection, "publisher")
    client, ask = client_for(editor.user), address("app_review_ask", signed_off.app)
    assert f'action="{ask}"' not in client.get(address("app", signed_off.app)).content.decode()
    marketplace.act(signed_off.app, "edit_live", value="live@example.com")

    page = client.post(address("app_publish", signed_off.app))

    assert page.status_code == 409
    assert "Look at the comparison and request approval again." in said(page)
    assert page.content.decode().count(f'action="{ask}"') == 1
    page = client.post(ask, {"note": "Live moved"}, follow=True)
    assert "Waiting for approval" in said(page)
    assert "Live was changed since" not in said(page)


def test_a_request_that_waits_can_be_made_again_once_live_moved(editor, asked, marketplace, client_for):
    marketplace.act(asked.app, "edit_live", value="live@example.com")
    client = client_for(editor.user)

    page = client.post(address("app_read", asked.app), follow=True)

    assert f'action="{address("app_review_ask", asked.app)}"' in page.content.decode()
    assert "Request approval" in said(page)
