"""The default level of spaces and projects: what a change touches, writes, reads back and records."""

import pytest
from django.core.exceptions import PermissionDenied

from classification import outcomes
from classification.inventory import refresh
from classification.levels import defaults
from classification.levels.change import change_level
from classification.levels.defaults import ProjectDefault, SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.models import Item, Project, ReadState, Scan
from portal.access import Actor
from portal.atlassian.confluence import DEFAULT_WANTS_STATUS
from portal.atlassian.errors import NotFound
from portal.connections import site_facts
from portal.jobs import leases
from portal.models import AuditEntry
from sandbox import faults
from sandbox.names import ACME, NONE, VIEW

from .conftest import run_scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(alice, grant, site) -> Actor:
    grant(alice, site, "classification_manager")
    return Actor.of(alice)


@pytest.fixture
def project(site, scanned, operator):
    refresh.read_projects(actor=operator, connection=site)

    def find(key: str) -> Project:
        return Project.objects.select_related("connection", "default_level").get(connection=site, key=key)

    return find


def recorded_outcomes(action: str) -> list[str]:
    return list(AuditEntry.objects.filter(action=action).order_by("sequence").values_list("outcome", flat=True))


def test_the_form_in_which_a_site_takes_a_default_is_remembered_for_its_connection(
    site, sandbox, scanned, level, manager
):
    sandbox.set_default_wants_status(ACME, True)
    for name in ("Public", "Confidential"):
        scanned.refresh_from_db()
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=level(name), reason="New")
    assert sandbox.calls["confluence.space_default.set"] == 3
    assert sandbox.space_default(ACME, "HB") == "Confidential"
    assert site_facts.value(site, DEFAULT_WANTS_STATUS) is True


def test_the_impact_of_a_change_counts_who_follows_the_default(scanned):
    impact = defaults.impact(space=scanned)
    # Welcome, New rules and Our year may have it from the space; Nowhere does not take it; the others have their own.
    assert (impact.matching, impact.unclassified, impact.unset, impact.kept, impact.unknown) == (3, 0, 1, 5, 0)
    assert (impact.most, impact.total, impact.complete) == (3, 9, True)


def test_what_is_not_classified_takes_a_default_only_where_there_is_none_yet(
    site, sandbox, manager, scanned, level, item
):
    change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert item("Nowhere").level_state == ReadState.NONE, "it does not take the default that there is"
    run_scan(site, scanned)
    change_level(actor=manager, target=SpaceDefault(scanned), wanted=None, reason="Merged")
    run_scan(site, scanned)
    scanned.refresh_from_db()
    impact = defaults.impact(space=scanned)
    assert (impact.matching, impact.unclassified, impact.unset) == (0, 4, 0)
    change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Internal"))
    assert item("Nowhere").level_state == ReadState.UNREAD


def test_the_impact_is_incomplete_before_the_first_scan(space):
    assert defaults.impact(space=space) == outcomes.Impact(0, 0, 0, 0, 0, complete=False)


def test_a_level_that_was_set_in_trustdesk_does_not_count_as_following(scanned, operator, item, level):
    change_level(actor=operator, target=ItemLevel(item("Welcome")), wanted=level("Internal"))
    assert defaults.impact(space=scanned).matching == 2


def test_setting_the_default_of_a_space_reads_its_followers_again(site, sandbox, manager, scanned, level, item):
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert (outcome.ok, outcome.level.name) == (True, "Confidential")
    assert outcome.message == "The default of “Handbook” is “Confidential” now."
    assert outcome.followed == "Up to 3 items change with it; they are refreshed."
    assert sandbox.space_default(ACME, "HB") == "Confidential"
    scanned.refresh_from_db()
    assert scanned.default_level.name == "Confidential"
    assert item("Welcome").level_state == ReadState.UNREAD
    assert item("Press kit").level_state == ReadState.KNOWN
    assert outcome.scan.state == Scan.State.QUEUED
    assert recorded_outcomes("space.default.set") == ["started", "done"]
    assert run_again(site, scanned, outcome.scan).state == Scan.State.DONE
    assert item("Welcome").level.name == "Confidential"


def run_again(site, space, scan: Scan) -> Scan:
    done = run_scan(site, space)
    assert done.pk == scan.pk, "an open scan is not asked for twice"
    return done


def test_a_default_needs_the_right(site, bob, grant, sandbox, scanned, level):
    grant(bob, site, "classifier")
    with pytest.raises(PermissionDenied, match="default level of spaces and projects"):
        change_level(actor=Actor.of(bob), target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert sandbox.space_default(ACME, "HB") == "Internal"


def test_a_lower_default_and_clearing_it_need_a_reason(sandbox, manager, scanned, level):
    with pytest.raises(outcomes.ReasonNeeded):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Public"))
    with pytest.raises(outcomes.ReasonNeeded):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=None)
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=None, reason="The space is empty")
    assert outcome.message == "“Handbook” has no default now."
    assert sandbox.space_default(ACME, "HB") is None
    scanned.refresh_from_db()
    assert scanned.default_state == ReadState.NONE


def test_a_default_that_somebody_changed_meanwhile_is_not_overwritten(sandbox, manager, scanned, level):
    faults.stranger.act(sandbox, "set_space_default", host=ACME, space="HB", level="Public")
    seen = str(level("Internal").pk)
    with pytest.raises(outcomes.ChangedMeanwhile):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"), expected=seen)
    scanned.refresh_from_db()
    assert scanned.default_level.name == "Public"
    assert sandbox.space_default(ACME, "HB") == "Public"


def test_setting_the_default_that_it_has_changes_nothing(sandbox, manager, scanned, level):
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Internal"))
    assert (outcome.ok, outcome.changed, outcome.scan) == (True, False, None)
    assert sandbox.calls["confluence.space_default.set"] == 0


def test_a_refused_default_says_what_it_needs_and_what_is_true(sandbox, manager, scanned, level, item):
    sandbox.set_right("admin@example.com", VIEW, host=ACME, space="HB")
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert (outcome.status, outcome.level.name) == ("refused", "Internal")
    assert "administer the space" in outcome.needs
    assert "write:space:confluence" in outcome.text
    assert item("Welcome").level_state == ReadState.KNOWN
    assert recorded_outcomes("space.default.set") == ["started", "refused"]


def test_a_default_level_archived_a_second_ago_is_refused_with_the_reason(sandbox, manager, scanned, level):
    faults.stranger_meanwhile(sandbox, "archive_level", before="confluence.space_default.set", level="Confidential")
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert outcome.status == "refused"
    assert "“Confidential” is archived" in outcome.advice


def test_a_default_whose_answer_broke_is_not_said_to_be_done(sandbox, manager, scanned, level):
    faults.server_error(sandbox, status=500, call="confluence.space_default.get", skip=1)
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert outcome.status == "unknown"
    scanned.refresh_from_db()
    assert scanned.default_state == ReadState.UNREAD


def test_the_followers_of_a_default_that_may_have_changed_are_read_again(site, sandbox, manager, scanned, level, item):
    faults.server_error(sandbox, status=500, call="confluence.space_default.get", skip=1)
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert (outcome.status, outcome.read_back) == ("unknown", False)
    assert item("Welcome").level_state == ReadState.UNREAD
    assert outcome.scan.state == Scan.State.QUEUED
    faults.clear(sandbox)
    run_again(site, scanned, outcome.scan)
    assert item("Welcome").level.name == "Confidential"


def test_a_default_that_somebody_cleared_meanwhile_is_said_in_words_of_its_own(sandbox, manager, scanned, level):
    faults.stranger.act(sandbox, "set_space_default", host=ACME, space="HB", level=None)
    seen = str(level("Internal").pk)
    with pytest.raises(outcomes.ChangedMeanwhile, match="“Handbook” has no default now: somebody changed it"):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"), expected=seen)


def test_a_default_that_may_be_cleared_or_not_is_not_said_to_be_cleared(sandbox, manager, scanned):
    faults.server_error(sandbox, status=500, call="confluence.space_default.get", skip=1)
    outcome = change_level(actor=manager, target=SpaceDefault(scanned), wanted=None, reason="Empty")
    assert outcome.status == "unknown"
    assert recorded_outcomes("space.default.clear") == ["started", "unknown"]


# --- Projects ---------------------------------------------------------------------------------------------------------


def test_the_default_of_a_project_is_set_and_cleared(site, manager, project, level):
    key = Project.objects.filter(connection=site, default_level=None, archived=False).first().key
    done = change_level(actor=manager, target=ProjectDefault(project(key)), wanted=level("Confidential"))
    assert (done.ok, done.level.name) == (True, "Confidential")
    assert project(key).default_level.name == "Confidential"
    with pytest.raises(outcomes.ReasonNeeded):
        change_level(actor=manager, target=ProjectDefault(project(key)), wanted=None)
    cleared = change_level(actor=manager, target=ProjectDefault(project(key)), wanted=None, reason="Not used any more")
    assert (cleared.ok, cleared.level) == (True, None)
    assert project(key).default_state == ReadState.NONE
    assert recorded_outcomes("project.default.clear") == ["started", "done"]


def test_the_default_of_a_project_needs_the_right(site, bob, grant, project, level):
    grant(bob, site, "classifier")
    with pytest.raises(PermissionDenied):
        change_level(
            actor=Actor.of(bob),
            target=ProjectDefault(project(Project.objects.first().key)),
            wanted=level("Confidential"),
        )


def test_a_project_that_refuses_says_which_permission_is_missing(site, sandbox, manager, project, level):
    key = Project.objects.filter(connection=site, default_level=None, archived=False).first().key
    sandbox.set_right("admin@example.com", VIEW, host=ACME, project=key)
    outcome = change_level(actor=manager, target=ProjectDefault(project(key)), wanted=level("Confidential"))
    assert outcome.status == "refused"
    assert "administer the project" in outcome.needs
    assert project(key).default_state == ReadState.NONE


def test_a_project_that_is_not_shown_any_more_leaves_the_list(site, sandbox, project, operator):
    key = Project.objects.filter(connection=site).first().key
    sandbox.set_right("admin@example.com", NONE, host=ACME, project=key)
    reading = refresh.read_projects(actor=operator, connection=site)
    assert reading.message == "5 projects read."
    assert not project(key).listed


def test_one_project_whose_default_cannot_be_read_is_marked_and_the_rest_is_read(site, sandbox, operator):
    faults.server_error(sandbox, status=500, call="jira.project_default.get", times=1)
    reading = refresh.read_projects(actor=operator, connection=site)
    assert reading.message == "6 projects read. The defaults of 1 could not be read."
    assert Project.objects.filter(default_state=ReadState.UNREAD).count() == 1


def test_nobody_else_s_items_are_marked_by_a_default(site, few_items, manager, scanned, level, operator):
    run_scan(site)
    change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert not Item.objects.exclude(space=scanned).filter(level_state=ReadState.UNREAD).exists()


def test_one_changes_a_default_at_a_time_and_the_other_is_told_who_does(sandbox, manager, scanned, level):
    with (
        leases.hold(scanned, who="Bob", what="changing the default of “Handbook”"),
        pytest.raises(leases.LeaseTaken, match="Bob is changing the default of “Handbook” at this moment"),
    ):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert not recorded_outcomes("space.default.set")
    assert change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential")).ok


def test_a_space_that_is_gone_is_not_said_to_have_no_default_now(sandbox, manager, scanned, level):
    sandbox.set_right("admin@example.com", NONE, host=ACME, space="HB")
    with pytest.raises(NotFound, match="“Handbook” is no longer there"):
        change_level(
            actor=manager,
            target=SpaceDefault(scanned),
            wanted=level("Confidential"),
            expected=str(level("Internal").pk),
        )
    scanned.refresh_from_db()
    assert scanned.default_level.name == "Internal"
    assert not AuditEntry.objects.filter(action="level.changed_outside").exists()
