"""The list of apps: what it says of each, how it is searched, and how it is read again."""

import pytest
from django.urls import reverse

from privacy.drafts import answering
from privacy.marketplace import app_list
from privacy.models import App
from sandbox import faults
from tests.privacy.browsing import address, said
from tests.privacy.marketplace import CONTACT, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(editor, developer_space, prepare):
    prepare("all apps", lambda: app_list.read_apps(actor=editor, connection=developer_space))
    return reverse("apps", args=[developer_space.slug])


def test_a_space_that_was_never_read_says_what_to_do_first(editor, developer_space, client_for):
    page = client_for(editor.user).get(reverse("apps", args=[developer_space.slug]))

    assert "No apps yet" in said(page)
    assert "Load apps" in said(page)


def test_all_apps_are_listed_with_how_they_stand(editor, listed, client_for):
    words = said(client_for(editor.user).get(listed))

    for name in ("Diagrams for Confluence", "Page Clock", "Status Board"):
        assert name in words
    assert "Live, in review" in words
    assert "Nothing live" in words
    assert "2 warnings" in words


def test_search_and_filter_are_in_the_address(editor, listed, client_for):
    found = said(client_for(editor.user).get(listed, {"q": "clock"}))
    drafts = said(client_for(editor.user).get(listed, {"only": "draft", "sort": "changed"}))

    assert "Page Clock" in found
    assert "Status Board" not in found
    assert "Diagrams for Confluence" in drafts
    assert "Status Board" not in drafts


@pytest.mark.parametrize("query", [{"q": "\x00"}, {"only": "none"}, {"sort": "x"}, {"after": "-3"}, {"q": "a" * 5000}])
def test_a_filter_that_nobody_offers_is_no_fault(editor, listed, client_for, query):
    assert client_for(editor.user).get(listed, query).status_code == 200


@pytest.mark.parametrize("sort", ["name", "changed", "errors"])
def test_many_apps_come_in_pages_that_go_on_though_the_list_has_shrunk(
    editor, developer_space, listed, client_for, sort, monkeypatch
):
    monkeypatch.setattr("privacy.views.browse.PER_PAGE", 2)
    client = client_for(editor.user)
    everything = [row.app for row in client.get(listed, {"sort": sort}).context["page"].rows]
    first = client.get(listed, {"sort": sort}).context["page"]
    following = client.get(listed, {"sort": sort, "after": first.after}).context["page"]
    App.objects.filter(pk=everything[0].pk).update(listed=False)
    again = client.get(listed, {"sort": sort, "after": first.after}).context["page"]
    assert [row.app for row in again.rows] == [row.app for row in following.rows] != []
    assert again.start == 2
    assert client.get(listed, {"sort": sort, "before": again.before}).context["page"].rows[0].app == everything[1]


def test_a_search_without_a_match_says_so(editor, listed, client_for):
    assert "No app matches" in said(client_for(editor.user).get(listed, {"q": "zzz"}))


def test_reading_all_apps_says_how_many_were_read(editor, developer_space, client_for):
    client = client_for(editor.user)

    page = client.post(reverse("apps_read", args=[developer_space.slug]), follow=True)

    assert "8 of 8 apps were read" in said(page)


def test_reading_all_apps_is_refused_to_a_stranger(bob, developer_space, client_for):
    assert client_for(bob).post(reverse("apps_read", args=[developer_space.slug])).status_code == 404
    assert not App.objects.exists()


def test_a_list_that_cannot_be_read_leaves_what_was_known(editor, listed, developer_space, sandbox, client_for):
    faults.server_error(sandbox, call="marketplace.apps", times=None)

    page = client_for(editor.user).post(reverse("apps_read", args=[developer_space.slug]))

    assert 400 <= page.status_code < 500
    assert "The list below is from the last refresh" in said(page)
    assert "Status Board" in said(page)


def test_the_address_of_reading_opens_the_list(editor, listed, developer_space, client_for):
    assert client_for(editor.user).get(reverse("apps_read", args=[developer_space.slug])).url == listed


def test_one_row_is_read_again_in_place(editor, listed, diagrams, client_for, marketplace):
    marketplace.act(diagrams, "discard_draft")

    row = client_for(editor.user, htmx=True).post(address("app_read", diagrams))

    assert row.status_code == 200
    assert row.content.decode().strip().startswith("<tr")
    assert "No draft" in said(row)
    assert "toast" in row["HX-Trigger"]


def test_a_row_that_cannot_be_read_says_why_and_keeps_what_was_known(editor, listed, diagrams, sandbox, client_for):
    faults.refuse(sandbox, call=READ, status=400, times=None)

    row = client_for(editor.user, htmx=True).post(address("app_read", diagrams))

    assert row.status_code == 200
    assert "Not refreshed:" in said(row)
    assert "Draft" in said(row)


def test_unsaved_changes_stand_in_the_list(editor, listed, diagrams, client_for):
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")

    assert "Saved here by you since" in said(client_for(editor.user).get(listed, {"only": "unsaved"}))


def test_names_of_any_script_are_shown_as_text(editor, listed, developer_space, client_for):
    App.objects.filter(name="Page Clock").update(name="<script>alert(1)</script> מִסְמָך 🕰️")

    page = client_for(editor.user).get(listed)

    assert b"<script>alert(1)" not in page.content
    assert "מִסְמָך 🕰️" in page.content.decode()
