"""Two changes in one site at once wait for each other and never end in a deadlock.

That every service locks its rows in one order is seen by `tests/locks.py` in every other test of this package too.
"""

from collections.abc import Callable

import pytest
from django.utils import timezone

from classification.inventory import item_counts, refresh, store
from classification.inventory.batch_writer import Entry, Writer
from classification.levels.change import change_level
from classification.levels.defaults import SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.models import Item, Level, Space
from portal.access import Actor
from portal.atlassian import types
from portal.connections.changes import remove
from portal.models import Connection, User
from portal.people import administration
from sandbox.names import ACME
from tests.racing import needs_row_locks, race

pytestmark = pytest.mark.django_db(transaction=True)
#: What may happen in one site at the same time.
PAIRS = [
    *(("batch", other) for other in ("item", "default", "count", "read item", "levels", "spaces", "ask", "remove")),
    *(("remove", other) for other in ("item", "default", "count", "read item", "levels", "spaces", "ask", "give role")),
    ("move here", "move there"),
    ("default", "move there"),
]


def batch(site: Connection, space: Space, *items: Item) -> Callable[[], object]:
    """A scan that found these items in a space, each with another level than is known."""
    level = Level.objects.get(connection=site, name="Public")
    told = types.Level(level.remote_id, level.name)
    entries = [
        Entry(space, types.Item(item.remote_id, item.kind, item.status, item.title), told, timezone.now())
        for item in items
    ]
    return lambda: Writer(site).items(entries, offered=True)


@pytest.fixture
def changes(site: Connection, sandbox, scanned: Space, item, level) -> dict[str, Callable[[], object]]:
    """Name -> a change of the same site, in which one page was moved from either of two spaces to the other."""
    operator, welcome, press_kit = Actor.command_line(), item("Welcome"), item("Press kit")
    sandbox.add_space(ACME, "OT", name="Other")
    other = refresh.read_space(actor=operator, connection=site, key="OT")
    at = timezone.now()
    there = store.keep_item(other, types.Item("9001", "page", "current", "Elsewhere"), "current", at)
    spaces = [types.Space(space.remote_id, space.key, space.name) for space in (other, scanned)]
    levels = [types.Level(row.remote_id, row.name) for row in Level.objects.order_by("-pk")]
    alice = User.objects.create_user("alice@example.com", "x", name="Alice")
    role = {"connection": site, "roles": ["classifier"], "users": [alice]}
    read = {"connection": site, "kind": "page", "remote_id": welcome.remote_id}
    return {
        "batch": batch(site, scanned, welcome, press_kit),
        "move here": batch(site, scanned, press_kit, there),
        "move there": batch(site, other, welcome, item("Salaries")),
        "item": lambda: change_level(
            actor=operator, target=ItemLevel(welcome), wanted=level("Confidential"), force=True
        ),
        "default": lambda: change_level(actor=operator, target=SpaceDefault(scanned), wanted=level("Confidential")),
        "count": item_counts.keep_counts,
        "read item": lambda: refresh.read_item(actor=operator, **read),
        "levels": lambda: store.keep_levels(site, levels, timezone.now()),
        "spaces": lambda: store.keep_spaces(site, spaces, timezone.now()),
        "ask": lambda: refresh.request_scan(actor=operator, connection=site, enqueue=False),
        "give role": lambda: administration.add_roles(actor=operator, **role),
        "remove": lambda: remove(actor=operator, connection=Connection.objects.get(pk=site.pk)),
    }


@needs_row_locks
@pytest.mark.parametrize(("one", "other"), [pair for both in PAIRS for pair in (both, both[::-1])])
def test_two_changes_in_one_site_do_not_deadlock(one, other, changes):
    held, deadlocks = race(changes[one], changes[other])

    assert held
    assert deadlocks == []
