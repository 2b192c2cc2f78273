"""Scan of 1,000 items at 50 ms per answer, 16 calls in flight; the peers are two scripts that people write instead.

The sandbox answers over HTTP from a process of its own. The ideal is calls × 50 ms ÷ 16. Peers: a loop that asks for
one level after the other (measured over a part and scaled), and a plain pool of 16 threads with requests, which lists
first and asks for the levels then. Neither writes a database, waits when told to, or survives being killed.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
PAGES, POSTS, DRAFTS, ARCHIVED = 900, 60, 20, 20
ITEMS = PAGES + POSTS + DRAFTS + ARCHIVED
LATENCY_MS, IN_FLIGHT, LIMIT = 50, 16, 1.15
SEQUENTIAL_PART = 60
ADMIN = ("admin@example.com", "sandbox-admin-token")


def fill(path: Path) -> None:
    from sandbox.names import ACME
    from sandbox.seed import seed_basics
    from sandbox.state import State

    state = State(path)
    seed_basics(state)
    state.set_draft_lists(ACME, "list")
    state.add_space(ACME, "BENCH", name="Benchmark", pages=PAGES, blogposts=POSTS, level="Internal")
    for number in range(DRAFTS):
        state.add_item(ACME, "BENCH", title=f"Draft {number}", status="draft", level="Public")
    for number in range(ARCHIVED):
        state.add_item(ACME, "BENCH", title=f"Old {number}", status="archived")
    state.close()


def serve(path: Path) -> tuple[subprocess.Popen, str]:
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--json", "--no-seed", "--data", str(path)]
    server = subprocess.Popen([*command, "--latency", str(LATENCY_MS)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    text = ""
    while True:
        text += server.stdout.readline()
        try:
            return server, json.loads(text)["url"]
        except ValueError:
            if server.poll() is not None:
                raise SystemExit("the sandbox did not start") from None


def prepare(url: str):
    """The connection to the benchmark's site, in a database of its own, and its space."""
    from django.core.management import call_command

    from classification.inventory import refresh
    from portal.access import Actor
    from portal.models import Connection

    call_command("migrate", verbosity=0)
    site = Connection(name="Bench", slug="bench", kind="site", url=url, email=ADMIN[0])
    site.keep_token(ADMIN[1])
    site.save()
    return site, refresh.read_space(actor=Actor.command_line(), connection=site, key="BENCH")


def trustdesk(site, space) -> tuple[float, int, int]:
    """Seconds, calls and items of one scan, from the claim to its end."""
    from classification.inventory import refresh, scanning
    from portal.access import Actor
    from portal.jobs import job_queue

    scan = refresh.request_scan(actor=Actor.command_line(), connection=site, space=space)
    begun = time.perf_counter()
    with job_queue.claimed(scan, enqueue=lambda following: None) as lease:
        scanning.run(scan, lease)
    took = time.perf_counter() - begun
    scan.refresh_from_db()
    if scan.state != "done" or scan.error:
        raise SystemExit(f"the scan did not end well: {scan.state} {scan.error}")
    return took, scan.calls, scan.done


def listing(session: requests.Session, url: str, space_id: str) -> list[tuple[str, str, str]]:
    found = []
    for kind, path, query in (
        ("pages", f"/spaces/{space_id}/pages", "status=current&status=archived"),
        ("blogposts", f"/spaces/{space_id}/blogposts", "status=current"),
        ("pages", "/pages", f"status=draft&space-id={space_id}"),
        ("blogposts", "/blogposts", f"status=draft&space-id={space_id}"),
    ):
        next_path = f"/wiki/api/v2{path}?{query}&limit=250"
        while next_path:
            body = session.get(url + next_path).json()
            found += [(kind, entry["id"], entry["status"]) for entry in body["results"]]
            next_path = body["_links"].get("next", "")
    return found


def peer_session() -> requests.Session:
    session = requests.Session()
    session.auth = ADMIN
    session.trust_env = False
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=IN_FLIGHT))
    return session


def level(session: requests.Session, url: str, kind: str, item_id: str, status: str) -> dict | None:
    answer = session.get(f"{url}/wiki/api/v2/{kind}/{item_id}/classification-level", params={"status": status})
    return answer.json() if answer.status_code == 200 else None


def pool_peer(url: str, space_id: str) -> float:
    begun = time.perf_counter()
    session = peer_session()
    items = listing(session, url, space_id)
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        levels = list(pool.map(lambda item: level(session, url, *item), items))
    assert len(levels) == ITEMS
    return time.perf_counter() - begun


def sequential_peer(url: str, space_id: str) -> float:
    begun = time.perf_counter()
    session = peer_session()
    items = listing(session, url, space_id)
    listed = time.perf_counter()
    for item in items[:SEQUENTIAL_PART]:
        level(session, url, *item)
    return (listed - begun) + (time.perf_counter() - listed) * len(items) / SEQUENTIAL_PART


def measure(url: str) -> bool:
    site, space = prepare(url)
    ideal = lambda calls: calls * LATENCY_MS / 1000 / IN_FLIGHT  # noqa: E731
    rounds = [trustdesk(site, space) for _ in range(3)]
    took, calls, items = min(rounds)
    most = ITEMS + math.ceil(ITEMS / 250) + 6
    pool, sequential = pool_peer(url, space.remote_id), sequential_peer(url, space.remote_id)
    print(f"items {items}, calls {calls} (at most {most}); ideal {ideal(calls):.2f} s")
    for name, seconds in (("first scan", rounds[0][0]), ("best of 3", took)):
        print(f"Trustdesk, {name}: {seconds:.2f} s = {seconds / ideal(calls):.3f} x ideal (at most {LIMIT})")
    print(f"peer, 16 plain threads, no database: {pool:.2f} s = {pool / took:.2f} x Trustdesk")
    print(f"peer, one after the other: {sequential:.1f} s = {sequential / took:.1f} x Trustdesk")
    return took <= LIMIT * ideal(calls) and calls <= most and items == ITEMS


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "SANDBOX": "True", "DJANGO_SETTINGS_MODULE": "portal.settings"}
        os.environ |= {"TASK_BACKEND": "database", "LOG_LEVEL": "WARNING"}
        os.environ.pop("DATABASE_URL", None)
        import django
        from django.conf import settings

        django.setup()
        fill(Path(folder) / "bench.sqlite3")
        server, url = serve(Path(folder) / "bench.sqlite3")
        settings.UPSTREAM_HOSTS = [url.removeprefix("http://")]
        try:
            reached = measure(url)
        finally:
            server.terminate()
            server.wait()
    if not reached:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
