"""JSON that comes back exactly as it was, or is refused in one sentence."""

import copy
import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.atlassian import strictjson
from portal.atlassian.strictjson import Number, StrictJSONError, dumps, loads

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DIGITS = st.text("0123456789", min_size=1, max_size=25)
NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.one_of(st.just("0"), DIGITS.map(lambda digits: "1" + digits)),
    st.one_of(st.just(""), DIGITS.map(lambda digits: "." + digits)),
    st.one_of(
        st.just(""),
        st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 400)),
    ),
)
SMALL = strictjson.Limits(size=40, values=4)


@pytest.mark.parametrize(
    "text", ["[1,2,3,4]", '{"a":1,"b":2,"c":3,"d":4}', "[[[1,2]]]", '"' + "," * 38 + '"', "[[[[]]]]"]
)
def test_what_is_within_the_limits_is_read(text):
    assert dumps(loads(text, SMALL)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1,2,3,4,5]", "holds more than 4 values"),
        ('{"a":1,"b":2,"c":3,"d":4,"e":5}', "holds more than 4 values"),
        ("[[],[],[]]", "holds more than 4 values"),
        ('["x' + "é" * 20 + '"]', "is larger than 0 KB"),
        (" " * 41, "is larger than 0 KB"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_before_it_is_read(text, words):
    with pytest.raises(StrictJSONError, match=words):
        loads(text, SMALL)


def test_commas_in_texts_and_quotes_behind_escapes_are_no_values():
    text = r'["\\",",,,,,\",,,[[["]'
    assert dumps(loads(text, SMALL)) == text


LITERALS = st.one_of(st.sampled_from(["null", "true", "false"]), NUMBERS, TEXTS.map(lambda text: dumps(text)))


def _object(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{dumps(key)}:{value}" for key, value in dict(pairs).items()) + "}"


JSON_TEXTS = st.recursive(
    LITERALS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: "[" + ",".join(items) + "]"),
        st.lists(st.tuples(TEXTS, inner), max_size=4).map(_object),
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JSON_TEXTS)
def test_any_json_text_comes_back_character_for_character(text):
    assert dumps(loads(text)) == text


@settings(max_examples=50, deadline=None)
@given(JSON_TEXTS, st.sampled_from([2, 4]))
def test_an_indented_text_reads_as_the_same_document(text, indent):
    assert dumps(loads(dumps(loads(text), indent=indent))) == text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_no_text_at_all_makes_anything_but_a_value_or_a_sentence(text):
    try:
        said = dumps(loads(text))
    except StrictJSONError as error:
        said = str(error)

    assert said.encode()
    assert len(said) < 200


@pytest.mark.parametrize("literal", ["1.0", "1.00", "1e400", "1E+5", "-0", "-0.0", "12345678901234567890.5", "1e-400"])
def test_a_number_keeps_the_way_it_was_written(literal):
    assert dumps(loads(f"[{literal}]")) == f"[{literal}]"


def test_a_whole_number_of_five_thousand_digits_is_kept():
    text = "9" * 5000

    assert dumps(loads(text)) == text


def test_a_number_counts_and_compares_as_what_it_is():
    number = loads("1.50")

    assert number == Decimal("1.5")
    assert number + 1 == Decimal("2.5")
    assert {number: 1}[Decimal("1.5")] == 1


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copied_document_keeps_its_numbers(again):
    assert dumps(again(loads('{"a":[1.00,1e400]}'))) == '{"a":[1.00,1e400]}'


def test_the_order_of_keys_is_kept():
    assert list(loads('{"b":1,"a":2,"c":3}')) == ["b", "a", "c"]


def test_escapes_and_characters_mean_the_same_text():
    assert loads(r'"\u00e9\ud83d\ude00\/"') == "é😀/"
    assert dumps("é😀/") == '"é😀/"'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("NaN", "NaN is not a JSON number."),
        ("[1, Infinity]", "Infinity is not a JSON number."),
        ("[-Infinity]", "-Infinity is not a JSON number."),
        ('{"a":1,"b":{"c":1,"c":2}}', 'The key "c" occurs twice in one object.'),
        (r'{"a":1,"\u0061":2}', 'The key "a" occurs twice in one object.'),
        (r'"\ud800"', "half of a character"),
        (r'{"\udfff":1}', "half of a character"),
        ('["\ud800"]', "half of a character"),
        ("[" * 101 + "]" * 101, "nested deeper than 100"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100"),
        ("[" * 100_000, "nested deeper than 100"),
        ("", "it is empty"),
        ("[1,]", "at line 1, column 3."),
        ("{'a':1}", "at line 1, column 2."),
        ('["a\nb"]', "at line 1"),
        ("1e99999999999999999999", "too large to be kept exactly"),
        ("[01]", "at line 1"),
        ("1 2", "at line 1, column 3."),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(StrictJSONError) as caught:
        loads(text)

    assert sentence in str(caught.value)


def test_a_hundred_levels_are_fine():
    text = "[" * strictjson.MAX_DEPTH + "]" * strictjson.MAX_DEPTH

    assert dumps(loads(text)) == text


def _circle() -> list:
    circle: list = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity"), {1: 2}, {"a": {None: 1}}, "\ud800"]
    + [{"\udfff": 1}, b"bytes", {1, 2}, object(), _circle(), {"a": [[[object()]]]}],
    ids=lambda value: type(value).__name__,
)
def test_what_could_not_be_read_back_is_not_written(value):
    with pytest.raises(StrictJSONError):
        dumps(value)


def test_a_value_nested_too_deep_is_not_written():
    value: list = []
    for _ in range(strictjson.MAX_DEPTH):
        value = [value]

    with pytest.raises(StrictJSONError, match="nested deeper than 100"):
        dumps(value)


def test_what_a_person_typed_is_written_beside_what_was_read():
    document = loads('{"days":30.0}')
    document["name"] = "Ünïcode"
    document["share"] = 0.5

    assert json.loads(dumps(document)) == {"days": 30.0, "name": "Ünïcode", "share": 0.5}
    assert isinstance(document["days"], Number)
