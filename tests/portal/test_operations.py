"""Views that call Atlassian: in threads of their own, waited for briefly, then followed by the page."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections as databases
from django.urls import get_resolver, reverse
from django.utils import timezone

from classification.inventory import refresh
from classification.models import Item
from portal.atlassian.errors import Limited
from portal.connections.clients import confluence, within_budget
from portal.jobs import operations
from portal.models import AuditEntry, Operation
from sandbox import faults
from tests.classification.conftest import run_scan
from tests.held import LONG, Held

pytestmark = pytest.mark.django_db(transaction=True)

#: Every view that calls Atlassian. A new one belongs here, and beneath `remote_work`.
REMOTE = {
    *("connection_add", "connection_check", "levels_read", "projects_read", "project_default"),
    "project_default_undo",
    *(
        "space",
        "space_default",
        "space_default_undo",
        "item",
        "item_level",
        "item_undo",
        "apps_read",
        "app_read",
        "app_edit",
        "app_save",
        "app_discard",
    ),
    *("app_review_ask", "app_review_verdict", "app_publish"),
}


@pytest.fixture
def held(sandbox, settings):
    """The threads are on, no request waits for them, and Atlassian does not answer until it is told to."""
    settings.REMOTE_THREADS, settings.REMOTE_WAIT = 8, 0
    settings.UPSTREAM_PATIENCE_WEB = 0.1
    settings.UPSTREAM_MAX_IN_FLIGHT_WEB = 8  # as many as threads, so that each of them hangs in a call
    held = Held(sandbox)
    yield held
    held.release()
    operations.stop_threads()


@pytest.fixture
def alice(alice, site, grant):
    grant(alice, site, "classification_manager")
    return alice


@pytest.fixture
def levels(site):
    return reverse("levels_read", args=[site.slug])


def names_of_remote_views(patterns) -> set[str]:
    found = set()
    for each in patterns:
        if hasattr(each, "url_patterns"):
            found |= names_of_remote_views(each.url_patterns)
            continue
        view = each.callback
        while view is not None:
            if getattr(view, "is_remote_work", False):
                found.add(each.name)
            view = getattr(view, "__wrapped__", None)
    return found


def test_every_view_that_calls_atlassian_does_so_in_a_thread_of_its_own():
    assert names_of_remote_views(get_resolver().url_patterns) == REMOTE


def test_pages_are_answered_while_ten_refreshes_hang(held, alice, client_for, levels, settings):
    settings.REMOTE_WAIT = 10 * LONG

    def request(method: str, address: str):
        try:
            return getattr(client_for(alice), method)(address)
        finally:
            databases.close_all()

    with ThreadPoolExecutor(8) as web:  # as many threads as the web server has
        refreshes = [web.submit(request, "post", levels) for _ in range(10)]
        try:
            held.reached(8)
            pages = [web.submit(request, "get", address) for address in (reverse("home"), "/health/", "/activity/")]
            assert [page.result(timeout=LONG).status_code for page in pages] == [200, 200, 200]
        finally:
            held.release()
        answers = [each.result(timeout=LONG) for each in refreshes]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 2
    assert all("already waiting for 8 answers of Atlassian. Nothing was sent." in r.text for r in refused)
    followed = [answer for answer in answers if answer.status_code == 302 and "/operations/" in answer["Location"]]
    assert len(followed) == 4
    operations.stop_threads()
    assert AuditEntry.objects.filter(action="levels.read").count() == 8


def test_an_answer_that_comes_in_time_is_the_answer_of_the_request(alice, client_for, levels, settings, site):
    settings.REMOTE_THREADS, settings.REMOTE_WAIT = 8, LONG
    try:
        page = client_for(alice).post(levels, follow=True)
    finally:
        operations.stop_threads()
    assert page.redirect_chain == [(reverse("levels", args=[site.slug]), 302)]
    assert len(page.context["messages"]) == 1
    assert not Operation.objects.exists()


def test_the_page_follows_and_shows_the_result_once_and_to_its_owner_alone(held, alice, bob, client_for, levels, site):
    client = client_for(alice)
    follow = client.post(levels, HTTP_REFERER=f"http://testserver{reverse('levels', args=[site.slug])}")
    address = follow["Location"]
    page = client.get(address)
    assert page.status_code == 200
    assert "Still working" in page.text
    assert '<meta http-equiv="refresh"' in page.text
    assert reverse("levels", args=[site.slug]) in page.text
    held.release()
    operations.stop_threads()
    assert client_for(bob).get(address).status_code == 404
    shown = client.get(address, follow=True)
    assert shown.redirect_chain == [(reverse("levels", args=[site.slug]), 302)]
    assert len(shown.context["messages"]) == 1
    assert len(client.get(address, follow=True).context["messages"]) == 0


@pytest.fixture
def item(site, sandbox, operator):
    run_scan(site, refresh.read_space(actor=operator, connection=site, key="HR"))
    return Item.objects.filter(kind="page", status="current", level__name="Confidential").first()


def set_level(client, item, name: str):
    level = item.space.connection.levels.get(name=name)
    address = reverse("item_level", args=[item.space.connection.slug, item.kind, item.remote_id, item.status])
    form = {"wanted": level.pk, "expected": item.level_id or "", "reason": "For the test", "place": "row"}
    return client.post(address, form)


def test_a_row_gets_its_answer_as_if_it_had_come_at_once(item, held, alice, client_for, settings):
    client = client_for(alice, htmx=True)
    waiting = set_level(client, item, "Internal")
    assert (waiting.status_code, waiting.content) == (202, b"")
    assert waiting["HX-Reswap"] == "none"
    address = json.loads(waiting["HX-Trigger"])["operation"]["url"]
    assert client.get(address).status_code == 202
    held.release()
    operations.stop_threads()
    late = client.get(address)
    settings.REMOTE_THREADS = 0
    item.refresh_from_db()
    at_once = set_level(client, item, "Confidential")
    assert late.status_code == at_once.status_code == 200
    for header in ("HX-Retarget", "HX-Reswap", "Content-Type"):
        assert late[header] == at_once[header]
    assert json.loads(late["HX-Trigger"]).keys() == json.loads(at_once["HX-Trigger"]).keys()
    assert f'id="item-{item.pk}"' in late.text


def test_a_part_of_a_page_is_never_shown_as_one(item, held, alice, client_for):
    waiting = set_level(client_for(alice, htmx=True), item, "Internal")
    address = json.loads(waiting["HX-Trigger"])["operation"]["url"]
    held.release()
    operations.stop_threads()
    page = client_for(alice).get(address)
    assert "This is done." in page.text


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ({"status": 503}, 424, "Atlassian"),
        ({"status": 403}, 409, ""),
    ],
)
def test_a_late_error_of_atlassian_is_told_as_always(fault, status, words, held, alice, client_for, sandbox, site):
    faults.server_error(sandbox, **fault)
    client = client_for(alice)
    follow = client.post(reverse("space", args=[site.slug, "HR"]))
    held.release()
    operations.stop_threads()
    page = client.get(follow["Location"])
    assert page.status_code == status
    assert words in page.text
    assert "Traceback" not in page.text


def test_a_late_fault_of_ours_is_an_error_page_without_a_trace(held, alice, client_for, levels, caplog):
    held.error = MemoryError("secret")
    follow = client_for(alice).post(levels)
    held.release()
    operations.stop_threads()
    client = client_for(alice)
    page = client.get(follow["Location"])
    assert page.status_code == 500
    assert "secret" not in page.text
    assert "MemoryError" in caplog.text


def test_an_operation_of_a_process_that_died_is_told_as_interrupted(alice, client_for):
    row = Operation.objects.create(user=alice, what="Publishing the draft", back="/apps/")
    assert "Still working" in client_for(alice).get(row.get_absolute_url()).text
    Operation.objects.update(beat_at=timezone.now() - operations.LAPSE - timedelta(seconds=1))
    page = client_for(alice).get(row.get_absolute_url())
    assert page.status_code == 409
    assert "“Publishing the draft” was interrupted" in page.text
    assert 'href="/apps/"' in page.text
    assert 'http-equiv="refresh"' not in page.text
    part = client_for(alice, htmx=True).get(row.get_absolute_url())
    assert part.status_code == 409
    assert part["HX-Reswap"] == "none"
    assert "was interrupted" in part["HX-Trigger"]


def test_what_works_says_that_it_is_alive(held, alice, client_for, levels, monkeypatch):
    monkeypatch.setattr(operations, "BEAT", timedelta(milliseconds=5))
    client_for(alice).post(levels)
    long_ago = timezone.now() - timedelta(days=1)
    Operation.objects.update(beat_at=long_ago)
    pause = threading.Event()
    for _ in range(100 * LONG):
        if Operation.objects.get().beat_at > long_ago:
            break
        pause.wait(0.01)
    assert Operation.objects.get().beat_at > long_ago


def test_a_refusal_because_all_threads_wait_keeps_what_was_typed(item, held, alice, client_for, settings):
    settings.REMOTE_THREADS = 1
    set_level(client_for(alice, htmx=True), item, "Internal")
    refused = set_level(client_for(alice, htmx=True), item, "Public")
    assert (refused.status_code, refused["HX-Reswap"]) == (429, "none")
    assert "already waiting for 1 answer" in refused["HX-Trigger"]
    page = set_level(client_for(alice), item, "Public")
    assert page.status_code == 429
    assert "For the test" in page.text


def test_results_are_kept_for_an_hour(alice, client_for):
    row = Operation.objects.create(user=alice, what="x", back="/")
    operations.forget_old()
    assert Operation.objects.filter(pk=row.pk).exists()
    Operation.objects.update(started_at=timezone.now() - operations.KEPT - timedelta(seconds=1))
    operations.forget_old()
    assert client_for(alice).get(row.get_absolute_url()).status_code == 404


def test_no_call_is_begun_once_the_time_for_all_of_them_is_over(site, sandbox):
    with within_budget(LONG):
        confluence(site).levels()
    before = sum(sandbox.calls.values())
    assert before
    with within_budget(0), pytest.raises(Limited, match="was not sent"):
        confluence(site).levels()
    assert sum(sandbox.calls.values()) == before
    confluence(site).levels()  # outside of it nothing is limited


def test_the_time_for_all_calls_of_one_click_is_limited(alice, client_for, levels, settings, sandbox):
    """Also where the calls are made within the request."""
    settings.UPSTREAM_BUDGET_WEB = 0
    page = client_for(alice).post(levels)
    assert page.status_code == 429
    assert not sandbox.calls
