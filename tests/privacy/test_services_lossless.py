"""Through the whole path: whatever document is at Marketplace, saving it unchanged sends back what was read."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.atlassian import strictjson
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list, saving
from privacy.models import App
from tests.privacy.marketplace import CONTACT, DRAFT
from tests.privacy.strategies import anything, documents, text

pytestmark = pytest.mark.django_db

contents = st.one_of(
    st.dictionaries(text.filter(lambda key: key != "properties"), anything, max_size=5),
    documents().map(lambda document: document.tree.get("commonCloud")).filter(lambda tree: isinstance(tree, dict)),
).map(lambda tree: strictjson.dumps({key: value for key, value in tree.items() if key != "properties"}))

ODD = (
    '{"b":1.0,"a":-0,"é":"\u2028","nul":"\\u0000","big":12345678901234567890.5,"huge":1e400,'
    '"":{"":[]},"properties ":{},"security":null,"hasRestAPIExtension":"TRUE"}'
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(ODD)
@given(contents)
def test_opening_and_saving_unchanged_sends_back_exactly_what_was_read(editor, diagrams, marketplace, undone, content):
    with undone():
        marketplace.put(diagrams, "draft", content)
        calls = marketplace.calls(DRAFT)
        app = app_list.read_app(actor=editor, app=App.objects.select_related("connection").get(pk=diagrams.pk))
        working_copy.open_working_copy(actor=editor, app=app)

        saving.save_to_marketplace(actor=editor, app=app)

        assert marketplace.calls(DRAFT) == calls + 1
        assert marketplace.content(diagrams, "draft") == content


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example('{"security":{"z":1.50,"securityContact":"a@example.com","a":[{"k":1.0}]},"after":-0}')
@given(contents)
def test_one_answer_changes_nothing_else_on_the_wire(editor, diagrams, marketplace, undone, content):
    with undone():
        tree = strictjson.loads(content)
        security = tree.get("security")
        if not isinstance(security, dict):
            tree["security"] = security = {}
        security["securityContact"] = "before@example.com"
        marketplace.put(diagrams, "draft", strictjson.dumps(tree))
        app = app_list.read_app(actor=editor, app=App.objects.select_related("connection").get(pk=diagrams.pk))
        working_copy.open_working_copy(actor=editor, app=app)
        answering.answer(actor=editor, app=app, pointer=CONTACT, raw="after@example.com")

        saving.save_to_marketplace(actor=editor, app=app)

        security["securityContact"] = "after@example.com"
        assert marketplace.content(diagrams, "draft") == strictjson.dumps(tree)
