"""The page Activity: one row for each action, full pages, filters in the address, links to what was changed."""

import csv
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from classification.models import Item, Project, Space
from portal import registry
from portal.access import Actor
from portal.audit.browse import one_per_action
from portal.audit.record import record_action
from portal.connections import changes
from portal.models import AuditEntry
from privacy.models import App
from tests.conftest import make_connection

pytestmark = pytest.mark.django_db
QUERIES = 11
ACTIVITY, EXPORT = "/activity/", "/activity/export/"


@pytest.fixture
def alice(alice, site, grant):
    grant(alice, site, "viewer")
    return alice


@pytest.fixture
def handbook(site) -> Space:
    return Space.objects.create(connection=site, remote_id="7", key="HB", name="Handbook", listed_at=timezone.now())


def add_page(space: Space, remote_id: str, status: str = "current") -> None:
    Item.objects.create(
        space=space, kind="page", remote_id=remote_id, status=status, title="Welcome", read_at=timezone.now()
    )


def change(site, actor, page: int, *outcomes: str) -> None:
    for outcome in outcomes:
        record_action(
            actor=actor,
            action="item.level.set",
            connection=site,
            target_type="page",
            target_id=str(page),
            target_label=f"Page {page:03}",
            outcome=outcome,
        )


def get(client, address: str = ACTIVITY, **query) -> str:
    return client.get(address, query).content.decode()


def labels(html: str) -> list[str]:
    return re.findall(r"Page \d{3}", html.split("<tbody>")[1]) if "<tbody>" in html else []


def link(html: str, rel: str) -> str:
    found = re.search(rf'href="([^"]+)" rel="{rel}"', html)
    return found[1].replace("&amp;", "&") if found else ""


def test_an_action_and_its_outcome_are_one_row(site, operator):
    change(site, operator, 1, "started", "done")
    change(site, operator, 2, "started", "refused")
    change(site, operator, 3, "done")
    assert [entry.outcome for entry in one_per_action(AuditEntry.objects.all())] == ["done", "refused", "done"]


def test_an_action_without_an_outcome_keeps_its_row(site, operator):
    change(site, operator, 1, "started", "started", "done", "started")
    assert [entry.sequence for entry in one_per_action(AuditEntry.objects.all())] == [4, 3, 1]


def test_what_was_found_out_later_is_a_row_beside_the_unknown_outcome(site, operator):
    change(site, operator, 1, "started", "unknown", "done")
    assert [entry.outcome for entry in one_per_action(AuditEntry.objects.all())] == ["done", "unknown"]


def test_the_outcome_of_another_person_target_or_action_takes_no_row_away(site, operator, alice):
    change(site, operator, 1, "started")
    change(site, Actor.of(alice), 1, "done")
    change(site, operator, 2, "done")
    assert one_per_action(AuditEntry.objects.all()).count() == 3


def test_every_page_is_full_and_each_row_is_on_one_page_forward_and_back(site, operator, alice, client_for):
    for page in range(120):
        change(site, operator, page, "started", "done")
    client = client_for(alice)
    expected = [f"Page {page:03}" for page in reversed(range(120))]
    first = get(client)
    second = get(client, ACTIVITY + link(first, "next"))
    third = get(client, ACTIVITY + link(second, "next"))
    assert [labels(html) for html in (first, second, third)] == [expected[:50], expected[50:100], expected[100:]]
    assert link(third, "next") == ""
    back = get(client, ACTIVITY + link(third, "prev"))
    assert labels(back) == expected[50:100]
    assert labels(get(client, ACTIVITY + link(back, "prev"))) == expected[:50]
    assert link(first, "prev") == ""


def test_rows_that_are_added_meanwhile_move_no_row_to_another_page(site, operator, alice, client_for):
    for page in range(60):
        change(site, operator, page, "done")
    client = client_for(alice)
    first = get(client)
    change(site, operator, 60, "done")
    second = get(client, ACTIVITY + link(first, "next"))
    assert labels(first) + labels(second) == [f"Page {page:03}" for page in reversed(range(60))]


def test_a_page_takes_no_query_for_each_row(site, operator, alice, client_for, handbook, django_assert_num_queries):
    for page in range(101):
        change(site, operator, page, "started", "done")
        add_page(handbook, str(page))
    client = client_for(alice)
    second = link(get(client), "next")
    third = link(get(client, ACTIVITY + second), "next")
    for address, rows, queries in ((second, 50, QUERIES), (third, 1, QUERIES - 1)):
        with django_assert_num_queries(queries):
            assert get(client, ACTIVITY + address).count('href="/sites/acme/items/page/') == rows


def test_the_csv_has_the_rows_of_the_page_and_the_json_lines_every_entry(site, operator, alice, client_for):
    change(site, operator, 1, "started", "done")
    change(site, operator, 2, "started")
    client = client_for(alice)
    table = b"".join(client.get(EXPORT, {"format": "csv"}).streaming_content).decode()
    assert [row["outcome"] for row in csv.DictReader(table.splitlines())] == ["started", "done"]
    lines = b"".join(client.get(EXPORT, {"format": "jsonl", "q": "Page 001"}).streaming_content)
    assert len(lines.splitlines()) == 2
    assert reverse("activity") == ACTIVITY


def test_every_action_stands_under_one_subject_of_the_filter():
    listed = [action for actions in registry.AUDIT_SUBJECTS.values() for action in actions]
    assert sorted(listed) == sorted(registry.AUDIT_ACTIONS)


@pytest.mark.parametrize("chosen", ["alert.open", "all:Publishing"])
def test_an_entry_with_an_earlier_name_of_an_action_is_found_and_labelled_by_the_one_of_today(
    chosen, site, operator, alice, client_for
):
    for number, action in enumerate(("alarm.open", "alert.open", "draft.save")):
        record_action(action=action, target_label=f"Page {number:03}", actor=operator, connection=site)

    page = get(client_for(alice), action=chosen)

    assert labels(page) == ["Page 001", "Page 000"]
    assert AuditEntry.objects.get(action="alarm.open").action_label == "Live was changed at Atlassian"


def test_the_filter_takes_one_action_or_all_of_a_subject(site, operator, alice, client_for):
    change(site, operator, 1, "done")
    facts = {"actor": operator, "connection": site}
    record_action(action="item.level.remove", target_label="Page 002", **facts)
    record_action(action="connection.checked", target_label="Page 003", **facts)
    client = client_for(alice)
    assert labels(get(client, action="item.level.set")) == ["Page 001"]
    assert labels(get(client, action="all:Levels")) == ["Page 002", "Page 001"]
    assert labels(get(client, action="all:Connections")) == ["Page 003"]
    assert len(labels(get(client, action="all:nothing"))) == 3
    assert '<optgroup label="Levels">' in get(client)
    exported = client.get(EXPORT, {"format": "csv", "action": "all:Levels"})
    assert b"".join(exported.streaming_content).count(b"Page 00") == 2


def aged(site, operator, **days: int) -> None:
    """Entries of so many days ago."""
    for name, ago in days.items():
        entry = record_action(actor=operator, action="x", connection=site, target_label=f"Page {name[1:]}")
        AuditEntry.objects.filter(pk=entry.pk).update(at=timezone.now() - timedelta(days=ago))


@pytest.mark.parametrize(
    ("period", "shown"),
    [
        ("today", ["000"]),
        ("7-days", ["000", "001", "006"]),
        ("30-days", ["000", "001", "006", "007", "029"]),
        ("never", ["000", "001", "006", "007", "029", "030"]),
    ],
)
def test_a_period_shows_the_days_up_to_today(period, shown, site, operator, alice, client_for):
    aged(site, operator, _030=30, _029=29, _007=7, _006=6, _001=1, _000=0)
    html = get(client_for(alice), period=period)
    assert sorted(labels(html)) == [f"Page {name}" for name in shown]


def test_a_day_that_was_entered_overrides_the_period_and_a_period_the_days(site, operator, alice, client_for):
    aged(site, operator, _029=29, _000=0)
    client = client_for(alice)
    since = timezone.localdate() - timedelta(days=40)
    html = get(client, period="today", since=since.isoformat(), q="Page")
    assert len(labels(html)) == 2
    address = re.search(r'class="chip" href="([^"]+)"[^>]*>Today<', html)[1]
    assert address == "?period=today&amp;q=Page"


def test_a_search_and_a_period_stay_together(site, operator, alice, client_for):
    html = get(client_for(alice), period="7-days", q="Page")
    assert '<input type="hidden" name="period" value="7-days"' in html
    assert re.search(r'aria-current="true">7 days<', html)


# --- Links to what was changed ----------------------------------------------------------------------------------------


def record_on(site, operator, target_type: str, target_id: str, label: str, **facts) -> None:
    record_action(
        actor=operator,
        action="x",
        connection=site,
        target_type=target_type,
        target_id=target_id,
        target_label=label,
        **facts,
    )


def test_targets_are_linked_with_the_space_that_they_are_in(site, operator, alice, handbook, client_for):
    for status in ("draft", "current"):
        add_page(handbook, "9", status=status)
    Project.objects.create(connection=site, remote_id="3", key="OPS", name="Operations", read_at=timezone.now())
    record_on(site, operator, "page", "9", "Welcome")
    record_on(site, operator, "page", "9", " ", after={"status": "draft"})
    record_on(site, operator, "page", "404", "Gone")
    record_on(site, operator, "space", "7", "Handbook (HB)")
    record_on(site, operator, "project", "3", "Operations (OPS)")
    record_on(site, operator, "connection", "acme", "Acme")
    rows = get(client_for(alice)).split("<tbody>")[1]
    found = re.findall(r'<a href="([^"]+)" dir="auto">([^<]+)</a>', rows)
    assert found == [
        ("/connections/acme/", "Acme"),
        ("/sites/acme/projects/?q=OPS", "Operations (OPS)"),
        ("/sites/acme/spaces/HB/", "Handbook (HB)"),
        ("/sites/acme/items/page/9/draft/", "9"),
        ("/sites/acme/items/page/9/current/", "Welcome"),
    ]
    assert rows.count("<bdi>Handbook</bdi>") == 2
    assert "Gone" in rows


def test_who_may_not_open_a_page_gets_no_link_to_it(site, operator, bob, grant, handbook, client_for, monkeypatch):
    role = registry.Role("auditor", "Auditor", "", ("site",), {"connection.view", "activity.view"})
    monkeypatch.setitem(registry.ROLES, "auditor", role)
    grant(bob, site, "auditor")
    record_on(site, operator, "space", "7", "Handbook (HB)")
    rows = get(client_for(bob)).split("<tbody>")[1]
    assert "Handbook (HB)" in rows
    assert "/sites/acme/spaces/" not in rows


def test_entries_about_people_and_about_connections_that_are_gone_still_open(
    site, operator, administrator, bob, client_for
):
    record_action(actor=operator, action="x", target_type="person", target_id=str(bob.pk), target_label="bob")
    record_action(actor=operator, action="x", target_type="person", target_id="4711", target_label="somebody gone")
    record_on(site, operator, "connection", "acme", "Acme")
    record_on(site, operator, "page", "9", "Welcome")
    changes.remove(actor=operator, connection=site)
    html = get(client_for(administrator))
    links = re.findall(r'<a href="([^"]+)" dir="auto">', html)
    assert links == [f"/people/{bob.pk}/"]
    assert "somebody gone" in html


def test_an_app_is_linked(operator, alice, grant, client_for):
    vendor = make_connection("Vendor", kind="marketplace")
    grant(alice, vendor, "viewer")
    App.objects.create(connection=vendor, product_id="1", app_key="com.example.board", name="Board")
    record_on(vendor, operator, "app", "1", "Board")
    assert '<a href="/apps/vendor/com.example.board/" dir="auto">Board</a>' in get(client_for(alice))


HIDDEN = {
    "\u200b": "U+200B ZERO WIDTH SPACE",
    "\u202e": "U+202E RIGHT-TO-LEFT OVERRIDE",
    "\u00ad": "U+00AD SOFT HYPHEN",
}


@pytest.mark.parametrize(
    "told",
    [
        lambda text: {"target_label": text},
        lambda text: {"before": {"name": text}, "after": {"name": "b"}},
        lambda text: {"before": {"name": "a"}, "after": {"name": text}},
        lambda text: {"after": {"answers": [{"question": text, "before": "a", "after": "b"}]}},
        lambda text: {"after": {"answers": [{"question": "a", "before": None, "after": text}]}},
        lambda text: {"after": {"asked": text}},
        lambda text: {"reason": text},
        lambda text: {"detail": text},
    ],
)
def test_characters_that_cannot_be_seen_stand_by_their_names(operator, administrator, client_for, site, told):
    text = f"one{''.join(HIDDEN)}two"
    record_action(actor=operator, action="connection.changed", connection=site, **told(text))

    html = client_for(administrator).get(ACTIVITY).content.decode()

    assert all(f">{name}</span>" in html for name in HIDDEN.values())
    assert not set(HIDDEN) & set(html)
