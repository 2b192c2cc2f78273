"""Requesting approval, approving, requesting changes and withdrawing, for one exact content."""

from django.db import IntegrityError, transaction

from portal import access, registry
from portal.access import Actor
from portal.counts import agreeing, counted
from privacy import audit_entries
from privacy.document.checks import check, errors
from privacy.document.document import Document
from privacy.marketplace import refresh
from privacy.models import App, Review, Snapshot, Verdict, WorkingCopy
from privacy.refusals import DRAFT_HIDDEN, SignOffRefused
from privacy.reviews.authors import authors, is_among
from privacy.reviews.shown_comparison import Shown
from privacy.reviews.status import close, current_review

State = Review.State
Kind = Verdict.Kind
NOT_ONES_OWN = (
    "You changed this app’s answers since it was last published, or requested this approval. Somebody else has to "
    "approve it."
)


def request_approval(*, actor: Actor, app: App, note: str = "") -> Review:
    """Request approval of the draft exactly as it is at Atlassian now (it is read first). Needs privacy.edit.

    Raises SignOffRefused: no draft, a working copy that is not saved, already asked or approved, the same as live.
    Raises ApiError and PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.edit")
    app = refresh.refresh_app(actor=actor, app=app)
    draft = _askable(app)
    people = authors(app)
    with transaction.atomic():
        App.locked(app.pk)
        _make_room(actor, app)
        try:
            with transaction.atomic():
                review = Review.objects.create(
                    owner_id=app.owner_id,
                    snapshot=draft,
                    content_hash=draft.content_hash,
                    live_hash=app.live_hash,
                    note=_clean(note),
                    requested_by=actor.user,
                    requested_by_label=actor.label,
                    authors=people,
                )
        except IntegrityError:
            raise SignOffRefused("Somebody else requested approval at this very moment.") from None
        audit_entries.record(
            actor,
            app,
            "review.ask",
            after={
                "content": draft.content_hash,
                "live": review.live_hash,
                "authors": [person["label"] for person in people],
            },
            reason=review.note,
        )
    return review


def _askable(app: App) -> Snapshot:
    if app.alert:
        raise SignOffRefused("An alert about what is live is open. Resolve it before you request approval.")
    if app.draft_state == App.Presence.HIDDEN:
        raise SignOffRefused(f"{DRAFT_HIDDEN} Approval was not requested. Refresh the app, then ask.")
    if app.draft is None:
        raise SignOffRefused(f"There is no draft of “{app.name}” at Marketplace. Save one first, then ask.")
    working = WorkingCopy.objects.select_related("base").filter(owner=app.owner_id).first()
    if working is not None and working.is_changed and working.content_hash != app.draft.content_hash:
        raise SignOffRefused(
            "The working copy has changes that are not in the draft. Save them to Marketplace or discard them, then "
            "request approval again."
        )
    if app.draft.content_hash == app.live_hash:
        raise SignOffRefused("The draft says the same as what is live, so there is nothing to approve.")
    found = errors(check(Document.from_text(app.draft.text)))
    if found:
        what = f"{counted(len(found), 'error')} {agreeing(len(found), 'is', 'are')}"
        raise SignOffRefused(
            f"{what} open in the draft, so approval was not requested. Correct, save, and request it again.",
            findings=found,
        )
    return app.draft


def _make_room(actor: Actor, app: App) -> None:
    """A review that requested changes, or whose live version moved on, gives way to the new one; others stand."""
    review = current_review(app)
    if review is None:
        return
    if review.state == State.PUBLISHING:
        raise SignOffRefused("It is being published right now. Refresh the app to see how that ended.")
    live_moved = review.live_hash != app.live_hash
    if review.state == State.CHANGES or live_moved:
        because = "Live changed since." if live_moved else "Approval was requested again."
        close(actor=actor, review=review, state=State.LAPSED, because=because)
        return
    if review.state == State.OPEN:
        raise SignOffRefused(f"{review.requested_by_label} has requested approval of this content already.")
    raise SignOffRefused("This very content is approved already. It can be published.")


def withdraw_request(*, actor: Actor, review: Review) -> Review:
    """Take the request, or the sign-off itself, back. Needs privacy.edit. Raises SignOffRefused, PermissionDenied."""
    access.require(actor, review.app.connection, "privacy.edit")
    review = _loaded(review)
    if review.state not in (State.OPEN, State.APPROVED, State.CHANGES):
        raise SignOffRefused(
            f"There is nothing to withdraw: this request is closed ({review.get_state_display().lower()})."
        )
    because = f"{actor.label} withdrew it."
    if not close(actor=actor, review=review, state=State.WITHDRAWN, because=because, action="review.withdraw"):
        raise SignOffRefused("Somebody else decided on it at this very moment. Look at it again.")
    return review


def approve(
    *, actor: Actor, review: Review, expected: str, comment: str = "", expected_live: str | None = None
) -> Verdict:
    """Sign off. `expected`, `expected_live`: the content hashes of the draft and of live that the reviewer compared.

    Live is by default what it was when approval was requested. Both are read again first; if the draft is not that
    content any more, the review lapses, and if live is not, nothing is decided. Needs privacy.approve, and not to be
    among the authors. Raises SignOffRefused, ApiError, PermissionDenied.
    """
    kind = Kind.COMMENT if _clean(comment) else Kind.APPROVE
    expected_live = review.live_hash if expected_live is None else expected_live
    return _judge(actor, review, Shown(expected, expected_live), kind, comment, State.APPROVED)


def request_changes(
    *, actor: Actor, review: Review, expected: str, comment: str, expected_live: str | None = None
) -> Verdict:
    """Say what has to change; the comment is needed. Works on a signed-off review too. Raises as `approve` does.

    That live was changed since does not matter here.
    """
    if not _clean(comment):
        access.require(actor, review.app.connection, "privacy.approve")
        raise SignOffRefused("Say in the comment what has to change. Nothing was decided.")
    expected_live = review.live_hash if expected_live is None else expected_live
    return _judge(actor, review, Shown(expected, expected_live), Kind.CHANGES, comment, State.CHANGES)


def _judge(actor: Actor, review: Review, shown: Shown, kind: str, comment: str, to_state: str) -> Verdict:
    access.require(actor, review.app.connection, "privacy.approve")
    why_not = why_not_approve(actor, review)
    if why_not:
        raise SignOffRefused(why_not)
    app = refresh.refresh_app(actor=actor, app=review.app)
    review = _loaded(review)
    if review.state not in (State.OPEN, State.APPROVED):
        raise SignOffRefused(_closed(review))
    if app.draft_state == App.Presence.HIDDEN:
        raise SignOffRefused(f"{DRAFT_HIDDEN} Nothing was decided. Refresh the app, then decide.")
    # Looked up once more: Atlassian may name somebody by now whom it did not name when approval was requested.
    if is_among(actor, authors(app)):
        raise SignOffRefused(NOT_ONES_OWN)
    if shown.draft != review.content_hash:
        raise SignOffRefused(
            "The draft that you saw is not the one that approval was requested for. Nothing was decided. Review the "
            "changes below, then decide."
        )
    if kind != Kind.CHANGES and shown.live != app.live_hash:
        raise SignOffRefused(
            "Live was changed since you saw the comparison. Nothing was decided. Review the changes below, then decide."
        )
    with transaction.atomic():
        App.locked(app.pk)
        if not Review.objects.filter(pk=review.pk, state=review.state).update(state=to_state):
            raise SignOffRefused("Somebody else decided on it at this very moment. Look at it again.")
        verdict = Verdict.objects.create(
            review=review,
            kind=kind,
            comment=_clean(comment),
            content_hash=review.content_hash,
            live_hash=shown.live,
            reviewer=actor.user,
            reviewer_label=actor.label,
            role=_role(actor, review),
        )
        audit_entries.record(
            actor,
            review.app,
            f"review.{kind}",
            before={"sign_off": review.state},
            after={"sign_off": to_state, "content": review.content_hash, "role": verdict.role},
            reason=verdict.comment,
        )
    return verdict


def _closed(review: Review) -> str:
    if review.state == State.CHANGES:
        return "Changes were requested already. Once they are made, request approval again."
    if review.state == State.PUBLISHING:
        return "It is being published right now, so nothing can be decided any more."
    return f"This request is closed. {review.closed_because} Nothing was decided.".replace("  ", " ")


def why_not_approve(actor: Actor, review: Review) -> str:
    """One sentence why this person may not approve this review (author, rights, state); "" when they may."""
    if not access.may(actor, review.app.connection, "privacy.approve"):
        return "You have no role here that approves drafts."
    if review.state not in (State.OPEN, State.APPROVED):
        return _closed(review)
    if actor.kind is not access.Kind.PERSON:
        return "An approval needs a person's name."
    asked = {"id": review.requested_by_id, "label": review.requested_by_label}
    return NOT_ONES_OWN if is_among(actor, [asked, *review.authors]) else ""


def last_reviewed(actor: Actor, app: App) -> Snapshot | None:
    """The draft that this person decided on last, where that says what is new to them; else None.

    They compared it with live. While live is still the same, what changed since is all that they have not seen.
    """
    if actor.user is None:
        return None
    last = (
        Verdict.objects.filter(review__owner=app.owner_id, reviewer=actor.user)
        .select_related("review__snapshot")
        .last()
    )
    if last is None or last.live_hash != app.live_hash or last.content_hash == app.draft_hash:
        return None
    return last.review.snapshot


def _loaded(review: Review) -> Review:
    return Review.objects.select_related("owner__app__connection", "snapshot").get(pk=review.pk)


def _role(actor: Actor, review: Review) -> str:
    held = access.roles_by_connection(actor.user).get(review.app.connection_id, set()) if actor.user else set()
    signing = [key for key, role in registry.ROLES.items() if key in held and "privacy.approve" in role.capabilities]
    return signing[0][:40] if signing else ""


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def _labels(people: list[dict]) -> list[str]:
    return [person["label"] for person in people]
