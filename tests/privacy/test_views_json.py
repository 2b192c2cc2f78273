"""Values edited as JSON: fields that nobody knows, answers of another type, and what stands in the place of answers."""

import pytest

from privacy.document.canonical_json import MISSING
from privacy.document.document import Document
from privacy.marketplace import app_list, saving
from privacy.models import Edit, WorkingCopy
from tests.privacy.browsing import address, kept, name_of, page_values, said
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db

UNKNOWN = "/commonCloud/security/newKey"


@pytest.fixture
def odd(editor, diagrams, marketplace):
    """A draft with a place that nobody knows, and an answer of an unexpected type."""
    marketplace.put(diagrams, "draft", '{"security":{"newKey":{"b":1.0,"a":[]},"securityContact":{"to":"x"}}}')
    return app_list.read_app(actor=editor, app=diagrams)


def post_json(client, app, pointer, text, **more):
    return client.post(address("app_unknown", app, pointer=pointer), {f"json:{pointer}": text, **more})


def test_a_place_that_nobody_knows_is_edited_as_json(editor, odd, client_for):
    form = client_for(editor.user).get(address("app_edit", odd, section="security"))
    assert "Other fields" in said(form)

    response = post_json(client_for(editor.user, htmx=True), odd, UNKNOWN, '{"b": 1.50, "a": ["x"]}')

    assert response.status_code == 200
    assert '"newKey":{"b":1.50,"a":["x"]}' in WorkingCopy.objects.get(owner=odd.owner_id).text


def test_an_answer_of_another_type_is_edited_as_json(editor, odd, client_for):
    response = post_json(client_for(editor.user, htmx=True), odd, CONTACT, '"trust@example.com"')

    assert response.status_code == 200
    assert kept(odd, CONTACT) == "trust@example.com"


@pytest.mark.parametrize(
    "text", ["{", "NaN", '{"a":1,"a":2}', '"\\ud800"', "[" * 120 + "]" * 120, '{"a": Infinity}', "'x'"]
)
def test_json_that_cannot_be_kept_is_refused_with_its_text(editor, odd, client_for, text):
    page = post_json(client_for(editor.user), odd, UNKNOWN, text)

    assert page.status_code == 422
    assert "What you typed is still here" in said(page)
    assert not WorkingCopy.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" + ",".join(["1"] * 10_001) + "]", "holds more than 10,000 values"),
        ("{" + ",".join(f'"k{number}":1' for number in range(10_001)) + "}", "holds more than 10,000 values"),
        ('"' + "é" * 140_000 + '"', "is larger than 256 KB"),
    ],
    ids=["list", "keys", "size"],
)
def test_json_that_is_too_much_for_one_answer_is_refused_with_its_text(editor, odd, client_for, text, words):
    page = post_json(client_for(editor.user), odd, UNKNOWN, text)

    assert page.status_code == 422
    assert words in said(page)
    assert not WorkingCopy.objects.exists()


def test_json_within_the_limits_is_kept(editor, odd, client_for):
    text = "[" + ",".join(["1"] * 9_999) + "]"

    assert post_json(client_for(editor.user, htmx=True), odd, UNKNOWN, text).status_code == 200
    assert len(kept(odd, UNKNOWN)) == 9_999


def test_nesting_fifty_deep_is_kept(editor, odd, client_for):
    text = "[" * 50 + "]" * 50

    assert post_json(client_for(editor.user, htmx=True), odd, UNKNOWN, text).status_code == 200
    assert text in WorkingCopy.objects.get(owner=odd.owner_id).text
    assert client_for(editor.user).get(address("app_edit", odd, section="all")).status_code == 200


def test_empty_json_takes_an_unknown_place_away_and_undo_brings_it_back(editor, odd, client_for):
    client = client_for(editor.user, htmx=True)
    response = post_json(client, odd, UNKNOWN, "")
    assert kept(odd, UNKNOWN) is MISSING
    assert "Removed" in said(response)

    page = client_for(editor.user).get(address("app_edit", odd, section="security"))
    assert f'name="json:{UNKNOWN}"' in page.content.decode()
    assert "Removed" in said(page)
    response = client.post(address("app_undo", odd), {"edit": Edit.objects.get().pk})

    assert "&quot;b&quot;: 1.0" in response.content.decode()
    assert WorkingCopy.objects.get(owner=odd.owner_id).text == Document.from_text(odd.draft.text).text


def test_a_place_that_was_taken_away_can_be_given_again_until_that_is_saved(editor, odd, client_for):
    client = client_for(editor.user, htmx=True)
    post_json(client, odd, UNKNOWN, "")
    assert post_json(client, odd, UNKNOWN, "5").status_code == 200
    assert kept(odd, UNKNOWN) == 5
    post_json(client, odd, UNKNOWN, "")

    saving.save_to_marketplace(actor=editor, app=odd)

    assert f'name="json:{UNKNOWN}"' not in client.get(address("app_edit", odd, section="security")).content.decode()
    assert post_json(client, odd, UNKNOWN, "5").status_code == 404


def test_a_value_that_its_question_can_show_again_is_drawn_as_that_question(editor, odd, client_for):
    response = post_json(client_for(editor.user, htmx=True), odd, CONTACT, '"trust@example.com"')

    assert response["HX-Retarget"] == "#q-security-securityContact"
    assert f'name="{name_of(CONTACT)}" value="trust@example.com"' in response.content.decode()


@pytest.mark.parametrize("pointer", ["", "/commonCloud/properties", "nonsense", "/a/b", "/commonCloud/security/new~2"])
def test_json_for_a_place_that_is_not_there_is_refused_in_words(editor, odd, client_for, pointer):
    response = post_json(client_for(editor.user, htmx=True), odd, pointer, "1")

    assert response.status_code == 404
    assert "not in the document any more" in said(response)
    assert not WorkingCopy.objects.exists()


def test_json_is_refused_to_who_may_not_edit(reviewer, odd, client_for):
    assert post_json(client_for(reviewer.user, htmx=True), odd, UNKNOWN, "1").status_code == 403


@pytest.fixture
def blocked(editor, diagrams, marketplace):
    """A draft that has something else where objects with answers belong."""
    content = '{"security":{"caiq":"text"},"dataResidency":"x","logDetails":[],"dataRetention":"","privacy":null,'
    content += '"dataAccessAndStorage":{"appStoresEUDOutsideAtlassian":true}}'
    marketplace.put(diagrams, "draft", content)
    return app_list.read_app(actor=editor, app=diagrams)


def test_what_stands_in_the_place_of_answers_is_shown_as_json(editor, blocked, client_for):
    page = client_for(editor.user).get(address("app_edit", blocked, section="all")).content.decode()

    for pointer in ("security/caiq", "dataResidency", "logDetails", "dataRetention"):
        assert f'name="json:/commonCloud/{pointer}"' in page
    assert 'name="json:/commonCloud/privacy"' not in page


def test_what_stands_in_the_place_of_answers_changes_nothing_when_nobody_touches_it(editor, blocked, client_for):
    client, url = client_for(editor.user), address("app_edit", blocked, section="all")

    page = client.post(url, page_values(client.get(url)), follow=True)

    assert page.status_code == 200
    assert "nothing changed" in said(page)
    assert not Edit.objects.exists()


ODD = r"""{"security":{"securityContact":"\tx y ","publicSecurityPoliciesLink":"javascript:alert(1)","caiq":"text",
"isDiskEncryptionSupported":"maybe","hasCompliantCertifications":true,"requiresUsersToProvidePATs":null,
"compliantCertifications":["SOC2",null,"",3,"  padded ","SOC2"],
"permissionsJustification":"\nb\r\nc <b>\u0000 \u2028\ufeff"},
"thirdPartyInformation":{"isEndUserDataShared":"TRUE","dataSubProcessors":"see <https://x>","thirdPartyDetails":[
{"name":"A\nB","link":"javascript:alert(2)","purpose":["list"],"thirdPartyCountries":"Germany","zz":1.50},"opaque",null,
{"name":{"x":1},"thirdPartyCountries":[{"c":1}]},[],{"name":"a\u0000b","purpose":"\nx\r\ny"}]},
"dataRetention":{"retentionDurationInDays":{"min":"07","max":1e3},"retentionPeriod":5},
"we/ird~key":{"":{"a b":[]}},"n":12345678901234567890.10,"deep":[[[[[[]]]]]],"":0,"logDetails":[],"privacy":null,
"dataResidency":"x","dataAccessAndStorage":{"typesOfDataAccessed":"single","dataAccess":{}}}"""


def test_an_odd_document_is_as_it_was_after_saving_a_page_that_nobody_touched(
    editor, diagrams, marketplace, client_for
):
    marketplace.put(diagrams, "draft", ODD.replace("\n", ""))
    app = app_list.read_app(actor=editor, app=diagrams)
    client, url = client_for(editor.user), address("app_edit", app, section="all")

    page = client.post(url, page_values(client.get(url)), follow=True)

    assert page.status_code == 200
    assert [(edit.pointer, edit.patch) for edit in Edit.objects.all()] == []
    assert "nothing changed" in said(page)


def test_an_answer_below_it_is_possible_once_it_is_an_object(editor, blocked, client_for):
    client, name = client_for(editor.user, htmx=True), name_of("/commonCloud/logDetails/logEndUserData")
    url = address("app_answer", blocked, field=name)
    assert "edit it as JSON first" in said(client.post(url, {name: "yes"}))

    response = post_json(client, blocked, "/commonCloud/logDetails", "{}")

    assert response["HX-Refresh"] == "true"
    assert "asked question by question now" in said(client.get(address("app_edit", blocked)))
    assert client.post(url, {name: "yes"}).status_code == 200
    assert kept(blocked, "/commonCloud/logDetails") == {"logEndUserData": True}


def test_it_can_be_taken_away_and_that_be_undone(editor, blocked, client_for):
    client = client_for(editor.user, htmx=True)

    assert "Removed" in said(post_json(client, blocked, "/commonCloud/security/caiq", ""))
    client.post(address("app_undo", blocked), {"edit": Edit.objects.get().pk})

    assert WorkingCopy.objects.get(owner=blocked.owner_id).text == Document.from_text(blocked.draft.text).text


def test_a_text_that_a_form_cannot_carry_is_shown_as_json_and_comes_back_as_it_was(
    editor, diagrams, marketplace, client_for
):
    content = r'{"security":{"permissionsJustification":"a\r\nb\u0000c\nd","compliantCertifications":["a\u0000b"]}}'
    marketplace.put(diagrams, "draft", content)
    app = app_list.read_app(actor=editor, app=diagrams)
    client, url = client_for(editor.user), address("app_edit", app, section="security")
    loaded = client.get(url)
    assert "\x00" not in loaded.content.decode()

    page = client.post(url, page_values(loaded), follow=True)

    assert "nothing changed" in said(page)
    assert not Edit.objects.exists()
