"""Reading one app again, and what follows from what was read."""

from django.dispatch import Signal

from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.connections import clients
from privacy.marketplace.publish_outcome import settle_open, watch_live
from privacy.marketplace.readings import fetch, store
from privacy.models import App

#: Live and draft of an app were read and stored. Arguments: actor, app.
app_read = Signal()


def refresh_app(*, actor: Actor, app: App) -> App:
    """Read live and draft again and take in what that shows. Raises ApiError, kept in `read_error`."""
    try:
        app = read_back(actor=actor, app=app)
    except ApiError as error:
        App.objects.filter(pk=app.pk).update(read_error=f"{error.message} {error.advice}".strip())
        raise
    return after_reading(actor=actor, app=app)


def read_back(*, actor: Actor, app: App) -> App:
    """Read live and draft and store them, as after a write; what follows is for the caller. Raises ApiError."""
    return store(app=app, remote=fetch(client=clients.marketplace(app.connection), app=app), actor=actor)


def after_reading(*, actor: Actor, app: App) -> App:
    """What follows from a reading that is stored: whoever listens to `app_read`, then open publish calls and alerts."""
    app_read.send(App, actor=actor, app=app)
    return watch_live(actor=actor, app=settle_open(actor=actor, app=app))
