"""Whatever is posted to the pages of privacy is kept, or refused in one clear sentence; never a fault, nothing lost."""

from urllib.parse import quote_plus

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.document.catalogue import FIELDS
from privacy.marketplace import app_list
from tests.privacy.browsing import address, fresh, kept, name_of, said
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db
quick = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

DESCRIPTION = "/commonCloud/dataAccessAndStorage/dataAccess/dataAccessDescription"
NASTY = [
    "\x00",
    "\ud800",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "NaN",
    "\u202eabc",
    "👩‍👩‍👧",
    "'; --",
    "{{ x }}",
    "٣",
]
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=20))
names = st.one_of(
    st.sampled_from([field.name for field in FIELDS]),
    st.sampled_from(FIELDS).map(lambda field: f"expected.{field.name}"),
    st.sampled_from(FIELDS).map(lambda field: f"json:{field.pointer}"),
    st.sampled_from(
        [
            "thirdPartyInformation.thirdPartyDetails.row",
            "thirdPartyInformation.thirdPartyDetails.new.name",
            "thirdPartyInformation.thirdPartyDetails.0-x.link",
            "security.compliantCertifications.other",
            "json:",
            "json:/commonCloud/newKey",
            "shown",
            "on_section",
            "vocabulary",
        ]
    ),
    st.text(max_size=8),
)
forms = st.lists(st.tuples(names, texts), max_size=5)
STEPS = {
    "app_save": ["decided_on", "decide:/commonCloud/security/securityContact", "decide:"],
    "app_undo": ["edit"],
    "app_take_live": ["pointer", "expected", "to", "show"],
    "app_take_live_record": ["pointer", "place", "expected"],
    "app_reset": ["x"],
    "app_review_ask": ["note"],
    "app_review_verdict": ["verdict", "comment", "expected"],
    "app_review_withdraw": ["x"],
    "app_alert": ["note"],
    "app_publish": ["x"],
}


@pytest.fixture
def app(editor, diagrams):
    return app_list.read_app(actor=editor, app=diagrams)


@pytest.fixture
def everybody(editor, app, grant, client_for) -> Client:
    """A person with every role."""
    grant(editor.user, app.connection, "privacy_reviewer", "publisher")
    return client_for(editor.user)


def post(client: Client, url: str, data: list[tuple[str, str]], **headers: str):
    """Post texts that no browser would let through, halves of characters too."""
    body = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in data)
    return client.post(url, body, content_type="application/x-www-form-urlencoded", headers=headers)


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


@quick
@given(data=forms, field=st.sampled_from(FIELDS), text=texts)
def test_any_answer_is_kept_or_refused_in_words(everybody, app, undone, data, field, text):
    with undone():
        url = address("app_answer", app, field=field.name)

        response = post(everybody, url, [(field.name, text), *data], **{"HX-Request": "true"})

        assert response.status_code in (200, 400, 409, 422), said(response)
        assert everybody.get(address("app_edit", app, section="all")).status_code == 200


@quick
@given(data=forms)
def test_any_section_is_kept_or_shown_again(everybody, app, undone, data):
    with undone():
        response = post(everybody, address("app_edit", app, section="all"), data)

        assert response.status_code in (302, 409, 422)
        assert everybody.get(address("app", app, version="working")).status_code == 200
        assert everybody.get(address("app_compare", app, after="working", show="all")).status_code == 200


@quick
@given(step=st.sampled_from(sorted(STEPS)), data=st.data())
def test_any_step_is_done_or_refused_in_words(everybody, app, undone, step, data):
    with undone():
        names = data.draw(st.lists(st.sampled_from(STEPS[step]), unique=True))

        response = post(everybody, address(step, app), [(name, data.draw(texts)) for name in names])

        assert response.status_code in (302, 409, 422)
        assert everybody.get(address("app", app)).status_code == 200


@quick
@given(pointer=texts, text=texts)
def test_any_json_for_any_place_is_kept_or_refused(everybody, app, undone, pointer, text):
    with undone():
        url = address("app_unknown", app) + "?pointer=" + _quoted(pointer)

        response = post(everybody, url, [(f"json:{pointer}", text)], **{"HX-Request": "true"})

        assert response.status_code in (200, 400, 404, 409, 422)


@pytest.mark.parametrize("text", NASTY)
def test_a_text_of_any_kind_is_shown_as_text(everybody, app, text):
    post(everybody, address("app_answer", app, field=name_of(CONTACT)), [(name_of(CONTACT), text)])

    for page in (
        everybody.get(address("app_edit", app, section="all")),
        everybody.get(address("app", app, version="working")),
        everybody.get(address("app_compare", app, after="working")),
    ):
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
        assert b'href="javascript' not in page.content


def test_ten_thousand_characters_are_kept_to_the_last(everybody, app):
    text = "Zeile eins\n" + "ü" * 9_980 + "\n 👋 end"
    everybody.post(address("app_edit", app), {"vocabulary": "reference"})

    response = everybody.post(address("app_answer", app, field=name_of(DESCRIPTION)), {name_of(DESCRIPTION): text})

    assert response.status_code == 302
    assert kept(app, DESCRIPTION) == text
    assert "character" in said(everybody.get(address("app_edit", app)))


def test_a_text_that_begins_with_a_line_end_comes_back_as_it_was(everybody, app):
    everybody.post(address("app_edit", app), {"vocabulary": "reference"})
    everybody.post(address("app_answer", app, field=name_of(DESCRIPTION)), {name_of(DESCRIPTION): "\n first"})

    # A browser drops one line end right behind <textarea>, so the page has to write one more.
    assert f'name="{name_of(DESCRIPTION)}"' in everybody.get(address("app_edit", app)).content.decode()
    assert ">\n\n first</textarea>" in everybody.get(address("app_edit", app)).content.decode()


def test_a_session_that_ended_loses_nothing(app, everybody):
    everybody.logout()

    fragment = post(everybody, address("app_answer", app, field=name_of(CONTACT)), [], **{"HX-Request": "true"})
    page = everybody.post(address("app_edit", app), {name_of(CONTACT): "trust@example.com"})

    assert fragment.status_code == page.status_code == 401
    assert fragment["HX-Reswap"] == "none"
    assert "trust@example.com" in page.content.decode()
    assert not hasattr(fresh(app).owner, "working_copy")
