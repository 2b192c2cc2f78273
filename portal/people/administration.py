"""People and roles: adding people, adding and removing their roles on connections, each on record."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal import registry
from portal.access import Actor, require, require_administrator
from portal.audit.record import record_action
from portal.models import Connection, Grant, User


@dataclass(frozen=True)
class AddedRoles:
    """What became of roles that were to be added. held: those that their holders had already."""

    added: list[Grant] = field(default_factory=list)
    held: list[Grant] = field(default_factory=list)


def add_person(*, actor: Actor, email: str, name: str = "", password: str | None = None) -> User:
    """Add a person who can sign in. Raises ValidationError and PermissionDenied; only administrators may."""
    require_administrator(actor)
    validate_email(email)
    taken = ValidationError({"email": "There is a person with this e-mail address already."})
    if User.objects.filter(email__iexact=email).exists():
        raise taken
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name)
            _record(actor, "person.added", user, after={"email": user.email, "name": name})
    except IntegrityError:  # added in the same moment, or the second address of somebody
        raise taken from None
    return user


def record_administrator(*, actor: Actor, user: User) -> None:
    """Put on record an administrator whom Django's own command made."""
    require_administrator(actor)
    _record(actor, "person.added", user, after={"email": user.email, "name": user.name, "is_superuser": True})


def change_person(*, actor: Actor, user: User, **values) -> User:
    """Change name, atlassian_account_id, is_active, is_superuser or groups (names). Nobody locks themselves out.

    Raises ValidationError (also for an account id that another person has) and PermissionDenied.
    """
    require_administrator(actor)
    if actor.user == user and not (values.get("is_active", True) and values.get("is_superuser", True)):
        raise ValidationError("You cannot lock yourself out. Another administrator can do this.")
    account = values.get("atlassian_account_id", "")
    if account and User.objects.filter(atlassian_account_id=account).exclude(pk=user.pk).exists():
        raise ValidationError({"atlassian_account_id": "Another person has this account ID already."})
    groups = values.pop("groups", None)
    before = {name: getattr(user, name) for name in values}
    with transaction.atomic():
        for name, value in values.items():
            setattr(user, name, value)
        user.save(update_fields=list(values))
        if groups is not None:
            before["groups"] = sorted(user.groups.values_list("name", flat=True))
            values["groups"] = sorted(groups)
            user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
        _record(actor, "person.changed", user, before=before, after=values)
    return user


def add_roles(
    *,
    actor: Actor,
    connection: Connection,
    roles: Iterable[str],
    users: Iterable[User] = (),
    groups: Iterable[Group] = (),
) -> AddedRoles:
    """Add each of these roles on a connection to each of these people and groups, each on record.

    Raises PermissionDenied, and ValidationError for a role that this kind of connection does not have; then none is
    added.
    """
    require(actor, connection, "connection.manage")
    roles, result = list(roles), AddedRoles()
    if any(role not in registry.ROLES or connection.kind not in registry.ROLES[role].kinds for role in roles):
        raise ValidationError({"roles": "This role does not exist on this kind of connection."})
    holders: list[dict[str, Any]] = [{"user": user} for user in users] + [{"group": group} for group in groups]
    with transaction.atomic():
        Connection.locked(connection.pk)
        for holder, role in product(holders, roles):
            grant, is_new = Grant.objects.get_or_create(connection=connection, role=role, **holder)
            (result.added if is_new else result.held).append(grant)
            if is_new:
                _record_grant(actor, "grant.added", grant)
    return result


def remove_roles(*, actor: Actor, connection: Connection, grants: Iterable[int]) -> list[Grant]:
    """Remove the roles with these ids from a connection; those that are gone already are left out of what it returns.

    Raises PermissionDenied.
    """
    require(actor, connection, "connection.manage")
    with transaction.atomic():
        Connection.locked(connection.pk)
        found = list(connection.grants.filter(pk__in=list(grants)).select_related("user", "group", "connection"))
        for grant in found:
            _record_grant(actor, "grant.removed", grant)
        Grant.objects.filter(pk__in=[grant.pk for grant in found]).delete()
    return found


def new_password_path(*, actor: Actor, user: User) -> str:
    """The address, good for one use within PASSWORD_RESET_TIMEOUT, at which a person chooses a password.

    Whoever has it can sign in as that person, so that it is made is on record. Raises ValidationError and
    PermissionDenied; only administrators may, and for others.
    """
    _require_administrator_of(actor, user)
    if not user.is_active:
        raise ValidationError(f"{user.email} is deactivated. Nothing was changed.")
    _record(actor, "person.password_link", user)
    token = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token})


def has_second_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user).exists()


def remove_second_factor(*, actor: Actor, user: User) -> None:
    """Let somebody who lost their second factor sign in with the password alone, until they set up another.

    Raises ValidationError and PermissionDenied; only administrators may, and for others.
    """
    _require_administrator_of(actor, user)
    with transaction.atomic():
        if Authenticator.objects.filter(user=user).delete()[0]:
            _record(actor, "person.second_factor_removed", user)


def _require_administrator_of(actor: Actor, user: User) -> None:
    """For what lets somebody in: an administrator does that for others; for oneself the password is asked for."""
    require_administrator(actor)
    if actor.user == user:
        raise ValidationError("For yourself this is done on the pages of your account. Nothing was changed.")


def _record(actor: Actor, action: str, user: User, **values) -> None:
    record_action(
        actor=actor,
        action=action,
        target_type="person",
        target_id=str(user.pk),
        target_label=user.email,
        **values,
    )


def _record_grant(actor: Actor, action: str, grant: Grant) -> None:
    record_action(
        actor=actor,
        action=action,
        connection=grant.connection,
        target_type="grant",
        target_id=str(grant.pk),
        target_label=f"{grant.role_label} for {grant.holder}",
    )
