"""Connections and the roles on them."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import registry
from portal.access import actor_of, for_administrators, may, on_connection, visible_connections
from portal.connections import changes, connection_test
from portal.forms import ConnectionForm, GrantForm
from portal.jobs.operations import remote_work
from portal.models import Connection, User
from portal.people import administration
from portal.responses import HtmxHttpRequest


@require_GET
def connections(request: HttpRequest) -> HttpResponse:
    found = visible_connections(actor_of(request))
    return render(request, "portal/connections.html", {"rows": found})


@for_administrators
@require_http_methods(["GET", "POST"])
@remote_work("Adding the connection")
def connection_add(request: HttpRequest) -> HttpResponse:
    form = ConnectionForm(request.POST or None, initial={"kind": Connection.Kind.SITE})
    if request.method == "POST" and form.is_valid():
        try:
            connection = changes.add(actor=actor_of(request), **form.facts())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            user: User = request.user  # type: ignore[assignment]
            for role in form.roles():
                administration.give_role(
                    actor=actor_of(request), connection=connection, role=role, user=user, group=None
                )
            connection_test.check(actor=actor_of(request), connection=connection)
            _tell_check(request, connection, f"“{connection.name}” is added")
            return redirect(connection)
    form.focus_first_error()
    return render(request, "portal/connection_form.html", {"form": form}, status=422 if form.errors else 200)


def _tell_check(request: HttpRequest, connection: Connection, done: str) -> None:
    """Say how a test ended: in green only where nothing failed."""
    if connection.failure:
        messages.error(request, f"{done}, but its test failed. {connection.failure}")
    elif connection.check_state == "missing":
        messages.warning(request, f"{done}. Not everything works with this account: see below.")
    else:
        messages.success(request, f"{done} and works with this account.")


@on_connection("connection.view")
@require_GET
def connection(request: HttpRequest, connection: Connection) -> HttpResponse:
    context = _connection_context(request, connection)
    return render(request, "portal/connection.html", context)


def _connection_context(request: HttpRequest, connection: Connection, form: GrantForm | None = None) -> dict:
    grants = connection.grants.select_related("user", "group")
    return {
        "grants": [
            {
                "grant": grant,
                "holder": grant.user.email if grant.user else f"Group {grant.group}",
                "role": grant.role_label,
            }
            for grant in grants
        ],
        "roles": [role for role in registry.ROLES.values() if connection.kind in role.kinds],
        "form": form or GrantForm(kind=connection.kind, initial=_own_role(request)),
        "may_manage": may(actor_of(request), connection, "connection.manage"),
    }


def _own_role(request: HttpRequest) -> dict[str, str]:
    """A link to "give yourself the role X" fills the form in: ?role=X."""
    role = request.GET.get("role", "")
    return {"role": role, "email": request.user.email} if role in registry.ROLES else {}  # type: ignore[union-attr]


@on_connection("connection.manage")
@require_http_methods(["GET", "POST"])
def connection_edit(request: HttpRequest, connection: Connection) -> HttpResponse:
    form = ConnectionForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid():
        try:
            changes.change(actor=actor_of(request), connection=connection, **form.cleaned_data)
        except ValidationError as error:
            connection.refresh_from_db()
            form.add_error(None, error)
        else:
            messages.success(request, "The connection is saved. Test it to see that it works.")
            return redirect(connection)
    form.focus_first_error()
    return render(request, "portal/connection_form.html", {"form": form}, status=422 if form.errors else 200)


@on_connection("connection.manage")
@require_POST
@remote_work("Testing the connection")
def connection_check(request: HtmxHttpRequest, connection: Connection) -> HttpResponse:
    connection_test.check(actor=actor_of(request), connection=connection)
    if request.htmx:
        return render(request, "portal/_check.html", {"connection": connection, "may_manage": True})
    _tell_check(request, connection, f"“{connection.name}” is tested")
    return redirect(connection)


@on_connection("connection.manage")
@require_POST
def connection_remove(request: HttpRequest, connection: Connection) -> HttpResponse:
    if request.POST.get("name") != connection.name:
        messages.error(request, f"Nothing was removed: type the name “{connection.name}” to confirm.")
        return redirect(connection)
    changes.remove(actor=actor_of(request), connection=connection)
    messages.success(request, f"“{connection.name}” is removed from Trustdesk. Nothing was changed at Atlassian.")
    return redirect("connections")


@on_connection("connection.manage")
@require_POST
def grant_add(request: HttpRequest, connection: Connection) -> HttpResponse:
    form = GrantForm(request.POST, kind=connection.kind)
    if form.is_valid():
        data = form.cleaned_data
        try:
            administration.give_role(
                actor=actor_of(request),
                connection=connection,
                role=data["role"],
                user=data["email"],
                group=data["group"],
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{registry.ROLES[data['role']].label}: {data['email'] or data['group']}.")
            return redirect(reverse("connection", args=[connection.slug]) + "#rights")
    return render(request, "portal/connection.html", _connection_context(request, connection, form), status=422)


@on_connection("connection.manage")
@require_POST
def grant_remove(request: HttpRequest, connection: Connection, pk: int) -> HttpResponse:
    grant = connection.grants.select_related("user", "group", "connection").filter(pk=pk).first()
    if grant is None:
        messages.info(request, "This role was removed already.")
    else:
        administration.take_role(actor=actor_of(request), grant=grant)
        messages.success(request, "The role is removed.")
    return redirect(reverse("connection", args=[connection.slug]) + "#rights")
