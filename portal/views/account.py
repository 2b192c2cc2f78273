"""One’s own account: a forgotten password, preferences, sessions."""

from allauth.account import views as account_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.counts import counted
from portal.forms import PreferencesForm
from portal.models import User
from portal.people import sessions as own_sessions


@login_not_required
@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """A forgotten password: by mail where there is a mail server, else through an administrator."""
    if settings.EMAIL_CONFIG:
        return account_views.password_reset(request)
    return render(request, "account/password_reset_by_people.html")


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
