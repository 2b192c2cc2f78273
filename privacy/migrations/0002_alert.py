"""The alert about what is live is called so in the database, too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial")]

    operations = [
        migrations.RenameField("app", "alarm", "alert"),
        migrations.RenameField("app", "alarm_kind", "alert_kind"),
    ]
