"""The calls that are used, as Atlassian publishes them: what may be asked, and what is answered.

Written from what is published, and read by neither the clients nor the sandbox: both are held against it. Shapes are
in the small language of `shapes.py`.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.contract.shapes import Json, Maybe, OneOf, Text

V2, JIRA, ORG, MARKET = "/wiki/api/v2", "/rest/api/3", "/admin", "/marketplace/rest/3"
NUMBER, CURSOR = Text(r"\d+"), Text(r".+")


@dataclass(frozen=True)
class Param:
    """A parameter of the query. values: what it may be; many: may be repeated; most: so many values at most."""

    values: Any = Text(r".+")
    many: bool = False
    most: int = 250


@dataclass(frozen=True)
class Published:
    """One call. body: the shapes of which it has one, or none for no body. answers: shape by status."""

    method: str
    path: str
    answers: dict[int, Any]
    params: dict[str, Param] = field(default_factory=dict)
    body: tuple[Any, ...] = ()


def limit(most: int) -> Param:
    return Param(OneOf(*map(str, range(1, most + 1))))


# --- Confluence -----------------------------------------------------------------------------------------------------

ARI = Text(r"ari:cloud:platform::classification-tag/[0-9a-f-]{36}")
COLOR = OneOf("RED", "RED_BOLD", "ORANGE", "YELLOW", "GREEN", "BLUE", "NAVY", "TEAL", "PURPLE", "GREY", "LIME")
LEVEL = {
    "id": ARI,
    "name": str,
    "description": Maybe(str),
    "guideline": Maybe(str),
    "order": int,
    "color": COLOR,
    "status": OneOf("DRAFT", "PUBLISHED", "ARCHIVED"),
}
PERSON = {
    "displayName": str,
    "timeZone": Maybe(str),
    "personalSpaceId": Maybe(str),
    "isExternalCollaborator": bool,
    "accountStatus": OneOf("active", "inactive", "closed", "unknown"),
    "accountId": str,
    "email": Maybe(str),
    "accountType": str,
    "publicName": Maybe(str),
    "profilePicture": {"path": str, "isDefault": bool},
}
ITEM = {
    "id": NUMBER,
    "title": str,
    "spaceId": NUMBER,
    "authorId": Maybe(str),
    "createdAt": Maybe(Text(r"\d{4}-\d\d-\d\dT.*")),
    "version": {"number": int, "createdAt": Text(r"\d{4}-\d\d-\d\dT.*"), "authorId": Maybe(str)},
    "_links": {"webui": str},
}
PAGE = {
    **ITEM,
    "status": OneOf("current", "archived", "draft", "trashed", "deleted", "historical"),
    "parentId": Maybe(NUMBER),
    "parentType": Maybe(OneOf("page", "whiteboard", "database", "embed", "folder")),
    "position": Maybe(int),
    "ownerId": Maybe(str),
}
POST = {**ITEM, "status": OneOf("current", "draft", "trashed", "deleted", "historical")}
TREE_ITEM = {**PAGE, "status": OneOf("current")}
SPACE = {
    "id": NUMBER,
    "key": str,
    "name": str,
    "type": OneOf("global", "collaboration", "knowledge_base", "personal"),
    "status": OneOf("current", "archived"),
    "homepageId": Maybe(NUMBER),
    "_links": {"webui": str},
}


def results(entry: Any) -> dict[str, Any]:
    return {"results": [entry], "_links": {"base": str, "next": Maybe(Text(r"/wiki/api/v2/.*"))}}


PAGING = {"limit": limit(250), "cursor": Param(CURSOR), "sort": Param()}
LISTED = {"page": ("current", "archived", "deleted", "trashed"), "blogpost": ("current", "deleted", "trashed")}
SPACES = {
    "ids": Param(NUMBER, many=True),
    "keys": Param(many=True),
    "type": Param(SPACE["type"]),
    "status": Param(SPACE["status"]),
    "labels": Param(many=True),
    **PAGING,
}


def statuses(*values: str) -> Param:
    return Param(OneOf(*values), many=True)


def items(kind: str, plural: str, shape: Any) -> list[Published]:
    listed = LISTED[kind]
    one = Param(OneOf(*listed, "draft", "historical"), many=True)
    space = {"status": statuses(*listed), "title": Param(), **PAGING}
    # A list of drafts is not published; it is asked for in the knowledge that it may be refused.
    site = {"id": Param(NUMBER, many=True), "space-id": Param(NUMBER, many=True, most=100)}
    site |= {"status": statuses(*listed, "draft"), "title": Param(), **PAGING}
    if kind == "page":
        space["depth"] = Param(OneOf("all", "root"))
    return [
        Published("GET", f"{V2}/spaces/{{id}}/{plural}", {200: results(shape)}, space),
        Published("GET", f"{V2}/{plural}", {200: results(shape)}, site),
        Published(
            "GET",
            f"{V2}/{plural}/{{id}}",
            {200: shape},
            {"status": one, "get-draft": Param(OneOf("true", "false"))},
        ),
    ]


def item_levels(plural: str, *, drafts: bool) -> list[Published]:
    path = f"{V2}/{plural}/{{id}}/classification-level"
    status = OneOf("current", "draft") if drafts else OneOf("current")
    read = {"status": Param(OneOf("current", "draft", "archived"))} if drafts else {}
    calls = [
        Published("GET", path, {200: LEVEL}, read),
        Published("PUT", path, {204: None}, body=({"id": ARI, "status": status},)),
        Published("POST", f"{path}/reset", {204: None}, body=({"status": status},)),
        # Announced, and not published any more: a site that does not know it answers 404 or 405.
        Published("DELETE", path, {204: None}, body=({"status": status},)),
    ]
    return calls


DEFAULT = f"{V2}/spaces/{{id}}/classification-level/default"
CONFLUENCE = [
    Published("GET", f"{V2}/classification-levels", {200: OneOf([LEVEL], {"classificationLevels": [LEVEL]})}),
    Published("GET", DEFAULT, {200: LEVEL}),
    Published("PUT", DEFAULT, {204: None}, body=({"id": ARI}, {"id": ARI, "status": OneOf("current")})),
    Published("DELETE", DEFAULT, {204: None}),
    Published("GET", f"{V2}/spaces", {200: results(SPACE)}, SPACES),
    Published("GET", f"{V2}/spaces/{{id}}", {200: SPACE}),
    *items("page", "pages", PAGE),
    *items("blogpost", "blogposts", POST),
    Published("GET", f"{V2}/whiteboards/{{id}}", {200: TREE_ITEM}),
    Published("GET", f"{V2}/databases/{{id}}", {200: TREE_ITEM}),
    *item_levels("pages", drafts=True),
    *item_levels("blogposts", drafts=True),
    *item_levels("whiteboards", drafts=False),
    *item_levels("databases", drafts=False),
    Published("POST", f"{V2}/users-bulk", {200: {"results": [PERSON]}}, body=({"accountIds": [str]},)),
    Published("GET", f"{V2}/data-policies/metadata", {200: {"anyContentBlocked": bool}}),
    Published(
        "GET",
        f"{V2}/data-policies/spaces",
        {200: results({"id": NUMBER, "dataPolicy": {"anyContentBlocked": bool}})},
        {"ids": Param(NUMBER, many=True), "keys": Param(many=True), **PAGING},
    ),
]

# --- Jira -----------------------------------------------------------------------------------------------------------

JIRA_LEVEL = {"id": ARI, "status": OneOf("published", "draft", "archived"), "name": Maybe(str), "rank": Maybe(int)}
PROJECT = {"id": NUMBER, "key": str, "name": str, "projectTypeKey": str, "archived": Maybe(bool)}
PROJECT_DEFAULT = f"{JIRA}/project/{{idOrKey}}/classification-level/default"
JIRA_CALLS = [
    Published(
        "GET",
        f"{JIRA}/classification-levels",
        {200: {"classifications": [JIRA_LEVEL]}},
        {
            "status": Param(OneOf("PUBLISHED", "DRAFT", "ARCHIVED"), many=True),
            "orderBy": Param(OneOf("rank", "+rank", "-rank")),
        },
    ),
    Published(
        "GET",
        f"{JIRA}/project/search",
        {200: {"values": [PROJECT], "startAt": int, "maxResults": int, "total": int, "isLast": bool}},
        {
            "startAt": Param(NUMBER),
            "maxResults": limit(50),
            "query": Param(),
            "orderBy": Param(),
            "status": Param(many=True),
        },
    ),
    Published("GET", f"{JIRA}/project/{{idOrKey}}", {200: PROJECT}),
    Published("GET", PROJECT_DEFAULT, {200: {"classification": Maybe(JIRA_LEVEL)}}),
    Published("PUT", PROJECT_DEFAULT, {204: None}, body=({"id": ARI},)),
    Published("DELETE", PROJECT_DEFAULT, {204: None}),
    Published(
        "GET",
        f"{JIRA}/project/{{idOrKey}}/classification-config",
        {
            200: {
                "classificationLevels": [JIRA_LEVEL],
                "containerOverride": str,
                "defaultClassificationLevel": Maybe(JIRA_LEVEL),
                "organizationClassificationLevel": Maybe(JIRA_LEVEL),
            }
        },
    ),
]

# --- The organisation -----------------------------------------------------------------------------------------------

ORG_LEVEL = {"levelId": str, "orgId": str, "name": str, "color": COLOR, "sensitivity": int, "status": str}
ORG_FIELDS = {"name": str, "definition": Maybe(str), "guideline": Maybe(str), "color": Maybe(COLOR)}
ORG_LEVELS, LOG = f"{ORG}/dlp/v1/orgs/{{orgId}}/classification-levels", f"{ORG}/v1/orgs/{{orgId}}"
MANY, ONE = ({"levelIds": [str]},), ({"levelId": str}, {"levelIds": [str]})
EVENT = {
    "id": str,
    "type": OneOf("events"),
    "attributes": {"time": str, "action": str, "actor": {"id": str}, "context": [{"id": str, "type": str}]},
}
EVENTS = {"data": [EVENT], "meta": {"next": Maybe(str)}, "links": {"self": str, "next": Maybe(str)}}
TIMES = {"from": Param(), "to": Param(), "limit": limit(500), "cursor": Param(CURSOR)}
ORGANIZATION = [
    Published("GET", ORG_LEVELS, {200: {"levels": [ORG_LEVEL], "links": {"next": Maybe(str)}}}),
    Published("POST", ORG_LEVELS, {202: ORG_LEVEL}, body=(ORG_FIELDS,)),
    Published("GET", f"{ORG_LEVELS}/{{levelId}}", {200: ORG_LEVEL}),
    Published("PUT", f"{ORG_LEVELS}/{{levelId}}", {200: ORG_LEVEL}, body=(ORG_FIELDS,)),
    *(
        Published("POST", f"{ORG_LEVELS}/{verb}", {202: None}, body=body)
        for verb, body in {"publish": MANY, "reorder": MANY, "archive": ONE, "restore": ONE}.items()
    ),
    # "One level", say the facts of these two, and not where its id goes.
    *(Published("POST", f"{ORG_LEVELS}/{{levelId}}/{verb}", {202: None}) for verb in ("archive", "restore")),
    Published(
        "GET",
        f"{LOG}/events",
        {200: EVENTS},
        {
            "q": Param(),
            "action": Param(many=True),
            "actor": Param(many=True),
            "product": Param(many=True),
            **TIMES,
        },
    ),
    Published("GET", f"{LOG}/events-stream", {200: EVENTS}, {"sortOrder": Param(OneOf("asc", "desc")), **TIMES}),
    Published("GET", f"{LOG}/event-actions", {200: {"data": [{"id": str}]}}),
]

# --- Marketplace ----------------------------------------------------------------------------------------------------

PRODUCT = f"{MARKET}/privacy-and-security/products/{{productId}}"
APP = {
    "productId": str,
    "appKey": str,
    "appName": str,
    "state": OneOf("PUBLIC", "PRIVATE"),
    "approvalStatus": OneOf("APPROVED", "SUBMITTED", "REJECTED", "UNINITIATED"),
}
MARKETPLACE = [
    Published("GET", PRODUCT, {200: {"commonCloud": Json()}}, {"state": Param(OneOf("live", "draft"))}),
    Published("PUT", PRODUCT, {200: None, 204: None}, body=({"commonCloud": Json(without=("properties",))},)),
    Published("DELETE", PRODUCT, {200: None, 204: None}),
    Published("POST", f"{PRODUCT}/publish", {200: Json(), 202: None, 204: None}),
    Published(
        "GET",
        f"{MARKET}/product-listing/developer-space/{{developerId}}",
        {200: {"items": [APP], "links": {"self": Maybe(str), "next": Maybe(str)}}},
        {"limit": limit(50), "cursor": Param(CURSOR), "includePrivate": Param(OneOf("true", "false"))},
    ),
    Published(
        "GET",
        f"{MARKET}/developer-space/{{developerId}}",
        {200: {"id": str, "vendorId": Maybe(str), "name": str, "status": Maybe(str)}},
    ),
]
PUBLISHED = [*CONFLUENCE, *JIRA_CALLS, *ORGANIZATION, *MARKETPLACE]
