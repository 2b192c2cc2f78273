"""The rows of the list of apps: filters, order, and when each app was last changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Model, Q, QuerySet, prefetch_related_objects

from portal.models import Connection
from privacy.app_lookup import with_versions
from privacy.drafts.unsaved_changes import UnsavedChanges, unsaved_changes
from privacy.models import App, Edit, Review
from privacy.reviews.status import SignOff, status


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


def app_rows(*, connection: Connection, query: str = "", only: str = "", sort: str = "name") -> list[AppRow]:
    """The listed apps, in four queries whatever their number, one more where one is being published, and one
    where a working copy has changes that are not saved to Marketplace.

    `query`: in name, key or product id. `only`: draft, waiting, signed_off, unsaved, alert, errors, or "" for all.
    `sort`: name, changed (newest first), errors (most first).
    """
    newest = _newest(Edit.objects.filter(owner__connection=connection, dropped=False))
    last_edit = {edit.owner_id: edit for edit in newest.defer("patch")}
    newest = _newest(Review.objects.filter(owner__connection=connection)).prefetch_related("verdicts")
    review = {item.owner_id: item for item in newest}
    prefetch_related_objects(
        [item for item in review.values() if item.state == Review.State.PUBLISHING], "publish_attempts"
    )
    found = with_versions(App.objects.filter(connection=connection, listed=True).order_by()).defer(
        "live__text", "draft__text", "owner__working_copy__text", "owner__working_copy__base__text"
    )
    words = query.replace("\x00", "").strip()
    if words:
        found = found.filter(Q(name__icontains=words) | Q(app_key__icontains=words) | Q(product_id__icontains=words))
    apps_found = list(found)
    changes = unsaved_changes(apps_found)
    rows = [
        _row(app, review.get(app.owner_id), last_edit.get(app.owner_id), changes.get(app.owner_id))
        for app in apps_found
    ]
    wanted = ONLY.get(only)
    return sorted((row for row in rows if wanted is None or wanted(row)), key=SORTS.get(sort, SORTS["name"]))


def _newest(rows: QuerySet) -> QuerySet:
    """The newest row of each document."""
    model: type[Model] = rows.model
    return model._default_manager.filter(
        pk__in=rows.order_by().values("owner").annotate(pk_max=Max("pk")).values("pk_max")
    )


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
