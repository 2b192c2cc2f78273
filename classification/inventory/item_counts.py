"""Counts of items by space, kept beside them: home and lists of sites add up a few rows instead of every item.

Whoever changes items leaves an `ItemsChanged` in the same transaction (`ItemQuerySet`). The worker counts such spaces
anew; until it has, they are counted where they are shown. So a count that is shown is never an old one.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, Sum

from classification.models import Item, ItemCount, ItemsChanged, Space

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
    for space in list(ItemsChanged.objects.order_by("space").values_list("space", flat=True).distinct()):
        with transaction.atomic():
            # One worker at a time, and nobody changes its items meanwhile.
            Space.lock(space)
            taken, _ = ItemsChanged.objects.filter(space=space).delete()
            if taken:  # else another worker has just counted it
                _count(space)
    return 0


def _count(space: int) -> None:
    columns = ("space_id", "status", "level_state", "level_id")
    counted = Item.objects.filter(space=space).order_by().values_list(*columns).annotate(total=Count("pk"))
    rows = [ItemCount(**dict(zip((*columns, "count"), values, strict=True))) for values in counted]
    ItemCount.objects.filter(space=space).delete()
    ItemCount.objects.bulk_create(rows)
