"""What an answer changed is kept small, and leads from the value before to the one after and back, exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.atlassian import strictjson
from privacy.document import canonical_json, catalogue, patches
from privacy.document.canonical_json import MISSING
from tests.privacy.strategies import anything, few, numbers, records, shuffled

DETAILS = catalogue.field("/commonCloud/thirdPartyInformation/thirdPartyDetails")
values = st.one_of(anything, st.just(MISSING), records)


def text_of(value: object) -> str:
    """The JSON text, in which order and spelling show."""
    return "" if value is MISSING else strictjson.dumps(value)


def stored(patch: patches.Patch) -> patches.Patch:
    """The patch as it is read from the database."""
    return strictjson.loads(strictjson.dumps(patch))


def assert_both_ways(before, after, field=None):
    patch = stored(patches.make(before, after, field))
    assert text_of(patches.apply(patch, before)) == text_of(after)
    assert text_of(patches.revert(patch, after)) == text_of(before)


@st.composite
def edited_records(draw):
    """Two lists of records of which most are in both: some moved, changed, removed, added, or with other key orders."""
    before = draw(st.lists(st.one_of(records.filter(bool).map(lambda found: found[0]), anything), max_size=8))
    after = [
        draw(st.sampled_from([entry, shuffled(draw, entry), draw(anything)])) if draw(st.booleans()) else entry
        for entry in before
        if draw(st.integers(0, 4))
    ]
    after += draw(records)
    return before, draw(st.one_of(st.just(after), st.permutations(after)))


@few
@given(edited_records())
def test_a_patch_of_records_leads_both_ways_exactly(pair):
    assert_both_ways(*pair, DETAILS)


@few
@given(records, records)
def test_a_patch_of_any_two_lists_of_records_leads_both_ways_exactly(before, after):
    assert_both_ways(before, after, DETAILS)


@few
@given(values, values)
def test_a_patch_of_any_two_values_leads_both_ways_exactly(before, after):
    assert_both_ways(before, after)


@few
@given(st.data(), anything)
def test_an_order_of_keys_comes_back(data, value):
    assert_both_ways(value, shuffled(data.draw, value))


@few
@given(st.text(min_size=40, max_size=60), st.text(max_size=9), st.text(max_size=9), st.text(max_size=60))
def test_a_patch_of_a_long_text_leads_both_ways_exactly(start, old, new, end):
    before, after = f"{start}{old}{end}", f"{start}{new}{end}"
    assert "text" in patches.make(before, after)
    assert_both_ways(before, after)


@few
@given(st.one_of(numbers, anything), st.one_of(numbers, anything))
def test_digests_by_value_are_equal_when_the_values_are(left, right):
    assert (canonical_json.value_digest(left) == canonical_json.value_digest(right)) == canonical_json.same_value(
        left, right
    )


@pytest.mark.parametrize(("left", "right"), [("1", "1.0"), ("1200", "1.2e3"), ("-0", "0"), ("0.10", "1E-1")])
def test_one_number_has_one_digest_by_value_however_it_is_written(left, right):
    left, right = strictjson.loads(left), strictjson.loads(right)

    assert canonical_json.value_digest([left]) == canonical_json.value_digest([right])


def many(count: int) -> list[dict]:
    return [{"name": f"Example {number}", "purpose": "Stores what users upload. " * 4} for number in range(count)]


def test_one_changed_record_of_500_is_kept_without_the_others():
    after = many(500)
    after[250]["purpose"] += "And sends mail."

    patch = patches.make(many(500), after, DETAILS)

    (part,) = patch["items"]
    assert (part["name"], part["from"], part["to"]) == ("Example 250", 250, 250)
    assert len(strictjson.dumps(patch)) < 200


@pytest.mark.parametrize("far", [0, 499])
def test_a_record_that_is_moved_is_kept_as_its_two_positions(far):
    after = many(500)
    after.insert(far, after.pop(200))

    assert patches.make(many(500), after, DETAILS) == {"items": [{"name": "Example 200", "from": 200, "to": far}]}


def test_a_renamed_record_is_still_the_same_record():
    after = many(3)
    after[1]["name"] = "Another name"

    (part,) = patches.make(many(3), after, DETAILS)["items"]

    assert (part["from"], part["to"], part["name"]) == (1, 1, "Another name")
    assert [inner["key"] for inner in part["keys"]] == ["name"]


def test_a_patch_is_never_longer_than_both_values():
    before, after = list(range(100)), list(range(100, 200))

    assert patches.make(before, after) == {"was": before, "now": after}


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        (1, 2, strictjson.loads("1.0")),
        ([1, 2, 3], [1, 3], [1, 4, 3]),
        ([{"name": "A"}], [{"name": "B"}], [{"name": "C"}]),
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"c": 3}),
        ([1, 2], [2, 1], [1]),
        ("a" * 99 + "b", "a" * 99 + "c", "a" * 99 + "d"),
        (MISSING, [1], []),
    ],
)
def test_a_patch_refuses_another_value_than_the_one_it_was_made_of(before, after, other):
    with pytest.raises(patches.PatchError):
        patches.apply(patches.make(before, after), other)


def test_removed_records_are_told_with_their_positions():
    before = many(4)

    assert patches.removed(patches.make(before, [before[0], before[3]], DETAILS)) == {1: before[1], 2: before[2]}
    assert patches.removed(patches.make(before[:2], MISSING, DETAILS)) == {0: before[0], 1: before[1]}
    assert patches.removed({"was": [1, 1, 2], "now": [1, 3]}) == {1: 1, 2: 2}
    assert patches.added(patches.make(before[:2], before[:3], DETAILS)) == [before[2]]


@pytest.mark.parametrize(
    ("before", "after", "place", "then"),
    [
        ("ABCD", "ABCD", 2, 2),
        ("ABCD", "BCD", 2, 1),
        ("ABCD", "CD", 2, 0),
        ("ABCD", "XABCD", 2, 3),
        ("ABCD", "AXBCD", 1, 1),
        ("ABCD", "ACDB", 2, 4),
        ("ABCD", "ABC", 3, 3),
    ],
)
def test_a_place_in_a_list_is_followed_through_later_changes(before, after, place, then):
    assert patches.follow(patches.make(list(before), list(after)), place) == then
