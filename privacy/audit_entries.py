"""Audit entries about apps, and JSON values in the form that they take in an entry."""

from decimal import Decimal

from portal.access import Actor
from portal.audit.record import record_action
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
