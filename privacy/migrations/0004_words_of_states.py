from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0003_labels_of_versions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="app",
            name="draft_state",
            field=models.CharField(
                choices=[
                    ("unread", "Not read yet"),
                    ("present", "Present"),
                    ("absent", "None"),
                    ("hidden", "No access"),
                ],
                default="unread",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="app",
            name="live_state",
            field=models.CharField(
                choices=[
                    ("unread", "Not read yet"),
                    ("present", "Present"),
                    ("absent", "None"),
                    ("hidden", "No access"),
                ],
                default="unread",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="publishattempt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("open", "Unknown yet"),
                    ("live", "Published"),
                    ("not_published", "Not published"),
                    ("different", "Live is something else"),
                ],
                default="open",
                max_length=20,
            ),
        ),
    ]
