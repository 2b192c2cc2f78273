"""A version that was sent names the draft that was read back of it."""

import django.db.models.deletion
from django.db import migrations, models


def pair(apps, schema_editor):
    """The first draft that was read after a version was sent, where the two have the same content."""
    snapshots = apps.get_model("privacy", "Snapshot").objects
    app = sent = content = None
    rows = snapshots.filter(source__in=["sent", "saved", "draft"]).order_by("app_id", "pk")
    for app_id, pk, source, content_hash in rows.values_list("app_id", "pk", "source", "content_hash"):
        if app_id != app:
            app, sent = app_id, None
        if source != "draft":
            sent, content = pk, content_hash
            continue
        if sent is not None and content == content_hash:
            snapshots.filter(pk=sent).update(read_back_id=pk)
        sent = None


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0014_edits_without_whole_values"),
    ]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="read_back",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="privacy.snapshot"
            ),
        ),
        migrations.RunPython(pair, migrations.RunPython.noop),
    ]
