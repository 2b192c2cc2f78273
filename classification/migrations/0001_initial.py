"""The inventory of sites: levels, spaces, items and projects, and the scans that fill it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("classification", "0001_inventory"),
        ("classification", "0002_default_read_at"),
        ("classification", "0003_partial_scans"),
        ("classification", "0004_one_change_at_a_time"),
        ("classification", "0005_site_features"),
        ("classification", "0006_levels_counted_by_status"),
        ("classification", "0007_item_counts"),
    ]

    dependencies = [
        ("portal", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("lease_who", models.CharField(blank=True, default="", editable=False, max_length=254)),
                ("lease_what", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("kind", models.CharField(choices=[("page", "Page"), ("blogpost", "Blog post")], max_length=12)),
                ("remote_id", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("current", "Current"), ("draft", "Draft"), ("archived", "Archived")], max_length=12
                    ),
                ),
                ("title", models.CharField(max_length=1000)),
                ("parent_id", models.CharField(blank=True, max_length=64)),
                ("position", models.BigIntegerField(null=True)),
                ("depth", models.PositiveSmallIntegerField(default=0)),
                ("tree_order", models.PositiveIntegerField(default=0)),
                ("author_id", models.CharField(blank=True, max_length=128)),
                ("owner_id", models.CharField(blank=True, max_length=128)),
                ("version", models.PositiveIntegerField(null=True)),
                ("remote_created_at", models.DateTimeField(null=True)),
                ("remote_changed_at", models.DateTimeField(null=True)),
                ("web_url", models.CharField(blank=True, max_length=1000)),
                (
                    "level_state",
                    models.CharField(
                        choices=[
                            ("known", "Known"),
                            ("none", "Not classified"),
                            ("unread", "Not read yet"),
                            ("hidden", "May not be read"),
                        ],
                        default="unread",
                        max_length=10,
                    ),
                ),
                ("set_here", models.BooleanField(default=False)),
                ("level_read_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["title", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ItemCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(max_length=12)),
                ("level_state", models.CharField(max_length=10)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ItemsChanged",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Level",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("remote_id", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=300)),
                ("description", models.TextField(blank=True)),
                ("guideline", models.TextField(blank=True)),
                ("order", models.IntegerField(null=True)),
                ("color", models.CharField(blank=True, max_length=40)),
                ("status", models.CharField(max_length=40)),
                ("listed", models.BooleanField(default=True)),
                ("read_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["order", "name"],
            },
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("lease_who", models.CharField(blank=True, default="", editable=False, max_length=254)),
                ("lease_what", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                (
                    "default_state",
                    models.CharField(
                        choices=[
                            ("known", "Known"),
                            ("none", "Not classified"),
                            ("unread", "Not read yet"),
                            ("hidden", "May not be read"),
                        ],
                        default="unread",
                        max_length=10,
                    ),
                ),
                ("default_read_at", models.DateTimeField(null=True)),
                ("remote_id", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=300)),
                ("name", models.CharField(max_length=500)),
                ("type", models.CharField(blank=True, max_length=40)),
                ("archived", models.BooleanField(default=False)),
                ("listed", models.BooleanField(default=True)),
                ("read_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Scan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_index=True,
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("message", models.CharField(blank=True, max_length=300)),
                ("error", models.TextField(blank=True)),
                ("actor_label", models.CharField(max_length=254)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease", models.CharField(blank=True, max_length=32)),
                ("lease_until", models.DateTimeField(null=True)),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("calls", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="portal.connection",
                    ),
                ),
                ("removal_refused_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="level",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="levels", to="portal.connection"
            ),
        ),
        migrations.AddField(
            model_name="itemcount",
            name="level",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="classification.level"
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="level",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="items", to="classification.level"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="projects", to="portal.connection"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="default_level",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="classification.level"
            ),
        ),
        migrations.AddField(
            model_name="scan",
            name="actor",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="scan",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="scans", to="portal.connection"
            ),
        ),
        migrations.CreateModel(
            name="Space",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("lease_who", models.CharField(blank=True, default="", editable=False, max_length=254)),
                ("lease_what", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                (
                    "default_state",
                    models.CharField(
                        choices=[
                            ("known", "Known"),
                            ("none", "Not classified"),
                            ("unread", "Not read yet"),
                            ("hidden", "May not be read"),
                        ],
                        default="unread",
                        max_length=10,
                    ),
                ),
                ("default_read_at", models.DateTimeField(null=True)),
                ("remote_id", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=300)),
                ("name", models.CharField(max_length=500)),
                ("type", models.CharField(blank=True, max_length=40)),
                ("status", models.CharField(blank=True, max_length=40)),
                ("homepage_id", models.CharField(blank=True, max_length=64)),
                ("web_url", models.CharField(blank=True, max_length=1000)),
                ("remote_created_at", models.DateTimeField(null=True)),
                ("content_blocked", models.BooleanField(default=False)),
                ("listed", models.BooleanField(default=True)),
                ("listed_at", models.DateTimeField()),
                ("scanned_at", models.DateTimeField(null=True)),
                ("partial_at", models.DateTimeField(null=True)),
                ("partial_why", models.CharField(blank=True, max_length=1000)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="spaces", to="portal.connection"
                    ),
                ),
                (
                    "default_level",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="classification.level",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.AddField(
            model_name="scan",
            name="space",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="scans", to="classification.space"
            ),
        ),
        migrations.AddField(
            model_name="itemschanged",
            name="space",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="classification.space",
            ),
        ),
        migrations.AddField(
            model_name="itemcount",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="classification.space"
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="classification.space"
            ),
        ),
        migrations.AddConstraint(
            model_name="level",
            constraint=models.UniqueConstraint(fields=("connection", "remote_id"), name="level_once"),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(fields=("connection", "remote_id"), name="project_once"),
        ),
        migrations.AddIndex(
            model_name="space",
            index=models.Index(fields=["connection", "key"], name="space_by_key"),
        ),
        migrations.AddConstraint(
            model_name="space",
            constraint=models.UniqueConstraint(fields=("connection", "remote_id"), name="space_once"),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("space__isnull", True), ("state__in", ["queued", "running"])),
                fields=("connection",),
                name="one_open_scan_per_site",
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=("space",),
                name="one_open_scan_per_space",
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["space", "level_state", "level", "status"], name="item_by_level"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["space", "title"], name="item_by_title"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["space", "tree_order"], name="item_by_tree"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["remote_id"], name="item_by_remote_id"),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(fields=("space", "kind", "remote_id", "status"), name="item_once"),
        ),
    ]
