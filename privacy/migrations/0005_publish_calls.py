from django.db import migrations, models


class Migration(migrations.Migration):
    """What is known of a publish call outlives the process that made it."""

    dependencies = [
        ("privacy", "0004_sent_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="app",
            name="publish_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="publish_taken",
            field=models.BooleanField(default=False),
        ),
    ]
