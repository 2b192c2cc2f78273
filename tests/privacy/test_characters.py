"""Characters that cannot be seen or that look like others are named wherever a document is shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import characters
from portal.characters import host_remark, look_alike, marked, remarks, spelled_out
from privacy.document.checks import check
from privacy.document.document import Document
from privacy.drafts import answering
from privacy.marketplace import app_list

from .browsing import address, said
from .marketplace import CONTACT
from .strategies import few

SPACE = "\u200b"
TURN = "\u202e"


@few
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_nothing_that_is_shown_is_lost_and_no_control_is_left(text):
    pieces = marked(text)

    assert not set("".join(piece.text for piece in pieces)) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u200b\u200f")
    assert "".join(piece.text for piece in pieces) == text or any(piece.name for piece in pieces)
    assert isinstance(spelled_out(text), str)
    assert all(isinstance(remark, str) for remark in remarks(text))
    assert look_alike(text, text) is False


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text,\n with lines", "plain text,\n with lines"),
        (f"a{SPACE}b", "a[U+200B ZERO WIDTH SPACE]b"),
        (f"{TURN}abc", "[U+202E RIGHT-TO-LEFT OVERRIDE]abc"),
        ("a\u00a0b", "a[U+00A0 NO-BREAK SPACE]b"),
        ("p\u0430y", "p\u0430[U+0430 CYRILLIC SMALL LETTER A]y"),
        ("cafe\u0301", "cafe\u0301[U+0301 COMBINING ACUTE ACCENT]"),
        ("\x00\x7f", "[U+0000 NULL][U+007F DELETE]"),
        (
            "\u0421\u043f\u0430\u0441\u0438\u0431\u043e, \u4f60\u597d, caf\u00e9",
            "\u0421\u043f\u0430\u0441\u0438\u0431\u043e, \u4f60\u597d, caf\u00e9",
        ),
        ("\U0001f469\u200d\U0001f4bb \u2764\ufe0f", "\U0001f469\u200d\U0001f4bb \u2764\ufe0f"),
    ],
)
def test_a_character_is_shown_by_its_name(text, shown):
    assert spelled_out(text) == shown


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("paypal", "p\u0430ypal", True),
        ("coco", "\u0441\u043e\u0441\u043e", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("a b", "a\u00a0b", True),
        ("ab", f"a{SPACE}b", True),
        ("ab", "ac", False),
        ("ab", "ab", False),
    ],
)
def test_texts_that_look_the_same_are_told(one, other, alike):
    assert look_alike(one, other) is alike


@pytest.mark.parametrize(
    ("link", "remark"),
    [
        ("https://vendor.example.com", ""),
        ("https://xn--pypal-4ve.com/x", "shown by browsers as p\u0430ypal.com"),
        ("https://p\u0430ypal.com", "is xn--pypal-4ve.com on the network"),
        ("https://[", ""),
    ],
)
def test_a_host_that_is_not_what_it_looks_like_is_told(link, remark):
    found = host_remark(link)

    assert remark in found
    assert bool(found) == (remark != "" or link == "https://[")


@pytest.mark.parametrize(
    ("pointer", "value", "words"),
    [
        ("/security/securityContact", f"a{SPACE}@example.com", "U+200B ZERO WIDTH SPACE, which cannot be seen"),
        (
            "/thirdPartyInformation/thirdPartyDetails",
            [{"name": "P\u0430y"}],
            "CYRILLIC SMALL LETTER A among Latin letters",
        ),
        ("/security/publicSecurityPoliciesLink", "https://p\u0430y.com", "on the network"),
        ("/dataAccessAndStorage/typesOfDataStored", [f"{TURN}x"], "another order"),
        ("/newQuestion", {"deep": [f"x{SPACE}"]}, "which cannot be seen"),
        ("/security/newKey", "e\u0301", "not in Unicode form NFC"),
    ],
)
def test_a_check_warns_of_them(pointer, value, words):
    document = Document({})
    document.set(f"/commonCloud{pointer}", value)

    found = [finding for finding in check(document) if finding.code == "hidden-characters"]

    assert {finding.level for finding in found} == {"warning"}
    assert words in " ".join(finding.message for finding in found)
    assert found[0].pointers[0].startswith("/commonCloud" + pointer.split("/0")[0])


@pytest.fixture
def compared(editor, diagrams, marketplace, client_for):
    def pages(live: dict, draft: dict):
        marketplace.put(diagrams, "live", json.dumps(live))
        marketplace.put(diagrams, "draft", json.dumps(draft))
        app = app_list.read_app(actor=editor, app=diagrams)
        return client_for(editor.user).get(address("app_compare", app))

    return pages


@pytest.mark.django_db
@pytest.mark.parametrize("letter", [SPACE, TURN, "\u00ad", "\u2066"])
def test_the_comparison_names_what_cannot_be_seen_and_does_not_let_it_act(compared, letter):
    page = compared({"security": {"a": "text"}}, {"security": {"a": f"te{letter}xt"}})

    assert f"U+{ord(letter):04X}" in said(page)
    assert letter not in page.content.decode()
    assert "look the same" in said(page)


@pytest.mark.django_db
def test_the_comparison_names_letters_of_another_script(compared):
    page = compared({"security": {"a": "coco"}}, {"security": {"a": "\u0441\u043e\u0441\u043e"}})

    assert "U+0441 CYRILLIC SMALL LETTER ES" in said(page)
    assert "look the same" in said(page)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("live", "draft", "before", "after"),
    [
        (None, "", "null", "empty text"),
        (" ", None, "blank text", "null"),
        ("TRUE", True, "\u201cTRUE\u201d as text", "true"),
    ],
)
def test_values_that_look_the_same_say_how_they_are_written(compared, live, draft, before, after):
    page = compared(
        {"security": {"isDiskEncryptionSupported": live}}, {"security": {"isDiskEncryptionSupported": draft}}
    )

    assert "Reformatted" in said(page)
    assert f"written as {before}" in said(page)
    assert f"written as {after}" in said(page)


@pytest.mark.django_db
def test_the_merge_page_names_them_on_every_side(editor, board, marketplace, client_for):
    def documents(value: str) -> str:
        return json.dumps({"security": {"securityContact": value}})

    marketplace.put(board, "draft", documents(f"base{SPACE}"))
    app = app_list.read_app(actor=editor, app=board)
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw=f"mine{TURN}")
    marketplace.put(board, "draft", documents("theirs\u00ad"))

    page = client_for(editor.user).post(address("app_save", app))

    for name in ("U+200B ZERO WIDTH SPACE", "U+202E RIGHT-TO-LEFT OVERRIDE", "U+00AD SOFT HYPHEN"):
        assert name in said(page)
    assert not {SPACE, TURN, "\u00ad"} & set(page.content.decode())


@pytest.mark.django_db
def test_a_document_that_is_read_names_them_too(editor, diagrams, marketplace, client_for):
    marketplace.put(diagrams, "live", json.dumps({"security": {"securityContact": f"a{TURN}b", "new": {"x": SPACE}}}))
    app = app_list.read_app(actor=editor, app=diagrams)

    for name, query in (("app", {"version": "live"}), ("app_edit", {"section": "security"})):
        page = client_for(editor.user).get(address(name, app, **query))
        assert "U+202E RIGHT-TO-LEFT OVERRIDE" in said(page)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain", "plain"),
        ("a\u200bb\u200db", "abb"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d🔧\ufe0f", "👩\u200d🔧\ufe0f"),
        ("1\u00a0000 000\u2028end", "1\u00a0000 000\u2028end"),
        ("\ufeffBOM \u00ad\u2066x\u2069", "BOM x"),
        ("\u200d", ""),
    ],
)
def test_what_is_hidden_can_be_removed_and_nothing_that_is_seen_or_joins_letters(text, left):
    assert characters.without_hidden(text) == left
    assert bool(characters.hidden(text)) == (text != left)
