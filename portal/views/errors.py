"""Error pages."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.middleware import kept_form
from portal.responses import fragment_error


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
