"""What a request may carry: everything else is refused with a page, before it is stored."""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.bodies import MOST_DISCARDED
from portal.models import User

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
FORM = "application/x-www-form-urlencoded"
PAGES = ["home", "account_login", "preferences", "people"]
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def check_page(response, status: int, words: str) -> None:
    text = response.content.decode()
    assert response.status_code == status
    assert words in text
    assert "<h1>" in text
    assert "Nothing was" in text
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]


@pytest.fixture
def temporary_files(monkeypatch) -> list:
    """Every temporary file that is made while the test runs."""
    made = []
    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp"):
        real = getattr(tempfile, name)
        monkeypatch.setattr(tempfile, name, lambda *a, _real=real, **kw: made.append(a) or _real(*a, **kw))
    return made


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("csrf", [True, False])
def test_a_file_of_a_stranger_is_refused_before_it_is_stored(page, csrf, temporary_files, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    client = Client(enforce_csrf_checks=csrf)
    file = SimpleUploadedFile("large.bin", b"x" * 4 * 1024 * 1024)
    check_page(client.post(reverse(page), {"name": "x", "file": file}), 415, "takes no files")
    assert temporary_files == []
    assert list(tmp_path.iterdir()) == []


def test_a_signed_in_person_sends_no_file_either(alice, client_for):
    response = client_for(alice).post(reverse("preferences"), {"name": "New", "file": SimpleUploadedFile("a", b"x")})
    check_page(response, 415, "takes no files")
    assert User.objects.get(pk=alice.pk).name == "Alice"


def test_htmx_is_told_in_a_toast_and_keeps_what_was_typed(alice, client_for):
    client = client_for(alice, htmx=True)
    response = client.post(reverse("preferences"), {"file": SimpleUploadedFile("a", b"x")})
    assert response.status_code == 415
    assert response["HX-Reswap"] == "none"
    assert "takes no files" in response["HX-Trigger"]


def test_a_multipart_form_without_files_is_a_form(alice, client_for):
    assert client_for(alice).post(reverse("preferences"), {"name": "New", "time_zone": ""}).status_code == 302
    assert User.objects.get(pk=alice.pk).name == "New"


CHARSETS = ["utf-16", "latin-1", "no-such", "utf-7", "%00", ""]
#: On these Django fails before any middleware, so they are tried on the WSGI application.
WORSE = [
    "charset=hex",
    "charset=zip",
    "charset=idna",
    "charset=undefined",
    "charset*=no-such''x",
    "charset*=utf-8''hex",
]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x", "application/json", "text/plain"])
@pytest.mark.parametrize("method", ["post", "put", "get"])
def test_a_body_in_a_foreign_charset_gets_400_with_a_page(charset, kind, method):
    client = Client(raise_request_exception=False)
    response = client.generic(method.upper(), "/accounts/login/?next=%FF", b"a=\xff", f"{kind}; charset={charset}")
    check_page(response, 400, "not text in UTF-8")


@pytest.mark.parametrize("charset", [*(f"charset={charset}" for charset in CHARSETS), *WORSE])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_server_is_never_broken_by_a_charset(charset, method):
    from portal.wsgi import application

    environ = {"CONTENT_TYPE": f"{FORM}; {charset}", "REQUEST_METHOD": method, "QUERY_STRING": "next=\xff"}
    body = b"a=\xff"
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "PATH_INFO": "/accounts/login/"}
    setup_testing_defaults(environ)
    answer = []
    content = b"".join(application(environ, lambda status, headers: answer.extend([status, dict(headers)])))
    response = HttpResponse(content, status=int(answer[0].split()[0]), headers=answer[1])
    check_page(response, 400, "not text in UTF-8")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", '"utf-8"', "us-ascii"])
def test_utf_8_is_understood_however_it_is_written(charset, alice, client_for):
    response = client_for(alice).generic(
        "POST", reverse("preferences"), "name=Zoë&time_zone=".encode(), f"{FORM}; charset={charset}"
    )
    assert response.status_code == 302
    assert User.objects.get(pk=alice.pk).name == "Zoë"


@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x", "application/json"])
def test_a_body_over_the_limit_gets_413_with_a_page(kind, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client = Client(raise_request_exception=False)
    check_page(client.generic("POST", "/", b"a=" + b"x" * 999, kind), 413, "larger than Trustdesk takes")
    assert client.generic("POST", "/", b"a=" + b"x" * 998, FORM).status_code == 401


def test_too_many_fields_get_400_with_a_page(settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    client = Client(raise_request_exception=False)
    check_page(client.post("/", b"&".join([b"a=1"] * 11), FORM), 400, "could not read")


# --- under a real server --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of gunicorn as the Procfile starts it. It has no tables, which a refused request does not miss."""
    folder = tmp_path_factory.mktemp("server")
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(folder / "var"),
        "TMPDIR": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", "127.0.0.1:0", "--worker-class", "gthread"]
    process = subprocess.Popen(
        [*command, "--threads", "2", "--worker-tmp-dir", "/dev/shm"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = next(line.split("Listening at: ")[1].split()[0] for line in process.stderr if "Listening at" in line)
    yield address, folder
    process.terminate()
    process.communicate()


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("size", [9 * 1024 * 1024, MOST_DISCARDED // 2])
def test_a_server_answers_a_body_over_the_limit_and_does_not_close_the_connection(server, keep_alive, size):
    address, _ = server
    headers = {"Content-Type": FORM} | ({} if keep_alive else {"Connection": "close"})
    with requests.Session() as session:
        response = session.post(f"{address}/accounts/login/", b"x" * size, headers=headers, timeout=600)
        check_page(response, 413, "larger than Trustdesk takes")


def test_a_server_answers_a_file_and_stores_none_of_it(server):
    address, folder = server
    response = requests.post(f"{address}/accounts/login/", files={"file": b"x" * 6 * 1024 * 1024}, timeout=600)
    check_page(response, 415, "takes no files")
    assert {path.name for path in folder.iterdir()} <= {"var"}
