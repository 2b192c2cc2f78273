"""Counts of errors and warnings, stored with the app for the list of apps."""

from privacy.document.checks import Finding, check
from privacy.document.document import Document
from privacy.models import EMPTY_TEXT, App, Snapshot, WorkingCopy


def working_copy_of(app: App) -> WorkingCopy | None:
    """The working copy, without a query when it was loaded with the app."""
    return getattr(app.owner, "working_copy", None)


def worked_on(app: App, working: WorkingCopy | None) -> WorkingCopy | Snapshot | None:
    """The version that people work on: the working copy, else the draft, else live."""
    return working or app.draft or app.live


def text_worked_on(app: App, working: WorkingCopy | None) -> str:
    """The text of that version; an empty document where there is none."""
    version = worked_on(app, working)
    return version.text if version else EMPTY_TEXT


def recount(app: App, working: WorkingCopy | None, document: Document | None = None) -> list[Finding]:
    """Count the findings again and keep the numbers. `document`: the version worked on, when it is read already."""
    if document is None:
        document = Document.from_text(text_worked_on(app, working))
    # Nobody has answered anything yet: that is not something to complain about.
    findings = list(check(document)) if worked_on(app, working) else []
    app.errors = sum(finding.level == "error" for finding in findings)
    app.warnings = len(findings) - app.errors
    App.objects.filter(pk=app.pk).update(errors=app.errors, warnings=app.warnings)
    return findings
