"""The router: finds the call of a request, checks the account, and applies the failure switches."""

import json
import secrets
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sandbox import confluence, faults, jira, marketplace, organization
from sandbox.messages import Problem, SandboxRequest, SandboxResponse
from sandbox.names import ACME, API_HOST, SITES
from sandbox.rights import caller_of, unauthorized
from sandbox.routes import Route
from sandbox.state import State

DIALECT_HEADER = "x-sandbox-dialect"
SITE_HEADER = "x-sandbox-site"


@dataclass(frozen=True)
class Api:
    """One of Atlassian's APIs: where its paths begin, which credentials it takes, how it refuses."""

    prefix: str
    routes: list[Route]
    site: bool
    basic: bool
    bearer: bool
    unauthorized_shape: str
    shape: str
    anonymous: bool = False


APIS = (
    Api("/wiki/api/v2", confluence.ROUTES, True, True, False, "gateway", "v2"),
    Api("/rest/api/3", jira.ROUTES, True, True, False, "text", "jira"),
    Api("/admin", organization.ROUTES, False, False, True, "gateway", "org"),
    Api("/marketplace/rest/3", marketplace.ROUTES, False, True, True, "gateway", "market", anonymous=True),
)
_BY_CLOUD_ID = {cloud_id: host for host, cloud_id in SITES.items()}
_Table = dict[int, list[tuple[tuple[str | None, ...], Route]]]


def _table(routes: list[Route]) -> _Table:
    """Routes by number of path segments; a segment of None takes any value."""
    table: _Table = {}
    for route in routes:
        segments = tuple(None if part.startswith("{") else part for part in route.path.split("/"))
        table.setdefault(len(segments), []).append((segments, route))
    # Of two routes that fit, the one that spells more out is meant: /project/search before /project/{idOrKey}.
    for found in table.values():
        found.sort(key=lambda entry: sum(part is None for part in entry[0]))
    return table


_TABLES = {api.prefix: _table(api.routes) for api in APIS}


def handle(
    state: State,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes = b"",
    *,
    dialect: str = "",
    switches: bool = True,
) -> SandboxResponse:
    """Answer one request. `url` is absolute; `dialect` "" means as the host is set, or as a header asks.

    `switches`: whether the failure switches act. The answer's delays and breaks are for the transport to carry out.
    Raises nothing for a bad request.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return Problem(400, "Bad Request", shape="html").response()
    request = SandboxRequest(
        method.upper(),
        (parts.hostname or "").lower(),
        parts.path,
        parts.query,
        {name.lower(): value for name, value in headers.items()},
        body or b"",
        f"{parts.scheme}://{parts.netloc}",
        url,
    )
    try:
        response = _answer(state, request, dialect, switches)
    except Problem as problem:
        response = problem.response()
    response.call = request.call or "unknown"
    response.headers.setdefault("Atl-Traceid", secrets.token_hex(16))
    return response


def deliver_late(state: State) -> list[SandboxResponse]:
    """Carry out the calls that `faults.late_arrival` held back, oldest first; their answers reach nobody."""
    with state.write() as db:
        rows = db.execute("SELECT * FROM late ORDER BY id").fetchall()
        db.execute("DELETE FROM late")
    return [
        handle(
            state,
            row["method"],
            row["url"],
            json.loads(row["headers"]),
            row["body"],
            dialect=row["dialect"],
            switches=False,
        )
        for row in rows
    ]


def _answer(state: State, request: SandboxRequest, dialect: str, with_switches: bool) -> SandboxResponse:
    api, path, bearer = _locate(state, request)
    request.shape = api.shape
    request.dialect = dialect or request.headers.get(DIALECT_HEADER, "") or state.dialect(request.host)
    route = _find(api, path, request)
    request.call = route.call
    state.count(route.call)
    switches = faults.matching(state, request) if with_switches else []
    instead = faults.before(state, request, switches) if switches else None
    if instead is None:
        try:
            _authorize(state, request, api, route, bearer)
            instead = route.handler(state, request)
        except Problem as problem:
            instead = problem.response()
    return faults.after(state, instead, switches) if switches else instead


def _locate(state: State, request: SandboxRequest) -> tuple[Api, str, bool]:
    """The API meant, the path below its base, and whether bearers are taken there; sets the request's host."""
    gateway = request.path.startswith("/ex/")
    if gateway:
        request.host, request.path = _behind_gateway(request.path)
        request.origin = f"https://{request.host}"
    for api in APIS:
        if request.path.startswith(api.prefix + "/"):
            if not gateway:
                request.host = _host(request, api)
            return api, request.path.removeprefix(api.prefix), gateway or api.bearer
    state.count("unknown")
    raise Problem(404, "Oops, you've found a dead link", shape="html")


def _behind_gateway(path: str) -> tuple[str, str]:
    """The site and its path that `/ex/{product}/{cloudId}/…` stands for."""
    _, _, product, cloud_id, rest = [*path.split("/", 4), ""][:5]
    host, prefix = _BY_CLOUD_ID.get(cloud_id, ""), {"confluence": "wiki/", "jira": "rest/"}.get(product)
    if not host or prefix is None or not rest.startswith(prefix):
        raise Problem(404, "No such resource", shape="gateway")
    return host, f"/{rest}"


def _host(request: SandboxRequest, api: Api) -> str:
    """Which host of Atlassian's is meant; a server on a local address plays them all."""
    host = request.host
    if not api.site:
        if host in SITES:
            raise Problem(404, "Oops, you've found a dead link", shape="html")
        return API_HOST
    if host in SITES:
        return host
    if host == API_HOST or host.endswith(".atlassian.net"):
        raise Problem(404, "Your Atlassian Cloud site is currently unavailable", shape="html")
    asked = request.headers.get(SITE_HEADER, "") or request.one(SITE_HEADER)
    if asked and not any(asked.lower() in site for site in SITES):
        raise Problem(404, "Your Atlassian Cloud site is currently unavailable", shape="html")
    return next((site for site in SITES if (asked or host.split(".")[0]).lower() in site), ACME)


def _find(api: Api, path: str, request: SandboxRequest) -> Route:
    segments = tuple(path.split("/"))
    others = set()
    for pattern, route in _TABLES[api.prefix].get(len(segments), ()):
        if request.dialect in route.dialects and all(
            want is None or want == part for want, part in zip(pattern, segments, strict=True)
        ):
            if route.method == request.method:
                names = route.path.split("/")
                request.args = {
                    name[1:-1]: unquote(part)
                    for name, want, part in zip(names, pattern, segments, strict=True)
                    if want is None
                }
                return route
            others.add(route.method)
    if others:
        raise Problem(405, "Method Not Allowed", shape="plain", headers={"Allow": ", ".join(sorted(others))})
    raise Problem(404, "Not Found", shape="empty")


def _authorize(state: State, request: SandboxRequest, api: Api, route: Route, bearer: bool) -> None:
    shape = api.unauthorized_shape
    with state.read() as db:
        request.caller = caller_of(db, request, basic=api.basic, bearer=bearer, shape=shape)
    if request.caller.anonymous and not api.anonymous:
        raise unauthorized(shape)
    scopes = request.caller.scopes
    if scopes is not None and not scopes.issuperset(route.scopes):
        raise Problem(401, "Unauthorized; scope does not match", shape="gateway")
