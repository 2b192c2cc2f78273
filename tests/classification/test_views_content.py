"""The list of the content of all sites: who sees what, numbers that lead to what they count, setting a level there."""

import csv
import html
import io
import re

import pytest
from django.urls import reverse

from classification.inventory.filters import ContentFilters
from classification.models import Item, Level, ReadState, Scan, Space
from sandbox import faults
from tests.classification.conftest import run_scan, squeezed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_items")]


@pytest.fixture
def sites(site, reference_site, prepare):
    """Two sites, both scanned."""
    for each in (site, reference_site):
        prepare(f"scanned {each.slug}", lambda connection=each: run_scan(connection))
    assert Scan.objects.filter(state=Scan.State.DONE, error="").count() == 2
    return [site, reference_site]


@pytest.fixture
def alice_s(client_for, grant, alice, sites):
    for each in sites:
        grant(alice, each, "classifier")
    return client_for(alice)


def listed(response) -> list[int]:
    return [int(row.pk) for row in response.context["rows"]]


def content(client, **query) -> list[int]:
    return listed(client.get(reverse("content"), query))


def test_it_lists_what_all_sites_list_with_space_and_site(alice_s, sites):
    page = alice_s.get(reverse("content"))
    assert set(listed(page)) == set(Item.objects.filter(space__listed=True).values_list("pk", flat=True))
    words = squeezed(page)
    for each in sites:
        assert f'<span class="subtle" dir="auto">{each.name}</span>' in words
    assert 'aria-current="page"' in re.search(r'<a [^>]*href="/content/"[^>]*>', words)[0]


def test_only_sites_on_which_the_person_has_a_right_are_in_it(client_for, grant, bob, charlie, sites):
    site, other = sites
    grant(bob, site, "viewer")
    client = client_for(bob)
    assert content(client) == content(client, site=site.slug)
    assert content(client, site=other.slug) == []
    assert set(content(client)) == set(Item.objects.filter(connection=site).values_list("pk", flat=True))
    foreign = Level.objects.filter(connection=other, items__isnull=False).first()
    assert set(content(client, level=foreign.pk)) <= set(content(client))
    page = client_for(charlie).get(reverse("content"))
    assert listed(page) == []
    assert "You see no site" in page.content.decode()
    assert reverse("content") not in re.findall(r'class="nav[^"]*"[^>]*href="([^"]+)"', page.content.decode())
    exported = b"".join(client_for(charlie).get(reverse("content_export"))).decode()
    assert exported.count("\n") == 1


def test_a_space_that_is_not_listed_any_more_is_left_out(alice_s, sites):
    space = Space.objects.filter(connection=sites[0], items__isnull=False).first()
    Space.objects.filter(pk=space.pk).update(listed=False)
    assert not set(content(alice_s)) & set(space.items.values_list("pk", flat=True))


def test_a_level_stands_for_all_of_its_name(alice_s, sites):
    level = Level.objects.filter(connection=sites[0], name="Confidential").get()
    wanted = Item.objects.filter(level__name="Confidential", level_state=ReadState.KNOWN, space__listed=True)
    assert wanted.values("connection").distinct().count() == 2
    assert set(content(alice_s, level=level.pk)) == set(wanted.values_list("pk", flat=True))


def _numbers(page: str) -> list[tuple[str, int]]:
    """The addresses of lists that a page links numbers to, each with its number."""
    links = re.findall(r'href="(/content/\?[^"]+)"[^>]*>(.*?)</a>', page, re.S)
    return [(html.unescape(url), int(re.findall(r"\d+", re.sub(r"<[^>]*>", " ", words))[0])) for url, words in links]


def _as_many(client, url: str) -> int:
    return client.get(url).context["page"].count


@pytest.mark.parametrize("name", ["home", "spaces"])
def test_every_number_leads_to_as_much_as_it_says(name, alice_s, sites):
    Item.objects.filter(pk__in=Item.objects.values_list("pk", flat=True)[:2]).update(level_state=ReadState.UNREAD)
    Level.objects.filter(connection=sites[0], name="Public").update(color="PURPLE")
    page = alice_s.get(reverse(name, args=[sites[0].slug] if name == "spaces" else [])).content.decode()
    numbers = _numbers(page)
    assert len(numbers) >= 5
    assert [(url, _as_many(alice_s, url)) for url, _ in numbers] == numbers


def test_filters_stand_in_the_address_and_as_chips(alice_s, sites):
    query = {"site": sites[0].slug, "level": "none", "status": "changeable", "kind": "page", "q": "page"}
    page = squeezed(alice_s.get(reverse("content"), query))
    for words in (f"Site: <bdi>{sites[0].name}</bdi>", "Level: <bdi>Not classified</bdi>", "Not archived"):
        assert words in page
    assert ContentFilters.parse(query | {"view": "tree"}).view == ""


@pytest.mark.parametrize("query", ["site=nowhere", "level=999999999", "origin=x&status=x&after=x", "level=x", "q=%00"])
def test_no_address_is_too_odd(query, alice_s):
    assert alice_s.get(f"{reverse('content')}?{query}").status_code == 200


def test_it_comes_in_pages(alice_s, sites, monkeypatch):
    monkeypatch.setattr("classification.selectors.ITEMS_PER_PAGE", 7)
    found, query = [], {"sort": "-changed"}
    while True:
        page = alice_s.get(reverse("content"), query)
        found += listed(page)
        if not page.context["page"].after:
            break
        query["after"] = page.context["page"].after
    assert sorted(found) == sorted(Item.objects.filter(space__listed=True).values_list("pk", flat=True))


def test_the_number_of_queries_follows_neither_sites_nor_rows(alice_s, sites, django_assert_max_num_queries):
    alice_s.get(reverse("content"))
    with django_assert_max_num_queries(11):
        alice_s.get(reverse("content"))


def test_all_that_matches_is_exported_with_its_site(alice_s, sites):
    exported = b"".join(alice_s.get(reverse("content_export"), {"level": "none"})).decode()
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert len(rows) == Item.objects.filter(level_state=ReadState.NONE, space__listed=True).count()
    assert {row["site"] for row in rows} <= {each.slug for each in sites}
    assert rows[0]["space"]


@pytest.fixture
def row(sites):
    found = Item.objects.filter(connection=sites[0], kind="page", status="current", level_state=ReadState.NONE)
    return found.exclude(space__status="archived").select_related("space__connection").first()


def _set(client_for, person, row, level, query: str = "level=none"):
    client = client_for(person, htmx=True)
    current = {"HTTP_HX_CURRENT_URL": f"http://testserver{reverse('content')}?{query}"}
    data = {"wanted": level.pk, "expected": "", "place": "row"}
    return client.post(f"{row.get_absolute_url()}level/", data, **current)


def test_a_level_is_set_in_its_row_which_keeps_its_space(alice_s, client_for, alice, row):
    level = Level.objects.get(connection=row.connection, name="Internal")
    before = _as_many(alice_s, f"{reverse('content')}?level=none")
    answer = squeezed(_set(client_for, alice, row, level))
    assert f'<tr id="item-{row.pk}" data-row>' in answer
    assert f'<td data-label="Space"><a href="{row.space.get_absolute_url()}"' in answer
    assert f">{before - 1} items<" in answer
    assert 'id="figures"' not in answer
    row.refresh_from_db()
    assert row.level == level


def test_a_refusal_of_the_site_leaves_the_row_as_it_truly_is(alice_s, client_for, alice, row, sandbox):
    level = Level.objects.get(connection=row.connection, name="Internal")
    faults.refuse(sandbox, item=row.remote_id, operation="set", message="The page is locked")
    answer = _set(client_for, alice, row, level)
    assert answer.status_code >= 400
    assert "The page is locked" in answer.content.decode()
    assert 'id="figures"' not in answer.content.decode()
    row.refresh_from_db()
    assert row.level_state == ReadState.NONE


def test_who_may_only_look_sees_no_editor_and_sets_nothing(client_for, grant, bob, row, sites):
    grant(bob, sites[0], "viewer")
    assert "data-edit" not in client_for(bob).get(reverse("content")).content.decode()
    level = Level.objects.get(connection=row.connection, name="Internal")
    assert _set(client_for, bob, row, level).status_code == 403


def test_editors_are_offered_only_on_sites_whose_levels_one_may_set(client_for, grant, bob, sites):
    grant(bob, sites[0], "classifier")
    grant(bob, sites[1], "viewer")
    page = client_for(bob).get(reverse("content"))
    editable = {int(row.pk) for row in page.context["rows"] if row.may_set}
    assert editable
    assert set(Item.objects.filter(pk__in=editable).values_list("connection", flat=True)) == {sites[0].pk}


def test_a_deleted_item_goes_from_its_row(client_for, alice, alice_s, row, sandbox):
    with sandbox.write() as db:
        db.execute("DELETE FROM items WHERE id = ?", (int(row.remote_id),))
    level = Level.objects.get(connection=row.connection, name="Internal")
    client = client_for(alice, htmx=True)
    data = {"wanted": level.pk, "expected": "", "place": "row", "row": f"item-{row.pk}"}
    current = {"HTTP_HX_CURRENT_URL": f"http://testserver{reverse('content')}"}
    answer = squeezed(client.post(f"{row.get_absolute_url()}level/", data, **current))
    assert "No longer at Atlassian" in answer
    assert not Item.objects.filter(pk=row.pk).exists()


def test_the_page_of_an_item_leads_on_and_back_in_the_list_that_it_was_opened_from(alice_s, sites):
    page = alice_s.get(reverse("content"), {"level": "none", "sort": "-title"})
    rows = page.context["rows"]
    assert f'href="{rows[1].url}?list=content&amp;sort=-title&amp;level=none"' in squeezed(page)
    item = alice_s.get(f"{rows[1].url}?list=content&sort=-title&level=none")
    assert [str(item.context[name].pk) for name in ("before", "after")] == [str(rows[0].pk), str(rows[2].pk)]
    words = squeezed(item)
    assert f'href="{rows[2].url}?list=content&amp;sort=-title&amp;level=none"' in words
    assert 'href="/content/?sort=-title&amp;level=none"' in words


def test_only_content_that_the_person_may_see_is_beside_an_item(client_for, grant, bob, sites):
    site, other = sites
    grant(bob, site, "viewer")
    client = client_for(bob)
    rows = client.get(reverse("content"), {"site": site.slug}).context["rows"]
    for row in (rows[0], rows[-1]):
        context = client.get(f"{row.url}?list=content").context
        beside = [context[name] for name in ("before", "after") if context[name]]
        assert [item.connection_id for item in beside] == [site.pk]
    assert client.get(f"{rows[0].url}?list=content&site={other.slug}").status_code == 200


def test_a_change_without_scripts_stays_in_the_list(alice_s, row):
    level = Level.objects.get(connection=row.connection, name="Internal")
    address = f"{row.get_absolute_url()}level/?list=content&level=none"
    answer = alice_s.post(address, {"wanted": level.pk, "expected": "", "place": "page"})
    assert answer["Location"] == f"{row.get_absolute_url()}?list=content&level=none"
