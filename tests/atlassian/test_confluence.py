"""The Confluence client: both dialects, every kind of item, and answers that are not as promised."""

from datetime import UTC, datetime

import pytest

from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import ApiError, Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.types import Level
from sandbox import faults
from sandbox.names import ACCOUNTS, ACME, SITES
from tests.atlassian.conftest import reply

DIALECTS = pytest.mark.parametrize("dialect", ["current", "reference"])
EDITOR, VIEWER = 1, 2


@pytest.fixture
def space(acme) -> str:
    return acme.add_space(ACME, "DOCS", pages=3, blogposts=2, name="Documents")


@pytest.fixture
def page(acme, space) -> str:
    return acme.item_ids(ACME, "DOCS")[0]


@pytest.fixture
def client(sandbox_session, space):
    """client(account number, dialect): what Confluence is to that person."""

    def make(account: int = 0, dialect: str = "current") -> ConfluenceClient:
        return ConfluenceClient(sandbox_session(account, dialect=dialect), dialect)

    return make


@pytest.fixture
def answered(host, session) -> ConfluenceClient:
    """A client whose answers are the test's own."""
    return ConfluenceClient(session)


# --- levels -------------------------------------------------------------------------------------------------------


@DIALECTS
def test_the_levels_are_read_in_both_dialects(client, dialect):
    levels = client(0, dialect).levels()

    internal = next(level for level in levels if level.name == "Internal")
    assert internal.id.startswith("ari:cloud:platform::classification-tag/")
    assert (internal.color, internal.status, internal.is_published) == ("YELLOW", "PUBLISHED", True)
    assert internal.guideline == "For everyone who works here. Do not send it outside."
    assert {level.status for level in levels} == {"DRAFT", "PUBLISHED", "ARCHIVED"}
    assert [level.order for level in levels] == sorted(level.order for level in levels)


def test_a_site_without_classification_answers_not_found(client, acme):
    acme.set_entitled(ACME, False)

    with pytest.raises(NotFound) as caught:
        client().levels()
    assert "list the classification levels" in caught.value.message
    assert "read:configuration:confluence" in caught.value.needs


@pytest.mark.parametrize("shape", [lambda entries: entries, lambda entries: {"classificationLevels": entries}])
def test_unknown_colours_words_and_fields_break_nothing(host, answered, shape):
    host.answers(reply(200, shape([{"id": 7, "color": "Infrared", "status": "retired", "order": "2", "new": [1]}])))

    assert answered.levels() == [Level("7", "", order=2, color="INFRARED", status="RETIRED")]


# --- the default of a space ---------------------------------------------------------------------------------------


@DIALECTS
def test_a_space_default_is_set_read_and_cleared(client, acme, space, dialect):
    confluence = client(0, dialect)
    assert confluence.space_default(space) is None

    confluence.set_space_default(space, acme.level_id("Internal"))
    assert confluence.space_default(space).name == "Internal"

    confluence.clear_space_default(space)
    assert confluence.space_default(space) is None


@DIALECTS
def test_a_site_that_wants_a_status_with_the_space_default_gets_it_and_is_remembered(client, acme, space, dialect):
    acme.set_default_wants_status(ACME, True)
    confluence, public = client(0, dialect), acme.level_id("Public")

    confluence.set_space_default(space, public)
    confluence.set_space_default(space, public)
    assert acme.calls["confluence.space_default.set"] == 3
    assert acme.space_default(ACME, "DOCS") == "Public"

    acme.set_default_wants_status(ACME, False)
    confluence.set_space_default(space, acme.level_id("Internal"))
    confluence.set_space_default(space, public)
    assert acme.calls["confluence.space_default.set"] == 6


@pytest.mark.parametrize("wants_status", [False, True])
def test_a_default_that_is_refused_in_both_forms_is_refused_in_the_words_that_fit(client, acme, space, wants_status):
    acme.set_default_wants_status(ACME, wants_status)

    with pytest.raises(Refused, match="not published|does not exist"):
        client().set_space_default(space, acme.level_id("Company only"))
    assert acme.space_default(ACME, "DOCS") is None


def test_who_is_no_space_admin_is_refused_with_what_is_missing(client, acme, space):
    with pytest.raises(Refused) as caught:
        client(VIEWER).set_space_default(space, acme.level_id("Internal"))

    assert "Only a space admin can change the default" in caught.value.message
    assert "administer the space" in caught.value.needs
    assert "write:space:confluence" in caught.value.needs
    assert caught.value.trace_id


def test_an_archived_level_is_refused_in_atlassians_words(client, acme, space):
    with pytest.raises(Refused) as caught:
        client().set_space_default(space, acme.level_id("Company only"))

    assert caught.value.status == 400


# --- the level of an item -----------------------------------------------------------------------------------------


@DIALECTS
@pytest.mark.parametrize("kind", ["page", "blogpost"])
def test_an_item_is_classified_and_reset(client, acme, space, kind, dialect):
    item, confluence = acme.item_ids(ACME, "DOCS", kind=kind)[0], client(0, dialect)
    confluence.set_space_default(space, acme.level_id("Internal"))

    confluence.set_item_level(kind, item, acme.level_id("Confidential"))
    assert confluence.item_level(kind, item).name == "Confidential"

    confluence.reset_item_level(kind, item)
    assert confluence.item_level(kind, item).name == "Internal"


@pytest.mark.parametrize("kind", ["whiteboard", "database"])
def test_whiteboards_and_databases_are_classified_like_pages(client, acme, space, kind):
    item, confluence = acme.add_item(ACME, "DOCS", title="Plan", kind=kind), client()

    confluence.set_item_level(kind, item, acme.level_id("Public"))

    assert confluence.item_level(kind, item).name == "Public"
    assert confluence.item(kind, item).title == "Plan"
    confluence.reset_item_level(kind, item)
    assert confluence.item_level(kind, item) is None


def test_draft_and_current_have_levels_of_their_own(client, acme, page):
    acme.add_item(ACME, "DOCS", title="Changed", draft_of=page)
    confluence = client()

    confluence.set_item_level("page", page, acme.level_id("Confidential"), status="draft")

    assert confluence.item_level("page", page, status="draft").name == "Confidential"
    assert confluence.item_level("page", page) is None


def test_removal_is_done_where_it_was_announced(client, acme, page):
    confluence = client(0, "reference")
    confluence.set_item_level("page", page, acme.level_id("Public"))

    confluence.remove_item_level("page", page)
    assert confluence.item_level("page", page) is None
    confluence.remove_item_level("page", page)


@pytest.mark.parametrize("kind", ["page", "blogpost"])
def test_where_removal_is_not_offered_the_error_says_to_reset(client, acme, space, kind):
    with pytest.raises(Refused) as caught:
        client().remove_item_level(kind, acme.item_ids(ACME, "DOCS", kind=kind)[0])

    assert "this site does not offer removal; reset instead" in caught.value.message
    assert "Reset the level instead" in caught.value.advice


@pytest.mark.parametrize("level", [reply(200, {"id": "L1"}), reply(404)])
def test_a_site_that_says_404_to_removal_does_not_offer_it_either(host, answered, level):
    host.answers(reply(404), reply(200, []), reply(200, {"id": "1"}), level)

    with pytest.raises(Refused, match="does not offer removal"):
        answered.remove_item_level("page", "1")


def test_removing_from_an_item_that_is_gone_says_so(host, answered):
    host.answers(reply(404), reply(200, []), reply(404))

    with pytest.raises(NotFound):
        answered.remove_item_level("page", "1")


def test_who_may_not_edit_is_refused(client, acme, page):
    with pytest.raises(Refused) as caught:
        client(VIEWER).set_item_level("page", page, acme.level_id("Public"))

    assert caught.value.needs == "Permission to edit the page; OAuth scope write:page:confluence"


def test_what_a_missing_level_means_is_found_out(client, acme, space, page):
    confluence = client()

    assert confluence.item_level("page", page) is None
    assert confluence.explain_missing_level("page", page) == "not_classified"
    assert confluence.explain_missing_level("page", "999999") == "gone"
    assert confluence.explain_missing_level("page", page, "draft") == "gone"
    acme.set_entitled(ACME, False)
    assert confluence.explain_missing_level("page", page) == "not_offered"


def test_an_unknown_kind_is_refused_without_a_call(client):
    confluence = client()

    with pytest.raises(Refused, match="no kind of item called “poem”"):
        confluence.item_level("poem", "1")
    with pytest.raises(Refused, match="offers no list of whiteboards"):
        list(confluence.space_items("1", "whiteboard"))
    assert confluence.session.calls == 0


def test_a_bad_token_is_a_matter_of_the_connection(client, acme, page):
    acme.revoke("sandbox-admin-token")

    with pytest.raises(Misconfigured):
        client().item_level("page", page)


# --- spaces and items ---------------------------------------------------------------------------------------------


def test_a_space_is_described(client, space):
    found = client().space(space)

    assert (found.id, found.key, found.name, found.type, found.status) == (
        space,
        "DOCS",
        "Documents",
        "global",
        "current",
    )
    assert found.web_url == f"https://{ACME}/wiki/spaces/DOCS"
    assert found.created_at.tzinfo is UTC


def test_spaces_are_filtered_by_the_site(client, acme):
    acme.add_space(ACME, "OLD", status="archived")
    confluence = client()

    assert [space.key for space in confluence.spaces(status="archived")] == ["OLD"]
    assert [space.key for space in confluence.spaces(keys=["DOCS", "OLD"], sort="-key")] == ["OLD", "DOCS"]


@DIALECTS
def test_a_long_list_is_read_page_by_page_and_only_as_far_as_asked(client, acme, dialect):
    space = acme.add_space(ACME, "LONG", pages=600)
    confluence = client(0, dialect)
    items = confluence.space_items(space, "page")

    first = [next(items) for _ in range(250)]
    assert confluence.session.calls == 1
    rest = list(items)

    assert confluence.session.calls == 3
    assert len({item.id for item in first + rest}) == 600


def test_a_page_is_described(client, acme, space):
    parent = acme.add_item(ACME, "DOCS", title="Parent")
    child = acme.add_item(ACME, "DOCS", title="Kind 题目", parent=parent)

    item = client().item("page", child)

    assert (item.kind, item.status, item.title, item.space_id) == ("page", "current", "Kind 题目", space)
    assert (item.parent_id, item.parent_type) == (parent, "page")
    assert item.version == 1
    assert item.web_url.startswith(f"https://{ACME}/wiki/spaces/DOCS/pages/")
    assert item.edit_url.startswith(f"https://{ACME}/wiki/spaces/DOCS/")


def test_statuses_are_kept_apart(client, acme, space):
    archived = acme.add_item(ACME, "DOCS", title="Old", status="archived")
    draft = acme.add_item(ACME, "DOCS", title="New", status="draft")
    confluence = client()
    acme.set_draft_lists(ACME, "list")

    assert len(list(confluence.space_items(space, "page"))) == 3
    assert [item.id for item in confluence.space_items(space, "page", ["archived"])] == [archived]
    assert len(list(confluence.space_items(space, "page", ("current", "archived")))) == 4
    assert [item.id for item in confluence.drafts("page")] == [draft]
    assert [item.id for item in confluence.drafts("page", [space])] == [draft]
    assert list(confluence.drafts("blogpost", [space])) == []
    assert confluence.item("page", draft, "draft").status == "draft"
    assert confluence.item("page", archived, "archived").status == "archived"


def test_lists_of_drafts_are_refused_or_ignored_by_most_sites(client, acme, space):
    acme.add_item(ACME, "DOCS", title="New", status="draft")
    confluence = client()

    with pytest.raises(Refused, match="status 400"):
        list(confluence.drafts("page"))
    acme.set_draft_lists(ACME, "ignore")
    assert {item.status for item in confluence.drafts("page")} == {"current"}


def test_an_item_in_another_status_than_the_one_asked_for_is_not_found(host, answered):
    host.answers(reply(200, {"id": "1", "status": "current"}))

    with pytest.raises(NotFound, match="told of one that is current"):
        answered.item("page", "1", "draft")


@pytest.mark.parametrize(
    "act",
    [
        lambda c: c.item("blogpost", "1", "archived"),
        lambda c: c.item("page", "1", "trashed"),
        lambda c: c.item("whiteboard", "1", "draft"),
        lambda c: c.item_level("database", "1", "archived"),
        lambda c: c.set_item_level("whiteboard", "1", "level", "draft"),
        lambda c: c.reset_item_level("database", "1", "draft"),
    ],
)
def test_a_status_that_confluence_does_not_know_is_refused_without_a_call(client, act):
    confluence = client()

    with pytest.raises(Refused, match="Confluence knows no"):
        act(confluence)
    assert confluence.session.calls == 0


def test_behind_the_gateway_links_lead_to_the_site(acme, sandbox_session, space):
    gateway = f"https://api.atlassian.com/ex/confluence/{SITES[ACME]}"
    confluence = ConfluenceClient(sandbox_session(0, base_url=gateway, bearer=True))

    assert confluence.space(space).web_url == f"https://{ACME}/wiki/spaces/DOCS"
    assert [item.web_url.startswith(f"https://{ACME}/wiki/") for item in confluence.space_items(space, "page")] == [
        True
    ] * 3


@pytest.mark.parametrize("path", ["javascript:alert(1)", "//example.com/x", "https://example.com/x", 7, None])
def test_a_link_that_leads_elsewhere_is_not_shown(host, answered, path):
    host.answers(reply(200, {"id": "1", "_links": {"webui": path, "base": "https://example.com"}}))

    assert answered.item("page", "1").web_url == ""


def test_names_are_read_in_parts_and_of_nobody_without_a_call(client, acme):
    ada, edith = (account.account_id for account in ACCOUNTS[:2])
    confluence = client()
    acme.calls.clear()

    assert confluence.names([ada, *(f"712020:{n}" for n in range(250)), edith]) == {
        ada: "Ada Admin",
        edith: "Edith Editor",
    }
    assert acme.calls == {"confluence.people": 2}
    assert confluence.names([]) == {}
    assert acme.calls == {"confluence.people": 2}


def test_a_public_name_stands_in_for_one_that_is_not_shown(host, answered):
    people = [
        {"accountId": "a", "displayName": "", "publicName": "Bob"},
        {"accountId": "b", "displayName": None},
        {"accountId": "c", "displayName": "Charlie", "publicName": "C"},
    ]
    host.answers(reply(200, {"results": people}))

    assert answered.names(["a", "b", "c"]) == {"a": "Bob", "c": "Charlie"}


def test_data_policies_are_read_where_the_site_tells(client, acme, space):
    blocked = acme.add_space(ACME, "FIN", blocked=True)
    acme.set_policies_readable(ACME, True)
    confluence = client()

    assert confluence.data_policy_blocks() is True
    assert confluence.data_policy_spaces([space, blocked]) == {space: False, blocked: True}
    assert confluence.data_policy_spaces([]) == {}


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_where_data_policies_are_for_apps_only_nothing_is_known(host, answered, status):
    host.answers(reply(status))

    assert answered.data_policy_blocks() is None
    assert answered.data_policy_spaces(["1"]) == {}


def test_a_policy_that_cannot_be_read_just_now_is_an_error(host, answered):
    host.answers(reply(500))

    with pytest.raises(Unavailable):
        answered.data_policy_blocks()


# --- answers that are not as promised -----------------------------------------------------------------------------

READS = {
    "levels": lambda client: client.levels(),
    "space_default": lambda client: client.space_default("1"),
    "item_level": lambda client: client.item_level("page", "1"),
    "spaces": lambda client: list(client.spaces()),
    "space": lambda client: client.space("1"),
    "space_items": lambda client: list(client.space_items("1", "page")),
    "drafts": lambda client: list(client.drafts("blogpost")),
    "item": lambda client: client.item("page", "1"),
    "names": lambda client: client.names(["1"]),
    "data_policy_spaces": lambda client: client.data_policy_spaces(["1"]),
}
WRONG = [None, True, 7, "text", [[]], [None], ["a"], [{}], {}, {"results": None}, {"results": {}}, {"results": [[]]}]
WRONG += [{"results": [{}]}, {"results": [{"id": None}]}, {"id": {}}, {"id": True}, {"classificationLevels": "x"}]


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("body", WRONG, ids=str)
def test_a_wrong_shape_is_unavailable_with_a_sentence(host, answered, name, body):
    host.answers(reply(200, body))

    with pytest.raises(Unavailable) as caught:
        READS[name](answered)

    assert caught.value.message.startswith("Atlassian's answer when asked to ")
    assert caught.value.message.endswith(".")


def test_missing_optional_fields_become_empty(host, answered):
    host.answers(reply(200, {"id": 12, "version": None, "_links": [], "createdAt": "yesterday", "position": "x"}))

    item = answered.item("page", "12")

    assert (item.id, item.title, item.version, item.created_at, item.position) == ("12", "", None, None, None)


def test_times_are_read_in_every_way_they_are_written(host, answered):
    created = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    for written in ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00.000+01:00", 1772366400000, "1772366400"):
        host.answers(reply(200, {"id": "1", "createdAt": written}))

        assert answered.space("1").created_at == created


@pytest.mark.parametrize(
    "fault", [faults.broken_body, faults.cut_body, faults.duplicate_keys, faults.not_a_number, faults.html_answer]
)
def test_a_broken_answer_of_the_site_is_one_of_the_five_errors(client, acme, space, fault):
    fault(acme)

    with pytest.raises(ApiError) as caught:
        client().space(space)

    assert type(caught.value) in (Unavailable, Misconfigured)
    assert caught.value.message
