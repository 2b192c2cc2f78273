"""The default level of a space: what its dialog says first, setting and clearing it."""

import json

import pytest
from django.urls import reverse

from classification.inventory import refresh
from classification.models import Item, ReadState, Scan, Space
from sandbox import faults
from sandbox.names import ACME
from tests.classification.conftest import squeezed

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, grant, alice, site):
    grant(alice, site, "classification_manager")
    return client_for(alice, htmx=True)


@pytest.fixture
def plain(client_for, grant, alice, site):
    grant(alice, site, "classification_manager")
    return client_for(alice)


@pytest.fixture
def url(scanned) -> str:
    return reverse("space_default", args=[scanned.connection.slug, scanned.key])


def sent(space: Space, wanted: str = "", level=None, **more) -> dict[str, str]:
    expected = str(space.default_level_id or "")
    return {"wanted": str(level.pk) if level else wanted, "expected": expected, "reason": "", **more}


def test_the_dialog_says_first_how_many_items_it_touches(browser, url):
    html = squeezed(browser.get(url))
    assert "A new default changes up to 3 items" in html
    assert "Up to 3 have the current default and were not set in Trustdesk." in html
    assert "Those that were set by hand in Confluence keep it, and Confluence does not tell which they are." in html
    assert "5 with a level of their own keep it." in html
    assert "1 not classified although there is a default stays as it is." in html
    assert "follow" not in html
    assert "<html" not in html


def test_items_whose_level_is_unknown_may_change_too(browser, url, scanned):
    Item.objects.filter(space=scanned, title__in=["Welcome", "Press kit"]).update(level_state=ReadState.UNREAD)
    html = squeezed(browser.get(url))
    assert "A new default changes up to 4 items" in html
    assert "Up to 2 have the current default" in html
    assert "The level of 2 is unknown" in html


def test_where_nothing_can_follow_that_is_said(browser, url, scanned, operator):
    Item.objects.filter(space=scanned, level=scanned.default_level).update(set_here=True)
    html = browser.get(url).content.decode()
    assert "A new default changes no item" in html
    assert "Up to" not in html


def test_the_confirmation_says_up_to_how_many_change_with_it(plain, url, scanned, level):
    page = plain.post(url, sent(scanned, level=level("Confidential")), follow=True).content.decode()
    assert "The default of “Handbook” is “Confidential” now. Up to 3 items change with it; they are refreshed." in page


def test_a_space_that_was_never_scanned_says_that_the_number_is_not_known(browser, space):
    html = browser.get(reverse("space_default", args=["acme", space.key])).content.decode()
    assert "The number of items this changes is unknown" in html


def test_the_dialog_opened_by_itself_is_a_page(plain, url):
    html = plain.get(url).content.decode()
    assert "<html" in html
    assert "Default level of Handbook" in html


def test_the_page_of_its_own_leads_back_to_the_space(plain, url, scanned, level):
    htmx = {"HX-Request": "true"}
    html = plain.get(url).content.decode()
    assert f'<a class="button button-subtle" href="{scanned.get_absolute_url()}">Cancel</a>' in html
    assert "data-close>Cancel" not in html
    again = plain.post(url, sent(scanned, wanted="none", place="page"), headers=htmx).content.decode()
    assert f'href="{scanned.get_absolute_url()}">Cancel</a>' in again
    done = plain.post(url, sent(scanned, level=level("Confidential"), place="page"), headers=htmx)
    assert done["HX-Redirect"] == scanned.get_absolute_url()


def test_setting_it_draws_the_page_again_and_reads_the_content_again(browser, url, scanned, level):
    response = browser.post(url, sent(scanned, level=level("Confidential")))
    assert response.status_code == 204
    assert response["HX-Refresh"] == "true"
    assert Space.objects.get(pk=scanned.pk).default_level.name == "Confidential"
    assert Scan.objects.filter(space=scanned, state="queued").exists()
    html = browser.get(scanned.get_absolute_url(), headers={"HX-Request": ""}).content.decode()
    assert "Confidential" in html
    assert 'hx-trigger="every 2s"' in html


def test_without_scripts_it_posts_and_redirects(plain, url, scanned, level):
    response = plain.post(url, sent(scanned, level=level("Confidential")), follow=True)
    assert response.redirect_chain == [(scanned.get_absolute_url(), 302)]
    assert "flash" in response.content.decode()


def test_clearing_it_asks_for_a_reason_and_keeps_the_page(browser, url, scanned):
    response = browser.post(url, sent(scanned, wanted="none"))
    assert response.status_code == 422
    assert "Give a reason." in squeezed(response)
    assert "A new default changes up to 3 items" in squeezed(response)
    assert browser.post(url, sent(scanned, wanted="none", reason="Merged")).status_code == 204
    assert Space.objects.get(pk=scanned.pk).default_level is None


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_refuses_who_has_not_the_right(client_for, grant, bob, site, url, scanned, level, sandbox, method):
    grant(bob, site, "classifier")
    sandbox.calls.clear()
    response = getattr(client_for(bob), method)(url, sent(scanned, level=level("Public"), reason="x"))
    assert response.status_code == 403
    assert "change the default level of spaces" in response.content.decode()
    assert not sandbox.calls


def test_it_survives_the_remote_error_with_all_that_was_typed(browser, url, scanned, level, sandbox):
    faults.server_error(sandbox, status=500)
    response = browser.post(url, sent(scanned, level=level("Public"), reason="Kept"))
    assert response.status_code == 424
    assert "Kept</textarea>" in response.content.decode()
    assert Space.objects.get(pk=scanned.pk).default_level.name == "Internal"


def test_an_account_that_may_not_change_it_is_told_what_it_needs(
    client_for, grant, alice, site_as_editor, handbook, operator, url
):
    from classification.models import Level

    grant(alice, site_as_editor, "classification_manager")
    refresh.read_levels(actor=operator, connection=site_as_editor)
    space = refresh.read_space(actor=operator, connection=site_as_editor, key="HB")
    wanted = Level.objects.get(connection=site_as_editor, name="Confidential")
    own = reverse("space_default", args=[site_as_editor.slug, "HB"])
    response = client_for(alice, htmx=True).post(own, sent(space, level=wanted))
    html = response.content.decode()
    assert response.status_code == 409
    assert "The call needs:" in html
    assert "Current level:" in html


def test_a_default_that_changed_meanwhile_is_shown_and_can_be_set_anyway(browser, url, scanned, level, sandbox):
    faults.stranger.act(sandbox, "set_space_default", host=ACME, space="HB", level="Public")
    response = browser.post(url, sent(scanned, level=level("Confidential")))
    assert response.status_code == 409
    assert "Set anyway" in response.content.decode()


def test_a_space_that_is_not_known_has_no_dialog(browser, site):
    assert browser.get(reverse("space_default", args=[site.slug, "NOPE"])).status_code == 404


# --- In the row of the list, and Undo -------------------------------------------------------------------------------


@pytest.fixture
def spaces_url(scanned) -> str:
    return reverse("spaces", args=[scanned.connection.slug])


def test_the_list_of_spaces_offers_the_change_in_the_row_to_who_may_make_it(
    plain, client_for, grant, bob, site, spaces_url, url
):
    assert f'hx-get="{url}?place=row"' in plain.get(spaces_url).content.decode()
    grant(bob, site, "classifier")
    assert "?place=row" not in client_for(bob).get(spaces_url).content.decode()


def test_a_change_in_the_row_draws_the_list_again_with_its_filters(browser, scanned, spaces_url, url, level):
    here = {"HX-Current-URL": f"http://testserver{spaces_url}?view=table&q=hand"}
    assert 'name="place" value="row"' in browser.get(f"{url}?place=row", headers=here).content.decode()
    response = browser.post(url, sent(scanned, level=level("Confidential"), place="row"), headers=here)
    html = response.content.decode()
    assert response["HX-Retarget"] == "#browse"
    assert f'id="space-{scanned.pk}"' in html
    assert f'href="{spaces_url}?q=hand"' in html, "links keep the address of the list"
    assert "“Handbook” is “Confidential” now" in json.loads(response["HX-Trigger"])["toast"]["text"]


def test_undo_in_the_row_restores_the_default_before(browser, scanned, url, level, sandbox):
    done = browser.post(url, sent(scanned, level=level("Confidential"), place="row", row=f"space-{scanned.pk}"))
    offered = json.loads(done["HX-Trigger"])["toast"]["action"]
    assert offered["values"]["row"] == f"space-{scanned.pk}"
    response = browser.post(offered["url"], offered["values"])
    assert response["HX-Retarget"] == "#browse"
    assert sandbox.space_default(ACME, "HB") == "Internal"


def test_undo_refuses_who_has_not_the_right(browser, client_for, grant, bob, site, scanned, url, level, sandbox):
    done = browser.post(url, sent(scanned, level=level("Confidential"), place="row"))
    offered = json.loads(done["HX-Trigger"])["toast"]["action"]
    grant(bob, site, "classifier")
    assert client_for(bob, htmx=True).post(offered["url"], offered["values"]).status_code == 403
    assert sandbox.space_default(ACME, "HB") == "Confidential"


def test_undo_survives_the_remote_error(browser, scanned, url, level, sandbox):
    done = browser.post(url, sent(scanned, level=level("Confidential"), place="row"))
    offered = json.loads(done["HX-Trigger"])["toast"]["action"]
    faults.server_error(sandbox, status=500)
    response = browser.post(offered["url"], offered["values"])
    assert response.status_code == 424
    assert "Nothing was undone." in response["HX-Trigger"].encode().decode("unicode_escape")
