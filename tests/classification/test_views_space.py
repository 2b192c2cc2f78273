"""The content of one space: rows, tree, filters, pages, export, deep links; always from the inventory alone."""

import csv
import html
import io
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from classification.inventory.tree import reorder
from classification.models import Item, ReadState, Space
from sandbox import faults
from tests.classification.conftest import squeezed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice_s(client_for, grant, alice, site):
    grant(alice, site, "classifier")
    return client_for(alice)


@pytest.fixture
def url(scanned) -> str:
    return scanned.get_absolute_url()


def titles(response) -> list[str]:
    return [row.title for row in response.context["rows"]]


def test_it_works(alice_s, url):
    response = alice_s.get(url)
    html = squeezed(response)
    assert response.status_code == 200
    assert titles(response)[:4] == ["Bonus", "New rules", "Nowhere", "Old rules"]
    assert "Matches the default" in html
    assert "More sensitive than the default" in html
    assert "7 of 8 items" in html
    assert '<a href="/sites/acme/spaces/HB/?status=fixed">1 cannot be changed</a>' in html
    assert '<a href="/sites/acme/spaces/HB/?level=none&amp;status=changeable">1 not classified</a>' in html
    assert 'title="Internal">Internal' in html


def test_it_refuses_who_may_not_see_the_site(client_for, bob, url):
    assert client_for(bob).get(url).status_code == 404


def link(response, rel: str) -> str:
    """Where Next or Previous leads; "" without one."""
    found = re.search(rf'<a href="([^"]*)" rel="{rel}"', response.content.decode())
    return response.wsgi_request.path + html.unescape(found[1]) if found else ""


@pytest.fixture
def long_list(scanned, prepare) -> None:
    """600 pages in three pages of the list, all without a level."""
    now = timezone.now()
    pages = (
        Item(
            space=scanned,
            kind="page",
            remote_id=f"x{n}",
            status="current",
            title=f"Page {n:04}",
            level_state=ReadState.NONE,
            read_at=now,
        )
        for n in range(600)
    )
    prepare("long list", lambda: Item.objects.bulk_create(pages))


@pytest.mark.parametrize("sort", ["", "&sort=-title", "&sort=level", "&sort=-changed", "&sort=status", "&view=tree"])
def test_the_next_page_goes_on_after_the_last_row_though_the_list_has_shrunk(
    alice_s, url, scanned, long_list, level, sort
):
    first = alice_s.get(f"{url}?level=none{sort}")
    shown = [row.pk for row in first.context["rows"]]
    Item.objects.filter(pk__in=shown[:100]).update(level_state=ReadState.KNOWN, level=level("Internal"))
    second = alice_s.get(link(first, "next"))
    shown += [row.pk for row in second.context["rows"] if not row.faint]
    assert "151-400 of " in second.content.decode()
    third = alice_s.get(link(second, "next"))
    shown += [row.pk for row in third.context["rows"] if not row.faint]
    left = Item.objects.filter(space=scanned, level_state=ReadState.NONE).values_list("pk", flat=True)
    assert {str(pk) for pk in left} <= set(shown)
    assert len(shown) == len(set(shown))
    assert link(third, "next") == ""
    back = alice_s.get(link(third, "prev"))
    assert [row.pk for row in back.context["rows"]] == [row.pk for row in second.context["rows"]]
    assert len(alice_s.get(link(back, "prev")).context["rows"]) == 250


def test_a_page_after_which_nothing_is_left_is_the_last_one(alice_s, url, long_list):
    second = alice_s.get(link(alice_s.get(f"{url}?level=none"), "next"))
    address = link(second, "next")
    last = [row.pk for row in alice_s.get(address).context["rows"]]
    Item.objects.filter(pk__in=last).update(level_state=ReadState.UNREAD)
    response = alice_s.get(address)
    assert [row.pk for row in response.context["rows"]] == [row.pk for row in second.context["rows"]][-250:]
    assert link(response, "next") == ""


def test_pages_go_on_through_titles_that_are_too_long_for_an_address(alice_s, url, scanned):
    now = timezone.now()
    Item.objects.bulk_create(
        Item(space=scanned, kind="page", remote_id=f"x{n}", status="current", title="🚀" * 900, read_at=now)
        for n in range(300)
    )
    first = alice_s.get(f"{url}?sort=-title")
    address = link(first, "next")
    assert len(address) < 3000
    rows = [row.pk for response in (first, alice_s.get(address)) for row in response.context["rows"]]
    assert len(rows) == len(set(rows)) == Item.objects.filter(space=scanned).count()


def test_it_makes_no_remote_call_and_few_queries(alice_s, url, scanned, sandbox, django_assert_max_num_queries):
    now = timezone.now()
    Item.objects.bulk_create(
        Item(space=scanned, kind="page", remote_id=f"x{n}", status="current", title=f"Page {n:04}", read_at=now)
        for n in range(600)
    )
    sandbox.calls.clear()
    with django_assert_max_num_queries(12):
        response = alice_s.get(url)
    assert response.content.count(b'<tr id="item-') == 250
    assert not sandbox.calls


def test_the_pages_of_a_long_list_neither_overlap_nor_leave_out(alice_s, url, scanned):
    now = timezone.now()
    Item.objects.bulk_create(
        Item(space=scanned, kind="page", remote_id=f"x{n}", status="current", title="Same title", read_at=now)
        for n in range(600)
    )
    shown, address = [], f"{url}?q=same"
    while address:
        response = alice_s.get(address)
        shown += [row.pk for row in response.context["rows"]]
        address = link(response, "next")
    assert len(shown) == len(set(shown)) == 600


def test_who_may_only_look_gets_no_editor(client_for, grant, charlie, site, url):
    grant(charlie, site, "viewer")
    html = client_for(charlie).get(url).content.decode()
    assert "Bonus" in html
    assert "data-edit" not in html
    assert "default-dialog" not in html


def test_archived_content_has_no_editor(alice_s, url, item):
    html = alice_s.get(f"{url}?status=archived").content.decode()
    assert "Old rules" in html
    assert "level-edit" not in html


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=rules", ["New rules", "Old rules"]),
        ("level=none", ["Nowhere"]),
        ("origin=differs", ["Bonus", "Old rules", "Press kit", "Salaries", "Salaries, reworked"]),
        ("origin=matches&kind=blogpost", ["Our year"]),
        ("status=draft", ["New rules", "Salaries, reworked"]),
        ("kind=blogpost", ["Our year"]),
        ("status=nonsense&kind=blogpost", ["Our year"]),
    ],
)
def test_the_filters_of_the_address_narrow_the_rows(alice_s, url, query, expected):
    assert titles(alice_s.get(f"{url}?{query}")) == expected


def test_it_filters_by_level(alice_s, url, level):
    assert titles(alice_s.get(f"{url}?level={level('Confidential').pk}")) == ["Bonus", "Salaries"]


def test_filters_that_keep_nothing_say_so_and_can_be_cleared(alice_s, url):
    html = alice_s.get(f"{url}?q=zzz&kind=page").content.decode()
    assert "No item matches" in html
    assert "Clear all" in html


def test_the_tree_shows_children_below_their_parents_and_deeper(alice_s, url):
    response = alice_s.get(f"{url}?view=tree&status=current&kind=page")
    rows = {row.title: row.indent for row in response.context["rows"]}
    order = titles(response)
    assert order.index("Welcome") < order.index("Salaries") < order.index("Bonus")
    assert rows["Bonus"] == "indent-2"
    assert 'class="col-title indent-2"' in response.content.decode()


def tree_of(response) -> list[tuple[str, str, bool]]:
    return [(row.title, row.indent, row.faint) for row in response.context["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=bonus", [("Welcome", "", True), ("Salaries", "indent-1", True), ("Bonus", "indent-2", False)]),
        (
            "status=draft&q=reworked",
            [("Welcome", "", True), ("Salaries, reworked", "indent-1", False)],
        ),
        ("q=wel", [("Welcome", "", False)]),
        ("q=our", [("Our year", "", False)]),
    ],
)
def test_a_tree_that_is_filtered_shows_the_pages_above_its_rows(alice_s, url, query, expected):
    response = alice_s.get(f"{url}?view=tree&{query}")
    assert tree_of(response) == expected
    html = response.content.decode()
    assert html.count('<tr class="is-faint">') == sum(faint for *_, faint in expected)
    assert html.count("data-row") == 1
    assert "1 item<" in html


def test_a_later_page_of_a_tree_begins_with_the_pages_above_it(
    alice_s, url, scanned, handbook, django_assert_max_num_queries
):
    now = timezone.now()
    Item.objects.bulk_create(
        Item(
            space=scanned,
            kind="page",
            remote_id=f"x{n}",
            status="current",
            title=f"Page {n:04}",
            parent_id=handbook["Bonus"],
            read_at=now,
        )
        for n in range(300)
    )
    reorder(scanned)
    with django_assert_max_num_queries(12):
        response = alice_s.get(f"{url}?view=tree&after=[250,0]")
    shown = tree_of(response)
    assert shown[:3] == [("Welcome", "", True), ("Salaries", "indent-1", True), ("Bonus", "indent-2", True)]
    assert shown[3][1:] == ("indent-3", False)


def test_pages_that_are_each_other_s_parents_end_a_tree_all_the_same(alice_s, url, scanned):
    for one, other in (("r1", "r2"), ("r2", "r1")):
        Item.objects.create(
            space=scanned,
            kind="page",
            remote_id=one,
            parent_id=other,
            status="current",
            title=f"Round {one}",
            read_at=timezone.now(),
        )
    reorder(scanned)
    assert [title for title, *_ in tree_of(alice_s.get(f"{url}?view=tree&q=r2"))][-1] == "Round r2"


def test_rows_sort_by_level_and_leave_the_tree_for_it(alice_s, url):
    response = alice_s.get(f"{url}?sort=level")
    assert titles(response)[:2] == ["Bonus", "Salaries"]
    tree = alice_s.get(f"{url}?view=tree").content.decode()
    assert f'<a href="{url}?sort=level">Level</a>' in tree


def test_titles_of_any_script_and_length_stay_text(alice_s, scanned, url):
    for n, title in enumerate(["سياسة البيانات", "🔒 <script>alert(1)</script>", "x" * 900]):
        Item.objects.create(
            space=scanned, kind="page", remote_id=f"t{n}", status="current", title=title, read_at=timezone.now()
        )
    html = alice_s.get(url).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert 'dir="auto" title="سياسة البيانات">سياسة البيانات</a>' in html
    assert "x" * 900 in html


def test_an_id_with_odd_letters_does_not_leave_its_attribute(alice_s, scanned, url):
    Item.objects.create(
        space=scanned, kind="page", remote_id='1"><b>', status="current", title="Odd", read_at=timezone.now()
    )
    assert b'"><b>' not in alice_s.get(url).content


def test_a_level_that_could_not_be_read_is_not_called_unclassified(alice_s, scanned, url, item):
    Item.objects.filter(pk=item("Welcome").pk).update(level_state=ReadState.UNREAD)
    html = alice_s.get(f"{url}?level=unknown").content.decode()
    assert "Welcome" in html
    assert "Unknown" in html
    assert '<span class="lozenge level-none">' not in html


def test_htmx_gets_the_rows_with_fresh_figures(client_for, grant, alice, site, url):
    grant(alice, site, "viewer")
    response = client_for(alice, htmx=True).get(f"{url}?level=none")
    assert b"<html" not in response.content
    assert 'id="figures" aria-label="Content by level" hx-swap-oob="true"' in squeezed(response)
    assert b"Nowhere" in response.content


def test_a_space_that_was_never_scanned_says_to_scan_first(alice_s, space):
    html = alice_s.get(space.get_absolute_url()).content.decode()
    assert "Scan this space first" in html
    assert "never" in html.split("Last scanned")[1][:200]


def test_an_empty_space_is_not_called_unscanned(alice_s, space):
    Space.objects.filter(pk=space.pk).update(scanned_at=timezone.now())
    assert b"This space is empty" in alice_s.get(space.get_absolute_url()).content


def test_marks_say_that_the_figures_cannot_be_complete(alice_s, scanned, url):
    Space.objects.filter(pk=scanned.pk).update(content_blocked=True, listed=False)
    html = alice_s.get(url).content.decode()
    assert "A data security policy blocks content here" in html
    assert "The site no longer lists this space" in html


def test_a_link_to_a_space_that_is_not_known_offers_to_read_it(alice_s, site, handbook):
    url = reverse("space", args=[site.slug, "HB"])
    response = alice_s.get(url)
    assert response.status_code == 404
    assert "Load it from the site" in response.content.decode()
    read = alice_s.post(url, follow=True)
    assert read.redirect_chain == [(url, 302)]
    assert "The space and its default level were refreshed." in read.content.decode()
    assert Space.objects.get(key="HB").default_level.name == "Internal"


def test_reading_a_space_refuses_who_may_not_see_the_site(client_for, bob, site, handbook):
    assert client_for(bob).post(reverse("space", args=[site.slug, "HB"])).status_code == 404
    assert not Space.objects.exists()


def test_reading_a_space_that_the_site_does_not_have_is_one_clear_sentence(alice_s, site):
    response = alice_s.post(reverse("space", args=[site.slug, "NOPE"]))
    assert response.status_code == 404
    assert "callout-error" in response.content.decode()


def test_reading_a_space_survives_the_remote_error(alice_s, site, handbook, sandbox):
    faults.server_error(sandbox, status=500)
    response = alice_s.post(reverse("space", args=[site.slug, "HB"]))
    assert response.status_code == 424
    assert "callout-error" in response.content.decode()


def test_the_export_holds_all_that_match_and_not_only_a_page(alice_s, scanned):
    url = reverse("space_export", args=[scanned.connection.slug, scanned.key])
    now = timezone.now()
    Item.objects.bulk_create(
        Item(space=scanned, kind="page", remote_id=f"x{n}", status="current", title=f"Row {n}", read_at=now)
        for n in range(300)
    )
    response = alice_s.get(f"{url}?q=row&format=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert len(rows) == 300
    assert rows[0]["state"] == "unread"
    assert 'filename="acme-HB.csv"' in response["Content-Disposition"]


def test_the_export_of_a_space_is_for_who_may_see_it(client_for, bob, alice_s, scanned):
    url = reverse("space_export", args=[scanned.connection.slug, scanned.key])
    assert client_for(bob).get(url).status_code == 404
    assert alice_s.get(url.replace("/HB/", "/NOPE/")).status_code == 404


def test_a_personal_space_has_an_address(alice_s, site):
    space = Space.objects.create(
        connection=site, remote_id="77", key="~712020000000a1", name="Ada", listed_at=timezone.now()
    )
    assert space.get_absolute_url() == "/sites/acme/spaces/~712020000000a1/"
    assert alice_s.get(space.get_absolute_url()).status_code == 200
