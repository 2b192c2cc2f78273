"""Two changes to one app at once wait for each other and never end in a deadlock.

That every service locks its rows in one order is seen by `tests/locks.py` in every other test of this package too.
"""

from collections.abc import Callable

import pytest

from portal.access import Actor
from portal.connections.changes import remove
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list, saving
from privacy.reviews import approvals, publishing
from tests.privacy.marketplace import CONTACT
from tests.racing import needs_row_locks, race

pytestmark = pytest.mark.django_db(transaction=True)
#: What may happen to one app at the same time.
PAIRS = [
    *(("answer", other) for other in ("reset", "restore", "read", "save")),
    *(("remove", other) for other in ("answer", "read", "save", "ask", "publish")),
]


@pytest.fixture
def changes(editor, publisher, diagrams) -> dict[str, Callable[[], object]]:
    """Name -> a change of the same app, which has a working copy with an answer and a request that waits."""
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="before@example.com")
    diagrams.refresh_from_db()
    version = diagrams.live
    answer = {"app": diagrams, "pointer": CONTACT, "raw": "after@example.com"}
    return {
        "answer": lambda: answering.answer(actor=editor, **answer),
        "reset": lambda: working_copy.reset_working_copy(actor=editor, app=diagrams),
        "restore": lambda: working_copy.restore(actor=editor, app=diagrams, snapshot=version),
        "read": lambda: app_list.read_app(actor=editor, app=diagrams),
        "save": lambda: saving.save_to_marketplace(actor=editor, app=diagrams),
        "ask": lambda: approvals.request_approval(actor=editor, app=diagrams),
        "publish": lambda: publishing.publish(actor=publisher, app=diagrams),
        "remove": lambda: remove(actor=Actor.command_line(), connection=diagrams.connection),
    }


@needs_row_locks
@pytest.mark.parametrize(("one", "other"), [pair for both in PAIRS for pair in (both, both[::-1])])
def test_two_changes_of_one_app_do_not_deadlock(one, other, changes):
    held, deadlocks = race(changes[one], changes[other])

    assert held
    assert deadlocks == []
