"""Rules of the architecture: imports, where HTTP is spoken, the length of files, functions and template lines."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("portal", "classification", "privacy")
FILES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
)
LONGEST_FILE = 520
LONGEST_FUNCTION = 50
HTTP_FILES = {"portal/atlassian/http.py", "portal/sandbox/transport.py"}
#: The deadline of a whole answer has to be put beneath requests, into the connections that http.py gives its session.
BENEATH_HTTP = {"portal/atlassian/sockets.py"}
#: These listen and call nobody: one serves the sandbox, the other looks whether the address of `make run` is free.
SERVES_HTTP = {"portal/sandbox/server.py", "portal/management/commands/demo.py"}
#: The only places of the portal that name the apps.
NAMES_APPS = {"portal/settings.py", "portal/urls.py"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path) -> set[str]:
    """Absolute names of all that a file imports, inside functions too."""
    package = name(path).removesuffix(".py").split("/")[:-1]
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def reaches(path: Path, *packages: str) -> set[str]:
    return {found for found in imports(path) if any(found == p or found.startswith(f"{p}.") for p in packages)}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_run_one_way(path):
    forbidden = {
        "portal": ("classification", "privacy"),
        "classification": ("privacy",),
        "privacy": ("classification",),
    }[name(path).split("/")[0]]
    if name(path) not in NAMES_APPS:
        assert not reaches(path, *forbidden)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_http_is_spoken_in_one_place(path):
    if name(path) not in HTTP_FILES:
        assert not reaches(path, "requests", "httpx", "urllib.request", "aiohttp")
    if name(path) not in HTTP_FILES | BENEATH_HTTP | SERVES_HTTP:
        assert not reaches(path, "urllib3", "http.client", "socket", "portal.atlassian.sockets")


def test_the_service_module_and_the_sandbox_do_not_know_each_other():
    for path in FILES:
        if name(path).startswith("portal/atlassian/"):
            assert not reaches(path, "sandbox", "portal.models", "django.db"), name(path)
        if name(path).startswith("portal/sandbox/"):
            assert not reaches(path, "portal.atlassian", "portal.models"), name(path)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_stay_readable(path):
    tree = tree_of(path)
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, node.name
    if path.name != "__init__.py" or tree.body:
        assert ast.get_docstring(tree), "a module begins by saying which room of the house it is"


def test_templates_hold_no_inline_code():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        for forbidden in (" style=", "<style", " hx-on", "javascript:", "js:", " onclick=", " onchange="):
            assert forbidden not in text, f"{name(path)} holds {forbidden!r}"
        # Help texts are written in the code, by us and by allauth (whose password rules are a list).
        assert "|safe" not in text.replace(".help_text|safe", ""), f"{name(path)} marks something as safe"
