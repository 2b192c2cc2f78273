"""What the calls of Confluence Cloud REST v2 have in common, for the client that declares them."""

from collections.abc import Iterable

from portal.atlassian.messages import Call

# Kinds of items: the word in paths, the words for people, and the word in OAuth scopes.
KINDS = {
    "page": ("pages", "page", "page"),
    "blogpost": ("blogposts", "blog post", "page"),
    "whiteboard": ("whiteboards", "whiteboard", "whiteboard"),
    "database": ("databases", "database", "database"),
}


def confluence_call(name: str, method: str, path: str, does: str, *, group: str, scope: str, permission: str) -> Call:
    """Every write of this API says what shall be, not what to change, so all of it may be repeated."""
    anchor = path.replace("{", "").replace("}", "").replace("/", "-")
    return Call(
        name=f"confluence.{name}",
        method=method,
        path=f"/wiki/api/v2{path}",
        does=does,
        scope=scope,
        permission=permission,
        idempotent=True,
        doc=f"https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-{group}/#api{anchor}-{method.lower()}",
        product="confluence",
    )


def level_calls(name: str, method: str, end: str, verb: str) -> dict[str, Call]:
    """One call on the classification level of an item, for each kind of item."""
    right = "view" if method == "GET" else "edit"
    return {
        kind: confluence_call(
            name.format(kind),
            method,
            f"/{plural}/{{id}}/classification-level{end}",
            f"{verb} the classification level of a {words}",
            group="classification-level",
            scope=f"{'read' if method == 'GET' else 'write'}:{scope}:confluence",
            permission=f"Permission to {right} the {words}" + (" (to edit it, for a draft)" if right == "view" else ""),
        )
        for kind, (plural, words, scope) in KINDS.items()
    }


def item_calls(name: str, path: str, does: str, kinds: Iterable[str]) -> dict[str, Call]:
    """One call that reads items, for each of some kinds."""
    return {
        kind: confluence_call(
            name.format(kind),
            "GET",
            path.format(KINDS[kind][0], id="{id}"),
            does.format(KINDS[kind][1]),
            group="blog-post" if kind == "blogpost" else kind,
            scope=f"read:{KINDS[kind][2]}:confluence",
            permission=f"Permission to view the {KINDS[kind][1]} and its space",
        )
        for kind in kinds
    }
