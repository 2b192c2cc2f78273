"""A record that was changed goes back to what it is live, and the others of its list stay as they are."""

import re
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.document import catalogue
from privacy.document.answers import RecordInput
from privacy.document.canonical_json import same
from privacy.document.form_values import row_token
from privacy.document.record_pairs import changed_pairs
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list
from tests.privacy.browsing import address, kept, name_of, said, seen

pytestmark = pytest.mark.django_db
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"


@pytest.fixture
def changed(editor, diagrams, marketplace):
    """Live are A, B and C. Here B is called Bob and has another purpose, D was added in front, and C has a purpose."""
    records = '[{"name":"A","x":1.0},{"name":"B","purpose":"Mail","x":2.50},{"name":"C"}]'
    for state in ("live", "draft"):
        marketplace.put(diagrams, state, '{"thirdPartyInformation":{"thirdPartyDetails":' + records + "}}")
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    a, b, c = (RecordInput(row_token(place, record), {}) for place, record in enumerate(kept(diagrams, RECORDS)))
    b, c = RecordInput(b.token, {"purpose": "Letters"}), RecordInput(c.token, {"purpose": "Files"})
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=[RecordInput("new", {"name": "D"}), a, b, c])
    return diagrams


def data(app, place: str) -> dict[str, str]:
    return {"pointer": RECORDS, "place": place, "expected": seen(app, RECORDS)}


def test_only_what_is_something_else_live_is_offered(editor, changed, client_for):
    client = client_for(editor.user)
    offered = address("app_changed_records", changed, field=name_of(RECORDS))
    assert offered in client.get(address("app_edit", changed, section="all")).content.decode()

    page = client.get(offered)

    assert re.findall(r"Revert to live for: (\w+)", said(page)) == ["B", "C"]
    assert re.findall(r'name="place" value="(\d+)"', page.content.decode()) == ["2", "3"]


def test_where_records_only_moved_none_is_offered(editor, changed, client_for):
    rows = [RecordInput(row_token(place, record), {}) for place, record in enumerate(kept(changed, RECORDS))]
    answering.answer(actor=editor, app=changed, pointer=RECORDS, raw=rows[:2])

    page = client_for(editor.user).get(address("app_changed_records", changed, field=name_of(RECORDS)))

    assert "No record is something else live." in said(page)


@pytest.mark.parametrize("field", ["", "nonsense", name_of("/commonCloud/security/securityContact")])
def test_of_what_holds_no_records_there_is_no_such_list(field, editor, changed, client_for):
    assert client_for(editor.user).get(address("app_changed_records", changed, field=field)).status_code == 404


def test_one_record_is_as_it_is_live_and_the_others_stay(editor, changed, client_for):
    before = kept(changed, RECORDS)

    response = client_for(editor.user).post(address("app_take_live_record", changed), data(changed, "2"), follow=True)

    assert "The record is as it is live." in response.content.decode()
    after = kept(changed, RECORDS)
    assert after[2] == {"name": "B", "purpose": "Mail", "x": 2.5}
    assert str(after[2]["x"]) == "2.50"
    assert [*after[:2], after[3]] == [*before[:2], before[3]]


def test_it_can_be_undone_like_any_answer(editor, changed, client_for):
    before, client = kept(changed, RECORDS), client_for(editor.user, htmx=True)
    client.post(address("app_take_live_record", changed), data(changed, "2"))

    client.post(address("app_undo", changed), {"edit": changed.owner.edits.first().pk})

    assert kept(changed, RECORDS) == before


@pytest.mark.parametrize(
    ("place", "words"),
    [("0", "not live"), ("4", "not live"), ("-1", "no such record"), ("x", "no such record"), ("", "no such record")],
)
def test_a_record_that_is_not_live_or_not_there_is_refused_in_words(place, words, editor, changed, client_for):
    before = kept(changed, RECORDS)

    response = client_for(editor.user, htmx=True).post(address("app_take_live_record", changed), data(changed, place))

    assert response.status_code >= 400
    assert words in response.content.decode()
    assert kept(changed, RECORDS) == before


@pytest.mark.parametrize("pointer", ["/commonCloud", "/commonCloud/security/securityContact", "x", ""])
def test_a_place_that_holds_no_records_is_refused(pointer, editor, changed, client_for):
    given = {"pointer": pointer, "place": "0", "expected": "0" * 32}

    assert client_for(editor.user, htmx=True).post(address("app_take_live_record", changed), given).status_code >= 400


def test_a_list_that_somebody_else_changed_meanwhile_is_left_alone(editor, changed, client_for):
    stale, bob = data(changed, "2"), editor
    rows = [RecordInput(row_token(place, record), {}) for place, record in enumerate(kept(changed, RECORDS))]
    answering.answer(actor=bob, app=changed, pointer=RECORDS, raw=rows[1:])
    before = kept(changed, RECORDS)

    response = client_for(editor.user, htmx=True).post(address("app_take_live_record", changed), stale)

    assert response.status_code == 409
    assert kept(changed, RECORDS) == before


def test_who_may_not_edit_changes_nothing(reviewer, changed, client_for):
    before = kept(changed, RECORDS)

    response = client_for(reviewer.user).post(address("app_take_live_record", changed), data(changed, "2"))

    assert response.status_code == 403
    assert kept(changed, RECORDS) == before


RECORD = st.fixed_dictionaries({"name": st.sampled_from("ABC"), "purpose": st.sampled_from(["Mail", "Files", 1.0, 1])})


@given(st.lists(RECORD, max_size=6), st.lists(RECORD, max_size=6))
def test_pairs_that_differ_are_pairs_of_one_another_and_what_is_equal_at_both_ends_is_in_none(left, right):
    field = catalogue.field(RECORDS)
    pairs = changed_pairs(field, left, right)
    assert len(set(pairs.values())) == len(pairs)
    assert list(pairs) == sorted(pairs)
    assert all(not same(left[here], right[there]) for here, there in pairs.items())
    assert changed_pairs(field, right, left) == {
        there: here for here, there in sorted(pairs.items(), key=itemgetter(1))
    }
    both = [{"name": "Z"}]
    around = changed_pairs(field, both + left + both, both + right + both)
    assert around == {here + 1: there + 1 for here, there in pairs.items()}
