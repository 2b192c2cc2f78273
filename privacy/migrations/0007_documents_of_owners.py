import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

#: Model -> the name by which an app knew its rows.
DOCUMENTS = {"snapshot": "snapshots", "workingcopy": "working_copy", "edit": "edits", "review": "reviews"}


def key(model: str, to: str) -> models.ForeignKey:
    """Without a constraint: the ids of apps and those of their owners stand in it by turns."""
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name=DOCUMENTS[model], to=to
    )


def to_owners(apps, schema_editor):
    app = apps.get_model("privacy", "App").objects.filter(pk=OuterRef("owner_id"))
    for model in DOCUMENTS:
        apps.get_model("privacy", model).objects.update(owner_id=Subquery(app.values("owner_id")))


def to_apps(apps, schema_editor):
    app = apps.get_model("privacy", "App").objects.filter(owner_id=OuterRef("owner_id"))
    for model in DOCUMENTS:
        apps.get_model("privacy", model).objects.update(owner_id=Subquery(app.values("pk")))


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0006_owners"),
    ]

    operations = [
        migrations.RemoveIndex("snapshot", "snapshot_by_app"),
        migrations.RemoveIndex("edit", "edit_by_app"),
        migrations.RemoveConstraint("review", "one_standing_review"),
        *(migrations.AlterField(model, "app", key(model, "privacy.app")) for model in DOCUMENTS),
        *(migrations.RenameField(model, "app", "owner") for model in DOCUMENTS),
        *(migrations.AlterField(model, "owner", key(model, "privacy.documentowner")) for model in DOCUMENTS),
        migrations.RunPython(to_owners, to_apps),
    ]
