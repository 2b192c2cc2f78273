"""The demo's eight apps and their Privacy & Security documents, in both vocabularies: two awkward, three with a draft.

| app | vocabulary | live | draft |
|---|---|---|---|
| Diagrams for Confluence | questionnaire | yes | yes: words, a sub-processor more, one gone |
| Forms Relay for Jira | reference | yes | no |
| Time Ledger (awkward) | questionnaire, 10 sub-processors, texts of 10,000 characters | yes | yes: a text, the order |
| Status Board | questionnaire | yes | no |
| Page Clock | none: a new, private app | no | no |
| Diagrams for Jira | questionnaire, as Diagrams for Confluence with a sub-processor fewer | yes, SUBMITTED | no |
| Table Tools (awkward) | both mixed, unknown keys, odd numbers, nulls, nesting | yes | no |
| Release Notes Robot | questionnaire, half answered | no, private, never published | yes |
"""

import copy
import json
import sqlite3
from typing import Any

from sandbox.names import DEVELOPER_ID

DAY = 24 * 3600
APP_NAMES = (
    "Diagrams for Confluence",
    "Forms Relay for Jira",
    "Time Ledger",
    "Status Board",
    "Page Clock",
    "Diagrams for Jira",
    "Table Tools",
    "Release Notes Robot",
)
PRIVATE = ("Page Clock", "Release Notes Robot")
Content = dict[str, Any]


def product_id(name: str) -> str:
    """The product id of a seeded app."""
    return f"b7a1c0de-0000-4000-8000-00000000000{APP_NAMES.index(name) + 1}"


def sub_processor(name: str, purpose: str, *countries: str) -> Content:
    host = name.lower().split(",")[0].replace(" ", "-")
    return {
        "name": name,
        "link": f"https://{host}.example.com",
        "purpose": purpose,
        "thirdPartyCountries": list(countries),
    }


SUB_PROCESSORS = [
    sub_processor("Example Edge, Inc.", "Hosts and serves uploaded bundles", "United States"),
    sub_processor("Example Mail GmbH", "Sends and receives support e-mail", "Germany", "Ireland"),
    sub_processor("Example Metrics Ltd", "Counts errors and slow requests", "United Kingdom"),
    sub_processor("Example Vault Oy", "Keeps encrypted backups", "Finland"),
    sub_processor("Example Desk Pty", "Runs the support portal", "Australia"),
]


def questionnaire(*, subject: str = "Diagram source text", processors: list[Content] = SUB_PROCESSORS) -> Content:
    """A complete document in the vocabulary that live listings carry."""
    return {
        "dataAccessAndStorage": {
            "isSameDataProcessedAndStored": False,
            "appProcessEUDOutsideAtlassian": True,
            "typesOfDataAccessed": [subject, "Atlassian account IDs"],
            "appStoresEUDOutsideAtlassian": True,
            "typesOfDataStored": [f"{subject} and titles"],
        },
        "thirdPartyInformation": {
            "isEndUserDataShared": True,
            "dataSubProcessors": "https://vendor.example.com/sub-processors",
            "thirdPartyDetails": copy.deepcopy(processors),
        },
        "logDetails": {
            "logEndUserData": True,
            "logProcessAndOrStoreEUDOutsideAtlassian": True,
            "logEUDShareWithThirdParty": False,
            "logsIntegralForAppFunctionality": True,
        },
        "dataResidency": {
            "isDataResidencySupported": "APP_DOES_NOT_SUPPORT_DR",
            "countriesWhereEndUserDataStored": ["United States"],
            "realmMigrationSupported": False,
            "inScopeDataTypes": [],
        },
        "dataRetention": {
            "isDataRetentionSupported": True,
            "retentionDurationInDays": {"min": 0, "max": 90},
            "isCustomRetentionPeriodAllowed": False,
            "isRetentionDurationIndefinite": False,
        },
        "privacy": _questionnaire_privacy(subject),
        "security": _questionnaire_security(),
        "hasRestAPIExtension": False,
        "supportsConfigurableEgress": False,
    }


def _questionnaire_privacy(subject: str) -> Content:
    return {
        "privacyEnhancingTechniques": {
            "arePrivacyEnhancingTechniquesSupported": True,
            "privacyEnhancingTechniquesSupported": ["TLS in transit", "Encryption at rest"],
        },
        "gdpr": {
            "dataController": {"isAppDataController": "FALSE"},
            "dataProcessor": {"isAppDataProcessor": "TRUE", "endUserDataTypes": [subject]},
            "dataTransfer": {
                "isEndUserDataTransferredOutsideEEA": True,
                "isTransferComplianceMechanismsAdhered": True,
            },
        },
        "ccpa": {
            "business": {"isAppBusiness": "NOT_APPLICABLE"},
            "serviceProvider": {"isAppServiceProvider": "TRUE", "endUserDataTypes": [subject]},
        },
        "dataProcessingAgreement": {"isDPASupported": False},
    }


def _questionnaire_security() -> Content:
    reason = {"type": "text", "text": "write:page:confluence is needed to save diagrams."}
    return {
        "securityContact": "security@vendor.example.com",
        "publicSecurityPoliciesLink": "https://vendor.example.com/security",
        "caiq": {"isCAIQCompleted": False},
        "isDiskEncryptionSupported": True,
        "requiresUsersToProvidePATs": False,
        "hasCompliantCertifications": False,
        "compliantCertifications": [],
        "permissionsJustification": {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [reason]}],
        },
    }


def reference() -> Content:
    """A complete document in the vocabulary of the API's reference."""
    return {
        "dataAccessAndStorage": {
            "dataAccess": {
                "dataAccessDescription": "The app reads form answers to route them to the right project.",
                "dataAccessTypes": ["USER_PROFILE", "CONTENT"],
                "dataAccessScope": "USER_LEVEL",
            },
            "dataStorage": {
                "dataStorageDescription": "Answers are kept in an encrypted database until they are delivered.",
                "dataRetentionPeriod": "90_DAYS",
                "dataDeletionPolicy": "AUTOMATIC",
            },
        },
        "thirdPartyInformation": {
            "thirdPartyServices": ["Example Edge", "Example Metrics"],
            "dataSharing": False,
            "dataSharingDescription": "No user data is shared with third parties.",
        },
        "logDetails": {"loggingEnabled": True, "logRetention": "30_DAYS", "sensitiveDataLogging": False},
        "dataResidency": {"dataResidencyRegions": ["US", "EU"], "dataResidencyCompliance": True},
        "dataRetention": {"retentionPeriod": "90_DAYS", "deletionProcess": "AUTOMATIC", "backupRetention": "30_DAYS"},
        "privacy": {
            "privacyEnhancingTechniques": {"dataMinimization": True, "anonymization": False, "pseudonymization": True},
            "gdpr": {
                "gdprCompliant": True,
                "dataProcessingBasis": "CONSENT",
                "userRights": ["ACCESS", "RECTIFICATION", "ERASURE"],
            },
            "ccpa": {"ccpaCompliant": True, "dataCategories": ["PERSONAL", "IDENTIFIERS"]},
            "dataProcessingAgreement": {"dpaAvailable": True, "dpaUrl": "https://forms.example.com/dpa"},
        },
        "security": {
            "securityContact": "security@forms.example.com",
            "publicSecurityPoliciesLink": "https://forms.example.com/security",
            "caiq": {"isCAIQCompleted": True, "CAIQLiteLink": "https://forms.example.com/caiq"},
            "isDiskEncryptionSupported": True,
            "hasCompliantCertifications": True,
            "compliantCertifications": ["SOC2", "ISO27001"],
        },
    }


# --- the drafts, and what is awkward --------------------------------------------------------------------------------


def diagrams_draft() -> Content:
    content = questionnaire()
    details = content["thirdPartyInformation"]["thirdPartyDetails"]
    details[1]["purpose"] = "Sends and receives support e-mail and release announcements"
    del details[4]
    details.append(sub_processor("Example Queue AB", "Passes jobs between servers", "Sweden"))
    content["dataRetention"]["retentionDurationInDays"]["max"] = 60
    content["security"]["isDiskEncryptionSupported"] = True
    content["security"]["caiq"] = {"isCAIQCompleted": True, "CAIQLiteLink": "https://vendor.example.com/caiq"}
    return content


def ledger() -> Content:
    """Ten sub-processors and texts of 10,000 characters."""
    countries = ("Norway", "Portugal", "Japan", "Brazil", "Canada")
    more = [
        sub_processor(f"Example Region {country}", "Keeps time entries in that country", country)
        for country in countries
    ]
    content = questionnaire(subject="Time entries", processors=[*SUB_PROCESSORS, *more])
    sentence = "Time entries are read when a person opens the ledger, and are never copied for any other reason. "
    content["dataAccessAndStorage"]["typesOfDataAccessed"].append((sentence * 110)[:10_000].strip() + ".")
    content["security"]["permissionsJustification"] = "\n\n".join(f"{number}. {sentence}" for number in range(1, 105))
    return content


def ledger_draft() -> Content:
    content = ledger()
    details = content["thirdPartyInformation"]["thirdPartyDetails"]
    details.insert(0, details.pop(6))
    justification = content["security"]["permissionsJustification"]
    content["security"]["permissionsJustification"] = justification.replace("50. Time entries", "50. Only time entries")
    return content


def status_board() -> Content:
    content = questionnaire(subject="Status texts", processors=[])
    content["dataAccessAndStorage"] |= {"appProcessEUDOutsideAtlassian": False, "appStoresEUDOutsideAtlassian": False}
    content["dataAccessAndStorage"]["typesOfDataStored"] = []
    content["thirdPartyInformation"] = {"isEndUserDataShared": False}
    content["dataResidency"]["isDataResidencySupported"] = "STORED_IN_ATLASSIAN_N_DR_SUPPORTED"
    return content


def table_tools_text() -> str:
    """Both vocabularies in one document, keys that nobody knows, and numbers that a float would spoil."""
    content = questionnaire(subject="Table cells", processors=SUB_PROCESSORS[:2])
    content["futureSection"] = {"answered": None, "empty": {}, "list": [], "mixed": [1, "1", True, None, {"a": [[]]}]}
    content["logDetails"] |= {"loggingEnabled": True, "logRetention": "45_DAYS"}
    content["privacy"]["gdpr"]["gdprCompliant"] = True
    content["security"]["x-reviewer note"] = "مراجعة أمنية – 審査済み ✅"
    deep: Any = "the bottom"
    for level in range(12):
        deep = {f"level {level}": deep}
    content["futureSection"]["deep"] = deep
    odd = (
        '"vendorExtension": {"score": 1.0, "exact": 12345678901234567890.5, "tiny": 1e-400, "count": 0, "minus": -0.0}'
    )
    return '{"commonCloud": ' + json.dumps(content, ensure_ascii=False)[:-1] + f", {odd}}}}}"


def robot_draft() -> Content:
    content = questionnaire(subject="Issue titles", processors=[])
    return {name: content[name] for name in ("dataAccessAndStorage", "logDetails")}


def diagrams_for_jira() -> Content:
    return questionnaire(processors=SUB_PROCESSORS[:4])


def insert_apps(db: sqlite3.Connection, today: float) -> None:
    for position, name in enumerate(APP_NAMES):
        slug = name.lower().replace(" ", "-")
        state, approval = ("PRIVATE", "UNINITIATED") if name in PRIVATE else ("PUBLIC", "APPROVED")
        db.execute(
            "INSERT INTO apps VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (product_id(name), DEVELOPER_ID, position, f"com.example.{slug}", name, state, approval, slug),
        )
    for name, content in (
        ("Diagrams for Confluence", questionnaire()),
        ("Forms Relay for Jira", reference()),
        ("Time Ledger", ledger()),
        ("Status Board", status_board()),
        ("Diagrams for Jira", diagrams_for_jira()),
    ):
        _insert(db, name, "live", json.dumps(content, ensure_ascii=False), today - 120 * DAY)
    text = table_tools_text().removeprefix('{"commonCloud": ')[:-1]
    _insert(db, "Table Tools", "live", text, today - 200 * DAY)
    for name, content in (
        ("Diagrams for Confluence", diagrams_draft()),
        ("Time Ledger", ledger_draft()),
        ("Release Notes Robot", robot_draft()),
    ):
        _insert(db, name, "draft", json.dumps(content, ensure_ascii=False), today - 3 * DAY)
    db.execute(
        "UPDATE documents SET form_status = 'SUBMITTED', reads_to_approval = 1 WHERE product_id = ? AND state = 'live'",
        (product_id("Diagrams for Jira"),),
    )


def _insert(db: sqlite3.Connection, name: str, state: str, content: str, at: float) -> None:
    links = '["https://jira.example.com/browse/REVIEW-17"]' if state == "live" else "[]"
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, 'publisher@example.com', ?, ?, ?, 0)",
        (product_id(name), state, content, int(at * 1000), "APPROVED" if state == "live" else "DRAFT", links),
    )
