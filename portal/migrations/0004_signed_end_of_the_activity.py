"""The end of the audit chain is signed; that of an existing installation as it is now."""

from django.db import migrations, models

from portal.audit import signature


def sign(apps, schema_editor):
    heads = apps.get_model("portal", "AuditHead").objects.using(schema_editor.connection.alias)
    head, _ = heads.get_or_create(pk=1)
    heads.filter(pk=1).update(signature=signature(head.sequence, head.hash))


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_encrypt_second_factors")]
    operations = [
        migrations.AddField(
            model_name="audithead",
            name="signature",
            field=models.CharField(blank=True, default="", max_length=80),
            preserve_default=False,
        ),
        migrations.RunPython(sign, migrations.RunPython.noop),
    ]
