"""Entries of the audit trail about a space or a whole connection that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.access import Actor
from portal.audit.record import record_action
from portal.models import Connection

if TYPE_CHECKING:
    from classification.models import Space


def record_about(
    actor: Actor,
    action: str,
    connection: Connection,
    space: Space | None = None,
    *,
    outcome: str = "done",
    detail: str = "",
) -> None:
    record_action(
        actor=actor,
        action=action,
        connection=connection,
        target_type="space" if space else "connection",
        target_id=space.remote_id if space else connection.slug,
        target_label=f"{space.name} ({space.key})" if space else connection.name,
        outcome=outcome,
        detail=detail,
    )
