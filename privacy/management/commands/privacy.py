"""`privacy NAME …`: lists the apps of a developer space, and pulls, compares, pushes, discards and publishes drafts."""

import sys
from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q

from portal.access import Actor, require
from portal.characters import spelled_out
from portal.management.base import Failed, ServiceCommand, Usage, connection_named
from portal.models import Connection
from privacy import refusals
from privacy.audit_entries import readable
from privacy.document.diff import Diff, compare
from privacy.document.document import Document
from privacy.drafts import importing
from privacy.marketplace import app_list, discarding, saving
from privacy.models import App, Snapshot
from privacy.reviews import publishing
from privacy.views.app_rows import AppRow, app_rows

WORDS = {"added": "+", "removed": "-", "changed": "~", "rewritten": "~"}
LONGEST = 100


class Command(ServiceCommand):
    help = "Work with the Privacy & Security documents of a developer space."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the connection")
        steps = parser.add_subparsers(dest="step", required=True, metavar="STEP", parser_class=type(parser))
        self._common(steps.add_parser("list", help="read the apps again and list them"))
        pull = self._step(steps, "pull", "read a version and write it exactly as it was read")
        pull.add_argument("--state", choices=("live", "draft"), required=True)
        pull.add_argument("--out", metavar="FILE", help="write to this file instead of the terminal")
        self._step(steps, "diff", "compare the draft with live")
        push = self._step(steps, "push", "check a file, show what it changes, and save it as the draft")
        push.add_argument("--file", required=True, metavar="FILE", help="“-” reads from the terminal")
        self._step(steps, "discard", "discard the draft; it is kept here as a version")
        self._step(steps, "publish", "publish the draft that is approved")

    @staticmethod
    def _step(steps, name: str, what: str) -> CommandParser:
        step = steps.add_parser(name, help=what)
        step.add_argument("app", metavar="APP", help="app key, product id or exact name")
        Command._common(step)
        return step

    @staticmethod
    def _common(step: CommandParser) -> None:
        # The same as on the command itself, so that they may also stand at the end of the line.
        step.add_argument("--json", action="store_true", default=SUPPRESS, help=SUPPRESS)
        step.add_argument("--as", dest="as_email", metavar="EMAIL", default=SUPPRESS, help=SUPPRESS)

    def run(self, actor: Actor, *, name: str, step: str, app: str = "", **options) -> Any:
        connection = connection_named(actor, name, Connection.Kind.MARKETPLACE)
        try:
            if step == "list":
                return self._list(actor, connection)
            return getattr(self, f"_{step}")(actor, self._app(actor, connection, app), options)
        except refusals.Refusal as refusal:
            raise Failed(" ".join(str(refusal).split())) from refusal

    def _app(self, actor: Actor, connection: Connection, key: str) -> App:
        require(actor, connection, "privacy.view")
        named = Q(app_key=key) | Q(product_id=key) | Q(name=key)
        if not App.objects.filter(named, connection=connection, listed=True).exists():
            app_list.read_apps(actor=actor, connection=connection, budget=None)
        found = list(App.objects.filter(named, connection=connection, listed=True))
        exact = [app for app in found if key in (app.app_key, app.product_id)] or found
        if not exact:
            raise Usage(f"There is no app “{key}” on “{connection.name}”.")
        if len(exact) > 1:
            ids = ", ".join(app.product_id for app in exact)
            raise Usage(f"“{key}” names {len(exact)} apps; give the product id of one: {ids}.")
        return app_list.read_app(actor=actor, app=exact[0])

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _list(self, actor: Actor, connection: Connection) -> list[dict]:
        report = app_list.read_apps(actor=actor, connection=connection, budget=None)
        rows = [_row(row) for row in app_rows(connection=connection)]
        for row in rows:
            live, draft = row["live"], row["draft"]
            checks = f"{row['errors']} errors, {row['warnings']} warnings"
            parts = [f"live: {live}", f"draft: {draft}", f"sign-off: {row['sign_off']}", checks]
            self.say(f"{row['name']} ({row['app_key']})\n  " + " · ".join(parts))
            for problem in (row["read_error"], row["alert"]):
                if problem:
                    self.say(f"  {problem}")
        if report.failures or report.unread:
            if self.as_json:
                self.print_json(rows)
            raise Failed(report.sentence)
        self.say(report.sentence)
        return rows

    def _pull(self, actor: Actor, app: App, options: dict) -> dict:
        state = options["state"]
        snapshot = _version(app, state)
        result = {
            "app_key": app.app_key,
            "product_id": app.product_id,
            "state": state,
            "content_hash": snapshot.content_hash,
            "form_status": snapshot.form_status,
            "changed_by": snapshot.remote_changed_by,
            "changed_at": snapshot.remote_changed_at,
        }
        if options["out"]:
            try:
                Path(options["out"]).write_bytes(snapshot.text.encode())
            except OSError as error:
                raise Failed(f"{options['out']} could not be written: {error.strerror}.") from error
            self.say(f"The {state} version of “{app.name}” is in {options['out']}.")
            return {**result, "out": options["out"]}
        self.say(snapshot.text)
        # As text: JSON's readers would round its numbers.
        return {**result, "text": snapshot.text}

    def _diff(self, actor: Actor, app: App, options: dict) -> dict:
        found = compare(_document(app.draft), _document(app.live))
        if app.draft is None:
            raise Failed(f"There is no draft of “{app.name}”, so there is nothing to compare.")
        self._show(found, nothing="Draft and live say the same.")
        return {"app_key": app.app_key, "same": found.same, "changes": _changes(found)}

    def _push(self, actor: Actor, app: App, options: dict) -> dict:
        require(actor, app.connection, "privacy.edit")
        text = _read_file(options["file"])
        document = importing.parse_document(text)
        found = compare(document, _document(app.draft or app.live))
        self._show(found, nothing="The file says the same as what is there.")
        saved = saving.push_document(actor=actor, app=app, text=text)
        self.say(saved.sentence)
        return {
            "app_key": app.app_key,
            "sentence": saved.sentence,
            "content_hash": saved.snapshot.content_hash,
            "changes": _changes(found),
        }

    def _discard(self, actor: Actor, app: App, options: dict) -> dict:
        kept = discarding.discard_draft(actor=actor, app=app)
        sentence = f"The draft of “{app.name}” is discarded. It is kept as version {kept.pk} and can be restored."
        self.say(sentence)
        return {"app_key": app.app_key, "sentence": sentence, "version": kept.pk}

    def _publish(self, actor: Actor, app: App, options: dict) -> dict:
        result = publishing.publish(actor=actor, app=app)
        outcome = {
            "app_key": app.app_key,
            "outcome": result.outcome,
            "sentence": result.sentence,
            "form_status": result.form_status,
        }
        if not result.ok:
            if self.as_json:
                self.print_json(outcome)
            raise Failed(" ".join(result.sentence.split()))
        self.say(result.sentence)
        return outcome

    def _show(self, found: Diff, *, nothing: str) -> None:
        if found.same:
            self.say(nothing)
        for row in found.changes:
            right, left = _short(row.right_reading.text), _short(row.left_reading.text)
            if row.forms:
                right, left = (
                    _short(f"{text} (written as {row.forms[side]})")
                    for text, side in ((right, "right"), (left, "left"))
                )
            self.say(f"{WORDS[row.kind]} {spelled_out(row.label)}\n    {right} → {left}")


def _row(row: AppRow) -> dict:
    change = row.last_change
    return {
        "app_key": row.app.app_key,
        "product_id": row.app.product_id,
        "name": row.app.name,
        "live": (row.app.live.form_status if row.app.live else "") or row.app.get_live_state_display().lower(),
        "draft": row.app.get_draft_state_display().lower(),
        "sign_off": row.signoff.label.lower(),
        "unsaved": row.unsaved is not None,
        "errors": row.errors,
        "warnings": row.warnings,
        "changed_by": change.by if change else "",
        "changed_at": change.at if change else None,
        "read_at": row.read_at,
        "read_error": row.app.read_error,
        "alert": row.app.alert,
    }


def _version(app: App, state: str) -> Snapshot:
    snapshot = app.live if state == "live" else app.draft
    if snapshot is None:
        hidden = state == "draft" and app.draft_state == App.Presence.HIDDEN
        why = "The account of this connection may not read drafts" if hidden else f"There is no {state} version"
        raise Failed(f"{why} of “{app.name}”." if not hidden else f"{why}. Use the token of a partner account.")
    return snapshot


def _document(snapshot: Snapshot | None) -> Document | None:
    return Document.from_text(snapshot.text) if snapshot else None


def _changes(found: Diff) -> list[dict]:
    return [
        {
            "pointer": row.pointer,
            "question": row.label,
            "kind": row.kind,
            "before": readable(row.right),
            "after": readable(row.left),
        }
        for row in found.changes
    ]


def _short(text: str) -> str:
    text = spelled_out(" ".join(text.split()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _read_file(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise Failed(f"{name} could not be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Failed(f"{name} is not UTF-8 text (byte {error.start}). Nothing was sent.") from error
