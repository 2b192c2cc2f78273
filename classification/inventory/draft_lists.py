"""The drafts of a site during a scan: one list per kind for the whole site, because no list of a space shows drafts.

Atlassian does not publish such a list. Most sites refuse it, and some answer with something else; then the scan is
complete without drafts.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import islice

from classification.models import Item
from portal.atlassian import types
from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import ApiError, NotFound, Refused

PAGE = 250
#: The connection fact that says whether the site lists drafts.
LISTS_DRAFTS = "lists_drafts"


class DraftLists:
    """Drafts by the remote id of their space.

    offered: None until the site answered; False when it does not list drafts. complete: kinds read to the end.
    """

    def __init__(self, client: ConfluenceClient, space_ids: Sequence[str]) -> None:
        self._lists = deque((kind, client.drafts(kind, space_ids)) for kind in (Item.Kind.PAGE, Item.Kind.BLOGPOST))
        self._found: dict[str, list[types.Item]] = defaultdict(list)
        self.complete: list[str] = []
        self.offered: bool | None = None

    @property
    def is_over(self) -> bool:
        return not self._lists

    def read(self) -> list[types.Item]:
        """The next page of the list that is being read; runs in the pool."""
        _, items = self._lists[0]
        return list(islice(items, PAGE))

    def take(self, items: list[types.Item] | None, error: ApiError | None) -> str:
        """Keep what `read` brought. Returns a sentence when a list broke off, else ""."""
        refused = self.offered is None and isinstance(error, (Refused, NotFound))
        if refused or any(item.status != Item.Status.DRAFT for item in items or ()):
            # A site that ignores the wanted status answers with what is published; that is listed elsewhere.
            self._lists.clear()
            self._found.clear()
            self.complete, self.offered = [], False
            return ""
        for item in items or ():
            self._found[item.space_id].append(item)
        if items is not None:
            self.offered = True
        if items is None or len(items) < PAGE:
            kind, _ = self._lists.popleft()
            self.complete += [kind] if items is not None else []
        return f"Drafts could not all be listed: {error}" if error else ""

    def of(self, space_id: str) -> list[types.Item]:
        """The drafts of one space, each handed out once."""
        return self._found.pop(space_id, [])
