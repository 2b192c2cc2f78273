"""The typed client of Confluence Cloud REST v2: levels, space defaults, and the levels of pages and what else there is.

Two dialects occur. "current" is what Atlassian publishes today, "reference" what it announced: a wrapped list of
levels, and the removal of an item's level. Answers of both are read in one way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from portal.atlassian import paging, reading
from portal.atlassian.confluence_calls import KINDS, confluence_call, item_calls, level_calls
from portal.atlassian.errors import ApiError, Misconfigured, NotFound, NotOffered, Refused
from portal.atlassian.http import ApiSession
from portal.atlassian.messages import Answer, Call
from portal.atlassian.types import Item, Level, Space

LARGEST_PAGE = 250
# The most values that one request may name.
MOST_IDS, MOST_SPACE_IDS = 250, 100
# Not stated for this call; that of the same call of REST v1.
MOST_ACCOUNT_IDS = 200
LONGEST_ID = 64
LISTED_KINDS = ("page", "blogpost")
_NOW = ("current",)
ITEM_STATUSES = {
    "page": ("current", "draft", "archived"),
    "blogpost": ("current", "draft"),
    "whiteboard": _NOW,
    "database": _NOW,
}
LEVEL_STATUSES = {**ITEM_STATUSES, "blogpost": ITEM_STATUSES["page"]}

# What is remembered of a site: that the body for a space default needs a status.
DEFAULT_WANTS_STATUS = "space_default_wants_status"

_NO_REMOVAL = "this site does not offer removal; reset instead"
_USE = "Permission to access the Confluence site"
_SPACE_ADMIN = "Permission to access the Confluence site and to administer the space"
_VIEW_SPACE = "Permission to view the space"
_READ_SPACE, _WRITE_SPACE = "read:space:confluence", "write:space:confluence"
_CONFIGURATION = "read:configuration:confluence"


class Memory(Protocol):
    """What was found out about a site, by name; None where nothing is known."""

    def get(self, name: str) -> Any: ...
    def put(self, name: str, found: Any) -> None: ...


class ShortMemory:
    """A memory that lasts as long as its client."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        return self._known.get(name)

    def put(self, name: str, found: Any) -> None:
        self._known[name] = found


class ConfluenceClient:
    """Reads and changes the classification of one Confluence site. Ids are strings; see `errors.py` for what is raised.

    dialect: "current" or "reference". kind: "page", "blogpost", "whiteboard" or "database".
    status: "current" or "draft", for reading also "archived".
    """

    def __init__(self, session: ApiSession, dialect: str = "current", memory: Memory | None = None) -> None:
        """memory: keeps what was found out about the site between clients; without one it is found out anew."""
        self.session = session
        self.dialect = dialect
        self.memory: Memory = memory or ShortMemory()

    LEVELS = confluence_call(
        "levels",
        "GET",
        "/classification-levels",
        "list the classification levels",
        group="classification-level",
        scope=_CONFIGURATION,
        permission=_USE,
    )

    def levels(self) -> list[Level]:
        """All levels that the site knows, in its order. NotFound: no data classification, or no access to the site."""
        answer = self.session.call(self.LEVELS)
        found = answer.json()
        if isinstance(found, dict):
            found = found.get("classificationLevels", found.get("results"))
        return [reading.level(answer, entry) for entry in reading.entries(answer, found, "the list of levels")]

    # --- the default of a space ---------------------------------------------------------------------------------

    SPACE_DEFAULT = confluence_call(
        "space_default",
        "GET",
        "/spaces/{id}/classification-level/default",
        "read the default classification level of a space",
        group="classification-level",
        scope=_READ_SPACE,
        permission=f"{_VIEW_SPACE} (on some sites: to administer it)",
    )

    def space_default(self, space_id: str) -> Level | None:
        """The default level; None when none is set, or the account may not know, or the site has no classification."""
        return self._level_or_none(self.SPACE_DEFAULT, {"id": space_id}, {})

    SET_SPACE_DEFAULT = confluence_call(
        "set_space_default",
        "PUT",
        "/spaces/{id}/classification-level/default",
        "set the default classification level of a space",
        group="classification-level",
        scope=f"{_READ_SPACE} {_WRITE_SPACE}",
        permission=_SPACE_ADMIN,
    )

    def set_space_default(self, space_id: str, level_id: str) -> None:
        """Give a space a default level.

        Published versions disagree on the body: the level alone, or with a status that is required. After a 400 to the
        one form the other is tried, and what the site takes is remembered.
        """
        plain, with_status = {"id": level_id}, {"id": level_id, "status": "current"}
        wants_status = self.memory.get(DEFAULT_WANTS_STATUS) is True
        first, other = (with_status, plain) if wants_status else (plain, with_status)
        path_args = {"id": space_id}
        try:
            self.session.call(self.SET_SPACE_DEFAULT, path_args=path_args, body=first)
            return
        except Refused as error:
            if error.status != 400:
                raise
            refusal = error
        try:
            self.session.call(self.SET_SPACE_DEFAULT, path_args=path_args, body=other)
        except Refused as error:
            # Of two refusals the one that does not speak of the form says what is wrong with the level.
            about_form = "status" in refusal.message.replace("(status 400)", "")
            raise (error if about_form else refusal) from None
        self.memory.put(DEFAULT_WANTS_STATUS, not wants_status)

    CLEAR_SPACE_DEFAULT = confluence_call(
        "clear_space_default",
        "DELETE",
        "/spaces/{id}/classification-level/default",
        "clear the default classification level of a space",
        group="classification-level",
        scope=_WRITE_SPACE,
        permission=_SPACE_ADMIN,
    )

    def clear_space_default(self, space_id: str) -> None:
        """Take the default level away from a space."""
        self.session.call(self.CLEAR_SPACE_DEFAULT, path_args={"id": space_id})

    # --- the level of an item -----------------------------------------------------------------------------------

    ITEM_LEVEL = level_calls("{}_level", "GET", "", "read")

    def item_level(self, kind: str, item_id: str, status: str = "current") -> Level | None:
        """The level in force on an item; None on 404, whose meaning `explain_missing_level` finds out."""
        call = _of(self.ITEM_LEVEL, kind)
        _require_status(call, kind, status, LEVEL_STATUSES)
        return self._level_or_none(call, {"id": item_id}, {"status": status} if kind in LISTED_KINDS else {})

    SET_ITEM_LEVEL = level_calls("set_{}_level", "PUT", "", "set")

    def set_item_level(self, kind: str, item_id: str, level_id: str, status: str = "current") -> None:
        """Give an item a level of its own."""
        call = _of(self.SET_ITEM_LEVEL, kind)
        _require_status(call, kind, status, LEVEL_STATUSES)
        self.session.call(call, path_args={"id": item_id}, body={"status": status, "id": level_id})

    RESET_ITEM_LEVEL = level_calls("reset_{}_level", "POST", "/reset", "reset")

    def reset_item_level(self, kind: str, item_id: str, status: str = "current") -> None:
        """Let an item take the default of its space again."""
        call = _of(self.RESET_ITEM_LEVEL, kind)
        _require_status(call, kind, status, LEVEL_STATUSES)
        self.session.call(call, path_args={"id": item_id}, body={"status": status})

    REMOVE_ITEM_LEVEL = level_calls("remove_{}_level", "DELETE", "", "remove")

    def remove_item_level(self, kind: str, item_id: str, status: str = "current") -> None:
        """Leave an item without any level.

        Raises NotOffered where the site does not offer this, with the advice to reset instead; NotFound when the item
        is gone. It is no error when there was no level to remove.
        """
        call = _of(self.REMOVE_ITEM_LEVEL, kind)
        try:
            self.session.call(call, path_args={"id": item_id}, body={"status": status})
        except NotFound as error:
            if error.status == 404:
                reason = self.explain_missing_level(kind, item_id, status)
                if reason != "not_classified":
                    raise
                if self.dialect == "reference" and self.item_level(kind, item_id, status) is None:
                    return
            raise _no_removal(call, error) from None

    def explain_missing_level(self, kind: str, item_id: str, status: str = "current") -> str:
        """Why `item_level` gave None, found with one or two further calls.

        "not_offered": the site has no data classification, or the account has no access to the site.
        "gone": no such item, or not visible. "not_classified": it is there and has no level.
        """
        try:
            self.session.call(self.LEVELS)
        except NotFound:
            return "not_offered"
        try:
            self.item(kind, item_id, status)
        except NotFound:
            return "gone"
        return "not_classified"

    def _level_or_none(self, call: Call, path_args: dict[str, object], params: dict[str, object]) -> Level | None:
        try:
            answer = self.session.call(call, path_args=path_args, params=params)
        except NotFound as error:
            if error.status == 404:
                return None
            raise
        return reading.level(answer, answer.json())

    # --- spaces -------------------------------------------------------------------------------------------------

    SPACES = confluence_call(
        "spaces", "GET", "/spaces", "list the spaces", group="space", scope=_READ_SPACE, permission=_VIEW_SPACE
    )

    def spaces(
        self,
        *,
        ids: Sequence[str] = (),
        keys: Sequence[str] = (),
        type: str = "",
        status: str = "",
        labels: Sequence[str] = (),
        sort: str = "",
    ) -> Iterator[Space]:
        """The spaces that the account may see. sort: id, key or name, with "-" in front for descending.

        More ids or keys than one request takes are asked for in parts, each of which is sorted by itself.
        """
        for some_ids in chunks(ids, MOST_IDS):
            for some_keys in chunks(keys, MOST_IDS):
                params = {"ids": some_ids, "keys": some_keys, "type": type, "status": status, "labels": labels}
                for answer, body, entry in self._results(self.SPACES, params={**params, "sort": sort}):
                    yield self._space(answer, body, entry)

    SPACE = confluence_call(
        "space", "GET", "/spaces/{id}", "read a space", group="space", scope=_READ_SPACE, permission=_VIEW_SPACE
    )

    def space(self, space_id: str) -> Space:
        """One space by its id."""
        answer = self.session.call(self.SPACE, path_args={"id": space_id})
        entry = reading.mapping(answer, answer.json())
        return self._space(answer, entry, entry)

    # --- items --------------------------------------------------------------------------------------------------

    SPACE_ITEMS = item_calls("space_{}s", "/spaces/{id}/{}", "list the {}s of a space", LISTED_KINDS)

    def space_items(self, space_id: str, kind: str, statuses: Sequence[str] = ("current",)) -> Iterator[Item]:
        """The pages or blog posts of a space that are current, archived, deleted or trashed; drafts are not."""
        params: dict[str, object] = {"status": statuses}
        if kind == "page":
            params["depth"] = "all"
        call = _of(self.SPACE_ITEMS, kind)
        for answer, body, entry in self._results(call, path_args={"id": space_id}, params=params):
            yield self._item(answer, body, entry, kind)

    DRAFTS = item_calls("{}_drafts", "/{}", "list the {} drafts", LISTED_KINDS)

    def drafts(self, kind: str, space_ids: Sequence[str] = ()) -> Iterator[Item]:
        """The drafts of pages or blog posts that the account may see, of the whole site or of some spaces.

        Atlassian does not publish this list: sites refuse it with 400, or ignore the wanted status, so that the status
        of each item has to be looked at.
        """
        for some in chunks(space_ids, MOST_SPACE_IDS):
            params = {"status": "draft", "space-id": some}
            for answer, body, entry in self._results(_of(self.DRAFTS, kind), params=params):
                yield self._item(answer, body, entry, kind)

    ITEM = item_calls("{}", "/{}/{id}", "read a {}", KINDS)

    def item(self, kind: str, item_id: str, status: str = "current") -> Item:
        """One item. Raises NotFound when it is gone, not visible, or not there in this status."""
        call = _of(self.ITEM, kind)
        _require_status(call, kind, status, ITEM_STATUSES)
        params = {"status": status, "get-draft": status == "draft" or None} if kind in LISTED_KINDS else {}
        answer = self.session.call(call, path_args={"id": item_id}, params=params)
        entry = reading.mapping(answer, answer.json())
        item = self._item(answer, entry, entry, kind)
        if item.status not in ("", status):
            raise NotFound(
                f"Atlassian was asked for a {KINDS[kind][1]} that is {status} and told of one that is {item.status}.",
                call=call.name,
                status=404,
                trace_id=answer.trace_id,
            )
        return item

    # --- people -------------------------------------------------------------------------------------------------

    NAMES = confluence_call(
        "names",
        "POST",
        "/users-bulk",
        "read the names of people",
        group="user",
        scope="read:user:confluence",
        permission=f"{_USE}, and to view user profiles",
    )

    def names(self, account_ids: Sequence[str]) -> dict[str, str]:
        """The names that people show to others, by account id; those of whom this account is not told are left out."""
        found: dict[str, str] = {}
        for some in chunks(account_ids, MOST_ACCOUNT_IDS) if account_ids else ():
            answer = self.session.call(self.NAMES, body={"accountIds": some})
            body = reading.mapping(answer, answer.json())
            for entry in reading.entries(answer, body.get("results"), "the list of people"):
                account_id = reading.required(answer, entry, "accountId")
                name = reading.text(entry.get("displayName")) or reading.text(entry.get("publicName"))
                if name:
                    found[account_id] = name
        return found

    # --- data security policies ---------------------------------------------------------------------------------

    DATA_POLICY = confluence_call(
        "data_policy",
        "GET",
        "/data-policies/metadata",
        "read whether a data security policy blocks content",
        group="data-policies",
        scope=_CONFIGURATION,
        permission="An app installed on the site",
    )

    def data_policy_blocks(self) -> bool | None:
        """Whether a data security policy hides content of the site; None where this account is not told."""
        try:
            answer = self.session.call(self.DATA_POLICY)
        except ApiError as error:
            if _not_told(error):
                return None
            raise
        blocked = reading.mapping(answer, answer.json()).get("anyContentBlocked")
        return blocked if isinstance(blocked, bool) else None

    DATA_POLICY_SPACES = confluence_call(
        "data_policy_spaces",
        "GET",
        "/data-policies/spaces",
        "read which spaces a data security policy blocks",
        group="data-policies",
        scope=_CONFIGURATION,
        permission="An app installed on the site",
    )

    def data_policy_spaces(self, ids: Sequence[str]) -> dict[str, bool]:
        """By space id, whether a policy hides content of it; spaces of which this account is not told are left out."""
        blocked: dict[str, bool] = {}
        try:
            for some in chunks(ids, MOST_IDS) if ids else ():
                for answer, _, entry in self._results(self.DATA_POLICY_SPACES, params={"ids": some}):
                    policy = reading.inner(entry.get("dataPolicy"))
                    blocked[reading.required(answer, entry, "id")] = policy.get("anyContentBlocked") is True
        except ApiError as error:
            if not _not_told(error):
                raise
        return blocked

    # --- reading answers ----------------------------------------------------------------------------------------

    def _results(
        self, call: Call, *, params: dict[str, Any], path_args: dict[str, object] | None = None
    ) -> Iterator[tuple[Answer, dict[str, Any], dict[str, Any]]]:
        asked = {**params, "limit": LARGEST_PAGE}
        for answer, body in paging.linked(self.session, call, links="_links", path_args=path_args, params=asked):
            for entry in reading.entries(answer, body.get("results"), "the list of results"):
                yield answer, body, entry

    def _space(self, answer: Answer, body: dict[str, Any], entry: dict[str, Any]) -> Space:
        return Space(
            id=reading.required(answer, entry, "id", most=LONGEST_ID),
            key=reading.text(entry.get("key")),
            name=reading.text(entry.get("name")),
            type=reading.text(entry.get("type")),
            status=reading.text(entry.get("status")),
            homepage_id=reading.text(entry.get("homepageId")),
            author_id=reading.text(entry.get("authorId")),
            created_at=reading.moment(entry.get("createdAt")),
            web_url=self._web_url(body, entry, "webui"),
        )

    def _item(self, answer: Answer, body: dict[str, Any], entry: dict[str, Any], kind: str) -> Item:
        version = reading.inner(entry.get("version"))
        return Item(
            id=reading.required(answer, entry, "id", most=LONGEST_ID),
            kind=kind,
            status=reading.text(entry.get("status")),
            title=reading.text(entry.get("title")),
            space_id=reading.text(entry.get("spaceId")),
            parent_id=reading.text(entry.get("parentId")),
            parent_type=reading.text(entry.get("parentType")),
            position=reading.whole(entry.get("position")),
            author_id=reading.text(entry.get("authorId")),
            owner_id=reading.text(entry.get("ownerId")),
            created_at=reading.moment(entry.get("createdAt")),
            version=reading.whole(version.get("number")),
            version_at=reading.moment(version.get("createdAt")),
            version_author_id=reading.text(version.get("authorId")),
            web_url=self._web_url(body, entry, "webui"),
            edit_url=self._web_url(body, entry, "editui"),
        )

    def _web_url(self, body: dict[str, Any], entry: dict[str, Any], name: str) -> str:
        """An address for people's browsers. Behind the gateway only the answer knows the site's own address."""
        path = reading.text(reading.inner(entry.get("_links")).get(name))
        if not path.startswith("/") or path.startswith("//"):
            return ""
        if not self.session.is_gateway:
            return f"{self.session.base_url}/wiki{path}"
        base = reading.text(reading.inner(body.get("_links")).get("base")).rstrip("/")
        return f"{base}{path}" if base.startswith("https://") else ""


def chunks(values: Sequence[str], most: int) -> Iterator[list[str]]:
    """The values in lists of at most `most`; one empty list when there are none, since no values ask for all."""
    for start in range(0, len(values) or 1, most):
        yield list(values[start : start + most])


def _of(calls: dict[str, Call], kind: str) -> Call:
    if kind not in KINDS:
        raise Refused(f"There is no kind of item called “{kind[:40]}”.", advice=f"Use one of {', '.join(KINDS)}.")
    if kind not in calls:
        raise Refused(f"Confluence offers no list of {KINDS[kind][0]}.", advice="Name the item by its id.")
    return calls[kind]


def _require_status(call: Call, kind: str, status: str, statuses: dict[str, tuple[str, ...]]) -> None:
    """What Confluence does not know for this kind is not asked for."""
    if status not in statuses[kind]:
        raise Refused(
            f"Confluence knows no {KINDS[kind][1]} that is {status[:20]}.",
            advice=f"Use one of {', '.join(statuses[kind])}.",
            call=call.name,
        )


def _no_removal(call: Call, error: NotFound) -> NotOffered:
    return NotOffered(
        f"Atlassian did not {call.does}: {_NO_REMOVAL}.",
        advice="Reset the level instead, so that the default of the space applies again.",
        call=call.name,
        status=error.status,
        needs=call.needs,
        trace_id=error.trace_id,
        body=error.body,
    )


def _not_told(error: ApiError) -> bool:
    """Only apps may read data policies; sites refuse accounts in any of these ways."""
    return isinstance(error, (Refused, NotFound)) or (isinstance(error, Misconfigured) and error.status == 401)
