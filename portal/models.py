"""What both apps share: people, connections, who may do what on them, and what was done."""

import uuid

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from portal.fields import EncryptedSecretField, Secret
from portal.jobs.leases import Leased
from portal.registry import NAV, action_label, role_label


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        # Whoever adds a person vouches for the address; allauth asks for a verified one before a second factor.
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_superuser=True, is_staff=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by e-mail; `is_superuser` runs this Trustdesk: connections, people and rights."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    #: By which Atlassian may name this person; two people never share one.
    atlassian_account_id = models.CharField(max_length=128, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                fields=["atlassian_account_id"], condition=~Q(atlassian_account_id=""), name="atlassian_account_once"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Connection(models.Model):
    """One place at Atlassian, reached with one account: a site, an organisation or a developer space."""

    class Kind(models.TextChoices):
        SITE = "site", "Site (Confluence and Jira)"
        ORGANIZATION = "organization", "Organisation"
        MARKETPLACE = "marketplace", "Marketplace developer space"

    class Dialect(models.TextChoices):
        CURRENT = "current", "Current (what Atlassian answers today)"
        REFERENCE = "reference", "Reference (the published reference documents)"

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=16, choices=Kind)
    url = models.URLField(max_length=300)
    dialect = models.CharField(max_length=16, choices=Dialect, default=Dialect.CURRENT)
    email = models.CharField(max_length=254, blank=True)
    token = EncryptedSecretField(blank=True)
    org_id = models.CharField(max_length=80, blank=True)
    developer_id = models.CharField(max_length=80, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_lines = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("connection", args=[self.slug])

    @property
    def failure(self) -> str:
        """Why the last test failed, in a sentence; "" when it did not."""
        return next((line["detail"] for line in self.check_lines if line["state"] == "fails"), "")

    @property
    def check_state(self) -> str:
        """What the last test found: "never" (not tested), "fails", "missing" (works in part) or "works"."""
        states = {line["state"] for line in self.check_lines}
        return next((state for state in ("fails", "missing", "works") if state in states), "never")

    @property
    def work_url(self) -> str:
        """Where the work on this connection begins: the first page that an app offers for its kind."""
        pages = sorted((item for item in NAV if self.kind in item.kinds), key=lambda item: item.order)
        return reverse(pages[0].url_name, args=[self.slug]) if pages else self.get_absolute_url()

    @classmethod
    def locked(cls, pk: int) -> "Connection":
        """The connection, locked until the transaction ends, before anything that hangs on it.

        So does whoever locks several of its spaces or apps, or adds a row that refers to it and an audit entry.
        """
        # Without the key: rows that refer to the connection can still be added by others.
        return cls.objects.select_for_update(no_key=True).get(pk=pk)

    def read_token(self) -> Secret:
        """The token in clear, for the transport alone. Raises fields.SecretUnreadable."""
        return EncryptedSecretField.decrypt(self.token)

    def keep_token(self, plain: str) -> None:
        self.token = EncryptedSecretField.encrypt(plain)


class WorkerSign(models.Model):
    """When a worker was last seen: one row, written by the sweep of every worker."""

    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"seen at {self.seen_at}"


class Pause(models.Model):
    """Until when every process leaves a connection alone, because Atlassian asked for it."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True)
    until = models.FloatField(default=0)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.connection}: {self.reason}"


class ConnectionLease(Leased):
    """Held while background work calls Atlassian through a connection: see `job_queue.claimed`."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.connection}: {self.lease_what or 'free'}"


class ConnectionFact(models.Model):
    """What calls through a connection have shown about its place: see `connections/site_facts.py`."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="facts")
    name = models.CharField(max_length=60)
    value = models.JSONField()
    found_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="fact_once")]

    def __str__(self) -> str:
        return f"{self.connection}: {self.name}"


class Grant(models.Model):
    """A role on a connection, given to one person or to a group. Roles are data: `registry.ROLES`."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["role", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="grant_to_a_person_or_a_group",
            ),
            models.UniqueConstraint(
                fields=["connection", "user", "role"], condition=Q(user__isnull=False), name="grant_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["connection", "group", "role"], condition=Q(group__isnull=False), name="grant_once_per_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} on {self.connection} for {self.user or self.group}"

    @property
    def role_label(self) -> str:
        return role_label(self.role)

    @property
    def holder(self) -> str:
        """The person by e-mail, or the group by name."""
        return self.user.email if self.user else f"group {self.group}"


class WaitingMessages(models.Manager["OutboxMessage"]):
    def get_queryset(self) -> models.QuerySet["OutboxMessage"]:
        return super().get_queryset().filter(sent_at=None, failed_at=None)


class OutboxMessage(models.Model):
    """A mail on its way, or what became of it; see notifications/outbox.py. `body`: encrypted JSON, by kind."""

    class Kind(models.TextChoices):
        MAIL = "mail", "Mail as it was written"
        PASSWORD_RESET = "password_reset", "Link to choose a new password"

    kind = models.CharField(max_length=20, choices=Kind)
    to = models.EmailField()
    subject = models.CharField(max_length=200, blank=True)
    body = EncryptedSecretField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    objects = models.Manager()
    waiting = WaitingMessages()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(sent_at=None, failed_at=None), name="outbox_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.get_kind_display()}"


class Operation(models.Model):
    """A view whose remote calls take longer than its request waits, and then its answer, for who began it alone.

    answer: JSON with status, headers, body and messages, once `finished_at` is set. See operations.py.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=200)
    #: The page that it was begun on.
    back = models.CharField(max_length=1000)
    for_htmx = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    beat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.what} ({self.user})"

    def get_absolute_url(self) -> str:
        return reverse("operation", args=[self.pk])


class SignInFailure(models.Model):
    """A failed try to sign in, counted for a few minutes; see sign_in.py. `pair`: a hash of address and account."""

    at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=45)
    pair = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["address", "at"], name="failure_by_address"),
            models.Index(fields=["pair", "at"], name="failure_by_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.address}"


class AuditHead(models.Model):
    """The end of the hash chain: one row, made by a migration, locked while an entry is added. See audit/record.py."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"


class AuditValue(models.Model):
    """A value that is too large for an entry of the audit trail; see `audit/values.py`. Never changed."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.sha256


class AuditEntry(models.Model):
    """One thing that somebody did or tried. Append-only; `hash` covers every field and the entry before."""

    class Outcome(models.TextChoices):
        STARTED = "started", "Not finished"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"

    sequence = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(User, null=True, db_constraint=False, on_delete=models.DO_NOTHING, related_name="+")
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=60, db_index=True)
    connection = models.ForeignKey(
        Connection, null=True, db_constraint=False, on_delete=models.DO_NOTHING, related_name="+"
    )
    connection_name = models.CharField(max_length=80, blank=True)
    target_type = models.CharField(max_length=30, blank=True)
    target_id = models.CharField(max_length=200, blank=True)
    target_label = models.CharField(max_length=300, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    detail = models.TextField(blank=True)
    trace_id = models.CharField(max_length=100, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["connection", "target_type", "target_id", "-sequence"], name="audit_by_target"),
            models.Index(fields=["connection", "-sequence"], name="audit_by_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.action} by {self.actor_label}"

    def save(self, *args, **kwargs) -> None:
        if self.pk:
            raise TypeError("An audit entry is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("An audit entry is never deleted.")

    @property
    def action_label(self) -> str:
        return action_label(self.action)
