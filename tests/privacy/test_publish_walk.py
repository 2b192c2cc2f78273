"""How many modules somebody reads to follow a publish from the button to the call."""

import logging
import traceback
from pathlib import Path

import pytest

from privacy.drafts import answering
from privacy.marketplace import saving
from privacy.reviews import approvals

from .browsing import address
from .marketplace import CONTACT

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
#: What surrounds every request, and is no part of publishing.
AROUND = ("portal/middleware.py", "portal/bodies.py", "portal/people/sessions.py")


class Stack(logging.Handler):
    """Keeps the modules of the two packages that are under way when the publish call is logged, the outermost first."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "marketplace.publish" in record.getMessage():
            files = (Path(frame.filename) for frame in traceback.extract_stack())
            names = (str(file.relative_to(ROOT)) for file in files if file.is_relative_to(ROOT))
            ours = (name for name in names if name.startswith(("privacy/", "portal/")) and name not in AROUND)
            self.modules = list(dict.fromkeys(ours))


@pytest.fixture
def stack():
    handler, logger = Stack(), logging.getLogger("trustdesk.atlassian")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_from_the_button_to_the_call_there_are_at_most_ten_modules(
    editor, reviewer, publisher, diagrams, client_for, stack
):
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    client_for(publisher.user).post(address("app_publish", diagrams))

    assert "privacy/views/release.py" in stack.modules
    assert stack.modules[-1] == "portal/atlassian/http.py"
    assert len(stack.modules) <= 10, stack.modules
