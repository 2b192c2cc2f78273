"""Rules of the architecture: imports, where HTTP is spoken, the length of files and functions."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What each package may import of the others.
MAY_IMPORT = {
    "sandbox": (),
    "portal": ("sandbox",),
    "classification": ("portal",),
    "privacy": ("portal",),
}
#: Subjects of an app, each of which imports those after it and itself. Modules beside them are for all.
LAYERS = {
    "classification": ("management", "views", "coverage", "levels", "inventory"),
    "privacy": ("management", "views", "reviews", "marketplace", "drafts", "document"),
}
#: The only places of the portal that name the apps, and those that know the sandbox.
NAMES_APPS = {"portal/settings.py", "portal/urls.py"}
KNOWS_SANDBOX = {
    "portal/connections/clients.py",
    "portal/connections/connection_test.py",
    "portal/demo.py",
    "portal/management/commands/sandbox.py",
}
HTTP_FILES = {"portal/atlassian/http.py", "sandbox/transport.py"}
#: The deadline of a whole answer has to be put beneath requests, into the connections that http.py gives its session.
BENEATH_HTTP = {"portal/atlassian/sockets.py"}
#: These listen and call nobody: one serves the sandbox, the other looks whether the address of `make run` is free.
SERVES_HTTP = {"sandbox/server.py", "portal/management/commands/demo.py"}
#: Importing a database or the models from here would make the service module part of the rest.
NOT_FOR_CLIENTS = ("sandbox", "portal.models", "django.db")
LONGEST_FILE = 520
LONGEST_FUNCTION = 50
LONGEST_TEMPLATE_LINE = 120

FILES = {
    str(path.relative_to(ROOT)): path
    for package in MAY_IMPORT
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
}


@functools.cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text())


@functools.cache
def imports(name: str) -> frozenset[str]:
    """Absolute names of all that a file imports, inside functions too."""
    package = name.removesuffix(".py").split("/")[:-1]
    found = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def reaches(name: str, *packages: str) -> set[str]:
    return {found for found in imports(name) if any(found == p or found.startswith(f"{p}.") for p in packages)}


def test_packages_import_one_way():
    wrong = {}
    for name in FILES:
        package = name.split("/")[0]
        forbidden = set(MAY_IMPORT) - {package, *MAY_IMPORT[package]}
        if name in NAMES_APPS:
            forbidden -= {"classification", "privacy"}
        if package == "portal" and name not in KNOWS_SANDBOX:
            forbidden.add("sandbox")
        wrong[name] = reaches(name, *forbidden)
    assert not {name: found for name, found in wrong.items() if found}


def test_the_subjects_of_an_app_import_one_way():
    wrong = {}
    for name in FILES:
        package, *rest = name.split("/")
        layers = LAYERS.get(package, ())
        if rest[0] in layers:
            above = layers[: layers.index(rest[0])]
            wrong[name] = reaches(name, *(f"{package}.{subject}" for subject in above))
    assert len(wrong) > 50
    assert not {name: found for name, found in wrong.items() if found}


def test_every_folder_of_an_app_is_a_subject_with_a_place_in_the_order():
    for app, layers in LAYERS.items():
        folders = {path.name for path in (ROOT / app).iterdir() if (path / "__init__.py").exists()}
        assert folders - {"migrations", "templatetags"} == set(layers)


def test_http_is_spoken_in_one_place():
    for name in FILES:
        if name not in HTTP_FILES:
            assert not reaches(name, "requests", "httpx", "urllib.request", "aiohttp"), name
        if name not in HTTP_FILES | BENEATH_HTTP | SERVES_HTTP:
            assert not reaches(name, "urllib3", "http.client", "socket", "portal.atlassian.sockets"), name


def test_the_service_module_knows_no_model_and_no_sandbox():
    for name in FILES:
        if name.startswith("portal/atlassian/"):
            assert not reaches(name, *NOT_FOR_CLIENTS), name


def test_no_module_only_passes_on_what_others_define():
    for name in FILES:
        body = [node for node in tree_of(name).body if not isinstance(node, ast.Expr)]
        own = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom) and not _is_all(node)]
        assert own or not body, name


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]


def test_files_and_functions_stay_readable():
    for name, path in FILES.items():
        assert len(path.read_text().splitlines()) <= LONGEST_FILE, name
        for node in ast.walk(tree_of(name)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, f"{name}: {node.name}"
        if path.name != "__init__.py" or tree_of(name).body:
            assert ast.get_docstring(tree_of(name)), f"{name} does not begin with its subject"


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield str(path.relative_to(ROOT)), path.read_text()


def test_counts_in_templates_are_written_in_one_way():
    """By the tags and filters of portal/templatetags/interface.py: one way for plurals and thousands."""
    for name, text in templates():
        for forbidden in ("pluralize", "intcomma", "floatformat"):
            assert forbidden not in text, f"{name} holds {forbidden}"


def test_templates_hold_no_inline_code():
    for name, text in templates():
        for forbidden in (" style=", "<style", " hx-on", "javascript:", "js:", " onclick=", " onchange="):
            assert forbidden not in text, f"{name} holds {forbidden!r}"
        # Help texts are written in the code, by us and by allauth (whose password rules are a list).
        assert "|safe" not in text.replace(".help_text|safe", ""), f"{name} marks something as safe"


def test_lines_of_templates_are_short_enough_to_review():
    long = {name for name, text in templates() for line in text.splitlines() if len(line) >= LONGEST_TEMPLATE_LINE}
    assert not long
