"""Sessions: how long one lasts, the second factor that it may need, and the list from which people end theirs."""

import time
from collections.abc import Callable
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from portal.counts import counted
from portal.models import User
from portal.people import sign_in
from portal.responses import HtmxHttpRequest, fragment_error

#: Where a session keeps when it began and when it was last used, in seconds.
BEGAN, USED = "began_at", "used_at"
#: Seconds between two notes that a session is used: a page does not cost a write each time.
NOTED_EVERY = 60
#: What a person without the second factor that is required may open.
FACTOR_PAGES = {"account_logout", "account_reauthenticate"}
NEEDS_FACTOR = "Set up two-factor authentication first: this Trustdesk requires it. Nothing was changed."


class SessionLimitsMiddleware:
    """Ends a session after SESSION_HOURS, or after SESSION_IDLE_MINUTES without a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            reason = _over(request)
            if reason or not _note_use(request):
                UserSession.objects.filter(session_key=request.session.session_key).delete()
                request.sign_out_reason = reason or "Signed out elsewhere"  # type: ignore[attr-defined]
                logout(request)
        return self.get_response(request)


def _over(request: HttpRequest) -> str:
    """Why this session has ended; "" while it lasts."""
    now, idle = time.time(), settings.SESSION_IDLE_MINUTES
    if now - request.session.get(BEGAN, now) >= settings.SESSION_COOKIE_AGE:
        return f"After {settings.SESSION_COOKIE_AGE // 3600} hours"
    if idle and now - request.session.get(USED, now) >= idle * 60:
        return f"Not used for {idle} minutes"
    return ""


def _note_use(request: HttpRequest) -> bool:
    """False where the session was ended meanwhile, from the list or by a change of the password."""
    now, idle = time.time(), settings.SESSION_IDLE_MINUTES
    if now - request.session.get(USED, 0) < (min(NOTED_EVERY, idle * 15) if idle else NOTED_EVERY):
        return True
    request.session.setdefault(BEGAN, now)
    request.session[USED] = now
    try:
        # At once: at the end of a long request it would overwrite what others kept in the session meanwhile.
        request.session.save()
    except UpdateError:
        return False
    request.session.modified = False
    UserSession.objects.create_from_request(request)
    return True


def _on_sign_in(sender, request: HttpRequest, user: User, **kwargs) -> None:
    request.session[BEGAN] = request.session[USED] = time.time()


def connect() -> None:
    user_logged_in.connect(_on_sign_in, dispatch_uid="trustdesk.sessions")


class SecondFactorMiddleware:
    """With REQUIRE_SECOND_FACTOR a person without one is led to set it up, and can do nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HtmxHttpRequest, view, view_args, view_kwargs) -> HttpResponse | None:
        if not settings.REQUIRE_SECOND_FACTOR or not request.user.is_authenticated:
            return None
        name = (request.resolver_match and request.resolver_match.url_name) or ""
        if name.startswith("mfa_") or name in FACTOR_PAGES or not getattr(view, "login_required", True):
            return None
        if is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
            return None
        if request.htmx:
            return fragment_error(NEEDS_FACTOR, 403)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied(NEEDS_FACTOR)
        messages.info(request, "Set up two-factor authentication to go on. This Trustdesk requires it.")
        return redirect("mfa_activate_totp")


# --- The list -------------------------------------------------------------------------------------------------------


def own_sessions(request: HttpRequest) -> list[dict]:
    """Those that last, this one first: session, device (in words), is_current."""
    UserSession.objects.create_from_request(request)
    idle = settings.SESSION_IDLE_MINUTES
    oldest = timezone.now() - timedelta(minutes=idle) if idle else None
    rows = []
    for session in UserSession.objects.purge_and_list(request.user):
        if oldest and session.last_seen_at < oldest:
            session.end()
            continue
        current = session.session_key == request.session.session_key
        rows.append({"session": session, "device": sign_in.device(session.user_agent), "is_current": current})
    return sorted(rows, key=lambda row: (row["is_current"], row["session"].last_seen_at), reverse=True)


def end_others(request: HttpRequest) -> int:
    """Sign out every other session of this person. Returns how many."""
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    ended = 0
    for session in others:
        ended += session.exists()
        session.end()
    sign_in.record_own(request, "sign_out.others", counted(ended, "session"))
    return ended


def end_all(request: HttpRequest) -> None:
    """Sign out every session of this person, this one too."""
    end_others(request)
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)


def prune_sessions() -> None:
    """Forget sessions that are gone."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
