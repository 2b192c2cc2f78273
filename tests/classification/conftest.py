"""A small space to try everything on, and a scan of it."""

import pytest

from classification.inventory import refresh, scanning
from classification.models import Item, Level, Scan, Space
from portal.access import Actor
from portal.connections import clients
from portal.jobs import job_queue
from portal.models import Connection
from sandbox.names import ACME
from sandbox.state import State
from tests.locks import rows_are_locked_in_one_order  # noqa: F401 - holds for every test of this package


@pytest.fixture(autouse=True)
def _nobody_waits(settings):
    """A person's call that failed is not tried again after a pause: these tests are about what happens then."""
    settings.UPSTREAM_PATIENCE_WEB = 0.1


def run_scan(connection: Connection, space: Space | None = None) -> Scan:
    """A whole scan, from being asked for to its end."""
    scan = refresh.request_scan(actor=Actor.command_line(), connection=connection, space=space)
    lease = job_queue.claim(scan)
    assert lease is not None
    scanning.run(scan, lease)
    scan.refresh_from_db()
    return scan


@pytest.fixture
def few_items(sandbox: State) -> None:
    """Every space of the sandbox with a twentieth of its content, for tests that need the spaces and not the mass."""
    with sandbox.write() as db:
        db.execute("DELETE FROM items WHERE id % 20 <> 0")


@pytest.fixture
def handbook(sandbox: State) -> dict[str, str]:
    """A space with the default Internal: ids of what it holds, by title."""
    sandbox.set_draft_lists(ACME, "list")
    sandbox.add_space(ACME, "HB", name="Handbook", level="Internal")
    ids: dict[str, str] = {}

    def add(title: str, **facts) -> None:
        ids[title] = sandbox.add_item(ACME, "HB", title=title, **facts)

    add("Welcome")
    add("Salaries", level="Confidential", parent=ids["Welcome"])
    add("Bonus", level="Confidential", parent=ids["Salaries"])
    add("Press kit", level="Public")
    add("Nowhere", unset=True)
    add("Old rules", status="archived", level="Public")
    add("New rules", status="draft")
    add("Our year", kind="blogpost")
    add("Salaries, reworked", draft_of=ids["Salaries"], level="Public")
    return ids


@pytest.fixture
def space(site: Connection, handbook, prepare) -> Space:
    """The handbook as the inventory knows it before anybody scanned it."""
    prepare("handbook", lambda: refresh.read_space(actor=Actor.command_line(), connection=site, key="HB"))
    return Space.objects.select_related("connection").get(connection=site, key="HB")


@pytest.fixture
def scanned(site: Connection, space: Space, prepare) -> Space:
    """The handbook, scanned."""
    prepare("scanned handbook", lambda: run_scan(site, space))
    space.refresh_from_db()
    assert space.scanned_at
    return space


@pytest.fixture
def item(scanned: Space):
    """item("Title", "current") is a row of the scanned handbook."""

    def find(title: str, status: str = "current") -> Item:
        return Item.objects.select_related("space__connection", "level").get(space=scanned, title=title, status=status)

    return find


@pytest.fixture
def level(scanned: Space):
    """level("Internal") is a level of the site."""

    def find(name: str) -> Level:
        return Level.objects.get(connection=scanned.connection, name=name)

    return find


def meanwhile(connection, call: str, do, nth: int = 1):
    """Runs `do` while the nth answer of this call is on its way: what was asked before is told after."""
    session = clients.session(connection)
    adapter, seen = session._adapter, []

    class Slow:
        def send(self, request, **options):
            answer = adapter.send(request, **options)
            if request.method == call.partition(" ")[0] and call.partition(" ")[2] in request.url:
                seen.append(request.url)
                if len(seen) == nth:
                    do()
            return answer

        def close(self):
            adapter.close()

    return Slow()


@pytest.fixture
def while_answering(site, monkeypatch):
    """while_answering("GET /classification-level", do): `do` runs between the site's answer and its arrival."""

    def install(call: str, do, nth: int = 1) -> None:
        slow = meanwhile(site, call, do, nth)
        monkeypatch.setattr(clients, "_adapter", lambda connection: slow)
        clients.forget_sessions()

    return install


def squeezed(response) -> str:
    """A page with single spaces, so that it does not matter where a template breaks its lines."""
    return " ".join(response.content.decode().split())
