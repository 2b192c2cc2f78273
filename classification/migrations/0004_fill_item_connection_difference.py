from django.db import migrations, models
from django.db.models import Case, ExpressionWrapper, F, OuterRef, Q, Subquery, Value, When


def fill(apps, schema_editor):
    """The connection of each space, and how each level differs from the default."""
    Item, Space = (apps.get_model("classification", name) for name in ("Item", "Space"))
    order = apps.get_model("classification", "Level").objects.filter(pk=OuterRef("item_level")).order_by()
    not_known = ("unread", "hidden")
    difference = Case(
        When(Q(item_state__in=not_known) | Q(default_state__in=not_known), then=Value("unknown")),
        When(item_state="none", default_state="none", then=Value("same")),
        When(item_state="none", then=Value("none")),
        When(default_state="none", then=Value("own")),
        When(default_level=F("item_level"), then=Value("same")),
        When(default_level__order__gt=F("item_order"), then=Value("more")),
        When(default_level__order__lt=F("item_order"), then=Value("less")),
        default=Value("other"),
    )
    space = Space.objects.filter(pk=OuterRef("space")).order_by()
    compared = space.annotate(
        item_level=ExpressionWrapper(OuterRef("level"), models.BigIntegerField()),
        item_state=ExpressionWrapper(OuterRef("level_state"), models.CharField()),
    )
    compared = compared.annotate(item_order=Subquery(order.values("order")))
    Item.objects.update(
        connection=Subquery(space.values("connection")),
        difference=Subquery(compared.values(found=difference)),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("classification", "0003_item_connection_difference"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
