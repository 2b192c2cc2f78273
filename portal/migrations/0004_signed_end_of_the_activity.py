"""The row that holds the end of the audit chain. The signature was dropped again in 0012, so none is written here."""

from django.db import migrations, models


def add_row(apps, schema_editor):
    apps.get_model("portal", "AuditHead").objects.using(schema_editor.connection.alias).get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_encrypt_second_factors")]
    operations = [
        migrations.AddField(
            model_name="audithead",
            name="signature",
            field=models.CharField(blank=True, default="", max_length=80),
            preserve_default=False,
        ),
        migrations.RunPython(add_row, migrations.RunPython.noop),
    ]
