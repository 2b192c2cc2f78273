"""A database that an earlier version filled is upgraded, and its pages open with what was in it.

`before_squash.sql` is an SQLite database of the version before all migrations became one per app: a site with a scanned
space, a page of which Alice classified, and an app whose draft she saved and requested approval of.
"""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DUMP = Path(__file__).with_name("before_squash.sql")
#: Prints what each page answers, signed in as Alice, and what is there of each of some models.
LOOK = """
import json
from django.test import Client
from django.contrib.auth import get_user_model
from classification.models import Item
from privacy.models import App, Snapshot
alice = Client(headers={"host": "localhost"})
alice.force_login(get_user_model().objects.get(email="alice@example.com"))
item, app = Item.objects.get(title__isnull=False, set_here=True), App.objects.get()
pages = {
    "home": "/", "space": item.space.get_absolute_url(), "item": item.get_absolute_url(), "app": app.get_absolute_url(),
    "edit": app.get_absolute_url() + "edit/", "compare": app.get_absolute_url() + "compare/",
    "versions": app.get_absolute_url() + "versions/", "activity": "/activity/",
}
answers = {name: alice.get(path) for name, path in pages.items()}
print(json.dumps({
    "status": {name: answer.status_code for name, answer in answers.items()},
    "level": item.level.name,
    "differences": sorted(Item.objects.filter(connection=item.space.connection).values_list("difference", flat=True)),
    "reviewed": "Waiting for approval" in answers["app"].content.decode(),
    "live": "security@example.com" in answers["app"].content.decode(),
    "draft": "trust@example.com" in answers["edit"].content.decode(),
    "reason": "For customers" in answers["activity"].content.decode(),
}))
"""


def manage(data: Path, *arguments: str) -> subprocess.CompletedProcess:
    outside = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }
    env = outside | {"DATA_DIR": str(data), "SANDBOX": "1", "ALLOWED_HOSTS": "localhost"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def earlier(tmp_path) -> Path:
    """A data directory with the database of the earlier version."""
    database = sqlite3.connect(tmp_path / "trustdesk.sqlite3")
    database.executescript(DUMP.read_text())
    database.close()
    return tmp_path


def test_pages_open_with_the_data_of_an_earlier_version(earlier):
    migrated = manage(earlier, "migrate")
    assert migrated.returncode == 0, migrated.stderr

    looked = manage(earlier, "shell", "--no-imports", "-c", LOOK)

    found = json.loads(looked.stdout.splitlines()[-1])
    assert set(found.pop("status").values()) == {200}
    assert found.pop("differences") == ["less", "same", "same", "same", "same", "same"]
    assert found == {"level": "Public", "reviewed": True, "live": True, "draft": True, "reason": True}
    assert "15 entries, each in its place and unchanged" in manage(earlier, "audit", "verify").stdout


def test_a_database_between_two_versions_is_told_in_one_line(earlier):
    database = sqlite3.connect(earlier / "trustdesk.sqlite3")
    database.execute("DELETE FROM django_migrations WHERE app = 'privacy' AND name > '0012'")
    database.commit()
    database.close()

    refused = manage(earlier, "migrate")

    assert refused.returncode == 1
    assert "was upgraded in part" in refused.stderr
    assert "Traceback" not in refused.stderr
