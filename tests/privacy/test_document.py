"""Reading and changing a document: what is not touched comes back exactly as it was."""

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from portal.atlassian import strictjson
from privacy.document.answers import AnswerError, RecordInput, clean, posted
from privacy.document.canonical_json import MISSING, PointerError
from privacy.document.catalogue import FIELDS, field_named
from privacy.document.document import Document, form_value, same_content, same_values
from privacy.document.form_values import FormValue

from .examples import QUESTIONNAIRE, REFERENCE
from .strategies import any_document, anything, documents, few, shuffled

SHARED = "/commonCloud/thirdPartyInformation/isEndUserDataShared"
RECORDS = field_named("thirdPartyInformation.thirdPartyDetails")
CONTACT = field_named("security.securityContact")
CAIQ_LINK = field_named("security.caiq.CAIQLiteLink")
CONTROLLER = field_named("privacy.gdpr.dataController.isAppDataController")
STORED = field_named("dataAccessAndStorage.typesOfDataStored")
MAXIMUM = field_named("dataRetention.retentionDurationInDays.max")
REASONS = field_named("security.permissionsJustification")
CERTIFICATIONS = field_named("security.compliantCertifications")


@pytest.fixture
def document():
    return Document.from_text(QUESTIONNAIRE)


def raw_of(shown: FormValue):
    """What a browser posts for a field that nobody touched."""
    if not shown.fits:
        return shown.json
    if shown.field.kind == "records":
        return [RecordInput(row.token, {part.field.key: raw_of(part) for part in row.parts}) for row in shown.rows]
    if shown.field.kind in ("list", "many"):
        return [entry.replace("\r", "").replace("\n", "") for entry in shown.entries] + [""]
    return shown.text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


# --- nothing is lost ------------------------------------------------------------------------------------------------


@few
@given(anything)
def test_any_json_comes_back_exactly_as_it_was_read(value):
    text = strictjson.dumps(value)
    document = Document.from_text(text)
    assert document.text == text
    assert document.copy().text == text
    document.content_hash(), document.unknown(), document.units(), document.progress(), document.properties
    assert document.text == text


@few
@given(documents())
def test_saving_a_form_that_nobody_touched_changes_nothing(document):
    before = document.text
    for field in FIELDS if document.editable else ():
        assert document.answer(field, raw_of(form_value(field, document))) is False
    assert document.text == before


@few
@given(documents(), st.sampled_from(FIELDS), anything)
def test_setting_one_value_leaves_every_other_key_in_its_place(document, field, value):
    before = document.copy()
    try:
        document.set(field.pointer, value)
    except PointerError:
        assert document.text == before.text
        return
    assert strictjson.dumps(document.get(field.pointer)) == strictjson.dumps(value)
    for pointer, kept in before.units().items():
        if not field.pointer.startswith(pointer):
            assert strictjson.dumps(document.get(pointer)) == strictjson.dumps(kept)
    if before.has(field.pointer):
        before.set(field.pointer, value)
        assert list(before.units()) == list(document.units())


@few
@given(documents(), st.sampled_from(FIELDS))
def test_an_answer_given_by_mistake_and_taken_back_leaves_no_trace(document, field):
    if document.has(field.pointer):
        return
    before = document.copy()
    try:
        document.set(field.pointer, "mistake")
    except PointerError:
        return
    document.remove(field.pointer)
    hollow = any(value in ({}, None) for value in before.units().values())
    assert hollow or not before.has("/commonCloud") or same_content(before, document)


@few
@given(st.data())
def test_the_hash_does_not_depend_on_the_order_of_keys(data):
    document = data.draw(any_document())
    other = Document(shuffled(data.draw, document.tree))
    assert other.content_hash() == document.content_hash()
    assert same_content(document, other)


@few
@given(any_document(), any_document())
def test_two_documents_have_one_hash_exactly_when_their_content_is_the_same(one, other):
    assert (one.content_hash() == other.content_hash()) == same_content(one, other)


def test_numbers_count_as_they_are_written_and_true_is_not_one():
    def hashed(text):
        return Document.from_text(text).content_hash()

    written = (
        "[1]",
        "[1.0]",
        "[1e0]",
        "[10]",
        "[1e1]",
        "[0]",
        "[-0]",
        "[0.0]",
        "[true]",
        '["1"]',
        "[1e400]",
        "[10e399]",
    )
    assert len({hashed(text) for text in written}) == len(written)
    assert same_values(Document.from_text("[1, 90.0]"), Document.from_text("[1e0, 90]"))
    assert not same_values(Document.from_text("[1]"), Document.from_text("[true]"))
    assert not same_content(Document([1]), Document([True]))
    assert not same_content(Document({"a": [0]}), Document({"a": [False]}))


def test_properties_are_no_content_and_cannot_be_changed(document):
    before = document.content_hash()
    document.tree["commonCloud"]["properties"] = {"formStatus": "APPROVED"}
    assert document.content_hash() == before
    assert document.properties["formStatus"] == "APPROVED"
    assert document.unknown() == Document.from_text(QUESTIONNAIRE).unknown()
    with pytest.raises(PointerError, match="belong to Atlassian"):
        document.set("/commonCloud/properties/formStatus", "SUBMITTED")
    with pytest.raises(PointerError, match="belong to Atlassian"):
        document.remove("/commonCloud/properties")


# --- places ---------------------------------------------------------------------------------------------------------


def test_unknown_places_are_named_in_the_smallest_useful_units(document):
    document.set("/commonCloud/security/caiq", "see our site")
    document.set("/commonCloud/privacy/gdpr/representative", {"name": "Example Rep"})
    document.set("/outside", [])
    assert document.unknown() == (
        "/commonCloud/thirdPartyInformation/thirdPartyDetails/0/contractNumber",
        "/commonCloud/privacy/gdpr/representative",
        "/commonCloud/security/caiq",
        "/commonCloud/newQuestion",
        "/outside",
    )


def test_missing_parents_are_made_and_an_existing_key_keeps_its_place():
    document = Document({"commonCloud": {"security": {"securityContact": "a@example.com", "zebra": 1}}})
    document.set("/commonCloud/security/caiq/isCAIQCompleted", True)
    document.set(CONTACT.pointer, "b@example.com")
    assert document.text == (
        '{"commonCloud":{"security":{"securityContact":"b@example.com","zebra":1,"caiq":{"isCAIQCompleted":true}}}}'
    )


def test_nothing_is_set_below_a_text(document):
    document.set("/commonCloud/security/caiq", "see our site")
    with pytest.raises(AnswerError, match="is not an object in this document"):
        document.answer(CAIQ_LINK, "https://vendor.example.com/caiq")
    assert document.get("/commonCloud/security/caiq") == "see our site"


def test_removing_the_last_record_key_keeps_the_other_records(document):
    document.set(RECORDS.pointer, [{"name": "Example Edge"}, {"name": "Example Mail"}])
    document.remove(RECORDS.pointer + "/0/name")
    assert document.get(RECORDS.pointer) == [{}, {"name": "Example Mail"}]


def test_a_document_that_is_no_object_can_be_read_but_not_edited():
    for text in ("[1, 2]", '"text"', "null", '{"commonCloud": 5}'):
        document = Document.from_text(text)
        assert not document.editable
        assert "not edited" in document.why_not_editable
        with pytest.raises(AnswerError):
            document.answer(CONTACT, "security@vendor.example.com")
        with pytest.raises(AnswerError):
            document.answer_json("", "{}")
        assert document.text == text.replace(" ", "")
    assert Document.from_text("{}").editable


def test_a_place_says_whether_it_is_answered(document):
    assert document.state(CONTACT.pointer) == "answered"
    assert document.state(CAIQ_LINK.pointer) == "not_present"
    document.set(CONTACT.pointer, None)
    assert document.state(CONTACT.pointer) == "not_answered"


def test_a_conditional_question_is_asked_when_its_condition_holds_or_it_has_an_answer(document):
    assert document.asks(field_named("privacy.gdpr.dataProcessor.endUserDataTypes"))
    assert not document.asks(field_named("privacy.gdpr.dataController.endUserDataTypes"))
    document.set(CONTROLLER.pointer, True)
    assert document.asks(field_named("privacy.gdpr.dataController.endUserDataTypes"))
    document.set(SHARED, "FALSE")
    assert document.asks(RECORDS)
    document.remove(RECORDS.pointer)
    assert not document.asks(RECORDS)


def test_progress_counts_the_questions_that_are_asked():
    progress = Document.from_text(REFERENCE).progress()
    assert (progress["dataAccessAndStorage"].answered, progress["dataAccessAndStorage"].asked) == (5, 6)
    assert progress["dataAccessAndStorage"].percent == 83
    assert progress["other"].percent == 100


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "answer", "after"),
    [
        ("FALSE", "yes", "TRUE"),
        ("TRUE", "na", "NOT_APPLICABLE"),
        (False, "yes", True),
        (True, "na", "NOT_APPLICABLE"),
        ("NOT_APPLICABLE", "no", "FALSE"),
        ("false", "yes", "true"),
        (MISSING, "yes", "TRUE"),
        (None, "no", "FALSE"),
        (None, "", None),
        ("TRUE", "", MISSING),
        ("MAYBE", "MAYBE", "MAYBE"),
        ("MAYBE", "no", "FALSE"),
    ],
)
def test_yes_no_and_not_applicable_keep_the_form_in_which_they_were_written(before, answer, after):
    assert clean(CONTROLLER, answer, before) == after
    assert type(clean(CONTROLLER, answer, before)) is type(after)


def test_a_plain_yes_no_question_is_written_as_a_boolean_and_knows_no_third_answer():
    stores = field_named("dataAccessAndStorage.appStoresEUDOutsideAtlassian")
    assert clean(stores, "yes") is True
    assert clean(stores, "no", "TRUE") == "FALSE"
    with pytest.raises(AnswerError, match="choose yes or no"):
        clean(stores, "na")
    assert clean(stores, "na", "NOT_APPLICABLE") == "NOT_APPLICABLE"


def test_untouched_list_entries_keep_their_type_and_others_are_added():
    current = strictjson.loads('["a", 5.0, null, "two\\nlines", "a"]')
    assert clean(STORED, ["a", "5.0", "", "twolines", "a", ""], current) is current
    assert clean(STORED, ["", "a", "5.0", "twolines", "a"], current) is current
    changed = clean(STORED, ["new", "5.0", "twolines", "a", ""], current)
    assert strictjson.dumps(changed) == '["new",5.0,null,"two\\nlines","a"]'
    assert clean(STORED, [""], current) == []
    assert clean(STORED, [""], MISSING) is MISSING
    assert clean(STORED, [""], None) is None


def test_ticked_boxes_keep_the_order_of_the_document_and_accept_other_values():
    current = ["ISO27001", "HIPAA", "SOC2"]
    assert clean(CERTIFICATIONS, ["SOC2", "ISO27001", "HIPAA", ""], current) is current
    assert clean(CERTIFICATIONS, ["SOC2", "HIPAA", "PCI"], current) == ["HIPAA", "SOC2", "PCI"]
    options = form_value(CERTIFICATIONS, Document({"commonCloud": {"security": {"compliantCertifications": current}}}))
    assert [(option.value, option.known) for option in options.options] == [
        ("SOC2", True),
        ("ISO27001", True),
        ("HIPAA", False),
    ]


def test_days_are_whole_and_keep_how_they_were_written():
    as_read = strictjson.loads("90.0")
    assert str(clean(MAXIMUM, "90.0", as_read)) == "90.0"
    assert str(clean(MAXIMUM, "90", as_read)) == "90"
    assert clean(MAXIMUM, "30", as_read) == 30
    assert clean(MAXIMUM, "30", "90") == "30"
    assert clean(MAXIMUM, " ", 90) is MISSING
    for wrong in ("-1", "1.5", "many", "٣", "1e3"):
        with pytest.raises(AnswerError, match="not a whole number of days"):
            clean(MAXIMUM, wrong, 90)


def test_a_malformed_address_is_kept_and_a_long_text_too():
    description = field_named("dataAccessAndStorage.dataAccess.dataAccessDescription")
    assert clean(CONTACT, " security at example ") == "security at example"
    assert clean(description, "long " * 2000) == "long " * 2000
    assert clean(description, "a\r\nb", "a\nb") == "a\nb"
    assert clean(description, "a\r\nc", "a\nb") == "a\nc"
    assert clean(description, "a\r\nc", "a\r\nb") == "a\r\nc"


def test_half_of_a_character_is_refused_with_a_sentence():
    for field, raw in ((CONTACT, "\ud800"), (STORED, ["\udc00"]), (RECORDS, [RecordInput("", {"name": "\ud800"})])):
        with pytest.raises(AnswerError, match="half of a character"):
            clean(field, raw)


def test_a_formatted_document_is_kept_and_a_text_can_be_edited(document):
    document.set(REASONS.pointer, {"type": "doc", "version": 1, "content": [{"type": "rule"}]})
    before = document.text
    shown = form_value(REASONS, document)
    assert not shown.fits
    assert shown.why == "parts that the text editor does not know (rule)"
    assert document.answer(REASONS, shown.json.replace("\n", "\r\n")) is False
    with pytest.raises(AnswerError, match="formatted document"):
        document.answer(REASONS, "Needed.")
    assert document.text == before
    document.set(REASONS.pointer, "Needed to save.")
    assert document.answer(REASONS, "Needed to save diagrams.") is True


def test_records_keep_keys_that_nobody_knows(document):
    rows = form_value(RECORDS, document).rows
    assert rows[0].unknown == (("contractNumber", "17.50"),)
    changed = dict.fromkeys(("name", "link"), "")
    raw = [
        RecordInput(rows[1].token, raw_of_row(rows[1])),
        RecordInput(rows[0].token, {**raw_of_row(rows[0]), "purpose": "Hosts and caches bundles"}),
        RecordInput(
            "new1", {"name": "Example Store", "link": "https://store.example.com", "thirdPartyCountries": [""]}
        ),
        RecordInput("new2", {**changed, "thirdPartyCountries": [""]}),
    ]
    before = document.get(RECORDS.pointer)
    assert document.answer(RECORDS, raw) is True
    after = document.get(RECORDS.pointer)
    assert after[0] == before[1]
    assert strictjson.dumps(after[1]) == strictjson.dumps({**before[0], "purpose": "Hosts and caches bundles"})
    assert after[2:] == [{"name": "Example Store", "link": "https://store.example.com"}]


def raw_of_row(row):
    return {part.field.key: raw_of(part) for part in row.parts}


def test_a_row_is_found_again_although_the_one_before_it_was_taken_away(document):
    rows = form_value(RECORDS, document).rows
    document.answer(RECORDS, [RecordInput(rows[0].token, raw_of_row(rows[0]))])
    document.answer(RECORDS, [RecordInput(rows[0].token, {"purpose": "Hosts"})])
    # The page was drawn before that change: its token is old, its number still tells which record is meant.
    assert document.answer(RECORDS, [RecordInput(rows[0].token, {"purpose": "Caches"})]) is True
    assert [str(record.get("contractNumber")) for record in document.get(RECORDS.pointer)] == ["17.50"]


def test_a_wrong_value_in_a_record_says_which_one():
    row = RecordInput("0", {"name": "Example Edge"})
    with pytest.raises(AnswerError, match="Sub-processor 1, name: .* edit it as JSON"):
        clean(RECORDS, [row], [{"name": ["Example Edge"]}])


def test_five_hundred_records_and_ten_thousand_characters_are_kept():
    many = [{"name": f"Example {number}", "purpose": "p" * 20, "extra": number} for number in range(500)]
    document = Document({"commonCloud": {"thirdPartyInformation": {"thirdPartyDetails": many}}})
    rows = form_value(RECORDS, document).rows
    raw = [RecordInput(row.token, raw_of_row(row)) for row in rows]
    raw[250].values["purpose"] = "x" * 10_000
    assert document.answer(RECORDS, raw) is True
    after = document.get(RECORDS.pointer)
    assert len(after) == 500
    assert after[250]["purpose"] == "x" * 10_000
    assert after[250]["extra"] == 250


def test_a_posted_form_is_read_by_field(document):
    rows = form_value(RECORDS, document).rows
    name = RECORDS.name
    data = QueryDict(mutable=True)
    data.setlist(f"{name}.row", ["", rows[0].token, "new1"])
    data[f"{name}.{rows[0].token}.name"] = "Example Edge, Inc."
    data.setlist(f"{name}.new1.thirdPartyCountries", ["", "Ireland"])
    data[f"{name}.new1.name"] = "Example Store"
    data.setlist(STORED.name, ["", "Diagram titles"])
    data[CONTACT.name] = "help@vendor.example.com"
    assert posted(CAIQ_LINK, data) is None
    assert posted(field_named("dataResidency.inScopeDataTypes"), data) is None
    assert posted(CONTACT, data) == "help@vendor.example.com"
    for field in (RECORDS, STORED, CONTACT):
        assert document.answer(field, posted(field, data)) is True
    assert document.get(STORED.pointer) == ["Diagram titles"]
    assert [record["name"] for record in document.get(RECORDS.pointer)] == ["Example Edge, Inc.", "Example Store"]
    assert document.get(RECORDS.pointer)[1]["thirdPartyCountries"] == ["Ireland"]


def test_json_is_edited_as_it_is_written_and_refused_with_a_sentence(document):
    place = "/commonCloud/newQuestion"
    assert document.answer_json(place, '{"asked": "YES"}') is False
    assert document.answer_json(place, '{"asked": 1.50, "a": null}') is True
    assert strictjson.dumps(document.get(place)) == '{"asked":1.50,"a":null}'
    before = document.text
    for wrong in ("", "{", '{"a": NaN}', '{"a": 1, "a": 2}', '"\\ud800"', "[" * 99 + "]" * 99):
        with pytest.raises(AnswerError):
            document.answer_json(place, wrong)
    assert document.text == before
    assert document.answer_json(place, "[" * 50 + "]" * 50) is True


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["A", "changed"], ["A", None, "changed"]),
        (["changed", "B"], ["changed", None, "B"]),
        (["changed", "too"], ["changed", None, "too"]),
        (["A", "new", "B"], ["A", None, "new", "B"]),
        (["new", "A", "B"], ["new", "A", None, "B"]),
        (["B"], [None, "B"]),
        (["B", "A"], ["B", "A", None]),
    ],
)
def test_an_entry_that_says_nothing_stays_in_its_place_while_others_are_edited(typed, kept):
    assert clean(field_named("dataAccessAndStorage.typesOfDataStored"), typed, ["A", None, "B"]) == kept


def test_a_number_with_too_many_digits_is_said_to_be_too_large():
    with pytest.raises(AnswerError, match="too large a number of days: it can have nine digits"):
        clean(MAXIMUM, "1" * 20, 90)
