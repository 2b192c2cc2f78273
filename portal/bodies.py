"""What a request may carry: at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes of text in UTF-8, and no files."""

import codecs
from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.utils.http import parse_header_parameters

from portal.responses import fragment_error

#: A client that is answered before it sent everything sees a closed connection instead of the answer. So much of a
#: body that is too large is read and thrown away.
MOST_DISCARDED = 64 * 1024 * 1024
CHUNK = 64 * 1024

TOO_LARGE = "What was sent is larger than Trustdesk takes at once. Nothing was changed. Send less and try again."
NO_FILES = "Trustdesk takes no files. Nothing was stored or changed."
NOT_UTF8 = "What was sent is not text in UTF-8. Nothing was changed."
UNREADABLE = "The server could not read what was sent. Nothing was changed."


class FileSent(Exception):
    """A form came with a file."""


class RefuseFiles(FileUploadHandler):
    """Stops at the first file of a form, before any of it is stored."""

    def new_file(self, *args, **kwargs) -> None:
        raise FileSent

    def receive_data_chunk(self, raw_data, start):
        raise FileSent

    def file_complete(self, file_size):
        raise FileSent


class BodyMiddleware:
    """Reads the form of a request, or answers with a page that says why it does not: 400, 413 or 415.

    Ahead of the session and of everything that looks into a form, so that a stranger costs no more than this.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_utf8(request):
            return self._refuse(request, 400, NOT_UTF8)
        if _announced(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return self._refuse(request, 413, TOO_LARGE)
        try:
            _ = request.POST
        except FileSent:
            return self._refuse(request, 415, NO_FILES)
        except RequestDataTooBig:
            return self._refuse(request, 413, TOO_LARGE)
        except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
            return self._refuse(request, 400, UNREADABLE)
        return self.get_response(request)

    def _refuse(self, request: HttpRequest, status: int, text: str) -> HttpResponse:
        _discard_rest(request)
        # Whatever draws the page may look into the form, and must not read the body again for it.
        request.encoding = "utf-8"
        request._post, request._files = type(request.GET)(), MultiValueDict()  # type: ignore[attr-defined]
        if request.headers.get("HX-Request"):
            response = fragment_error(text, status)
        else:
            response = render(request, "refused_body.html", {"text": text}, status=status)
        response["Cache-Control"] = "private, no-store"
        return response


def _is_utf8(request: HttpRequest) -> bool:
    """Whether the request is in UTF-8, as far as it says. Then it is read as that, however the charset was written."""
    charset = (request.content_params or {}).get("charset")
    if charset is not None and _is_name_of_utf8(charset):
        request.encoding = "utf-8"
    return charset is None or _is_name_of_utf8(charset)


def _is_name_of_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def with_readable_type(application: Callable) -> Callable:
    """A WSGI application whose requests name a charset that can be looked up without an error.

    Django fails while it makes the request, ahead of every middleware, on a charset that is no encoding of text (`hex`)
    or cannot be read. BodyMiddleware answers what is put in its place.
    """

    def wrapped(environ: dict, start_response: Callable) -> Iterable[bytes]:
        try:
            charset = parse_header_parameters(environ.get("CONTENT_TYPE", ""))[1].get("charset")
            foreign = charset is not None and not _is_name_of_utf8(charset)
        except (ValueError, LookupError):
            foreign = True
        if foreign:
            environ["CONTENT_TYPE"] = "text/plain; charset=foreign"
        return application(environ, start_response)

    return wrapped


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _discard_rest(request: HttpRequest) -> None:
    read = 0
    try:
        while read < MOST_DISCARDED and (chunk := request.read(CHUNK)):
            read += len(chunk)
    except (OSError, ValueError):  # the client went away, or the stream is closed
        return
