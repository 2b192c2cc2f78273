"""Adding, changing and removing connections, each on record."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import CASCADE
from django.utils.text import slugify

from portal import registry
from portal.access import Actor, require, require_administrator
from portal.audit.record import record_action
from portal.connections import site_facts
from portal.connections.addresses import clean_url
from portal.models import Connection

#: What says which site, organisation or developer space is meant. What was read belongs to that one and no other.
PLACE = ("url", "org_id", "developer_id")


#: The fields of a connection that a change is recorded for; the token itself never is.
RECORDED = ("name", "kind", "url", "dialect", "email", "org_id", "developer_id")


def _slug(name: str) -> str:
    base = slugify(name, allow_unicode=False)[:60] or "connection"
    slug, number = base, 2
    while Connection.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


def _facts(connection: Connection) -> dict:
    return {name: getattr(connection, name) for name in RECORDED}


def add(
    *,
    actor: Actor,
    name: str,
    kind: str,
    url: str,
    token: str,
    email: str = "",
    org_id: str = "",
    developer_id: str = "",
    dialect: str = Connection.Dialect.CURRENT,
) -> Connection:
    """Add a connection. Raises ValidationError (fields as keys) and PermissionDenied; only administrators may."""
    require_administrator(actor)
    connection = Connection(
        name=name, kind=kind, email=email, org_id=org_id, developer_id=developer_id, dialect=dialect, slug=_slug(name)
    )
    _validate(connection, url=url, needs_token=not token)
    connection.keep_token(token)
    try:
        with transaction.atomic():
            connection.save()
            _record(actor, "connection.added", connection, after=_facts(connection))
    except IntegrityError:
        raise ValidationError({"name": "Somebody added a connection of this name at this very moment."}) from None
    return connection


def change(*, actor: Actor, connection: Connection, token: str = "", **values: str) -> Connection:
    """Change fields of a connection; an empty token keeps the stored one.

    A stored token is never sent to another address or under another account than the one it was entered for: those
    changes need the token again. Once something was read, a connection cannot come to speak for another place: ids and
    documents of the one would be taken for the other's. Raises ValidationError and PermissionDenied.
    """
    require(actor, connection, "connection.manage")
    before = _facts(connection)
    for name in set(values) & set(RECORDED) - {"kind"}:
        setattr(connection, name, values[name])
    _validate(connection, url=connection.url)
    moved = [name for name in PLACE if getattr(connection, name) != before[name]]
    if moved and any(holds(connection) for holds in registry.HOLDINGS):
        raise ValidationError(
            {
                moved[0]: f"What was read through this connection belongs to {before[moved[0]]}. Add a new connection "
                "for another place, and remove this one when it is not needed any more."
            }
        )
    if not token and (connection.url, connection.email) != (before["url"], before["email"]):
        raise ValidationError({"token": "Enter the token again: it was given for another address or account."})
    if token:
        connection.keep_token(token)
    after = _facts(connection)
    with transaction.atomic():
        connection.save()
        site_facts.forget(connection)
        _record(
            actor,
            "connection.changed",
            connection,
            before={key: value for key, value in before.items() if value != after[key]},
            after={key: value for key, value in after.items() if value != before[key]},
            detail="The token was replaced." if token else "",
        )
    return connection


def remove(*, actor: Actor, connection: Connection) -> None:
    """Remove a connection with its inventory and versions; the activity stays."""
    require(actor, connection, "connection.manage")
    with transaction.atomic():
        # Not its key yet: whoever changes a row of it may still refer to it, and ends first.
        Connection.locked(connection.pk)
        for model, field in _hanging_on_connections():
            # Whoever changes what hangs on such a row locks the row first, so the removal does too.
            rows = model._default_manager.filter(**{field: connection})
            list(rows.select_for_update().order_by("pk").values_list("pk"))
        kept = Connection.objects.filter(pk=connection.pk)
        list(kept.select_for_update())
        kept.delete()
        _record(actor, "connection.removed", connection, before=_facts(connection))


def _hanging_on_connections() -> list[tuple[type[models.Model], str]]:
    """What goes with a connection, each with the name of its reference to it.

    Without what those rows refer to by themselves (a level): they hold it, so it is locked after them, by the removal.
    """
    found = [relation for relation in Connection._meta.related_objects if relation.on_delete is CASCADE]
    own = {relation.field.model for relation in found}
    referred = {
        field.related_model
        for model in own
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey) and field.remote_field.on_delete is not CASCADE
    }
    return [(relation.field.model, relation.field.name) for relation in found if relation.field.model not in referred]


def _record(actor: Actor, action: str, connection: Connection, **facts) -> None:
    record_action(
        actor=actor,
        action=action,
        connection=connection,
        target_type="connection",
        target_id=connection.slug,
        target_label=connection.name,
        **facts,
    )


def missing(*, kind: str, url: str, email: str, org_id: str, developer_id: str, token: str) -> dict[str, str]:
    """What is empty and needed for a new connection of this kind: field -> what to do."""
    needed = {"token": (token, "Enter the API token.")}
    if kind == Connection.Kind.SITE:
        needed["url"] = (url, "Enter the plain address of the site. Example: https://example-acme.atlassian.net")
    if kind == Connection.Kind.ORGANIZATION:
        needed["org_id"] = (org_id, "Enter the id of the organisation.")
    if kind == Connection.Kind.MARKETPLACE:
        needed["developer_id"] = (developer_id, "Enter the id of the developer space.")
        needed["email"] = (email, "Enter the e-mail address of the partner account.")
    return {name: words for name, (value, words) in needed.items() if not value}


def _validate(connection: Connection, *, url: str, needs_token: bool = False) -> None:
    kind, email = connection.kind, connection.email
    problems: dict[str, list[str] | str] = dict(
        missing(
            kind=kind,
            url=url,
            email=email,
            org_id=connection.org_id,
            developer_id=connection.developer_id,
            token="" if needs_token else "given",
        )
    )
    try:
        connection.url = clean_url(url, kind)
    except ValidationError as error:
        problems["url"] = error.messages
    if kind == Connection.Kind.ORGANIZATION and email:
        problems["email"] = "An organisation takes its admin API key alone; leave the account empty."
    if problems:
        raise ValidationError(problems)
    connection.clean_fields(exclude=["token", "check_lines"])
    connection.validate_unique()
