"""A working copy is shared: every page that shows one says whose changes are in it, since when, and what is saved."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.access import Actor
from portal.models import Connection, User
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list, saving
from privacy.models import App, Edit, WorkingCopy
from privacy.views.app_context import AppContext
from tests.privacy.browsing import address, fresh, said
from tests.privacy.marketplace import CONTACT, POLICIES

pytestmark = pytest.mark.django_db
BY_BOTH = r"Saved here by you and Dora since (\d+ \w+, )?\d\d:\d\d ?: 2 changes not saved to Marketplace yet"


@pytest.fixture
def edited(editor: Actor, dora: Actor, diagrams: App) -> App:
    """Alice and Dora each gave an answer that is not saved to Marketplace."""
    app = app_list.read_app(actor=editor, app=diagrams)
    answering.answer(actor=dora, app=app, pointer=POLICIES, raw="https://vendor.example.com/new")
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")
    return fresh(app)


@pytest.mark.parametrize("page", ["app", "app_edit", "app_compare", "app_versions"])
def test_every_page_of_an_app_says_whose_changes_are_not_saved_to_marketplace(page, editor, edited, client_for):
    words = said(client_for(editor.user).get(address(page, edited)))

    assert re.search(BY_BOTH, words)


def test_a_version_says_whose_changes_are_not_saved_to_marketplace(editor, edited, client_for):
    words = said(client_for(editor.user).get(address("app_version", edited, edited.draft_id)))

    assert re.search(BY_BOTH, words)


def test_the_list_of_apps_says_whose_changes_are_not_saved_to_marketplace(reviewer, edited, client_for):
    words = said(client_for(reviewer.user).get(reverse("apps", args=[edited.connection.slug])))

    assert re.search(r"Saved here by Alice and Dora since (\d+ \w+, )?\d\d:\d\d ?, not saved to Marketplace yet", words)
    assert words.count("not saved to Marketplace yet") == 1


def test_nothing_is_said_once_everything_is_saved_to_marketplace(editor, edited, client_for):
    saving.save_to_marketplace(actor=editor, app=edited)

    words = said(client_for(editor.user).get(address("app", edited)))

    assert "Saved here by" not in words


def test_changes_are_dated_by_the_oldest_answer_that_is_not_saved(editor, edited):
    long_ago = timezone.now() - timedelta(days=3)
    Edit.objects.filter(pk=Edit.objects.order_by("pk").first().pk).update(at=long_ago)

    assert AppContext(fresh(edited)).unsaved_by.since == long_ago


def test_a_version_that_was_restored_counts_as_changed_by_who_restored_it(editor, dora, edited):
    live = edited.live
    working_copy.reset_working_copy(actor=editor, app=edited)

    working_copy.restore(actor=dora, app=fresh(edited), snapshot=live)

    assert AppContext(fresh(edited)).unsaved_by.people == ((dora.user.pk, "Dora"),)


def test_changes_without_an_answer_in_the_log_are_those_of_who_changed_the_copy_last(editor, edited):
    Edit.objects.all().delete()

    found = AppContext(fresh(edited)).unsaved_by

    assert found.people == ((editor.user.pk, editor.label),)
    assert found.since == WorkingCopy.objects.get().changed_at


# --- in few queries -------------------------------------------------------------------------------------------------


@pytest.fixture
def forty(editor: Actor, dora: Actor, edited: App) -> Connection:
    """Forty apps with a draft, each with changes of two people."""
    copy = WorkingCopy.objects.get(owner=edited.owner_id)
    for number in range(40):
        app = App.objects.create(
            connection=edited.connection,
            product_id=f"many-{number}",
            app_key=f"com.example.many-{number}",
            name=f"Many {number}",
            live=edited.live,
            draft=edited.draft,
            live_state="present",
            draft_state="present",
        )
        WorkingCopy.objects.create(
            owner_id=app.owner_id,
            base=copy.base,
            text=copy.text,
            content_hash=copy.content_hash,
            changed_by=editor.user,
        )
        for actor in (editor, dora):
            Edit.objects.create(owner_id=app.owner_id, pointer=CONTACT, author=actor.user, author_label=actor.label)
    return edited.connection


def queries_of(client, url: str, count: object) -> int:
    """How many queries a page takes, once what is cached for all pages is."""
    client.get(url)
    with count as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_the_list_takes_as_many_queries_for_forty_apps_as_for_one(
    editor, edited, client_for, request, django_assert_max_num_queries
):
    client, url = client_for(editor.user), reverse("apps", args=[edited.connection.slug])
    one = queries_of(client, url, django_assert_max_num_queries(9))

    request.getfixturevalue("forty")

    assert queries_of(client, url, django_assert_max_num_queries(9)) == one
    assert said(client.get(url)).count("not saved to Marketplace yet") == 41


def test_the_list_of_versions_takes_as_many_queries_for_fifty_versions_as_for_two(
    editor, edited, client_for, django_assert_max_num_queries
):
    client, url = client_for(editor.user), address("app_versions", edited)
    few = queries_of(client, url, django_assert_max_num_queries(14))

    for number in range(60):
        answering.answer(actor=editor, app=fresh(edited), pointer=CONTACT, raw=f"a{number}@example.com")
        working_copy.reset_working_copy(actor=editor, app=fresh(edited))
    answering.answer(actor=editor, app=fresh(edited), pointer=CONTACT, raw="last@example.com")

    assert queries_of(client, url, django_assert_max_num_queries(14)) == few


def test_a_person_without_a_name_goes_by_their_address(edited, developer_space, grant):
    nameless = User.objects.create_user("nameless@example.com", "x")
    grant(nameless, developer_space, "privacy_editor")

    answering.answer(actor=Actor.of(nameless), app=edited, pointer=CONTACT, raw="other@example.com")

    assert (nameless.pk, "nameless@example.com") in AppContext(fresh(edited)).unsaved_by.people
