"""The space page with 250 rows over an inventory of 10,000 items, against Django admin over the same rows.

Each page is asked for through the same client, whole stack included (middleware, session, rights, database), in rounds
that take turns. The figure of a page is the median of its requests. Target: 3 times the requests per second of the
change list, 7 times of the one with `list_editable`; at most 12 queries; no remote call.
"""

import logging
import os
import statistics
import sys
import tempfile
import time

ITEMS, ROWS, ROUNDS, PER_ROUND, WARM_UP = 10_000, 250, 12, 3, 3
MOST_QUERIES, TIMES_READING, TIMES_EDITING = 12, 3, 7


def fill():
    """10,000 items in one space, over 5 levels and all states; returns the address of its page and its reader."""
    from datetime import timedelta

    from django.utils import timezone

    from classification.models import Item, Level, ReadState, Space
    from portal.models import Connection, User

    now = timezone.now()
    site = Connection.objects.create(name="Bench", slug="bench", kind="site", url="https://example-acme.atlassian.net")
    colors = ("RED_BOLD", "RED", "YELLOW", "BLUE", "GREEN")
    levels = [
        Level.objects.create(
            connection=site,
            remote_id=f"level-{n}",
            name=f"Level {n}",
            order=n,
            color=color,
            status="PUBLISHED",
            read_at=now,
        )
        for n, color in enumerate(colors, 1)
    ]
    space = Space.objects.create(
        connection=site,
        remote_id="1",
        key="BENCH",
        name="Benchmark",
        default_level=levels[2],
        default_state=ReadState.KNOWN,
        listed_at=now,
        scanned_at=now,
    )
    statuses = ("current",) * 8 + ("draft", "archived")
    Item.objects.bulk_create(
        Item(
            space=space,
            kind="blogpost" if n % 9 == 0 else "page",
            remote_id=str(10_000 + n),
            status=statuses[n % 10],
            title=f"Quarterly plan and decisions of team {n * 7919 % ITEMS:05}",
            level=None if n % 5 == 0 else levels[n % 4],
            level_state=ReadState.NONE if n % 5 == 0 else ReadState.KNOWN,
            remote_changed_at=now - timedelta(minutes=n),
            level_read_at=now - timedelta(seconds=n % 60),
            read_at=now,
        )
        for n in range(ITEMS)
    )
    return space.get_absolute_url(), User.objects.create_superuser("bench@example.com", "not used here"), site


def give_rights(person, site) -> None:
    from portal.models import Grant

    Grant.objects.create(user=person, connection=site, role="classification_manager")


class Calls(logging.Handler):
    """Counts remote calls: the service module logs one line for each."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


def check(client, pages: dict[str, tuple[str, bytes]]) -> int:
    """Every page shows 250 rows. Returns the queries of ours, which must not call anybody."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    calls = Calls()
    logging.getLogger("trustdesk.atlassian").addHandler(calls)
    queries = 0
    for name, (address, mark) in pages.items():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            response = client.get(address)
        found = response.content.count(mark)
        if response.status_code != 200 or found != ROWS:
            raise SystemExit(f"{name}: status {response.status_code}, {found} rows instead of {ROWS}")
        print(f"{name}: {found} rows, {len(captured)} queries, {len(response.content) // 1024} KB")
        queries = queries or len(captured)
    if calls.count:
        raise SystemExit(f"the space page made {calls.count} remote calls")
    return queries


def measure(client, pages: dict[str, tuple[str, bytes]]) -> dict[str, float]:
    """Median seconds per request of each page."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    for round_number in range(ROUNDS + 1):
        for name, (address, _) in pages.items():
            for _ in range(PER_ROUND if round_number else WARM_UP):
                begun = time.perf_counter()
                client.get(address)
                if round_number:
                    taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def run() -> bool:
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    address, person, site = fill()
    give_rights(person, site)
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    pages = {
        "Trustdesk, every row with its editor": (address, b'<tr id="item-'),
        "Django admin, change list": ("/admin-reading/classification/item/", b'name="_selected_action"'),
        "Django admin, list_editable": ("/admin-editing/classification/item/", b'name="_selected_action"'),
    }
    queries = check(client, pages)
    (_, ours), (_, reading), (_, editing) = measure(client, pages).items()
    for name, seconds in zip(pages, (ours, reading, editing), strict=True):
        print(f"{name:38}{seconds * 1000:8.1f} ms{1 / seconds:9.1f} requests/s{seconds / ours:8.2f} x")
    print(f"targets: {TIMES_READING} x and {TIMES_EDITING} x, at most {MOST_QUERIES} queries, no remote call")
    return queries <= MOST_QUERIES and reading / ours >= TIMES_READING and editing / ours >= TIMES_EDITING


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "SANDBOX": "True", "DEBUG": "False", "LOG_LEVEL": "INFO"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "bench.settings", "TASK_BACKEND": "database"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        return 0 if run() else 1


if __name__ == "__main__":
    sys.exit(main())
