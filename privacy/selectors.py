"""The queries of the privacy pages, without calls to Atlassian.

Versions are named by keys: "live", "draft", "working", or the id of a snapshot as digits.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
    prefetch_related_objects,
)
from django.urls import reverse
from django.utils import timezone

from portal.audit.targets import pages_of_rows
from portal.models import AuditEntry, Connection
from portal.registry import TargetPage
from privacy.document.checks import Finding, check
from privacy.document.diff import Diff
from privacy.document.diff import compare as compare_documents
from privacy.document.document import Document
from privacy.drafts import conflicts
from privacy.drafts.finding_counts import working_copy_of
from privacy.drafts.unsaved_changes import UnsavedChanges, unsaved_changes
from privacy.models import App, Edit, PublishAttempt, Review, Snapshot
from privacy.reviews.authors import OURS
from privacy.reviews.requirements import Requirement, requirements
from privacy.reviews.status import SignOff, newest_review, reviews_of, status


@dataclass(frozen=True)
class LastChange:
    """When the document was last changed, by whom ("" when not known), and where: here or at Atlassian."""

    at: datetime
    by: str
    where: str


@dataclass(frozen=True)
class AppRow:
    """One line of the list of apps.

    unsaved    whose changes the working copy holds that are not saved to Marketplace, and since when; None for none
    errors, warnings   open findings of the version that is worked on (working copy, else draft, else live)
    read_at    when it was last read from Atlassian; None for never
    """

    app: App
    signoff: SignOff
    last_change: LastChange | None
    unsaved: UnsavedChanges | None
    errors: int
    warnings: int
    read_at: datetime | None


def apps(*, connection: Connection, query: str = "", only: str = "", sort: str = "name") -> list[AppRow]:
    """The listed apps, in four queries whatever their number, one more where one is being published, and one
    where a working copy has changes that are not saved to Marketplace.

    `query`: in name, key or product id. `only`: draft, waiting, signed_off, unsaved, alert, errors, or "" for all.
    `sort`: name, changed (newest first), errors (most first).
    """
    newest = _newest(Edit.objects.filter(app__connection=connection, dropped=False))
    last_edit = {edit.app_id: edit for edit in newest.defer("patch")}
    newest = _newest(Review.objects.filter(app__connection=connection)).prefetch_related("verdicts")
    review = {item.app_id: item for item in newest}
    prefetch_related_objects([item for item in review.values() if item.state == PUBLISHING], "publish_attempts")
    found = _with_versions(App.objects.filter(connection=connection, listed=True)).defer(
        "live__text", "draft__text", "working_copy__text", "working_copy__base__text"
    )
    words = query.replace("\x00", "").strip()
    if words:
        found = found.filter(Q(name__icontains=words) | Q(app_key__icontains=words) | Q(product_id__icontains=words))
    apps_found = list(found)
    changes = unsaved_changes(apps_found)
    rows = [_row(app, review.get(app.pk), last_edit.get(app.pk), changes.get(app.pk)) for app in apps_found]
    wanted = ONLY.get(only)
    return sorted((row for row in rows if wanted is None or wanted(row)), key=SORTS.get(sort, SORTS["name"]))


def _newest(rows: QuerySet) -> QuerySet:
    """The newest row of each app."""
    model: type[Model] = rows.model
    return model._default_manager.filter(
        pk__in=rows.order_by().values("app").annotate(pk_max=Max("pk")).values("pk_max")
    )


def _with_versions(found: QuerySet[App]) -> QuerySet[App]:
    return found.select_related("connection", "live", "draft", "working_copy", "working_copy__base")


def _row(app: App, review: Review | None, edit: Edit | None, unsaved: UnsavedChanges | None) -> AppRow:
    return AppRow(
        app=app,
        signoff=status(app, review),
        last_change=last_change(app, edit),
        unsaved=unsaved,
        errors=app.errors,
        warnings=app.warnings,
        read_at=app.read_at,
    )


ONLY: dict[str, Callable[[AppRow], bool]] = {
    "draft": lambda row: row.app.draft is not None,
    "waiting": lambda row: row.signoff.state == "waiting",
    "signed_off": lambda row: row.signoff.state == "signed_off",
    "unsaved": lambda row: row.unsaved is not None,
    "alert": lambda row: bool(row.app.alert),
    "errors": lambda row: row.errors > 0,
}
SORTS: dict[str, Callable[[AppRow], tuple]] = {
    "name": lambda row: (row.app.name.casefold(), row.app.pk),
    "changed": lambda row: (-row.last_change.at.timestamp() if row.last_change else 0, row.app.name.casefold()),
    "errors": lambda row: (-row.errors, -row.warnings, row.app.name.casefold()),
}


def last_change(app: App, edit: Edit | None) -> LastChange | None:
    """The newest of: the last answer given here, and what Atlassian says of draft and live."""
    versions_read = [item for item in (app.draft, app.live) if item is not None]
    found = [
        LastChange(item.remote_changed_at, item.remote_changed_by, "at Atlassian")
        for item in versions_read
        if item.remote_changed_at is not None
    ]
    if edit is not None:
        # What was saved from here carries the account of the connection at Atlassian, and here the person's name.
        if edit.saved_hash in {item.content_hash for item in versions_read}:
            found = []
        found.append(LastChange(edit.at, edit.author_label, "here"))
    return max(found, key=lambda change: change.at, default=None)


def find_app(*, connection: Connection, key: str) -> App | None:
    """The app by app key, product id or exact name; listed ones first; with live, draft and working copy loaded."""
    if "\x00" in key:
        return None
    found = _with_versions(App.objects.filter(connection=connection)).filter(
        Q(app_key=key) | Q(product_id=key) | Q(name=key)
    )
    ranked = sorted(found, key=lambda app: (not app.listed, app.app_key != key, app.product_id != key, app.pk))
    return ranked[0] if ranked else None


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


@dataclass(frozen=True)
class AppPage:
    """Everything that the page of one app shows.

    draft_differs    places in which draft and live differ (0 when either is missing)
    unsaved          places in which the working copy differs from what it started from; `unsaved_by`: whose changes
    findings         of the version that is worked on; `unanswered`: how many questions it leaves open
    requirements     what has to hold before it is published
    moved            the remote moved under a working copy with changes: saving will ask for decisions
    """

    app: App
    live: Version
    draft: Version
    working: Version
    signoff: SignOff
    draft_differs: int
    unsaved: int
    unsaved_by: UnsavedChanges | None
    findings: tuple[Finding, ...]
    unanswered: int
    requirements: tuple[Requirement, ...]
    moved: bool

    @property
    def publishable(self) -> bool:
        """Whether the draft can be published now."""
        return all(item.holds for item in self.requirements)


def app_page(*, app: App) -> AppPage:
    """The page of one app, from what was last read."""
    shown = {key: _version(app, key) for key in ("live", "draft", "working")}
    live, draft = shown["live"].document, shown["draft"].document
    document = shown["working"].document or draft or live
    findings, review = tuple(check(document)) if document else (), newest_review(app)
    return AppPage(
        app=app,
        **shown,
        signoff=status(app, review),
        draft_differs=len(compare_documents(draft, live).changes) if draft and live else 0,
        unsaved=unsaved(app=app),
        unsaved_by=unsaved_changes([app]).get(app.pk),
        findings=findings,
        unanswered=_unanswered(document) if document else 0,
        requirements=requirements(app=app, review=review, findings=findings if document is draft else None),
        moved=conflicts.moved(app) is not None,
    )


def _unanswered(document: Document) -> int:
    return sum(section.asked - section.answered for section in document.progress().values())


def unsaved(*, app: App, document: Document | None = None) -> int:
    """In how many places the working copy differs from what it started from. `document`: the working copy, if read."""
    working = working_copy_of(app)
    if working is None or not working.is_changed:
        return 0
    base = Document.from_text(working.base.text) if working.base else None
    return len(compare_documents(document or Document.from_text(working.text), base).changes)


def version(*, app: App, key: str) -> Version | None:
    """The version with this key; `document` is None where there is none. None for a key that names nothing."""
    if key in ("live", "draft", "working"):
        return _version(app, key)
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        return None
    snapshot = Snapshot.objects.filter(app=app, pk=int(key)).first()
    return None if snapshot is None else _of_snapshot(app, str(snapshot.pk), _label(snapshot), snapshot)


PUBLISHING = Review.State.PUBLISHING
LABELS = {"live": "Live", "draft": "Draft", "working": "Working copy"}


def _version(app: App, key: str) -> Version:
    if key == "working":
        working = working_copy_of(app)
        if working is None:
            return Version(key, LABELS[key], None)
        document = Document.from_text(working.text)
        return Version(key, LABELS[key], document, working.content_hash, working.changed_by_label, working.changed_at)
    snapshot = app.live if key == "live" else app.draft
    return Version(key, LABELS[key], None) if snapshot is None else _of_snapshot(app, key, LABELS[key], snapshot)


def _of_snapshot(app: App, key: str, label: str, snapshot: Snapshot) -> Version:
    read = snapshot.source in (Snapshot.Source.LIVE, Snapshot.Source.DRAFT)
    return Version(
        key=key,
        label=label,
        document=Document.from_text(snapshot.text),
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
    same = {"app__product_id": OuterRef("app__product_id"), "content_hash": OuterRef("content_hash")}
    saved = Snapshot.objects.filter(source__in=OURS, pk__lt=OuterRef("pk"), **same)
    published = PublishAttempt.objects.filter(outcome=PublishAttempt.Outcome.LIVE, **same)
    return found.annotate(
        person_here=Case(
            When(source=Snapshot.Source.DRAFT, then=Subquery(saved.order_by("-pk").values("actor_label")[:1])),
            When(source=Snapshot.Source.LIVE, then=Subquery(published.order_by("-pk").values("actor_label")[:1])),
        )
    )


def _label(snapshot: Snapshot) -> str:
    return f"{snapshot.get_source_display()}, {timezone.localtime(snapshot.taken_at):%-d %B %Y, %H:%M}"


def versions(*, app: App) -> QuerySet[Snapshot]:
    """The versions that were ever read or written, newest first, without their text (paginate this).

    What was sent and what of it was read back are one, with `read_back`.
    """
    sent = Snapshot.objects.filter(app=app, read_back=OuterRef("pk"))
    found = Snapshot.objects.filter(~Exists(sent), app=app).select_related("read_back")
    return _people_here(found).annotate(account=F("app__connection__email")).defer("text", "read_back__text")


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side. `diff` goes from right (older, usually live) to left (usually the draft)."""

    left: Version
    right: Version
    diff: Diff


def compare(*, app: App, left: str = "draft", right: str = "live") -> Comparison | None:
    """Any two versions; None when a key names nothing. A version that does not exist compares as an empty document."""
    sides = version(app=app, key=left), version(app=app, key=right)
    if sides[0] is None or sides[1] is None:
        return None
    return Comparison(sides[0], sides[1], compare_documents(sides[0].document, sides[1].document))


def approved_version(*, app: App, review: Review | None) -> int | None:
    """The id of the version that live should be, for comparing it with live while an alert is open."""
    if app.alert_kind != App.AlertKind.LIVE:
        return review.snapshot_id if review else None
    same = Snapshot.objects.filter(app=app, content_hash=app.expected_live)
    return same.values_list("pk", flat=True).first()


def review_thread(*, app: App) -> list[Review]:
    """All reviews of an app, newest first, each with its verdicts (two queries)."""
    return list(reviews_of(app).defer("snapshot__text"))


def ledger(*, app: App) -> QuerySet[Edit]:
    """Who gave which answer when, newest first."""
    return Edit.objects.filter(app=app).select_related("author")


def holds(connection: Connection) -> bool:
    """Whether any app was read through this connection. Registered in registry.HOLDINGS."""
    return App.objects.filter(connection=connection).exists()


def summary(connections: Sequence[Connection]) -> dict[int, list[tuple[str, str, str]]]:
    """Lines for the cards of the home page, see registry.SUMMARIES; two queries."""
    spaces = {each.pk: each for each in connections if each.kind == Connection.Kind.MARKETPLACE}
    listed = App.objects.filter(connection__in=spaces, listed=True)
    counts = (
        listed.order_by()
        .values("connection")
        .annotate(
            apps=Count("pk"),
            drafts=Count("pk", filter=Q(draft_state=App.Presence.PRESENT)),
            alerts=Count("pk", filter=~Q(alert="")),
        )
    )
    waiting = Counter(
        Review.objects.filter(app__in=listed, state=Review.State.OPEN)
        .order_by()
        .values_list("app__connection", flat=True)
    )
    counted: dict[int, Any] = {row["connection"]: row for row in counts}
    return {pk: _lines(space, counted.get(pk), waiting[pk]) for pk, space in spaces.items()}


def _lines(space: Connection, counted: dict | None, waiting: int) -> list[tuple[str, str, str]]:
    url = reverse("apps", args=[space.slug])
    if counted is None:
        return [("Apps", "Not read yet", url)]
    lines = [
        ("Apps", str(counted["apps"]), url),
        ("With a draft", str(counted["drafts"]), f"{url}?only=draft"),
        ("Waiting for approval", str(waiting), f"{url}?only=waiting"),
    ]
    return lines + ([("Open alerts", str(counted["alerts"]), f"{url}?only=alert")] if counted["alerts"] else [])


def audit_target_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    """The pages of the apps that entries of the audit trail are about."""
    return pages_of_rows(entries, App.objects.all(), id_field="product_id", address=App.get_absolute_url)
