from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classification", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="item",
            name="level_state",
            field=models.CharField(
                choices=[
                    ("known", "Known"),
                    ("none", "Not classified"),
                    ("unread", "Not read yet"),
                    ("hidden", "No access"),
                ],
                default="unread",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="default_state",
            field=models.CharField(
                choices=[
                    ("known", "Known"),
                    ("none", "Not classified"),
                    ("unread", "Not read yet"),
                    ("hidden", "No access"),
                ],
                default="unread",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="space",
            name="default_state",
            field=models.CharField(
                choices=[
                    ("known", "Known"),
                    ("none", "Not classified"),
                    ("unread", "Not read yet"),
                    ("hidden", "No access"),
                ],
                default="unread",
                max_length=10,
            ),
        ),
    ]
