"""Second factors that were stored in clear text are encrypted with CREDENTIAL_KEYS."""

from django.db import migrations

from portal.fields import EncryptedSecretField
from portal.people.adapters import with_secrets


def change_all(change):
    def run(apps, schema_editor):
        authenticators = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
        for row in authenticators.iterator():
            authenticators.filter(pk=row.pk).update(data=with_secrets(row.data, change))

    return run


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_cache_table"), ("mfa", "0003_authenticator_type_uniq")]
    operations = [
        migrations.RunPython(change_all(EncryptedSecretField.encrypt), change_all(EncryptedSecretField.decrypt))
    ]
