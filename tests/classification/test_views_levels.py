"""The levels of a site and of an organisation, with their use, and reading them again."""

import pytest
from django.urls import reverse

from classification.models import Level, Space
from sandbox import faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice_s(client_for, grant, alice, site):
    grant(alice, site, "viewer")
    return client_for(alice)


@pytest.fixture
def url(site) -> str:
    return reverse("levels", args=[site.slug])


def test_it_shows_every_level_with_its_guideline_and_use(alice_s, url, scanned, level):
    html = alice_s.get(url).content.decode()
    assert "Named people only. Never leaves the space." in html
    assert "Archived" in html
    assert "level-faded" in html
    assert f'<a href="/sites/acme/spaces/?level={level("Internal").pk}">1</a>' in html
    order = [row.level.name for row in alice_s.get(url).context["rows"]]
    assert order == ["Restricted", "Confidential", "Internal", "Company only", "Public"]


def test_archived_content_is_counted_apart(alice_s, url, scanned, level):
    rows = {row.level.name: (row.items, row.fixed) for row in alice_s.get(url).context["rows"]}
    assert rows["Public"] == (2, 1)
    assert "+ 1 archived</span>" in alice_s.get(url).content.decode()
    Space.objects.filter(pk=scanned.pk).update(status=Space.ARCHIVED)
    rows = {row.level.name: (row.items, row.fixed) for row in alice_s.get(url).context["rows"]}
    assert rows["Public"] == (0, 3)


def test_it_refuses_who_may_not_see_the_site(client_for, bob, url):
    assert client_for(bob).get(url).status_code == 404


def test_before_they_were_read_it_says_what_to_do(alice_s, url):
    assert "No levels yet" in alice_s.get(url).content.decode()


def test_reading_them_again_says_how_many(alice_s, site, url):
    response = alice_s.post(reverse("levels_read", args=[site.slug]), follow=True)
    assert response.redirect_chain == [(url, 302)]
    assert Level.objects.filter(connection=site).count() >= 3
    assert "flash" in response.content.decode()


def test_an_organisation_has_levels_too_but_no_use_of_them(client_for, grant, alice, organization):
    grant(alice, organization, "viewer")
    client = client_for(alice)
    html = client.post(reverse("levels_read", args=[organization.slug]), follow=True).content.decode()
    assert "Restricted" in html
    assert "Default of spaces" not in html


def test_a_developer_space_has_none(client_for, grant, alice, developer_space):
    grant(alice, developer_space, "viewer")
    client = client_for(alice)
    assert client.get(reverse("levels", args=[developer_space.slug])).status_code == 404
    assert client.post(reverse("levels_read", args=[developer_space.slug])).status_code == 404


def test_reading_refuses_who_may_not_see_the_site(client_for, bob, site, sandbox):
    sandbox.calls.clear()
    assert client_for(bob).post(reverse("levels_read", args=[site.slug])).status_code == 404
    assert not sandbox.calls


def test_reading_survives_the_remote_error_and_keeps_what_was_read(alice_s, site, scanned, sandbox):
    faults.server_error(sandbox, status=500)
    response = alice_s.post(reverse("levels_read", args=[site.slug]))
    html = response.content.decode()
    assert response.status_code == 424
    assert "The levels below are from the last refresh." in html
    assert "Confidential" in html


def test_a_site_without_classification_is_said_plainly(alice_s, site, sandbox):
    faults.put(sandbox, "refuse", call="*levels*", status=404, message="Not found")
    response = alice_s.post(reverse("levels_read", args=[site.slug]))
    assert response.status_code == 404
    assert "does not offer data classification" in response.content.decode()


def test_reading_is_a_post(alice_s, site):
    assert alice_s.get(reverse("levels_read", args=[site.slug])).status_code == 405
