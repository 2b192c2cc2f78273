"""Records in the form: added, changed, moved, and drawn one by one where they are many."""

import json

import pytest

from privacy import services
from privacy.document import RecordInput
from tests.privacy.browsing import address, kept, name_of, page_values, rows_of, said, seen

pytestmark = pytest.mark.django_db

RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
#: More than the form draws whole. Five hundred are tried in a browser.
MANY = 50


@pytest.fixture
def app(editor, diagrams, marketplace):
    return services.read_app(actor=editor, app=diagrams)


def test_records_are_added_changed_and_moved(editor, app, client_for):
    client, name = client_for(editor.user), name_of(RECORDS)
    form = client.get(address("app_edit", app, section="thirdPartyInformation")).content.decode()
    tokens = rows_of(form, name)
    rows = [tokens[1], tokens[0], "new-1"]

    client.post(
        address("app_answer", app, field=name),
        {f"{name}.row": ["", *rows], f"{name}.new-1.name": "Example New BV"},
        headers={"HX-Request": "true"},
    )

    assert [record["name"] for record in kept(app, RECORDS)] == [
        "Example Mail GmbH",
        "Example Edge, Inc.",
        "Example New BV",
    ]


@pytest.fixture
def many(editor, diagrams, marketplace):
    """More sub-processors than the form draws whole."""
    records = [{"name": f"Example {number}", "thirdPartyCountries": ["Finland"], "x": 1} for number in range(MANY)]
    content = {"thirdPartyInformation": {"isEndUserDataShared": True, "thirdPartyDetails": records}}
    marketplace.put(diagrams, "draft", json.dumps(content))
    return services.read_app(actor=editor, app=diagrams)


def test_of_many_records_only_the_names_are_drawn_and_what_was_not_opened_stays(editor, many, client_for):
    client, name = client_for(editor.user, htmx=True), name_of(RECORDS)
    form = client.get(address("app_edit", many, section="thirdPartyInformation")).content.decode()
    assert f"Example {MANY - 1}" in form
    assert "Finland" not in form
    tokens = rows_of(form, name)
    token = tokens[-1]

    opened = client.get(address("app_record", many, field=name, token=token)).content.decode()
    assert f'name="{name}.{token}.thirdPartyCountries" value="Finland"' in opened
    data = {f"{name}.row": ["", *tokens], f"{name}.{token}.name": "Example last", f"seen.{name}": seen(many, RECORDS)}
    response = client.post(address("app_answer", many, field=name), data)

    assert response.status_code == 200
    found = kept(many, RECORDS)
    assert [record["name"] for record in found] == [
        *(f"Example {number}" for number in range(MANY - 1)),
        "Example last",
    ]
    assert all(record["thirdPartyCountries"] == ["Finland"] and record["x"] == 1 for record in found)


def test_many_records_are_all_drawn_when_that_is_asked_for(editor, many, client_for):
    client = client_for(editor.user)
    url = address("app_edit", many, section="thirdPartyInformation", records="all")
    form = client.get(url)
    assert form.content.decode().count("Finland") == MANY

    page = client.post(url, page_values(form), follow=True)

    assert "nothing changed" in said(page)


def test_a_record_that_could_not_be_kept_is_drawn_with_what_was_typed(editor, dora, many, client_for):
    client, name = client_for(editor.user), name_of(RECORDS)
    url = address("app_edit", many, section="thirdPartyInformation")
    values = page_values(client.get(url))
    rows = [RecordInput(token, {}) for token in values[f"{name}.row"][2:] if token != "new"]
    services.answer(actor=dora, app=many, pointer=RECORDS, raw=rows)

    page = client.post(url, {**values, f"{name}.{values[f'{name}.row'][8]}.name": "Example typed"})

    assert page.status_code == 409
    assert 'value="Example typed"' in page.content.decode()


@pytest.mark.parametrize("token", ["", "x", "500-x", "-", "٣"])
def test_a_record_that_is_not_there_is_said_to_be_gone(editor, many, client_for, token):
    page = client_for(editor.user, htmx=True).get(address("app_record", many, field=name_of(RECORDS), token=token))

    assert page.status_code == 404
    assert "not there any more" in said(page)


def test_a_record_is_found_again_after_others_were_taken_away(editor, many, client_for):
    client, name = client_for(editor.user, htmx=True), name_of(RECORDS)
    tokens = rows_of(client.get(address("app_edit", many, section="thirdPartyInformation")).content.decode(), name)
    client.post(address("app_answer", many, field=name), {f"{name}.row": ["", *tokens[7:]]})

    opened = client.get(address("app_record", many, field=name, token=tokens[9])).content.decode()

    assert f'name="{name}.{tokens[9]}.name" value="Example 9"' in opened


def test_what_a_record_holds_is_shown_to_nobody_who_may_not_edit(reviewer, many, client_for):
    page = client_for(reviewer.user).get(address("app_record", many, field=name_of(RECORDS), token="0-x"))

    assert page.status_code == 403


def test_a_part_of_another_form_does_not_keep_its_record_from_being_changed(editor, diagrams, marketplace, client_for):
    record = '{"name":"A","thirdPartyCountries":[{"code":"FI"}],"purpose":"a\\u0000b"}'
    marketplace.put(diagrams, "draft", '{"thirdPartyInformation":{"thirdPartyDetails":[' + record + "]}}")
    app = services.read_app(actor=editor, app=diagrams)
    client, url = client_for(editor.user), address("app_edit", app, section="thirdPartyInformation")
    values = page_values(client.get(url))
    changed = next(name for name in values if name.endswith(".name") and ".new." not in name)

    page = client.post(url, {**values, changed: "B"}, follow=True)

    assert "1 answer is kept" in said(page)
    assert kept(app, RECORDS) == [{"name": "B", "thirdPartyCountries": [{"code": "FI"}], "purpose": "a\x00b"}]
