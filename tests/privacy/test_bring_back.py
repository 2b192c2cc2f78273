"""A removed record comes back near where it was, and what was changed after its removal stays."""

import pytest

from privacy.document.answers import RecordInput
from privacy.document.form_values import row_token
from privacy.drafts import answering, edit_log, working_copy
from privacy.marketplace import app_list
from privacy.models import Edit
from privacy.refusals import AnswerRefused
from tests.privacy.browsing import address, kept

pytestmark = pytest.mark.django_db
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"


@pytest.fixture
def removed(editor, diagrams, marketplace):
    """B of A, B and C was removed, then A was renamed; the edit that removed B."""
    records = '[{"name":"A","purpose":"Stores files"},{"purpose":"Mail","name":"B","x":1.0},{"name":"C"}]'
    marketplace.put(diagrams, "draft", '{"thirdPartyInformation":{"thirdPartyDetails":' + records + "}}")
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    before = kept(diagrams, RECORDS)
    rows = [RecordInput(row_token(index, record), {}) for index, record in enumerate(before)]
    edit = answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=[rows[0], rows[2]]).edit
    renamed = [RecordInput(row_token(0, before[0]), {"name": "Another"}), rows[2]]
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=renamed)
    return edit


def test_a_removed_record_is_back_in_its_place_and_what_came_after_stays(editor, diagrams, removed, client_for):
    page = client_for(editor.user).get(address("app_edit", diagrams, section="all")).content.decode()
    assert "Bring back" in page

    response = client_for(editor.user).post(address("app_bring_back", diagrams), {"edit": removed.pk, "place": "1"})

    assert response.status_code == 302
    back = kept(diagrams, RECORDS)
    assert [record["name"] for record in back] == ["Another", "B", "C"]
    assert list(back[1]) == ["purpose", "name", "x"]
    assert str(back[1]["x"]) == "1.0"
    assert not edit_log.removed_records(diagrams)[RECORDS]


def test_a_record_is_brought_back_once(editor, diagrams, removed):
    answering.bring_back(actor=editor, app=diagrams, edit=removed, place=1)

    with pytest.raises(AnswerRefused, match="back already"):
        answering.bring_back(actor=editor, app=diagrams, edit=removed, place=1)

    assert len(kept(diagrams, RECORDS)) == 3


@pytest.mark.parametrize("data", [{"edit": "x", "place": "1"}, {"edit": "1"}, {}])
def test_a_record_that_nobody_removed_is_refused_in_words(editor, diagrams, removed, client_for, data):
    response = client_for(editor.user, htmx=True).post(address("app_bring_back", diagrams), data)

    assert response.status_code == 409
    assert Edit.objects.count() == 2


def test_who_may_not_edit_brings_nothing_back(reviewer, diagrams, removed, client_for):
    data = {"edit": removed.pk, "place": "1"}

    assert client_for(reviewer.user).post(address("app_bring_back", diagrams), data).status_code == 403

    assert len(kept(diagrams, RECORDS)) == 2
