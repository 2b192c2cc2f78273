"""Drill: the web process is killed (SIGKILL) while it publishes, twenty times, each time at another moment.

Checked after each kill, and after the web process was started again: live is the version from before or what was
approved, and nothing else; no answer, version or entry of the activity is gone; the app's page opens; the attempt is
settled, as published or as not published, in accordance with what is live; and publishing again works. At the end the
activity verifies, and the output of all web processes holds no traceback.

`python -m bench.drill_publish [rounds]`. Leases and the time within which a call may arrive are let pass in the
database instead of being waited for.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
PORT, ROUNDS, SEED = 8766, 20, 7
#: Milliseconds for each answer of Marketplace, so that there is something to be killed in.
LATENCY_MS = 60
APP, CONTACT = "Diagrams for Confluence", "/commonCloud/security/securityContact"
BASE = f"http://127.0.0.1:{PORT}"


class Web:
    """The web process as `make run` starts it, with its output in a file."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab")
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = ["-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{PORT}", "--worker-class", "gthread"]
        self._process = subprocess.Popen(
            [sys.executable, *command, "--threads", "8"],
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until = time.monotonic() + 60
        while True:
            with suppress(requests.RequestException):
                requests.get(f"{BASE}/health/", timeout=2)
                return
            if time.monotonic() > until:
                raise SystemExit("the web process did not start")
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def sign_in() -> requests.Session:
    session = requests.Session()
    session.get(f"{BASE}/accounts/login/")
    answer = session.post(
        f"{BASE}/accounts/login/",
        data={
            "login": "alice@example.com",
            "password": "trustdesk-demo",
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        },
        headers={"Referer": BASE},
    )
    answer.raise_for_status()
    return session


def post(session: requests.Session, path: str) -> None:
    """Press a button; the answer may never come."""
    with suppress(requests.RequestException):
        session.post(
            f"{BASE}{path}",
            data={"csrfmiddlewaretoken": session.cookies["csrftoken"]},
            headers={"Referer": BASE},
            timeout=30,
        )


class Drill:
    """One app that is changed, approved and published again and again."""

    def __init__(self) -> None:
        from portal.access import Actor
        from portal.models import User
        from privacy.models import App
        from sandbox.state import default_state

        self.state = default_state()
        self.alice, self.bob = (Actor.of(User.objects.get(email=f"{name}@example.com")) for name in ("alice", "bob"))
        self.app = App.objects.select_related("connection").get(name=APP)
        self.found: Counter[str] = Counter()

    def live(self) -> str:
        document = self.state.document(self.app.product_id, "live") or {"commonCloud": {}}
        return document["commonCloud"].get("security", {}).get("securityContact", "")

    def kept(self) -> tuple[int, int, int]:
        from portal.models import AuditEntry
        from privacy.models import Edit, Snapshot

        return Edit.objects.count(), Snapshot.objects.count(), AuditEntry.objects.count()

    def approve(self, contact: str):
        """Alice changes the contact and saves; Bob approves."""
        from privacy.drafts import answering, working_copy
        from privacy.marketplace import saving
        from privacy.reviews import approvals

        working_copy.open_working_copy(actor=self.alice, app=self.app)
        answering.answer(actor=self.alice, app=self.app, pointer=CONTACT, raw=contact)
        saving.save_to_marketplace(actor=self.alice, app=self.app)
        review = approvals.request_approval(actor=self.alice, app=self.app)
        approvals.approve(actor=self.bob, review=review, expected=review.content_hash)
        return review

    def round(self, number: int, web: Web, session: requests.Session, delay: float) -> None:
        """One kill: at any moment, once the call goes out, once it was carried out, or before it arrives late."""
        from sandbox import faults
        from sandbox.router import deliver_late

        contact, before = f"round{number}@example.com", self.live()
        review = self.approve(contact)
        kept = self.kept()
        moment = number % 4
        if moment == 3:
            faults.late_arrival(self.state, call="marketplace.publish", times=1)
        pressed = threading.Thread(target=post, args=(session, f"{self.app.get_absolute_url()}publish/"))
        pressed.start()
        if moment == 2:
            self.wait_until(lambda: self.live() == contact)
        elif moment:
            self.wait_until(lambda: review.publish_attempts.filter(sent_at__isnull=False).exists())
        time.sleep(delay)
        web.kill()
        pressed.join()
        check(self.live() in (before, contact), f"live is {self.live()!r}, which nobody approved")
        check(all(now >= then for now, then in zip(self.kept(), kept, strict=True)), "something that was kept is gone")

        web.start()
        page = session.get(f"{BASE}{self.app.get_absolute_url()}", timeout=30)
        check(page.status_code == 200, f"the page of the app answers {page.status_code}")
        if moment == 3 and number % 8 == 3:
            self.nothing_is_saved()
            deliver_late(self.state)
        with self.state.write() as db:
            db.execute("DELETE FROM late")  # what did not arrive by now never does
        self.settle(review, contact)

    @staticmethod
    def wait_until(happened: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not happened():
            check(time.monotonic() < until, "the call did not go out")
            time.sleep(0.002)

    def nothing_is_saved(self) -> None:
        """While the call may still arrive, no draft is saved that it would publish."""
        from privacy import refusals
        from privacy.drafts import answering, working_copy
        from privacy.marketplace import saving
        from privacy.models import App

        App.objects.exclude(lease_token="").update(lease_until=past())
        answering.answer(actor=self.alice, app=self.app, pointer=CONTACT, raw="unapproved@example.com")
        try:
            saving.save_to_marketplace(actor=self.alice, app=self.app)
        except refusals.NotEditable:
            working_copy.reset_working_copy(actor=self.alice, app=self.app)
        else:
            check(False, "a draft was saved that a late call would publish")

    def settle(self, review, contact: str) -> None:
        """Time passes, the app is read, and what is said to have happened is what happened."""
        from privacy.marketplace import app_list
        from privacy.models import App, PublishAttempt
        from privacy.reviews import publishing

        attempt = PublishAttempt.objects.filter(review=review).first()
        when = "before the call" if attempt is None or attempt.sent_at is None else "after the call went out"
        App.objects.exclude(lease_token="").update(lease_until=past())
        app_list.read_app(actor=self.bob, app=self.app)
        if self.live() != contact:
            PublishAttempt.objects.filter(may_arrive_until__isnull=False).update(may_arrive_until=past())
            app_list.read_app(actor=self.bob, app=self.app)
        review.refresh_from_db()
        published = self.live() == contact
        check(review.state == ("published" if published else "approved"), f"the review is {review.state}")
        self.found[f"killed {when}, {'published' if published else 'not published'}"] += 1
        if not published:
            check(publishing.publish(actor=self.alice, app=self.app).ok, "publishing again did not work")
        check(self.live() == contact, "live is not what was approved in the end")


def past():
    from django.utils import timezone

    return timezone.now() - timedelta(minutes=1)


def check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"missed: {otherwise}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "SANDBOX": "True", "DJANGO_SETTINGS_MODULE": "portal.settings"}
        os.environ |= {"LOG_LEVEL": "WARNING", "DATABASE_URL": os.environ.get("DRILL_DATABASE_URL", "")}
        if not os.environ["DATABASE_URL"]:
            del os.environ["DATABASE_URL"]
        import django

        django.setup()
        from django.core.management import call_command

        from portal import demo
        from portal.access import Actor
        from portal.audit.verify import verify_chain
        from sandbox import faults

        call_command("migrate", verbosity=0)
        demo.make(actor=Actor.command_line())
        log = Path(folder) / "web.log"
        drill, web, moments = Drill(), Web(log), random.Random(SEED)
        try:
            web.start()
            session = sign_in()
            faults.latency(drill.state, LATENCY_MS, call="marketplace.*")
            for number in range(rounds):
                drill.round(number, web, session, moments.uniform(0, 0.3))
                print(".", end="", flush=True)
        finally:
            web.kill()
        print()
        check("Traceback" not in log.read_text(errors="replace"), "the output of the web process holds a traceback")
        check(not verify_chain().problem, "the activity does not verify")
        for what, many in sorted(drill.found.items()):
            print(f"{many:3} × {what}")
        print(f"{rounds} kills: nothing lost, nothing unapproved, no traceback.")


if __name__ == "__main__":
    main()
