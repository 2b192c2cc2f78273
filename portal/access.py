"""Who may do what on which connection: one decorator loads and authorises, one function every service calls."""

import functools
import getpass
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from portal import registry
from portal.models import Connection, Grant, User


class Kind(Enum):
    """What acts. Rights follow from the kind, never from a missing person."""

    PERSON = "person"
    COMMAND_LINE = "command line"
    SYSTEM = "system"
    RECORDED = "recorded"


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, the command line of this machine, a named part of Trustdesk itself, or a name on record.

    Made by `of`, `command_line`, `system` and `recorded` alone. `user`: the person, None for the others. `listed`: what
    a named part of Trustdesk may do, on every connection.
    """

    kind: Kind
    label: str
    user: User | None = None
    listed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.kind is Kind.PERSON) != (self.user is not None):
            raise TypeError("A person, and nobody else, acts with a user.")
        if self.listed and self.kind is not Kind.SYSTEM:
            raise TypeError("Only a part of Trustdesk has capabilities of its own.")

    @classmethod
    def of(cls, user: User) -> "Actor":
        return cls(Kind.PERSON, label=user.email, user=user)

    @classmethod
    def command_line(cls) -> "Actor":
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container may run under a number without a name
            name = "unknown"
        return cls(Kind.COMMAND_LINE, label=f"Command line ({name})")

    @classmethod
    def system(cls, key: str) -> "Actor":
        """A row of `registry.SYSTEM_ACTORS`. Raises KeyError."""
        row = registry.SYSTEM_ACTORS[key]
        return cls(Kind.SYSTEM, label=row.label, listed=frozenset(row.capabilities))

    @classmethod
    def recorded(cls, label: str) -> "Actor":
        """Who did something earlier and has no account now, by the name kept with it. It stands in the activity and
        has no rights."""
        return cls(Kind.RECORDED, label=label)

    @property
    def is_administrator(self) -> bool:
        """Whether this actor looks after Trustdesk itself: its connections and its people."""
        if self.kind is Kind.PERSON:
            return bool(self.user and self.user.is_superuser and self.user.is_active)
        return self.kind is Kind.COMMAND_LINE


#: Trustdesk's administrators look after every connection; anything more they have to grant themselves, on record.
ADMINISTRATOR_ROLES = frozenset({"viewer", "connection_admin"})
#: The command line may do all but approve: an approval has to have a person's name.
COMMAND_LINE_MAY_NOT = frozenset({"privacy.approve"})


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
    if actor.kind is Kind.COMMAND_LINE:
        return set(registry.CAPABILITIES) - COMMAND_LINE_MAY_NOT
    if actor.kind is Kind.SYSTEM:
        return set(actor.listed)
    if actor.user is None:
        return set()
    roles = set(roles_by_connection(actor.user).get(connection.pk, ()))
    if actor.is_administrator:
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
    if actor.is_administrator or "connection.view" in actor.listed:
        return Connection.objects.all()
    if actor.user is None:
        return Connection.objects.none()
    return Connection.objects.filter(pk__in=list(roles_by_connection(actor.user)))


def connections_with(actor: Actor, capability: str) -> QuerySet[Connection]:
    """The connections on which this actor has the capability; one query, and one more when they are used."""
    found = visible_connections(actor)
    return found.filter(pk__in=[each.pk for each in found if may(actor, each, capability)])


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
            connection = next(iter(visible_connections(actor).filter(slug=slug).order_by()), None)  # one at most
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
    if not actor.is_administrator:
        raise PermissionDenied("Only an administrator of Trustdesk may do this. Nothing was changed.")
