"""Drills: processes are killed and servers restarted while Trustdesk works. `python -m bench.drills NAME …`; or all.

worker_killed         kill -9 of a worker while it scans, 20 times, with the queue in the database
worker_killed_redis   the same with the queue on Redis; its child must not outlive it
sqlite_writers        8 processes change levels on one SQLite database for a minute
database_restart      PostgreSQL is stopped and started while a worker scans, three times
redis_restart         Redis is killed while a worker scans, four times; it comes back empty, at once or after the scan

Each runs in a folder of its own, with servers of its own. What a drill does not wait for is the minute until a lease
lapses: it sets the lease into the past. It ends with status 1 where something was lost, or a trace is in a log.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES, LATENCY_MS = 400, 60
KILLS, WRITERS, SECONDS, RESTARTS, REDIS_RESTARTS = 20, 8, 60, 3, 4
#: Less than after which a scan whose workers die again and again is given up.
KILLS_OF_ONE_SCAN = 4


class DrillError(Exception):
    """Something was lost, or said as no person should have to read it."""


def check(holds: bool, words: str) -> None:
    if not holds:
        raise DrillError(words)


def until(holds: Callable[[], bool], words: str, seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < give_up, f"after {seconds:.0f} seconds still not: {words}")
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- Trustdesk in a folder of its own -------------------------------------------------------------------------------


def begin(folder: Path, **environment: str):
    """Set Django up on that folder, with one slow site; returns its connection and a space that holds PAGES pages."""
    os.environ.update(DATA_DIR=str(folder / "var"), ENV_FILE=os.devnull, DJANGO_SETTINGS_MODULE="portal.settings")
    os.environ.update(environment, LOG_LEVEL="WARNING")
    import django

    django.setup()
    from django.core.management import call_command

    from classification.inventory import refresh
    from portal.access import Actor
    from portal.models import Connection
    from sandbox import faults
    from sandbox.names import ACCOUNTS, ACME
    from sandbox.seed import seed_basics
    from sandbox.state import default_state

    call_command("migrate", interactive=False, verbosity=0)
    seed_basics(state := default_state())
    state.add_space(ACME, "DRILL", name="Drill", pages=PAGES, level="Internal")
    state.add_space(ACME, "OTHER", name="Other", pages=10, level="Internal")
    site = Connection(name="Acme", slug="acme", kind="site", url=f"https://{ACME}", email=ACCOUNTS[0].email)
    site.keep_token(ACCOUNTS[0].token)
    site.save()
    space = read_space(site, "DRILL")
    refresh.read_levels(actor=Actor.command_line(), connection=site)
    faults.latency(state, LATENCY_MS)
    return site, space


class Worker:
    """A worker in a process of its own; what it writes goes to a file."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "worker.log"
        command = [sys.executable, "manage.py", "worker", "--interval", "0.05", "--sweep-every", "0.5"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*command, "--verbosity", "0"], cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9, and see that nothing of it goes on."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.process.kill()
        self.process.wait()
        until(lambda: not any(_is_alive(child) for child in children), "the children of a killed worker are gone", 20)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def _is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def lapse(scan) -> None:
    """Let the minute pass after which the sweep hands out what nobody works on."""
    from datetime import timedelta

    from django.utils import timezone

    from portal.models import ConnectionLease

    past = timezone.now() - timedelta(minutes=2)
    ConnectionLease.objects.filter(pk=scan.connection_id).update(lease_until=past)
    type(scan).objects.filter(pk=scan.pk, state="running").update(lease_until=past)
    type(scan).objects.filter(pk=scan.pk, state="queued").update(queued_at=past)


def inventory(space) -> dict:
    from classification.models import Item

    items = Item.objects.filter(space=space).values_list("kind", "remote_id", "status", "level__name", "level_state")
    return {row[:3]: row[3:] for row in items}


def read_space(site, key: str):
    from classification.inventory import refresh
    from portal.access import Actor

    return refresh.read_space(actor=Actor.command_line(), connection=site, key=key)


def ask(site, space):
    from classification.inventory import refresh
    from portal.access import Actor

    return refresh.request_scan(actor=Actor.command_line(), connection=site, space=space)


def current(scan):
    scan.refresh_from_db()
    return scan


def check_end(folder: Path, space, truth: dict | None = None) -> None:
    from portal.audit.verify import verify_chain

    found = inventory(space)
    check(len(found) == PAGES, f"{len(found)} of {PAGES} pages are in the inventory")
    check(truth is None or found == truth, "the inventory is not what an undisturbed scan read")
    check(verify_chain().ok, f"the activity: {verify_chain().problem}")
    for log in folder.glob("*.log"):
        before, trace, after = log.read_text(errors="replace").partition("Traceback")
        check(not trace, f"a trace in the log:\n{before[-500:]}{trace}{after[:5000]}")


def under_way(scan, done: int) -> bool:
    """Wait until a scan has read so many pages. False where it ended before that was seen."""
    until(lambda: not current(scan).is_open or (scan.state == "running" and scan.done > done), "a scan is under way")
    return scan.is_open


# --- The drills -----------------------------------------------------------------------------------------------------


def worker_killed(folder: Path, **environment: str) -> None:
    site, space = begin(folder, **environment)
    scan, worker = ask(site, space), Worker(folder)
    until(lambda: not current(scan).is_open, "the undisturbed scan has ended")
    truth, killed, scans = inventory(space), 0, 0
    while killed < KILLS:
        scan, scans = ask(site, space), scans + 1
        for part in range(min(KILLS_OF_ONE_SCAN, KILLS - killed)):
            if not under_way(scan, PAGES * part // 8):
                break  # this machine was too busy to look before it had ended
            worker.kill()
            killed += current(scan).is_open
            lapse(scan)
            scan.__class__.objects.filter(pk=scan.pk).update(done=0)
            worker = Worker(folder)
        until(lambda: not current(scan).is_open, f"scan {scans} has ended")  # noqa: B023
        check(scan.state == "done", f"scan {scans}: {scan.state}, {scan.error}")
    worker.stop()
    check_end(folder, space, truth)
    print(f"{killed} workers were killed in {scans} scans; each scan ended, {len(truth)} pages as they are")


def worker_killed_redis(folder: Path) -> None:
    with redis_server(folder) as redis:
        worker_killed(folder, TASK_BACKEND="redis", REDIS_URL=redis.url)


def redis_restart(folder: Path) -> None:
    """Redis dies with one scan at work and one that waits in it: the one ends, the other is handed out again."""
    with redis_server(folder) as redis:
        site, space = begin(folder, TASK_BACKEND="redis", REDIS_URL=redis.url)
        other = read_space(site, "OTHER")
        scan, worker = ask(site, space), Worker(folder)
        until(lambda: not current(scan).is_open, "the undisturbed scan has ended")
        truth = inventory(space)
        for part in range(REDIS_RESTARTS):
            scan = ask(site, space)
            check(under_way(scan, PAGES * part // 8), "the scan ended before Redis was killed")
            waiting = ask(site, other)
            redis.kill()
            if part % 2:
                until(lambda: not current(scan).is_open, "the scan has ended without Redis")  # noqa: B023
            redis.start()
            until(lambda: not current(scan).is_open, "the scan that was at work has ended")  # noqa: B023
            lapse(waiting)
            until(lambda: not current(waiting).is_open, "the scan that waited has ended")  # noqa: B023
            for each in (scan, waiting):
                check(each.state == "done", f"scan {each.pk}: {each.state}, {each.error}")
                check(each.attempts == 1, f"scan {each.pk} took {each.attempts} attempts")
            check(worker.process.poll() is None, f"the worker ended with {worker.process.poll()}")
        worker.stop()
        check_end(folder, space, truth)
    print(f"Redis was killed {REDIS_RESTARTS} times; the worker lived on, and all scans ended")


def database_restart(folder: Path) -> None:
    with postgres(folder) as (url, restart):
        site, space = begin(folder, DATABASE_URL=url)
        from django.db import connections

        scan, worker = ask(site, space), Worker(folder)
        until(lambda: not current(scan).is_open, "the undisturbed scan has ended")
        truth, scan = inventory(space), ask(site, space)
        for part in range(RESTARTS):
            if not under_way(scan, PAGES * (part + 1) // 8):
                scan = ask(site, space)
            connections.close_all()
            restart()
            check(worker.process.poll() is None, f"the worker ended with {worker.process.poll()}")
            lapse(scan)
            scan.__class__.objects.filter(pk=scan.pk).update(done=0)
        until(lambda: not current(scan).is_open, "the scan has ended")
        check(scan.state == "done", f"{scan.state}, {scan.error}")
        worker.stop()
        check_end(folder, space, truth)
        connections.close_all()
    print(f"PostgreSQL was restarted {RESTARTS} times; the worker lived on, and the scan ended")


def sqlite_writers(folder: Path) -> None:
    site, space = begin(folder)
    from classification.inventory import refresh
    from portal.access import Actor
    from portal.audit.verify import verify_chain
    from portal.models import AuditEntry
    from sandbox import faults
    from sandbox.state import default_state

    faults.clear(default_state())
    scan = refresh.request_scan(actor=Actor.command_line(), connection=site, space=space, enqueue=False)
    from classification.tasks import run_scan

    run_scan.call(scan.pk)
    command = [sys.executable, "-m", "bench.drills", "writer"]
    started = [
        subprocess.Popen([*command, str(number)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for number in range(WRITERS)
    ]
    said = [process.communicate()[0] for process in started]
    check(all(process.returncode == 0 for process in started), "\n".join(said)[-3000:])
    changed = sum(int(text.split()[-1]) for text in said)
    recorded = AuditEntry.objects.filter(action="item.level.set", outcome="done").count()
    check(recorded == changed, f"{changed} changes were made, {recorded} are in the activity")
    check(verify_chain().ok, verify_chain().problem)
    print(f"{WRITERS} writers made {changed} changes in {SECONDS} seconds; all are in the activity, none failed")


def writer(number: int) -> None:
    """One of the writers, in a process of its own: changes the levels of its own pages. Prints how many."""
    import django

    django.setup()
    from classification.levels.change import change_level
    from classification.levels.item_levels import ItemLevel
    from classification.models import Item
    from portal.access import Actor

    items = list(Item.objects.filter(kind="page").order_by("pk"))[number::WRITERS]
    levels = [level for level in items[0].space.connection.levels.order_by("order") if level.is_applicable][:2]
    ends, made = time.monotonic() + SECONDS, 0
    while time.monotonic() < ends:
        item = Item.objects.select_related("space__connection").get(pk=items[made % len(items)].pk)
        level = levels[0] if item.level_id != levels[0].pk else levels[1]
        outcome = change_level(actor=Actor.command_line(), target=ItemLevel(item), wanted=level, reason="Drill")
        check(outcome.ok and outcome.changed, outcome.text)
        made += 1
    print(made)


# --- Servers of one's own -------------------------------------------------------------------------------------------


class Redis:
    """A Redis that keeps nothing when it is killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: _listens(self.port), "Redis answers", 30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    redis = Redis(folder)
    try:
        redis.start()
        yield redis
    finally:
        redis.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """A PostgreSQL cluster of this drill alone: its address, and what stops and starts it."""
    port, data = free_port(), folder / "postgres"
    data.mkdir()
    # It refuses to run as root.
    own = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if own:
        folder.chmod(0o755)
        shutil.chown(data, "postgres", "postgres")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=data, **own)  # type: ignore[call-overload]

    control = ("pg_ctl", "-D", str(data / "cluster"), "-w", "-l", str(data / "server.log"))
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("initdb", "-D", str(data / "cluster"), "-U", "postgres", "--auth", "trust", "--no-sync")
    run(*control, "-o", options, "start")
    try:
        yield (
            f"postgres://postgres@127.0.0.1:{port}/postgres",
            lambda: run(*control, "-o", options, "-m", "fast", "restart"),
        )
    finally:
        run(*control, "-m", "immediate", "stop")


DRILLS: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (worker_killed, worker_killed_redis, sqlite_writers, database_restart, redis_restart)
}


def main() -> None:
    names = sys.argv[1:] or list(DRILLS)
    if names[0] == "writer":
        writer(int(names[1]))
        return
    if unknown := set(names) - set(DRILLS):
        raise SystemExit(f"There is no drill {', '.join(sorted(unknown))}. There are: {', '.join(DRILLS)}.")
    if len(names) > 1:  # each sets Django up for itself
        results = [subprocess.run([sys.executable, "-m", "bench.drills", name]).returncode for name in names]
        raise SystemExit(int(any(results)))
    print(f"== {names[0]}", flush=True)
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        try:
            DRILLS[names[0]](Path(folder))
        except DrillError as error:
            raise SystemExit(f"missed: {error}") from None


if __name__ == "__main__":
    main()
