"""One item: its page, and the editor of its level in a row and on its page, with every way a change can end."""

import json
import re
from html import unescape

import pytest
from django.urls import reverse

from classification.models import Item, Site
from portal.access import Actor
from portal.audit.record import record_action
from portal.jobs import leases
from portal.models import AuditEntry
from sandbox import faults
from sandbox.names import ACME
from tests.classification.conftest import squeezed

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, grant, alice, site):
    """Alice with htmx, who may set levels."""
    grant(alice, site, "classifier")
    return client_for(alice, htmx=True)


@pytest.fixture
def plain(client_for, grant, alice, site):
    """Alice without scripts."""
    grant(alice, site, "classifier")
    return client_for(alice)


def editor_url(item: Item) -> str:
    return f"{item.get_absolute_url()}level/"


def sent(item: Item, wanted: str = "", level=None, **more) -> dict[str, str]:
    """What the form of a row sends."""
    return {
        "wanted": str(level.pk) if level else wanted,
        "expected": str(item.level.pk) if item.level else "",
        "place": "row",
        "row": f"item-{item.pk}",
        "reason": "",
        **more,
    }


def toast(response) -> str:
    return response.headers.get("HX-Trigger", "")


# --- The page -------------------------------------------------------------------------------------------------------


def test_its_page_says_the_level_where_it_comes_from_and_what_it_asks_of_people(plain, item):
    html = squeezed(plain.get(item("Welcome").get_absolute_url()))
    assert "Matches the space default" in html
    assert "For everyone who works here." in html
    assert "Confluence does not tell whether" in html
    assert "No changes yet." in html
    assert 'rel="noopener" target="_blank">Open in Confluence' in html
    assert 'value="reset"' in html


def test_its_page_refuses_who_may_not_see_the_site(client_for, bob, item):
    assert client_for(bob).get(item("Welcome").get_absolute_url()).status_code == 404


def test_who_may_only_look_sees_no_form(client_for, grant, charlie, site, item):
    grant(charlie, site, "viewer")
    html = client_for(charlie).get(item("Welcome").get_absolute_url()).content.decode()
    assert 'name="wanted"' not in html
    assert "role Classifier" in html


def test_archived_content_says_why_it_cannot_be_changed(plain, item):
    html = plain.get(item("Old rules", "archived").get_absolute_url()).content.decode()
    assert "does not let anyone classify archived content" in html
    assert 'name="wanted"' not in html


def test_the_draft_of_a_published_page_leads_to_it_and_back(plain, item):
    html = plain.get(item("Salaries, reworked", "draft").get_absolute_url()).content.decode()
    assert item("Salaries").get_absolute_url() in html


def neighbours_of(html: str) -> dict[str, str]:
    """Address by label of the links to the items before and after."""
    return {
        label: unescape(url)
        for url, label in re.findall(r'href="([^"]+)" aria-label="((?:Previous|Next): [^"]+)"', html)
    }


def listed(plain, scanned, query: str) -> list[tuple[str, str]]:
    """Title and address of every row of the list, as its links have them."""
    html = plain.get(f"{scanned.get_absolute_url()}?{query}").content.decode()
    return [
        (title, unescape(url))
        for url, title in re.findall(r'href="([^"]+)" data-open dir="auto"\s*title="([^"]+)"', html)
    ]


@pytest.mark.parametrize(
    "query", ["", "sort=-level", "sort=changed&status=current", "view=tree", "q=r&sort=-title", "sort=kind"]
)
def test_previous_and_next_go_through_the_list_that_the_item_was_opened_from(query, plain, scanned):
    rows = listed(plain, scanned, query)
    assert rows
    for number, (_, url) in enumerate(rows):
        found = neighbours_of(plain.get(url).content.decode())
        expected = {}
        if number:
            expected[f"Previous: {rows[number - 1][0]}"] = rows[number - 1][1]
        if number + 1 < len(rows):
            expected[f"Next: {rows[number + 1][0]}"] = rows[number + 1][1]
        assert found == expected


def test_an_item_that_left_its_list_still_leads_to_what_stood_around_it(plain, scanned, item):
    rows = listed(plain, scanned, "status=draft")
    assert [title for title, _ in rows] == ["New rules", "Salaries, reworked"]
    found = neighbours_of(plain.get(f"{item('Press kit').get_absolute_url()}?status=draft").content.decode())
    assert found == {f"Previous: {rows[0][0]}": rows[0][1], f"Next: {rows[1][0]}": rows[1][1]}


def test_the_list_survives_a_refresh_a_change_and_the_way_back(plain, scanned, item, level):
    row, query = item("Press kit"), "?q=r&sort=-title"
    url = row.get_absolute_url() + query
    html = unescape(plain.get(url).content.decode())
    assert f'href="{scanned.get_absolute_url()}?q=r&sort=-title"' in html
    assert plain.post(url).url == url
    sent_to = f"{editor_url(row)}{query}"
    assert f'action="{sent_to}"' in html
    change = sent(row, level=level("Confidential"), place="page")
    assert plain.post(sent_to, change).url == url


def test_its_history_names_who_what_and_why_once(plain, item, level):
    row = item("Salaries")
    plain.post(editor_url(row), sent(row, level=level("Public"), reason="<b>Published</b>", place="page"))
    html = squeezed(plain.get(row.get_absolute_url()))
    assert html.count("Set the level</strong>") == 1, "the intention is not told apart from its outcome"
    assert 'Confidential <span aria-hidden="true">→</span><span class="visually-hidden">to</span> Public' in html
    assert "&lt;b&gt;Published&lt;/b&gt;" in html
    assert "alice@example.com" in html
    assert "Set in Trustdesk" in html


def test_reading_it_again_shows_what_is_true(plain, item, sandbox):
    row = item("Welcome")
    faults.stranger.act(sandbox, "set_level", host=ACME, item=row.remote_id, level="Public")
    response = plain.post(row.get_absolute_url(), follow=True)
    assert response.status_code == 200
    assert item("Welcome").level.name == "Public"
    assert "Less sensitive than the space default" in response.content.decode()


def test_reading_again_what_was_deleted_leads_to_its_space(plain, item, sandbox):
    row = item("Bonus")
    faults.stranger.act(sandbox, "delete_item", host=ACME, item=row.remote_id)
    response = plain.post(row.get_absolute_url(), follow=True)
    assert response.redirect_chain[-1][0] == row.space.get_absolute_url()
    assert "no longer there" in response.content.decode()


def test_reading_it_again_refuses_who_may_not_see_the_site(client_for, bob, item, sandbox):
    sandbox.calls.clear()
    assert client_for(bob).post(item("Welcome").get_absolute_url()).status_code == 404
    assert not sandbox.calls


def test_reading_it_again_survives_the_remote_error(plain, item, sandbox):
    faults.html_answer(sandbox)
    response = plain.post(item("Welcome").get_absolute_url())
    assert response.status_code == 424
    assert "callout-error" in response.content.decode()


def test_a_link_to_an_item_that_is_not_known_offers_to_read_it(plain, site, space, handbook):
    url = reverse("item", args=[site.slug, "page", handbook["Salaries"], "current"])
    response = plain.get(url)
    assert response.status_code == 404
    assert "Trustdesk does not know this page" in response.content.decode()
    assert "Confidential" in plain.post(url, follow=True).content.decode()


@pytest.mark.parametrize("path", ["card/1/current", "page/1/trashed"])
def test_content_of_another_kind_has_no_page(plain, site, path):
    assert plain.get(f"/sites/{site.slug}/items/{path}/").status_code == 404


# --- Changing it in its row -----------------------------------------------------------------------------------------


def test_the_editor_of_a_row_offers_the_levels_that_may_be_applied(browser, item):
    html = browser.get(editor_url(item("Welcome"))).content.decode()
    assert html.count("data-choice") == 3, "neither a draft nor an archived level"
    assert "Space default" in html
    assert "Do not send it outside." in html
    assert "<html" not in html


def test_the_address_of_the_editor_opened_by_itself_is_the_page_of_the_item(plain, item):
    response = plain.get(editor_url(item("Welcome")))
    assert response.status_code == 302
    assert response["Location"] == item("Welcome").get_absolute_url()


def test_setting_a_level_changes_the_row_the_figures_and_says_so(browser, item, level, sandbox):
    row = item("Welcome")
    response = browser.post(editor_url(row), sent(row, level=level("Confidential")))
    html = response.content.decode()
    assert response.status_code == 200
    assert response["HX-Retarget"] == f"#item-{row.pk}"
    assert html.lstrip().startswith(f'<tr id="item-{row.pk}" data-row>')
    assert "Set in Trustdesk" in html
    assert 'hx-swap-oob="true"' in html
    assert "Welcome" in toast(response)
    assert "success" in toast(response)
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


@pytest.mark.parametrize("method", ["get", "post"])
def test_changing_refuses_who_has_not_the_right(client_for, grant, bob, site, item, level, sandbox, method):
    grant(bob, site, "viewer")
    row = item("Welcome")
    sandbox.calls.clear()
    response = getattr(client_for(bob, htmx=True), method)(editor_url(row), sent(row, level=level("Confidential")))
    assert response.status_code == 403
    assert "change the classification" in toast(response)
    assert not sandbox.calls


def test_changing_survives_the_remote_error_with_all_that_was_typed(browser, item, level, sandbox):
    row = item("Salaries")
    faults.server_error(sandbox, status=500, call="confluence.page_level.set")
    response = browser.post(editor_url(row), sent(row, level=level("Public"), reason="A long explanation"))
    html = response.content.decode()
    assert response.status_code == 424
    assert "A long explanation</textarea>" in html
    assert "Set “Public”</button>" in html
    assert "Current level:" in html
    assert "HX-Retarget" not in response.headers
    assert item("Salaries").level.name == "Confidential"


def test_nothing_is_lost_when_the_level_before_cannot_be_read(browser, item, level, sandbox):
    row = item("Salaries")
    faults.html_answer(sandbox, call="confluence.page_level.get")
    response = browser.post(editor_url(row), sent(row, level=level("Public"), reason="Kept"))
    assert response.status_code == 424
    assert "What you chose and typed is still here." in response.content.decode()
    assert "Kept</textarea>" in response.content.decode()


def test_a_lower_level_asks_for_a_reason_and_keeps_the_choice(browser, item, level):
    row = item("Salaries")
    response = browser.post(editor_url(row), sent(row, level=level("Public")))
    html = response.content.decode()
    assert response.status_code == 422
    assert "This lowers the protection from “Confidential” to “Public”. Give a reason." in html
    assert "Set “Public”</button>" in html
    assert 'required aria-invalid="true" autofocus' in html
    assert browser.post(editor_url(row), sent(row, level=level("Public"), reason="Press")).status_code == 200


def test_a_level_that_changed_meanwhile_is_shown_and_can_be_set_anyway(browser, item, level, sandbox):
    row = item("Welcome")
    faults.stranger.act(sandbox, "set_level", host=ACME, item=row.remote_id, level="Public")
    response = browser.post(editor_url(row), sent(row, level=level("Confidential")))
    html = response.content.decode()
    assert response.status_code == 409
    assert "Set anyway" in html
    assert f'name="expected" value="{level("Public").pk}"' in html
    assert f'hx-swap-oob="innerHTML:#item-{row.pk} summary"' in html, "the row behind shows the truth"
    again = browser.post(editor_url(row), sent(row, level=level("Confidential"), expected=str(level("Public").pk)))
    assert again.status_code == 200
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


def test_who_changes_the_same_item_at_this_moment_is_named_and_what_was_typed_stays(browser, item, level, sandbox):
    row = item("Welcome")
    with leases.hold(item("Welcome"), who="Bob", what="changing the level of “Welcome”"):
        response = browser.post(editor_url(row), sent(row, level=level("Confidential"), reason="Kept"))
    html = response.content.decode()
    assert response.status_code == 409
    assert "Bob is changing the level of “Welcome” at this moment. Nothing was changed." in html
    assert "Kept</textarea>" in html
    assert sandbox.own_level(ACME, row.remote_id) is None


def test_a_refusal_is_shown_in_the_words_of_the_site_with_what_the_call_needs(browser, item, level, sandbox):
    row = item("Welcome")
    faults.refuse(sandbox, item=row.remote_id, operation="set", message="The page is locked")
    response = browser.post(editor_url(row), sent(row, level=level("Confidential"), reason="Kept"))
    html = response.content.decode()
    assert response.status_code == 409
    assert "The page is locked" in html
    assert "write:page:confluence" in html
    assert "Current level:" in html
    assert "Kept</textarea>" in html


def test_a_reset_takes_the_default_again(browser, item, sandbox):
    row = item("Press kit")
    response = browser.post(editor_url(row), sent(row, wanted="reset"))
    assert response.status_code == 200
    assert "Matches the default" in response.content.decode()
    assert sandbox.own_level(ACME, row.remote_id) is None


def test_a_site_that_does_not_offer_removal_says_so(browser, item):
    row = item("Bonus")
    response = browser.post(editor_url(row), sent(row, wanted="none", reason="Not needed"))
    assert response.status_code == 409
    assert "does not offer removal" in response.content.decode()
    assert item("Bonus").level.name == "Confidential"


def test_what_was_deleted_meanwhile_says_so_in_its_row(browser, item, level, sandbox):
    row = item("Bonus")
    faults.stranger.act(sandbox, "delete_item", host=ACME, item=row.remote_id)
    response = browser.post(editor_url(row), sent(row, level=level("Internal"), reason="Less secret"))
    assert response["HX-Retarget"] == f"#item-{row.pk}"
    assert "No longer at Atlassian" in response.content.decode()
    assert "warning" in toast(response)
    assert not Item.objects.filter(title="Bonus").exists()


def test_a_row_that_is_changed_in_a_tree_keeps_its_place(browser, item, level, scanned):
    here = {"HX-Current-URL": f"http://testserver{scanned.get_absolute_url()}?view=tree"}
    row = item("Salaries")
    html = browser.post(editor_url(row), sent(row, level=level("Confidential")), headers=here).content.decode()
    assert 'class="col-title indent-1"' in html
    html = browser.post(editor_url(row), sent(row, level=level("Confidential"))).content.decode()
    assert "indent-" not in html


def test_what_could_not_be_read_back_is_called_not_known_and_can_be_tried_again(browser, site, item, level, sandbox):
    row = item("Welcome")
    faults.server_error(sandbox, status=500, call="confluence.page_level.*", skip=1)
    response = browser.post(editor_url(row), sent(row, level=level("Confidential")))
    html = response.content.decode()
    assert response.status_code >= 400
    assert 'Current level: <span class="lozenge level-unknown">Unknown</span>' in html
    assert 'name="expected" value="?"' in html
    faults.clear(sandbox)
    again = browser.post(editor_url(row), sent(row, level=level("Confidential"), expected="?"))
    assert again.status_code == 200
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


def test_what_was_refused_is_told_with_what_was_asked_for(plain, item, level, sandbox):
    faults.refuse(sandbox, operation="set", message="Locked")
    plain.post(editor_url(item("Welcome")), sent(item("Welcome"), level=level("Public"), reason="For all"))
    page = plain.get(item("Welcome").get_absolute_url()).content.decode()
    assert '<span class="muted">to</span> <span dir="auto">Public</span>' in page
    activity = plain.get(reverse("activity")).content.decode()
    assert '<span class="muted">Requested:</span> <span dir="auto">Public</span>' in activity


def test_a_level_that_was_archived_a_second_ago_is_refused_with_the_text_kept(browser, item, level, sandbox):
    faults.stranger_meanwhile(sandbox, "archive_level", before="confluence.page_level.set", level="Public")
    row = item("Nowhere")
    response = browser.post(editor_url(row), sent(row, level=level("Public"), reason="Kept"))
    assert response.status_code == 409
    assert "not published" in response.content.decode()
    late = browser.post(editor_url(row), sent(row, level=level("Public"), reason="Kept"))
    assert late.status_code == 422
    assert "This level can no longer be applied" in late.content.decode()
    assert "Kept</textarea>" in late.content.decode()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"wanted": ""}, 422),
        ({"wanted": "explode"}, 422),
        ({"wanted": "0"}, 422),
        ({"wanted": "x" * 5000}, 422),
        ({"reason": "y" * 10_000}, 422),
        ({"reason": "with \x00 in it"}, 422),
        ({"row": "item-1 body"}, 200),
    ],
)
def test_what_is_wrong_in_the_form_is_said_and_changes_nothing_else(browser, item, level, wrong, status):
    row = item("Welcome")
    response = browser.post(editor_url(row), {**sent(row, level=level("Confidential")), **wrong})
    assert response.status_code == status
    if status == 422:
        assert "field-error" in response.content.decode() or "callout-error" in response.content.decode()
        assert not AuditEntry.objects.filter(action="item.level.set").exists()


def test_the_change_of_an_item_that_left_the_inventory_is_one_sentence(browser, item, level):
    row = item("Welcome")
    form = sent(row, level=level("Confidential"))
    Item.objects.filter(pk=row.pk).delete()
    response = browser.post(editor_url(row), form)
    assert response.status_code == 404
    assert "no longer in the inventory" in toast(response)


def test_a_level_that_was_not_known_is_not_called_changed(browser, item, level):
    Item.objects.filter(pk=item("Welcome").pk).update(level_state="unread", level=None)
    row = item("Welcome")
    assert 'name="expected" value="?"' in browser.get(editor_url(row)).content.decode()
    assert browser.post(editor_url(row), sent(row, level=level("Confidential"), expected="?")).status_code == 200


# --- Changing it on its page, and without scripts -------------------------------------------------------------------


def test_on_its_page_the_level_and_the_history_change_together(browser, item, level):
    row = item("Welcome")
    response = browser.post(editor_url(row), sent(row, level=level("Confidential"), place="page"))
    html = response.content.decode()
    assert response["HX-Retarget"] == "#item"
    assert "<html" not in html
    assert "Set the level</strong>" in html
    assert "Set in Trustdesk" in html


def test_without_scripts_the_form_posts_and_redirects(plain, item, level):
    row = item("Welcome")
    response = plain.post(editor_url(row), sent(row, level=level("Confidential"), place="page"), follow=True)
    assert response.redirect_chain == [(row.get_absolute_url(), 302)]
    assert "“Welcome” is “Confidential” now." in response.content.decode()


def test_without_scripts_a_problem_shows_the_page_with_the_text(plain, item, level):
    row = item("Salaries")
    response = plain.post(editor_url(row), sent(row, level=level("Public"), place="page"))
    html = response.content.decode()
    assert response.status_code == 422
    assert "Give a reason." in html
    assert "<html" in html


def test_without_scripts_a_deleted_item_leads_to_its_space(plain, item, level, sandbox):
    row = item("Bonus")
    faults.stranger.act(sandbox, "delete_item", host=ACME, item=row.remote_id)
    response = plain.post(editor_url(row), sent(row, level=level("Internal"), reason="x"), follow=True)
    assert response.redirect_chain[-1][0] == row.space.get_absolute_url()


def test_a_forged_form_is_refused(client_for, grant, alice, site, item, level):
    from django.test import Client

    grant(alice, site, "classifier")
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    row = item("Welcome")
    assert client.post(editor_url(row), sent(row, level=level("Confidential"))).status_code == 403
    assert item("Welcome").level.name == "Internal"


def test_who_lost_the_session_in_the_middle_of_a_form_keeps_the_text(client, item, level):
    row = item("Welcome")
    response = client.post(editor_url(row), sent(row, level=level("Confidential"), reason="My words"))
    assert response.status_code == 401
    assert "My words" in response.content.decode()


def test_an_attempt_that_never_ended_stays_in_sight_after_a_later_one(plain, item, level, alice, site):
    welcome = item("Welcome")
    attempt = {
        "actor": Actor.of(alice),
        "action": "item.level.set",
        "connection": site,
        "target_type": "page",
        "target_id": welcome.remote_id,
        "after": {"level": "Public"},
    }
    record_action(**attempt, outcome="started", reason="The worker was killed")
    record_action(**attempt, outcome="started")
    record_action(**attempt, outcome="done")
    assert "The worker was killed" in plain.get(welcome.get_absolute_url()).content.decode()


def test_after_a_change_in_a_filtered_list_its_count_is_what_matches_now(browser, item, level, scanned):
    address = f"http://testserver{scanned.get_absolute_url()}"
    before = scanned.items.filter(level_state="none").count()
    row = item("Nowhere")
    response = browser.post(
        editor_url(row), sent(row, level=level("Public")), headers={"HX-Current-URL": f"{address}?level=none"}
    )
    html = response.content.decode()
    assert f'hx-swap-oob="innerHTML:.list-count">{before - 1} items</span>' in html
    response = browser.post(editor_url(row), sent(item("Nowhere"), level=level("Confidential")))
    assert "list-count" not in response.content.decode()


def test_a_refusal_in_a_filtered_list_says_how_many_match_too(browser, item, level, scanned, sandbox):
    row = item("Press kit")
    address = f"http://testserver{scanned.get_absolute_url()}?q=press"
    seen = str(level("Confidential").pk)
    data = sent(row, level=level("Internal"), expected=seen)
    response = browser.post(editor_url(row), data, headers={"HX-Current-URL": address})
    assert response.status_code == 409
    assert 'innerHTML:.list-count">1 item</span>' in response.content.decode()


def test_who_may_give_themselves_the_missing_role_is_led_there(client_for, grant, alice, bob, site, item):
    grant(alice, site, "viewer")
    grant(alice, site, "connection_admin")
    grant(bob, site, "viewer")
    address = item("Welcome").get_absolute_url()
    link = f'{site.get_absolute_url()}?role=classifier#rights">Give yourself the role Classifier</a>'
    assert link in client_for(alice).get(address).content.decode()
    other = client_for(bob).get(address).content.decode()
    assert link not in other
    assert "for the role Classifier." in other


def test_a_refusal_on_the_page_of_an_item_comes_without_the_counts_of_a_list(browser, item, level, scanned):
    row = item("Press kit")
    data = sent(row, level=level("Internal"), expected=str(level("Confidential").pk), place="page")
    response = browser.post(editor_url(row), data)
    assert response.status_code == 409
    assert "list-count" not in response.content.decode()


# --- Undo -----------------------------------------------------------------------------------------------------------


def undo_of(response) -> dict:
    """The Undo that the message of a change offers."""
    return json.loads(toast(response))["toast"]["action"]


def test_undo_restores_the_level_before_and_is_on_record(browser, item, level, sandbox):
    row = item("Salaries")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Public"), reason="Published")))
    assert offered["label"] == "Undo"
    response = browser.post(offered["url"], offered["values"])
    assert response.status_code == 200
    assert response["HX-Retarget"] == f"#item-{row.pk}"
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"
    entry = AuditEntry.objects.filter(action="item.level.set", outcome="done").order_by("-sequence").first()
    assert (entry.before["level"], entry.after["level"]) == ("Public", "Confidential")
    assert entry.reason == "Undo of the change to “Public”"


def test_undo_of_a_level_above_the_default_lets_the_item_follow_the_default_again(browser, item, level, sandbox):
    row = item("Welcome")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Confidential"))))
    assert browser.post(offered["url"], offered["values"]).status_code == 200
    assert sandbox.own_level(ACME, row.remote_id) is None
    assert item("Welcome").level.name == "Internal"


def test_what_was_changed_again_since_is_not_undone(browser, item, level, sandbox):
    row = item("Press kit")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Confidential"))))
    faults.stranger.act(sandbox, "set_level", host=ACME, item=row.remote_id, level="Internal")
    response = browser.post(offered["url"], offered["values"])
    assert response.status_code == 409
    assert "changed it in the meantime" in toast(response)
    assert sandbox.own_level(ACME, row.remote_id) == "Internal"


def test_a_change_before_the_last_one_is_not_undone(browser, item, level, sandbox):
    row = item("Press kit")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Internal"))))
    row = item("Press kit")
    browser.post(editor_url(row), sent(row, level=level("Confidential")))
    assert browser.post(offered["url"], offered["values"]).status_code == 409
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


def test_the_change_of_another_person_is_not_undone(browser, client_for, grant, bob, site, item, level, sandbox):
    row = item("Press kit")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Confidential"))))
    grant(bob, site, "classifier")
    assert client_for(bob, htmx=True).post(offered["url"], offered["values"]).status_code == 409
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


def test_a_change_that_cannot_be_taken_back_offers_no_undo(browser, item, level):
    row = item("Nowhere")
    connection = row.space.connection
    Site.objects.create(connection=connection, removal_refused_at=connection.changed_at)
    response = browser.post(editor_url(row), sent(row, level=level("Public")))
    assert response.status_code == 200
    assert "action" not in json.loads(toast(response))["toast"]


def test_undo_refuses_who_has_not_the_right(browser, client_for, grant, bob, site, item, level, sandbox):
    row = item("Press kit")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Confidential"))))
    grant(bob, site, "viewer")
    assert client_for(bob, htmx=True).post(offered["url"], offered["values"]).status_code == 403
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


def test_undo_survives_the_remote_error(browser, item, level, sandbox):
    row = item("Press kit")
    offered = undo_of(browser.post(editor_url(row), sent(row, level=level("Confidential"))))
    faults.server_error(sandbox, status=500)
    response = browser.post(offered["url"], offered["values"])
    assert response.status_code == 424
    assert "Nothing was undone." in toast(response)
    assert response["HX-Reswap"] == "none"


@pytest.mark.parametrize("change", ["", "x", "0", "9" * 40])
def test_undo_of_nothing_is_one_sentence(browser, item, change):
    response = browser.post(f"{item('Welcome').get_absolute_url()}undo/", {"change": change})
    assert response.status_code in (409, 422)
    assert response["HX-Reswap"] == "none"


def test_without_scripts_undo_stands_in_the_message_above_the_page(plain, item, level, sandbox):
    row = item("Press kit")
    page = plain.post(editor_url(row), sent(row, level=level("Confidential"), place="page"), follow=True)
    form = re.search(
        rf'<form class="callout-actions" method="post" action="{row.get_absolute_url()}undo/">.*?</form>',
        page.content.decode(),
        re.DOTALL,
    )
    assert form
    assert ">Undo</button>" in form[0]
    values = dict(re.findall(r'name="(change|place|row)" value="([^"]*)"', form[0]))

    page = plain.post(f"{row.get_absolute_url()}undo/", values, follow=True)
    assert sandbox.own_level(ACME, row.remote_id) == "Public"
    assert page.redirect_chain[-1][0] == row.get_absolute_url()
    again = plain.post(f"{row.get_absolute_url()}undo/", values, follow=True)
    assert "this cannot be undone. Nothing was changed." in squeezed(again)


def test_without_scripts_an_undo_that_atlassian_refuses_says_so_on_the_page(plain, item, level, sandbox):
    row = item("Press kit")
    plain.post(editor_url(row), sent(row, level=level("Confidential"), place="page"))
    change = AuditEntry.objects.filter(target_id=row.remote_id, outcome="done").last().sequence
    faults.refuse(sandbox, item=row.remote_id, operation="set", message="This page is under legal hold.")
    page = plain.post(f"{row.get_absolute_url()}undo/", {"change": change, "place": "page"}, follow=True)
    assert "under legal hold" in squeezed(page)
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"
