"""A real browser against a real server: Chromium of the system, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.conf import settings as site_settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect, sync_playwright

from classification.inventory import refresh
from portal import demo
from portal.access import Actor
from portal.connections import clients
from portal.models import AuditHead, Connection, User, WorkerSign
from sandbox.names import ACME, SITES
from sandbox.state import State, state_at

# Playwright's own loop runs in this thread; Django would refuse the database because of it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
#: Milliseconds that a page may take for anything. Long, since it only ever passes when something is wrong.
PATIENCE = int(os.environ.get("BROWSER_PATIENCE", "20000"))
expect.set_options(timeout=PATIENCE)
#: The first that is installed. The headless shell draws the same pages without the windows of a desktop browser, for
#: a quarter less CPU.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.fail("No Chromium is installed; `make test` installs it.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


# --- the demo, read once and copied for every test ------------------------------------------------------------------


@dataclass(frozen=True)
class Demo:
    """The demo as its makers and one full scan leave it: the sandbox, and the rows of every table."""

    sandbox: State
    rows: list[tuple[type[Model], list[Model]]]

    def put_back(self) -> None:
        """Fill an empty database; a fraction of the time that making and scanning take."""
        models = [model for model, _ in self.rows]
        with transaction.atomic(), connection.cursor() as cursor:
            AuditHead.objects.all().delete()  # the demo has its own
            for model, rows in self.rows:
                model._base_manager.bulk_create(rows)
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)


def work() -> None:
    """Work off the queue."""
    call_command("worker", once=True, verbosity=0)


@pytest.fixture(scope="session")
def read_demo(seeded_sandbox, tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[Demo]:
    place = tmp_path_factory.mktemp("demo")
    quick = {
        "DATA_DIR": place,
        "TASKS": {"default": site_settings.TASK_BACKENDS["database"]},
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }
    seeded_sandbox.copy_to(place / "sandbox.sqlite3").close()
    with django_db_blocker.unblock(), override_settings(**quick):
        state = state_at(place / "sandbox.sqlite3")
        for host in SITES:
            state.set_draft_lists(host, "list")
        clients.forget_sessions()
        demo.make(actor=Actor.command_line())
        work()
        clients.forget_sessions()
        # Flushing makes these two anew itself.
        models = [
            model for model in apps.get_models(include_auto_created=True) if model not in (ContentType, Permission)
        ]
        rows: list[tuple[Any, list[Model]]] = [(model, list(model._base_manager.order_by("pk"))) for model in models]
        call_command("flush", interactive=False, verbosity=0)
    yield Demo(state, [(model, found) for model, found in rows if found])
    state.close()


@pytest.fixture
def sandbox(read_demo: Demo, tmp_path: Path, settings) -> Iterator[State]:
    """The sandbox as the scan left it, for this test alone."""
    settings.DATA_DIR = tmp_path
    read_demo.sandbox.copy_to(tmp_path / "sandbox.sqlite3").close()
    state = state_at(tmp_path / "sandbox.sqlite3")
    clients.forget_sessions()
    yield state
    clients.forget_sessions()
    state.close()


@pytest.fixture
def world(transactional_db, read_demo: Demo, sandbox, live_server, settings) -> Callable[[], None]:
    """The demo, made and read, served over HTTP. Returns a callable that works off the queue."""
    settings.TASKS = {"default": settings.TASK_BACKENDS["database"]}
    settings.ALLOWED_HOSTS = ["*"]
    read_demo.put_back()
    # The worker of these tests is `work`: it is there all the time, however long a test takes.
    WorkerSign.objects.update_or_create(pk=1, defaults={"seen_at": timezone.now() + timedelta(days=1)})
    return work


@dataclass(frozen=True)
class Desk:
    """A small space of Acme whose content is known: default Internal. `id`: ids by title, of current items."""

    id: dict[str, str]
    path: str = "/sites/acme/spaces/DESK/"


#: title, own level, what else the sandbox is told
DESK_ITEMS = (
    ("House rules", None, {}),
    ("Fire drill", None, {"parent": "House rules"}),
    ("Key list", "Confidential", {"parent": "Fire drill"}),
    ("Press kit", "Public", {}),
    ("Lost property", None, {"unset": True}),
    ("Old map", None, {"status": "archived"}),
    ("New badges", "Public", {"status": "draft"}),
    ("Welcome, Frieda", None, {"kind": "blogpost"}),
    ("خطة استمرارية الأعمال للربع الثالث", None, {}),
    ("🚀 Launch day: who does what 🎉", None, {}),
    ('<b>Bold</b> & "quoted" stays text', None, {}),
    ("Donaudampfschifffahrtsgesellschaftskapitän" * 4, None, {}),
)


@pytest.fixture
def desk(world, sandbox) -> Desk:
    """The space “Front desk” with a dozen items, scanned."""
    sandbox.set_draft_lists(ACME, "list")
    sandbox.add_space(ACME, "DESK", name="Front desk", level="Internal")
    ids: dict[str, str] = {}
    for title, level, more in DESK_ITEMS:
        above = {"parent": ids[more["parent"]]} if "parent" in more else {}
        ids[title] = sandbox.add_item(ACME, "DESK", title=title, level=level, **{**more, **above})
    sandbox.add_item(ACME, "DESK", title="Key list, longer", draft_of=ids["Key list"], level="Confidential")
    acme, actor = Connection.objects.get(slug="acme"), Actor.command_line()
    space = refresh.read_space(actor=actor, connection=acme, key="DESK")
    refresh.request_scan(actor=actor, connection=acme, space=space)
    world()
    return Desk(ids)


# --- people at their browsers ---------------------------------------------------------------------------------------


@pytest.fixture
def open_as(browser, world, live_server) -> Iterator[Callable[..., Page]]:
    """open_as("alice", "/path/") is a page of this person's own browser; errors of the page fail the test.

    open_as("", "/path/") is the browser of somebody who is not signed in. scripts=False: JavaScript is off.
    """
    contexts, problems = [], []

    def open_page(name: str, path: str = "/", *, width: int = 1280, theme: str = "light", scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=scripts,
            accept_downloads=True,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if name:
            context.add_cookies([{**sign_in(f"{name}@example.com"), "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None,
        )
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def sign_in(email: str) -> dict[str, str]:
    """The cookie of a new session of this person, without the form: test_connections.py goes through that."""
    client = Client()
    client.force_login(User.objects.get(email=email), backend="allauth.account.auth_backends.AuthenticationBackend")
    name = site_settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value}


@pytest.fixture(scope="session")
def axe() -> Axe:
    return Axe()


#: What axe runs: every rule; or those about colours, all that can differ between the themes.
EVERY_RULE: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = {**EVERY_RULE, "runOnly": ["color-contrast", "link-in-text-block"]}


@pytest.fixture
def assert_accessible(axe) -> Callable[[Page], None]:
    """axe finds nothing on the page as it stands, wide and narrow, in either theme; nothing scrolls sideways.

    A page is the same in both themes but for its colours, so that every rule is run in one theme only: wide in the
    light one, narrow in the dark one. The colours of the wide page are looked at in both.
    """

    def check(page: Page) -> None:
        page.evaluate(axe.axe_script)
        for width, theme, options in ((1280, "light", EVERY_RULE), (1280, "dark", COLOURS), (360, "dark", EVERY_RULE)):
            page.set_viewport_size({"width": width, "height": 900 if width > 360 else 800})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found = page.evaluate("async (options) => (await axe.run(options)).violations", options)
            said = [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"][:4]]
            assert said == [], f"{page.url} ({theme}, {width} px)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{page.url} scrolls sideways"
        page.set_viewport_size({"width": 1280, "height": 900})

    return check


__all__ = ["expect"]
