"""Lists at 360 px: a title and a line below it for each row, however long the title; at 1280 px the whole width."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from classification.models import Item, Project
from portal.models import Connection

pytestmark = pytest.mark.browser
#: A title of one or two lines and a line below it.
HIGHEST = 84
LONG = "🚀 خطة استمرارية الأعمال للربع الثالث, the whole plan and all that belongs to it " * 2
LISTS = {
    "Spaces": "/sites/acme/spaces/",
    "Content of Front desk": "/sites/acme/spaces/DESK/",
    "Projects": "/sites/acme/projects/",
    "Activity": "/activity/",
    "Connections": "/connections/",
    "Apps": "/apps/example-apps/",
}


def heights(page: Page, name: str) -> list[float]:
    rows = page.get_by_role("region", name=name, exact=True).locator("tbody > tr")
    expect(rows.first).to_be_visible()
    return rows.evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")


@pytest.mark.parametrize("name", [name for name in LISTS if name != "Activity"])
def test_a_row_is_two_lines_on_a_narrow_screen(open_as, desk, sandbox, name):
    acme = Connection.objects.get(slug="acme")
    Connection.objects.filter(pk=acme.pk).update(name=LONG[:100])
    acme.spaces.filter(key="LEGAL").update(name=LONG)
    acme.spaces.get(key="DESK").items.filter(title="House rules").update(title=LONG)
    Project.objects.filter(connection=acme).update(name=LONG)
    # However long this test takes, the times are told in the most words.
    ago = timezone.now() - timedelta(minutes=30)
    acme.spaces.update(scanned_at=ago)
    Item.objects.filter(space__connection=acme).update(remote_changed_at=ago)
    Project.objects.filter(connection=acme).update(read_at=ago)
    page = open_as("alice", LISTS[name], width=360)
    found = heights(page, name)
    assert max(found) <= HIGHEST, found
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    wrap = page.get_by_role("region", name=name, exact=True)
    assert wrap.evaluate("box => box.scrollWidth - box.clientWidth") == 0


def test_an_entry_of_the_activity_says_as_much_on_a_narrow_screen_as_on_a_wide_one(open_as, desk):
    page = open_as("alice", f"{LISTS['Activity']}?period=all")
    rows = page.get_by_role("region", name="Activity").locator("tbody > tr")
    wide = [sorted(text.split()) for text in rows.all_inner_texts()]
    assert len(wide) >= 3
    page.set_viewport_size({"width": 360, "height": 800})
    assert [sorted(text.split()) for text in rows.all_inner_texts()] == wide
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    found = sorted(heights(page, "Activity"))
    assert found[len(found) // 2] <= HIGHEST


@pytest.mark.parametrize("width", [1280, 1920])
def test_tables_use_their_width_and_no_column_takes_most_of_it(open_as, desk, width):
    page = open_as("alice", LISTS["Spaces"], width=width)
    for name, path in LISTS.items():
        page.goto(path)
        table = page.get_by_role("region", name=name, exact=True).get_by_role("table")
        whole = table.bounding_box()["width"]
        # 15rem are the navigation, the rest is space at the sides.
        assert whole >= width - 320, (name, whole)
        columns = table.locator("thead th").evaluate_all(
            "cells => cells.map(cell => cell.getBoundingClientRect().width)"
        )
        assert max(columns) <= whole / 2, (name, columns)
