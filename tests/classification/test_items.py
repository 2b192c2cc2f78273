"""Setting, resetting and removing the level of one item: what is written, read back, recorded, and refused."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db import connections as databases
from django.utils import timezone

from classification import outcomes
from classification.inventory import refresh, store
from classification.levels.change import change_level
from classification.levels.item_levels import ItemLevel
from classification.levels.targets import RESET
from classification.models import Item, Level, ReadState
from portal.access import Actor
from portal.atlassian.errors import Misconfigured, NotFound, Unavailable
from portal.audit.verify import verify_chain
from portal.jobs import leases
from portal.models import AuditEntry
from sandbox import faults
from sandbox.names import ACME

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(alice, grant, site) -> Actor:
    grant(alice, site, "classifier")
    return Actor.of(alice)


def recorded(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("sequence"))


def stranger(sandbox, action: str, **params) -> None:
    faults.stranger.act(sandbox, action, host=ACME, **params)


def test_setting_a_level_changes_the_site_the_row_and_the_trail(sandbox, actor, item, level):
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.ok, outcome.changed, outcome.level.name) == (True, True, "Confidential")
    assert outcome.message == "“Welcome” is “Confidential” now."
    assert sandbox.own_level(ACME, item("Welcome").remote_id) == "Confidential"
    assert (item("Welcome").level.name, item("Welcome").set_here) == ("Confidential", True)
    started, done = recorded("item.level.set")
    assert (started.outcome, done.outcome) == ("started", "done")
    assert done.before["level"] == "Internal"
    assert done.after == {
        "level": "Confidential",
        "level_id": level("Confidential").remote_id,
        "status": "current",
    }
    assert done.actor_label == "alice@example.com"
    assert verify_chain().ok


def test_the_draft_of_a_published_page_is_set_apart_from_it(sandbox, actor, item, level):
    draft = item("Salaries, reworked", "draft")
    change_level(actor=actor, target=ItemLevel(draft), wanted=level("Confidential"))
    assert sandbox.own_level(ACME, draft.remote_id, status="draft") == "Confidential"
    draft = item("Salaries, reworked", "draft")
    change_level(actor=actor, target=ItemLevel(draft), wanted=level("Internal"), reason="Nothing secret in it")
    assert sandbox.own_level(ACME, draft.remote_id, status="draft") == "Internal"
    assert sandbox.own_level(ACME, draft.remote_id) == "Confidential"


def test_a_blog_post_is_set_like_a_page(sandbox, actor, item, level):
    outcome = change_level(actor=actor, target=ItemLevel(item("Our year")), wanted=level("Confidential"))
    assert outcome.ok
    assert sandbox.own_level(ACME, item("Our year").remote_id) == "Confidential"


def test_setting_needs_the_right(sandbox, alice, bob, grant, site, item, level):
    grant(bob, site, "viewer")
    for person in (alice, bob):
        with pytest.raises(PermissionDenied, match="change the classification of pages"):
            change_level(actor=Actor.of(person), target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert sandbox.own_level(ACME, item("Welcome").remote_id) is None
    assert not recorded("item.level.set")


def test_a_lower_level_needs_a_reason_and_keeps_it(sandbox, actor, item, level):
    sandbox.calls.clear()
    with pytest.raises(outcomes.ReasonNeeded, match="from “Confidential” to “Public”"):
        change_level(actor=actor, target=ItemLevel(item("Salaries")), wanted=level("Public"), reason="  ")
    assert not sandbox.calls, "nothing has to be asked to know that"
    outcome = change_level(actor=actor, target=ItemLevel(item("Salaries")), wanted=level("Public"), reason="Published")
    assert outcome.ok
    assert [entry.reason for entry in recorded("item.level.set")] == ["Published", "Published"]


def test_the_reason_is_asked_for_by_the_true_level_too(sandbox, actor, item, level):
    stranger(sandbox, "set_level", item=item("Press kit").remote_id, level="Confidential")
    with pytest.raises(outcomes.ReasonNeeded):
        change_level(actor=actor, target=ItemLevel(item("Press kit")), wanted=level("Internal"))


def test_a_level_that_changed_since_the_person_saw_it_is_not_overwritten(sandbox, actor, item, level):
    row = item("Welcome")
    stranger(sandbox, "set_level", item=row.remote_id, level="Public")
    seen = str(level("Internal").pk)
    with pytest.raises(outcomes.ChangedMeanwhile) as caught:
        change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"), expected=seen)
    assert caught.value.level.name == "Public"
    assert item("Welcome").level.name == "Public"
    assert sandbox.own_level(ACME, row.remote_id) == "Public"
    again = change_level(
        actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"), expected=seen, force=True
    )
    assert again.ok


def test_setting_the_same_level_again_calls_nobody_but_to_look(sandbox, actor, item, level):
    change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    sandbox.calls.clear()
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.ok, outcome.changed) == (True, False)
    assert sandbox.calls == {"confluence.page_level.get": 1}


def test_an_inherited_level_can_be_pinned(sandbox, actor, item, level):
    assert change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Internal")).ok
    assert sandbox.own_level(ACME, item("Welcome").remote_id) == "Internal"


@pytest.mark.parametrize("name", ["Restricted", "Company only"])
def test_only_published_levels_may_be_set(sandbox, actor, item, level, name):
    with pytest.raises(outcomes.LevelNotApplicable, match="Only a published level"):
        change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level(name))


def test_a_level_of_another_connection_may_not_be_set(organization, actor, item):
    refresh.read_levels(actor=Actor.command_line(), connection=organization)
    theirs = Level.objects.get(connection=organization, name="Confidential")
    with pytest.raises(outcomes.LevelNotApplicable, match="another connection"):
        change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=theirs)


def test_archived_content_is_not_tried(actor, item, level):
    with pytest.raises(outcomes.NotChangeable, match="archived"):
        change_level(actor=actor, target=ItemLevel(item("Old rules", "archived")), wanted=level("Confidential"))


def test_a_level_that_was_archived_a_second_ago_is_refused_and_the_levels_are_read_again(sandbox, actor, item, level):
    faults.stranger_meanwhile(sandbox, "archive_level", before="confluence.page_level.set", level="Public")
    outcome = change_level(actor=actor, target=ItemLevel(item("Nowhere")), wanted=level("Public"))
    assert outcome.status == "refused"
    assert "not published" in outcome.message
    assert "“Public” is archived" in outcome.advice
    assert level("Public").status == "ARCHIVED"
    assert item("Nowhere").level_state == ReadState.NONE
    assert [entry.outcome for entry in recorded("item.level.set")] == ["started", "refused"]


def test_an_item_deleted_meanwhile_is_said_and_taken_off_the_list(sandbox, actor, item, level):
    row = item("Bonus")
    stranger(sandbox, "delete_item", item=row.remote_id)
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Internal"), reason="Less secret")
    assert outcome.gone
    assert "no longer there" in outcome.message
    assert not Item.objects.filter(title="Bonus").exists()


def test_an_item_deleted_between_the_look_and_the_write_is_taken_off_too(sandbox, actor, item, level):
    row = item("Nowhere")
    faults.stranger_meanwhile(sandbox, "delete_item", before="confluence.page_level.set", item=row.remote_id)
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Internal"))
    assert outcome.gone
    assert not Item.objects.filter(title="Nowhere").exists()
    assert recorded("item.level.set")[-1].outcome == "refused"


def test_a_refusal_says_what_it_needs_and_the_row_shows_what_is_true(sandbox, actor, item, level):
    faults.refuse(sandbox, item=item("Welcome").remote_id, operation="set", message="The page is locked")
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.status, outcome.changed, outcome.level.name) == ("refused", False, "Internal")
    assert "The page is locked" in outcome.message
    assert "write:page:confluence" in outcome.needs
    assert "edit the page" in outcome.text
    assert (item("Welcome").level.name, item("Welcome").set_here) == ("Internal", False)
    last = recorded("item.level.set")[-1]
    assert (last.outcome, last.after["level"]) == ("refused", "Internal")
    assert last.trace_id == outcome.trace_id != ""


def test_a_level_below_the_floor_of_the_space_is_refused_in_the_site_s_words(sandbox, actor, item, level):
    with sandbox.write() as db:
        db.execute("UPDATE spaces SET floor = 1 WHERE key = 'HB'")
    outcome = change_level(actor=actor, target=ItemLevel(item("Nowhere")), wanted=level("Public"))
    assert outcome.status == "refused"
    assert "less sensitive than the space default 'Internal'" in outcome.message


def test_a_lost_answer_is_settled_by_reading(sandbox, actor, item, level, monkeypatch):
    monkeypatch.setattr("portal.atlassian.http.MAX_FAULTS", 1)
    faults.lost_answer(sandbox, call="confluence.page_level.set", times=1)
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("done", "Confidential")
    assert "answer was lost" in recorded("item.level.set")[-1].detail


@pytest.mark.parametrize("then", ["refused", "limited"])
def test_a_write_whose_answer_was_lost_counts_although_it_was_refused_when_tried_again(
    sandbox, actor, item, level, then, settings
):
    settings.UPSTREAM_PATIENCE_WEB = 5
    faults.lost_answer(sandbox, call="confluence.page_level.set", times=1)
    if then == "refused":
        faults.refuse(sandbox, call="confluence.page_level.set", skip=1)
    else:
        faults.rate_limit(sandbox, call="confluence.page_level.set", skip=1, retry_after=600)
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert sandbox.own_level(ACME, item("Welcome").remote_id) == "Confidential"
    if then == "refused":
        assert (outcome.status, outcome.level.name, outcome.changed) == ("done", "Confidential", True)
        assert (item("Welcome").level.name, item("Welcome").set_here) == ("Confidential", True)
    else:
        # The site also wants us to wait before anything is read back, so nobody can know.
        assert (outcome.status, outcome.read_back) == ("unknown", False)
        assert item("Welcome").level_state == ReadState.UNREAD
    assert recorded("item.level.set")[-1].outcome == outcome.status


def test_a_write_that_a_lost_answer_hides_is_not_said_to_be_done_when_it_reads_otherwise(
    sandbox, actor, item, level, settings
):
    settings.UPSTREAM_PATIENCE_WEB = 5
    faults.reset_connection(sandbox, call="confluence.page_level.set", times=1)
    faults.refuse(sandbox, call="confluence.page_level.set", skip=1, message="The page is locked")
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("failed", "Internal")
    assert "The page is locked" in outcome.message
    assert "write:page:confluence" in outcome.needs


def test_a_level_that_reads_back_as_wanted_is_done_whatever_the_answer_was(sandbox, actor, item, level):
    row = item("Welcome")
    faults.stranger_meanwhile(
        sandbox, "set_level", before="confluence.page_level.set", item=row.remote_id, level="Confidential"
    )
    faults.refuse(sandbox, call="confluence.page_level.set", message="The page is locked")
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("done", "Confidential")
    assert "The page is locked" in recorded("item.level.set")[-1].detail


def test_what_failed_and_cannot_be_read_back_is_not_recorded_as_if_it_were_done(sandbox, actor, item, level):
    faults.rate_limit(sandbox, call="confluence.page_level.set", retry_after=600)
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("failed", "Internal")
    assert "Try again in 10 minutes." in outcome.advice
    last = recorded("item.level.set")[-1]
    assert (last.outcome, last.after["level"], last.after["asked"]) == ("failed", "Internal", "Confidential")
    assert item("Welcome").level_state == ReadState.KNOWN, "what was read just before still holds"


def test_an_error_of_the_site_leaves_the_row_as_it_was(sandbox, actor, item, level):
    faults.server_error(sandbox, status=500, call="confluence.page_level.set")
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("failed", "Internal")
    assert isinstance(outcome.error, Unavailable)
    assert recorded("item.level.set")[-1].outcome == "failed"


def test_what_could_not_be_read_back_is_not_said_to_be_done(sandbox, actor, item, level):
    faults.server_error(sandbox, status=500, call="confluence.page_level.get", skip=1)
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert (outcome.status, outcome.level) == ("unknown", None)
    assert "could not be read back" in outcome.message
    assert item("Welcome").level_state == ReadState.UNREAD


def test_a_stranger_between_the_write_and_the_reading_back_is_noticed(sandbox, actor, item, level):
    row = item("Welcome")
    faults.stranger_meanwhile(
        sandbox, "set_level", before="confluence.page_level.get", nth=2, item=row.remote_id, level="Public"
    )
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("unknown", "Public")
    assert "reads back as “Public”" in outcome.message
    assert item("Welcome").level.name == "Public"


def test_nothing_is_recorded_when_the_level_before_cannot_be_read(sandbox, actor, item, level):
    faults.html_answer(sandbox, call="confluence.page_level.get")
    with pytest.raises(Misconfigured):
        change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert not recorded("item.level.set")
    assert item("Welcome").level.name == "Internal"


def test_a_reset_takes_the_default_of_the_space_again(sandbox, actor, item):
    with pytest.raises(outcomes.ReasonNeeded, match="from “Confidential” to “Internal”"):
        change_level(actor=actor, target=ItemLevel(item("Bonus")), wanted=RESET)
    outcome = change_level(actor=actor, target=ItemLevel(item("Bonus")), wanted=RESET, reason="Follows the space")
    assert outcome.message == "“Bonus” takes the default of its space again; it is “Internal” now."
    assert sandbox.own_level(ACME, item("Bonus").remote_id) is None
    assert (item("Bonus").level.name, item("Bonus").set_here) == ("Internal", False)


def test_a_reset_asks_for_a_reason_by_the_default_that_is_true(sandbox, actor, item):
    stranger(sandbox, "set_space_default", space="HB", level="Public")
    sandbox.calls.clear()
    with pytest.raises(outcomes.ReasonNeeded, match="from “Confidential” to “Public”"):
        change_level(actor=actor, target=ItemLevel(item("Bonus")), wanted=RESET)
    assert sandbox.calls == {"confluence.space_default.get": 1}
    assert item("Bonus").space.default_level.name == "Public"
    outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=RESET, reason="Public now")
    assert (outcome.ok, outcome.level.name) == (True, "Public")


def test_a_reset_needs_a_reason_where_the_default_may_not_be_read(sandbox, actor, item):
    faults.refuse(sandbox, call="confluence.space_default.get")
    with pytest.raises(outcomes.ReasonNeeded, match="to not classified"):
        change_level(actor=actor, target=ItemLevel(item("Press kit")), wanted=RESET)
    outcome = change_level(actor=actor, target=ItemLevel(item("Press kit")), wanted=RESET, reason="Follows the space")
    assert (outcome.ok, outcome.level.name) == (True, "Internal")
    assert item("Press kit").space.default_state == ReadState.HIDDEN


def test_a_reset_to_a_stricter_default_needs_no_reason(actor, item):
    outcome = change_level(actor=actor, target=ItemLevel(item("Press kit")), wanted=RESET)
    assert (outcome.ok, outcome.level.name) == (True, "Internal")


def test_a_site_that_does_not_offer_removal_says_so_and_what_to_do(sandbox, actor, item):
    with pytest.raises(outcomes.ReasonNeeded):
        change_level(actor=actor, target=ItemLevel(item("Bonus")), wanted=None)
    outcome = change_level(actor=actor, target=ItemLevel(item("Bonus")), wanted=None, reason="It is public now")
    assert outcome.status == "refused"
    assert "does not offer removal" in outcome.message
    assert "Reset" in outcome.advice
    assert item("Bonus").level.name == "Confidential"


def test_a_site_of_the_reference_dialect_removes_the_level(reference_site, handbook, operator, sandbox):
    refresh.read_levels(actor=operator, connection=reference_site)
    row = refresh.read_item(actor=operator, connection=reference_site, kind="page", remote_id=handbook["Bonus"]).item
    outcome = change_level(actor=operator, target=ItemLevel(row), wanted=None, reason="Was wrong")
    assert (outcome.status, outcome.level) == ("done", None)
    row.refresh_from_db()
    assert row.level_state == ReadState.NONE


def test_an_account_that_may_not_edit_is_refused_with_the_permission_it_lacks(site_as_editor, operator, sandbox):
    page = sandbox.item_ids(ACME, "LEGAL")[0]
    refresh.read_levels(actor=operator, connection=site_as_editor)
    row = refresh.read_item(actor=operator, connection=site_as_editor, kind="page", remote_id=page).item
    level = Level.objects.get(connection=site_as_editor, name="Confidential")
    outcome = change_level(actor=operator, target=ItemLevel(row), wanted=level)
    assert outcome.status == "refused"
    assert "edit" in outcome.needs
    assert not outcome.gone


def test_reading_an_item_again_tells_what_changed(sandbox, site, actor, item):
    row = item("Welcome")
    stranger(sandbox, "set_level", item=row.remote_id, level="Public")
    outcome = refresh.read_item(actor=actor, connection=site, kind="page", remote_id=row.remote_id)
    assert outcome.changed
    assert outcome.message == "“Welcome” is “Public” now; it was “Internal” when it was last refreshed."
    assert item("Welcome").pk == row.pk


def test_reading_an_item_that_is_gone_takes_it_off_the_list(sandbox, site, actor, item, handbook):
    stranger(sandbox, "delete_item", item=handbook["Bonus"])
    outcome = refresh.read_item(actor=actor, connection=site, kind="page", remote_id=handbook["Bonus"])
    assert outcome.gone
    with pytest.raises(NotFound):
        refresh.read_item(actor=actor, connection=site, kind="page", remote_id=handbook["Bonus"])


def test_an_item_of_an_unknown_space_brings_its_space_along(site, sandbox, operator):
    page = sandbox.item_ids(ACME, "ENG")[0]
    row = refresh.read_item(actor=operator, connection=site, kind="page", remote_id=page).item
    assert row.space.key == "ENG"
    assert row.level_state in (ReadState.KNOWN, ReadState.NONE)


def test_an_item_that_a_scan_took_off_the_list_meanwhile_is_still_set_and_recorded(sandbox, actor, item, level):
    held = item("Welcome")
    Item.objects.filter(pk=held.pk).delete()
    outcome = change_level(actor=actor, target=ItemLevel(held), wanted=level("Confidential"))
    assert outcome.ok
    assert sandbox.own_level(ACME, held.remote_id) == "Confidential"
    assert [entry.outcome for entry in recorded("item.level.set")] == ["started", "done"]


# --- Newer facts, and one change at a time ----------------------------------------------------------------------------


def test_a_refresh_does_not_overwrite_what_was_read_after_it_had_asked(
    sandbox, site, actor, item, level, while_answering
):
    row = item("Welcome")

    def somebody_reads_newer_facts():
        known = Item.objects.get(pk=row.pk)
        assert store.keep_item_level(known, level("Public"), timezone.now())

    while_answering("GET /classification-level", somebody_reads_newer_facts)
    outcome = refresh.read_item(actor=actor, connection=site, kind="page", remote_id=row.remote_id)
    assert item("Welcome").level.name == "Public"
    assert outcome.level.name == "Public", "the page shows what is in the database"
    assert "“Public”" in outcome.message


def test_the_level_that_is_read_back_is_as_old_as_its_call(sandbox, site, actor, item, level, while_answering):
    row = item("Welcome")

    def somebody_reads_newer_facts():
        assert store.keep_item_level(Item.objects.get(pk=row.pk), level("Public"), timezone.now())

    while_answering("GET /classification-level", somebody_reads_newer_facts, nth=2)
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"))
    assert outcome.ok
    assert (item("Welcome").level.name, outcome.item.level.name) == ("Public", "Public")


def test_an_older_fact_is_not_written_and_says_so(item, level):
    row = item("Welcome")
    older = row.level_read_at - timedelta(seconds=1)
    assert not store.keep_item_level(row, level("Public"), older)
    assert (row.level.name, item("Welcome").level.name) == ("Internal", "Internal")
    space = row.space
    assert not store.keep_default(space, level("Public"), space.default_read_at - timedelta(seconds=1))
    assert (space.default_level.name, item("Welcome").space.default_level.name) == ("Internal", "Internal")


def test_one_changes_an_item_at_a_time_and_the_other_is_told_who_does(sandbox, actor, item, level):
    row = item("Welcome")
    with (
        leases.hold(item("Welcome"), who="Bob", what="changing the level of “Welcome”"),
        pytest.raises(leases.LeaseTaken, match="Bob is changing the level of “Welcome” at this moment"),
    ):
        change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"))
    assert not recorded("item.level.set")
    assert change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential")).ok


def test_a_page_that_two_connections_know_is_changed_by_one_of_them_at_a_time(
    site_as_editor, actor, item, level, operator
):
    refresh.read_levels(actor=operator, connection=site_as_editor)
    remote_id = item("Welcome").remote_id
    same = refresh.read_item(actor=operator, connection=site_as_editor, kind="page", remote_id=remote_id).item
    with leases.hold(same, who="Bob", what="changing it"), pytest.raises(leases.LeaseTaken):
        change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_changes_it_and_the_other_sees_what_is_true(
    sandbox, actor, item, level, while_answering, bob, grant, site
):
    grant(bob, site, "classifier")
    row, seen = item("Welcome"), str(level("Internal").pk)
    other, told = item("Welcome"), []

    def bob_sets_it_too():
        def work():
            try:
                change_level(
                    actor=Actor.of(bob), target=ItemLevel(other), wanted=level("Public"), reason="Open", expected=seen
                )
            except leases.LeaseTaken as error:
                told.append(error)
            finally:
                databases.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    while_answering("PUT /classification-level", bob_sets_it_too)
    assert change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"), expected=seen).ok
    assert [error.who for error in told] == ["Alice"]
    with pytest.raises(outcomes.ChangedMeanwhile) as caught:
        change_level(actor=Actor.of(bob), target=ItemLevel(other), wanted=level("Public"), reason="Open", expected=seen)
    assert caught.value.level.name == "Confidential"
    assert [entry.before["level"] for entry in recorded("item.level.set")] == ["Internal", "Internal"]
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"


def test_a_throttle_that_cannot_be_written_does_not_hide_what_became_of_the_write(sandbox, actor, item, level):
    faults.near_limit(sandbox, remaining=0, reset_in=600, call="confluence.page_level.set")

    def breaks(execute, sql, *rest):
        if "portal_pause" in sql:
            raise OperationalError("the disk is full")
        return execute(sql, *rest)

    with databases["default"].execute_wrapper(breaks):
        outcome = change_level(actor=actor, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert sandbox.own_level(ACME, item("Welcome").remote_id) == "Confidential"
    assert outcome.status == "unknown", "the site wants us to wait before it is read back"
    assert [entry.outcome for entry in recorded("item.level.set")] == ["started", "unknown"]


# --- Gone, or without a level -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["Bonus", "Nowhere"])
def test_a_page_that_was_deleted_is_not_said_to_be_changed_by_somebody(sandbox, actor, item, level, title):
    """Whatever the person saw, and whatever the inventory holds of it."""
    row, seen = item(title), str(level("Public").pk)
    stranger(sandbox, "delete_item", item=row.remote_id)
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"), expected=seen)
    assert outcome.gone
    assert "no longer there" in outcome.message
    assert not Item.objects.filter(title=title).exists()
    assert not AuditEntry.objects.filter(action="level.changed_outside").exists()


def test_a_page_of_which_nobody_can_say_whether_it_is_there_is_left_as_it_was(sandbox, actor, item, level):
    row = item("Bonus")
    stranger(sandbox, "delete_item", item=row.remote_id)
    faults.server_error(sandbox, status=500, call="confluence.page")
    with pytest.raises(Unavailable):
        change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"), expected=str(row.level_id))
    assert item("Bonus").level.name == "Confidential"


def test_a_page_deleted_after_the_write_is_said_to_be_gone_and_not_to_be_without_a_level(sandbox, actor, item, level):
    row = item("Nowhere")
    faults.stranger_meanwhile(sandbox, "delete_item", before="confluence.page_level.get", nth=2, item=row.remote_id)
    outcome = change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"))
    assert outcome.gone
    last = recorded("item.level.set")[-1]
    assert last.outcome == "unknown"
    assert "reads back as not classified" not in last.detail
    assert "no longer there" in last.detail


def test_a_level_that_somebody_took_away_is_still_said_to_be_changed(sandbox, actor, item, level):
    row = item("Press kit")
    stranger(sandbox, "set_level", item=row.remote_id, level=None)
    with sandbox.write() as db:
        db.execute("UPDATE items SET unset = 1 WHERE id = ?", (row.remote_id,))
    with pytest.raises(outcomes.ChangedMeanwhile, match="is not classified now: somebody changed it"):
        change_level(actor=actor, target=ItemLevel(row), wanted=level("Confidential"), expected=str(row.level_id))
