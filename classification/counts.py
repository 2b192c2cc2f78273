"""Counts of items by space, kept beside them: home and lists of sites add up a few rows instead of every item.

Whoever changes items leaves an `ItemsChanged` in the same transaction (`ItemQuerySet`). The worker counts such spaces
anew; until it has, they are counted where they are shown. So a count that is shown is never an old one.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Count, Sum

from .models import Item, ItemCount, ItemsChanged

#: How many marks one sweep works off, so that its transaction stays short.
MOST = 2000

#: connection id, level_state, level id, status, status of the space, count
Row = tuple[int, str, int | None, str, str, int]


def counts_by_site(sites: Sequence[int]) -> list[Row]:
    """The items of the listed spaces of these connections; two queries, one more after a change."""
    listed = {"space__connection__in": sites, "space__listed": True}
    columns = ("space__connection", "level_state", "level_id", "status", "space__status")
    changed = set(ItemsChanged.objects.filter(**listed).values_list("space_id", flat=True))
    # The same set for both, so that a space is counted once whatever happens between the queries.
    kept = ItemCount.objects.filter(**listed).exclude(space__in=changed)
    rows = list(kept.order_by().values_list(*columns).annotate(total=Sum("count")))
    if changed:
        items = Item.objects.filter(space__in=changed, space__listed=True).order_by()
        rows += items.values_list(*columns).annotate(total=Count("pk"))
    return rows


def keep_counts() -> int:
    """Count the spaces anew whose items were changed. A sweeper of the worker; it hands nothing out."""
    marks = list(ItemsChanged.objects.order_by("pk").values_list("pk", "space_id")[:MOST])
    if marks:
        with transaction.atomic():
            taken, _ = ItemsChanged.objects.filter(pk__in=[pk for pk, _ in marks]).delete()
            if taken < len(marks):
                # Another worker counts the same spaces, and one of the two would write what is older.
                transaction.set_rollback(True)
            else:
                _count({space for _, space in marks})
    return 0


def _count(spaces: Iterable[int]) -> None:
    columns = ("space_id", "status", "level_state", "level_id")
    counted = Item.objects.filter(space__in=spaces).order_by().values_list(*columns).annotate(total=Count("pk"))
    rows = [ItemCount(**dict(zip((*columns, "count"), values, strict=True))) for values in counted]
    ItemCount.objects.filter(space__in=spaces).delete()
    ItemCount.objects.bulk_create(rows)
