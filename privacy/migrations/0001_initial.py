"""Apps, versions of their documents, working copies and edits, reviews and publish attempts."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("privacy", "0001_documents"),
        ("privacy", "0002_authors_and_publishing"),
        ("privacy", "0003_one_write_at_a_time"),
        ("privacy", "0004_sent_answers"),
        ("privacy", "0005_publish_calls"),
        ("privacy", "0006_publish_attempts"),
        ("privacy", "0007_keep_publish_calls_as_attempts"),
        ("privacy", "0008_without_the_old_fields_of_publishing"),
        ("privacy", "0009_authors_by_account"),
        ("privacy", "0010_undo_steps"),
        ("privacy", "0011_words_of_reviews"),
        ("privacy", "0012_edits_as_patches"),
        ("privacy", "0013_make_patches_of_edits"),
        ("privacy", "0014_edits_without_whole_values"),
        ("privacy", "0015_versions_read_back"),
    ]

    dependencies = [
        ("portal", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="App",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("lease_who", models.CharField(blank=True, default="", editable=False, max_length=254)),
                ("lease_what", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("product_id", models.CharField(max_length=80)),
                ("app_key", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=300)),
                ("state", models.CharField(blank=True, max_length=40)),
                ("approval_status", models.CharField(blank=True, max_length=40)),
                ("slug", models.CharField(blank=True, max_length=200)),
                (
                    "live_state",
                    models.CharField(
                        choices=[
                            ("unread", "Not read yet"),
                            ("present", "Present"),
                            ("absent", "None"),
                            ("hidden", "May not be read"),
                        ],
                        default="unread",
                        max_length=10,
                    ),
                ),
                (
                    "draft_state",
                    models.CharField(
                        choices=[
                            ("unread", "Not read yet"),
                            ("present", "Present"),
                            ("absent", "None"),
                            ("hidden", "May not be read"),
                        ],
                        default="unread",
                        max_length=10,
                    ),
                ),
                ("errors", models.PositiveIntegerField(default=0)),
                ("warnings", models.PositiveIntegerField(default=0)),
                ("listed", models.BooleanField(default=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("last_reading", models.PositiveBigIntegerField(default=0)),
                ("kept_reading", models.PositiveBigIntegerField(default=0)),
                ("read_error", models.TextField(blank=True)),
                ("alarm", models.TextField(blank=True)),
                (
                    "alarm_kind",
                    models.CharField(
                        blank=True,
                        choices=[("publish", "Publishing"), ("live", "Live changed at Atlassian")],
                        max_length=10,
                    ),
                ),
                ("expected_live", models.CharField(blank=True, max_length=64)),
                ("expected_since", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="apps", to="portal.connection"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("live", "Live, as read"),
                            ("draft", "Draft, as read"),
                            ("sent", "Sent to Marketplace"),
                            ("saved", "Saved to Marketplace"),
                            ("working", "Working copy"),
                            ("discarded", "Discarded draft"),
                            ("published", "Sent to be published"),
                        ],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField()),
                ("content_hash", models.CharField(db_index=True, max_length=64)),
                ("remote_changed_by", models.CharField(blank=True, max_length=254)),
                ("remote_changed_at", models.DateTimeField(null=True)),
                ("remote_account_id", models.CharField(blank=True, max_length=128)),
                ("form_status", models.CharField(blank=True, max_length=40)),
                ("may_arrive_until", models.DateTimeField(null=True)),
                ("published", models.BooleanField(default=False)),
                ("actor_label", models.CharField(blank=True, max_length=254)),
                ("taken_at", models.DateTimeField(auto_now_add=True)),
                ("seen_at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="snapshots", to="privacy.app"
                    ),
                ),
                (
                    "read_back",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="privacy.snapshot"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content_hash", models.CharField(max_length=64)),
                ("live_hash", models.CharField(blank=True, max_length=64)),
                ("note", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for approval"),
                            ("approved", "Approved"),
                            ("changes", "Changes requested"),
                            ("publishing", "Being published"),
                            ("lapsed", "Approval dismissed"),
                            ("withdrawn", "Withdrawn"),
                            ("published", "Published"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("requested_by_label", models.CharField(max_length=254)),
                ("authors", models.JSONField(default=list)),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_because", models.TextField(blank=True)),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="privacy.app"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="privacy.snapshot"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="app",
            name="draft",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="privacy.snapshot"
            ),
        ),
        migrations.AddField(
            model_name="app",
            name="live",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="privacy.snapshot"
            ),
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("approve", "Approved"),
                            ("comment", "Approved with a comment"),
                            ("changes", "Requested changes"),
                        ],
                        max_length=10,
                    ),
                ),
                ("comment", models.TextField(blank=True)),
                ("content_hash", models.CharField(max_length=64)),
                ("reviewer_label", models.CharField(max_length=254)),
                ("role", models.CharField(blank=True, max_length=40)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="verdicts", to="privacy.review"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="WorkingCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("content_hash", models.CharField(max_length=64)),
                ("vocabulary", models.CharField(blank=True, max_length=40)),
                ("version", models.PositiveIntegerField(default=1)),
                ("changed_by_label", models.CharField(blank=True, max_length=254)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                (
                    "app",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="working_copy", to="privacy.app"
                    ),
                ),
                (
                    "base",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="privacy.snapshot"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Edit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pointer", models.TextField()),
                ("label", models.CharField(blank=True, max_length=500)),
                ("patch", models.TextField()),
                ("after_hash", models.CharField(blank=True, max_length=64)),
                ("adds_or_removes", models.BooleanField(default=False)),
                ("author_label", models.CharField(max_length=254)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("saved_hash", models.CharField(blank=True, max_length=64)),
                ("dropped", models.BooleanField(default=False)),
                ("sent", models.BooleanField(default=False)),
                ("published", models.BooleanField(default=False)),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="edits", to="privacy.app"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undoes",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="privacy.edit"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["app", "-id"], name="edit_by_app")],
            },
        ),
        migrations.CreateModel(
            name="PublishAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("actor_label", models.CharField(max_length=254)),
                ("content_hash", models.CharField(max_length=64)),
                ("live_before", models.CharField(blank=True, max_length=64)),
                ("lease", models.CharField(blank=True, max_length=32)),
                ("started_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("may_arrive_until", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("", "None"), ("taken", "Accepted"), ("refused", "Refused")],
                        default="",
                        max_length=10,
                    ),
                ),
                ("answer_text", models.TextField(blank=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "Not known yet"),
                            ("live", "Published"),
                            ("not_published", "Not published"),
                            ("different", "Live is something else"),
                        ],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by", models.CharField(blank=True, max_length=254)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="publish_attempts", to="privacy.app"
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publish_attempts",
                        to="privacy.review",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "open")), fields=("app",), name="one_open_publish_attempt"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="snapshot",
            index=models.Index(fields=["app", "-id"], name="snapshot_by_app"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "approved", "changes", "publishing"])),
                fields=("app",),
                name="one_standing_review",
            ),
        ),
        migrations.AddConstraint(
            model_name="app",
            constraint=models.UniqueConstraint(fields=("connection", "product_id"), name="app_once"),
        ),
    ]
