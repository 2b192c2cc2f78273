"""Who wrote a draft: everyone who changed the app's answers since it was last published. They may not approve it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.access import Actor
from portal.models import User
from privacy.drafts.snapshots import OURS
from privacy.models import App, Edit, Snapshot

Source = Snapshot.Source


SOMEBODY: Final = "somebody at Atlassian"


@dataclass(frozen=True)
class Author:
    """Who changed a draft. `id`: the account here, None for the command line and for who is unknown here.

    account  the Atlassian account id, where that is all that Atlassian says of somebody unknown here
    unknown  Atlassian names nobody who is known here: whoever approves has to say that it was not them
    """

    id: int | None
    label: str
    account: str = ""
    unknown: bool = False

    def as_json(self) -> dict:
        """The form in which reviews keep it."""
        facts = {"id": self.id, "label": self.label}
        return facts | ({"account": self.account, "unknown": True} if self.unknown else {})


def is_among(actor: Actor, people: Iterable[dict]) -> bool:
    """Whether this person is on a list as reviews keep it; also by name, should the account be a new one."""
    user, label = actor.user, actor.label.casefold()
    account = user.atlassian_account_id if user else ""
    return any(
        (user is not None and user.pk == other["id"])
        or label == other["label"].casefold()
        or (account and account == other.get("account"))
        for other in people
    )


def authors(app: App) -> list[dict]:
    """Everyone who changed the answers of an app since it was last published: [{"id", "label", …}, …].

    Who gave an answer that went out, who sent the draft as it is, and whoever Atlassian names for a version that was
    made there. Other connections to the same product count too.
    """
    if app.draft is None:
        return []
    edits = Edit.objects.filter(owner__app__product_id=app.product_id, sent=True, published=False)
    sent = Snapshot.objects.filter(
        owner__app__product_id=app.product_id, source__in=OURS, content_hash=app.draft.content_hash, published=False
    )
    found = {Author(*row) for row in edits.order_by().values_list("author_id", "author_label").distinct()}
    found |= {Author(*row) for row in sent.order_by().values_list("actor_id", "actor_label").distinct()}
    named = changed_at_atlassian(app).order_by().values_list("remote_changed_by", "remote_account_id").distinct()
    found |= {_named(name, account) for name, account in named}
    return [person.as_json() for person in sorted(found, key=lambda person: (person.label, person.id or 0))]


def changed_at_atlassian(app: App) -> QuerySet[Snapshot]:
    """The drafts since the app was last published that were not sent from here, other than what is live."""
    drafts = Snapshot.objects.filter(owner__app__product_id=app.product_id, source=Source.DRAFT, published=False)
    if app.live is not None:
        drafts = drafts.exclude(content_hash=app.live.content_hash)
    # What was sent from here carries the account of the connection, whoever wrote it.
    ours = Snapshot.objects.filter(
        owner__app__product_id=app.product_id,
        source__in=OURS,
        content_hash=OuterRef("content_hash"),
        pk__lt=OuterRef("pk"),
    )
    return drafts.exclude(Exists(ours))


def changed_by(snapshot: Snapshot) -> str:
    """Whom Atlassian names for a version, in words."""
    return _named(snapshot.remote_changed_by, snapshot.remote_account_id).label


def _named(name: str, account: str) -> Author:
    """The person that Atlassian names by e-mail address or account id."""
    known = Q(email__iexact=name) if name else Q(pk=None)
    user = User.objects.filter(known | (Q(atlassian_account_id=account) if account else Q(pk=None))).first()
    if user is not None:
        return Author(user.pk, user.email)
    return Author(None, name or (f"account {account}" if account else SOMEBODY), account, unknown=True)
