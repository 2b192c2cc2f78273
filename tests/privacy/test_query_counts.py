"""The pages of an app take at most 15 queries, however many records it has and however often it was edited."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from privacy.document.answers import RecordInput
from privacy.document.document import Document
from privacy.document.form_values import row_token
from privacy.drafts import answering, working_copy
from privacy.models import WorkingCopy
from tests.privacy.browsing import address
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
MOST = 15


@pytest.fixture
def edited(editor, diagrams, marketplace, prepare):
    """An app with 100 records and 30 edits, some of which removed records."""
    prepare("many edits", lambda: edit_often(editor, diagrams))
    return diagrams


def edit_often(editor, diagrams) -> None:
    working_copy.open_working_copy(actor=editor, app=diagrams)
    new = [RecordInput(f"new{number}", {"name": f"Example {number}"}) for number in range(100)]
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=new)
    for number in range(20):
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw=f"security{number}@example.com")
    for _ in range(9):
        records = Document.from_text(WorkingCopy.objects.get(owner=diagrams.owner_id).text).get(RECORDS)
        rows = [RecordInput(row_token(index, record), {}) for index, record in enumerate(records)]
        answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=rows[1:])


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("app", {}),
        ("app_edit", {}),
        ("app_edit", {"section": "all", "records": "all"}),
        ("app_compare", {"before": "live", "after": "working", "show": "all"}),
        ("app_compare", {}),
    ],
)
def test_a_page_takes_few_queries(editor, edited, client_for, page, query):
    client = client_for(editor.user)

    with CaptureQueriesContext(connection) as captured:
        response = client.get(address(page, edited, **query))

    assert response.status_code == 200
    assert len(captured) <= MOST, [item["sql"][:100] for item in captured]
