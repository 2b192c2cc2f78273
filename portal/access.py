"""Who may do what on which connection: one decorator loads and authorises, one function every service calls."""

import functools
import getpass
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from . import registry
from .models import Connection, Grant, User


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, or the operator at this machine's command line (`user` is None)."""

    user: User | None
    label: str

    @classmethod
    def of(cls, user: User) -> "Actor":
        return cls(user=user, label=user.email)

    @classmethod
    def operator(cls) -> "Actor":
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container may run under a number without a name
            name = "unknown"
        return cls(user=None, label=f"local operator ({name})")


#: Trustdesk's administrators look after every connection; anything more they have to grant themselves, on record.
ADMINISTRATOR_ROLES = frozenset({"viewer", "connection_admin"})
#: The operator at the command line may do all but sign off: an approval has to have a person's name.
OPERATOR_MAY_NOT = frozenset({"privacy.approve"})


def roles_by_connection(user: User) -> dict[int, set[str]]:
    """connection id -> role keys of this person, own and through groups; one query per request."""
    if not hasattr(user, "_roles_by_connection"):
        found: dict[int, set[str]] = {}
        if user.is_active and user.pk:
            grants = Grant.objects.filter(Q(user=user) | Q(group__user=user)).order_by()
            for connection_id, role in grants.values_list("connection_id", "role"):
                found.setdefault(connection_id, set()).add(role)
        user._roles_by_connection = found  # type: ignore[attr-defined]
    return user._roles_by_connection  # type: ignore[attr-defined]


def capabilities(actor: Actor, connection: Connection) -> set[str]:
    """All that this actor may do on this connection."""
    if actor.user is None:
        return set(registry.CAPABILITIES) - OPERATOR_MAY_NOT
    roles = set(roles_by_connection(actor.user).get(connection.pk, ()))
    if actor.user.is_superuser and actor.user.is_active:
        roles |= ADMINISTRATOR_ROLES
    found: set[str] = set()
    for key in roles:
        if key in registry.ROLES and connection.kind in registry.ROLES[key].kinds:
            found |= registry.ROLES[key].capabilities
    return found


def may(actor: Actor, connection: Connection, capability: str) -> bool:
    return capability in capabilities(actor, connection)


def require(actor: Actor, connection: Connection, capability: str) -> None:
    """Raise PermissionDenied, with a sentence that a person can act on, unless the actor has the capability."""
    if not may(actor, connection, capability):
        allowed = registry.CAPABILITIES[capability]
        raise PermissionDenied(
            f"You may not {allowed} on “{connection.name}”. Nothing was changed. "
            f"A connection admin of “{connection.name}” can give you a role that allows it."
        )


def visible_connections(actor: Actor) -> QuerySet[Connection]:
    """The connections that this actor may see."""
    if actor.user is None or (actor.user.is_superuser and actor.user.is_active):
        return Connection.objects.all()
    return Connection.objects.filter(pk__in=list(roles_by_connection(actor.user)))


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request; SignedInMiddleware guarantees that there is a person."""
    if not hasattr(request, "_actor"):
        request._actor = Actor.of(request.user)  # type: ignore[attr-defined,arg-type]
    return request._actor  # type: ignore[attr-defined]


def on_connection(capability: str, *, kind: str | None = None) -> Callable:
    """Decorate a view `(request, connection, …)` whose URL has `slug`.

    A connection that the person may not see at all, or of another kind, is a 404, so that names do not leak;
    one that they see without the capability is a 403 that says which right is missing.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, slug: str, *args, **kwargs) -> HttpResponse:
            actor = actor_of(request)
            connection = visible_connections(actor).filter(slug=slug).first()
            if connection is None or (kind is not None and connection.kind != kind):
                raise Http404("There is no such connection, or you may not see it.")
            require(actor, connection, capability)
            request.connection = connection  # type: ignore[attr-defined]
            return view(request, connection, *args, **kwargs)

        wrapped.capability = capability  # type: ignore[attr-defined]
        return wrapped

    return decorate


def for_administrators(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view that only Trustdesk's administrators may use."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        require_administrator(actor_of(request))
        return view(request, *args, **kwargs)

    wrapped.capability = "administrator"  # type: ignore[attr-defined]
    return wrapped


def require_administrator(actor: Actor) -> None:
    if actor.user is not None and not (actor.user.is_superuser and actor.user.is_active):
        raise PermissionDenied("Only an administrator of Trustdesk may do this. Nothing was changed.")
