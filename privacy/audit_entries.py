"""Audit entries about apps, and JSON values in the form that they take in an entry."""

from collections.abc import Sequence
from decimal import Decimal

from portal.access import Actor
from portal.audit.record import record_action
from portal.audit.targets import pages_of_rows
from portal.models import AuditEntry
from portal.registry import TargetPage
from privacy.document.canonical_json import MISSING, Json
from privacy.models import App


def readable(value: Json) -> Json:
    """A value that a JSON column takes: numbers with a fraction as text, absent as None, no NUL characters.

    The versions keep the exact documents; the audit trail says in a readable way what was changed.
    """
    if value is MISSING:
        return None
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, str):
        return value.replace("\x00", "\\u0000")
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > 2**53):
        return str(value)
    return value


def record(actor: Actor, app: App, action: str, **values) -> None:
    """An audit entry about one app."""
    record_action(
        actor=actor,
        action=action,
        connection=app.connection,
        target_type="app",
        target_id=app.product_id,
        target_label=app.name,
        **values,
    )


def audit_target_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    """The pages of the apps that entries of the audit trail are about."""
    return pages_of_rows(entries, App.objects.all(), id_field="product_id", address=App.get_absolute_url)
