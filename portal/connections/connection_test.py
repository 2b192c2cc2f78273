"""“Test connection”: which calls work with the stored account, and what is missing."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.conf import settings
from django.utils import timezone

from portal.access import Actor, require
from portal.atlassian.errors import ApiError, Misconfigured, NotFound
from portal.audit.record import record_action
from portal.connections import clients
from portal.counts import agreeing, counted
from portal.fields import SecretUnreadable
from portal.models import Connection
from sandbox.names import SITES


@dataclass(frozen=True)
class Line:
    """One thing that was tried. state: "works", "missing" (some functions will not) or "fails" (nothing will)."""

    state: str
    what: str
    detail: str
    needs: str = ""


def check(*, actor: Actor, connection: Connection) -> list[Line]:
    """Try each kind of call once, keep the result on the connection and return it. Raises PermissionDenied."""
    require(actor, connection, "connection.manage")
    try:
        lines = CHECKS[Connection.Kind(connection.kind)](connection)
    except SecretUnreadable as error:
        lines = [Line("fails", "Stored token", f"{error} Enter the token again.")]
    except ApiError as error:  # no call could be made at all
        lines = [Line("fails", "Address and token", f"{error.message} {error.advice}", error.needs)]
    connection.checked_at = timezone.now()
    connection.check_lines = [asdict(line) for line in lines]
    Connection.objects.filter(pk=connection.pk).update(
        checked_at=connection.checked_at, check_lines=connection.check_lines
    )
    worst = next((line for line in lines if line.state == "fails"), None)
    record_action(
        actor=actor,
        action="connection.checked",
        connection=connection,
        target_type="connection",
        target_id=connection.slug,
        target_label=connection.name,
        outcome="failed" if worst else "done",
        detail=worst.detail if worst else "",
    )
    return lines


def is_usable(lines: list[Line]) -> bool:
    return bool(lines) and not any(line.state == "fails" for line in lines)


def _check(what: str, call: Callable[[], str], *, optional: str = "") -> Line:
    """Run one call. `optional` says what is missed without it; a wrong account or address always fails."""
    try:
        return Line("works", what, call())
    except Misconfigured as error:
        return Line("fails", what, f"{error.message} {error.advice}", error.needs)
    except ApiError as error:
        state = "missing" if optional else "fails"
        return Line(state, what, f"{error.message} {optional or error.advice}", error.needs)


def _nothing_there(connection: Connection, product: str, error: NotFound) -> Misconfigured:
    """A first call that finds nothing has the wrong address; what it asked for exists everywhere."""
    known = f" This Trustdesk runs on its sandbox, which has {' and '.join(SITES)}." if settings.SANDBOX else ""
    return Misconfigured(
        f"Nothing that answers like {product} was found at {connection.url} (status {error.status}).",
        advice=f"Check the address of this connection.{known}",
        call=error.call,
        status=error.status,
        trace_id=error.trace_id,
    )


def _check_site(connection: Connection) -> list[Line]:
    confluence, jira = clients.confluence(connection), clients.jira(connection)

    def spaces() -> str:
        try:
            first = next(confluence.spaces(), None)
        except NotFound as error:
            raise _nothing_there(connection, "Confluence", error) from None
        return "Spaces can be read." if first else "The account signs in, but sees no space."

    def levels() -> str:
        found = sum(level.status == "PUBLISHED" for level in confluence.levels())
        return f"{counted(found, 'level')} can be applied." if found else "Offered, but no level is published yet."

    def projects() -> str:
        first = next(jira.projects(), None)
        return "Projects can be read." if first else "The account signs in, but sees no project."

    def policies() -> Line:
        what, missed = "Data security policies", "Spaces with blocked content cannot be marked."
        try:
            told = confluence.data_policy_blocks() is not None
        except ApiError as error:
            return Line("missing", what, f"{error.message} {missed}", error.needs)
        if told:
            return Line("works", what, "Spaces with blocked content can be marked.")
        return Line("missing", what, f"The site does not tell this account. {missed}")

    lines = [_check("Sign-in and spaces", spaces)]
    if lines[0].state == "fails":
        return lines
    try:
        lines.append(Line("works", "Data classification", levels()))
    except NotFound as error:
        lines.append(
            Line(
                "missing",
                "Data classification",
                "This site does not offer data classification to this account: its plan may not include it "
                "(Atlassian Guard), or the account may not use Confluence. Content can be listed, not classified.",
                error.needs,
            )
        )
    except ApiError as error:
        lines.append(Line("missing", "Data classification", f"{error.message} {error.advice}", error.needs))
    lines.append(_check("Jira projects", projects, optional="Projects will not be shown."))
    lines.append(policies())
    return lines


def _check_organization(connection: Connection) -> list[Line]:
    organization = clients.organization(connection)

    def levels() -> str:
        return f"{counted(len(list(organization.levels())), 'classification level')} can be read."

    def events() -> str:
        next(iter(organization.events(limit=1)), None)
        return "The organisation's audit log can be read."

    lines = [_check("Admin API key and levels", levels)]
    if lines[0].state != "fails":
        lines.append(_check("Audit log", events, optional="Changes made outside Trustdesk cannot be followed."))
    return lines


def _check_marketplace(connection: Connection) -> list[Line]:
    marketplace = clients.marketplace(connection)
    apps: list = []

    def developer_space() -> str:
        return f"Developer space “{marketplace.developer_space(connection.developer_id).name}”."

    def listing() -> str:
        apps.extend(marketplace.apps(connection.developer_id))
        listed = f"{counted(len(apps), 'app')} {agreeing(len(apps), 'is', 'are')} listed."
        return listed if apps else "The developer space has no apps."

    def live() -> str:
        info = marketplace.trust_info(apps[0].product_id, "live")
        return "Live documents can be read." if info else "Can be read; the first app has none yet."

    def draft() -> str:
        info = marketplace.trust_info(apps[0].product_id, "draft")
        return "Drafts can be read." if info else "Can be read; the first app has no draft."

    lines = [_check("Sign-in and developer space", developer_space)]
    if lines[0].state == "fails":
        return lines
    lines.append(_check("Apps", listing))
    if apps:
        lines.append(_check("Live documents", live, optional="Live documents will not be shown."))
        lines.append(_check("Drafts", draft, optional="Drafts cannot be edited with this account."))
    return lines


CHECKS: dict[Connection.Kind, Callable[[Connection], list[Line]]] = {
    Connection.Kind.SITE: _check_site,
    Connection.Kind.ORGANIZATION: _check_organization,
    Connection.Kind.MARKETPLACE: _check_marketplace,
}
