"""The pages for saving, discarding, approving and publishing a document, and for resolving alerts."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.access import actor_of
from portal.jobs.operations import remote_work
from privacy import refusals
from privacy.marketplace import discarding, saving
from privacy.models import App
from privacy.reviews import approvals, publishing, shown_comparison
from privacy.reviews.status import newest_review
from privacy.views import forms
from privacy.views.app_context import AppContext
from privacy.views.pages import PROBLEMS, find, on_app, show_app, show_review, url

DECISION, DECIDED_ON = "decide:", "on:"


@on_app("privacy.edit", post=True)
@remote_work("Saving the draft to Marketplace")
def app_save(request: HttpRequest, app: App) -> HttpResponse:
    """Save the working copy to Marketplace; where the remote moved meanwhile, ask field by field first."""
    decided_on = request.POST.get("decided_on")
    decisions = {
        name.removeprefix(DECISION): value
        for name, value in request.POST.items()
        if name.startswith(DECISION) and value in ("mine", "theirs")
    }
    try:
        saved = saving.save_to_marketplace(
            actor=actor_of(request), app=app, decisions=decisions or None, decided_on=decided_on
        )
    except refusals.MovedMeanwhile as moved:
        return _show_moved(request, app, moved, _still_fitting(request, moved, decisions))
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    messages.success(request, saved.sentence)
    return redirect(url("app", app, version="draft"))


def _still_fitting(request: HttpRequest, moved: refusals.MovedMeanwhile, decisions: dict[str, str]) -> dict[str, str]:
    """The decisions on answers whose values are still those that the person saw."""
    now = {row.pointer: row.token for row in moved.three_way.rows}
    return {
        pointer: side
        for pointer, side in decisions.items()
        if request.POST.get(f"{DECIDED_ON}{pointer}", "") == now.get(pointer)
    }


def _show_moved(
    request: HttpRequest, app: App, moved: refusals.MovedMeanwhile, decisions: dict[str, str]
) -> HttpResponse:
    app = find(app.connection, app.app_key)  # the save has read it again
    context = {
        "tab": "edit",
        "page": AppContext(app),
        "app": app,
        "moved": moved,
        "decisions": decisions,
        "again": "decided_on" in request.POST,
    }
    return render(request, "privacy/moved.html", context, status=409)


@on_app("privacy.edit", post=True)
@remote_work("Discarding the draft")
def app_discard(request: HttpRequest, app: App) -> HttpResponse:
    """Discard the draft at Atlassian; it is kept as a version first."""
    try:
        kept = discarding.discard_draft(actor=actor_of(request), app=app)
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    sentence = f"The draft of “{app.name}” is discarded. You can restore it from “Versions”, as version {kept.pk}."
    messages.success(request, sentence)
    return redirect(url("app", app))


# --- sign-off -------------------------------------------------------------------------------------------------------


@on_app("privacy.edit", post=True)
@remote_work("Requesting approval")
def app_review_ask(request: HttpRequest, app: App) -> HttpResponse:
    """Request approval of the draft as it is."""
    form = forms.NoteForm(request.POST)
    if not form.is_valid():
        return show_app(request, app, form=form, status=422)
    try:
        approvals.request_approval(actor=actor_of(request), app=app, note=form.cleaned_data["note"])
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    messages.success(request, "You requested approval. Reviewers see exactly this draft beside what is live.")
    return redirect(url("app", app))


@on_app("privacy.edit", post=True)
def app_review_withdraw(request: HttpRequest, app: App) -> HttpResponse:
    """Take the request for approval, or the sign-off, back."""
    review = newest_review(app)
    if review is None:
        nothing = refusals.SignOffRefused("Nobody requested approval, so there is nothing to withdraw.")
        return show_app(request, app, problem=nothing)
    try:
        approvals.withdraw_request(actor=actor_of(request), review=review)
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    messages.success(request, "The request for approval is withdrawn. The draft is unchanged.")
    return redirect(url("app", app))


@on_app("privacy.approve", post=True)
@remote_work("Recording your review")
def app_review_verdict(request: HttpRequest, app: App) -> HttpResponse:
    """Approve, approve with a comment, or request changes."""
    form = forms.VerdictForm(request.POST)
    if not form.is_valid():
        return show_review(request, app, form=form, status=422)
    try:
        sentence = _judge(request, app, **form.cleaned_data)
    except PROBLEMS as problem:
        return show_review(request, app, problem=problem)
    messages.success(request, sentence)
    return redirect(url("app", app))


def _judge(request: HttpRequest, app: App, *, verdict: str, comment: str, expected: str) -> str:
    actor, review = actor_of(request), newest_review(app)
    if review is None:
        raise refusals.SignOffRefused("Nobody requested approval, so there is nothing to decide.")
    why_not = approvals.why_not_approve(actor, review)
    if why_not:
        raise refusals.SignOffRefused(why_not)
    shown = shown_comparison.read(actor.user, expected) if actor.user else None
    if shown is None:
        raise refusals.SignOffRefused(
            "The draft can be approved only from the comparison with live. Nothing was decided. Review the changes "
            "below, then decide."
        )
    if verdict == "changes":
        approvals.request_changes(
            actor=actor, review=review, expected=shown.draft, expected_live=shown.live, comment=comment
        )
        return "You requested changes. Your comment stands beside the request."
    approvals.approve(actor=actor, review=review, expected=shown.draft, expected_live=shown.live, comment=comment)
    return "You approved this draft in exactly this form. Any later change to it dismisses the approval."


# --- publishing -----------------------------------------------------------------------------------------------------


@on_app("privacy.publish", post=True)
@remote_work("Publishing the draft")
def app_publish(request: HttpRequest, app: App) -> HttpResponse:
    """Publish what was approved, once, and say what reading live back showed."""
    try:
        result = publishing.publish(actor=actor_of(request), app=app)
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    if result.outcome != "alert":  # an alert stands on the page itself
        messages.add_message(request, messages.SUCCESS if result.ok else messages.WARNING, result.sentence)
    return redirect(url("app", app))


@on_app("privacy.publish", post=True)
def app_alert(request: HttpRequest, app: App) -> HttpResponse:
    """Resolve an alert, with what was found out."""
    form = forms.AlertForm(request.POST)
    if not form.is_valid():
        return show_app(request, app, form=form, status=422)
    try:
        publishing.resolve_alert(actor=actor_of(request), app=app, note=form.cleaned_data["note"])
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    messages.success(request, "The alert is resolved. What you found is on record in the activity.")
    return redirect(url("app", app))
