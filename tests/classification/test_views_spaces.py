"""The list of the spaces of a site: filters, figures, marks, export, and what it says before anything was read."""

import csv
import io
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from classification.inventory import item_counts, refresh
from classification.models import Item, Level, ReadState, Scan, Space
from portal.models import Connection
from sandbox.names import ACME
from tests.classification.conftest import squeezed

from .conftest import run_scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(site, few_items, prepare) -> None:
    """The whole site, scanned."""
    prepare("scanned site", lambda: run_scan(site))
    assert Scan.objects.get().state == Scan.State.DONE


@pytest.fixture
def alice_s(client_for, grant, alice, site):
    grant(alice, site, "classifier")
    return client_for(alice)


@pytest.fixture
def url(site) -> str:
    return reverse("spaces", args=[site.slug])


def names(response) -> list[str]:
    return [row.space.name for row in response.context["rows"]]


def test_it_works(alice_s, url, read):
    response = alice_s.get(url)
    html = response.content.decode()
    assert response.status_code == 200
    assert names(response) == sorted(names(response))
    assert "Engineering" in html
    assert 'aria-label="Content of Engineering by level: ' in html
    assert "Content blocked" in html, "a space with a data security policy is marked"


def test_it_refuses_who_may_not_see_the_site(client_for, bob, url):
    assert client_for(bob).get(url).status_code == 404


def test_it_is_no_page_of_an_organisation(client_for, grant, alice, organization):
    grant(alice, organization, "viewer")
    assert client_for(alice).get(reverse("spaces", args=[organization.slug])).status_code == 404


def test_a_site_that_lists_no_space_is_not_called_unread(alice_s, url, site, sandbox):
    with sandbox.write() as db:
        db.execute("DELETE FROM items")
        db.execute("DELETE FROM spaces")
    run_scan(site)
    html = alice_s.get(url).content.decode()
    assert "The site lists no space" in html
    assert "has not read the spaces" not in html


def test_it_says_that_drafts_are_not_listed_where_the_site_refuses(alice_s, url, site, sandbox, few_items):
    run_scan(site)
    assert "Drafts are not listed by this site." in alice_s.get(url).content.decode()
    sandbox.set_draft_lists(ACME, "list")
    run_scan(site)
    assert "Drafts are not listed" not in alice_s.get(url).content.decode()


def test_before_a_scan_it_says_to_scan_first(alice_s, url):
    html = alice_s.get(url).content.decode()
    assert "Scan the site first" in html
    assert reverse("scan_start", args=["acme"]) in html
    assert "data-search" not in html, "there is nothing to filter yet"


def test_who_may_not_scan_is_told_who_can(client_for, grant, bob, site, url):
    grant(bob, site, "viewer")
    html = client_for(bob).get(url).content.decode()
    assert "Scan the site first" in html
    assert "role Classifier" in html
    assert reverse("scan_start", args=[site.slug]) not in html


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=engin", ["Engineering"]),
        ("q=hr", ["People and culture"]),
        ("type=knowledge_base", ["Help centre"]),
        ("status=archived", ["Archive 2019"]),
        ("q=nothing-like-this", []),
    ],
)
def test_the_filters_narrow_the_list(alice_s, url, read, query, expected):
    assert names(alice_s.get(f"{url}?{query}")) == expected


def test_it_filters_by_default_level_and_by_content_that_is_not_classified(alice_s, url, read):
    internal = Level.objects.get(name="Internal")
    assert names(alice_s.get(f"{url}?level={internal.pk}")) == ["Engineering"]
    without = names(alice_s.get(f"{url}?level=none"))
    assert without
    assert "Engineering" not in without
    some = names(alice_s.get(f"{url}?unclassified=yes"))
    assert some
    assert all(row.figures.unclassified for row in alice_s.get(f"{url}?unclassified=yes").context["rows"])


def test_columns_sort_both_ways_and_say_so(alice_s, url, read):
    response = alice_s.get(f"{url}?sort=-unclassified")
    counts = [row.figures.unclassified for row in response.context["rows"]]
    assert counts == sorted(counts, reverse=True)
    html = response.content.decode()
    assert 'aria-sort="descending"><a href="/sites/acme/spaces/?sort=unclassified">Not classified' in html


@pytest.mark.parametrize(
    "query",
    [
        "after=9999",
        "before=[",
        'after=["x"]',
        'before=["x",{}]',
        'after=[1,"x"]',
        "level=%00",
        "level=99999999999999999999",
        "sort=x",
    ],
)
def test_nonsense_in_the_address_is_passed_over(alice_s, url, read, query):
    assert names(alice_s.get(f"{url}?{query}"))


def test_htmx_gets_the_list_alone_and_a_clean_address(client_for, grant, alice, site, url, read):
    grant(alice, site, "viewer")
    response = client_for(alice, htmx=True).get(
        f"{url}?q=Engin&type=&status=&level=", headers={"HX-Trigger": "filters", "HX-Target": "results"}
    )
    assert b"<html" not in response.content
    assert b'id="results"' in response.content
    assert response["HX-Push-Url"] == f"{url}?q=Engin"
    assert "HX-Request" in response["Vary"]


def test_the_counts_are_there_as_figures_too(alice_s, url, read):
    html = squeezed(alice_s.get(f"{url}?view=table"))
    assert '<th class="num" scope="col"><span dir="auto">Confidential</span></th>' in html
    assert "<rect" in html, "of the bar of the whole site"
    assert "Content of Engineering by level" not in html


def test_many_spaces_come_in_pages(alice_s, site, url):
    now = timezone.now()
    Space.objects.bulk_create(
        Space(connection=site, remote_id=str(n), key=f"K{n}", name=f"Space {n:03}", listed_at=now) for n in range(120)
    )
    response = alice_s.get(f"{url}?q=space")
    assert names(response)[-1] == "Space 049"
    response = alice_s.get(url, {"q": "space", "after": f'["Space 049",{response.context["rows"][-1].space.pk}]'})
    assert len(names(response)) == 50
    assert names(response)[0] == "Space 050"
    page = " ".join(response.content.decode().split())
    assert '51-100 of <span class="list-count">120 spaces</span>' in page
    assert "?q=space&amp;after=" in page
    assert "?q=space&amp;before=" in page


@pytest.mark.parametrize("sort", ["items", "-items", "unclassified", "-unclassified", "age", "-age", "key", "-name"])
def test_spaces_come_in_pages_whatever_their_order(alice_s, site, url, sort):
    now = timezone.now()
    with transaction.atomic():
        Connection.locked(site.pk)
        spaces = Space.objects.bulk_create(
            Space(
                connection=site,
                remote_id=str(n),
                key=f"K{n}",
                name=f"Space {n % 7}",
                listed_at=now,
                scanned_at=now + timedelta(seconds=n % 5) if n % 3 else None,
            )
            for n in range(120)
        )
        Item.objects.bulk_create(
            Item(
                space=space, kind="page", remote_id=f"{n}", status="current", title="x", level_state="none", read_at=now
            )
            for space in spaces
            for n in range(space.pk % 4)
        )
    found, address = [], f"{url}?sort={sort}"
    while address:
        response = alice_s.get(address)
        found += [row.space.pk for row in response.context["rows"]]
        after = response.context["page"].page.after
        address = after and f"{url}?{urlencode({'sort': sort, 'after': after})}"
    assert len(found) == len(set(found)) == 120
    before = response.context["page"].page.before
    middle = alice_s.get(url, {"sort": sort, "before": before})
    assert [row.space.pk for row in middle.context["rows"]] == found[50:100]


def test_names_of_any_script_and_length_stay_text(alice_s, site, url):
    now = timezone.now()
    for n, name in enumerate(["مكتب الشرق", "📣 Markt", "<b>x</b>", "Long " * 90]):
        Space.objects.create(connection=site, remote_id=str(n), key=f"~{n}", name=name, listed_at=now)
    html = squeezed(alice_s.get(url))
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<b>x</b>" not in html
    assert 'dir="auto" title="مكتب الشرق"' in html
    assert "/sites/acme/spaces/~1/" in html


def test_the_export_holds_what_is_filtered(alice_s, site, read):
    url = reverse("spaces_export", args=[site.slug])
    response = alice_s.get(f"{url}?q=engin&format=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["key"] for row in rows] == ["ENG"]
    assert rows[0]["default_level"] == "Internal"
    assert 'filename="acme-spaces.csv"' in response["Content-Disposition"]
    as_json = alice_s.get(f"{url}?format=json&status=archived")
    assert [row["name"] for row in json.loads(b"".join(as_json.streaming_content))] == ["Archive 2019"]
    empty = alice_s.get(f"{url}?format=json&q=nothing-like-this")
    assert json.loads(b"".join(empty.streaming_content)) == []


def test_the_export_does_not_run_in_a_spreadsheet(alice_s, site):
    Space.objects.create(connection=site, remote_id="1", key="X", name="=1+1", listed_at=timezone.now())
    response = alice_s.get(reverse("spaces_export", args=[site.slug]))
    assert b',"\'=1+1",' in b"".join(response.streaming_content)


def test_the_export_is_for_who_may_see_the_site(client_for, bob, site):
    assert client_for(bob).get(reverse("spaces_export", args=[site.slug])).status_code == 404


def test_a_default_that_may_not_be_read_is_not_called_absent(alice_s, site, url):
    Space.objects.create(
        connection=site, remote_id="1", key="X", name="X", default_state=ReadState.HIDDEN, listed_at=timezone.now()
    )
    html = alice_s.get(url).content.decode()
    assert "No access" in html
    assert '<span class="lozenge level-none">No default' not in html


def test_it_asks_nobody(alice_s, url, read, sandbox):
    sandbox.calls.clear()
    alice_s.get(url)
    assert not sandbox.calls


def test_it_takes_few_queries_however_many_spaces(alice_s, url, read, django_assert_max_num_queries):
    assert Item.objects.count() > 50
    item_counts.keep_counts()
    with django_assert_max_num_queries(17):
        alice_s.get(url)


def test_a_level_that_is_gone_can_still_be_named_in_the_filter(alice_s, url, read):
    html = alice_s.get(f"{url}?level=987654").content.decode()
    assert "A level that is gone" in html
    assert "No space matches" in html


def test_a_running_scan_is_shown_with_its_progress(alice_s, site, url, operator):
    scan = refresh.request_scan(actor=operator, connection=site)
    html = alice_s.get(url).content.decode()
    assert f'hx-get="/sites/acme/scans/{scan.pk}/"' in html
    assert "The first scan is under way" in html
