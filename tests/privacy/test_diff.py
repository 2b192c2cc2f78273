"""Comparing two documents answer by answer, and bringing two people's changes together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.atlassian import strictjson
from privacy.document.canonical_json import MISSING
from privacy.document.catalogue import field_named
from privacy.document.diff import apply, compare
from privacy.document.document import Document, same_content
from privacy.document.merge import Undecided, merge, take, three_way
from privacy.document.sequence_diff import MOST_LIKE_PAIRS, words

from .examples import QUESTIONNAIRE, REFERENCE
from .strategies import any_document, documents, few, shuffled

CLOUD = "/commonCloud"
CONTACT = CLOUD + "/security/securityContact"
CONTROLLER = CLOUD + "/privacy/gdpr/dataController/isAppDataController"
DESCRIPTION = CLOUD + "/dataAccessAndStorage/dataAccess/dataAccessDescription"
STORED = CLOUD + "/dataAccessAndStorage/typesOfDataStored"
RECORDS = CLOUD + "/thirdPartyInformation/thirdPartyDetails"


@pytest.fixture
def live():
    return Document.from_text(QUESTIONNAIRE)


@pytest.fixture
def draft(live):
    return live.copy()


# --- compare --------------------------------------------------------------------------------------------------------


@few
@given(st.data())
def test_a_document_does_not_differ_from_itself_in_whatever_order_its_keys_are(data):
    document = data.draw(any_document())
    diff = compare(document, Document(shuffled(data.draw, document.tree)))
    assert diff.same
    assert not any(diff.counts.values())


@few
@given(any_document(), any_document())
def test_a_comparison_is_empty_exactly_when_the_content_is_the_same(one, other):
    assert compare(one, other).same == same_content(one, other)


@few
@given(any_document(), any_document())
def test_applying_a_comparison_gives_the_other_document(one, other):
    before = other.text
    assert same_content(apply(compare(one, other), other), one)
    assert other.text == before


@few
@given(documents(), documents())
def test_every_row_can_be_drawn(one, other):
    for row in compare(one, other).rows:
        assert row.left_reading.text
        assert row.right_reading.text
        assert row.form in ("words", "entries", "records", "plain")
        assert "".join(piece.text for piece in row.words if piece.kind != "delete") in ("", row.left_reading.text)
        assert row.entries is not None
        for record in row.records:
            assert record.title


def test_rows_come_by_section_with_their_question(draft, live):
    draft.set(CONTACT, "help@vendor.example.com")
    draft.remove(CLOUD + "/hasRestAPIExtension")
    draft.set(CLOUD + "/dataResidency/countriesWhereEndUserDataStored", ["Ireland"])
    diff = compare(draft, live)
    assert [(row.section.key, row.kind) for row in diff.changes] == [
        ("dataResidency", "added"),
        ("security", "changed"),
        ("other", "removed"),
    ]
    assert diff.counts == {"added": 1, "removed": 1, "changed": 1, "rewritten": 0}
    assert diff.row(CONTACT).label == "Which e-mail address takes security reports and questions?"
    assert diff.row(CONTACT).right_reading.href == "mailto:security@vendor.example.com"
    assert len(diff.rows) > len(diff.changes)


def test_an_unknown_place_is_compared_by_its_keys(draft, live):
    draft.set(CLOUD + "/newQuestion", {"asked": "NO"})
    row = compare(draft, live).row(CLOUD + "/newQuestion")
    assert (row.kind, row.label, row.field, row.form) == ("changed", "newQuestion", None, "words")
    assert [(piece.kind, piece.text) for piece in row.words if piece.kind != "equal"] == [
        ("delete", "YES"),
        ("insert", "NO"),
    ]


def test_the_same_answer_in_another_form_is_said_to_be_that(draft, live):
    draft.set(CONTROLLER, False)
    draft.set(CLOUD + "/dataRetention/retentionDurationInDays/max", "90.0")
    draft.set(CLOUD + "/security/caiq/CAIQLiteLink", None)
    diff = compare(draft, live)
    assert {row.kind for row in diff.changes} == {"rewritten"}
    assert len(diff.changes) == 3
    draft.set(CONTROLLER, True)
    assert compare(draft, live).row(CONTROLLER).kind == "changed"


def test_a_number_that_somebody_wrote_in_another_way_is_shown(draft, live):
    place = CLOUD + "/dataRetention/retentionDurationInDays/max"
    draft.set(place, 90)
    draft.set(CLOUD + "/newQuestion", strictjson.loads("1.0"))
    live.set(CLOUD + "/newQuestion", 1)
    diff = compare(draft, live)
    assert [(row.kind, row.right_reading.text, row.left_reading.text) for row in diff.changes] == [
        ("rewritten", "90.0 days", "90 days"),
        ("rewritten", "1", "1.0"),
    ]


def test_list_entries_are_added_removed_and_moved(draft, live):
    live.set(STORED, ["a", "b", "c", "d"])
    draft.set(STORED, ["d", "a", "x", "c"])
    entries = compare(draft, live).row(STORED).entries
    assert [(entry.text, entry.place, entry.move) for entry in entries] == [
        ("d", "moved", "Moved from 4 to 1"),
        ("a", "same", ""),
        ("x", "added", ""),
        ("b", "removed", ""),
        ("c", "same", ""),
    ]


def test_records_are_matched_by_name_and_compared_part_by_part(draft, live):
    edge, mail = live.get(RECORDS)
    store = {"name": "Example Store", "link": "https://store.example.com"}
    live.set(RECORDS, [edge, mail, store])
    draft.set(
        RECORDS, [{**mail, "purpose": "Support e-mail and chat"}, {**edge, "contractNumber": 18}, {"name": "New"}]
    )
    row = compare(draft, live).row(RECORDS)
    assert row.form == "records"
    assert [(record.title, record.kind, record.moved) for record in row.records] == [
        ("Example Mail GmbH", "changed", 1),
        ("Example Edge, Inc.", "changed", 0),
        ("New", "added", 0),
        ("Example Store", "removed", 0),
    ]
    purpose = next(part for part in row.records[0].parts if part.is_change)
    assert (purpose.label, [piece.text for piece in purpose.words if piece.kind == "insert"]) == (
        "Purpose",
        [" and chat"],
    )
    assert [part.label for part in row.records[1].parts if part.is_change] == ["contractNumber"]


def test_a_renamed_record_is_recognised_by_its_other_parts(draft, live):
    draft.set(RECORDS + "/0/name", "Example Edge Ltd")
    records = compare(draft, live).row(RECORDS).records
    assert [(record.title, record.kind) for record in records] == [
        ("Example Edge Ltd", "changed"),
        ("Example Mail GmbH", "same"),
    ]


def test_five_hundred_records_are_matched(draft, live):
    many = [{"name": f"Example {number}", "purpose": "p"} for number in range(500)]
    live.set(RECORDS, many)
    draft.set(RECORDS, [*many[250:], {"name": "New"}, *many[:250]])
    records = compare(draft, live).row(RECORDS).records
    assert len(records) == 501
    assert sum(1 for record in records if record.moved) == 250


def test_words_inside_a_long_text_are_told_apart():
    pieces = words("We keep titles and text for 60 days.", "We keep titles for 90 days.")
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("equal", "We keep titles "),
        ("insert", "and text "),
        ("equal", "for "),
        ("delete", "90"),
        ("insert", "60"),
        ("equal", " days."),
    ]


@few
@given(st.text("ab .,\n漢", max_size=60), st.text("ab .,\n漢", max_size=60))
def test_the_pieces_make_up_both_texts_again(new, old):
    pieces = words(new, old)
    assert "".join(piece.text for piece in pieces if piece.kind != "delete") == new
    assert "".join(piece.text for piece in pieces if piece.kind != "insert") == old


def test_two_long_texts_without_anything_in_common_are_compared_as_a_whole():
    new = " ".join(f"a{number}" for number in range(2000))
    old = " ".join(f"b{number}" for number in range(2000))
    assert [piece.kind for piece in words(new, old)] == ["delete", "insert"]


def test_texts_with_too_many_equal_words_to_compare_are_compared_by_sentence_then_as_a_whole():
    new, old = "a b " * MOST_LIKE_PAIRS, "b a " * MOST_LIKE_PAIRS
    assert [piece.kind for piece in words(f"x{new}", f"y{old}")] == ["delete", "insert"]
    kinds = [piece.kind for piece in words(f"Same. {new}.", f"Other. Same. {old}.")]
    assert kinds == ["delete", "equal", "delete", "insert"]


def test_long_texts_of_which_every_second_word_changed_are_compared_as_a_whole():
    new = " ".join(f"{number}" for number in range(5000))
    old = " ".join(f"{number}" if number % 2 else f"x{number}" for number in range(5000))
    assert [piece.kind for piece in words(new, old)] == ["delete", "insert"]


def test_a_document_that_does_not_exist_leaves_everything_added(draft):
    diff = compare(draft, None)
    assert {row.kind for row in diff.rows} <= {"added", "rewritten"}
    assert same_content(apply(diff, Document({})), draft)
    assert compare(None, None).same


def test_both_vocabularies_stand_side_by_side():
    diff = compare(Document.from_text(REFERENCE), Document.from_text(QUESTIONNAIRE))
    assert diff.row(DESCRIPTION).kind == "added"
    assert diff.row(RECORDS).kind == "removed"
    assert diff.row(CONTACT).kind == "same"


@few
@given(documents(), documents())
def test_taking_every_live_value_makes_the_draft_the_live_document(draft, live):
    diff = compare(draft, live)
    for row in diff.changes:
        take(draft, live, row.pointer)
    assert all(row.kind == "rewritten" for row in compare(draft, live).changes)


def test_the_live_value_is_taken_with_its_position_and_type(draft, live):
    draft.set(CONTROLLER, True)
    draft.remove(CLOUD + "/hasRestAPIExtension")
    assert take(draft, live, CONTROLLER) is True
    assert take(draft, live, CONTROLLER) is False
    assert take(draft, live, CLOUD + "/hasRestAPIExtension") is True
    assert draft.text == live.text
    draft.set(CLOUD + "/security/caiq/CAIQLiteLink", "https://vendor.example.com/caiq")
    assert take(draft, live, CLOUD + "/security/caiq/CAIQLiteLink") is True
    assert draft.text == live.text


# --- three-way ------------------------------------------------------------------------------------------------------


@few
@given(any_document(), any_document())
def test_a_change_on_one_side_only_merges_by_itself(base, changed):
    assert same_content(merge(three_way(base, changed, base)), changed)
    assert same_content(merge(three_way(base, base, changed)), changed)
    assert same_content(merge(three_way(base, changed, changed)), changed)


@few
@given(documents(), documents(), documents())
def test_conflicts_are_the_same_from_both_sides_and_every_change_is_kept(base, mine, theirs):
    three, mirrored = three_way(base, mine, theirs), three_way(base, theirs, mine)
    assert [row.pointer for row in three.conflicts] == [row.pointer for row in mirrored.conflicts]
    result = merge(three, {row.pointer: "mine" for row in three.conflicts})
    for row in three.rows:
        wanted = row.mine if row.outcome in ("mine", "conflict") else row.theirs
        if wanted not in (MISSING, {}):
            assert strictjson.dumps(result.get(row.pointer)) == strictjson.dumps(wanted)


@few
@given(documents(), documents(), documents())
def test_deciding_for_one_side_everywhere_gives_that_side(base, mine, theirs):
    three = three_way(base, mine, theirs)
    everywhere = {row.pointer: "theirs" for row in three.rows}
    assert same_content(merge(three, everywhere), theirs)


def test_changes_to_different_answers_meet_and_the_positions_are_theirs(live):
    mine, theirs = live.copy(), live.copy()
    mine.set(CONTACT, "mine@vendor.example.com")
    theirs.set(STORED, ["Nothing"])
    theirs.tree["commonCloud"]["properties"] = {"updatedBy": "bob@vendor.example.com"}
    three = three_way(live, mine, theirs)
    assert [(row.pointer, row.outcome) for row in three.merged] == [(STORED, "theirs"), (CONTACT, "mine")]
    merged = merge(three)
    theirs.set(CONTACT, "mine@vendor.example.com")
    assert merged.text == theirs.text


def test_a_conflict_has_to_be_decided(live):
    mine, theirs = live.copy(), live.copy()
    mine.set(CONTACT, "mine@vendor.example.com")
    theirs.remove(CONTACT)
    three = three_way(live, mine, theirs)
    assert [row.label for row in three.conflicts] == [field_named("security.securityContact").question]
    with pytest.raises(Undecided, match="1 answer was changed on both sides"):
        merge(three)
    assert merge(three, {CONTACT: "mine"}).get(CONTACT) == "mine@vendor.example.com"
    assert merge(three, {CONTACT: "theirs"}).get(CONTACT) is MISSING
    assert merge(three, {CONTACT: "base"}).get(CONTACT) == "security@vendor.example.com"
    assert three.conflicts[0].readings["theirs"].text == "Not answered"


def test_the_same_answer_written_in_two_ways_is_no_conflict(live):
    mine, theirs = live.copy(), live.copy()
    mine.set(CONTROLLER, True)
    theirs.set(CONTROLLER, "TRUE")
    three = three_way(live, mine, theirs)
    assert not three.conflicts
    assert merge(three).get(CONTROLLER) == "TRUE"


def test_a_parent_that_one_side_replaced_is_one_conflict(live):
    mine, theirs = live.copy(), live.copy()
    mine.set(CONTROLLER, True)
    theirs.tree["commonCloud"]["privacy"]["gdpr"] = "see our site"
    three = three_way(live, mine, theirs)
    assert [row.pointer for row in three.conflicts] == [CLOUD + "/privacy/gdpr"]
    assert merge(three, {CLOUD + "/privacy/gdpr": "mine"}).get(CONTROLLER) is True
    assert merge(three, {CLOUD + "/privacy/gdpr": "theirs"}).get(CLOUD + "/privacy/gdpr") == "see our site"


def test_a_side_that_does_not_exist_lost_everything(live):
    mine = live.copy()
    mine.set(CONTACT, "mine@vendor.example.com")
    three = three_way(live, mine, None)
    assert [row.pointer for row in three.conflicts] == [CONTACT]
    everything_mine = {row.pointer: "mine" for row in three.rows}
    assert same_content(merge(three, everything_mine), mine)


def test_an_unknown_null_is_not_taken_for_an_unknown_empty_text(draft, live):
    place = CLOUD + "/newQuestion"
    live.set(place, None)
    draft.set(place, "")
    assert compare(draft, live).row(place).kind == "changed"
    assert [row.pointer for row in three_way(Document.from_text(QUESTIONNAIRE), draft, live).conflicts] == [place]


def test_a_document_nested_as_deep_as_allowed_is_compared(draft, live):
    deep = strictjson.loads('{"a":' * 48 + "[1]" + "}" * 48)
    draft.set(CLOUD + "/security/deep", deep)
    live.set(DESCRIPTION, deep)
    diff = compare(draft, live)
    assert len(diff.changes) == 2
    assert all(row.left_reading.text and row.right_reading.text for row in diff.changes)
    assert same_content(apply(diff, live), draft)


def test_ten_thousand_characters_that_share_little_are_compared():
    new = " ".join(f"{number % 7}" for number in range(5000))
    old = " ".join(f"{number % 11}" for number in range(5000))
    pieces = words(new, old)
    assert "".join(piece.text for piece in pieces if piece.kind != "delete") == new


def test_an_empty_parent_is_no_row_when_the_other_side_has_answers_below_it(draft, live):
    draft.set(CLOUD + "/security/caiq", {})
    live.set(CLOUD + "/security/caiq/isCAIQCompleted", False)
    assert [row.pointer for row in compare(draft, live).changes] == [CLOUD + "/security/caiq/isCAIQCompleted"]
    live.remove(CLOUD + "/security/caiq/isCAIQCompleted")
    assert [(row.pointer, row.kind) for row in compare(draft, live).changes] == [
        (CLOUD + "/security/caiq", "rewritten")
    ]
