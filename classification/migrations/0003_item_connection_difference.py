import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0001_initial"),
        ("classification", "0002_words_of_levels"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="connection",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="portal.connection",
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="difference",
            field=models.CharField(
                choices=[
                    ("unknown", "The level or the space default is unknown"),
                    ("same", "The same as the space default"),
                    ("more", "More sensitive than the space default"),
                    ("less", "Less sensitive than the space default"),
                    ("other", "Another level than the space default"),
                    ("none", "Not classified, though the space has a default"),
                    ("own", "Classified, though the space has no default"),
                ],
                default="unknown",
                max_length=10,
            ),
        ),
    ]
