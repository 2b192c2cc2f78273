"""One hash per section: it changes with what that section shows, and with nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from privacy.document import catalogue
from privacy.document.canonical_json import PointerError, join
from privacy.document.catalogue import FIELDS, SECTIONS
from privacy.document.document import Document, same_content
from privacy.document.section_hashes import section_hashes

from .examples import QUESTIONNAIRE
from .strategies import any_document, anything, documents, few, shuffled, text

keys = st.sampled_from(["new", "a/b", "details", "properties"]) | text
#: Places that no question covers: in a section, beside the sections, and outside commonCloud.
unknown_places = st.one_of(
    st.tuples(st.sampled_from([section.pointer for section in SECTIONS if section.pointer]), keys),
    st.tuples(st.just("/commonCloud"), keys),
    st.tuples(st.just(""), keys),
).map(lambda place: place[0] + join([place[1]]))


def changed(before: Document, after: Document) -> set[str]:
    old = section_hashes(before)
    return {key for key, value in section_hashes(after).items() if value != old[key]}


def with_cloud(document: Document) -> Document:
    """An empty, a null and a missing commonCloud count as one."""
    content = document.content()
    hollow = isinstance(content, dict) and content.get("commonCloud") is None
    return Document({**content, "commonCloud": {}} if hollow else content)


@few
@given(documents(), st.sampled_from(FIELDS), anything)
def test_an_answer_changes_the_hash_of_its_own_section_alone(document, field, value):
    before = document.copy()
    try:
        document.set(field.pointer, value)
    except PointerError:
        return
    assert changed(before, document) == (set() if same_content(before, document) else {field.section})


@few
@given(documents(), st.sampled_from(FIELDS))
def test_an_answer_that_is_taken_away_changes_the_hash_of_its_own_section_alone(document, field):
    before = document.copy()
    removed = document.remove(field.pointer)
    assert changed(before, document) == ({field.section} if removed else set())


@few
@given(documents(), unknown_places, anything)
def test_an_unknown_place_belongs_to_the_section_that_shows_it(document, pointer, value):
    if pointer == "/commonCloud":
        return
    before = document.copy()
    try:
        document.set(pointer, value)
    except PointerError:
        return
    shown_in = catalogue.section_of(pointer).key
    assert changed(before, document) == (set() if same_content(before, document) else {shown_in})


@few
@given(any_document(), any_document())
def test_a_change_of_content_changes_at_least_one_hash(one, other):
    assert bool(changed(one, other)) == (not same_content(with_cloud(one), with_cloud(other)))


@few
@given(st.data())
def test_the_hashes_do_not_depend_on_the_order_of_keys(data):
    document = data.draw(any_document())
    assert not changed(document, Document(shuffled(data.draw, document.tree)))


def test_every_section_has_a_hash_and_the_properties_are_in_none():
    before, after = Document.from_text(QUESTIONNAIRE), Document.from_text(QUESTIONNAIRE)
    after.tree["commonCloud"]["properties"] = {"formStatus": "APPROVED"}
    assert list(section_hashes(after)) == [section.key for section in SECTIONS]
    assert not changed(before, after)
