"""The strict environment: production refuses to start unsafe, and every setting is explained.

Most cases run the settings file here, once for each environment; a few start a process, as a server would.
"""

import io
import json
import os
import re
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "SANDBOX": "False",
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": "trust.example.com",
    "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
}
EXAMPLE = (ROOT / ".env.example").read_text()


def clean(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path / "var")}


def load(tmp_path: Path, **environment: str) -> dict:
    """What the settings file says in this environment."""
    with mock.patch.dict(os.environ, clean(tmp_path) | environment, clear=True):
        return runpy.run_path(str(ROOT / "portal" / "settings.py"))


def refusal(tmp_path: Path, **environment: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        load(tmp_path, **environment)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def start(tmp_path: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a command in a process of its own, as a server would be started."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=clean(tmp_path) | environment, capture_output=True, text=True
    )


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


# --- starting -----------------------------------------------------------------------------------------------------


def test_the_embedded_default_starts_and_keeps_its_files_from_others(tmp_path):
    result = start(tmp_path, "manage.py", "audit", "verify")
    assert result.stderr == "The database is not up to date. Run: python manage.py migrate\n"
    assert result.returncode == 1
    folder = tmp_path / "var"
    assert mode(folder) == "0o700"
    assert {mode(path) for path in folder.iterdir()} == {"0o600"}
    assert (folder / "trustdesk.sqlite3").exists()


def test_a_complete_production_environment_starts_and_a_database_that_is_not_there_is_said_in_one_line(tmp_path):
    result = start(tmp_path, "manage.py", "migrate", "--check", **SAFE, DATABASE_URL="postgres://me@127.0.0.1:1/none")
    assert result.stderr.startswith("The database cannot be reached: "), result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.returncode == 1
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("door", [("manage.py", "check"), ("-c", "import portal.wsgi")])
def test_what_is_unsafe_is_refused_in_one_line(tmp_path, door):
    result = start(tmp_path, *door, **SAFE | {"DEBUG": "True"})
    assert result.returncode == (1 if "manage.py" in door else 3)
    assert result.stderr.startswith("Trustdesk does not start: DEBUG")
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_first_key_can_be_made_where_there_is_none_yet(tmp_path):
    with mock.patch.object(sys, "argv", ["manage.py", "make_key", "--json"]):
        assert load(tmp_path, **SAFE | {"CREDENTIAL_KEYS": ""})["CREDENTIAL_KEYS"] == []
    out = io.StringIO()
    call_command("make_key", "--json", stdout=out)
    key = json.loads(out.getvalue())["key"]
    assert load(tmp_path, **SAFE | {"CREDENTIAL_KEYS": key})["CREDENTIAL_KEYS"] == [key]


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"DEBUG": "True"}, "DEBUG"),
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is open"),
        ({"ALLOWED_HOSTS": ".com"}, "ALLOWED_HOSTS is open"),
        ({"ALLOWED_HOSTS": "https://trust.example.com"}, "ALLOWED_HOSTS holds an address"),
        ({"ALLOWED_HOSTS": "localhost:8000"}, "ALLOWED_HOSTS holds an address"),
        ({"CREDENTIAL_KEYS": ""}, "CREDENTIAL_KEYS"),
        ({"CREDENTIAL_KEYS": "not-a-key"}, "CREDENTIAL_KEYS"),
        ({"HTTPS": "False"}, "HTTPS is off"),
        ({"EMAIL_URL": "consolemail://"}, "EMAIL_URL writes password links to the log"),
        ({"SANDBOX": "True", "DEBUG": "True"}, "DEBUG"),
        ({"SANDBOX": "True", "SECRET_KEY": ""}, "SECRET_KEY"),
    ],
)
def test_production_refuses_to_start_unsafe(tmp_path, change, word):
    assert word in refusal(tmp_path, **SAFE | change)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("SANDBOX", value) for value in ("ture", "", "no way")],
        ("HTTPS", "ture"),
        ("TASK_BACKEND", "magic"),
        ("REDIS_URL", "127.0.0.1"),
        *[("UPSTREAM_MAX_IN_FLIGHT", value) for value in ("0", "-1", "1.5", "", "9" * 5000)],
        *[("UPSTREAM_MAX_IN_FLIGHT_WEB", value) for value in ("0", "x")],
        *[("UPSTREAM_PATIENCE_WEB", value) for value in ("x", "nan", "-1", "inf")],
        ("SESSION_HOURS", "abc"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        *[("TIME_ZONE", value) for value in ("Foo/Bar", "../../etc/passwd", "")],
        *[("DATABASE_URL", value) for value in ("foo", "", "mysql://a@b/c", "sqlite:///", "postgres://h:x/name")],
        *[("EMAIL_URL", value) for value in ("foo", "", "smtp://", "smtp://h:x")],
        ("CSRF_TRUSTED_ORIGINS", "trust.example.com"),
        ("LOG_LEVEL", "bogus"),
        ("DATA_DIR", "/dev/null/var"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(tmp_path, name, value):
    assert refusal(tmp_path, **{name: value}).startswith(f"{value}/secret.key" if name == "DATA_DIR" else name)


def test_a_named_file_of_settings_has_to_be_there(tmp_path):
    assert str(tmp_path / "no.env") in refusal(tmp_path, ENV_FILE=str(tmp_path / "no.env"))
    assert "cannot be read" in refusal(tmp_path, ENV_FILE=str(tmp_path))


# --- what is understood ---------------------------------------------------------------------------------------------


def test_spaces_around_what_is_listed_do_not_count(tmp_path):
    found = load(tmp_path, ALLOWED_HOSTS=" 127.0.0.1, localhost ,", UPSTREAM_HOSTS="a:1, b")
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost"]
    assert found["UPSTREAM_HOSTS"] == ["a:1", "b"]


@pytest.mark.parametrize(
    "value",
    [
        "https://trust.example.com",
        "trust.example.com/wiki",
        "*",
        "*.example.com",
        ".example.com",
        "a b",
        "me@example.com",
        "example.com:0",
        "example.com:65536",
        "example.com:http",
        "example.com:",
        "::1:8100",
        "[::1",
        "exämple.com",
        "fine.example.com, http://x",
    ],
)
def test_a_further_host_that_no_connection_could_use_is_refused(tmp_path, value):
    assert refusal(tmp_path, UPSTREAM_HOSTS=value).startswith("UPSTREAM_HOSTS")


def test_further_hosts_are_kept_as_addresses_are_compared(tmp_path):
    found = load(tmp_path, UPSTREAM_HOSTS="Trust.Example.com, 127.0.0.1:8100, [::1]:8100, [FE80::1]")
    assert found["UPSTREAM_HOSTS"] == ["trust.example.com", "127.0.0.1:8100", "::1:8100", "fe80::1"]


def test_production_without_https_is_for_this_machine_alone(tmp_path):
    assert load(tmp_path, **SAFE)["SECURE_SSL_REDIRECT"] is True
    found = load(tmp_path, **SAFE | {"HTTPS": "no", "ALLOWED_HOSTS": "localhost"})
    assert found["SESSION_COOKIE_SECURE"] is False


def test_a_proxy_is_believed_only_where_one_is_counted(tmp_path):
    assert "SECURE_PROXY_SSL_HEADER" not in load(tmp_path, **SAFE)
    counted = load(tmp_path, **SAFE, TRUSTED_PROXY_COUNT="1")
    assert counted["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_mail_goes_where_it_was_told_and_nowhere_otherwise(tmp_path):
    assert load(tmp_path)["EMAIL_BACKEND"].endswith("dummy.EmailBackend")
    found = load(tmp_path, **SAFE, EMAIL_URL="smtp+tls://me:secret@mail.example.com:587")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)


# --- the example ----------------------------------------------------------------------------------------------------

#: A setting as it stands in the example: `NAME=value`, with # in front where the default depends on other settings.
LINE = re.compile(r"#?([A-Z_]+)=(.*)")


def test_every_setting_that_is_read_is_explained_in_the_example_and_none_besides():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "portal" / "settings.py").read_text()))
    lines = EXAMPLE.splitlines()
    assert {match[1] for match in map(LINE.fullmatch, lines) if match} == read
    for number, line in enumerate(lines):
        if LINE.fullmatch(line):
            before = next(text for text in reversed(lines[:number]) if not LINE.fullmatch(text))
            assert before.startswith("# "), f"{line} has no explanation above it"


@pytest.mark.parametrize("environment", [{}, SAFE])
def test_a_copy_of_the_example_changes_nothing(tmp_path, environment):
    (tmp_path / "copy.env").write_text(EXAMPLE)
    environment = environment | {"DATA_DIR": str(tmp_path / "var")}
    without, copied = load(tmp_path, **environment), load(tmp_path, **environment, ENV_FILE=str(tmp_path / "copy.env"))
    names = {name for name in without if name.isupper()}
    assert {name: copied[name] for name in names} == {name: without[name] for name in names}


def test_what_is_shown_in_the_example_is_understood(tmp_path):
    shown = {match[1]: match[2] for match in map(LINE.fullmatch, EXAMPLE.splitlines()) if match}
    loaded = load(tmp_path, **shown | SAFE | {"ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path / "var")})
    assert {str(loaded[name]) for name in ("UPSTREAM_MAX_IN_FLIGHT", "TIME_ZONE")} == {
        shown[name] for name in ("UPSTREAM_MAX_IN_FLIGHT", "TIME_ZONE")
    }
