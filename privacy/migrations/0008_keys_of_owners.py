import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0007_documents_of_owners"),
    ]

    operations = [
        migrations.AlterField(
            model_name="app",
            name="owner",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="app", to="privacy.documentowner"
            ),
        ),
        migrations.AlterField(
            model_name="workingcopy",
            name="owner",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="working_copy", to="privacy.documentowner"
            ),
        ),
        *(
            migrations.AlterField(
                model_name=model,
                name="owner",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name=name, to="privacy.documentowner"
                ),
            )
            for model, name in (("snapshot", "snapshots"), ("edit", "edits"), ("review", "reviews"))
        ),
        migrations.AddIndex("snapshot", models.Index(fields=["owner", "-id"], name="snapshot_by_owner")),
        migrations.AddIndex("edit", models.Index(fields=["owner", "-id"], name="edit_by_owner")),
        migrations.AddConstraint(
            "review",
            models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "approved", "changes", "publishing"])),
                fields=("owner",),
                name="one_standing_review",
            ),
        ),
    ]
