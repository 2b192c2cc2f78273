import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Publish attempts, leases, and the order of readings."""

    dependencies = [
        ("privacy", "0005_publish_calls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="app",
            name="alarm_kind",
            field=models.CharField(
                blank=True, choices=[("publish", "Publishing"), ("live", "Live changed at Atlassian")], max_length=10
            ),
        ),
        migrations.AddField(
            model_name="app",
            name="expected_live",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="app",
            name="expected_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="app",
            name="kept_reading",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="app",
            name="last_reading",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="app",
            name="lease_token",
            field=models.CharField(blank=True, default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="app",
            name="lease_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="app",
            name="lease_what",
            field=models.CharField(blank=True, default="", editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="app",
            name="lease_who",
            field=models.CharField(blank=True, default="", editable=False, max_length=254),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="may_arrive_until",
            field=models.DateTimeField(null=True),
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
    ]
