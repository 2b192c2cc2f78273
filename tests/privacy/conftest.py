"""The people and the apps that the tests of privacy's services work with; the sandbox stands in for Marketplace."""

import pytest

from portal.access import Actor
from portal.models import Connection, User
from privacy.marketplace import refresh
from privacy.models import App
from sandbox.seed_documents import product_id
from sandbox.state import State
from tests.locks import rows_are_locked_in_one_order  # noqa: F401 - holds for every test of this package
from tests.privacy.marketplace import Marketplace


@pytest.fixture(autouse=True)
def _nobody_waits(settings):
    """A call that failed is not tried again after a pause: these tests are about what happens then."""
    settings.UPSTREAM_PATIENCE_WEB = 0.1


@pytest.fixture
def editor(alice: User, developer_space: Connection, grant) -> Actor:
    """Alice edits."""
    grant(alice, developer_space, "privacy_editor")
    return Actor.of(alice)


@pytest.fixture
def dora(developer_space: Connection, grant) -> Actor:
    """A second editor."""
    user = User.objects.create_user("dora@example.com", "x", name="Dora")
    grant(user, developer_space, "privacy_editor")
    return Actor.of(user)


@pytest.fixture
def reviewer(bob: User, developer_space: Connection, grant) -> Actor:
    """Bob approves."""
    grant(bob, developer_space, "privacy_reviewer")
    return Actor.of(bob)


@pytest.fixture
def publisher(charlie: User, developer_space: Connection, grant) -> Actor:
    """Charlie publishes."""
    grant(charlie, developer_space, "publisher")
    return Actor.of(charlie)


@pytest.fixture
def marketplace(sandbox: State) -> Marketplace:
    """What is at Marketplace, seen and changed from the other side."""
    return Marketplace(sandbox)


@pytest.fixture
def app_of(developer_space: Connection, prepare):
    """app_of("Diagrams for Confluence"): a seeded app as it was just read; read=False: not read yet."""

    def make(name: str, *, read: bool = True) -> App:
        found, _ = App.objects.get_or_create(
            connection=developer_space,
            product_id=product_id(name),
            defaults={"name": name, "app_key": f"com.example.{name.lower().replace(' ', '-')}"},
        )
        if read and found.live_state == App.Presence.UNREAD:
            prepare(f"app {name}", lambda: refresh.refresh_app(actor=Actor.system("sweep"), app=found))
        return App.objects.select_related("connection", "live", "draft").get(pk=found.pk)

    return make


@pytest.fixture
def diagrams(app_of) -> App:
    """Live, and a draft that differs from it in several places."""
    return app_of("Diagrams for Confluence")


@pytest.fixture
def board(app_of) -> App:
    """Live, and no draft."""
    return app_of("Status Board")
