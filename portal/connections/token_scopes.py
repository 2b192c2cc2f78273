"""Which scopes the token of a connection needs, from the calls that are made with it (`portal.atlassian.calls`)."""

from portal.atlassian.calls import CALLS
from portal.models import Connection

#: The clients know these calls and no page makes them yet, so nobody is asked for their scopes.
NOT_USED_YET = frozenset(
    {
        *("read:whiteboard:confluence", "write:whiteboard:confluence"),
        *("read:database:confluence", "write:database:confluence"),
        "write:classification-levels:admin",
    }
)
CLIENTS_OF = {
    Connection.Kind.SITE: ("confluence", "jira"),
    Connection.Kind.ORGANIZATION: ("organization",),
    Connection.Kind.MARKETPLACE: ("marketplace",),
}


def token_scopes(kind: str) -> tuple[list[str], list[str]]:
    """What a token needs to read, and what it needs in addition to change anything; sorted names of OAuth scopes."""
    reading: set[str] = set()
    all_of_them: set[str] = set()
    for name, call in CALLS.items():
        if name.partition(".")[0] in CLIENTS_OF[Connection.Kind(kind)]:
            scopes = set(call.scope.split()) - NOT_USED_YET
            all_of_them |= scopes
            reading |= {scope for scope in scopes if scope.startswith("read:")}
    return sorted(reading), sorted(all_of_them - reading)
