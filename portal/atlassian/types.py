"""The dataclasses that the typed clients return; plain values, whatever the dialect of the site.

Times are aware datetimes in UTC, or None where the API left them out. Ids are strings. A text that was left out is "".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Level:
    """A classification level.

    order: 1 is the most sensitive; None where the API gives no order (a system tag of Jira).
    color: a name such as RED_BOLD, in upper case; unknown names and "" occur.
    status: DRAFT, PUBLISHED or ARCHIVED in upper case whatever the API writes; unknown words occur.
    """

    id: str
    name: str
    description: str = ""
    guideline: str = ""
    order: int | None = None
    color: str = ""
    status: str = ""

    @property
    def is_published(self) -> bool:
        """Only a published level may be applied."""
        return self.status == "PUBLISHED"


@dataclass(frozen=True, slots=True)
class Space:
    """A Confluence space. type: global, personal, …; status: current or archived; web_url: "" when unknown."""

    id: str
    key: str
    name: str
    type: str = ""
    status: str = ""
    homepage_id: str = ""
    author_id: str = ""
    created_at: datetime | None = None
    web_url: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A page, blog post, whiteboard or database.

    kind: "page", "blogpost", "whiteboard" or "database"; status: current, draft, archived, trashed, …
    parent_id, parent_type, position: only pages (and what lies in the page tree) have them.
    """

    id: str
    kind: str
    status: str
    title: str
    space_id: str = ""
    parent_id: str = ""
    parent_type: str = ""
    position: int | None = None
    author_id: str = ""
    owner_id: str = ""
    created_at: datetime | None = None
    version: int | None = None
    version_at: datetime | None = None
    version_author_id: str = ""
    web_url: str = ""
    edit_url: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A Jira project. type: software, business, service_desk, …"""

    id: str
    key: str
    name: str
    type: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """A Marketplace app as its developer space lists it; product_id is what Privacy & Security is kept under."""

    product_id: str
    app_key: str
    name: str
    developer_id: str = ""
    state: str = ""
    approval_status: str = ""
    slug: str = ""


@dataclass(frozen=True, slots=True)
class DeveloperSpace:
    """A Marketplace vendor."""

    id: str
    vendor_id: str
    name: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class TrustInfo:
    """A Privacy & Security document.

    text: exactly the JSON text that was received.
    document: the same as read by `strictjson.loads`: key order and number literals kept.
    """

    text: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventObject:
    """What an audit event is about, or where it happened (context, container). attributes: as sent."""

    id: str
    type: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of the organisation's audit log. message: plain text; "" where the organisation stores none."""

    id: str
    action: str
    time: datetime | None
    actor_id: str = ""
    actor_name: str = ""
    actor_email: str = ""
    context: tuple[EventObject, ...] = ()
    container: tuple[EventObject, ...] = ()
    ip: str = ""
    message: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class EventPage:
    """One answer of the event stream. cursor: keep it and poll again from it; "" when none was given."""

    events: tuple[AuditEvent, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class EventAction:
    """An action name that the organisation's log knows. name: what a person calls it; group: its heading."""

    id: str
    name: str = ""
    group: str = ""

    @property
    def is_about_classification(self) -> bool:
        """Names are never hard-coded: whatever mentions classification counts."""
        return "classif" in f"{self.id} {self.name}".lower()
