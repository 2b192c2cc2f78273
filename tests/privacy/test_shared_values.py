"""What makes an answer quick leaves it exact: values are shared, and canonical texts worked out once."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.atlassian import strictjson
from privacy.document.answers import RecordInput
from privacy.document.canonical_json import PointerError, Texts, canonical, digest, value_digest
from privacy.document.catalogue import FIELDS
from privacy.document.document import Document
from privacy.document.form_values import row_token
from privacy.drafts import answering, edit_log
from privacy.models import WorkingCopy

from .strategies import any_document, anything, documents, few, records

RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
places = st.sampled_from([*(field.pointer for field in FIELDS), f"{RECORDS}/0", f"{RECORDS}/0/contract", "/other/new"])


@few
@given(any_document(), records)
def test_texts_that_are_worked_out_once_are_those_worked_out_each_time(document, items):
    texts = Texts()
    for value in (document.tree, items, *items, [document.tree, items], items):
        assert canonical(value, texts) == canonical(value)
        assert digest(value, texts) == digest(value)
        assert value_digest(value, texts) == value_digest(value)


@few
@given(anything, st.sampled_from(['"#"', "1.50", '{"#": 0.10}', "1e3", "[90.0]"]))
def test_a_number_counts_by_its_value_in_the_digest_of_a_value(value, written):
    both = [value, strictjson.loads(written)]
    other = [value, strictjson.loads(written.replace("1.50", "1.5").replace("90.0", "90").replace("0.10", "0.1"))]
    assert value_digest(both, Texts()) == value_digest(other, Texts()) == value_digest(both)


@few
@given(documents(), places, anything, st.booleans())
def test_a_change_of_a_document_that_shares_its_values_leaves_the_other_as_it_was(document, pointer, value, remove):
    text, whole, sharing = document.text, document.copy(), document.copy_to_change(pointer)

    for changed in (whole, sharing):
        with contextlib.suppress(PointerError):
            changed.remove(pointer) if remove else changed.set(pointer, value)

    assert sharing.text == whole.text
    assert document.text == text


@pytest.mark.django_db
def test_after_answers_to_a_list_all_hashes_are_those_of_what_is_kept(editor, diagrams):
    for round_ in range(3):
        kept = Document.from_text(
            WorkingCopy.objects.get(owner=diagrams.owner_id).text if round_ else diagrams.draft.text
        )
        rows = [RecordInput(row_token(index, item), {}) for index, item in enumerate(kept.get(RECORDS))]
        rows[0] = RecordInput(rows[0].token, {"purpose": f"Sends mail {round_}"})
        raw = [*rows[::-1], RecordInput("new1", {"name": f"Example {round_}"})]

        answered = answering.answer(
            actor=editor, app=diagrams, pointer=RECORDS, raw=raw, expected=answering.fingerprint(kept, RECORDS)
        )

        working = WorkingCopy.objects.get(owner=diagrams.owner_id)
        document = Document.from_text(working.text)
        assert document.get(RECORDS)[-1] == {"name": f"Example {round_}"}
        assert working.content_hash == document.content_hash()
        assert answered.fingerprint == answering.fingerprint(document, RECORDS)
        assert answered.edit.after_hash == edit_log.hash_of(document.get(RECORDS))
        tokens = [row_token(index, item, answered.texts) for index, item in enumerate(answered.document.get(RECORDS))]
        assert tokens == [row_token(index, item) for index, item in enumerate(document.get(RECORDS))]
