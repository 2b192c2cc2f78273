"""Remote calls made for a page: in threads of their own, waited for a few seconds, then followed by the page.

Atlassian may take minutes to answer. The threads of the web server must not wait for it, since every other page needs
them. So a view that calls Atlassian runs in one of a few threads of this process that do nothing else. When it takes
longer than REMOTE_WAIT seconds, its request is answered with an `Operation`, at whose address the answer of the view is
delivered by any web process once it is there.
"""

import contextvars
import copy
import functools
import json
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.core.handlers.exception import response_for_exception
from django.db import DatabaseError
from django.db import connections as databases
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.connections.clients import within_budget
from portal.counts import counted
from portal.middleware import api_error_response, kept_form, page_before
from portal.models import Operation
from portal.responses import HtmxHttpRequest, fragment_error

logger = logging.getLogger("trustdesk.web")

#: How often a running operation says that its process is alive, and after how long without that it is not.
BEAT = timedelta(seconds=5)
LAPSE = timedelta(seconds=30)
#: How long an answer that was not fetched is kept.
KEPT = timedelta(hours=1)
#: Seconds between two looks of a page.
LOOK_EVERY = 1

INTERRUPTED = (
    "“{what}” was interrupted: the web process stopped while it was waiting for Atlassian. It may or may not have been "
    "carried out. Refresh from Atlassian to see the current state before you repeat it."
)
WORKING = "{what}: still working. The result appears here when it is there."


def remote_work(what: str) -> Callable:
    """Decorate a view whose POST calls Atlassian. `what`: what it does, as a person reads it while it waits.

    Put it beneath the decorators that authorise, so that refusals need no thread. With REMOTE_THREADS at 0 the view
    runs in the thread of its request.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if request.method != "POST":
                return view(request, *args, **kwargs)
            if not settings.REMOTE_THREADS:
                with within_budget(settings.UPSTREAM_BUDGET_WEB):
                    return view(request, *args, **kwargs)
            return _in_a_thread(what, request, lambda own: view(own, *args, **kwargs))

        wrapped.is_remote_work = True  # type: ignore[attr-defined]
        return wrapped

    return decorate


# --- The threads ----------------------------------------------------------------------------------------------------


class _Threads:
    """The threads of one process that make remote calls for pages, and how many requests wait for them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.executor = ThreadPoolExecutor(most, thread_name_prefix="remote")
        self.free = threading.BoundedSemaphore(most)
        # However many views run, only half as many threads of the web server stand and wait for one.
        self.waits = threading.BoundedSemaphore(max(1, most // 2))


_threads: dict[int, _Threads] = {}
_threads_lock = threading.Lock()


def _threads_of_this_process() -> _Threads:
    with _threads_lock:
        if os.getpid() not in _threads:  # a forked process has none of its parent's threads
            _threads.clear()
            _threads[os.getpid()] = _Threads(settings.REMOTE_THREADS)
        return _threads[os.getpid()]


def stop_threads() -> None:
    """Wait until all remote work of this process has ended, and drop its threads."""
    with _threads_lock:
        stopped = list(_threads.values())
        _threads.clear()
    for threads in stopped:
        threads.executor.shutdown(wait=True)
    _beats.stop()


class _Work:
    """One view at work in a thread. `answered`: set once it is through; `lock` settles who delivers its answer."""

    def __init__(self, request: HttpRequest) -> None:
        # Messages and attributes of its own: the request goes on to its answer while the view is still at work.
        self.request = copy.copy(request)
        self.request._messages = messages.storage.default_storage(self.request)  # type: ignore[attr-defined]
        self.lock = threading.Lock()
        self.answered = threading.Event()
        self.response: HttpResponse | None = None
        self.error: Exception | None = None
        self.operation: Operation | None = None

    def run(self, view: Callable[[HttpRequest], HttpResponse]) -> None:
        try:
            try:
                with within_budget(settings.UPSTREAM_BUDGET_WEB):
                    self.response = view(self.request)
            except Exception as error:
                self.error = error
            with self.lock:
                self.answered.set()
            if self.operation is not None:
                _keep(self.operation, self.request, self._late_response())
        except Exception:
            logger.exception("the answer of an operation could not be kept")
        finally:
            databases.close_all()

    def _late_response(self) -> HttpResponse:
        """What the handlers of Django and the middleware would have made of it."""
        if self.response is not None:
            return self.response
        assert self.error is not None
        said = api_error_response(self.request, self.error)  # type: ignore[arg-type]
        return said or response_for_exception(self.request, self.error)

    def in_time(self, request: HttpRequest) -> HttpResponse:
        request._messages = self.request._messages  # type: ignore[attr-defined]
        if self.error is not None:
            raise self.error
        assert self.response is not None
        return self.response


def _in_a_thread(what: str, request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    threads = _threads_of_this_process()
    if not threads.free.acquire(blocking=False):
        return _all_taken(request, threads.most)
    work = _Work(request)
    future = threads.executor.submit(contextvars.copy_context().run, work.run, view)
    future.add_done_callback(lambda _: threads.free.release())
    if threads.waits.acquire(blocking=False):
        try:
            work.answered.wait(settings.REMOTE_WAIT)
        finally:
            threads.waits.release()
    with work.lock:
        if work.answered.is_set():
            return work.in_time(request)
        work.operation = _begin(what, request)
    return _followed(request, work.operation)


def _all_taken(request: HttpRequest, most: int) -> HttpResponse:
    waiting = f"Trustdesk is already waiting for {counted(most, 'answer')} of Atlassian."
    text = f"{waiting} Nothing was sent. Try again in a moment."
    if request.htmx:  # type: ignore[attr-defined]
        return fragment_error(text, 429)
    context = kept_form(request, signed_out=False) | {"because": text}
    return render(request, "portal/form_not_sent.html", context, status=429)


# --- Operations: what a page follows --------------------------------------------------------------------------------


class _Beats:
    """One thread that says of all operations at work in this process that they are alive, while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: set = set()
        self._empty = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, pk) -> None:
        with self._lock:
            self._alive.add(pk)
            self._empty.clear()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="operation-beats")
                self._thread.start()

    def remove(self, pk) -> None:
        with self._lock:
            self._alive.discard(pk)
            if not self._alive:
                self._empty.set()

    def stop(self) -> None:
        thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            self._empty.wait(BEAT.total_seconds())
            with self._lock:
                alive = list(self._alive)
                if not alive:
                    self._thread = None
            if not alive:
                break
            try:
                Operation.objects.filter(pk__in=alive).update(beat_at=timezone.now())
            except DatabaseError as error:
                logger.warning("operations: %s", " ".join(str(error).split()))
                databases.close_all()
        databases.close_all()


_beats = _Beats()


def _begin(what: str, request: HttpRequest) -> Operation:
    forget_old()
    operation = Operation.objects.create(
        user_id=request.user.pk,  # type: ignore[misc]
        what=what,
        back=page_before(request)[:1000],
        for_htmx=bool(request.htmx),  # type: ignore[attr-defined]
    )
    _beats.add(operation.pk)
    return operation


def _keep(operation: Operation, request: HttpRequest, response: HttpResponse) -> None:
    """Keep the answer for whoever asks for it next, with the messages that no page has shown yet."""
    said = [[each.level, str(each.message), each.extra_tags] for each in request._messages._queued_messages]  # type: ignore[attr-defined]
    answer = {
        "status": response.status_code,
        "headers": dict(response.headers),
        "body": response.content.decode(),
        "messages": said,
    }
    Operation.objects.filter(pk=operation.pk).update(finished_at=timezone.now(), answer=json.dumps(answer))
    _beats.remove(operation.pk)


def forget_old() -> int:
    """Delete answers that nobody fetched in time. A sweeper of the worker; it hands nothing out."""
    Operation.objects.filter(started_at__lt=timezone.now() - KEPT).delete()
    return 0


@require_GET
def operation(request: HtmxHttpRequest, pk) -> HttpResponse:
    """Where an operation stands, for who began it alone; once it is through, the answer of its view."""
    row = Operation.objects.filter(pk=pk, user_id=request.user.pk).first()  # type: ignore[misc]
    if row is None:
        raise Http404("There is no such operation. Results are kept for an hour.")
    lost = row.finished_at is None and row.beat_at < timezone.now() - LAPSE
    if "look" in request.GET:  # by a script, which then loads the page once there is something to show
        return HttpResponse(status=204 if row.finished_at or lost else 202)
    if row.finished_at is not None:
        return _delivered(request, row)
    if lost:
        text = INTERRUPTED.format(what=row.what)
        if request.htmx:
            return fragment_error(text, 409)
        return render(request, "portal/operation.html", {"operation": row, "interrupted": text}, status=409)
    return _followed(request, row)


def _followed(request: HttpRequest, row: Operation) -> HttpResponse:
    """The answer while it is not through: the browser asks again by itself, and what was typed stays on the page."""
    if request.htmx:  # type: ignore[attr-defined]
        response = HttpResponse(status=202)
        response["HX-Reswap"] = "none"
        told = {"url": row.get_absolute_url(), "again": LOOK_EVERY, "text": WORKING.format(what=row.what)}
        response["HX-Trigger"] = json.dumps({"operation": told})
        return response
    if request.method == "POST":
        return redirect(row)
    return render(request, "portal/operation.html", {"operation": row, "again": LOOK_EVERY})


def _delivered(request: HtmxHttpRequest, row: Operation) -> HttpResponse:
    if row.for_htmx and not request.htmx:
        # Only a part of a page, which stood in another one: that one shows what is true now.
        return render(request, "portal/operation.html", {"operation": row})
    answer = json.loads(row.answer)
    # The messages go out with this answer; where it is fetched again they were said already.
    if answer["messages"]:
        Operation.objects.filter(pk=row.pk).update(answer=json.dumps(answer | {"messages": []}))
    for level, text, extra in answer["messages"]:
        messages.add_message(request, level, text, extra)
    if location := answer["headers"].get("Location"):
        return redirect(location)
    return HttpResponse(answer["body"], status=answer["status"], headers=answer["headers"])
