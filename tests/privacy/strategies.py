"""Documents for the tests of privacy: any JSON, and documents that look like real ones."""

import contextlib
import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from portal.atlassian import strictjson
from privacy.document.canonical_json import MISSING, PointerError
from privacy.document.catalogue import FIELDS, Field
from privacy.document.document import Document

# The suite stays fast; TRUSTDESK_EXAMPLES=2000 searches longer. No deadline: a busy machine is no failure.
few = settings(max_examples=int(os.environ.get("TRUSTDESK_EXAMPLES", "25")), deadline=None)

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
numbers = st.one_of(
    st.integers(-(10**20), 10**20),
    st.sampled_from(["1.0", "-0", "0.10", "1e400", "12345678901234567890.5", "1E-7"]).map(strictjson.loads),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, text)
anything: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)

truths = st.sampled_from([True, False, "TRUE", "FALSE", "NOT_APPLICABLE", None])
records = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["Example Edge", "Example Mail", "Example Store", ""]),
            "link": st.sampled_from(["https://edge.example.com", "not a link"]),
            "thirdPartyCountries": st.lists(st.sampled_from(["Germany", "Ireland"]), max_size=2),
            "contract": anything,
        },
    ),
    max_size=4,
)


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """Values that occur for a field, wrong ones included."""
    by_kind = {
        "bool": truths,
        "tri": truths,
        "number": st.sampled_from([0, 30, 90, "90", strictjson.loads("90.0"), -1]),
        "records": records,
        "list": st.lists(text | st.sampled_from(["a", "b", "c"]), max_size=4),
        "many": st.lists(st.sampled_from([*(option.value for option in field.options), "OTHER"]), max_size=4),
    }
    usual = by_kind.get(field.kind, text)
    return st.one_of(usual, usual, usual, anything)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of both vocabularies, some of its parents empty or of another type, with unknown keys in between."""
    document = Document({"commonCloud": {}} if draw(st.booleans()) else {})
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=7, unique_by=lambda field: field.pointer)):
        document.set(field.pointer, draw(value_of(field)))
    places = [
        "/commonCloud/security/caiq",
        "/commonCloud/privacy/gdpr",
        "/commonCloud/privacy/new",
        "/commonCloud/a~1b",
    ]
    places += ["/commonCloud", "/other", "/commonCloud/logDetails"]
    for place in draw(st.lists(st.sampled_from(places), max_size=2)):
        if document.get(place) in ({}, None, MISSING):
            with contextlib.suppress(PointerError):
                document.set(place, draw(anything))
    cloud = document.get("/commonCloud")
    if isinstance(cloud, dict) and draw(st.booleans()):
        cloud["properties"] = {"updatedAt": draw(st.integers(0, 10**13)), "formStatus": "APPROVED"}
    return document


def any_document() -> st.SearchStrategy[Document]:
    """A likely document or any JSON at all."""
    return st.one_of(documents(), anything.map(Document))


def shuffled(draw: st.DrawFn, value: Any) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        return {key: shuffled(draw, value[key]) for key in draw(st.permutations(list(value)))}
    if isinstance(value, list):
        return [shuffled(draw, item) for item in value]
    return value
