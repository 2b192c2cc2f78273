"""Every address and every command, with and without the right: nobody gets where they do not belong.

The table says which capability each address needs, independently of the code; an address that is missing in it fails.
"""

import io
import json
from collections.abc import Iterable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from classification.inventory import refresh
from classification.models import Item, Scan
from portal import registry
from portal.access import Actor
from portal.connections import clients
from portal.models import AuditEntry, Connection, Grant, Operation, User
from privacy.marketplace import app_list
from privacy.models import App

pytestmark = pytest.mark.django_db

SIGNED_IN, ADMINISTRATOR = "any person", "an administrator"
#: Whose operation it is; nobody who walks the addresses.
OWNER = "who began it"
EMAIL, TRIAL = "caller@example.com", "trial"
SPACE = {"key": "ENG"}
#: URL name -> (which connection, further arguments, capability for GET, capability for POST); None: not offered.
ADDRESSES: dict[str, tuple] = {
    "home": (None, {}, SIGNED_IN, None),
    "preferences": (None, {}, SIGNED_IN, SIGNED_IN),
    "sessions": (None, {}, SIGNED_IN, SIGNED_IN),
    "connections": (None, {}, SIGNED_IN, None),
    "connection_add": (None, {}, ADMINISTRATOR, ADMINISTRATOR),
    "people": (None, {}, ADMINISTRATOR, ADMINISTRATOR),
    "person": (None, {"pk": "person"}, ADMINISTRATOR, ADMINISTRATOR),
    "person_password": (None, {"pk": "person"}, None, ADMINISTRATOR),
    "person_second_factor_remove": (None, {"pk": "person"}, None, ADMINISTRATOR),
    "operation": (None, {"pk": "operation"}, OWNER, None),
    "activity": (None, {}, SIGNED_IN, None),
    "activity_export": (None, {}, SIGNED_IN, None),
    "content": (None, {}, SIGNED_IN, None),
    "content_export": (None, {}, SIGNED_IN, None),
    "connection": ("site", {}, "connection.view", None),
    "connection_edit": ("site", {}, "connection.manage", "connection.manage"),
    "connection_check": ("site", {}, None, "connection.manage"),
    "connection_remove": ("site", {}, None, "connection.manage"),
    "roles_add": ("site", {}, None, "connection.manage"),
    "roles_remove": ("site", {}, None, "connection.manage"),
    "spaces": ("site", {}, "classification.view", None),
    "spaces_export": ("site", {}, "classification.view", None),
    "space": ("site", SPACE, "classification.view", "classification.view"),
    "space_export": ("site", SPACE, "classification.view", None),
    "space_default": ("site", SPACE, "classification.set_default", "classification.set_default"),
    "item": ("site", {"kind": "page", "remote_id": "item", "status": "current"}, *["classification.view"] * 2),
    "item_undo": ("site", {"kind": "page", "remote_id": "item", "status": "current"}, None, "classification.set"),
    "space_default_undo": ("site", SPACE, None, "classification.set_default"),
    "project_default_undo": ("site", {"key": "project"}, None, "classification.set_default"),
    "item_level": ("site", {"kind": "page", "remote_id": "item", "status": "current"}, *["classification.set"] * 2),
    "scan_start": ("site", {}, None, "classification.scan"),
    "scan": ("site", {"pk": "scan"}, "classification.view", None),
    "scan_cancel": ("site", {"pk": "scan"}, None, "classification.scan"),
    "scan_pause": ("site", {"pk": "scan"}, None, "classification.scan"),
    "scan_resume": ("site", {"pk": "scan"}, None, "classification.scan"),
    "levels": ("site", {}, "classification.view", None),
    "levels_read": ("site", {}, None, "classification.view"),
    "projects": ("site", {}, "classification.view", None),
    "projects_read": ("site", {}, None, "classification.scan"),
    "project_default": ("site", {"key": "project"}, "classification.set_default", "classification.set_default"),
    "apps": ("space", {}, "privacy.view", None),
    "apps_read": ("space", {}, None, "privacy.view"),
    "app": ("space", {"app_key": "app"}, "privacy.view", None),
    "app_read": ("space", {"app_key": "app"}, None, "privacy.view"),
    "app_compare": ("space", {"app_key": "app"}, "privacy.view", None),
    "app_versions": ("space", {"app_key": "app"}, "privacy.view", None),
    "app_version": ("space", {"app_key": "app", "pk": "snapshot"}, "privacy.view", None),
    "app_export": ("space", {"app_key": "app"}, "privacy.view", None),
    "app_edit": ("space", {"app_key": "app"}, "privacy.edit", "privacy.edit"),
    "app_answer": ("space", {"app_key": "app"}, "privacy.edit", "privacy.edit"),
    "app_unknown": ("space", {"app_key": "app"}, "privacy.edit", "privacy.edit"),
    "app_record": ("space", {"app_key": "app"}, "privacy.edit", None),
    "app_changed_records": ("space", {"app_key": "app"}, "privacy.edit", None),
    "app_bring_back": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_undo": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_take_live": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_take_live_record": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_reset": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_restore": ("space", {"app_key": "app", "pk": "snapshot"}, None, "privacy.edit"),
    "app_save": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_discard": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_review_ask": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_review_withdraw": ("space", {"app_key": "app"}, None, "privacy.edit"),
    "app_review_verdict": ("space", {"app_key": "app"}, None, "privacy.approve"),
    "app_publish": ("space", {"app_key": "app"}, None, "privacy.publish"),
    "app_alert": ("space", {"app_key": "app"}, None, "privacy.publish"),
}
#: Without saying which question, a person with the right gets a 404 as well.
NEEDS_A_QUESTION = {"app_answer", "app_unknown", "app_record", "app_changed_records"}
#: What allauth keeps guarded by itself is walked as "signed in or sent to sign-in" below.
ALLAUTH = ("account_", "mfa_", "usersessions_")
#: Roles are sets of capabilities, so what a view checks shows in two people: one has on the connection of the address
#: the capability that it needs and no other, one has every other.
WITH, WITHOUT = "with this capability alone", "with every other capability"
CALLERS = ["elsewhere", "anonymous", WITH, WITHOUT]


def all_names(patterns=None) -> set[str]:
    found = set()
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(each, URLResolver):
            found |= all_names(each.url_patterns)
        elif isinstance(each, URLPattern) and each.name:
            found.add(each.name)
    return found


def test_every_address_is_in_the_table():
    own = {name for name in all_names() if not name.startswith(ALLAUTH)}
    assert own == set(ADDRESSES)


@pytest.fixture
def world(sandbox, site: Connection, developer_space: Connection, organization: Connection, bob: User, prepare) -> dict:
    """One of everything that an address can name."""
    with sandbox.write() as db:  # one app with a draft is enough to name one
        db.execute("DELETE FROM apps WHERE app_key NOT LIKE '%diagrams-for-confluence'")
    prepare("one of everything", lambda: read_one_of_everything(site, developer_space))
    app = App.objects.filter(connection=developer_space, draft_state="present").get()
    return {
        "site": site,
        "space": developer_space,
        "organization": organization,
        "person": bob.pk,
        "operation": Operation.objects.create(user=bob, what="Refreshing", back="/").pk,
        "grant": Grant.objects.create(connection=site, user=bob, role="viewer").pk,
        "scan": Scan.objects.create(connection=site, actor_label="x").pk,
        "item": Item.objects.get().remote_id,
        "project": site.projects.first().key,
        "app": app.app_key,
        "snapshot": app.owner.snapshots.first().pk,
    }


def read_one_of_everything(site: Connection, developer_space: Connection) -> None:
    operator = Actor.command_line()
    refresh.read_levels(actor=operator, connection=site)
    space = refresh.read_space(actor=operator, connection=site, key="ENG")
    refresh.read_projects(actor=operator, connection=site)
    page = next(iter(clients.confluence(site).space_items(space.remote_id, "page")))
    refresh.read_item(actor=operator, connection=site, kind="page", remote_id=page.id)
    app_list.read_apps(actor=operator, connection=developer_space)


def caller(role: str, world: dict) -> Client:
    """A browser of one of CALLERS; what the last two may do is set before each request."""
    client = Client()
    if role == "anonymous":
        return client
    user = User.objects.create_user(EMAIL, "x")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    if role == "elsewhere":
        Grant.objects.create(user=user, connection=world["organization"], role="connection_admin")
    if role in (WITH, WITHOUT):
        for connection in (world["site"], world["space"]):
            Grant.objects.create(user=user, connection=connection, role=TRIAL)
    return client


@pytest.fixture
def trial(monkeypatch) -> set[str]:
    """The capabilities of the role that the tests give."""
    capabilities: set[str] = set()
    role = registry.Role(TRIAL, "Trial", "For a test.", registry.ALL_KINDS, capabilities)
    monkeypatch.setitem(registry.ROLES, TRIAL, role)
    return capabilities


def set_trial(trial: set[str], role: str, capability: str | None, also: Iterable[str] = ()) -> None:
    trial.clear()
    trial.update({capability, *also} if role == WITH else set(registry.CAPABILITIES) - {capability})


def allowed_on(role: str, capability: str) -> bool:
    if capability == SIGNED_IN:
        return role != "anonymous"
    return role == WITH and capability in registry.CAPABILITIES


def address_of(name: str, world: dict) -> tuple[str, Connection | None]:
    where, arguments, *_ = ADDRESSES[name]
    values = {key: world.get(value, value) for key, value in arguments.items()}
    connection = world[where] if where else None
    return reverse(name, kwargs=values | ({"slug": connection.slug} if connection else {})), connection


@pytest.mark.parametrize("role", CALLERS)
def test_every_address_needs_its_capability(role, world, trial):
    client = caller(role, world)
    wrong = []
    for name, (_, _, *capabilities) in ADDRESSES.items():
        for method, capability in zip(("get", "post"), capabilities, strict=True):
            set_trial(trial, role, capability)
            address, _ = address_of(name, world)
            entries = AuditEntry.objects.count()
            status = getattr(client, method)(address).status_code
            if capability is None:
                fine = status in (302, 401, 403, 404, 405)
            elif role == "anonymous":
                fine = status == (302 if method == "get" else 401)
            elif allowed_on(role, capability):
                unknown_question = status == 404 and name in NEEDS_A_QUESTION
                fine = unknown_question or (status not in (401, 403, 404) and status < 500)
            else:
                fine = status in (403, 404) and AuditEntry.objects.count() == entries
            if not fine:
                wrong.append(f"{role} {method.upper()} {name}: {status}")
    assert wrong == []


def test_allauth_pages_need_a_person_or_are_about_signing_in():
    client, wrong = Client(), []
    about_signing_in = {"account_login", "account_logout", "account_signup", "account_inactive"}
    about_signing_in.add("account_email_verification_sent")
    for name in sorted(name for name in all_names() if name.startswith(ALLAUTH)):
        try:
            address = reverse(name)
        except Exception:
            continue
        status = client.get(address).status_code
        if status == 200 and name not in about_signing_in and "reset_password" not in name:
            wrong.append(f"{name}: {status}")
    assert wrong == []


# --- commands -----------------------------------------------------------------------------------------------------

#: Commands name what they change by what they read, so nobody runs one who may not see that.
SEEING = ("classification.view", "privacy.view")
#: Command line -> capability. {…} is filled from the world.
COMMANDS: dict[str, str] = {
    "check_connection {site}": "connection.manage",
    "levels {site}": "classification.view",
    "scan {site} --space HR": "classification.scan",
    "classify {site} --item page:{item} --reset": "classification.set",
    "classify {site} --item space:ENG --remove": "classification.set_default",
    "classify {site} --item project:{project} --remove": "classification.set_default",
    "privacy {space} list": "privacy.view",
    "privacy {space} pull {app} --state live": "privacy.view",
    "privacy {space} diff {app}": "privacy.view",
    "privacy {space} push {app} --file {file}": "privacy.edit",
    "privacy {space} publish {app}": "privacy.publish",
    "privacy {space} discard {app}": "privacy.edit",
    "add_connection New --kind site --url https://example-globex.atlassian.net --token-env TOKEN": ADMINISTRATOR,
    "audit verify": ADMINISTRATOR,
    "audit export": SIGNED_IN,
    "rotate_keys": ADMINISTRATOR,
    "worker --once": ADMINISTRATOR,
}


def run(line: str, world: dict, email: str, folder) -> str:
    """ "" when it was carried out, else the sentence with which it was refused."""
    file = folder / "document.json"
    file.write_text(json.dumps({"commonCloud": {"hasRestAPIExtension": True}}))
    names = {key: value.name if isinstance(value, Connection) else value for key, value in world.items()}
    words = [word.format(**names, file=file) for word in line.split(" ")]
    out = io.StringIO()
    try:
        call_command(*words, "--as", email, stdout=out, stderr=out)
    except CommandError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("role", [role for role in CALLERS if role != "anonymous"])
def test_every_command_needs_its_capability(role, world, trial, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "x")
    caller(role, world)
    wrong = []
    for line, capability in COMMANDS.items():
        set_trial(trial, role, capability, also=SEEING)
        refusal = run(line, world, EMAIL, tmp_path)
        denied = any(words in refusal for words in ("You may not", "Only an administrator", "There is no connection"))
        allowed = allowed_on(role, capability)
        if denied == allowed:
            wrong.append(f"{role}: {line}: {refusal or 'carried out'}")
    assert wrong == []


def test_every_command_that_acts_is_in_the_table():
    from django.core.management import get_commands, load_command_class

    from portal.management.base import ServiceCommand

    acting = {
        name
        for name, package in get_commands().items()
        if package in ("portal", "classification", "privacy")
        and isinstance(load_command_class(package, name), ServiceCommand)
    }
    assert acting - {line.split()[0] for line in COMMANDS} == {"demo", "sandbox", "make_key", "run"}, (
        "they touch nothing of anybody's"
    )


def test_the_command_line_may_do_all_but_approve(site, operator):
    from portal.access import capabilities

    assert capabilities(operator, site) == set(registry.CAPABILITIES) - {"privacy.approve"}


def test_an_administrator_does_not_get_the_rights_of_the_work(administrator, site, developer_space):
    from portal.access import capabilities

    for connection in (site, developer_space):
        allowed = capabilities(Actor.of(administrator), connection)
        assert not allowed & {"classification.set", "privacy.edit", "privacy.approve", "privacy.publish"}
