"""Saving one answer in a document with 300 answers and 500 records, as CPU time through the real view, on SQLite.

Each autosave is a post as the form sends it, through the whole request stack (session, rights, middleware, database).
Beside it, in the same run: a plain Django model form that saves the same JSON in a JSONField, with a copy of the row
for the history as django-simple-history makes it. The peer does less: it checks nothing, keeps whole copies, and
draws nothing. Target: under 50 ms CPU per autosave, of a short answer and of one record out of 500.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

RECORDS, ROUNDS, WARM_UP, MOST = 500, 40, 3, 50
CONTACT = "/commonCloud/security/securityContact"
DETAILS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"


def fill():
    """An app with that document as live and as draft; its address, its editor, and the names of its records."""
    import random

    from django.utils import timezone

    from bench.compare import documents, record
    from portal.models import Connection, Grant, User
    from privacy.models import App, Snapshot

    chance = random.Random(7)
    draft, live = documents()
    for document in (draft, live):
        document.set(DETAILS, [record(number, chance) for number in range(RECORDS)])
        document.set(CONTACT, "security@example.com")
    link = Connection.objects.create(name="Bench", slug="bench", kind="marketplace")
    person = User.objects.create_user("bench@example.com", "not used here")
    Grant.objects.create(user=person, connection=link, role="privacy_editor")
    app = App.objects.create(
        connection=link, product_id="1", app_key="com.example.bench", name="Bench", read_at=timezone.now()
    )
    for name, document in (("live", live), ("draft", draft)):
        kept = Snapshot.objects.create(
            owner_id=app.owner_id,
            source=name,
            text=document.text,
            content_hash=document.content_hash(),
            seen_at=timezone.now(),
        )
        setattr(app, name, kept)
        setattr(app, f"{name}_state", App.Presence.PRESENT)
    app.save()
    return app, person


class Page:
    """The open form of a browser: what it shows, and what it posts."""

    def __init__(self, client, app) -> None:
        from django.urls import reverse

        from privacy.document import catalogue
        from privacy.drafts import working_copy

        working_copy.open_working_copy(actor=_actor(client.person), app=app)
        self.client, self.app = client, app
        self.address = reverse("app_answer", args=[app.connection.slug, app.app_key])
        self.contact, self.details = catalogue.field(CONTACT), catalogue.field(DETAILS)
        self.number = 0

    def value(self, pointer: str):
        from privacy.document.document import Document
        from privacy.models import WorkingCopy

        return Document.from_text(WorkingCopy.objects.get(owner=self.app.owner_id).text).get(pointer)

    def post_of_contact(self) -> str:
        from privacy.drafts.answering import fingerprint_of

        self.number += 1
        posted = {
            self.contact.name: f"security{self.number}@example.com",
            f"expected.{self.contact.name}": fingerprint_of(self.value(CONTACT)),
        }
        return self.body(self.contact, posted)

    def post_of_record(self) -> str:
        """All records are named, and the one that is open is posted with what it holds."""
        from privacy.document.form_values import row_token
        from privacy.drafts.answering import fingerprint_of

        self.number += 1
        records, name = self.value(DETAILS), self.details.name
        tokens = [row_token(index, item) for index, item in enumerate(records)]
        changed = tokens[self.number * 7 % len(tokens)]
        posted = {
            f"{name}.row": ["", *tokens],
            f"{name}.{changed}.purpose": f"Stores what users upload, number {self.number}",
            f"expected.{name}": fingerprint_of(records),
        }
        return self.body(self.details, posted)

    def body(self, field, data: dict) -> str:
        return urlencode(data | {"on_section": field.section}, doseq=True)

    def send(self, field, body: str) -> None:
        form = "application/x-www-form-urlencoded"
        response = self.client.post(f"{self.address}?field={field.name}", body, content_type=form)
        if response.status_code != 200:
            raise SystemExit(f"status {response.status_code}: {response.content[:300]!r}")


def _actor(person):
    from portal.access import Actor

    return Actor.of(person)


def cpu_ms(prepare: Callable[[], Any], send: Callable[[Any], object]) -> float:
    """Median CPU milliseconds of one post; what prepares it is not counted."""
    taken = []
    for number in range(ROUNDS + WARM_UP):
        data = prepare()
        begun = time.process_time()
        send(data)
        if number >= WARM_UP:
            taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def peer(text: str) -> float:
    """A model form over the same JSON: load the row, change one answer, validate, save, and add a copy of the row."""
    import json

    from django.db import connection, transaction
    from django.forms import modelform_factory

    from bench.peers import History, Plain

    PlainForm = modelform_factory(Plain, fields=["document"])
    with connection.schema_editor() as editor:
        editor.create_model(Plain)
        editor.create_model(History)
    row = Plain.objects.create(document=json.loads(text))
    numbers = iter(range(1_000))

    def changed() -> dict:
        document = json.loads(text)
        document["commonCloud"]["security"]["securityContact"] = f"security{next(numbers)}@example.com"
        return {"document": json.dumps(document)}

    def save(data: dict) -> None:
        with transaction.atomic():
            form = PlainForm(data, instance=Plain.objects.get(pk=row.pk))
            History.objects.create(document=form.save().document)

    return cpu_ms(changed, save)


def run() -> bool:
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from privacy.models import Edit

    call_command("migrate", verbosity=0)
    app, person = fill()
    client = Client(headers={"HX-Request": "true"})
    client.person = person  # type: ignore[attr-defined]
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = Page(client, app)
    print(f"{len(app.live.text) // 1024} KB of JSON, {RECORDS} records")
    body = page.post_of_contact()
    with CaptureQueriesContext(connection) as captured:
        page.send(page.contact, body)
    queries = len(captured)
    short = cpu_ms(page.post_of_contact, lambda data: page.send(page.contact, data))
    record = cpu_ms(page.post_of_record, lambda data: page.send(page.details, data))
    edits = Edit.objects.filter(pointer=DETAILS).values_list("patch", flat=True)
    plain = peer(app.live.text)
    longest = max(map(len, edits))
    for name, figure in (
        ("autosave of a short answer", short),
        ("autosave of one record of 500", record),
        ("peer: model form, JSONField, copy for history", plain),
    ):
        print(f"{name:48}{figure:8.1f} ms CPU")
    print(f"{queries} queries; an edit of one record of {RECORDS} is kept in {longest} bytes")
    print(f"target: under {MOST} ms CPU per autosave")
    return max(short, record) < MOST


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "SANDBOX": "True", "DEBUG": "False", "LOG_LEVEL": "WARNING"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "bench.settings", "TASK_BACKEND": "database"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        return 0 if run() else 1


if __name__ == "__main__":
    sys.exit(main())
