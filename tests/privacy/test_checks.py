"""The checks across answers: each finds what it is for, and stays silent otherwise."""

from datetime import date

import pytest
from hypothesis import given

from privacy.document.catalogue import CatalogueError
from privacy.document.checks import by_pointer, check, days, errors, load
from privacy.document.document import Document

from .examples import QUESTIONNAIRE, REFERENCE
from .strategies import any_document, few

CLOUD = "/commonCloud"
DETAILS = "/thirdPartyInformation/thirdPartyDetails"
SUB_PROCESSORS = "/thirdPartyInformation/dataSubProcessors"
DAYS = "/dataRetention/retentionDurationInDays"
GONE = object()


def findings(text, changes):
    document = Document.from_text(text)
    for pointer, value in changes.items():
        if value is GONE:
            document.remove(CLOUD + pointer)
        else:
            document.set(CLOUD + pointer, value)
    return check(document)


@pytest.mark.parametrize("text", [REFERENCE, QUESTIONNAIRE])
def test_a_sound_document_has_no_findings(text):
    assert check(Document.from_text(text)) == ()


@pytest.mark.parametrize(
    ("text", "code", "changes"),
    [
        (QUESTIONNAIRE, "malformed", {"/security/securityContact": "security at example.com"}),
        (QUESTIONNAIRE, "malformed", {"/security/securityContact": 5}),
        (QUESTIONNAIRE, "malformed", {"/security/publicSecurityPoliciesLink": "vendor.example.com/security"}),
        (QUESTIONNAIRE, "malformed", {"/security/publicSecurityPoliciesLink": "javascript:alert(1)"}),
        (QUESTIONNAIRE, "malformed", {SUB_PROCESSORS: "https://nowhere"}),
        (QUESTIONNAIRE, "malformed", {DETAILS + "/1/link": "mail.example.com"}),
        (QUESTIONNAIRE, "days-order", {DAYS + "/min": 91}),
        (QUESTIONNAIRE, "days-order", {DAYS + "/min": "91"}),
        (QUESTIONNAIRE, "indefinite-with-maximum", {"/dataRetention/isRetentionDurationIndefinite": "TRUE"}),
        (QUESTIONNAIRE, "shared-without-sub-processors", {DETAILS: []}),
        (QUESTIONNAIRE, "shared-without-sub-processors", {DETAILS: [], SUB_PROCESSORS: "https://vendor.example.com/list"}),
        (QUESTIONNAIRE, "shared-without-sub-processors", {DETAILS: GONE}),
        (REFERENCE, "shared-without-services", {"/thirdPartyInformation/dataSharing": True,
                                                "/thirdPartyInformation/thirdPartyServices": []}),
        (QUESTIONNAIRE, "certified-without-certifications", {"/security/hasCompliantCertifications": True}),
        (QUESTIONNAIRE, "certified-without-certifications", {"/security/hasCompliantCertifications": "TRUE",
                                                             "/security/compliantCertifications": []}),
        (REFERENCE, "caiq-without-link", {"/security/caiq/CAIQLiteLink": " "}),
        (REFERENCE, "dpa-without-link", {"/privacy/dataProcessingAgreement/dpaUrl": GONE}),
    ],
)  # fmt: skip
def test_an_error_blocks_publishing(text, code, changes):
    found = findings(text, changes)
    assert [(finding.level, finding.code) for finding in found] == [("error", code)]
    assert errors(found) == found
    assert found[0].message.endswith(".")
    assert all(pointer.startswith(CLOUD) for pointer in found[0].pointers)


@pytest.mark.parametrize(
    ("text", "code", "changes"),
    [
        (QUESTIONNAIRE, "stored-without-types", {"/dataAccessAndStorage/typesOfDataStored": []}),
        (QUESTIONNAIRE, "stored-without-types", {"/dataAccessAndStorage/typesOfDataStored": GONE,
                                                 "/dataAccessAndStorage/isSameDataProcessedAndStored": True}),
        (QUESTIONNAIRE, "logs-shared-though-nothing-is", {"/logDetails/logEUDShareWithThirdParty": True,
                                                          "/thirdPartyInformation/isEndUserDataShared": False}),
        (QUESTIONNAIRE, "controller-and-business-differ", {"/privacy/gdpr/dataController/isAppDataController": True}),
        (QUESTIONNAIRE, "processor-and-service-provider-differ", {
            "/privacy/ccpa/serviceProvider/isAppServiceProvider": "NOT_APPLICABLE"}),
        (QUESTIONNAIRE, "transfer-without-mechanism", {
            "/privacy/gdpr/dataTransfer/isEndUserDataTransferredOutsideEEA": True}),
        (QUESTIONNAIRE, "transfer-without-mechanism", {
            "/privacy/gdpr/dataTransfer/isEndUserDataTransferredOutsideEEA": True,
            "/privacy/gdpr/dataTransfer/isTransferComplianceMechanismsAdhered": "FALSE"}),
        (QUESTIONNAIRE, "regions-without-residency", {
            "/dataResidency/isDataResidencySupported": "APP_DOES_NOT_SUPPORT_DR",
            "/dataResidency/countriesWhereEndUserDataStored": ["Ireland"]}),
        (REFERENCE, "regions-without-residency", {"/dataResidency/dataResidencyCompliance": False,
                                                  "/dataResidency/dataResidencyRegions": ["EU"]}),
        (REFERENCE, "retention-differs", {"/dataRetention/retentionPeriod": "30_DAYS"}),
        (REFERENCE, "retention-differs", {"/dataRetention/retentionPeriod": "UNTIL_ASKED"}),
        (QUESTIONNAIRE, "retention-differs", {"/dataRetention/retentionPeriod": "1 year"}),
        (QUESTIONNAIRE, "stored-without-encryption-answer", {"/security/isDiskEncryptionSupported": None}),
    ],
)  # fmt: skip
def test_a_warning_does_not_block_publishing(text, code, changes):
    found = findings(text, changes)
    assert [(finding.level, finding.code) for finding in found] == [("warning", code)]
    assert errors(found) == ()
    assert len(found[0].pointers) >= 2


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        # A list that is linked is a list, as long as no empty one stands beside it.
        (QUESTIONNAIRE, {DETAILS: GONE, SUB_PROCESSORS: "https://vendor.example.com/sub-processors"}),
        (QUESTIONNAIRE, {SUB_PROCESSORS: "On request, by e-mail"}),
        (QUESTIONNAIRE, {DAYS + "/min": 90}),
        (QUESTIONNAIRE, {DAYS + "/max": GONE, "/dataRetention/isRetentionDurationIndefinite": True}),
        (QUESTIONNAIRE, {"/dataRetention/retentionPeriod": "90_DAYS"}),
        (QUESTIONNAIRE, {"/dataRetention/retentionPeriod": "3 months"}),
        # That vocabulary has no link for the agreement.
        (QUESTIONNAIRE, {"/privacy/dataProcessingAgreement/isDPASupported": True}),
        (QUESTIONNAIRE, {"/privacy/gdpr/dataController/isAppDataController": False}),
        (QUESTIONNAIRE, {"/privacy/gdpr/dataController/isAppDataController": None}),
        (REFERENCE, {"/security/isDiskEncryptionSupported": None}),
    ],
)
def test_what_is_in_order_is_not_found(text, changes):
    assert findings(text, changes) == ()


def test_a_malformed_link_says_in_which_record_it_is():
    found = findings(QUESTIONNAIRE, {DETAILS + "/1/link": "mail.example.com"})
    assert found[0].message.startswith("Sub-processor “Example Mail GmbH”: “mail.example.com” is not")
    assert found[0].pointers == (CLOUD + DETAILS,)


def test_an_answer_past_its_review_date_is_found_when_dates_are_given():
    document = Document.from_text(QUESTIONNAIRE)
    contact, gone = CLOUD + "/security/securityContact", CLOUD + "/security/caiq/CAIQLiteLink"
    due = {contact: date(2026, 3, 31), gone: date(2026, 3, 31)}
    assert check(document, review_by=due, today=date(2026, 3, 31)) == ()
    found = check(document, review_by=due, today=date(2026, 4, 1))
    assert [(finding.level, finding.code, finding.pointers) for finding in found] == [
        ("warning", "review-overdue", (contact,))
    ]
    assert "31 March 2026" in found[0].message
    assert check(document, review_by=due) == ()


def test_errors_come_first_and_are_found_beside_each_answer():
    found = findings(
        REFERENCE,
        {
            "/dataRetention/retentionPeriod": "30_DAYS",
            "/security/caiq/CAIQLiteLink": GONE,
            "/security/securityContact": "x",
        },
    )
    assert [finding.level for finding in found] == ["error", "error", "warning"]
    beside = by_pointer(found)
    assert [finding.code for finding in beside[CLOUD + "/security/caiq/isCAIQCompleted"]] == ["caiq-without-link"]
    assert [finding.code for finding in beside[CLOUD + "/dataRetention/retentionPeriod"]] == ["retention-differs"]
    assert found[-1].sections == ("dataAccessAndStorage", "dataRetention")


@few
@given(any_document())
def test_no_document_breaks_the_checks(document):
    for finding in check(document):
        assert finding.message
        assert finding.pointers


def test_periods_are_read_as_days():
    assert [days(value) for value in (90, "90", "90_DAYS", "2 weeks", "1_YEAR", "1 month")] == [90, 90, 90, 14, 365, 30]
    assert [days(value) for value in ("AUTOMATIC", None, True, [], "½ year")] == [None] * 5


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ('code = "x"\nlevel = "fatal"\nmessage = "?"\nif = []', "level must be error or warning"),
        ('code = "x"\nlevel = "error"\nmessage = "?"', "exactly one of if"),
        (
            'code = "x"\nlevel = "error"\nmessage = "?"\nunequal = ["/security/x", "/security/y"]',
            "/security/x is not a field",
        ),
        ('code = "x"\nlevel = "error"\nmesage = "?"\nif = []', "“mesage” is not a known key"),
        ('code = "x"\nlevel = "error"\nmessage = "?"\nat_most = ["/hasRestAPIExtension"]', "needs two pointers"),
    ],
)
def test_a_mistake_in_a_rule_is_said_in_one_sentence(tmp_path, rule, sentence):
    path = tmp_path / "checks.toml"
    path.write_text("[[rule]]\n" + rule, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"checks\.toml, rule x") as refusal:
        load(path)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://vendor.example.com/a b", "it holds a space"),
        (" https://vendor.example.com", "it begins or ends with a space"),
        ("vendor.example.com", "it must begin with https:// or http://"),
        ("https:///policy", "there is no host name after the //"),
        ("https://vendor..example.com", "its host name or one of its characters is not allowed"),
    ],
)
def test_a_link_that_is_not_well_formed_is_told_what_is_wrong_with_it(link, reason):
    document = Document({"commonCloud": {"security": {"publicSecurityPoliciesLink": link}}})

    assert [reason in finding.message for finding in check(document)] == [True]
