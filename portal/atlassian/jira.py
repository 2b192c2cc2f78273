"""The typed client of Jira Cloud REST v3: levels, projects, and the default level of a project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from portal.atlassian import paging, reading
from portal.atlassian.errors import ApiError, Misconfigured, NotFound, Refused
from portal.atlassian.http import ApiSession
from portal.atlassian.messages import Answer, Call
from portal.atlassian.types import Level, Project

LARGEST_PAGE = 50

_BROWSE = "Permission to browse the project"
_ADMINISTER = "Permission to administer the project"
_DEFAULT = "/project/{idOrKey}/classification-level/default"


def _call(name: str, method: str, path: str, does: str, *, group: str, scope: str, permission: str) -> Call:
    anchor = path.replace("{", "").replace("}", "").replace("/", "-").replace("idOrKey", "projectidorkey")
    return Call(
        name=f"jira.{name}",
        method=method,
        path=f"/rest/api/3{path}",
        does=does,
        scope=scope,
        permission=permission,
        idempotent=True,
        doc=(
            f"https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-{group}/"
            f"#api-rest-api-3{anchor}-{method.lower()}"
        ),
        product="jira",
    )


class JiraClient:
    """Reads and changes the classification of the projects of one Jira site; see `errors.py` for what is raised."""

    def __init__(self, session: ApiSession) -> None:
        self.session = session

    LEVELS = _call(
        "levels",
        "GET",
        "/classification-levels",
        "list Jira's classification levels",
        group="classification-levels",
        scope="read:jira-work",
        permission="Permission to access the Jira site",
    )

    def levels(self, *, status: str = "") -> list[Level]:
        """The levels by rank, the most sensitive first. status: DRAFT, PUBLISHED or ARCHIVED; "" for all."""
        answer = self.session.call(self.LEVELS, params={"status": status, "orderBy": "rank"})
        body = reading.mapping(answer, answer.json())
        found = reading.entries(answer, body.get("classifications"), "the list of levels")
        return [reading.level(answer, entry) for entry in found]

    PROJECTS = _call(
        "projects",
        "GET",
        "/project/search",
        "list the projects",
        group="projects",
        scope="read:jira-work",
        permission=_BROWSE,
    )

    def projects(self, *, query: str = "", order_by: str = "") -> Iterator[Project]:
        """The projects that the account may see. query: part of a name or key; order_by: "key", "-name", …"""
        params = {"query": query, "orderBy": order_by}
        for answer, body in paging.counted(self.session, self.PROJECTS, params=params, size=LARGEST_PAGE):
            for entry in reading.entries(answer, body.get("values"), "the list of projects"):
                yield _project(answer, entry)

    PROJECT = _call(
        "project",
        "GET",
        "/project/{idOrKey}",
        "read a project",
        group="projects",
        scope="read:jira-work",
        permission=_BROWSE,
    )

    def project(self, id_or_key: str) -> Project:
        """One project by its id or key."""
        answer = self.session.call(self.PROJECT, path_args={"idOrKey": id_or_key})
        return _project(answer, reading.mapping(answer, answer.json()))

    PROJECT_DEFAULT = _call(
        "project_default",
        "GET",
        _DEFAULT,
        "read the default classification level of a project",
        group="project-classification-levels",
        scope="read:jira-work",
        permission=_BROWSE,
    )

    def project_default(self, id_or_key: str) -> Level | None:
        """The default level; None when none is set. Raises NotFound when there is no such project."""
        answer = self._project_call(self.PROJECT_DEFAULT, id_or_key)
        found = reading.mapping(answer, answer.json()).get("classification")
        return reading.level(answer, found) if found else None

    SET_PROJECT_DEFAULT = _call(
        "set_project_default",
        "PUT",
        _DEFAULT,
        "set the default classification level of a project",
        group="project-classification-levels",
        scope="manage:jira-project",
        permission=_ADMINISTER,
    )

    def set_project_default(self, id_or_key: str, level_id: str) -> None:
        """Give a project a default level."""
        self._project_call(self.SET_PROJECT_DEFAULT, id_or_key, body={"id": level_id})

    CLEAR_PROJECT_DEFAULT = _call(
        "clear_project_default",
        "DELETE",
        _DEFAULT,
        "clear the default classification level of a project",
        group="project-classification-levels",
        scope="manage:jira-project",
        permission=_ADMINISTER,
    )

    def clear_project_default(self, id_or_key: str) -> None:
        """Take the default level away from a project."""
        self._project_call(self.CLEAR_PROJECT_DEFAULT, id_or_key)

    PROJECT_CONFIG = _call(
        "project_config",
        "GET",
        "/project/{idOrKey}/classification-config",
        "read the classification settings of a project",
        group="project-classification-levels",
        scope="read:jira-work",
        permission=_BROWSE,
    )

    def project_config(self, id_or_key: str) -> dict[str, Any] | None:
        """The settings as Jira sends them, with the permitted levels; None where this is not offered."""
        try:
            answer = self._project_call(self.PROJECT_CONFIG, id_or_key)
        except NotFound:
            return None
        return reading.mapping(answer, answer.json())

    def _project_call(self, call: Call, id_or_key: str, *, body: object = None) -> Answer:
        """Jira says 401 also where the account is right and only the permission on this project is missing."""
        try:
            return self.session.call(call, path_args={"idOrKey": id_or_key}, body=body)
        except Misconfigured as error:
            if error.status != 401 or not self._account_works():
                raise
            refusal = _missing_permission(call, error)
        raise refusal

    def _account_works(self) -> bool:
        with suppress(ApiError):
            self.session.call(self.PROJECTS, params={"maxResults": 1})
            return True
        return False


def _missing_permission(call: Call, error: ApiError) -> Refused:
    words = error.message.partition(": ")[2]
    return Refused(
        f"Atlassian refused to {call.does} (status 401)" + (f": {words}" if words else "."),
        advice="Ask somebody who administers the project, or let this account administer it.",
        call=call.name,
        status=401,
        needs=call.needs,
        trace_id=error.trace_id,
        body=error.body,
    )


def _project(answer: Answer, entry: dict[str, Any]) -> Project:
    return Project(
        id=reading.required(answer, entry, "id", most=64),
        key=reading.text(entry.get("key")),
        name=reading.text(entry.get("name")),
        type=reading.text(entry.get("projectTypeKey")),
        archived=entry.get("archived") is True,
    )
