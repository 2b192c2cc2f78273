"""The order of a space's content as a tree: parents before children, by their position in Confluence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from classification.models import Item, Space

_STATUS_ORDER: dict[str, int] = {Item.Status.CURRENT: 0, Item.Status.ARCHIVED: 1, Item.Status.DRAFT: 2}
#: How many items get their place in one transaction.
MOST_AT_ONCE = 1000
_DEEPEST = 30_000  # what the column holds; a tree of that depth is an error of its own


class Leaf(NamedTuple):
    """What the order depends on; one row of the inventory. `place`: (tree_order, depth) as stored."""

    pk: int
    kind: str
    remote_id: str
    status: str
    title: str
    parent_id: str
    position: int | None
    tree_order: int
    depth: int


@dataclass
class _Node:
    """A page in all its statuses: the draft of a published page stands directly below it."""

    rows: list[Leaf] = field(default_factory=list)
    children: list["_Node"] = field(default_factory=list)

    def key(self) -> tuple:
        first = self.rows[0]
        return (first.position is None, first.position or 0, first.title, first.remote_id)


def order(leaves: Iterable[Leaf]) -> dict[int, tuple[int, int]]:
    """primary key -> (tree_order, depth). Blog posts follow the pages. Cycles and lost parents become roots."""
    ranked = sorted(leaves, key=lambda leaf: (leaf.kind != Item.Kind.PAGE, _STATUS_ORDER.get(leaf.status, 9)))
    nodes: dict[tuple[str, str], _Node] = {}
    for leaf in ranked:
        nodes.setdefault((leaf.kind, leaf.remote_id), _Node()).rows.append(leaf)
    roots = []
    for (kind, _), node in nodes.items():
        parent = nodes.get((kind, node.rows[0].parent_id))
        if parent is None or parent is node:
            roots.append(node)
        else:
            parent.children.append(node)
    roots.sort(key=lambda node: (node.rows[0].kind != Item.Kind.PAGE, node.key()))
    found: dict[int, tuple[int, int]] = {}
    _walk(roots, found)
    # Pages that are each other's parents hang on no root: each is shown once all the same.
    for node in nodes.values():
        if node.rows[0].pk not in found:
            _walk([node], found)
    return found


def _walk(roots: list[_Node], found: dict[int, tuple[int, int]]) -> None:
    """By a stack of its own, since a tree may be deeper than Python's."""
    stack = [(node, 0) for node in reversed(roots)]
    while stack:
        node, depth = stack.pop()
        if node.rows[0].pk in found:
            continue
        for leaf in node.rows:
            found[leaf.pk] = (len(found), min(depth, _DEEPEST))
        stack += [(child, depth + 1) for child in sorted(node.children, key=_Node.key, reverse=True)]


_ABOVE = f"""
WITH RECURSIVE above (id, parent_id, depth, own) AS (
    SELECT id, parent_id, depth, 1 FROM {Item._meta.db_table}
    WHERE space_id = %s AND kind = %s AND remote_id IN (...)
    UNION
    SELECT item.id, item.parent_id, item.depth, 0
    FROM {Item._meta.db_table} item JOIN above ON item.remote_id = above.parent_id AND item.depth < above.depth
    WHERE item.space_id = %s AND item.kind = %s
)
SELECT id FROM above WHERE own = 0
"""  # noqa: S608


def above(space: Space, remote_ids: Sequence[str]) -> RawSQL:
    """The primary keys of all pages above these pages, in every status they have; for `pk__in`, in the same query."""
    sql = _ABOVE.replace("...", ", ".join(["%s"] * len(remote_ids)))
    return RawSQL(sql, [space.pk, Item.Kind.PAGE.value, *remote_ids, space.pk, Item.Kind.PAGE.value])  # noqa: S611


def reorder(space: Space) -> int:
    """Give every item of a space its place; returns how many changed it."""
    # By key, as all rows of one kind are locked.
    leaves = [Leaf(*values) for values in Item.objects.filter(space=space).order_by("pk").values_list(*Leaf._fields)]
    places = order(leaves)
    moved = [(*places[leaf.pk], leaf.pk) for leaf in leaves if places[leaf.pk] != (leaf.tree_order, leaf.depth)]
    # Bit by bit, so that nobody who changes an item of the space waits long.
    for start in range(0, len(moved), MOST_AT_ONCE):
        # bulk_update would build one CASE per row: a hundred times slower for a space that was read for the first time.
        with transaction.atomic(), connection.cursor() as cursor:
            Space.lock(space.pk)
            cursor.executemany(
                f"UPDATE {Item._meta.db_table} SET tree_order = %s, depth = %s WHERE id = %s",  # noqa: S608
                moved[start : start + MOST_AT_ONCE],
            )
    return len(moved)
