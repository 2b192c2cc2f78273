"""What older versions kept is still there after an upgrade, and after going back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portal.atlassian import strictjson

BEFORE = [("privacy", "0005_publish_calls")]
AFTER = [("privacy", "0008_without_the_old_fields_of_publishing")]


@pytest.fixture
def rows_are_locked_in_one_order():
    """Nothing else runs during an upgrade, so migrations lock rows in any order."""


def migrate(to):
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection).loader.project_state(to).apps


@pytest.fixture
def old():
    """The state of the app before; all migrations are there again afterwards."""
    yield migrate(BEFORE)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("privacy"))


def review_of(old, state: str, **values):
    link = old.get_model("portal", "Connection").objects.create(slug=state, name=state, kind="marketplace")
    app = old.get_model("privacy", "App").objects.create(
        connection=link, product_id=state, name=state, app_key=state, publish_until=values.pop("publish_until", None)
    )
    now = timezone.now()
    snapshot = old.get_model("privacy", "Snapshot").objects.create(
        app=app, source="draft", text="{}", content_hash="c" * 64, seen_at=now
    )
    return old.get_model("privacy", "Review").objects.create(
        app=app, snapshot=snapshot, content_hash="c" * 64, live_hash="l" * 64, state=state, **values
    )


@pytest.mark.django_db(transaction=True)
def test_publish_calls_become_attempts_and_go_back(old):
    since = timezone.now() - timedelta(minutes=1)
    under_way = review_of(old, "publishing", publishing_since=since)
    published = review_of(old, "published", publishing_since=since, publish_taken=True, closed_at=since)
    given_up = review_of(old, "approved", publish_until=since + timedelta(minutes=10))

    new = migrate(AFTER)

    attempts = {item.review_id: item for item in new.get_model("privacy", "PublishAttempt").objects.all()}
    assert (attempts[under_way.pk].outcome, attempts[under_way.pk].sent_at) == ("open", since)
    assert attempts[under_way.pk].may_arrive_until > since
    assert (attempts[published.pk].outcome, attempts[published.pk].answer) == ("live", "taken")
    assert attempts[given_up.pk].may_arrive_until == since + timedelta(minutes=10)
    assert new.get_model("privacy", "App").objects.get(pk=published.app_id).expected_live == "c" * 64

    back = migrate(BEFORE)

    reviews = back.get_model("privacy", "Review").objects
    assert reviews.get(pk=under_way.pk).publishing_since == since
    assert reviews.get(pk=published.pk).publish_taken
    app = back.get_model("privacy", "App").objects.get(pk=given_up.app_id)
    assert app.publish_until == since + timedelta(minutes=10)


# --- edits as patches -------------------------------------------------------------------------------------------------

WITH_VALUES = [("privacy", "0011_words_of_reviews")]
WITH_PATCHES = [("privacy", "0014_edits_without_whole_values")]
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"


@pytest.fixture
def with_values():
    yield migrate(WITH_VALUES)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("privacy"))


def lists_of_records() -> list[str]:
    """A list of many records after each of three edits: one renamed, one with a number written anew, one removed."""
    names = [f"Example {number}" for number in range(50)]
    texts = [{"name": name, "contract": strictjson.loads("1.0"), "purpose": "Stores uploads. " * 9} for name in names]
    steps = [strictjson.dumps(texts)]
    texts[7] = texts[7] | {"name": "Renamed"}
    steps.append(strictjson.dumps(texts))
    texts[8] = texts[8] | {"contract": strictjson.loads("1.00")}
    steps.append(strictjson.dumps(texts))
    return [*steps, strictjson.dumps(texts[:20] + texts[21:])]


@pytest.mark.django_db(transaction=True)
def test_values_of_edits_become_patches_and_go_back(with_values):
    link = with_values.get_model("portal", "Connection").objects.create(slug="a", name="a", kind="marketplace")
    app = with_values.get_model("privacy", "App").objects.create(connection=link, product_id="a", name="a", app_key="a")
    steps = lists_of_records()
    text = f'{{"commonCloud":{{"thirdPartyInformation":{{"thirdPartyDetails":{steps[-1]}}}}}}}'
    with_values.get_model("privacy", "WorkingCopy").objects.create(app=app, text=text, content_hash="c" * 64)
    edits = with_values.get_model("privacy", "Edit").objects
    for before, after in zip(steps, steps[1:], strict=False):
        edits.create(app=app, pointer=RECORDS, before=before, after=after, author_label="alice@example.com")
    edits.create(app=app, pointer="/commonCloud/a", before="", after="1.50", author_label="alice@example.com")
    edits.create(app=app, pointer="/commonCloud/a", before="1.50", after="", author_label="alice@example.com")
    values = list(edits.order_by("pk").values_list("pointer", "before", "after"))

    new = migrate(WITH_PATCHES)

    patches = new.get_model("privacy", "Edit").objects.order_by("pk")
    assert all(len(edit.patch) < 500 for edit in patches)
    assert [edit.adds_or_removes for edit in patches] == [False, False, True, False, False]
    assert (patches[4].patch, patches[4].after_hash) == ('{"was":1.50}', "")

    back = migrate(WITH_VALUES)

    assert (
        list(back.get_model("privacy", "Edit").objects.order_by("pk").values_list("pointer", "before", "after"))
        == values
    )


@pytest.fixture
def before_read_back():
    """The state before a version that was sent named what was read back of it; all migrations are there afterwards."""
    yield migrate([("privacy", "0014_edits_without_whole_values")])
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("privacy"))


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_is_paired_with_what_was_read_back_and_goes_back(before_read_back):
    old = before_read_back
    link = old.get_model("portal", "Connection").objects.create(slug="x", name="x", kind="marketplace")
    app = old.get_model("privacy", "App").objects.create(connection=link, product_id="x", name="x", app_key="x")

    def version(source: str, content: str) -> int:
        made = old.get_model("privacy", "Snapshot").objects.create(
            app=app, source=source, text="{}", content_hash=content, seen_at=timezone.now()
        )
        return made.pk

    version("draft", "a")
    saved, read = version("saved", "a"), version("draft", "a")
    lost, _, _ = version("sent", "b"), version("draft", "c"), version("draft", "b")

    new = migrate([("privacy", "0015_versions_read_back")])

    found = dict(new.get_model("privacy", "Snapshot").objects.values_list("pk", "read_back_id"))
    assert {pk: other for pk, other in found.items() if other} == {saved: read}
    assert lost in found
    gone_back = migrate([("privacy", "0014_edits_without_whole_values")])
    assert gone_back.get_model("privacy", "Snapshot").objects.count() == 6
