from django.db import migrations, models


class Migration(migrations.Migration):
    """What an answer changed, beside the values that were kept until now."""

    dependencies = [
        ("privacy", "0011_words_of_reviews"),
    ]

    operations = [
        migrations.AddField(
            model_name="edit",
            name="patch",
            field=models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="edit",
            name="after_hash",
            field=models.CharField(blank=True, max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="edit",
            name="adds_or_removes",
            field=models.BooleanField(default=False),
        ),
    ]
