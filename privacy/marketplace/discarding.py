"""Discarding the draft at Marketplace, which is kept as a version first."""

from portal import access
from portal.access import Actor
from portal.atlassian.errors import ApiError, NotFound
from portal.connections import clients
from privacy import audit_entries
from privacy.document.document import Document
from privacy.drafts.snapshots import create_snapshot
from privacy.marketplace import refresh, write_lease
from privacy.models import App, Snapshot
from privacy.refusals import DRAFT_HIDDEN, NotAsSent, NotEditable, NotKnown


def discard_draft(*, actor: Actor, app: App) -> Snapshot:
    """Discard the draft at Atlassian; it is read and kept as a version first, which is returned and can be restored.

    A standing sign-off lapses. The working copy stays. Needs privacy.edit. Raises NotEditable (there is no draft),
    NotKnown, Busy, ApiError, PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.edit")
    with write_lease.writing(actor, app, "discarding the draft") as lease:
        app = refresh.refresh_app(actor=actor, app=app)
        if app.draft_state == App.Presence.HIDDEN:
            raise NotEditable(f"{DRAFT_HIDDEN} Nothing was discarded. Refresh the app, then discard it.")
        if app.draft is None:
            raise NotEditable(f"There is no draft of “{app.name}” at Marketplace, so there is nothing to discard.")
        draft = app.draft
        kept = create_snapshot(
            app=app,
            source=Snapshot.Source.DISCARDED,
            document=Document.from_text(draft.text),
            text=draft.text,
            actor=actor,
        )
        facts = {"before": {"content": kept.content_hash, "version": kept.pk}}
        audit_entries.record(actor, app, "draft.discard", **facts, outcome="started")
        lease.extend()
        return _discard(actor, app, kept, facts)


def _discard(actor: Actor, app: App, kept: Snapshot, facts: dict) -> Snapshot:
    client = clients.marketplace(app.connection)
    lost: ApiError | None = None
    try:
        client.discard_draft(app.product_id)
    except NotFound as error:
        lost = error  # somebody else was quicker; reading tells
    except ApiError as error:
        if write_lease.is_definite(error):
            audit_entries.record(
                actor, app, "draft.discard", outcome="refused", detail=error.message, trace_id=error.trace_id
            )
            raise
        lost = error
    try:
        app = refresh.read_back(actor=actor, app=app)
    except ApiError as error:
        what = (
            f"It is unknown whether the draft of “{app.name}” is gone: it could not be read. A version of it is kept."
        )
        audit_entries.record(actor, app, "draft.discard", outcome="unknown", detail=what, trace_id=error.trace_id)
        raise NotKnown(f"{what} {error.message} Refresh the app.") from error
    app = refresh.after_reading(actor=actor, app=app)
    if app.draft is None:
        audit_entries.record(actor, app, "draft.discard", **facts)
        return kept
    detail = lost.message if lost else "A draft is there all the same."
    audit_entries.record(
        actor, app, "draft.discard", outcome="failed", detail=detail, trace_id=lost.trace_id if lost else ""
    )
    if lost is not None and app.draft.content_hash == kept.content_hash:
        raise lost
    raise NotAsSent(
        f"The draft of “{app.name}” was discarded, but there is a draft again: somebody saved one in the same moment. "
        "The version that was discarded is kept.",
        sent=kept,
        read=app.draft,
    )
