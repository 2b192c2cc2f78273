"""The edit form as a whole, discarding the working copy, and restoring versions."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.access import actor_of
from portal.counts import agreeing, counted
from portal.jobs.operations import remote_work
from portal.responses import fragment_error
from privacy.drafts import working_copy
from privacy.models import App, Snapshot
from privacy.views import forms, questions
from privacy.views.app_context import AppContext
from privacy.views.pages import PROBLEMS, find, on_app, show_app, show_form, url
from privacy.views.release import app_save


@on_app("privacy.edit")
@require_http_methods(["GET", "HEAD", "POST"])
@remote_work("Saving your answers")
def app_edit(request: HttpRequest, app: App) -> HttpResponse:
    """The form; without JavaScript each section is posted as a whole, with the same service per answer."""
    if request.method != "POST":
        return show_form(request, app)
    try:
        if "vocabulary" in request.POST:
            chosen = request.POST["vocabulary"]
            working_copy.open_working_copy(actor=actor_of(request), app=app, vocabulary=chosen)
            return redirect(url("app_edit", app))
        kept, problems = _keep_all(request, app)
    except PROBLEMS as problem:
        return fragment_error(str(problem), 409) if request.htmx else show_form(request, app, refusal=problem)  # type: ignore[attr-defined]
    if problems:
        return show_form(request, find(app.connection, app.app_key), problems=problems, kept=kept)
    if request.POST.get("then") == "save":
        return app_save(request, slug=app.connection.slug, app_key=app.app_key)
    messages.success(request, _kept_sentence(kept))
    return redirect(url("app_edit", app, section=request.GET.get("section", "")))


def _keep_all(request: HttpRequest, app: App) -> tuple[int, dict[str, forms.Problem]]:
    """Keep the answers that were changed on the posted page; how many, and those that were not kept, by pointer."""
    page = AppContext(app).form
    kept, problems = 0, {}
    for given in forms.given_on(questions.views_of(page), request.POST):
        if forms.is_as_loaded(given, page.document):
            continue
        outcome = forms.keep(actor=actor_of(request), app=app, given=given)
        if isinstance(outcome, forms.Problem):
            problems[given.pointer] = outcome
        else:
            kept += outcome.changed
    return kept, problems


def _kept_sentence(kept: int) -> str:
    if not kept:
        return "Nothing was different from before, so nothing changed."
    return (
        f"{counted(kept, 'answer')} {agreeing(kept, 'is', 'are')} saved here, in the working copy. Customers see "
        "nothing of it before it is saved to Marketplace, approved and published."
    )


@on_app("privacy.edit", post=True)
def app_reset(request: HttpRequest, app: App) -> HttpResponse:
    """Discard the changes of the working copy; what it held is kept as a version."""
    try:
        version = working_copy.reset_working_copy(actor=actor_of(request), app=app)
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    if version is None:
        sentence = "The working copy held no changes, so nothing was discarded."
    else:
        sentence = "The changes are discarded. You can restore them from “Versions”."
    messages.success(request, sentence)
    return redirect(url("app", app))


@on_app("privacy.edit", post=True)
def app_restore(request: HttpRequest, app: App, pk: int) -> HttpResponse:
    """Make a version the working copy."""
    snapshot = Snapshot.objects.filter(owner=app.owner_id, pk=pk).first()
    if snapshot is None:
        raise Http404("There is no such version of this document. Nothing was changed.")
    try:
        working_copy.restore(actor=actor_of(request), app=app, snapshot=snapshot)
    except PROBLEMS as problem:
        return show_app(request, app, problem=problem)
    messages.success(request, "The version is the working copy now. Review what it changes, then save to Marketplace.")
    return redirect(url("app_compare", app, before="live", after="working"))
