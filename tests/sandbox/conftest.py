"""A sandbox for each test, and people who talk to it through a real session of requests."""

from pathlib import Path

import pytest
import requests

from sandbox.names import ACCOUNTS, ACME, ORG_ID
from sandbox.seed import ensure_seeded, level_ari
from sandbox.state import State
from sandbox.transport import SandboxAdapter

CONFLUENCE = f"https://{ACME}/wiki/api/v2"
JIRA = f"https://{ACME}/rest/api/3"
LEVELS = f"https://api.atlassian.com/admin/dlp/v1/orgs/{ORG_ID}/classification-levels"
EVENTS = f"https://api.atlassian.com/admin/v1/orgs/{ORG_ID}"
MARKETPLACE = "https://api.atlassian.com/marketplace/rest/3"

ADMIN, EDITOR, VIEWER = ACCOUNTS


def pytest_collection_modifyitems(items) -> None:
    """The tests of the sandbox send what Atlassian refuses; what it answers is held against the published calls."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("raw_requests")


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self, now: float = 1_800_000_000.0):
        self.now = now

    def __call__(self) -> float:
        return self.now


def session(state: State, email: str = "", token: str = "", *, dialect: str = "") -> requests.Session:
    """A session that reaches the sandbox; with an e-mail address Basic, with a token alone a bearer, or nobody."""
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", SandboxAdapter(state, dialect=dialect))
    if email:
        made.auth = (email, token)
    elif token:
        made.headers["Authorization"] = f"Bearer {token}"
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory) -> State:
    state = State(tmp_path_factory.mktemp("sandbox") / "seeded.sqlite3", clock=Clock())
    ensure_seeded(state)
    return state


@pytest.fixture
def state(seeded: State, tmp_path: Path, clock: Clock):
    state = seeded.copy_to(tmp_path / "sandbox.sqlite3")
    state.clock = clock
    yield state
    state.close()


@pytest.fixture
def admin(state) -> requests.Session:
    return session(state, ADMIN.email, ADMIN.token)


@pytest.fixture
def editor(state) -> requests.Session:
    return session(state, EDITOR.email, EDITOR.token)


@pytest.fixture
def viewer(state) -> requests.Session:
    return session(state, VIEWER.email, VIEWER.token)


@pytest.fixture
def reference(state) -> requests.Session:
    """The admin, answered as the reference documents say."""
    return session(state, ADMIN.email, ADMIN.token, dialect="reference")


@pytest.fixture
def key(state) -> requests.Session:
    """Whoever holds the organisation's admin key."""
    return session(state, token=ADMIN.token)


@pytest.fixture
def space(state) -> str:
    """A space in ACME, key TEST, with the default Internal; its id."""
    return state.add_space(ACME, "TEST", level="Internal")


@pytest.fixture
def page(state, space) -> str:
    """A page in it without a level of its own."""
    return state.add_item(ACME, "TEST", title="A page")


def level_of(session: requests.Session, item: str, *, kind: str = "pages", status: str = "current") -> str | None:
    """The name of the level that the API says an item has; None for 404."""
    asked = {"status": status} if kind in ("pages", "blogposts") else {}
    answer = session.get(f"{CONFLUENCE}/{kind}/{item}/classification-level", params=asked)
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()["name"]


def set_level(
    session: requests.Session, item: str, level: str, *, kind: str = "pages", status: str = "current"
) -> requests.Response:
    body = {"status": status, "id": level_ari(level)}
    return session.put(f"{CONFLUENCE}/{kind}/{item}/classification-level", json=body)


def reset_level(session: requests.Session, item: str, *, status: str = "current") -> requests.Response:
    return session.post(f"{CONFLUENCE}/pages/{item}/classification-level/reset", json={"status": status})


def set_default(session: requests.Session, space: str, level: str) -> requests.Response:
    return session.put(f"{CONFLUENCE}/spaces/{space}/classification-level/default", json={"id": level_ari(level)})
