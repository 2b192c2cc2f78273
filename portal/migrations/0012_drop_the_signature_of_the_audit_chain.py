"""The end of the audit chain is no longer signed. Going back leaves it without a signature, until one is made anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0011_worker_sign")]
    operations = [migrations.RemoveField(model_name="audithead", name="signature")]
