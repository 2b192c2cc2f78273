from django.db import migrations, models


def cancel_paused(apps, schema_editor):
    """The version before knows no paused scans, and would take them for neither open nor ended."""
    apps.get_model("classification", "Scan").objects.filter(state="paused").update(state="cancelled")


class Migration(migrations.Migration):
    dependencies = [
        ("classification", "0005_item_connection_required"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, cancel_paused, elidable=True),
        migrations.RemoveConstraint(
            model_name="scan",
            name="one_open_scan_per_site",
        ),
        migrations.RemoveConstraint(
            model_name="scan",
            name="one_open_scan_per_space",
        ),
        migrations.AddField(
            model_name="scan",
            name="not_before",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="scan",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                db_index=True,
                default="queued",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("space__isnull", True), ("state__in", ("queued", "running", "paused"))),
                fields=("connection",),
                name="one_open_scan_per_site",
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("queued", "running", "paused"))),
                fields=("space",),
                name="one_open_scan_per_space",
            ),
        ),
    ]
