"""A page of an app parses, checks and compares each document once."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

import pytest

from privacy.document import catalogue, checks, diff, form_values
from privacy.document.document import Document
from privacy.drafts import answering
from tests.privacy.browsing import address, fresh
from tests.privacy.marketplace import CONTACT, POLICIES

pytestmark = pytest.mark.django_db


@contextmanager
def counted() -> Iterator[Counter[tuple]]:
    """How often each text was parsed, each document checked and each pair compared, and controls of records made."""
    work: dict[CodeType, str] = {
        form_values.rows_of.__code__: "controls",
        Document.from_text.__func__.__code__: "parse",
        checks.check.__code__: "check",
        diff.compare.__code__: "compare",
    }
    found: Counter[tuple] = Counter()

    def look(frame: FrameType, event: str, _argument: object) -> None:
        name = work.get(frame.f_code)
        if event == "call" and name:
            given = [frame.f_locals[key] for key in ("text", "document", "left", "right") if key in frame.f_locals]
            found[name, *(value.text if isinstance(value, Document) else value for value in given)] += 1

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


@pytest.fixture
def edited(editor, diagrams):
    """Live, a draft, and a working copy, each of other content."""
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    return diagrams


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("app", {}),
        ("app_edit", {}),
        ("app_edit", {"section": "all"}),
        ("app_compare", {}),
        ("app_compare", {"before": "live", "after": "working", "show": "all"}),
        ("app_versions", {}),
    ],
)
def test_a_page_does_nothing_twice(editor, edited, client_for, page, query):
    client = client_for(editor.user)

    with counted() as found:
        response = client.get(address(page, edited, **query))

    assert response.status_code == 200
    assert {key[0] for key in found} >= {"parse", "compare"}
    assert {key[0]: many for key, many in found.items() if many > 1} == {}


def test_a_page_of_an_answer_takes_over_what_saving_it_parsed_and_checked(editor, edited, client_for):
    client = client_for(editor.user)
    field = catalogue.field(POLICIES)

    with counted() as found:
        response = client.post(
            address("app_answer", edited, field=field.name),
            {field.name: "https://example.com/security"},
            headers={"HX-Request": "true"},
        )

    now = fresh(edited).owner.working_copy.text
    assert response.status_code == 200
    assert found["parse", now] == 0
    assert found["check", now] == 1


def test_what_stands_beside_records_is_drawn_without_their_controls(editor, edited, client_for):
    field = catalogue.field("/commonCloud/thirdPartyInformation/thirdPartyDetails")
    records = Document.from_text(fresh(edited).owner.working_copy.text).get(field.pointer)
    first, *others = (form_values.row_token(index, record) for index, record in enumerate(records))
    client = client_for(editor.user)

    with counted() as found:
        response = client.post(
            address("app_answer", edited, field=field.name),
            {f"{field.name}.row": ["", first, *others], f"{field.name}.{first}.purpose": "Stores what users upload"},
            headers={"HX-Request": "true"},
        )

    assert response.status_code == 200
    assert "Revert single records" in response.text
    assert not [key for key in found if key[0] == "controls"]
