"""Versions of a document: every one that was read or sent is kept once, as text, and never changed."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime

from django.utils import timezone

from portal.access import Actor
from privacy.document.document import Document
from privacy.models import App, Edit, Snapshot


def create_snapshot(*, app: App, source: str, document: Document, actor: Actor, text: str = "") -> Snapshot:
    """Keep one version. `text`: exactly what was read or sent; the document's own text by default."""
    # What was made here still holds what Atlassian said of the version before it.
    properties = {} if source in Snapshot.MADE_HERE else document.properties
    return Snapshot.objects.create(
        owner_id=app.owner_id,
        source=source,
        text=text or document.text,
        content_hash=document.content_hash(),
        remote_changed_by=_name(properties.get("updatedBy")),
        remote_account_id=_account(properties.get("updatedBy")),
        remote_changed_at=moment(properties.get("updatedAt")),
        form_status=_short(properties.get("formStatus"), 40),
        actor=actor.user,
        actor_label=actor.label,
        seen_at=timezone.now(),
    )


def _short(value: object, limit: int) -> str:
    return value.replace("\x00", "")[:limit] if isinstance(value, str) else ""


def _name(value: object) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in ("email", "name", "displayName", "accountId") if value.get(key)), "")
    return _short(value, 254)


def _account(value: object) -> str:
    """The account id in `updatedBy`, which is an object that has one, or a text that is no e-mail address."""
    if isinstance(value, dict):
        value = value.get("accountId")
    return "" if isinstance(value, str) and "@" in value else _short(value, 128).strip()


def moment(value: object) -> datetime | None:
    """A time in epoch milliseconds; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = datetime.fromtimestamp(int(str(value)) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    # At the ends of the calendar a time cannot be shown in every zone.
    return found if MINYEAR < found.year < MAXYEAR else None


Source = Snapshot.Source


#: Versions that went out from here; SENT until reading showed that they arrived.
OURS = (Source.SENT, Source.SAVED)


def mark_published(app: App, *, keep: int | None = None) -> None:
    """Note that what was sent and read so far is published or gone: whoever wrote it is no author of the next draft.

    `keep`: the id of a draft that is still there. Call it while the app is locked.
    """
    Edit.objects.filter(owner=app.owner_id, sent=True, published=False).update(published=True)
    versions = Snapshot.objects.filter(owner=app.owner_id, published=False, source__in=(*OURS, Source.DRAFT))
    versions.exclude(pk=keep or 0).update(published=True)
