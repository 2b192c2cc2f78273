from django.db import migrations, models


class Migration(migrations.Migration):
    """The values before and after each answer, which are kept as what changed by now."""

    dependencies = [
        ("privacy", "0013_make_patches_of_edits"),
    ]

    operations = [
        migrations.AlterField(model_name="edit", name="before", field=models.TextField(blank=True, default="")),
        migrations.AlterField(model_name="edit", name="after", field=models.TextField(blank=True, default="")),
        migrations.RemoveField(model_name="edit", name="before"),
        migrations.RemoveField(model_name="edit", name="after"),
    ]
