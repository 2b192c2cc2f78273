"""Versions of a document as pages show them.

They are named by keys: "live", "draft", "working", or the id of a snapshot as digits.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, When
from django.utils import timezone

from privacy.document.document import Document
from privacy.document.document_cache import DocumentCache
from privacy.drafts.finding_counts import working_copy_of
from privacy.models import App, PublishAttempt, Review, Snapshot
from privacy.reviews.authors import OURS


@dataclass(frozen=True)
class Version:
    """One version of the document, ready to be shown.

    key       "live", "draft", "working" or a snapshot's id
    label     in words, with the time for snapshots
    document  None when that version does not exist
    by, at    who changed it last and when, as far as known
    form_status  SUBMITTED, APPROVED, … for versions read from Atlassian
    """

    key: str
    label: str
    document: Document | None
    content_hash: str = ""
    by: str = ""
    at: datetime | None = None
    form_status: str = ""
    snapshot: Snapshot | None = None


LABELS = {"live": "Live", "draft": "Draft", "working": "Working copy"}


def find_version(*, app: App, key: str, documents: DocumentCache | None = None) -> Version | None:
    """The version with this key; `document` is None where there is none. None for a key that names nothing."""
    documents = documents or DocumentCache()
    if key == "working":
        return _working(app, documents)
    if key in ("live", "draft"):
        snapshot = app.live if key == "live" else app.draft
        none = Version(key, LABELS[key], None)
        return none if snapshot is None else _of_snapshot(app, key, LABELS[key], snapshot, documents)
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        return None
    snapshot = Snapshot.objects.filter(owner=app.owner_id, pk=int(key)).first()
    return None if snapshot is None else _of_snapshot(app, str(snapshot.pk), _label(snapshot), snapshot, documents)


def _working(app: App, documents: DocumentCache) -> Version:
    working, label = working_copy_of(app), LABELS["working"]
    if working is None:
        return Version("working", label, None)
    document = documents.parse(working.text)
    return Version("working", label, document, working.content_hash, working.changed_by_label, working.changed_at)


def _of_snapshot(app: App, key: str, label: str, snapshot: Snapshot, documents: DocumentCache) -> Version:
    read = snapshot.source in (Snapshot.Source.LIVE, Snapshot.Source.DRAFT)
    return Version(
        key=key,
        label=label,
        document=documents.parse(snapshot.text),
        content_hash=snapshot.content_hash,
        by=changed_by_whom(app, snapshot) if read else snapshot.actor_label,
        at=(snapshot.remote_changed_at if read else None) or snapshot.taken_at,
        form_status="" if snapshot.made_here else snapshot.form_status,
        snapshot=snapshot,
    )


def changed_by_whom(app: App, snapshot: Snapshot) -> str:
    """Who changed a version that was read: what went out from here carries the account of the connection there."""
    name = snapshot.remote_changed_by
    if not name or name.casefold() != app.connection.email.casefold():
        return name
    found = _people_here(Snapshot.objects.filter(pk=snapshot.pk)).get()
    return found.person_here or name


def _people_here(found: QuerySet[Snapshot]) -> QuerySet[Any]:
    """Versions with `person_here`: who saved or published that content from here, None for nobody."""
    product, content = OuterRef("owner__app__product_id"), OuterRef("content_hash")
    sent = Snapshot.objects.filter(owner__app__product_id=product, content_hash=content, source__in=OURS)
    saved = sent.filter(pk__lt=OuterRef("pk"))
    live = PublishAttempt.Outcome.LIVE
    published = PublishAttempt.objects.filter(app__product_id=product, content_hash=content, outcome=live)
    return found.annotate(
        person_here=Case(
            When(source=Snapshot.Source.DRAFT, then=Subquery(saved.order_by("-pk").values("actor_label")[:1])),
            When(source=Snapshot.Source.LIVE, then=Subquery(published.order_by("-pk").values("actor_label")[:1])),
        )
    )


def _label(snapshot: Snapshot) -> str:
    return f"{snapshot.get_source_display()}, {timezone.localtime(snapshot.taken_at):%-d %B %Y, %H:%M}"


def all_versions(*, app: App) -> QuerySet[Snapshot]:
    """The versions that were ever read or written, newest first, without their text (paginate this).

    What was sent and what of it was read back are one, with `read_back`.
    """
    sent = Snapshot.objects.filter(owner=app.owner_id, read_back=OuterRef("pk"))
    found = Snapshot.objects.filter(~Exists(sent), owner=app.owner_id).select_related("read_back")
    return _people_here(found).annotate(account=F("owner__connection__email")).defer("text", "read_back__text")


def approved_version(*, app: App, review: Review | None) -> int | None:
    """The id of the version that live should be, for comparing it with live while an alert is open."""
    if app.alert_kind != App.AlertKind.LIVE:
        return review.snapshot_id if review else None
    same = Snapshot.objects.filter(owner=app.owner_id, content_hash=app.expected_live)
    return same.values_list("pk", flat=True).first()
