"""Folding in a comparison: nothing that changed is ever folded, nor what stands beside it, and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st

from privacy.document.folding import AROUND, LEAST, fold, fold_lines
from privacy.document.sequence_diff import words
from tests.privacy.strategies import few

texts = st.lists(st.sampled_from(["One.", "Two words.", "", "Three of them."]), max_size=14).map("\n".join)


@few
@given(st.lists(st.booleans(), max_size=30))
def test_what_changed_and_its_neighbours_are_shown_and_the_rest_is_folded_in_order(changes):
    items = list(enumerate(changes))
    runs = fold(items, lambda item: item[1])

    assert [item for run in runs for item in run.items] == items
    for run in runs:
        if run.folded:
            assert len(run.items) >= LEAST
            for at, _ in run.items:
                assert not any(changes[max(at - AROUND, 0) : at + AROUND + 1])
    assert not any(one.folded == other.folded for one, other in zip(runs, runs[1:], strict=False))


def test_two_changes_among_two_hundred_leave_six_in_sight():
    runs = fold(range(200), lambda at: at in (50, 51, 120))

    assert [len(run.items) for run in runs if not run.folded] == [4, 3]
    assert sum(len(run.items) for run in runs if run.folded) == 193


@few
@given(texts, texts)
def test_the_lines_of_each_side_joined_are_its_text(left, right):
    segments = words(left, right)

    for side, text in (("left", left), ("right", right)):
        runs = fold_lines(segments, side)
        lines = [line for run in runs for line in run.items]
        assert "".join(piece.text for line in lines for piece in line.pieces) == text
        assert not any(line.is_change for run in runs if run.folded for line in run.items)


def test_a_long_text_with_one_changed_line_shows_that_line_and_its_neighbours():
    old = "\n".join(f"Paragraph {number}." for number in range(20))
    runs = fold_lines(words(old.replace("Paragraph 9.", "Paragraph nine."), old), "left")

    assert [(len(run.items), run.folded) for run in runs] == [(8, True), (3, False), (9, True)]
