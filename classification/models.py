"""The inventory: what is known here of a site's levels, spaces, content and projects, and the scans that fill it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction
from django.db.models import Case, ExpressionWrapper, F, OuterRef, Q, Subquery, Value, When
from django.urls import reverse

from classification.inventory.scan_entries import record_about
from portal.access import Actor
from portal.jobs.job_queue import Job
from portal.jobs.leases import Leased
from portal.models import Connection


class Site(models.Model):
    """What was learnt of the API of a site. removal_refused_at: when it answered that it does not remove levels."""

    connection = models.OneToOneField(Connection, primary_key=True, on_delete=models.CASCADE, related_name="+")
    removal_refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.connection)

    @classmethod
    def offers_removal(cls, connection: Connection) -> bool:
        """Until the site refused it. A connection that was changed since may speak for another account or dialect."""
        refused = cls.objects.filter(connection=connection, removal_refused_at__gte=connection.changed_at)
        return not refused.exists()

    @classmethod
    def note_removal(cls, connection: Connection, *, refused_at: datetime | None) -> None:
        cls.objects.update_or_create(connection=connection, defaults={"removal_refused_at": refused_at})


class Level(models.Model):
    """A classification level as the connection's API told it. `order` 1 is the most sensitive; null when untold."""

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        PUBLISHED = "PUBLISHED", "Published"
        ARCHIVED = "ARCHIVED", "Archived"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="levels")
    remote_id = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    guideline = models.TextField(blank=True)
    order = models.IntegerField(null=True)
    color = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=40)
    #: False when the API no longer lists it; kept because items and history may still name it.
    listed = models.BooleanField(default=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["order", "name"]
        constraints = [models.UniqueConstraint(fields=["connection", "remote_id"], name="level_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_applicable(self) -> bool:
        """Only a published level may be applied."""
        return self.listed and self.status == self.Status.PUBLISHED

    def is_less_sensitive_than(self, other: "Level | None") -> bool:
        """Whether going from `other` to this level lowers the protection; unknown orders count as no."""
        if other is None or other.order is None or self.order is None:
            return False
        return self.order > other.order


class ReadState(models.TextChoices):
    """What is known of a level that was read: an API that answers 404 for four reasons makes this necessary."""

    KNOWN = "known", "Known"
    NONE = "none", "Not classified"
    UNREAD = "unread", "Not read yet"
    HIDDEN = "hidden", "No access"


class WithDefault(Leased):
    """What has a default level. `default_level` may hold what was known last while `default_state` is UNREAD."""

    default_level = models.ForeignKey(Level, null=True, on_delete=models.SET_NULL, related_name="+")
    default_state = models.CharField(max_length=10, choices=ReadState, default=ReadState.UNREAD)
    #: When the call that told the default was made; older answers are not written over newer ones.
    default_read_at = models.DateTimeField(null=True)

    class Meta(Leased.Meta):
        abstract = True

    @property
    def known_default_id(self) -> int | None:
        return self.default_level_id if self.default_state == ReadState.KNOWN else None

    @property
    def known_default(self) -> Level | None:
        return self.default_level if self.default_state == ReadState.KNOWN else None


class Space(WithDefault):
    """A Confluence space of a site. `scanned_at`: when its content was last read in full.

    partial_at: when it was last read in part, if that was later; partial_why: what is missing, in a sentence.
    """

    #: The value of `status` at Atlassian.
    ARCHIVED = "archived"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="spaces")
    remote_id = models.CharField(max_length=64)
    key = models.CharField(max_length=300)
    name = models.CharField(max_length=500)
    type = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=40, blank=True)
    homepage_id = models.CharField(max_length=64, blank=True)
    web_url = models.CharField(max_length=1000, blank=True)
    remote_created_at = models.DateTimeField(null=True)
    #: A data security policy blocks content for our account: the figures cannot be complete.
    content_blocked = models.BooleanField(default=False)
    #: False when the site no longer lists it for our account.
    listed = models.BooleanField(default=True)
    listed_at = models.DateTimeField()
    scanned_at = models.DateTimeField(null=True)
    partial_at = models.DateTimeField(null=True)
    partial_why = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "remote_id"], name="space_once")]
        indexes = [models.Index(fields=["connection", "key"], name="space_by_key")]

    def __str__(self) -> str:
        return self.name

    @property
    def archived(self) -> bool:
        """Neither its default nor its content can be changed."""
        return self.status == self.ARCHIVED

    def get_absolute_url(self) -> str:
        return reverse("space", args=[self.connection.slug, self.key])

    @classmethod
    def lock(cls, *ids: int) -> None:
        """Lock spaces until the transaction ends, before their items; whoever locks several holds their connection."""
        list(cls.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))


#: The fields of an item by which items are counted, and compared with the default of their space.
COUNTED = frozenset({"space", "space_id", "status", "level_state", "level", "level_id"})


class ItemQuerySet(models.QuerySet["Item"]):
    """Every write that may change the counts of a space leaves an `ItemsChanged`, in the same transaction.

    It also keeps `Item.difference` and, of new rows, `Item.connection`.
    """

    def update(self, **values) -> int:
        if not COUNTED & set(values):
            return super().update(**values)
        with transaction.atomic(savepoint=False):
            self._mark()
            return super().update(**values, difference=_difference(values))

    def compare_again(self) -> int:
        """Store how these items differ from the defaults of their spaces, after a default or an order was changed."""
        now = _difference({})
        return super().exclude(difference=now).update(difference=now)

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic(savepoint=False):
            self._mark()
            return super().delete()

    def bulk_create(self, objs, *args, **options):
        rows = list(objs)
        for row in rows:
            row.connection_id = row.space.connection_id
        with transaction.atomic(savepoint=False):
            Space.lock(*{row.space_id for row in rows})
            created = super().bulk_create(rows, *args, **options)
            for start in range(0, len(rows), 1000):  # SQLite takes so many parameters at least
                new = self.model.objects.filter(pk__in=[row.pk for row in rows[start : start + 1000]])
                models.QuerySet.update(new, difference=_difference({}))
            ItemsChanged.mark({row.space_id for row in rows})
        return created

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
    update.alters_data = True  # type: ignore[attr-defined]

    def _mark(self) -> None:
        ItemsChanged.mark(self.order_by().values_list("space_id", flat=True).distinct())


class Item(Leased):
    """A page or blog post in one status; the draft of a published page is a row of its own."""

    objects = ItemQuerySet.as_manager()

    class Kind(models.TextChoices):
        PAGE = "page", "Page"
        BLOGPOST = "blogpost", "Blog post"

    class Status(models.TextChoices):
        CURRENT = "current", "Current"
        DRAFT = "draft", "Draft"
        ARCHIVED = "archived", "Archived"

    class Origin(models.TextChoices):
        """Where the level comes from, as far as it can be known: the API does not say."""

        NONE = "", "Not classified"
        MATCHES_DEFAULT = "matches", "Matches the space default"
        DIFFERS = "differs", "Differs from the space default"
        SET_HERE = "set", "Set in Trustdesk"
        NO_DEFAULT = "own", "The space has no default"
        UNKNOWN = "unknown", "The space default is unknown"

    class Difference(models.TextChoices):
        """The level beside the default of the space, whoever set it."""

        UNKNOWN = "unknown", "The level or the space default is unknown"
        SAME = "same", "The same as the space default"
        MORE = "more", "More sensitive than the space default"
        LESS = "less", "Less sensitive than the space default"
        #: The site does not say which of the two levels is more sensitive.
        OTHER = "other", "Another level than the space default"
        UNCLASSIFIED = "none", "Not classified, though the space has a default"
        NO_DEFAULT = "own", "Classified, though the space has no default"

    #: That of the space, so that the items of a site are found without their spaces. The key of the space checks it.
    connection = models.ForeignKey(Connection, db_constraint=False, on_delete=models.CASCADE, related_name="+")
    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12, choices=Kind)
    remote_id = models.CharField(max_length=64)
    status = models.CharField(max_length=12, choices=Status)
    title = models.CharField(max_length=1000)
    parent_id = models.CharField(max_length=64, blank=True)
    position = models.BigIntegerField(null=True)
    depth = models.PositiveSmallIntegerField(default=0)
    #: Sorts the items of a space in tree order (parents before children).
    tree_order = models.PositiveIntegerField(default=0)
    author_id = models.CharField(max_length=128, blank=True)
    owner_id = models.CharField(max_length=128, blank=True)
    version = models.PositiveIntegerField(null=True)
    remote_created_at = models.DateTimeField(null=True)
    remote_changed_at = models.DateTimeField(null=True)
    web_url = models.CharField(max_length=1000, blank=True)
    level = models.ForeignKey(Level, null=True, on_delete=models.SET_NULL, related_name="items")
    level_state = models.CharField(max_length=10, choices=ReadState, default=ReadState.UNREAD)
    #: The level that Trustdesk itself set on this item, while it is still the one that was read.
    set_here = models.BooleanField(default=False)
    #: When the call that told the level was made; older answers are not written over newer ones.
    level_read_at = models.DateTimeField(null=True)
    #: Kept by every write of a level or a default (`ItemQuerySet`, store.py).
    difference = models.CharField(max_length=10, choices=Difference, default=Difference.UNKNOWN)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["space", "kind", "remote_id", "status"], name="item_once"),
        ]
        indexes = [
            models.Index(fields=["space", "level_state", "level", "status"], name="item_by_level"),
            models.Index(fields=["space", "title"], name="item_by_title"),
            models.Index(fields=["space", "tree_order"], name="item_by_tree"),
            models.Index(fields=["remote_id"], name="item_by_remote_id"),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args, update_fields=None, **options) -> None:
        with transaction.atomic(savepoint=False):
            if self._state.adding:
                self.connection_id = self.space.connection_id
                Space.lock(self.space_id)
            super().save(*args, update_fields=update_fields, **options)
            if update_fields is None or COUNTED & set(update_fields):
                if Item.objects.filter(pk=self.pk).compare_again():
                    self.refresh_from_db(fields=["difference"])
                ItemsChanged.mark([self.space_id])

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.space.connection.slug, self.kind, self.remote_id, self.status])


def _difference(values: dict) -> Subquery:
    """`Item.difference` for an UPDATE that writes these values: in SQL, so that one query compares thousands."""

    def written(name: str) -> ExpressionWrapper:
        """The value of a field once it is written."""
        kind = models.CharField() if name == "level_state" else models.BigIntegerField()
        if not {name, f"{name}_id"} & set(values):
            return ExpressionWrapper(OuterRef(name), kind)
        value = values.get(name, values.get(f"{name}_id"))
        return ExpressionWrapper(Value(getattr(value, "pk", value), kind), kind)

    not_known = (ReadState.UNREAD, ReadState.HIDDEN)
    kinds = Item.Difference
    found = Case(
        When(Q(item_state__in=not_known) | Q(default_state__in=not_known), then=Value(kinds.UNKNOWN)),
        When(item_state=ReadState.NONE, default_state=ReadState.NONE, then=Value(kinds.SAME)),
        When(item_state=ReadState.NONE, then=Value(kinds.UNCLASSIFIED)),
        When(default_state=ReadState.NONE, then=Value(kinds.NO_DEFAULT)),
        When(default_level=F("item_level"), then=Value(kinds.SAME)),
        When(default_level__order__gt=F("item_order"), then=Value(kinds.MORE)),
        When(default_level__order__lt=F("item_order"), then=Value(kinds.LESS)),
        default=Value(kinds.OTHER),
    )
    order = Level.objects.filter(pk=OuterRef("item_level")).order_by().values("order")
    spaces = Space.objects.filter(pk=written("space")).order_by()
    spaces = spaces.annotate(item_level=written("level"), item_state=written("level_state"))
    return Subquery(spaces.annotate(item_order=Subquery(order)).values(found=found))


class ItemsChanged(models.Model):
    """Items of a space were changed since it was counted. Without a constraint, which would lock the space."""

    space = models.ForeignKey(Space, db_constraint=False, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.pk}: {self.space_id}"

    @classmethod
    def mark(cls, spaces: Iterable[int]) -> None:
        ItemsChanged.objects.bulk_create([ItemsChanged(space_id=space) for space in spaces])


class ItemCount(models.Model):
    """How many items of a space have this status, state and level; kept by counts.py."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=12)
    level_state = models.CharField(max_length=10)
    level = models.ForeignKey(Level, null=True, on_delete=models.SET_NULL, related_name="+")
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.space_id} {self.status} {self.level_state} {self.level_id}: {self.count}"


class Project(WithDefault):
    """A Jira project of a site and its default level."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="projects")
    remote_id = models.CharField(max_length=64)
    key = models.CharField(max_length=300)
    name = models.CharField(max_length=500)
    type = models.CharField(max_length=40, blank=True)
    archived = models.BooleanField(default=False)
    listed = models.BooleanField(default=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "remote_id"], name="project_once")]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """The name of who has an account id at a site, as the site told it at `read_at`; "" when it told none."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    account_id = models.CharField(max_length=128)
    name = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "account_id"], name="account_once")]

    def __str__(self) -> str:
        return self.name or self.account_id


class Scan(Job):
    """Reading a whole site, or one space of it, into the inventory. `calls`: remote calls made."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="scans")
    space = models.ForeignKey(Space, null=True, on_delete=models.CASCADE, related_name="scans")
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=Job.OPEN, space__isnull=True),
                name="one_open_scan_per_site",
            ),
            models.UniqueConstraint(fields=["space"], condition=Q(state__in=Job.OPEN), name="one_open_scan_per_space"),
        ]

    def __str__(self) -> str:
        return f"Scan of {self.space or self.connection}"

    @property
    def left_something(self) -> bool:
        """Whether it ended, but not simply done: it failed, was cancelled, or could not read some of it."""
        return not self.is_open and (self.state != self.State.DONE or bool(self.error))

    def record_end(self) -> None:
        """The result, as the doing of whoever requested the scan."""
        actor = Actor.of(self.actor) if self.actor else Actor.recorded(self.actor_label)
        done = self.state == self.State.DONE
        words = [self.message if done else "", self.error or ("" if done else self.get_state_display() + ".")]
        detail = " ".join(word for word in words if word)
        outcome = "done" if done else "failed"
        record_about(actor, "scan.asked", self.connection, self.space, outcome=outcome, detail=detail)
