"""`classify NAME --item …`: sets, resets or removes the level of one page, blog post, space or project."""

from classification.inventory import refresh
from classification.levels.change import change_level
from classification.levels.defaults import ProjectDefault, SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.levels.targets import RESET, Target, Wanted
from classification.models import Item, Level, Project, Space
from classification.outcomes import LevelChange
from classification.selectors import find_item, find_project, find_space
from portal.access import Actor
from portal.management.base import Failed, ServiceCommand, Usage, connection_named
from portal.models import Connection


class Command(ServiceCommand):
    help = "Set, reset or remove the level of a page, a blog post, a space or a project."

    def arguments(self, parser) -> None:
        parser.add_argument("name", help="name of the connection")
        parser.add_argument("--item", required=True, metavar="page:ID|blogpost:ID|space:KEY|project:KEY")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--level", metavar="LEVEL", help="name or id of the level to set")
        what.add_argument("--reset", action="store_true", help="take the default of the space again")
        what.add_argument("--remove", action="store_true", help="take the level, or the default, away")
        parser.add_argument("--status", choices=("current", "draft"), help="of a page or blog post (default: current)")
        parser.add_argument("--reason", default="", help="needed when the protection falls")

    def run(self, actor: Actor, *, name: str, item: str, level: str | None, **options) -> dict:
        connection = connection_named(actor, name, Connection.Kind.SITE)
        kind, _, key = item.partition(":")
        _check(kind, key, level, options)
        # Only an explicit --reset or --remove takes a level away: an empty variable must never do it.
        wanted: Wanted = RESET if options["reset"] else None
        if level is not None:
            wanted = self._level(actor, connection, level)
        target = self._target(actor, connection, kind, key, options["status"])
        outcome = change_level(actor=actor, target=target, wanted=wanted, reason=options["reason"])
        if not outcome.ok:
            if self.as_json:
                self.print_json(_as_json(outcome))
            raise Failed(outcome.text + (f" (trace {outcome.trace_id})" if outcome.trace_id else ""))
        self.say(f"{outcome.message} {outcome.followed}".strip())
        return _as_json(outcome)

    def _level(self, actor: Actor, connection: Connection, text: str) -> Level:
        levels = Level.objects.filter(connection=connection, listed=True)
        if not levels.exists():
            refresh.read_levels(actor=actor, connection=connection)
        by_id = levels.filter(remote_id=text).first()
        if by_id is not None:
            return by_id
        named = [level for level in levels if level.name.casefold() == text.casefold()]
        # An archived level may share its name with the one that replaced it.
        named = [level for level in named if level.is_applicable] or named
        if not named:
            known = ", ".join(level.name for level in levels if level.is_applicable)
            raise Usage(f"There is no level “{text}” on “{connection.name}”. Levels: {known or 'none'}")
        if len(named) > 1:
            ids = ", ".join(level.remote_id for level in named)
            raise Usage(f"“{text}” is the name of {len(named)} levels; give the id of one: {ids}")
        return named[0]

    def _target(self, actor: Actor, connection: Connection, kind: str, key: str, status: str | None) -> Target:
        """What is named, read from the site where the inventory does not hold it."""
        if kind == "space":
            return SpaceDefault(self._space(actor, connection, key))
        if kind == "project":
            return ProjectDefault(self._project(actor, connection, key))
        return ItemLevel(self._item(actor, connection, kind, key, status))

    def _item(self, actor: Actor, connection: Connection, kind: str, remote_id: str, given: str | None) -> Item:
        status = given or Item.Status.CURRENT
        item: Item | None = find_item(connection, kind, remote_id, status)
        if item is None and not given:  # the service says what is true of archived content
            item = find_item(connection, kind, remote_id, Item.Status.ARCHIVED)
        if item is None:
            read = refresh.read_item(actor=actor, connection=connection, kind=kind, remote_id=remote_id, status=status)
            item = read.item
            assert item is not None
        return item

    def _space(self, actor: Actor, connection: Connection, key: str) -> Space:
        space: Space | None = find_space(connection, key)
        if space is None or not space.listed:
            space = refresh.read_space(actor=actor, connection=connection, key=key)
        return space

    def _project(self, actor: Actor, connection: Connection, key: str) -> Project:
        project: Project | None = find_project(connection, key)
        if project is None or not project.listed:
            refresh.read_projects(actor=actor, connection=connection)
            project = find_project(connection, key)
        if project is None:
            raise Failed(f"There is no project with the key {key} that the account of “{connection.name}” may see")
        return project


def _check(kind: str, key: str, level: str | None, options: dict) -> None:
    """Raise Usage for words that do not go together."""
    if kind not in ("page", "blogpost", "space", "project") or not key:
        raise Usage("--item is page:ID, blogpost:ID, space:KEY or project:KEY")
    if level is not None and not level.strip():
        raise Usage("--level is empty; to take a level away use --reset or --remove")
    if kind in ("space", "project") and options["reset"]:
        raise Usage(f"A {kind} has no default to go back to; use --remove to clear its own")
    if kind in ("space", "project") and options["status"]:
        raise Usage(f"--status is for pages and blog posts; a {kind} has none")


def _as_json(outcome: LevelChange) -> dict:
    return {
        "status": outcome.status,
        "changed": outcome.changed,
        "read_back": outcome.read_back,
        "level": outcome.level.name if outcome.level else None,
        "level_id": outcome.level.remote_id if outcome.level else None,
        "message": outcome.message,
        "scan": outcome.scan.pk if outcome.scan else None,
        "followers_at_most": outcome.followers,
    }
