"""A call that the sandbox answers, as data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.messages import SandboxRequest, SandboxResponse
from sandbox.names import DIALECTS

if TYPE_CHECKING:
    from sandbox.state import State

Handler = Callable[["State", SandboxRequest], SandboxResponse]


@dataclass(frozen=True)
class Route:
    """`path` is a template below the API's base; an OAuth token needs all of `scopes`.

    Where the dialects differ in any of it, each has a route of its own.
    """

    call: str
    method: str
    path: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    dialects: tuple[str, ...] = field(default=DIALECTS)
