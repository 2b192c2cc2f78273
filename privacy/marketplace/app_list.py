"""Reading the apps of a developer space and their documents from Atlassian."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass

from django.db import transaction

from portal import access
from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.atlassian.types import App as ListedApp
from portal.audit.record import record_action
from portal.connections import clients
from portal.connections.call_pool import in_parallel
from portal.fields import SecretUnreadable
from portal.models import Connection
from privacy.marketplace import refresh
from privacy.marketplace.publish_outcome import abandoned
from privacy.marketplace.readings import Remote, fetch, start_readings, store
from privacy.models import App
from privacy.refusals import Failure

logger = logging.getLogger("trustdesk.privacy")


@dataclass(frozen=True)
class AppsRefreshed:
    """What reading all apps came to. `unread`: how many did not answer within the time budget; they are as before."""

    listed: int
    read: int
    failures: tuple[Failure, ...] = ()
    unread: int = 0

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        words = [f"{self.read} of {self.listed} apps were read." if self.listed else "There are no apps here."]
        if self.failures:
            words.append(f"{len(self.failures)} could not be read; their rows say why.")
        if self.unread:
            words.append(f"{self.unread} did not answer in time and have not changed. Refresh to go on.")
        return " ".join(words)


def read_apps(*, actor: Actor, connection: Connection, budget: float | None = 20.0) -> AppsRefreshed:
    """Read the list of apps, and live and draft of each, several at a time.

    `budget`: seconds after which what has not answered yet is left as it was; None waits for all. An app that cannot
    be read keeps what was known and says why in `read_error`. Needs privacy.view. Raises ApiError when the list itself
    cannot be read, and PermissionDenied.
    """
    access.require(actor, connection, "privacy.view")
    client = clients.marketplace(connection)
    apps = _enlist(connection, list(client.apps(connection.developer_id)))
    failures, read = [], 0

    starts = start_readings(App.objects.filter(pk__in=[app.pk for app in apps]))

    def ask(app: App) -> Remote:
        return fetch(client=client, app=app, start=starts[app.pk])

    for app, answered in in_parallel(connection, ask, apps, budget=budget):
        sentence = _take_in(actor, app, answered)
        if sentence:
            failures.append(Failure(app.product_id, app.name, sentence))
        else:
            read += 1
    report = AppsRefreshed(len(apps), read, tuple(failures), len(apps) - read - len(failures))
    record_action(
        actor=actor,
        action="apps.read",
        connection=connection,
        target_type="connection",
        target_id=connection.slug,
        target_label=connection.name,
        detail=report.sentence,
    )
    return report


def fill_demo(connection: Connection) -> None:
    """Let the demo's pages have something to show."""
    if connection.kind == Connection.Kind.MARKETPLACE:
        read_apps(actor=Actor.system("demo"), connection=connection)


def _enlist(connection: Connection, listed: list[ListedApp]) -> list[App]:
    """Keep the list: new apps are added, those that are gone from it are marked, nothing is deleted."""
    with transaction.atomic():
        Connection.locked(connection.pk)
        for entry in sorted(listed, key=lambda entry: entry.product_id):
            App.objects.update_or_create(
                connection=connection,
                product_id=entry.product_id,
                defaults={
                    "app_key": _key(entry),
                    "name": _short(entry.name or entry.app_key or entry.product_id, 300),
                    "state": _short(entry.state, 40),
                    "approval_status": _short(entry.approval_status, 40),
                    "slug": _short(entry.slug, 200),
                    "listed": True,
                },
            )
        ids = {entry.product_id for entry in listed}
        App.objects.filter(connection=connection).exclude(product_id__in=ids).update(listed=False)
    return list(App.objects.filter(connection=connection, listed=True).select_related("connection"))


def _key(entry: ListedApp) -> str:
    """The app key; the product id where the key could not stand in an address."""
    key = _short(entry.app_key, 200)
    return entry.product_id if "/" in key or not key.strip(".- ") else key


def _short(text: str, limit: int) -> str:
    return text.replace("\x00", "")[:limit]


def _take_in(actor: Actor, app: App, done: "Future[Remote]") -> str:
    """Store what one app answered; the sentence of its error, or ""."""
    try:
        remote_now = done.result()
    except ApiError as error:
        sentence = f"{error.message} {error.advice}".strip()
        App.objects.filter(pk=app.pk).update(read_error=sentence)
        return sentence
    app = store(app=app, remote=remote_now, actor=actor)
    refresh.after_reading(actor=actor, app=app)
    return ""


def sweep_publishing() -> int:
    """Read the apps whose publishing was left behind by a process that died, which settles it. Returns how many.

    A sweeper of the worker: nobody has to open the app for its outcome to be known.
    """
    settled = 0
    for attempt in abandoned().select_related("app__connection"):
        try:
            refresh.refresh_app(actor=Actor.system("sweep"), app=attempt.app)
        except (ApiError, SecretUnreadable) as error:
            logger.warning("publishing of app %s cannot be settled yet: %s", attempt.app_id, error)
        else:
            settled += 1
    return settled


def read_app(*, actor: Actor, app: App) -> App:
    """Read live and draft of one app again; lapses a sign-off whose content moved. Needs privacy.view.

    Returns the app as it is stored afterwards. Raises ApiError (kept in `read_error`) and PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.view")
    return refresh.refresh_app(actor=actor, app=app)
