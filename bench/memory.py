"""Memory of web and worker together after 1,000 page views of the demo and a full scan; the peer is an empty Django.

The processes are those that `make run` starts. Counted is the resident memory (RSS) of the whole process tree, so pages
that processes share are counted more than once: the true figure is lower.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
PORT = 8765
VIEWS = 1000
LIMIT_MB = 300
PEER = """
import os
from django.conf import settings
settings.configure(SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], INSTALLED_APPS=[])
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("ok"))]
application = get_wsgi_application()
"""


def tree(pid: int) -> list[int]:
    """The process and all below it, whichever of its threads started them."""
    children = [child for made in Path(f"/proc/{pid}/task").glob("*/children") for child in made.read_text().split()]
    return [pid, *(each for child in children for each in tree(int(child)))]


def rss_mb(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total / 1024


def start(*command: str, **environment: str) -> subprocess.Popen:
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | environment
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for(url: str, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            requests.get(url, timeout=2)
            return
        except requests.RequestException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def sign_in(base: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{base}/accounts/login/")
    answer = session.post(
        f"{base}/accounts/login/",
        data={
            "login": "alice@example.com",
            "password": "trustdesk-demo",
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        },
        headers={"Referer": base},
    )
    answer.raise_for_status()
    return session


def addresses(session: requests.Session, base: str) -> list[str]:
    """All pages that the start pages link to, one step deep."""
    seen, found = set(), ["/", "/sites/acme/spaces/", "/sites/globex/spaces/", "/apps/example-apps/", "/activity/"]
    for start_page in list(found):
        text = session.get(base + start_page).text
        for link in re.findall(r'href="(/(?:sites|apps|connections)/[^"#]+)"', text):
            if link not in seen and "export" not in link:
                seen.add(link)
                found.append(link.replace("&amp;", "&"))
    return found


def scan_all(session: requests.Session, base: str) -> None:
    token = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
    for site in ("acme", "globex"):
        session.post(f"{base}/sites/{site}/scans/", data=token, headers={"Referer": base}).raise_for_status()
    until = time.monotonic() + 180
    pages = [f"{base}/sites/{site}/spaces/" for site in ("acme", "globex")]
    while any('hx-trigger="every 2s"' in session.get(page).text for page in pages):
        if time.monotonic() > until:
            raise SystemExit("the scans did not end")
        time.sleep(0.5)


def peer(folder: str) -> float:
    Path(folder, "bare.py").write_text(PEER)
    environment = {"PYTHONPATH": folder}
    web = start("gunicorn", "bare:application", "--bind", f"127.0.0.1:{PORT + 1}", "--threads", "8", **environment)
    try:
        wait_for(f"http://127.0.0.1:{PORT + 1}/")
        for _ in range(VIEWS):
            requests.get(f"http://127.0.0.1:{PORT + 1}/", timeout=10)
        return rss_mb(tree(web.pid))
    finally:
        os.killpg(web.pid, signal.SIGTERM)


def main() -> None:
    base = f"http://127.0.0.1:{PORT}"
    with tempfile.TemporaryDirectory() as folder:
        environment = {"DATA_DIR": folder, "LOG_LEVEL": "ERROR", "TRUSTDESK_ADDRESS": f"127.0.0.1:{PORT}"}
        subprocess.run(
            [sys.executable, "manage.py", "demo", "--json"],
            cwd=ROOT,
            env=os.environ | environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        both = start(sys.executable, "manage.py", "run", **environment)
        try:
            wait_for(f"{base}/health/")
            session = sign_in(base)
            scan_all(session, base)
            pages = addresses(session, base)
            for number in range(VIEWS):
                session.get(base + pages[number % len(pages)], timeout=30).raise_for_status()
            measured = rss_mb(tree(both.pid))
        finally:
            os.killpg(both.pid, signal.SIGTERM)
            both.wait(20)
        bare = peer(folder)
    print(f"web and worker after {VIEWS} views of {len(pages)} pages and a full scan: {measured:.0f} MB")
    print(f"limit: {LIMIT_MB} MB")
    print(f"peer, gunicorn with an empty Django after {VIEWS} views: {bare:.0f} MB; ratio {measured / bare:.2f}")
    if measured > LIMIT_MB:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
