"""Live and draft of one app as Atlassian answers them: read, and kept as versions."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.atlassian.marketplace import MarketplaceClient
from portal.atlassian.types import TrustInfo
from privacy.document.document import Document, same_values
from privacy.drafts import finding_counts
from privacy.drafts.snapshots import create_snapshot, mark_published
from privacy.drafts.working_copy import fast_forward
from privacy.models import App, Review, Snapshot

Source = Snapshot.Source


Presence = App.Presence


@dataclass(frozen=True)
class Start:
    """The beginning of a reading: its number among those of the app, and the time by the database's clock."""

    number: int
    at: datetime


def start_reading(app: App) -> Start:
    """Take the next number, before the first call goes out."""
    return start_readings(App.objects.filter(pk=app.pk))[app.pk]


def start_readings(apps: QuerySet[App]) -> dict[int, Start]:
    """The same for several apps, by their ids."""
    with transaction.atomic():
        ids = list(apps.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        same = App.objects.filter(pk__in=ids).order_by()
        same.update(last_reading=F("last_reading") + 1)
        return {pk: Start(number, at) for pk, number, at in same.values_list("pk", "last_reading", Now())}


@dataclass(frozen=True)
class Remote:
    """Live and draft of one app at Atlassian, as a reading that began at `start` found them."""

    start: Start
    live: TrustInfo | None
    draft: TrustInfo | None
    draft_hidden: bool = False


def fetch(*, client: MarketplaceClient, app: App, start: Start | None = None) -> Remote:
    """Read live and draft; `start`: where the reading has its number already.

    A draft that the account may not see (401, 403) is hidden, no error. Raises ApiError.
    """
    start = start or start_reading(app)
    live = client.trust_info(app.product_id, "live")
    try:
        return Remote(start, live, client.trust_info(app.product_id, "draft"))
    except ApiError as error:
        # The same token has just read live, so this is about drafts and not about the token.
        if error.status in (401, 403):
            return Remote(start, live, None, draft_hidden=True)
        raise


def store(*, app: App, remote: Remote, actor: Actor) -> App:
    """Keep what was read, unless a reading that began later is kept already; the app as it is stored afterwards."""
    with transaction.atomic():
        app = App.locked(app.pk)
        if remote.start.number < app.kept_reading:
            return app
        live_before, draft_before = app.live, app.draft
        app.live = _kept(app, Source.LIVE, remote.live, app.live, actor)
        app.draft = _kept(app, Source.DRAFT, remote.draft, app.draft or _before_it_was_hidden(app), actor)
        app.live_state = Presence.PRESENT if remote.live else Presence.ABSENT
        app.draft_state = Presence.PRESENT if remote.draft else Presence.ABSENT
        if remote.draft_hidden:
            app.draft_state = Presence.HIDDEN
        if _was_published(app, live_before, draft_before):
            mark_published(app, keep=app.draft_id)
        app.kept_reading, app.read_at, app.read_error = remote.start.number, remote.start.at, ""
        app.save(update_fields=["live", "draft", "live_state", "draft_state", "kept_reading", "read_at", "read_error"])
        working = fast_forward(app)
        finding_counts.recount(app, working)
    return app


def _was_published(app: App, live_before: Snapshot | None, draft_before: Snapshot | None) -> bool:
    """Whether the draft became live since the last reading, or gave way to something else that did."""
    if app.live is None or (live_before is not None and live_before.content_hash == app.live.content_hash):
        return False
    if draft_before is not None and draft_before.content_hash == app.live.content_hash:
        return True
    return app.draft is None and app.draft_state == Presence.ABSENT


def _before_it_was_hidden(app: App) -> Snapshot | None:
    if app.draft_state != Presence.HIDDEN:
        return None
    return Snapshot.objects.filter(owner=app.owner_id, source=Source.DRAFT).first()


def _kept(app: App, source: str, info: TrustInfo | None, last: Snapshot | None, actor: Actor) -> Snapshot | None:
    if info is None:
        return None
    if last is not None and last.text == info.text:
        last.seen_at = timezone.now()
        last.save(update_fields=["seen_at"])
        return last
    read = create_snapshot(app=app, source=source, document=Document(info.document), text=info.text, actor=actor)
    read = _as_known(read, last)
    sent = _sent_since(read, last)
    if sent is not None and sent.content_hash == read.content_hash:
        Snapshot.objects.filter(pk=sent.pk).update(read_back=read)
    return read


def _as_known(read: Snapshot, last: Snapshot | None) -> Snapshot:
    """Give a reading the hash of the version that it is, where only Atlassian's server wrote numbers in another way.

    That is so when nobody is said to have changed it since the last reading, and for what was just sent or published
    from here. Else somebody wrote 90 for 90.0: a new version, which an approval of the old one does not cover.
    """
    for known in filter(None, (_unchanged(read, last), _sent_since(read, last), _published(read))):
        if known.content_hash == read.content_hash:
            return read
        if same_values(Document.from_text(known.text), Document.from_text(read.text)):
            read.content_hash = known.content_hash
            read.save(update_fields=["content_hash"])
            return read
    return read


def _unchanged(read: Snapshot, last: Snapshot | None) -> Snapshot | None:
    """The last reading, when `properties` name the same change."""
    if last is None or read.remote_changed_at is None or read.remote_changed_at != last.remote_changed_at:
        return None
    return last if read.remote_changed_by == last.remote_changed_by else None


def _sent_since(read: Snapshot, last: Snapshot | None) -> Snapshot | None:
    """The draft that was sent from here after the last reading."""
    if read.source != Source.DRAFT:
        return None
    after = last.pk if last else 0
    return Snapshot.objects.filter(owner=read.owner_id, source=Source.SENT, pk__gt=after, pk__lt=read.pk).first()


def _published(read: Snapshot) -> Snapshot | None:
    """The draft that is being published from here."""
    if read.source != Source.LIVE:
        return None
    review = (
        Review.objects.filter(owner=read.owner_id, state=Review.State.PUBLISHING).select_related("snapshot").first()
    )
    return review.snapshot if review else None
