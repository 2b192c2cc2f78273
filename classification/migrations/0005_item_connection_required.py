import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classification", "0004_fill_item_connection_difference"),
    ]

    operations = [
        migrations.AlterField(
            model_name="item",
            name="connection",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="portal.connection",
            ),
        ),
    ]
