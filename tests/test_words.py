"""Words that no page and no public name in code uses, because there is a plainer one."""

import ast
import html
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from portal import registry
from portal.models import Connection, Grant, User
from tests.test_access import ADDRESSES, address_of, world  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[1]
#: Never on a page. Where a word has another meaning too, the whole phrase stands here.
NOT_ON_A_PAGE = [
    "Read again",
    "Read all again",
    "Figures of",
    "Oldest figures",
    "Ask for sign-off",
    "Asked for sign-off",
    "Not asked for",
    "Signed off",
    "sign-off lapsed",
    "Take the sign-off back",
    "Ask for changes",
    "Changes were asked for",
    "Drop the working copy",
    "Drop it",
    "Put away",
    "Take the live value",
    "Settle the alarm",
    "An alarm is open",
    "alarm",
    "Give a role",
    "Give role",
    "Take away",
    "Who may do what",
    "What works",
    "May not sign in",
    "May not be read",
    "Not known",
    "Not said",
    "True now",
    "default of now",
    "As the system",
    "Written differently",
    "Brought together without a question",
    "The answers fit together",
    "Nothing is changed yet",
    "as read",
    "(newer)",
    "(older)",
    "local operator",
]
#: Never a public name of a module, class, function or method.
NOT_A_NAME = {
    "Knowledge",
    "LevelBook",
    "enter",
    "gave",
    "trace",
    "move_on",
    "There",
    "flipped",
    "ask_scan",
    "wire",
    "settling",
    "standing",
    "counting",
    "collecting",
    "pipe",
    "showing",
    "seen",
    "settle",
}


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    defined = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    return defined | {path.stem}


def test_no_public_name_is_one_that_needs_explaining():
    found = {
        str(path.relative_to(ROOT)): names_in(path) & NOT_A_NAME
        for package in ("portal", "classification", "privacy", "sandbox")
        for path in (ROOT / package).rglob("*.py")
    }
    assert {path: names for path, names in found.items() if names} == {}


def words_of(page: str) -> str:
    """What a person reads or hears: text, and the attributes that are shown or spoken."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    spoken = " ".join(re.findall(r'(?:aria-label|title|placeholder|alt|data-confirm)="([^"]*)"', page))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page) + " " + spoken).split())


@pytest.mark.django_db
def test_no_page_says_what_there_is_a_plainer_word_for(world):  # noqa: F811
    user = User.objects.create_user("alice@example.com", "x", is_superuser=True)
    for connection in Connection.objects.all():
        for role in registry.ROLES:
            Grant.objects.create(user=user, connection=connection, role=role)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    said = {}
    for name, (_, _, get, _) in ADDRESSES.items():
        if get and "export" not in name:
            answer = client.get(address_of(name, world)[0])
            if answer.status_code == 200:
                said[name] = words_of(answer.content.decode())
    assert len(said) > 20
    said["sign-in"] = words_of(Client().get(reverse("account_login")).content.decode())
    said["words in code"] = " ".join(labels_in_code())
    assert plainer_words_exist_for(said) == {}


def plainer_words_exist_for(said: dict[str, str]) -> dict[str, list[str]]:
    """What is said with a phrase of NOT_ON_A_PAGE: its name -> the phrases."""
    found = {
        name: [phrase for phrase in NOT_ON_A_PAGE if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w|\.\w)", text, re.I)]
        for name, text in said.items()
    }
    return {name: phrases for name, phrases in found.items() if phrases}


def texts_in(path: Path) -> str:
    """The strings of a module that are no docstrings: refusals, messages, help of commands, labels."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False)
    }
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return " ".join(" ".join(node.value for node in texts if id(node) not in docstrings).split())


def template_words(path: Path) -> str:
    """The words of a template of a page or a mail, without its tags and comments."""
    text = re.sub(r"\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}", " ", path.read_text(), flags=re.S)
    return words_of(re.sub(r"\{[%#].*?[%#]\}|\{\{.*?\}\}", " ", text, flags=re.S))


def test_no_text_in_code_or_template_says_what_there_is_a_plainer_word_for():
    said = {
        str(path.relative_to(ROOT)): texts_in(path)
        for package in ("portal", "classification", "privacy")
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    }
    assert "Nothing was changed." in said["privacy/drafts/working_copy.py"]
    templates = (path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt"))
    said |= {str(path.relative_to(ROOT)): template_words(path) for path in templates}
    assert plainer_words_exist_for(said) == {}


def labels_in_code() -> list[str]:
    """Labels that pages show: of roles, capabilities and the activity."""
    actions = [
        label
        for labels in registry.AUDIT_ACTIONS.values()
        for label in ([labels] if isinstance(labels, str) else labels.values())
    ]
    roles = [word for role in registry.ROLES.values() for word in (role.label, role.description)]
    return [*actions, *roles, *registry.CAPABILITIES.values()]
