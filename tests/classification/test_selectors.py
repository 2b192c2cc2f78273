"""What the pages read: filters, rows, figures, the tree and the exports, in a fixed number of queries."""

import pytest
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from classification import selectors
from classification.coverage import counts, export
from classification.coverage.home import home_part
from classification.inventory import refresh, store
from classification.inventory.filters import ItemFilters, SpaceFilters
from classification.inventory.tree import Leaf, order
from classification.levels.change import change_level
from classification.levels.defaults import SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.models import Item, Level, Project, ReadState, Space
from sandbox.names import ACME

from .conftest import run_scan

pytestmark = pytest.mark.django_db

ADDRESSES = st.dictionaries(
    st.sampled_from(
        ["q", "sort", "page", "level", "origin", "kind", "status", "view", "type", "unclassified", "other"]
    ),
    st.one_of(st.text(max_size=20), st.sampled_from(["none", "tree", "draft", "-title", "matches", "7", "current"])),
)


def titles(space: Space, address: str = "") -> set[str]:
    return {row.title for row in selectors.space_page(space, ItemFilters.parse(QueryDict(address))).rows}


# --- Filters ----------------------------------------------------------------------------------------------------------


@given(ADDRESSES)
def test_any_address_is_read_and_written_back_the_same(values):
    for kind in (ItemFilters, SpaceFilters):
        filters = kind.parse(values)
        assert kind.parse(QueryDict(filters.query())) == filters
        assert "\x00" not in filters.query()


@settings(max_examples=40)
@given(ADDRESSES)
def test_any_address_makes_a_page(values):
    space = Space(pk=1, connection_id=1, default_state=ReadState.UNREAD)
    filters = ItemFilters.parse(values)
    assert list(filters.ordered(filters.apply(Item.objects.filter(space=space)))) == []
    assert list(SpaceFilters.parse(values).apply(Space.objects.filter(pk=1))) == []


def test_changing_a_filter_leads_back_to_the_first_page():
    filters = ItemFilters.parse(QueryDict("q=x&after=3"))
    assert filters.query() == "q=x&after=3"
    assert filters.query(status="draft") == "q=x&status=draft"
    assert filters.query(before="4") == "q=x&before=4"
    assert filters.narrows
    assert not ItemFilters.parse(QueryDict("sort=-title&view=tree&after=2")).narrows


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("q=salar", {"Salaries", "Salaries, reworked"}),
        ("q=100%25", set()),
        ("level=none", {"Nowhere"}),
        ("status=archived", {"Old rules"}),
        ("status=draft", {"New rules", "Salaries, reworked"}),
        ("kind=blogpost", {"Our year"}),
        ("origin=matches", {"Welcome", "New rules", "Our year"}),
        ("origin=differs", {"Salaries", "Bonus", "Press kit", "Old rules", "Salaries, reworked"}),
        ("origin=set", set()),
        ("origin=nonsense&status=nonsense&after=x", None),
    ],
)
def test_filters_keep_what_they_say(scanned, address, expected):
    everything = titles(scanned)
    assert len(everything) == 9
    assert titles(scanned, address) == (everything if expected is None else expected)


def test_a_filter_by_level_keeps_that_level(scanned, level):
    assert titles(scanned, f"level={level('Confidential').pk}") == {"Salaries", "Bonus"}


def test_a_search_finds_other_letters_in_any_case(site, sandbox, scanned, handbook):
    sandbox.add_item(ACME, "HB", title="ÜBERSICHT der Löhne")
    run_scan(site, scanned)
    assert titles(scanned, "q=übersicht") == titles(scanned, "q=LÖHNE".lower()) == {"ÜBERSICHT der Löhne"}


# --- A space ----------------------------------------------------------------------------------------------------------


def test_a_row_says_where_its_level_comes_from(scanned, item, level, operator):
    change_level(actor=operator, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    rows = {(row.title, row.status): row for row in selectors.space_page(scanned, ItemFilters()).rows}
    assert rows["Welcome", "current"].origin_label == "Set in Trustdesk"
    assert rows["Our year", "current"].origin_label == "Matches the space default"
    assert rows["Press kit", "current"].origin_label == "Less sensitive than the space default"
    assert rows["Nowhere", "current"].origin_label == "Not classified"
    assert not rows["Old rules", "archived"].changeable
    assert rows["Welcome", "current"] == selectors.item_row(item("Welcome"))


def test_without_a_default_no_level_is_said_to_differ(scanned, item, operator):
    change_level(actor=operator, target=SpaceDefault(scanned), wanted=None, reason="Test of the words")
    scanned.refresh_from_db()
    row = selectors.item_row(item("Press kit"))
    assert row.origin_label == "The space has no default"
    assert titles(scanned, "origin=differs") == set()
    assert "Press kit" in titles(scanned, "origin=own")


def test_a_space_page_costs_the_same_queries_however_much_it_holds(scanned, level, django_assert_num_queries):
    page = selectors.find_space(scanned.connection, "HB")
    with django_assert_num_queries(5):
        selectors.space_page(page, ItemFilters())
    _fill(scanned, level("Internal"), 600)
    with django_assert_num_queries(5):
        shown = selectors.space_page(page, ItemFilters.parse({"page": "2"}))
    assert (len(shown.rows), shown.page.count, shown.figures.total) == (250, 609, 608)


def _fill(space: Space, level: Level, count: int) -> None:
    Item.objects.bulk_create(
        Item(
            space=space,
            kind="page",
            remote_id=f"x{number}",
            status="current",
            title=f"Page {number}",
            level=level,
            level_state=ReadState.KNOWN,
            read_at=space.scanned_at,
        )
        for number in range(count)
    )


def test_pages_never_overlap_in_any_order(scanned, level):
    _fill(scanned, level("Public"), 300)
    for sort in ItemFilters.CHOICES["sort"]:
        first = selectors.space_page(scanned, ItemFilters.parse({"sort": sort}))
        second = selectors.space_page(scanned, ItemFilters.parse({"sort": sort, "after": first.page.after}))
        seen = [row.pk for page in (first, second) for row in page.rows]
        assert len(seen) == len(set(seen)) == 309, sort


def test_the_most_sensitive_comes_first_and_what_has_no_level_last(scanned):
    rows = selectors.space_page(scanned, ItemFilters.parse({"sort": "level"})).rows
    names = [row.level.name if row.level else None for row in rows]
    assert names == ["Confidential"] * 2 + ["Internal"] * 3 + ["Public"] * 3 + [None]


def test_the_figures_add_up(scanned):
    told = selectors.space_page(scanned, ItemFilters()).figures
    assert (told.total, told.classified, told.unclassified, told.unknown) == (8, 7, 1, 0)
    assert (told.fixed, told.everything) == (1, 9), "what is archived does not count"
    assert told.percent_classified == 87
    assert [(part.label, part.count, part.color) for part in told.segments] == [
        ("Confidential", 2, "RED"),
        ("Internal", 3, "YELLOW"),
        ("Public", 2, "GREEN"),
        ("Not classified", 1, ""),
    ]
    assert sum(part.percent for part in told.segments) == pytest.approx(100, abs=0.1)


def test_what_is_archived_does_not_count_against_all(scanned, site):
    Item.objects.filter(space=scanned, status="archived").update(level=None, level_state=ReadState.NONE)
    Item.objects.filter(space=scanned, title="Nowhere").update(level_state=ReadState.UNREAD)
    told = selectors.space_page(scanned, ItemFilters()).figures
    assert (told.unclassified, told.unknown, told.fixed) == (0, 1, 1)
    assert counts.coverage(site).figures == told
    assert titles(scanned, "level=none&status=changeable") == set()
    assert titles(scanned, "level=none") == {"Old rules"}
    assert len(titles(scanned, "status=changeable")) == told.total
    assert not SpaceFilters.parse({"unclassified": "yes"}).apply(Space.objects.filter(pk=scanned.pk)).exists()


def test_nothing_of_an_archived_space_counts(scanned, site):
    Space.objects.filter(pk=scanned.pk).update(status="archived")
    scanned.refresh_from_db()
    told = selectors.space_page(scanned, ItemFilters()).figures
    assert (told.total, told.fixed, told.segments) == (0, 9, ())
    assert counts.coverage(site).figures == told
    assert titles(scanned, "status=changeable") == set()


def test_an_item_shows_its_history_without_the_intentions_that_were_settled(scanned, item, level, operator):
    change_level(actor=operator, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    detail = selectors.item_detail(item("Welcome"))
    assert [entry.outcome for entry in detail.history] == ["done"]
    assert detail.default.name == "Internal"
    assert [choice.name for choice in detail.choices] == ["Confidential", "Internal", "Public"]


def test_an_item_names_its_other_versions(scanned, item):
    assert [row.status for row in selectors.item_detail(item("Salaries")).versions] == ["draft"]


# --- A site -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def whole_site(site, few_items, handbook, prepare):
    prepare("whole site", lambda: run_scan(site))
    return site


def keys(connection, address: str = "") -> list[str]:
    return [row.space.key for row in selectors.spaces_page(connection, SpaceFilters.parse(QueryDict(address))).rows]


def test_spaces_are_listed_with_their_figures_in_few_queries(whole_site, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        page = selectors.spaces_page(whole_site, SpaceFilters())
    assert len(page.rows) == 9
    rows = {row.space.key: row for row in page.rows}
    assert (rows["HB"].figures.total, rows["HB"].figures.fixed) == (8, 1)
    assert (rows["OLD2019"].figures.total, rows["OLD2019"].figures.fixed > 0) == (0, True)
    assert rows["HB"].default.name == "Internal"
    assert page.types == ["collaboration", "global", "knowledge_base"]
    assert page.last_scan is not None


def test_spaces_are_searched_filtered_and_sorted(whole_site):
    assert keys(whole_site, "q=handb") == ["HB"]
    assert keys(whole_site, "type=knowledge_base") == ["KB"]
    assert keys(whole_site, "status=archived") == ["OLD2019"]
    assert set(keys(whole_site, "level=none")) == {"PROD", "OPS", "OLD2019"}
    assert "HB" in keys(whole_site, "unclassified=yes")
    assert keys(whole_site, "sort=key") == sorted(keys(whole_site))
    shown = [row.figures.total for row in selectors.spaces_page(whole_site, SpaceFilters(sort="-items")).rows]
    assert shown == sorted(shown, reverse=True)
    gaps = [
        row.figures.unclassified for row in selectors.spaces_page(whole_site, SpaceFilters(sort="unclassified")).rows
    ]
    assert gaps == sorted(gaps)


def test_spaces_that_were_never_read_are_the_oldest(whole_site):
    Space.objects.filter(key="KB").update(scanned_at=None)
    assert keys(whole_site, "sort=age")[0] == "KB"
    assert keys(whole_site, "sort=-age")[-1] == "KB"


def test_levels_tell_where_they_are_used(whole_site, operator):
    refresh.read_projects(actor=operator, connection=whole_site)
    rows = {row.level.name: row for row in selectors.level_rows(whole_site)}
    assert rows["Confidential"].items == Item.objects.filter(level__name="Confidential").count() > 0
    assert rows["Confidential"].spaces == 3
    assert rows["Restricted"].items == 0


def test_a_default_that_is_not_known_is_shown_and_counted_nowhere_as_if_it_were(whole_site, operator):
    refresh.read_projects(actor=operator, connection=whole_site)
    handbook = Space.objects.get(key="HB")
    internal = handbook.default_level
    before = {row.level: row for row in selectors.level_rows(whole_site)}[internal]
    Space.objects.filter(pk=handbook.pk).update(default_state=ReadState.UNREAD)
    Project.objects.filter(key="APP").update(default_state=ReadState.UNREAD)
    after = {row.level: row for row in selectors.level_rows(whole_site)}[internal]
    assert (after.spaces, after.projects) == (before.spaces - 1, before.projects - 1)
    assert "HB" not in keys(whole_site, f"level={internal.pk}")
    assert "HB" in keys(whole_site, "level=unknown")
    rows = {row.space.key: row for row in selectors.spaces_page(whole_site, SpaceFilters()).rows}
    assert rows["HB"].default is None
    exported = {row["key"]: row for row in export.space_export(whole_site, SpaceFilters())}
    assert (exported["HB"]["default_level"], exported["HB"]["default_state"]) == ("", "unread")


def test_the_use_of_a_level_counts_the_content_that_the_list_of_spaces_shows(whole_site):
    Space.objects.filter(key="HB").update(listed=False)
    rows = selectors.level_rows(whole_site)
    fixed = Item.objects.filter(Q(status="archived") | Q(space__status="archived"), space__listed=True)
    counted = counts.coverage(whole_site).figures
    assert fixed.count() == counted.fixed > 0
    assert sum(row.items for row in rows) == counted.classified
    assert sum(row.fixed for row in rows) == fixed.filter(level_state=ReadState.KNOWN).count()


def test_the_home_page_says_how_much_is_classified(site, whole_site, operator):
    label, value, url = home_part(operator, [whole_site]).lines[whole_site.pk][0]
    assert label == "Classified"
    assert value == "56 of 70 pages and blog posts (80 %)"
    assert url.endswith(f"/content/?level=any&status=changeable&site={whole_site.slug}")


def test_the_home_page_says_when_nothing_was_read_yet(site, organization, developer_space, operator):
    found = home_part(operator, [site, organization, developer_space]).lines
    assert found[site.pk][0][1] == "Not scanned yet"
    assert found[organization.pk][0][1] == "Not read yet"
    assert developer_space.pk not in found


def test_the_exports_hold_every_row_that_the_filters_keep(scanned):
    rows = list(export.item_export(scanned, ItemFilters.parse({"status": "draft"})))
    assert {row["title"] for row in rows} == {"New rules", "Salaries, reworked"}
    assert tuple(rows[0]) == export.ITEM_COLUMNS
    spaces = list(export.space_export(scanned.connection, SpaceFilters()))
    assert tuple(spaces[0]) == export.SPACE_COLUMNS
    assert (spaces[0]["key"], spaces[0]["items"], spaces[0]["default_level"]) == ("HB", 9, "Internal")


# --- The tree ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(min_value=-1, max_value=30), max_size=30))
def test_any_tree_gives_each_item_one_place_with_parents_first(parents):
    leaves = [
        Leaf(number, "page", str(number), "current", f"T{number}", str(parent) if parent >= 0 else "", number, 0, 0)
        for number, parent in enumerate(parents)
    ]
    places = order(leaves)
    assert sorted(place for place, _ in places.values()) == list(range(len(leaves)))
    for leaf in leaves:
        if places[leaf.pk][1] > 0:
            parent = int(leaf.parent_id)
            assert places[parent][0] < places[leaf.pk][0]
            assert places[parent][1] == places[leaf.pk][1] - 1


@pytest.mark.parametrize(
    ("state", "origin"), [(ReadState.NONE, "own"), (ReadState.HIDDEN, "unknown"), (ReadState.UNREAD, "unknown")]
)
def test_a_default_that_is_not_known_is_not_called_none(state, origin, scanned):
    store.keep_default(scanned, None, timezone.now(), state=state)
    space = Space.objects.select_related("connection").get(pk=scanned.pk)
    page = selectors.space_page(space, ItemFilters(origin=origin))
    assert page.page.count > 0
    assert {row.origin for row in page.rows} == {origin}
