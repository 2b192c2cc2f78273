from django.db import migrations


class Migration(migrations.Migration):
    """What publish attempts and leases replace."""

    dependencies = [
        ("privacy", "0007_keep_publish_calls_as_attempts"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="app",
            name="publish_until",
        ),
        migrations.RemoveField(
            model_name="app",
            name="writer",
        ),
        migrations.RemoveField(
            model_name="app",
            name="writing",
        ),
        migrations.RemoveField(
            model_name="app",
            name="writing_until",
        ),
        migrations.RemoveField(
            model_name="review",
            name="publish_taken",
        ),
        migrations.RemoveField(
            model_name="review",
            name="publishing_since",
        ),
    ]
