"""Connections and the roles on them."""

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import registry
from portal.access import actor_of, for_administrators, may, on_connection, visible_connections
from portal.connections import changes, connection_test, kept_token
from portal.forms import ConnectionForm, RolesForm
from portal.jobs.operations import remote_work
from portal.models import Connection, Grant, User
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
    form = _connection_form(request, None)
    if request.method == "POST" and form.is_valid():
        try:
            connection = changes.add(actor=actor_of(request), **form.facts())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            user: User = request.user  # type: ignore[assignment]
            administration.add_roles(actor=actor_of(request), connection=connection, roles=form.roles(), users=[user])
            kept_token.forget(request)
            connection_test.check(actor=actor_of(request), connection=connection)
            _tell_check(request, connection, f"“{connection.name}” is added")
            return redirect(connection)
    return _show_connection_form(request, form, None)


def _connection_form(request: HttpRequest, connection: Connection | None) -> ConnectionForm:
    """A page that is opened anew begins without the token of an earlier try."""
    if request.method != "POST":
        kept_token.forget(request)
        initial = None if connection else {"kind": Connection.Kind.SITE}
        return ConnectionForm(connection=connection, initial=initial)
    return ConnectionForm(request.POST, connection=connection, kept_token=kept_token.read(request, connection))


def _show_connection_form(request: HttpRequest, form: ConnectionForm, connection: Connection | None) -> HttpResponse:
    """The form, or the form again with what was typed; of the token only that it is kept."""
    if form.errors:
        kept_token.keep(request, connection, form.cleaned_data.get("token", ""))
        form.say_what_is_kept()
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


def _connection_context(request: HttpRequest, connection: Connection, form: RolesForm | None = None) -> dict:
    may_manage = may(actor_of(request), connection, "connection.manage")
    return {
        "grants": connection.grants.select_related("user", "group").order_by("user__email", "group__name", "role"),
        "roles": [role for role in registry.ROLES.values() if connection.kind in role.kinds],
        "form": (form or RolesForm(kind=connection.kind, initial=_own_role(request))) if may_manage else None,
        "may_manage": may_manage,
    }


def _own_role(request: HttpRequest) -> dict[str, list]:
    """A link to "give yourself the role X" fills the form in: ?role=X."""
    role = request.GET.get("role", "")
    return {"roles": [role], "people": [request.user.pk]} if role in registry.ROLES else {}


@on_connection("connection.manage")
@require_http_methods(["GET", "POST"])
def connection_edit(request: HttpRequest, connection: Connection) -> HttpResponse:
    form = _connection_form(request, connection)
    if request.method == "POST" and form.is_valid():
        try:
            changes.change(actor=actor_of(request), connection=connection, **form.cleaned_data)
        except ValidationError as error:
            connection.refresh_from_db()
            form.add_error(None, error)
        else:
            kept_token.forget(request)
            messages.success(request, "The connection is saved. Test it to see that it works.")
            return redirect(connection)
    return _show_connection_form(request, form, connection)


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
def roles_add(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Add each of the chosen roles to each of the chosen people and groups."""
    form = RolesForm(request.POST, kind=connection.kind)
    if not form.is_valid():
        return render(request, "portal/connection.html", _connection_context(request, connection, form), status=422)
    chosen = form.cleaned_data
    result = administration.add_roles(
        actor=actor_of(request),
        connection=connection,
        roles=chosen["roles"],
        users=chosen["people"],
        groups=chosen.get("groups", ()),
    )
    held = f" Already there: {_in_words(result.held)}." if result.held else ""
    if result.added:
        messages.success(request, f"Added: {_in_words(result.added)}.{held}")
    else:
        messages.info(request, f"Nothing was added.{held}")
    return redirect(reverse("connection", args=[connection.slug]) + "#rights")


@on_connection("connection.manage")
@require_POST
def roles_remove(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Remove the roles that were checked, or the one beside the button that was pressed."""
    chosen = request.POST.getlist("only") or request.POST.getlist("grant")
    ids = [int(pk) for pk in chosen if pk.isascii() and pk.isdigit() and len(pk) < 18]
    removed = administration.remove_roles(actor=actor_of(request), connection=connection, grants=ids)
    if removed:
        messages.success(request, f"Removed: {_in_words(removed)}.")
    elif ids:
        messages.info(request, "Nothing was removed: these roles were removed already.")
    else:
        messages.info(request, "Nothing was removed: no role was checked.")
    return redirect(reverse("connection", args=[connection.slug]) + "#rights")


def _in_words(grants: Sequence[Grant]) -> str:
    """Classifier and Viewer for bob@example.com; Viewer for group Security."""
    roles: dict[str, list[str]] = {}
    for grant in grants:
        roles.setdefault(grant.holder, []).append(grant.role_label)
    return "; ".join(f"{get_text_list(labels, 'and')} for {holder}" for holder, labels in roles.items())
