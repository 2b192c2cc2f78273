"""The typed client of organisation administration: the levels of the whole organisation, and its audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from portal.atlassian import paging, reading
from portal.atlassian.http import ApiSession
from portal.atlassian.messages import Answer, Call
from portal.atlassian.types import AuditEvent, EventAction, EventObject, EventPage, Level

LARGEST_PAGE = 100

_ADMIN = "An API key of an organisation admin"
_READ, _WRITE = "read:classification-levels:admin", "write:classification-levels:admin"
_LEVELS = "/admin/dlp/v1/orgs/{orgId}/classification-levels"
_EVENTS = "/admin/v1/orgs/{orgId}/events"


def _level_call(name: str, method: str, end: str, does: str, *, idempotent: bool = True) -> Call:
    anchor = f"/v1/orgs/orgId/classification-levels{end}".replace("{", "").replace("}", "").replace("/", "-").lower()
    return Call(
        name=f"organization.{name}",
        method=method,
        path=_LEVELS + end,
        does=does,
        scope=_READ if method == "GET" else _WRITE,
        permission=_ADMIN,
        idempotent=idempotent,
        doc=(
            "https://developer.atlassian.com/cloud/admin/dlp/rest/api-group-classification-level/"
            f"#api{anchor}-{method.lower()}"
        ),
    )


def _event_call(name: str, end: str, does: str) -> Call:
    anchor = f"/v1/orgs/orgId/event{end}".replace("/", "-").lower()
    return Call(
        name=f"organization.{name}",
        method="GET",
        path=f"/admin/v1/orgs/{{orgId}}/event{end}",
        does=does,
        scope="read:events:admin",
        permission=_ADMIN,
        idempotent=True,
        doc=f"https://developer.atlassian.com/cloud/admin/organization/rest/api-group-events/#api{anchor}-get",
    )


class OrganizationClient:
    """Reads and changes the levels of one organisation and reads its audit log; see `errors.py` for what is raised.

    Misconfigured with status 402 means that the organisation has not paid for data classification.
    """

    def __init__(self, session: ApiSession, org_id: str) -> None:
        self.session = session
        self.org_id = org_id

    LEVELS = _level_call("levels", "GET", "", "list the organisation's classification levels")

    def levels(self) -> list[Level]:
        """All levels in all three states. An id here is the last part of the id that Confluence and Jira use."""
        pages = paging.linked(self.session, self.LEVELS, links="links", path_args={"orgId": self.org_id})
        return [
            reading.level(answer, entry)
            for answer, body in pages
            for entry in reading.entries(answer, body.get("levels"), "the list of levels")
        ]

    CREATE_LEVEL = _level_call("create_level", "POST", "", "create a classification level", idempotent=False)

    def create_level(self, *, name: str, definition: str = "", guideline: str = "", color: str = "") -> Level | None:
        """Create a level as DRAFT; None when Atlassian has only taken note and does not show it yet."""
        fields = {"name": name, "definition": definition, "guideline": guideline, "color": color}
        answer = self._call(self.CREATE_LEVEL, body={key: value for key, value in fields.items() if value})
        return _level_if_shown(answer)

    LEVEL = _level_call("level", "GET", "/{levelId}", "read a classification level")

    def level(self, level_id: str) -> Level:
        """One level by its id."""
        answer = self._call(self.LEVEL, level_id)
        return reading.level(answer, answer.json())

    EDIT_LEVEL = _level_call("edit_level", "PUT", "/{levelId}", "edit a classification level")

    def edit_level(
        self,
        level_id: str,
        *,
        name: str,
        definition: str | None = None,
        guideline: str | None = None,
        color: str | None = None,
    ) -> Level | None:
        """Change the fields that are given; the level as it is then when Atlassian shows it, else None."""
        fields = {"name": name, "definition": definition, "guideline": guideline, "color": color}
        body = {key: value for key, value in fields.items() if value is not None}
        return _level_if_shown(self._call(self.EDIT_LEVEL, level_id, body=body))

    PUBLISH_LEVELS = _level_call(
        "publish_levels", "POST", "/publish", "publish classification levels", idempotent=False
    )

    def publish_levels(self, level_ids: Sequence[str]) -> None:
        """Let people use these levels from now on."""
        self._call(self.PUBLISH_LEVELS, body={"levelIds": list(level_ids)})

    ARCHIVE_LEVEL = _level_call("archive_level", "POST", "/archive", "archive a classification level", idempotent=False)

    def archive_level(self, level_id: str) -> None:
        """Take a level out of use: what carries it becomes unclassified or falls to its default.

        Raises Refused while a rule, a policy or the organisation's default uses it.
        """
        self._call(self.ARCHIVE_LEVEL, body={"levelId": level_id})

    RESTORE_LEVEL = _level_call("restore_level", "POST", "/restore", "restore a classification level", idempotent=False)

    def restore_level(self, level_id: str) -> None:
        """Bring an archived level back as DRAFT; content regains it once it is published again."""
        self._call(self.RESTORE_LEVEL, body={"levelId": level_id})

    REORDER_LEVELS = _level_call(
        "reorder_levels", "POST", "/reorder", "reorder the classification levels", idempotent=False
    )

    def reorder_levels(self, level_ids: Sequence[str]) -> None:
        """Give all levels their order: every level id, the most sensitive first."""
        self._call(self.REORDER_LEVELS, body={"levelIds": list(level_ids)})

    # --- the audit log ------------------------------------------------------------------------------------------

    EVENTS = _event_call("events", "s", "search the audit log")

    def events(
        self,
        *,
        q: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        actions: Sequence[str] = (),
        actors: Sequence[str] = (),
        products: Sequence[str] = (),
        limit: int = LARGEST_PAGE,
    ) -> Iterator[AuditEvent]:
        """Events that match, newest first. Atlassian answers 10 requests of this a minute and keeps 180 days."""
        params = {
            "q": q,
            "from": _milliseconds(since),
            "to": _milliseconds(until),
            "action": actions,
            "actor": actors,
            "product": products,
            "limit": limit,
        }
        args = {"orgId": self.org_id}
        for answer, body in paging.linked(self.session, self.EVENTS, links="links", path_args=args, params=params):
            yield from _events(answer, body)

    EVENTS_STREAM = _event_call("events_stream", "s-stream", "poll the audit log")

    def events_stream(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str = "",
        limit: int = LARGEST_PAGE,
        ascending: bool = True,
    ) -> Iterator[EventPage]:
        """All events by time, page by page, up to the last. Keep the last page's cursor to go on from it later."""
        params: dict[str, object] = {
            "from": _milliseconds(since),
            "to": _milliseconds(until),
            "limit": limit,
            "sortOrder": "asc" if ascending else "desc",
        }
        seen = {cursor}
        for _ in range(paging.MAX_PAGES):
            answer = self._call(self.EVENTS_STREAM, params={**params, "cursor": cursor})
            body = reading.mapping(answer, answer.json())
            events = tuple(_events(answer, body))
            following = reading.text(paging.next_params(answer, body, "links").get("cursor"))
            yield EventPage(events, following or cursor)
            # Without an end of its own the stream always names a next cursor; a page that is not full is the last.
            if not following or following in seen or len(events) < limit:
                return
            seen.add(following)
            cursor = following
        raise answer.unusable(f"it has more than {paging.MAX_PAGES} pages")

    EVENT_ACTIONS = _event_call("event_actions", "-actions", "list the actions of the audit log")

    def event_actions(self) -> list[EventAction]:
        """The exact action names that the log of this organisation knows."""
        args = {"orgId": self.org_id}
        return [
            _action(answer, entry)
            for answer, body in paging.linked(self.session, self.EVENT_ACTIONS, links="links", path_args=args)
            for entry in reading.entries(answer, body.get("data"), "the list of actions")
        ]

    def _call(
        self, call: Call, level_id: str = "", *, params: dict[str, object] | None = None, body: object = None
    ) -> Answer:
        args: dict[str, object] = {"orgId": self.org_id}
        if "{levelId}" in call.path:
            args["levelId"] = level_id
        return self.session.call(call, path_args=args, params=params, body=body)


def _level_if_shown(answer: Answer) -> Level | None:
    found = reading.inner(answer.json()) if answer.text.strip() else {}
    return reading.level(answer, found) if found.get("levelId") or found.get("id") else None


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _events(answer: Answer, body: dict[str, Any]) -> Iterator[AuditEvent]:
    for entry in reading.entries(answer, body.get("data"), "the list of events"):
        attributes = reading.inner(entry.get("attributes"))
        actor = reading.inner(attributes.get("actor"))
        message = entry.get("message") or attributes.get("message")
        yield AuditEvent(
            id=reading.required(answer, entry, "id"),
            action=reading.text(attributes.get("action")),
            time=reading.moment(attributes.get("time")),
            actor_id=reading.text(actor.get("id")),
            actor_name=reading.text(actor.get("name")),
            actor_email=reading.text(actor.get("email")),
            context=_objects(attributes.get("context")),
            container=_objects(attributes.get("container")),
            ip=reading.text(reading.inner(attributes.get("location")).get("ip")),
            message=reading.text(reading.inner(message).get("content")) or reading.text(message),
            url=reading.text(reading.inner(entry.get("links")).get("self")),
        )


def _objects(value: Any) -> tuple[EventObject, ...]:
    found = value if isinstance(value, list) else []
    return tuple(
        EventObject(
            id=reading.text(item.get("id")),
            type=reading.text(item.get("type")),
            attributes=reading.inner(item.get("attributes")),
        )
        for item in map(reading.inner, found)
    )


def _action(answer: Answer, entry: dict[str, Any]) -> EventAction:
    attributes = reading.inner(entry.get("attributes"))
    return EventAction(
        id=reading.required(answer, entry, "id"),
        name=reading.text(attributes.get("displayName")) or reading.text(entry.get("displayName")),
        group=reading.text(attributes.get("groupDisplayName")) or reading.text(entry.get("groupDisplayName")),
    )
