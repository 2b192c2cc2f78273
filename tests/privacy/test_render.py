"""Answers as a customer reads them."""

import pytest
from hypothesis import given

from portal.atlassian import strictjson
from privacy.document.canonical_json import MISSING
from privacy.document.catalogue import FIELDS, field_named
from privacy.document.document import Document
from privacy.document.readable import label_of, read, read_document

from .examples import QUESTIONNAIRE, REFERENCE
from .strategies import any_document, anything, few

CONTROLLER = field_named("privacy.gdpr.dataController.isAppDataController")
CONTACT = field_named("security.securityContact")
POLICIES = field_named("security.publicSecurityPoliciesLink")
SUB_PROCESSORS = field_named("thirdPartyInformation.dataSubProcessors")
CERTIFICATIONS = field_named("security.compliantCertifications")
MAXIMUM = field_named("dataRetention.retentionDurationInDays.max")
REASONS = field_named("security.permissionsJustification")


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (CONTROLLER, "TRUE", "Yes"),
        (CONTROLLER, False, "No"),
        (CONTROLLER, "NOT_APPLICABLE", "Not applicable"),
        (CONTROLLER, "MAYBE", "MAYBE"),
        (CONTROLLER, None, "Not answered"),
        (CONTROLLER, MISSING, "Not answered"),
        (CERTIFICATIONS, [], "None listed"),
        (CERTIFICATIONS, ["SOC2", "HIPAA"], "SOC 2, HIPAA"),
        (MAXIMUM, 1, "1 day"),
        (MAXIMUM, strictjson.loads("90.0"), "90.0 days"),
        (REASONS, "Needed.", "Needed."),
        (None, "text", "text"),
        (None, {"a": 1}, '{\n  "a": 1\n}'),
    ],
)
def test_an_answer_is_put_into_words(field, value, text):
    assert read(field, value).text == text


def test_only_sound_addresses_become_links():
    assert read(CONTACT, "security@vendor.example.com").href == "mailto:security@vendor.example.com"
    assert read(POLICIES, "https://vendor.example.com/security").href == "https://vendor.example.com/security"
    assert read(SUB_PROCESSORS, "https://vendor.example.com/list").href == "https://vendor.example.com/list"
    assert read(CONTACT, "security at example.com").href == ""
    for value in ("javascript:alert(1)", "//vendor.example.com", "vendor.example.com", "on request", 5, "https://"):
        assert read(POLICIES, value).href == ""
        assert read(SUB_PROCESSORS, value).href == ""
    assert read(None, "https://vendor.example.com").href == ""


def test_a_formatted_document_is_read_as_its_words():
    value = {"type": "doc", "content": [
        {"type": "heading", "content": [{"type": "text", "text": "Pages"}]},
        {"type": "bulletList", "content": [{"type": "listItem", "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "read "}, {"type": "text", "text": "them"}]}]}]},
    ]}  # fmt: skip
    reading = read(REASONS, value)
    assert (reading.text, reading.formatted) == ("Pages\nread them", True)
    assert read(REASONS, {"type": "unknown"}).json


def test_records_are_read_with_their_labels_and_unknown_keys():
    document = Document.from_text(QUESTIONNAIRE)
    field = field_named("thirdPartyInformation.thirdPartyDetails")
    record = read(field, document.get(field.pointer)).records[0]
    assert record.title == "Example Edge, Inc."
    assert [label for label, _ in record.parts] == ["Name", "Link", "Purpose", "Countries", "contractNumber"]
    assert record.parts[1][1].href == "https://edge.example.com"
    assert read(field, [{}]).records[0].title == "Sub-processor without a name"


def test_a_document_is_read_by_section_with_unknown_places_last():
    sections = read_document(Document.from_text(QUESTIONNAIRE))
    assert [item.section.key for item in sections][0] == "dataAccessAndStorage"
    other = sections[-1]
    assert [(answer.question, answer.field is None) for answer in other.answers] == [
        ("Does the app extend a REST API?", False),
        ("newQuestion", True),
    ]
    privacy = next(item for item in sections if item.section.key == "privacy")
    assert privacy.answers[0].group.title == "GDPR"


def test_questions_without_an_answer_are_read_when_everything_is_asked_for():
    document = Document.from_text(REFERENCE)
    short, full = read_document(document), read_document(document, everything=True)
    assert sum(len(item.answers) for item in full) > sum(len(item.answers) for item in short)
    assert "Not answered" in {answer.reading.text for item in full for answer in item.answers}


def test_a_place_is_called_by_its_question_or_its_keys():
    assert label_of(CONTACT.pointer) == CONTACT.question
    assert label_of("/commonCloud/privacy/gdpr/new~1key") == "privacy › gdpr › new/key"
    assert label_of("/outside/key") == "outside › key"
    assert label_of("") == "The whole document"


@few
@given(anything)
def test_any_value_of_any_field_can_be_read(value):
    for field in (*FIELDS, None):
        assert read(field, value).text or value == ""


@few
@given(any_document())
def test_any_document_can_be_read(document):
    for section in read_document(document, everything=True):
        assert all(answer.reading.text for answer in section.answers)
