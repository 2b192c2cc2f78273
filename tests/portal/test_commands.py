"""The portal's commands: exit codes, one-line errors, JSON, and no secret in any of it."""

import contextlib
import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command, execute_from_command_line
from django.utils import timezone
from django.utils.log import configure_logging
from django_tasks_db.models import DBTaskResult

from classification.models import Scan
from portal import demo
from portal.connections import changes
from portal.models import AuditEntry, Connection, Grant, User
from sandbox.names import ACCOUNTS
from tests.conftest import make_connection

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
ADD = ["add_connection", "Docs", "--kind", "site", "--url", "https://example-acme.atlassian.net"]


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def refusal(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_connection_is_added_with_a_token_from_the_environment_and_tested(sandbox, monkeypatch):
    monkeypatch.setenv("DOCS_TOKEN", ACCOUNTS[0].token)
    said = run(*ADD, "--email", ACCOUNTS[0].email, "--token-env", "DOCS_TOKEN", "--json")
    result = json.loads(said)
    assert result["slug"] == "docs"
    assert [line["state"] for line in result["check"]] == ["works"] * 4
    assert ACCOUNTS[0].token not in said
    assert AuditEntry.objects.get(action="connection.added").actor_label.startswith("Command line (")


def test_a_token_is_asked_for_on_a_prompt_when_no_variable_is_named(sandbox, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda prompt: ACCOUNTS[0].token)
    assert "Added “Docs”" in run(*ADD, "--email", ACCOUNTS[0].email)
    assert Connection.objects.get().read_token() == ACCOUNTS[0].token


def test_an_empty_variable_is_wrong_usage_and_adds_nothing(monkeypatch):
    monkeypatch.delenv("DOCS_TOKEN", raising=False)
    assert refusal(*ADD, "--token-env", "DOCS_TOKEN").returncode == 2
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--url", "https://example.com"], "Only https addresses"),
        (["--kind", "organization", "--url", ""], "id of the organisation"),
        (["--kind", "marketplace", "--url", ""], "id of the developer space"),
    ],
)
def test_a_connection_that_cannot_be_is_refused_in_one_line(change, words, monkeypatch):
    monkeypatch.setenv("DOCS_TOKEN", "x")
    error = refusal(*ADD, "--token-env", "DOCS_TOKEN", *change)
    assert words in str(error)
    assert error.returncode == 1


def test_a_connection_that_does_not_work_fails_the_check_and_says_why_as_json(site):
    site.keep_token("wrong")
    site.save()
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("check_connection", "Acme", "--json", stdout=out)
    assert caught.value.returncode == 1
    assert json.loads(out.getvalue())["usable"] is False


def test_unknown_people_and_connections_are_wrong_usage(site):
    assert refusal("check_connection", "Nope").returncode == 2
    for email in ("nobody@example.com", "", " "):
        error = refusal("check_connection", "Acme", "--as", email)
        assert error.returncode == 2
        assert "no active person" in str(error)


def test_a_person_who_may_not_sign_in_any_more_cannot_be_acted_as(site, alice, grant):
    grant(alice, site, "connection_admin")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert refusal("check_connection", "Acme", "--as", "alice@example.com").returncode == 2


@pytest.fixture
def _logging_stays():
    """A command line sets up logging anew, onto the error stream of its test, which is closed afterwards."""
    yield
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@pytest.mark.usefixtures("_logging_stays")
def test_wrong_words_exit_with_2_and_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        execute_from_command_line(["manage.py", "check_connection"])
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.usefixtures("_logging_stays")
def test_a_command_says_what_happened_in_its_own_words_and_not_by_its_log(site, sandbox, capsys):
    execute_from_command_line(["manage.py", "check_connection", "Acme"])
    told = capsys.readouterr()
    assert "works" in told.out
    assert told.err == ""


def test_a_reader_who_has_had_enough_ends_a_command_quietly(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "manage.py", "make_key"]
    result = subprocess.run(command, cwd=ROOT, env=environment_for(tmp_path), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert result.stderr == b""
    assert result.returncode == 1


def test_the_audit_trail_is_verified_and_exported(operator, site, tmp_path):
    run("check_connection", "Acme")
    end = f"1:{AuditEntry.objects.get().hash}"
    assert json.loads(run("audit", "verify", "--json")) == {"entries": 1, "ok": True, "end": end}
    assert end in run("audit", "verify", "--expect", end)
    assert "Entry 2 was noted" in str(refusal("audit", "verify", "--expect", f"2:{'0' * 64}"))
    with pytest.raises(SystemExit) as caught:
        run("audit", "verify", "--expect", "2")
    assert caught.value.code == 2
    run("audit", "export", "--out", str(tmp_path / "audit.jsonl"))
    assert end in run("audit", "verify", "--against", str(tmp_path / "audit.jsonl"))
    assert "cannot be read" in str(refusal("audit", "verify", "--against", str(tmp_path)))
    line = json.loads(run("audit", "export", "--connection", "acme"))
    assert line["action"] == "connection.checked"
    run("audit", "export", "--format", "csv", "--out", str(tmp_path / "audit.csv"))
    assert (tmp_path / "audit.csv").read_text().count("\n") == 2
    assert run("audit", "export", "--actor", "nobody") == ""
    assert "could not be written" in str(refusal("audit", "export", "--out", str(tmp_path / "no" / "audit.csv")))
    AuditEntry.objects.update(reason="changed")
    assert refusal("audit", "verify").returncode == 1


def test_an_administrator_made_by_djangos_command_is_on_record(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")
    run("createsuperuser", "--noinput", "--email", "alice@example.com")
    assert User.objects.get().is_superuser
    assert AuditEntry.objects.get(action="person.added").target_label == "alice@example.com"


def test_stored_tokens_are_encrypted_again_with_the_first_key(site, settings):
    old = settings.CREDENTIAL_KEYS[0]
    new = Fernet.generate_key().decode()
    token = site.read_token()
    settings.CREDENTIAL_KEYS = [new, old]
    assert json.loads(run("rotate_keys", "--json")) == {"tokens": 1, "second_factors": 0}
    settings.CREDENTIAL_KEYS = [new]
    site.refresh_from_db()
    assert site.read_token() == token


def test_tokens_that_no_key_fits_are_named(site, settings):
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    error = refusal("rotate_keys")
    assert "Acme" in str(error)
    site.refresh_from_db()
    assert site.token


def test_the_demo_is_made_once_and_what_people_did_with_it_stays(sandbox, operator):
    assert demo.make(actor=operator)["new"] is True
    assert Grant.objects.filter(user__email="charlie@example.com", role="viewer").count() == 4
    changes.remove(actor=operator, connection=Connection.objects.get(slug="globex"))
    Connection.objects.filter(slug="acme").update(name="Globex")
    User.objects.filter(email="bob@example.com").update(name="Robert")
    assert demo.make(actor=operator)["new"] is False
    assert sorted(Connection.objects.values_list("slug", flat=True)) == ["acme", "example-apps", "example-organisation"]
    assert Connection.objects.get(slug="acme").name == "Globex"
    assert User.objects.get(email="bob@example.com").name == "Robert"


def test_the_demo_tests_its_connections_on_record_so_that_home_shows_that_they_work(sandbox, operator, client):
    demo.make(actor=operator)
    assert {connection.check_state for connection in Connection.objects.all()} <= {"works", "missing"}
    tested = AuditEntry.objects.filter(action="connection.checked")
    assert {(entry.actor_label, entry.outcome) for entry in tested} == {("Trustdesk (demo)", "done")}
    assert tested.count() == Connection.objects.count()
    client.force_login(User.objects.get(email="alice@example.com"))
    assert "Never tested" not in client.get("/").content.decode()


def test_the_demo_leaves_a_connection_alone_that_has_one_of_its_names(sandbox, operator):
    ours = make_connection("Ours")
    Connection.objects.update(name="Acme")
    demo.make(actor=operator)
    assert sorted(Connection.objects.values_list("name", flat=True)) == [
        "Acme",
        "Example apps",
        "Example organisation",
        "Globex",
    ]
    assert not ours.grants.exists()


def test_the_demo_is_made_by_an_administrator(charlie):
    assert "Only an administrator" in str(refusal("demo", "--as", "charlie@example.com"))
    assert not Connection.objects.exists()


def test_the_demo_says_when_its_address_is_taken_before_anything_is_made():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        error = refusal("demo", "--address", f"127.0.0.1:{taken.getsockname()[1]}")
    assert "Address already in use" in str(error)
    assert refusal("demo", "--address", "here").returncode == 2
    assert not Connection.objects.exists()


def test_the_demo_is_refused_outside_the_sandbox(settings):
    settings.SANDBOX = False
    assert refusal("demo").returncode == 1
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_clears_away_old_tasks_and_ended_sessions_and_keeps_the_rest(settings):
    settings.TASKS = {"default": settings.TASK_BACKENDS["database"]}
    now = timezone.now()
    long_ago, lately = now - timedelta(days=8), now - timedelta(days=6)
    for name, times in {
        "finished long ago": {"started_at": long_ago, "finished_at": long_ago},
        "killed long ago": {"started_at": long_ago, "status": "RUNNING"},
        "finished lately": {"started_at": lately, "finished_at": lately},
        "running": {"started_at": lately, "status": "RUNNING"},
    }.items():
        values = {"status": "SUCCESSFUL", "run_after": now, "backend_name": "default", **times}
        DBTaskResult.objects.create(task_path=name, args_kwargs={"args": [], "kwargs": {}}, **values)
    for key, ends in {"ended": now - timedelta(seconds=1), "open": now + timedelta(hours=1)}.items():
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    run("worker", "--once", "-v0")
    assert set(DBTaskResult.objects.values_list("task_path", flat=True)) == {"finished lately", "running"}
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]


def environment_for(folder: Path, **more: str) -> dict[str, str]:
    """A Trustdesk of its own, in processes of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"DATA_DIR": str(folder), "ENV_FILE": os.devnull, "LOG_LEVEL": "WARNING"} | more


def manage(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def states_of_scans(folder: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(folder / "trustdesk.sqlite3")) as database:
        return [state for (state,) in database.execute("SELECT state FROM classification_scan")]


@pytest.mark.parametrize("queue", ["database", "redis"])
def test_work_in_the_queue_is_done_by_a_worker_process(queue, tmp_path, seeded_sandbox):
    more = {"TASK_BACKEND": queue}
    if queue == "redis":
        if not os.environ.get("TEST_REDIS_URL"):
            pytest.skip("no Redis answers here (TEST_REDIS_URL)")
        more["REDIS_URL"] = os.environ["TEST_REDIS_URL"]
    small = seeded_sandbox.copy_to(tmp_path / "sandbox.sqlite3")
    with small.write() as db:
        db.execute("DELETE FROM items")
    small.close()
    environment = environment_for(tmp_path, **more)
    manage(environment, "demo")
    assert states_of_scans(tmp_path) == [Scan.State.QUEUED] * 2
    manage(environment, "worker", "--once", "-v0")
    assert states_of_scans(tmp_path) == [Scan.State.DONE] * 2
