"""The embedded demo: connections to the sandbox and people with different rights. Only ever with SANDBOX on."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q

from portal import registry
from portal.access import Actor, require_administrator
from portal.audit.record import record_action
from portal.connections import connection_test
from portal.models import AuditEntry, Connection, Grant, User

PASSWORD = "trustdesk-demo"  # noqa: S105 - shown on the sign-in page of the sandbox, and made only there
PEOPLE = [
    {
        "email": "alice@example.com",
        "name": "Alice",
        "password": PASSWORD,
        "what": "Administrator. Sets levels and defaults; edits and publishes privacy drafts.",
        "roles": ["connection_admin", "classification_manager", "privacy_editor", "publisher"],
    },
    {
        "email": "bob@example.com",
        "name": "Bob",
        "password": PASSWORD,
        "what": "Sets levels of pages; signs off privacy drafts for legal and security.",
        "roles": ["classifier", "legal_reviewer", "security_reviewer"],
    },
    {
        "email": "charlie@example.com",
        "name": "Charlie",
        "password": PASSWORD,
        "what": "Looks at everything and changes nothing.",
        "roles": ["viewer"],
    },
]


def make(*, actor: Actor) -> dict:
    """Make the demo, once: what people change or remove in it afterwards stays as they left it.

    Returns {"people", "connections", "new"}. Raises PermissionDenied; only administrators may.
    """
    require_administrator(actor)
    if not settings.SANDBOX:
        raise ImproperlyConfigured("The demo is for the embedded sandbox. Set SANDBOX=True to use it.")
    from sandbox.seed import ensure_seeded
    from sandbox.state import default_state

    ensure_seeded(default_state())
    new = not AuditEntry.objects.filter(action="demo.made").exists()
    if new:
        with transaction.atomic():
            made = _make()
            record_action(actor=actor, action="demo.made", detail=f"{len(made)} connections, {len(PEOPLE)} people")
        for connection in made:
            connection_test.check(actor=Actor.system("demo"), connection=connection)
            for step in registry.DEMO_STEPS:
                step(connection)
    return {
        "people": [{"email": facts["email"], "password": PASSWORD, "what": facts["what"]} for facts in PEOPLE],
        "connections": [connection.name for connection in Connection.objects.all()],
        "new": new,
    }


def _make() -> list[Connection]:
    people = [_person(facts) for facts in PEOPLE]
    made = [connection for facts in _connections() if (connection := _connection(facts)) is not None]
    for connection in made:
        for person, facts in zip(people, PEOPLE, strict=True):
            roles = [role for role in facts["roles"] if connection.kind in registry.ROLES[role].kinds]
            for role in roles or ["viewer"]:
                Grant.objects.create(connection=connection, user=person, role=role)
    return made


def _person(facts: dict) -> User:
    user = User.objects.filter(email=facts["email"]).first()
    if user is None:
        user = User.objects.create_user(
            facts["email"], PASSWORD, name=facts["name"], is_superuser="connection_admin" in facts["roles"]
        )
    return user


def _connections() -> list[dict]:
    from sandbox.names import ACCOUNTS, DEVELOPER_ID, ORG_ID

    admin = ACCOUNTS[0]
    site = {"kind": Connection.Kind.SITE, "email": admin.email, "token": admin.token}
    return [
        {**site, "name": "Acme", "slug": "acme", "url": "https://example-acme.atlassian.net"},
        {**site, "name": "Globex", "slug": "globex", "url": "https://example-globex.atlassian.net"},
        {
            "kind": Connection.Kind.ORGANIZATION,
            "name": "Example organisation",
            "slug": "example-organisation",
            "url": "https://api.atlassian.com",
            "org_id": ORG_ID,
            "token": admin.token,
        },
        {
            "kind": Connection.Kind.MARKETPLACE,
            "name": "Example apps",
            "slug": "example-apps",
            "url": "https://api.atlassian.com/marketplace",
            "developer_id": DEVELOPER_ID,
            "email": admin.email,
            "token": admin.token,
        },
    ]


def _connection(facts: dict) -> Connection | None:
    """The new connection, or None where somebody has one of this name already."""
    if Connection.objects.filter(Q(slug=facts["slug"]) | Q(name=facts["name"])).exists():
        return None
    token = facts.pop("token")
    connection = Connection(**facts)
    connection.keep_token(token)
    connection.save()
    return connection
