"""Counts of items: kept beside them, never old, and home adds them up without looking at a single item."""

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from classification.inventory import item_counts
from classification.models import Item, ItemCount, ItemsChanged, ReadState
from portal.management.commands.worker import sweep
from tests.portal.test_home import cards

pytestmark = pytest.mark.django_db


def counted(site) -> dict:
    """What the pages show, from the counts; by status, state and level."""
    found: dict = {}
    for _, state, level, status, _, count in item_counts.counts_by_site([site.pk]):
        found[status, state, level] = found.get((status, state, level), 0) + count
    return found


def true_now(site) -> dict:
    found: dict = {}
    for row in Item.objects.filter(space__connection=site).values_list("status", "level_state", "level_id"):
        found[row] = found.get(row, 0) + 1
    return found


def test_home_reads_no_item_once_the_worker_has_counted(scanned, site, administrator, client_for):
    client = client_for(administrator)
    before = cards(client.get(reverse("home")).content.decode())
    sweep()
    with CaptureQueriesContext(database) as queries:
        page = cards(client.get(reverse("home")).content.decode())
    assert page == before
    assert "of 8 pages" in page[site.name]["Classified"]
    assert [each["sql"] for each in queries if '"classification_item"' in each["sql"]] == []
    assert len(queries) <= 14


CHANGES = {
    "an update": lambda item: Item.objects.filter(pk=item.pk).update(level=None, level_state=ReadState.NONE),
    "an update of the status": lambda item: Item.objects.filter(pk=item.pk).update(status="archived", remote_id="77"),
    "a deletion": lambda item: Item.objects.filter(pk=item.pk).delete(),
    "a row that is saved": lambda item: (setattr(item, "level_state", ReadState.UNREAD), item.save()),
    "a field that is saved": lambda item: (setattr(item, "level_id", None), item.save(update_fields=["level"])),
    "a new row": lambda item: Item.objects.create(
        space=item.space, kind="page", remote_id="4711", status="current", title="New", read_at=item.read_at
    ),
    "rows in bulk": lambda item: Item.objects.bulk_create(
        [Item(space=item.space, kind="page", remote_id="4711", status="draft", title="x", read_at=item.read_at)]
    ),
    "by the space": lambda item: item.space.items.update(level=None, level_state=ReadState.UNREAD),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_items_is_counted_at_once_and_kept_by_the_next_sweep(change, scanned, site):
    item_counts.keep_counts()
    assert counted(site) == true_now(site)
    before = true_now(site)
    change(Item.objects.filter(level_state=ReadState.KNOWN, status="current").first())
    assert true_now(site) != before
    assert counted(site) == true_now(site)
    item_counts.keep_counts()
    assert not ItemsChanged.objects.exists()
    assert counted(site) == true_now(site)


def test_what_is_not_counted_leaves_no_mark(scanned):
    item_counts.keep_counts()
    Item.objects.update(title="Renamed")
    item = Item.objects.first()
    item.save(update_fields=["title"])
    assert not ItemsChanged.objects.exists()


def test_a_change_that_is_undone_leaves_no_mark(scanned):
    item_counts.keep_counts()
    with transaction.atomic():
        Item.objects.update(level_state=ReadState.UNREAD)
        assert ItemsChanged.objects.exists()
        transaction.set_rollback(True)
    assert not ItemsChanged.objects.exists()


def test_what_another_worker_counts_at_the_same_time_is_left_to_it(scanned, site):
    """It took the marks while this one waited for the space."""
    item_counts.keep_counts()
    Item.objects.update(level_state=ReadState.NONE)

    def taken(execute, sql, params, many, context):
        if sql.startswith("DELETE") and "itemschanged" in sql:
            with database.cursor() as cursor:
                cursor.connection.execute("DELETE FROM classification_itemschanged")
        return execute(sql, params, many, context)

    before = list(ItemCount.objects.values_list("pk", flat=True))
    with database.execute_wrapper(taken):
        item_counts.keep_counts()
    assert list(ItemCount.objects.values_list("pk", flat=True)) == before
