"""What the apps register with the portal: capabilities, roles, system actors, navigation, audit labels, sweepers.

Apps add their own rows in `AppConfig.ready()`; the portal never imports an app.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass
class Role:
    """A named set of capabilities, granted per connection. `kinds`: the kinds of connection it makes sense on."""

    key: str
    label: str
    description: str
    kinds: tuple[str, ...]
    capabilities: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class NavItem:
    """One line of the left navigation, for people with `capability` on a connection of one of `kinds`.

    In NAV it stands for the connection that is open, in GENERAL_NAV for all of them together.
    """

    label: str
    icon: str
    url_name: str
    kinds: tuple[str, ...]
    capability: str
    order: int = 50


ALL_KINDS = ("site", "organization", "marketplace")

#: What each capability allows, in the words that a refusal uses: "You may not {…} here."
CAPABILITIES: dict[str, str] = {
    "connection.view": "see this connection",
    "connection.manage": "change this connection, its token and its rights",
    "activity.view": "see the activity",
}

ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        Role(
            "viewer",
            "Viewer",
            "Sees everything on the connection and changes nothing.",
            ALL_KINDS,
            {"connection.view", "activity.view"},
        ),
        Role(
            "connection_admin",
            "Connection admin",
            "Changes the address, the token and access.",
            ALL_KINDS,
            {"connection.view", "activity.view", "connection.manage"},
        ),
    )
}


@dataclass
class SystemActor:
    """A part of Trustdesk that acts by itself, and all that it may do. Its label stands in the activity."""

    label: str
    capabilities: set[str] = field(default_factory=set)


SYSTEM_ACTORS: dict[str, SystemActor] = {
    #: The sweepers of the worker, which finish what a process that died left behind.
    "sweep": SystemActor("Trustdesk (worker)"),
    #: Tests the connections of the embedded demo, and fills its pages.
    "demo": SystemActor("Trustdesk (demo)", {"connection.manage"}),
    #: Whoever tries to sign in and does not get in.
    "stranger": SystemActor("Not signed in"),
}

NAV: list[NavItem] = []
GENERAL_NAV: list[NavItem] = []

#: Audit action -> what happened, in words: "item.level.set" -> "Set the level". Filled by `add_audit_actions`.
AUDIT_ACTIONS: dict[str, str] = {}

#: The name of an action in entries that are older -> its name today. A recorded name stays: the hashes cover it.
EARLIER_ACTIONS: dict[str, str] = {}

#: The subjects by which the activity groups actions -> the actions of each.
AUDIT_SUBJECTS: dict[str, list[str]] = {}


@dataclass(frozen=True)
class TargetPage:
    """Where the target of an audit entry is shown. place: the name of what it is in, as a space."""

    url: str
    place: str = ""


#: Type of an audit target -> the capability that its page needs, and what finds the pages: entries -> id of an entry ->
#: page. However many entries there are, the number of queries is the same.
AUDIT_TARGETS: dict[str, tuple[str, Callable[..., dict[int, TargetPage]]]] = {}


@dataclass
class AuditChanges:
    """What one entry of the activity changed: lines of (what, before, after, or a note in their place), and how many
    more there are than those."""

    lines: list[tuple[str, object, object, str]] = field(default_factory=list)
    more: int = 0


#: Audit action -> reads what its entries changed from rows that they refer to. Called with the entries of a page and
#: the actor who looks, it returns what that actor may see: entry id -> changes.
AUDIT_CHANGES: dict[str, Callable[..., dict[int, AuditChanges]]] = {}

#: Each is called by the worker every few seconds and hands lost work out again; it returns how many it handed out.
SWEEPERS: list[Callable[[], int]] = []


@dataclass(frozen=True)
class ToDo:
    """Something that waits for the person who looks at the home page. rank: see `Rank`; text names what to do."""

    rank: int
    text: str
    url: str
    where: str


class Rank:
    """The order of the to-do list: what is most urgent first."""

    ALERT, FAILED, REVIEW, CHANGES, PUBLISH, UNSAVED, SCAN, CLASSIFY, TEST = range(9)


@dataclass(frozen=True)
class HomePart:
    """What an app says on the home page.

    lines     connection id -> [(label, value, address or ""), …], the row of that connection
    to_dos    what waits for this person
    segments  {"label", "color", "count"}: counts by level over all sites
    """

    lines: dict[int, list[tuple[str, str, str]]]
    to_dos: list[ToDo] = field(default_factory=list)
    segments: list[dict[str, object]] = field(default_factory=list)


#: Each is given the actor and all connections of the home page, and says its part in a fixed number of queries.
HOME_PARTS: list[Callable[..., HomePart]] = []

#: Each says whether an app holds anything that was read through a connection.
HOLDINGS: list[Callable[..., bool]] = []

#: Each is called with a connection of the demo once it is made, to fill its pages.
DEMO_STEPS: list[Callable[..., None]] = []


def add_capabilities(labels: dict[str, str], *, to: dict[str, tuple[str, ...]]) -> None:
    """Register capabilities with their words, and the existing roles (role key -> capabilities) that get them."""
    CAPABILITIES.update(labels)
    for role, capabilities in to.items():
        ROLES[role].capabilities.update(capabilities)


def add_role(role: Role) -> None:
    """Register a role; the order of registration is the order on the page."""
    ROLES[role.key] = role


def role_label(key: str) -> str:
    """A role in words; a role that no longer exists goes by its key."""
    return ROLES[key].label if key in ROLES else key


def action_label(action: str) -> str:
    """What happened, in words; an action that nobody registered goes by its name."""
    return AUDIT_ACTIONS.get(EARLIER_ACTIONS.get(action, action), action)


def earlier_names(actions: Iterable[str]) -> list[str]:
    """The names that these actions have in older entries."""
    return [earlier for earlier, action in EARLIER_ACTIONS.items() if action in set(actions)]


def add_audit_actions(subject: str, labels: dict[str, str]) -> None:
    """Register actions of the audit trail with their words, under a subject of the filter: "Levels"."""
    AUDIT_ACTIONS.update(labels)
    AUDIT_SUBJECTS.setdefault(subject, []).extend(labels)


add_audit_actions(
    "Connections",
    {
        "connection.added": "Added the connection",
        "connection.changed": "Changed the connection",
        "connection.removed": "Removed the connection",
        "connection.checked": "Tested the connection",
    },
)
add_audit_actions(
    "People",
    {
        "grant.added": "Added a role",
        "grant.removed": "Removed a role",
        "person.added": "Added a person",
        "person.changed": "Changed a person",
        "person.password_link": "Created a password link",
        "person.second_factor_removed": "Removed a second factor",
    },
)
add_audit_actions(
    "Sign-in",
    {
        "sign_in": "Signed in",
        "sign_in.failed": "Failed to sign in",
        "sign_in.wrong_code": "Entered a wrong second factor",
        "sign_out": "Signed out",
        "sign_out.others": "Signed out other sessions",
        "password.changed": "Changed their password",
        "password.reset": "Chose a new password with a link",
        "second_factor.added": "Added a second factor",
        "second_factor.removed": "Removed their second factor",
        "second_factor.reset": "Created new recovery codes",
        "second_factor.recovery_code_used": "Used a recovery code",
    },
)
add_audit_actions("System", {"keys.rotated": "Re-encrypted the stored secrets", "demo.made": "Created the demo"})
