"""A signed note in the form of the verdict that says which comparison the reviewer was shown."""

from dataclasses import dataclass
from typing import Final

from django.core import signing

from portal.models import User

SALT: Final = "privacy.reviews.shown_comparison"


@dataclass(frozen=True)
class Shown:
    """The content hashes of the draft and of live ("" for none) that one person saw side by side."""

    draft: str
    live: str


def sign(user: User, shown: Shown) -> str:
    """The note for the form of the verdict."""
    return signing.dumps([user.pk, shown.draft, shown.live], salt=SALT)


def read(user: User, note: str) -> Shown | None:
    """What this person was shown; None for a note that is not of this server, or of somebody else."""
    try:
        pk, draft, live = signing.loads(note, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Shown(draft, live) if pk == user.pk else None
