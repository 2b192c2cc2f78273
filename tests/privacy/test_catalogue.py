"""The field catalogue: what it holds, and that a mistake in its data stops the start with a clear sentence."""

import shutil
from pathlib import Path

import pytest

from privacy.document import catalogue
from privacy.document.catalogue import CatalogueError, load
from privacy.document.document import Document

from .examples import QUESTIONNAIRE, REFERENCE

DATA = Path(catalogue.__file__).parent


@pytest.fixture
def folder(tmp_path):
    for file in DATA.glob("*.toml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def add(folder, text, file="reference.toml"):
    with (folder / file).open("a", encoding="utf-8") as data:
        data.write("\n[[field]]\n" + text)
    return load(folder)


def test_every_field_has_a_question_and_a_place_of_its_own():
    assert len(catalogue.FIELDS) >= 70
    assert len({field.pointer for field in catalogue.FIELDS}) == len(catalogue.FIELDS)
    assert len({field.slug for field in catalogue.FIELDS}) == len(catalogue.FIELDS)
    for field in catalogue.FIELDS:
        assert field.question.endswith("?"), field.pointer
        assert field.pointer.startswith("/commonCloud/")
        assert catalogue.section_of(field.pointer).key == field.section


def test_sections_come_in_their_order_with_one_for_the_rest():
    keys = [section.key for section in catalogue.SECTIONS]
    assert keys[0] == "dataAccessAndStorage"
    assert keys[-1] == "other"
    assert [field.section for field in catalogue.FIELDS] == sorted(
        (field.section for field in catalogue.FIELDS), key=keys.index
    )
    assert catalogue.section_of("/commonCloud/hasRestAPIExtension").key == "other"
    assert catalogue.section_of("/outside").key == "other"


def test_a_field_is_found_by_pointer_by_form_name_and_around_a_place_inside_it():
    records = catalogue.field("/commonCloud/thirdPartyInformation/thirdPartyDetails")
    assert catalogue.field_named("thirdPartyInformation.thirdPartyDetails") is records
    assert catalogue.field_at(records.pointer + "/3/name") is records
    assert catalogue.field_at("/commonCloud/thirdPartyInformation") is None
    assert catalogue.field_at("/commonCloud/unknown") is None
    with pytest.raises(KeyError):
        catalogue.field("/commonCloud/unknown")


def test_a_document_says_which_vocabularies_it_has():
    reference, questionnaire = Document.from_text(REFERENCE), Document.from_text(QUESTIONNAIRE)
    assert catalogue.vocabularies_in(reference) == ("reference",)
    assert catalogue.vocabularies_in(questionnaire) == ("questionnaire",)
    reference.set("/commonCloud/hasRestAPIExtension", False)
    assert catalogue.vocabularies_in(reference) == ("questionnaire", "reference")
    assert catalogue.fields_for(reference) == catalogue.FIELDS


def test_a_document_without_data_asks_the_shared_fields_until_a_vocabulary_is_chosen():
    empty = Document({"commonCloud": {"security": {"securityContact": "security@vendor.example.com"}}})
    assert {field.vocabulary for field in catalogue.fields_for(empty)} == {"shared"}
    chosen = catalogue.fields_for(empty, choice=("questionnaire",))
    assert {field.vocabulary for field in chosen} == {"shared", "questionnaire"}


def test_adding_a_field_is_an_edit_of_data_alone(folder):
    loaded = add(
        folder, 'pointer = "/security/penTest"\ntype = "url"\nquestion = "Where is the report?"\ngroup = "practice"'
    )
    field = loaded.by_pointer["/commonCloud/security/penTest"]
    assert (field.section, field.kind, field.vocabulary) == ("security", "url", "reference")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('pointer = "/security/x"\ntype = "bol"\nquestion = "?"', "“bol” is not a type"),
        ('pointer = "/security/x"\ntype = "bool"', "“question” must be a text"),
        ('pointer = "/security/x"\ntype = "bool"\nquestion = "?"\nhlep = "?"', "“hlep” is not a known key"),
        ('pointer = "/secruity/x"\ntype = "bool"\nquestion = "?"', "no section “secruity”"),
        ('pointer = "security/x"\ntype = "bool"\nquestion = "?"', "must begin with “/”"),
        ('pointer = "/security/x"\ntype = "choice"\nquestion = "?"', "choice and many need options"),
        (
            'pointer = "/security/x"\ntype = "choice"\nquestion = "?"\noptions = "perods"',
            "no list of options called “perods”",
        ),
        ('pointer = "/security/x"\ntype = "many"\nquestion = "?"\noptions = [["A"]]', "must be a pair"),
        ('pointer = "/security/x"\ntype = "records"\nquestion = "?"\nidentity = "name"', "need parts"),
        ('pointer = "/security/x"\ntype = "bool"\nquestion = "?"\ngroup = "practise"', "no group “practise”"),
        ('pointer = "/security/caiq"\ntype = "bool"\nquestion = "?"', "must not overlap"),
        ('pointer = "/security/caiq/isCAIQCompleted/x"\ntype = "bool"\nquestion = "?"', "must not overlap"),
        ('pointer = "/properties/x"\ntype = "bool"\nquestion = "?"', "belong to Atlassian"),
        (
            'pointer = "/security/x"\ntype = "bool"\nquestion = "?"\nwhen = { pointer = "/security/y", is = ["yes"] }',
            "is no other field",
        ),
        (
            'pointer = "/security/x"\ntype = "bool"\nquestion = "?"\n'
            'when = { pointer = "/security/caiq/isCAIQCompleted", is = ["true"] }',
            "“true”, which is no answer there",
        ),
    ],
)
def test_a_mistake_in_the_data_is_said_in_one_sentence(folder, text, sentence):
    with pytest.raises(CatalogueError) as refusal:
        add(folder, text)
    assert sentence in str(refusal.value)
    assert text.split('"')[1] in str(refusal.value)


def test_a_missing_or_broken_file_is_named(folder):
    (folder / "questionnaire.toml").unlink()
    with pytest.raises(CatalogueError, match=r"questionnaire\.toml is missing"):
        load(folder)
    (folder / "questionnaire.toml").write_text("vocabulary =")
    with pytest.raises(CatalogueError, match=r"questionnaire\.toml is not well-formed"):
        load(folder)
