"""The sandbox's fixed names: hosts, ids, accounts and levels that the demo, the tests and the documentation rely on."""

from dataclasses import dataclass

ACME = "example-acme.atlassian.net"
GLOBEX = "example-globex.atlassian.net"
API_HOST = "api.atlassian.com"
SITES = {
    ACME: "11111111-ac3e-4000-8000-000000000001",
    GLOBEX: "22222222-610b-4000-8000-000000000002",
}
"""Host of each site -> its cloud id, as used in `/ex/confluence/{cloudId}/…`."""

ORG_ID = "7c1e4b52-0000-4000-8000-00000000a11c"
DEVELOPER_ID = "d3b0a5e1-0000-4000-8000-00000000d00d"

LEVEL_ARI = "ari:cloud:platform::classification-tag/"
LEVEL_COLORS = (
    "RED",
    "RED_BOLD",
    "ORANGE",
    "YELLOW",
    "GREEN",
    "BLUE",
    "NAVY",
    "TEAL",
    "PURPLE",
    "GREY",
    "LIME",
)

NONE, VIEW, EDIT, ADMIN = 0, 1, 2, 3
"""What an account may do with a space, a project or a developer space; each includes the ones before."""


@dataclass(frozen=True)
class Account:
    """A person who can sign in to the sandbox; the token belongs to nobody and nothing real."""

    email: str
    token: str
    account_id: str
    name: str
    org_admin: bool = False
    partner: bool = False
    default_right: int = VIEW


ACCOUNTS = (
    Account(
        "admin@example.com",
        "sandbox-admin-token",
        "712020:00000000-0000-4000-8000-0000000000a1",
        "Ada Admin",
        org_admin=True,
        partner=True,
        default_right=ADMIN,
    ),
    Account(
        "editor@example.com",
        "sandbox-editor-token",
        "712020:00000000-0000-4000-8000-0000000000e1",
        "Edith Editor",
    ),
    Account(
        "viewer@example.com",
        "sandbox-viewer-token",
        "712020:00000000-0000-4000-8000-0000000000f1",
        "Victor Viewer",
    ),
)
STRANGER_ID = "712020:00000000-0000-4000-8000-0000000000c1"
STRANGER_EMAIL = "stranger@example.com"
"""Who changes things "meanwhile"; has no token."""

DIALECTS = ("current", "reference")
DRAFT_LISTS = ("refuse", "list", "ignore")
KINDS = ("page", "blogpost", "whiteboard", "database")
