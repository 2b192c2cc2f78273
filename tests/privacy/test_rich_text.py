"""Formatted documents are edited as text and come back without loss, or are left as they are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.document.answers import AnswerError, clean
from privacy.document.canonical_json import MISSING
from privacy.document.catalogue import field_named
from privacy.document.readable import formatted_text
from privacy.document.rich_text import from_text, to_text, why_not
from privacy.marketplace import app_list

from .browsing import address, kept, name_of, said, seen
from .strategies import anything, few

FIELD = field_named("security.permissionsJustification")
PLACE = FIELD.pointer


def doc(*content):
    return {"type": "doc", "version": 1, "content": list(content)}


def paragraph(*content):
    return {"type": "paragraph", "content": list(content)}


def text(words, *marks):
    return {"type": "text", "text": words, **({"marks": list(marks)} if marks else {})}


def link(href):
    return {"type": "link", "attrs": {"href": href}}


def items(kind, *words, **attrs):
    return {"type": kind, **attrs, "content": [{"type": "listItem", "content": [paragraph(text(w))]} for w in words]}


STRONG = {"type": "strong"}
EXAMPLE = doc(
    paragraph(text("The app needs "), text("read:page", STRONG), text(" to show pages.")),
    items("bulletList", "read", "write"),
    items("orderedList", "first", "second"),
    paragraph(
        text("See "),
        text("the policy", link("https://vendor.example.com/a_(b)")),
        {"type": "hardBreak"},
        text("- no list"),
    ),
)
NOTATION = (
    "The app needs **read:page** to show pages.\n\n- read\n- write\n\n1. first\n2. second\n\n"
    "See [the policy](https://vendor.example.com/a_\\(b\\))\n\\- no list"
)

words = st.text(st.sampled_from("ab *[]()\\-.1\n\t\u200b"), max_size=8)
hrefs = st.sampled_from(
    ["https://a.example.com", "https://a.example.com/(x)\\y", "mailto:a@example.com", "javascript:x"]
)
marks = st.lists(st.one_of(st.just(STRONG), hrefs.map(link), st.just({"type": "em"})), max_size=2)
inline = st.one_of(st.builds(lambda w, m: text(w, *m), words, marks), st.just({"type": "hardBreak"}))
paragraphs = st.lists(inline, max_size=4).map(lambda nodes: paragraph(*nodes))
entries = st.lists(paragraphs.map(lambda node: {"type": "listItem", "content": [node]}), max_size=3)
blocks = st.one_of(
    paragraphs,
    entries.map(lambda found: {"type": "bulletList", "content": found}),
    st.builds(
        lambda found, order: {
            "type": "orderedList",
            **({"attrs": {"order": order}} if order else {}),
            "content": found,
        },
        entries,
        st.integers(0, 3),
    ),
    anything,
)
documents = st.lists(blocks, max_size=4).map(lambda found: doc(*found))


@few
@given(st.one_of(documents, anything))
def test_a_document_comes_back_as_it_was_or_is_not_simple(document):
    shown = to_text(document)

    assert shown is None or from_text(shown, like=document) == document
    assert bool(why_not(document)) == (shown is None)


@few
@given(words)
def test_whatever_is_typed_is_a_document_that_can_be_edited_again(typed):
    document = from_text(typed)

    again = to_text(document)
    assert again is None or from_text(again) == document


def test_paragraphs_lists_links_and_bold_have_a_notation():
    assert to_text(EXAMPLE) == NOTATION
    assert from_text(NOTATION) == EXAMPLE
    assert from_text(NOTATION.replace("\n", "\r\n")) == EXAMPLE


def test_a_list_may_follow_a_paragraph_without_an_empty_line():
    assert from_text("It reads:\n- pages\n- spaces") == doc(
        paragraph(text("It reads:")), items("bulletList", "pages", "spaces")
    )


@pytest.mark.parametrize("typed", ["[" * 5000 + "]" * 5000, "[a" * 5000, "**[" * 5000, "\\" * 5000])
def test_a_text_of_many_signs_is_a_document_too(typed):
    assert formatted_text(from_text(typed))


def test_the_way_of_numbering_lists_is_kept():
    numbered = doc(items("orderedList", "a", attrs={"order": 1}))

    assert to_text(numbered) == "1. a"
    assert from_text("1. a\n2. b", like=numbered) == doc(items("orderedList", "a", "b", attrs={"order": 1}))
    assert from_text("3. a") == doc(items("orderedList", "a", attrs={"order": 3}))


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ({"type": "table", "content": []}, "table"),
        (paragraph({"type": "mention", "attrs": {"id": "1"}}), "mention"),
        (paragraph(text("a", {"type": "em"})), "em"),
        ({**paragraph(text("a")), "attrs": {"localId": "1"}}, "a structure"),
    ],
)
def test_what_has_no_notation_says_why(node, named):
    assert to_text(doc(node)) is None
    assert named in why_not(doc(node))
    with pytest.raises(AnswerError, match="edit it as JSON"):
        clean(FIELD, "plain words", doc(node))


def test_a_text_stays_a_text_and_a_document_a_document():
    assert clean(FIELD, "**words**", "before") == "**words**"
    assert clean(FIELD, "words", MISSING) == "words"
    assert clean(FIELD, NOTATION.replace("\n", "\r\n"), EXAMPLE) is EXAMPLE
    assert clean(FIELD, "Only **this**", EXAMPLE) == doc(paragraph(text("Only "), text("this", STRONG)))
    assert clean(FIELD, " ", EXAMPLE) is MISSING


@pytest.fixture
def app(editor, diagrams, marketplace):
    content = {"security": {"permissionsJustification": EXAMPLE}}
    marketplace.put(diagrams, "live", json.dumps(content))
    marketplace.put(diagrams, "draft", json.dumps(content))
    return app_list.read_app(actor=editor, app=diagrams)


@pytest.mark.django_db
def test_plain_words_are_taken_and_the_comparison_shows_words(editor, app, client_for):
    client = client_for(editor.user)
    page = client.get(address("app_edit", app, section="security"))
    assert "**read:page**" in page.content.decode()
    assert "[words](https://…)" in said(page)

    changed = NOTATION.replace("to show pages", "to show **all** pages")
    data = {name_of(PLACE): changed, f"expected.{name_of(PLACE)}": seen(app, PLACE)}
    client.post(address("app_answer", app) + f"?field={name_of(PLACE)}", data, headers={"HX-Request": "true"})

    assert formatted_text(kept(app, PLACE)).startswith("The app needs read:page to show all pages.")
    html = client.get(address("app_compare", app, before="live", after="working")).content.decode()
    assert "<ins>**all** </ins>" in html
    assert "&quot;type&quot;" not in html


@pytest.mark.django_db
def test_a_change_of_formatting_alone_is_visible(editor, app, marketplace, client_for):
    plain = doc(paragraph(text("The app needs read:page to show pages.")), *EXAMPLE["content"][1:])
    marketplace.put(app, "draft", json.dumps({"security": {"permissionsJustification": plain}}))
    app = app_list.read_app(actor=editor, app=app)

    html = client_for(editor.user).get(address("app_compare", app)).content.decode()

    assert html.count("<del>**</del>") == 2


@pytest.mark.django_db
def test_a_document_that_is_not_simple_keeps_its_json_with_a_note(editor, diagrams, marketplace, client_for):
    marketplace.put(
        diagrams, "draft", json.dumps({"security": {"permissionsJustification": doc({"type": "table", "content": []})}})
    )
    app = app_list.read_app(actor=editor, app=diagrams)

    page = client_for(editor.user).get(address("app_edit", app, section="security"))

    assert "It holds parts that the text editor does not know (table)" in said(page)
    assert "json-input" in page.content.decode()
