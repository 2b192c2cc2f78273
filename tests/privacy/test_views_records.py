"""Records in the form: added, changed, moved, and drawn one by one where they are many."""

import html
import json
import re

import pytest

from privacy.document.answers import RecordInput
from privacy.drafts import answering
from privacy.marketplace import app_list
from tests.privacy.browsing import address, kept, name_of, page_values, rows_of, said, seen

pytestmark = pytest.mark.django_db

RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
#: More than the form draws whole. Five hundred are tried in a browser.
MANY = 50


@pytest.fixture
def app(editor, diagrams, marketplace):
    return app_list.read_app(actor=editor, app=diagrams)


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
    return app_list.read_app(actor=editor, app=diagrams)


def test_of_many_records_only_the_names_are_drawn_and_what_was_not_opened_stays(editor, many, client_for):
    client, name = client_for(editor.user, htmx=True), name_of(RECORDS)
    form = client.get(address("app_edit", many, section="thirdPartyInformation")).content.decode()
    assert f"Example {MANY - 1}" in form
    assert "Finland" not in form
    tokens = rows_of(form, name)
    token = tokens[-1]

    opened = client.get(address("app_record", many, field=name, token=token)).content.decode()
    assert f'name="{name}.{token}.thirdPartyCountries" value="Finland"' in opened
    data = {
        f"{name}.row": ["", *tokens],
        f"{name}.{token}.name": "Example last",
        f"expected.{name}": seen(many, RECORDS),
    }
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
    answering.answer(actor=dora, app=many, pointer=RECORDS, raw=rows)

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
    app = app_list.read_app(actor=editor, app=diagrams)
    client, url = client_for(editor.user), address("app_edit", app, section="thirdPartyInformation")
    values = page_values(client.get(url))
    changed = next(name for name in values if name.endswith(".name") and ".new." not in name)

    page = client.post(url, {**values, changed: "B"}, follow=True)

    assert "1 answer is saved here" in said(page)
    assert kept(app, RECORDS) == [{"name": "B", "thirdPartyCountries": [{"code": "FI"}], "purpose": "a\x00b"}]


# --- what the page does not show of a record ------------------------------------------------------------------------

UNKNOWN = {"dpaSigned": True, "reviewed": {"by": "Example"}}


@pytest.fixture
def odd(editor, diagrams, marketplace):
    """Three sub-processors, each with keys that no question knows."""
    records = [{"name": name, "link": "https://example.com", **UNKNOWN} for name in ("Alpha", "Beta", "Gamma")]
    content = {"thirdPartyInformation": {"isEndUserDataShared": True, "thirdPartyDetails": records}}
    marketplace.put(diagrams, "draft", json.dumps(content))
    return app_list.read_app(actor=editor, app=diagrams)


class Page:
    """The list of records as a browser holds it: it posts all rows, and goes by the names that an answer gives them."""

    def __init__(self, client, app):
        self.client, self.app, self.name = client, app, name_of(RECORDS)
        form = client.get(address("app_edit", app, section="all")).content.decode()
        self.rows = rows_of(form, self.name)
        self.seen = seen(app, RECORDS)

    def post(self, **parts):
        """Post the rows as they stand; `parts` of the one at `row`."""
        row, data = parts.pop("row", 0), {f"{self.name}.row": ["", *self.rows], f"expected.{self.name}": self.seen}
        data |= {f"{self.name}.{self.rows[row]}.{part}": value for part, value in parts.items()}
        response = self.client.post(address("app_answer", self.app, field=self.name, on_section="all"), data)
        told = re.search(r'data-renamed="([^"]*)"', response.content.decode())
        tokens = json.loads(html.unescape(told[1])) if told else {}
        if response.status_code == 200:
            self.rows = [tokens.get(token, token) for token in self.rows]
            self.seen = seen(self.app, RECORDS)
        return response


def test_what_the_page_does_not_show_stays_through_a_row_of_changes(editor, odd, client_for):
    page = Page(client_for(editor.user, htmx=True), odd)

    page.post(row=1, name="Beta Ltd")
    page.rows.reverse()
    page.post()
    page.rows.remove(page.rows[-1])
    page.post()
    page.rows.append("new-1")
    page.post(row=2, name="Delta")
    page.post(row=0, link="https://example.com/gamma")
    assert page.post(row=2, link="https://example.com/delta").status_code == 200

    assert kept(odd, RECORDS) == [
        {"name": "Gamma", "link": "https://example.com/gamma", **UNKNOWN},
        {"name": "Beta Ltd", "link": "https://example.com", **UNKNOWN},
        {"name": "Delta", "link": "https://example.com/delta"},
    ]


def test_insisting_on_a_list_with_an_entry_that_is_gone_drops_nothing(editor, dora, odd, client_for):
    page = Page(client_for(editor.user, htmx=True), odd)
    answering.answer(actor=dora, app=odd, pointer=RECORDS, raw=[RecordInput(token, {}) for token in page.rows[1:]])
    now = kept(odd, RECORDS)

    assert page.post(row=2, name="Gamma Ltd").status_code == 409
    page.seen = seen(odd, RECORDS)
    again = page.post(row=2, name="Gamma Ltd")

    assert again.status_code == 422
    assert "changed or taken away since this page showed it" in said(again)
    assert kept(odd, RECORDS) == now


def test_what_lies_in_records_is_drawn_anew_when_they_move_and_never_written_into_another(editor, odd, client_for):
    client = client_for(editor.user, htmx=True)
    page = Page(client, odd)
    place = f"{RECORDS}/1/dpaSigned"
    drawn = client.get(address("app_edit", odd, section="all")).content.decode()
    assert "Beta › dpaSigned" in drawn
    page.rows.pop(0)

    answered = page.post().content.decode()
    assert "Gamma › dpaSigned" in answered
    assert answered.count('hx-swap-oob="delete"') == 2
    late = client.post(address("app_unknown", odd, pointer=place, of="Beta"), {f"json:{place}": "false"})

    assert late.status_code == 409
    assert "belongs to another entry now" in said(late)
    assert [record["dpaSigned"] for record in kept(odd, RECORDS)] == [True, True]
    client.post(address("app_unknown", odd, pointer=place, of="Gamma"), {f"json:{place}": "false"})
    assert [record["dpaSigned"] for record in kept(odd, RECORDS)] == [True, False]
