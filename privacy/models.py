"""An app, every version of its Privacy & Security document that was ever read or written, the copy being worked on,
and the sign-off that is bound to exact content."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from portal.jobs.leases import Leased
from portal.models import Connection, User
from privacy.document import canonical_json

#: The content of a document that nobody has answered anything in yet.
EMPTY_TEXT = '{"commonCloud":{}}'
EMPTY_HASH = canonical_json.digest({"commonCloud": {}})


class DocumentOwner(models.Model):
    """What has a Privacy & Security document: versions, a working copy, edits and reviews belong to it.

    It is an `App` today; whatever else gets a document refers to one of its own.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"Owner {self.pk}"


class App(Leased):
    """A Marketplace app of a developer space, and what was last read of its document.

    The lease: one remote write to a product at a time, held on the rows of all connections that know it.
    """

    class Presence(models.TextChoices):
        """Whether a version of the document exists at Atlassian, as last read."""

        UNREAD = "unread", "Not read yet"
        PRESENT = "present", "Present"
        ABSENT = "absent", "None"
        HIDDEN = "hidden", "No access"

    class AlertKind(models.TextChoices):
        """What an alert is about."""

        PUBLISH = "publish", "Publishing"
        LIVE = "live", "Live changed at Atlassian"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="apps")
    owner = models.OneToOneField(DocumentOwner, on_delete=models.CASCADE, related_name="app")
    product_id = models.CharField(max_length=80)
    app_key = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    state = models.CharField(max_length=40, blank=True)
    approval_status = models.CharField(max_length=40, blank=True)
    slug = models.CharField(max_length=200, blank=True)
    live_state = models.CharField(max_length=10, choices=Presence, default=Presence.UNREAD)
    draft_state = models.CharField(max_length=10, choices=Presence, default=Presence.UNREAD)
    live = models.ForeignKey("Snapshot", null=True, on_delete=models.SET_NULL, related_name="+")
    draft = models.ForeignKey("Snapshot", null=True, on_delete=models.SET_NULL, related_name="+")
    #: Findings of the checks over the version that is worked on, kept for the list of apps.
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    listed = models.BooleanField(default=True)
    #: By the database's clock, when the reading that is kept began.
    read_at = models.DateTimeField(null=True)
    #: Readings are numbered as they begin, so that no clock decides which is the newer one: the last number given out,
    #: and that of the reading which is kept.
    last_reading = models.PositiveBigIntegerField(default=0)
    kept_reading = models.PositiveBigIntegerField(default=0)
    read_error = models.TextField(blank=True)
    #: What is wrong with live, until a person resolves it or live is what it should be: the result of publishing is not
    #: what was approved or could not be read, or live was changed at Atlassian since.
    alert = models.TextField(blank=True)
    alert_kind = models.CharField(max_length=10, blank=True, choices=AlertKind)
    #: The content that live should have: what was last published from here, or what a person accepted since.
    expected_live = models.CharField(max_length=64, blank=True)
    expected_since = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "product_id"], name="app_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs) -> None:
        if self.owner_id is None:
            self.owner = DocumentOwner.objects.create(connection=self.connection)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("app", args=[self.connection.slug, self.app_key])

    @property
    def live_hash(self) -> str:
        """The content hash of live as last read; "" when there is none."""
        return self.live.content_hash if self.live else ""

    @property
    def draft_hash(self) -> str:
        """The same of the draft."""
        return self.draft.content_hash if self.draft else ""

    @classmethod
    def locked(cls, pk: int) -> "App":
        """The app with its connection, live and draft, locked until the transaction ends.

        A transaction locks the app before anything that belongs to it, and adds to the audit trail last.
        """
        # Without the key: rows that refer to the app can still be added by others.
        rows = cls.objects.select_for_update(of=("self",), no_key=True)
        return rows.select_related("connection", "owner", "live", "draft").get(pk=pk)


class Snapshot(models.Model):
    """One version of a document, exactly as it was read or sent: text, never changed.

    What is sent is kept before it goes out, as SENT; it becomes SAVED once it was read back equal.

    `content_hash` leaves `properties` and the order of keys aside, so equal hashes mean equal answers, written in the
    same way except for numbers that Atlassian's server spelled anew (`privacy.drafts.snapshots`).
    """

    class Source(models.TextChoices):
        LIVE = "live", "Live"
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent to Marketplace"
        SAVED = "saved", "Saved to Marketplace"
        WORKING = "working", "Working copy"
        DISCARDED = "discarded", "Discarded draft"
        PUBLISHED = "published", "Sent to be published"

    MADE_HERE = (Source.SENT, Source.SAVED, Source.WORKING)

    owner = models.ForeignKey(DocumentOwner, on_delete=models.CASCADE, related_name="snapshots")
    source = models.CharField(max_length=10, choices=Source)
    text = models.TextField()
    content_hash = models.CharField(max_length=64, db_index=True)
    #: From `properties` of a document that was read: who changed it at Atlassian and when. Empty when made here.
    remote_changed_by = models.CharField(max_length=254, blank=True)
    remote_changed_at = models.DateTimeField(null=True)
    #: Where Atlassian names an account id, be it beside a name or alone.
    remote_account_id = models.CharField(max_length=128, blank=True)
    form_status = models.CharField(max_length=40, blank=True)
    #: A save of this version went out and got no answer: until then it may still arrive and replace the draft.
    may_arrive_until = models.DateTimeField(null=True)
    #: Of what was sent: the draft that was read afterwards, when that was what had been sent.
    read_back = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    #: A draft that is live by now, or was replaced before what is live was published.
    published = models.BooleanField(default=False)
    #: Who read or sent it.
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=254, blank=True)
    taken_at = models.DateTimeField(auto_now_add=True)
    #: When the same text was last read again; a version that did not change is kept once.
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["owner", "-id"], name="snapshot_by_owner")]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.pk}"

    @property
    def made_here(self) -> bool:
        """Whether its answers were written here: its `properties` are those of the version before it."""
        return self.source in self.MADE_HERE


class WorkingCopy(models.Model):
    """The document as the team edits it here, before it goes to Marketplace. One per owner.

    `base`: the version that the work started from, for the three-way comparison. `version` counts the changes and
    guards against two people at once.
    """

    owner = models.OneToOneField(DocumentOwner, on_delete=models.CASCADE, related_name="working_copy")
    base = models.ForeignKey(Snapshot, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField()
    content_hash = models.CharField(max_length=64)
    #: Which vocabulary is asked beside those that the document has; empty when nobody chose one.
    vocabulary = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_by_label = models.CharField(max_length=254, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Working copy of {self.owner}"

    @property
    def is_changed(self) -> bool:
        """Whether it holds anything that the version which the work started from does not."""
        return self.content_hash != (self.base.content_hash if self.base else EMPTY_HASH)


class Edit(models.Model):
    """One answer that somebody gave in the working copy: the undo history, and who wrote what.

    It keeps what changed (`privacy.document.patches`), not the values: those are in the working copy and the versions.
    """

    owner = models.ForeignKey(DocumentOwner, on_delete=models.CASCADE, related_name="edits")
    pointer = models.TextField()
    label = models.CharField(max_length=500, blank=True)
    #: JSON text of what changed, from the value before to the one after.
    patch = models.TextField()
    #: `wire.value_digest` of the value after; empty when the key is absent then.
    after_hash = models.CharField(max_length=64, blank=True)
    #: Records were added to a list, or removed from it.
    adds_or_removes = models.BooleanField(default=False)
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_label = models.CharField(max_length=254)
    at = models.DateTimeField(auto_now_add=True)
    #: The answer that this one undid; an answer that undid such a one did it again.
    undoes = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    #: The content that the draft at Marketplace had once this edit was saved there; empty until then.
    saved_hash = models.CharField(max_length=64, blank=True)
    #: The working copy that it was given in was dropped or replaced before it was saved.
    dropped = models.BooleanField(default=False)
    #: It went out with a save, whatever came of that: it may stand at Marketplace even where it was dropped here.
    sent = models.BooleanField(default=False)
    #: What it went out with is live by now, or was replaced before what is live was published.
    published = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["owner", "-id"], name="edit_by_owner")]

    def __str__(self) -> str:
        return f"{self.label}, by {self.author_label}"


class Review(models.Model):
    """A request to approve one exact content of the draft. It lapses as soon as the draft is anything else."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting for approval"
        APPROVED = "approved", "Approved"
        CHANGES = "changes", "Changes requested"
        PUBLISHING = "publishing", "Being published"
        LAPSED = "lapsed", "Approval dismissed"
        WITHDRAWN = "withdrawn", "Withdrawn"
        PUBLISHED = "published", "Published"

    owner = models.ForeignKey(DocumentOwner, on_delete=models.CASCADE, related_name="reviews")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.RESTRICT, related_name="+")
    content_hash = models.CharField(max_length=64)
    #: The live content that the reviewers compared with; empty when nothing was live.
    live_hash = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_by_label = models.CharField(max_length=254)
    #: Ids and labels of the people who wrote this content: they may not approve it.
    authors = models.JSONField(default=list)
    requested_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    #: Why it closed, or why a publish call of it came to nothing, in one sentence.
    closed_because = models.TextField(blank=True)

    #: The states in which a review is in force; a document has at most one such review.
    STANDING = (State.OPEN, State.APPROVED, State.CHANGES, State.PUBLISHING)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(state__in=["open", "approved", "changes", "publishing"]),
                name="one_standing_review",
            )
        ]

    def __str__(self) -> str:
        return f"Sign-off of {self.owner}: {self.get_state_display()}"

    @property
    def app(self) -> App:
        """The app whose draft it is about."""
        return self.owner.app


class PublishAttempt(models.Model):
    """One call to publish: by whom, what, when it went out, until when it may still arrive, and how it ended.

    `live_before` is the content hash of live when it started, "" for none. Times are of the database's clock.
    """

    class Answer(models.TextChoices):
        NONE = "", "None"
        TAKEN = "taken", "Accepted"
        REFUSED = "refused", "Refused"

    class Outcome(models.TextChoices):
        OPEN = "open", "Unknown yet"
        LIVE = "live", "Published"
        NOT_PUBLISHED = "not_published", "Not published"
        DIFFERENT = "different", "Live is something else"

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="publish_attempts")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="publish_attempts")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=254)
    content_hash = models.CharField(max_length=64)
    live_before = models.CharField(max_length=64, blank=True)
    #: The lease that it works under: while that is held, the process which publishes is alive.
    lease = models.CharField(max_length=32, blank=True)
    started_at = models.DateTimeField()
    #: Written just before the call goes out.
    sent_at = models.DateTimeField(null=True)
    #: Until then the call may be carried out; empty before it was sent, and once it is known that it ended.
    may_arrive_until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=10, blank=True, choices=Answer, default=Answer.NONE)
    answer_text = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.OPEN)
    settled_at = models.DateTimeField(null=True)
    #: Whose reading or decision settled it.
    settled_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["app"], condition=Q(outcome="open"), name="one_open_publish_attempt")
        ]

    def __str__(self) -> str:
        return f"{self.app}, published by {self.actor_label}: {self.get_outcome_display()}"


class Verdict(models.Model):
    """What one reviewer said of one review."""

    class Kind(models.TextChoices):
        APPROVE = "approve", "Approved"
        COMMENT = "comment", "Approved with a comment"
        CHANGES = "changes", "Requested changes"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="verdicts")
    kind = models.CharField(max_length=10, choices=Kind)
    comment = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64)
    #: The live content that the reviewer compared with, "" for none; null where that was not recorded.
    live_hash = models.CharField(max_length=64, null=True)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    reviewer_label = models.CharField(max_length=254)
    role = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.reviewer_label}"
