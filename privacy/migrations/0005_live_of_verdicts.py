from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0004_words_of_states")]

    operations = [
        migrations.AddField("verdict", "live_hash", models.CharField(max_length=64, null=True)),
    ]
