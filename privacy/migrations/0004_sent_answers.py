from django.db import migrations, models


def _saved_was_sent(apps, schema_editor):
    apps.get_model("privacy", "Edit").objects.exclude(saved_hash="").update(sent=True)


class Migration(migrations.Migration):
    """Who wrote a draft is found in the ledger and the versions, so no list of authors is carried along any more."""

    dependencies = [
        ("privacy", "0003_one_write_at_a_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="edit",
            name="sent",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(_saved_was_sent, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="snapshot",
            name="source",
            field=models.CharField(
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
        migrations.RemoveField(
            model_name="snapshot",
            name="authors",
        ),
        migrations.RemoveField(
            model_name="workingcopy",
            name="authors",
        ),
    ]
