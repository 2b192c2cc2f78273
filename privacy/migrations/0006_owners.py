import django.db.models.deletion
from django.db import migrations, models


def add_owners(apps, schema_editor):
    """Every app gets its owner."""
    App, Owner = apps.get_model("privacy", "App"), apps.get_model("privacy", "DocumentOwner")
    for app in App.objects.filter(owner=None).order_by("pk").iterator():
        app.owner = Owner.objects.create(connection_id=app.connection_id)
        app.save(update_fields=["owner"])


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0001_initial"),
        ("privacy", "0005_live_of_verdicts"),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentOwner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="portal.connection"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="app",
            name="owner",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="app",
                to="privacy.documentowner",
            ),
        ),
        migrations.RunPython(add_owners, migrations.RunPython.noop, elidable=True),
    ]
