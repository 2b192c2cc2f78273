"""How an item's level differs from the default of its space is stored, and true after every write."""

from datetime import timedelta

import pytest
from django.utils import timezone

from classification.inventory import refresh, store
from classification.inventory.filters import ItemFilters
from classification.models import Item, Level, ReadState, Space
from portal.access import Actor
from portal.atlassian import types
from sandbox.names import ACME
from tests.classification.test_counts import CHANGES

pytestmark = pytest.mark.django_db


def expected(item: Item) -> str:
    """The same comparison, in Python."""
    space, kinds = item.space, Item.Difference
    told = (ReadState.KNOWN, ReadState.NONE)
    if item.level_state not in told or space.default_state not in told:
        return kinds.UNKNOWN
    level = item.level if item.level_state == ReadState.KNOWN else None
    default = space.known_default
    if ReadState.NONE in (item.level_state, space.default_state):
        if item.level_state == space.default_state:
            return kinds.SAME
        return kinds.UNCLASSIFIED if item.level_state == ReadState.NONE else kinds.NO_DEFAULT
    if level is not None and level == default:
        return kinds.SAME
    if level is None or default is None or None in (level.order, default.order) or level.order == default.order:
        return kinds.OTHER
    return kinds.MORE if level.order < default.order else kinds.LESS


def check() -> dict[str, str]:
    """Every stored difference and connection is the true one; the differences, by title and status."""
    items = list(Item.objects.select_related("space__default_level", "level"))
    wrong = [(item.title, item.difference) for item in items if item.difference != expected(item)]
    assert wrong == []
    assert [item.title for item in items if item.connection_id != item.space.connection_id] == []
    return {f"{item.title} ({item.status})": item.difference for item in items}


def test_a_scan_stores_them(scanned):
    assert check() == {
        "Welcome (current)": "same",
        "Salaries (current)": "more",
        "Bonus (current)": "more",
        "Press kit (current)": "less",
        "Nowhere (current)": "none",
        "Old rules (archived)": "less",
        "New rules (draft)": "same",
        "Our year (current)": "same",
        "Salaries, reworked (draft)": "less",
    }


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_items_keeps_them(change, scanned):
    change(Item.objects.filter(level_state=ReadState.KNOWN, status="current").first())
    check()


def test_a_saved_row_knows_its_own(item, level):
    row = item("Welcome")
    row.level = level("Public")
    row.save()
    assert row.difference == Item.Difference.LESS


def test_a_change_of_a_level_tells_its_row(item, level):
    row = item("Welcome")
    assert store.keep_item_level(row, level("Confidential"), timezone.now())
    assert row.difference == Item.Difference.MORE
    check()


@pytest.mark.parametrize("state", ["", *(state for state in ReadState.values if state != ReadState.KNOWN)])
@pytest.mark.parametrize("name", ["Public", "Confidential", None])
def test_a_default_is_compared_with_all_items_of_its_space(name, state, scanned, level):
    before = check()
    default = level(name) if name and state in ("", ReadState.UNREAD) else None
    assert store.keep_default(scanned, default, timezone.now(), state=state or None)
    assert check() != before


def test_an_older_answer_of_a_default_changes_none(scanned, level):
    before = check()
    assert not store.keep_default(scanned, level("Public"), timezone.now() - timedelta(days=1))
    assert check() == before


def test_the_default_of_another_space_changes_none(site, scanned, sandbox):
    before = check()
    sandbox.add_space(ACME, "OT", name="Other", level="Public")
    refresh.read_space(actor=Actor.command_line(), connection=site, key="OT")
    assert check() == before


def test_an_order_that_changes_is_compared_anew(site, scanned):
    before = check()
    told = [
        types.Level(
            id=level.remote_id,
            name=level.name,
            description=level.description,
            guideline=level.guideline,
            order=100 - (level.order or 0),
            color=level.color,
            status=level.status,
        )
        for level in Level.objects.filter(connection=site)
    ]
    store.keep_levels(site, told, timezone.now())
    after = check()
    assert (before["Bonus (current)"], after["Bonus (current)"]) == ("more", "less")


def test_levels_without_an_order_are_other_levels(site, scanned):
    Level.objects.update(order=None)
    Item.objects.compare_again()
    assert check()["Bonus (current)"] == "other"


def test_a_page_that_moves_is_compared_with_its_new_space(site, scanned, sandbox, item):
    row = item("Press kit")
    other = Space.objects.create(
        connection=site, remote_id="4712", key="OT", name="Other", listed_at=timezone.now(), default_state="none"
    )
    store.keep_item(other, types.Item(row.remote_id, "page", "current", "Press kit"), "current", timezone.now())
    moved = Item.objects.get(title="Press kit")
    assert (moved.space, moved.difference) == (other, Item.Difference.UNKNOWN)
    store.keep_item_level(moved, row.level, timezone.now())
    assert check()["Press kit (current)"] == Item.Difference.NO_DEFAULT


@pytest.mark.parametrize(
    ("origin", "titles"),
    [
        ("more", {"Salaries", "Bonus"}),
        ("less", {"Press kit", "Old rules", "Salaries, reworked"}),
        ("none", {"Nowhere"}),
    ],
)
def test_they_are_filters_of_a_space(origin, titles, scanned):
    Item.objects.filter(title="Bonus").update(set_here=True)  # whoever set it
    found = ItemFilters(origin=origin).apply(Item.objects.filter(space=scanned))
    assert set(found.values_list("title", flat=True)) == titles
