"""Keeping what a site tells, however odd: numbers that no column takes, characters that none keeps, lengths."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone

from classification.inventory import store, tree
from classification.models import Item, Level, Project, Space
from portal.atlassian import types

pytestmark = pytest.mark.django_db
HUGE = 10**30


@pytest.mark.parametrize("number", [HUGE, -HUGE, 2**31, -1])
def test_a_number_that_no_column_takes_is_left_out(site, space, number):
    item = types.Item(id="7", kind="page", status="current", title="x", position=number, version=number)
    row = store.keep_item(space, item, "current", timezone.now())
    row = Item.objects.get(pk=row.pk)
    assert row.version is None
    assert row.position in (None, number)
    store.keep_levels(site, [types.Level(id="l", name="L", order=number, status="PUBLISHED")], timezone.now())
    assert Level.objects.get(remote_id="l").order in (None, number)


def test_texts_beyond_a_column_are_cut_and_hold_no_nul(site, space):
    odd = "a\x00" + "é" * 30_000
    at = timezone.now()
    store.keep_levels(site, [types.Level(id="l", name=odd, description=odd, guideline=odd, color=odd, status=odd)], at)
    store.keep_space(site, types.Space(id="7", key=odd, name=odd, type=odd, status=odd, web_url="https://" + odd), at)
    store.keep_projects(site, [(types.Project(id="7", key=odd, name=odd, type=odd), None, None)], asked=at)
    item = types.Item(
        id="7",
        kind="page",
        status="current",
        title=odd,
        parent_id=odd,
        author_id=odd,
        owner_id=odd,
        web_url="https://" + odd,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    store.keep_item(space, item, "current", at)
    assert Item.objects.get(remote_id="7").title == "a" + "é" * 999
    assert "\x00" not in Space.objects.get(remote_id="7").web_url
    assert Project.objects.filter(remote_id="7").exists()


@pytest.mark.parametrize("key", ["A/B", ".", "..", " ", "", "A\nB"])
def test_what_has_a_key_that_no_address_holds_goes_by_its_id(site, alice, grant, client_for, key):
    grant(alice, site, "classification_manager")
    store.keep_space(site, types.Space(id="7", key=key, name="Odd"), timezone.now())
    store.keep_projects(site, [(types.Project(id="8", key=key, name="Odd"), None, None)], asked=timezone.now())
    browser = client_for(alice)
    assert browser.get("/sites/acme/spaces/").status_code == 200
    assert browser.get("/sites/acme/spaces/7/").status_code == 200
    assert browser.get("/sites/acme/projects/").status_code == 200
    assert browser.get("/sites/acme/projects/8/default/").status_code == 200


def test_a_level_that_two_scans_meet_at_once_is_kept_once(site):
    level = types.Level(id="new", name="New", status="PUBLISHED")
    one, other = (store.LevelCache(site, timezone.now()) for _ in range(2))
    assert one.row(level) == other.row(level)
    assert Level.objects.filter(remote_id="new").count() == 1


def test_places_in_the_tree_are_written_in_the_order_in_which_scans_lock_rows(space):
    for number, title in enumerate("CAB"):
        item = types.Item(id=str(number), kind="page", status="current", title=title, position=number)
        store.keep_item(space, item, "current", timezone.now())
    Item.objects.filter(title="C").update(tree_order=9)
    Item.objects.filter(title="A").update(tree_order=8)
    written = []

    def watch(execute, sql, params, many, context):
        if many:
            written.extend(row[-1] for row in params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        assert tree.reorder(space) > 1
    assert written == sorted(written)


#: Nothing to see: blanks, zero-width characters, a mark of direction, a Hangul filler, the blank of braille.
UNSEEN = ["", "   ", "\t\n", "\u200b\u200d", "\u202e", "\u3164", "\u2800 ", "\x00", "\ufeff\u00a0"]


@pytest.mark.parametrize("title", UNSEEN)
def test_a_title_without_anything_to_see_gets_one_that_can_be_clicked(space, title, client_for, grant, alice):
    store.keep_item(space, types.Item(id="1", kind="page", status="current", title=title), "current", timezone.now())
    grant(alice, space.connection, "viewer")
    html = client_for(alice).get(space.get_absolute_url()).content.decode()
    assert 'title="(no title)">(no title)</a>' in html


@pytest.mark.parametrize("title", ["a\u200b", "  x ", "👩\u200d🚀", "漢", "\u200bעברית", "…"])
def test_a_title_that_can_be_seen_is_kept_as_it_is(space, title):
    store.keep_item(space, types.Item(id="1", kind="page", status="current", title=title), "current", timezone.now())
    assert Item.objects.get(remote_id="1").title == title
