"""What every request passes: a signed-in person, their time zone, and refusals and errors turned into sentences."""

import logging
import zoneinfo
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme

from portal.atlassian.errors import ApiError, Limited, NotFound, Refused
from portal.fields import SecretUnreadable
from portal.models import User
from portal.responses import HtmxHttpRequest, fragment_error

logger = logging.getLogger("trustdesk.web")


class HealthMiddleware:
    """`/health/` for load balancers: `ok` when the process and its database answer, else 503.

    Ahead of all but the headers, since they ask the process itself: by its address, which is no allowed host, without
    TLS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != "/health/" or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        said, status = "ok", 200
        try:
            User.objects.exists()
        except DatabaseError as error:
            said, status = "The database does not answer.", 503
            logger.error("/health/: %s", " ".join(str(error).split()))
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(f"{said}\n", content_type="text/plain", status=status, headers=headers)


class HeadMiddleware:
    """A HEAD request is answered as GET would be, without the body; views know GET and POST alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        if request.method != "HEAD":
            return self.get_response(request)
        request.method = "GET"
        response = self.get_response(request)
        request.method = "HEAD"
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = []  # nobody reads what would be worked out
        else:
            response.content = b""
        return response


class SignedInMiddleware:
    """Every page needs sign-in, and is never shown again from a cache: neither to whoever uses the browser after a
    sign-out, nor as it was before the last change. Who lost their session in the middle of a form gets their text back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_view(self, request: HtmxHttpRequest, view, view_args, view_kwargs) -> HttpResponse | None:
        # `login_not_required` of Django marks the open views, allauth's among them.
        if request.user.is_authenticated or not getattr(view, "login_required", True):
            return None
        if request.htmx:
            return fragment_error(
                "You are signed out. What you typed is still here: sign in again in a new tab, then repeat this step.",
                status=401,
            )
        if request.method == "POST":
            return render(request, "portal/form_not_sent.html", kept_form(request, signed_out=True), status=401)
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


def kept_form(request: HttpRequest, *, signed_out: bool) -> dict:
    """The posted answers, for a page that offers to send them again. Passwords and tokens are left out."""
    kept = [(name, value) for name, values in request.POST.lists() if not _is_secret(name) for value in values]
    return {
        "kept": kept,
        "target": request.get_full_path(),
        "start_over": page_before(request),
        "signed_out": signed_out,
    }


def page_before(request: HttpRequest) -> str:
    """The page with the form; the address it was sent to may be no page at all."""
    before = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(before, allowed_hosts={request.get_host()}):
        return reverse("home")
    parts = urlsplit(before)
    # Two slashes at the beginning would name another host.
    return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _is_secret(name: str) -> bool:
    """By the name of a field. What is named after a place in a document (`json:/security/tokenLife`) is an answer."""
    return name.isidentifier() and any(word in name.lower() for word in ("password", "token"))


class WrongMethodMiddleware:
    """An address that only takes forms, opened as a page, says so; Django's own answer is empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render_to_string("405.html", request=request).encode()
        return response


class PersonTimeZoneMiddleware:
    """Times are shown in the person's own zone, where they chose one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = getattr(request.user, "time_zone", "") if request.user.is_authenticated else ""
        try:
            with timezone.override(zoneinfo.ZoneInfo(zone) if zone else None):
                return self.get_response(request)
        except zoneinfo.ZoneInfoNotFoundError:
            return self.get_response(request)


class ApiErrorMiddleware:
    """The net under all views: an error of Atlassian's that a view did not turn into its own words still becomes
    one clear sentence and a 4xx status, never a stack trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HtmxHttpRequest, error: Exception) -> HttpResponse | None:
        return api_error_response(request, error)


def api_error_response(request: HtmxHttpRequest, error: Exception) -> HttpResponse | None:
    """The answer that says an error of Atlassian's, or of an unreadable token; None for any other error."""
    if isinstance(error, SecretUnreadable):
        message = f"{error} Nothing was changed. {error.advice}"
        if request.htmx:
            return fragment_error(message, 424)
        return render(request, "portal/api_error.html", {"message": message}, status=424)
    if isinstance(error, ApiError):
        if request.htmx:
            return fragment_error(f"{error.message} {error.advice}".strip(), error_status(error))
        return render(request, "portal/api_error.html", {"error": error}, status=error_status(error))
    return None


def error_status(error: ApiError) -> int:
    """The status of our own answer: always 4xx, since Trustdesk itself did not fail."""
    for kind, status in ((NotFound, 404), (Limited, 429), (Refused, 409)):
        if isinstance(error, kind):
            return status
    return 424
