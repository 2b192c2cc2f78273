"""Which records of two lists are one record: by name first, then by what is most alike, and never crosswise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.document import canonical_json, record_pairs
from privacy.document.catalogue import field_named
from privacy.document.record_pairs import pair_records

from .strategies import few

FIELD = field_named("thirdPartyInformation.thirdPartyDetails")

texts = st.sampled_from(["", " ", "Example Mail", "Example Mail GmbH", "example mail", "Example Edge", "Sends e-mail"])
records = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "name": texts | st.none(),
            "link": st.sampled_from(
                ["https://a.example.com", "https://a.example.com/x", "https://b.example.com", "//["]
            ),
            "purpose": texts,
            "thirdPartyCountries": st.lists(st.sampled_from(["DE", "US"]), max_size=2) | st.just("DE"),
            "contractNumber": st.integers(0, 1),
        },
    ),
    st.sampled_from([None, "Example Mail", 1, ["DE"]]),
)
lists = st.lists(records, max_size=6)


def record(name: str, purpose: str = "", link: str = "", countries: tuple[str, ...] = ()) -> dict:
    """A sub-processor."""
    return {"name": name, "link": link, "purpose": purpose, "thirdPartyCountries": list(countries)}


@few
@given(lists, lists)
def test_swapping_the_sides_swaps_the_pairs(left, right):
    pairs = pair_records(FIELD, left, right)

    assert pair_records(FIELD, right, left) == {old: new for new, old in pairs.items()}


@few
@given(lists, lists)
def test_no_record_is_in_two_pairs_and_equal_records_are_paired(left, right):
    pairs = pair_records(FIELD, left, right)

    assert len(set(pairs.values())) == len(pairs)
    free_left = [canonical_json.canonical(item) for index, item in enumerate(left) if index not in pairs]
    free_right = {canonical_json.canonical(item) for index, item in enumerate(right) if index not in pairs.values()}
    assert not free_right.intersection(free_left)
    for item in map(canonical_json.canonical, left):
        both = [sum(canonical_json.canonical(other) == item for other in side) for side in (left, right)]
        paired = sum(
            canonical_json.canonical(left[new]) == item == canonical_json.canonical(right[old])
            for new, old in pairs.items()
        )
        assert paired == min(both)


@few
@given(lists)
def test_a_list_against_itself_pairs_every_record_with_itself(items):
    assert pair_records(FIELD, items, items) == {index: index for index in range(len(items))}


def test_a_record_whose_name_and_purpose_changed_is_the_one_with_its_link():
    old = [
        record("Example Edge", "Delivers the app's files", "https://edge.example.com", ("US",)),
        record("Example Mail GmbH", "Sends e-mail", "https://mail.example.com", ("DE",)),
    ]
    new = [record("Postbox Ltd", "Support requests", "https://mail.example.com", ("DE",)), old[0]]

    assert pair_records(FIELD, new, old) == {0: 1, 1: 0}


def test_two_records_of_one_name_go_with_the_more_alike_one():
    old = [
        record("Example Cloud", "Stores attachments", "", ("US",)),
        record("Example Cloud", "Sends e-mail", "", ("DE",)),
    ]
    new = [record("Example Cloud", "Sends e-mail and chat", "", ("DE",)), record("Example Cloud", "Stores attachments")]

    assert pair_records(FIELD, new, old) == {0: 1, 1: 0}


def test_the_name_goes_before_everything_else():
    old = [
        record("A", "Stores attachments", "https://a.example.com"),
        record("B", "Sends e-mail", "https://b.example.com"),
    ]
    new = [{**old[1], "name": "A"}, {**old[0], "name": "B"}]

    assert pair_records(FIELD, new, old) == {0: 0, 1: 1}


def test_of_two_renamed_records_each_goes_with_its_own():
    old = [
        record("Alpha", "Stores attachments", "https://a.example.com"),
        record("Beta", "Stores text", "https://b.example.com"),
    ]
    new = [
        record("Gamma", "Stores texts", "https://b.example.com"),
        record("Delta", "Stores files", "https://a.example.com"),
    ]

    assert pair_records(FIELD, new, old) == {0: 1, 1: 0}


def test_records_that_have_only_a_country_in_common_stay_apart():
    old = [record("Example Desk Pty", "Support requests", "https://desk.example.com", ("US",))]
    new = [record("Queue AB", "Background work", "https://queue.example.com", ("US",))]

    assert pair_records(FIELD, new, old) == {}


@pytest.mark.parametrize("name", ["", "One name"])
def test_more_records_than_can_be_compared_one_by_one_are_paired_by_all_but_the_name(monkeypatch, name):
    monkeypatch.setattr(record_pairs, "MOST_COMPARED", 3)
    old = [record(name or f"Old {number}", f"Purpose {number}") for number in range(4)]
    new = [{**item, "name": name or f"New {number}"} for number, item in enumerate(reversed(old))]
    if name:
        new = [{**item, "link": "https://new.example.com"} for item in new]

    assert len(pair_records(FIELD, new, old)) == 4
