"""What every test stands on: a database, a sandbox of its own, and Alice, Bob and Charlie."""

import functools
import gc
import logging
import os
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.test import Client, override_settings

from portal.access import Actor
from portal.connections import clients
from portal.models import AuditHead, Connection, Grant, User
from sandbox import transport
from sandbox.names import ACCOUNTS, DEVELOPER_ID, ORG_ID
from sandbox.seed import ensure_seeded
from sandbox.state import State, state_at
from tests import prepared
from tests.contract.watching import Watch

# How long an example takes depends on the machine, so no test fails for it. CI tries the same examples every time: a
# change is judged by what it changed, and new examples are found where people work.
hypothesis.settings.register_profile("work", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("work"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "work")

ADMIN, EDITOR, VIEWER = ACCOUNTS[:3]
PASSWORD = "correct horse battery"


def pytest_collection_finish() -> None:
    """What was imported and collected stays for good, so the garbage collector need not go through it over and over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@receiver(post_migrate)
def the_activity_begins_anew_after_a_flush(sender, **kwargs) -> None:
    """Tests of several threads empty all tables, and with them the row that a migration made."""
    if sender.name == "portal":
        AuditHead.objects.get_or_create(pk=1)


@pytest.fixture(scope="session", autouse=True)
def _calls_are_not_written_to_the_terminal():
    """Every call to Atlassian is logged; pytest keeps the lines, and writing them out as well takes its time."""
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def seeded_sandbox(tmp_path_factory) -> State:
    """The full sandbox, seeded once; tests get copies of it."""
    state = State(tmp_path_factory.mktemp("seed") / "sandbox.sqlite3")
    ensure_seeded(state)
    return state


@pytest.fixture
def sandbox(seeded_sandbox, tmp_path: Path, settings) -> State:
    """A fresh sandbox for this test; every connection made here speaks to it."""
    settings.DATA_DIR = tmp_path
    seeded_sandbox.copy_to(tmp_path / "sandbox.sqlite3").close()
    state = state_at(tmp_path / "sandbox.sqlite3")
    clients.forget_sessions()
    yield state
    clients.forget_sessions()
    state.close()


@pytest.fixture
def prepare(db, sandbox):
    """prepare("scanned site", build) has done what `build` does, quicker from the second time on."""
    return functools.partial(prepared.prepare, state=sandbox)


@pytest.fixture
def undone(db, sandbox):
    """`with undone():` for what one example does."""
    return functools.partial(prepared.undone, sandbox)


@pytest.fixture(autouse=True)
def _as_published(request, monkeypatch):
    """Requests and answers that go over the sandbox's transport have to be as Atlassian publishes them.

    Marked `raw_requests`, a test may send what is wrong, as long as the sandbox refuses it; marked `unpublished`, it
    is left alone.
    """
    watch = Watch(lenient=request.node.get_closest_marker("raw_requests") is not None)
    monkeypatch.setattr(transport, "handle", watch.handle)
    yield
    assert not watch.violations or request.node.get_closest_marker("unpublished"), "\n".join(watch.violations[:10])


@pytest.fixture(scope="session", autouse=True)
def _quick_settings():
    quick = {
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        # Tests that are about the threads turn them on, with a database that other threads can see.
        "REMOTE_THREADS": 0,
        "TASKS": {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}},
        "WHITENOISE_USE_FINDERS": False,  # each test client would look for all static files
        "STORAGES": {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    }
    with override_settings(**quick):
        yield


def _person(name: str, **fields) -> User:
    return User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.title(), **fields)


@pytest.fixture
def alice(db) -> User:
    return _person("alice")


@pytest.fixture
def bob(db) -> User:
    return _person("bob")


@pytest.fixture
def charlie(db) -> User:
    return _person("charlie")


@pytest.fixture
def administrator(db) -> User:
    return _person("administrator", is_superuser=True)


@pytest.fixture
def operator() -> Actor:
    return Actor.command_line()


@pytest.fixture
def grant():
    """grant(user, connection, "role", …) gives roles; the person's cached rights are dropped."""

    def give(user: User, connection: Connection, *roles: str) -> None:
        for role in roles:
            Grant.objects.create(user=user, connection=connection, role=role)
        user.__dict__.pop("_roles_by_connection", None)

    return give


@pytest.fixture
def client_for():
    """client_for(user) is a browser in which this person is signed in; headers={"HX-Request": "true"} acts as htmx."""

    def sign_in(user: User, *, htmx: bool = False) -> Client:
        client = Client(headers={"HX-Request": "true"} if htmx else {})
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


def make_connection(name: str, *, account=ADMIN, **fields) -> Connection:
    values = {"kind": "site", "url": "https://example-acme.atlassian.net", "email": account.email, **fields}
    connection = Connection(name=name, slug=name.lower().replace(" ", "-"), **values)
    connection.keep_token(account.token)
    connection.save()
    return connection


@pytest.fixture
def site(db, sandbox) -> Connection:
    """Acme's Confluence and Jira, with an account that may do everything."""
    return make_connection("Acme")


@pytest.fixture
def site_as_editor(db, sandbox) -> Connection:
    """The same site with an account that is no space admin and may not see every space."""
    return make_connection("Acme as editor", account=EDITOR)


@pytest.fixture
def reference_site(db, sandbox) -> Connection:
    """Acme answering as the reference documents say."""
    return make_connection("Acme reference", dialect="reference")


@pytest.fixture
def organization(db, sandbox) -> Connection:
    return make_connection(
        "Example organisation", kind="organization", url="https://api.atlassian.com", email="", org_id=ORG_ID
    )


@pytest.fixture
def developer_space(db, sandbox) -> Connection:
    return make_connection(
        "Example apps", kind="marketplace", url="https://api.atlassian.com/marketplace", developer_id=DEVELOPER_ID
    )


@pytest.fixture
def developer_space_as_editor(db, sandbox) -> Connection:
    """The same developer space with an account that has no access to drafts."""
    return make_connection(
        "Apps as editor",
        account=EDITOR,
        kind="marketplace",
        url="https://api.atlassian.com/marketplace",
        developer_id=DEVELOPER_ID,
    )
