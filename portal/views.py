"""The portal's own pages: home, connections and their rights, people, activity, preferences, and error pages."""

from allauth.account import views as account_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import registry
from portal.access import actor_of, connections_with, for_administrators, may, on_connection, visible_connections
from portal.audit.browse import activity_page, filter_entries, one_per_action, visible_entries
from portal.audit.export import entries_as_csv, entries_as_json_lines
from portal.connections import changes, connection_test
from portal.counts import counted
from portal.forms import ActivityFilterForm, ConnectionForm, GrantForm, PersonEditForm, PersonForm, PreferencesForm
from portal.jobs import stalled
from portal.jobs.operations import remote_work
from portal.middleware import kept_form
from portal.models import Connection, Grant, User
from portal.people import administration
from portal.people import sessions as own_sessions
from portal.responses import HtmxHttpRequest, fragment_error


@login_not_required
@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """A forgotten password: by mail where there is a mail server, else through an administrator."""
    if settings.EMAIL_CONFIG:
        return account_views.password_reset(request)
    return render(request, "account/password_reset_by_people.html")


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The connections that this person may see: what needs attention, and why background work stands still."""
    found = list(visible_connections(actor_of(request)))
    summaries = [summary(found) for summary in registry.SUMMARIES]
    pauses = stalled.pauses(found)
    cards = [
        {
            "connection": each,
            "lines": [line for lines in summaries for line in lines.get(each.pk, ())],
            "pause": pauses.get(each.pk, ""),
        }
        for each in found
    ]
    no_worker = stalled.no_worker(since=min(each.created_at for each in found)) if found else ""
    return render(request, "portal/home.html", {"cards": cards, "no_worker": no_worker})


@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    form = PreferencesForm(request.POST or None, initial={"name": user.name, "time_zone": user.time_zone})
    if request.method == "POST" and form.is_valid():
        user.name, user.time_zone = form.cleaned_data["name"], form.cleaned_data["time_zone"]
        user.save(update_fields=["name", "time_zone"])
        messages.success(request, "Your preferences are saved.")
        return redirect("preferences")
    return render(request, "portal/preferences.html", {"form": form})


@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """One's own sessions. `scope`: "everywhere" signs out this one too, else all others."""
    if request.method != "POST":
        return render(request, "account/sessions.html", {"sessions": own_sessions.own_sessions(request)})
    if request.POST.get("scope") == "everywhere":
        own_sessions.end_all(request)
        messages.success(request, "You are signed out everywhere.")
        return redirect(settings.LOGOUT_REDIRECT_URL)
    ended = own_sessions.end_others(request)
    messages.success(request, f"Signed out {counted(ended, 'other session')}.")
    return redirect("sessions")


# --- Connections ----------------------------------------------------------------------------------------------------


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
        messages.info(request, "This role was taken away already.")
    else:
        administration.take_role(actor=actor_of(request), grant=grant)
        messages.success(request, "The role is taken away.")
    return redirect(reverse("connection", args=[connection.slug]) + "#rights")


# --- People ---------------------------------------------------------------------------------------------------------


@for_administrators
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = administration.add_person(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{user.email} is added.")
            return _show_password_link(request, user)
    page = Paginator(User.objects.prefetch_related("groups"), 100).get_page(request.GET.get("page"))
    return render(request, "portal/people.html", {"form": form, "page": page}, status=422 if form.errors else 200)


def _person(pk: int) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise Http404("There is no such person. Nothing was changed.")
    return user


@for_administrators
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    initial = {
        "name": user.name,
        "atlassian_account_id": user.atlassian_account_id,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "groups": ", ".join(user.groups.order_by("name").values_list("name", flat=True)),
    }
    form = PersonEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            administration.change_person(actor=actor_of(request), user=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{user.email} is saved.")
            return redirect("people")
    link = request.session.pop(PASSWORD_LINK, None)
    context = {
        "person": user,
        "form": form,
        "grants": Grant.objects.filter(user=user).select_related("connection"),
        "second_factor": administration.has_second_factor(user),
        "link": request.build_absolute_uri(link[1]) if link and link[0] == user.pk else "",
    }
    return render(request, "portal/person.html", context, status=422 if form.errors else 200)


#: Where the session keeps a link from the post that made it to the one page that shows it.
PASSWORD_LINK = "password_link"  # noqa: S105


def _show_password_link(request: HttpRequest, user: User) -> HttpResponse:
    request.session[PASSWORD_LINK] = [user.pk, administration.new_password_path(actor=actor_of(request), user=user)]
    return redirect("person", pk=user.pk)


@for_administrators
@require_POST
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    try:
        return _show_password_link(request, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("person", pk=user.pk)


@for_administrators
@require_POST
def person_second_factor_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    try:
        administration.remove_second_factor(actor=actor_of(request), user=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"{user.email} signs in with the password alone until they set up another.")
    return redirect("person", pk=user.pk)


# --- Activity -------------------------------------------------------------------------------------------------------


@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    form = ActivityFilterForm(request.GET, connections=connections_with(actor_of(request), "activity.view"))
    entries = one_per_action(filter_entries(visible_entries(actor_of(request)), form))
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = activity_page(entries, actor=actor_of(request), **cursors)
    return render(request, "portal/activity.html", {"form": form, "page": page})


@require_GET
def activity_export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered entries as CSV with the rows of the page (`format=csv`), or each of them as JSON lines."""
    form = ActivityFilterForm(request.GET, connections=connections_with(actor_of(request), "activity.view"))
    entries = filter_entries(visible_entries(actor_of(request)), form)
    as_csv = request.GET.get("format") == "csv"
    lines = entries_as_csv(one_per_action(entries)) if as_csv else entries_as_json_lines(entries)
    response = StreamingHttpResponse(lines, content_type="text/csv" if as_csv else "application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="activity.{"csv" if as_csv else "jsonl"}"'
    return response


# --- Error pages ----------------------------------------------------------------------------------------------------


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = str(exception or "") or "You may not do this. Nothing was changed."
    if getattr(request, "htmx", False):
        return fragment_error(text, 403)
    return render(request, "403.html", {"exception": text}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = isinstance(exception, Http404) and exception.args and isinstance(exception.args[0], str)
    text = str(exception.args[0]) if said and exception else "There is nothing at this address, or you may not see it."
    if getattr(request, "htmx", False):
        return fragment_error(text, 404)
    return render(request, "404.html", {"exception": text}, status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's guard against forgery did not match: mostly a page from before signing in. The answers are kept."""
    if getattr(request, "htmx", False):
        text = "This page is older than your sign-in. What you typed is still here: copy it, reload, then try again."
        return fragment_error(text, 403)
    own = request.get_host() == request.headers.get("Origin", "").rpartition("//")[2]
    if request.method == "POST" and own:
        return render(request, "portal/form_not_sent.html", kept_form(request, signed_out=False), status=403)
    return render(
        request, "403.html", {"exception": "The form came from another site. Nothing was changed."}, status=403
    )
