"""Two small documents of made-up vendors, one per vocabulary."""

REFERENCE = """{"commonCloud": {
  "dataAccessAndStorage": {
    "dataAccess": {"dataAccessDescription": "Reads pages to draw them", "dataAccessTypes": ["USER_PROFILE", "CONTENT"],
                   "dataAccessScope": "USER_LEVEL"},
    "dataStorage": {"dataStorageDescription": "", "dataRetentionPeriod": "90_DAYS", "dataDeletionPolicy": "AUTOMATIC"}},
  "thirdPartyInformation": {"thirdPartyServices": ["Example Hosting"], "dataSharing": false},
  "dataRetention": {"retentionPeriod": "90_DAYS"},
  "privacy": {"dataProcessingAgreement": {"dpaAvailable": true, "dpaUrl": "https://vendor.example.com/dpa"}},
  "security": {"securityContact": "security@vendor.example.com",
               "caiq": {"isCAIQCompleted": true, "CAIQLiteLink": "https://vendor.example.com/caiq"},
               "isDiskEncryptionSupported": true},
  "properties": {"updatedBy": "alice@vendor.example.com", "updatedAt": 1785283200000, "formStatus": "APPROVED"}
}}"""

QUESTIONNAIRE = """{"commonCloud": {
  "dataAccessAndStorage": {"appStoresEUDOutsideAtlassian": true, "isSameDataProcessedAndStored": false,
                           "typesOfDataStored": ["Diagram titles", "Diagram text"]},
  "thirdPartyInformation": {"isEndUserDataShared": true, "thirdPartyDetails": [
    {"name": "Example Edge, Inc.", "link": "https://edge.example.com", "purpose": "Hosts bundles",
     "thirdPartyCountries": ["United States"], "contractNumber": 17.50},
    {"name": "Example Mail GmbH", "link": "https://mail.example.com", "purpose": "Support e-mail",
     "thirdPartyCountries": ["Germany", "Ireland"]}]},
  "logDetails": {"logEndUserData": true, "logEUDShareWithThirdParty": false},
  "dataRetention": {"isDataRetentionSupported": true, "isRetentionDurationIndefinite": false,
                    "retentionDurationInDays": {"min": 0, "max": 90.0}},
  "privacy": {"gdpr": {"dataController": {"isAppDataController": "FALSE"},
                       "dataProcessor": {"isAppDataProcessor": "TRUE", "endUserDataTypes": ["Diagram text"]}},
              "ccpa": {"business": {"isAppBusiness": "FALSE"}, "serviceProvider": {"isAppServiceProvider": "TRUE"}}},
  "security": {"securityContact": "security@vendor.example.com", "isDiskEncryptionSupported": true,
               "permissionsJustification": {"type": "doc", "version": 1, "content": [
                 {"type": "paragraph", "content": [{"type": "text", "text": "Needed to save diagrams."}]}]}},
  "newQuestion": {"asked": "YES"},
  "hasRestAPIExtension": false
}}"""
