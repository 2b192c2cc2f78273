"""One answer of the edit form at a time: saving it, undoing it, reverting it to live, restoring a removed record."""

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import actor_of
from portal.responses import fragment_error, with_toast
from privacy import refusals
from privacy.document import catalogue
from privacy.drafts import answering
from privacy.drafts.form_page import EditPage, worked_on_document
from privacy.models import App, Edit
from privacy.views import forms, questions
from privacy.views.app_context import AppContext
from privacy.views.pages import PROBLEMS, Problem, find, on_app, show_compare, show_form, status_of, url

NOT_RECEIVED = "The answer did not arrive. Nothing was changed. Reload the page and try again."
STILL_HERE = "What you typed is still on this page."


@on_app("privacy.edit")
@require_http_methods(["GET", "POST"])
def app_answer(request: HttpRequest, app: App) -> HttpResponse:
    """One question: saves what was typed, or (GET) shows it again as it is now."""
    try:
        field = catalogue.field_named(request.GET.get("field", ""))
    except KeyError:
        raise Http404("There is no such question any more. Nothing was changed. Reload the page.") from None
    if request.method == "GET":
        return _show_question(request, app, field.pointer)
    if "without_hidden" in request.POST:
        return _remove_hidden(request, app, field)
    given = forms.given_answer(field, request.POST)
    if given is None:
        return fragment_error(NOT_RECEIVED, 400)
    try:
        outcome = forms.keep(actor=actor_of(request), app=app, given=given)
    except PROBLEMS as refusal:
        return fragment_error(f"{refusal} {STILL_HERE}", status_of(refusal))
    return _after_answer(request, app, given, outcome)


def _remove_hidden(request: HttpRequest, app: App, field: catalogue.Field) -> HttpResponse:
    """Save the same answer without its hidden characters, and draw its control anew."""
    given = forms.given_without_hidden(field, worked_on_document(app), request.POST)
    try:
        outcome = forms.keep(actor=actor_of(request), app=app, given=given)
    except PROBLEMS as refusal:
        return fragment_error(f"{refusal} {STILL_HERE}", status_of(refusal))
    if isinstance(outcome, forms.Problem) or not request.htmx:  # type: ignore[attr-defined]
        return _after_answer(request, app, given, outcome)
    sentence = f"The hidden characters are removed from “{field.question[:120]}”."
    return _show_question(request, app, field.pointer, sentence)


@on_app("privacy.edit")
@require_http_methods(["GET", "POST"])
def app_unknown(request: HttpRequest, app: App) -> HttpResponse:
    """One value that is edited as JSON: a place that the catalogue does not know, or an answer of another type."""
    pointer = request.GET.get("pointer", "")
    view = questions.views_of(AppContext(app).form).get(pointer)
    if view is None:
        raise Http404("This place is not in the document any more, so nothing was changed. Reload the page.")
    if request.GET.get("of", "") != getattr(view, "of", ""):
        return _refuse(request, app, "This place belongs to another entry now. Nothing was changed. Reload the page.")
    if request.method == "GET":
        return _show_question(request, app, pointer)
    given = forms.given_json(pointer, request.POST)
    if given is None:
        return fragment_error(NOT_RECEIVED, 400)
    try:
        outcome = forms.keep(actor=actor_of(request), app=app, given=given)
    except PROBLEMS as refusal:
        return fragment_error(f"{refusal} {STILL_HERE}", status_of(refusal))
    return _after_answer(request, app, given, outcome)


@on_app("privacy.edit")
@require_safe
def app_record(request: HttpRequest, app: App) -> HttpResponse:
    """What one record of many holds: the page draws it when the record is opened."""
    field = catalogue.CATALOGUE.by_name.get(request.GET.get("field", ""))
    row = forms.row_of(field, worked_on_document(app), request.GET.get("token", "")) if field else None
    if field is None or row is None:
        raise Http404("This entry is not there any more. Nothing was changed. Reload the page.")
    return render(request, "privacy/_record_body.html", {"field": field, "key": field.name, "row": row})


# --- what is drawn after an answer ----------------------------------------------------------------------------------


def _after_answer(
    request: HttpRequest, app: App, given: forms.Given, outcome: answering.Answered | forms.Problem
) -> HttpResponse:
    """The form again where there are no scripts, else what changes on the page."""
    if request.htmx:  # type: ignore[attr-defined]
        return _answered(request, app, given, outcome)
    if isinstance(outcome, forms.Problem):
        return show_form(request, find(app.connection, app.app_key), problems={given.pointer: outcome})
    return redirect(url("app_edit", app))


def _answered(
    request: HttpRequest, app: App, given: forms.Given, outcome: answering.Answered | forms.Problem
) -> HttpResponse:
    """What changes on the page after one answer; the control itself is not touched, so nobody's typing is lost.

    Unless the value is of another kind now, so that the control could not post it again.
    """
    problem, pointer = outcome if isinstance(outcome, forms.Problem) else None, given.pointer
    answered = outcome if isinstance(outcome, answering.Answered) else None
    page = AppContext(find(app.connection, app.app_key), answered)
    question = questions.one(page.form, pointer, viewer=request.user, problem=problem)  # type: ignore[arg-type]
    if question is None and problem is not None:
        return fragment_error(f"{problem.sentence} What you typed is still on this page.", 409)
    if question is None:
        if catalogue.holds_answers(pointer):
            messages.success(request, "The answer is kept. What it holds is asked question by question now.")
        return _reload()
    context = _around(request, page, question)
    if problem is None and question.key not in request.POST and f"{question.key}.row" not in request.POST:
        response = render(request, "privacy/_replaced.html", context)
        response["HX-Retarget"] = f"#{question.anchor}"
        return response
    if isinstance(outcome, answering.Answered):
        context |= _records_after(request, page.form, question, given, outcome)
    status = 200 if problem is None else 409 if problem.conflict else 422
    return render(request, "privacy/_answered.html", context, status=status)


def _records_after(
    request: HttpRequest,
    page: EditPage,
    question: questions.Question,
    given: forms.Given,
    outcome: answering.Answered,
) -> dict:
    """What the page has to know after its records changed: how they are called now, and what else lies in them now."""
    if given.field is None or given.field.kind != "records":
        return {}
    inside, gone = questions.inside(page, question, outcome.before, viewer=request.user)  # type: ignore[arg-type]
    return {"tokens": forms.tokens_after(given, outcome), "inside": inside, "gone": gone}


def _show_question(request: HttpRequest, app: App, pointer: str, sentence: str = "") -> HttpResponse:
    """One question drawn anew with its control, as after undo."""
    page = AppContext(find(app.connection, app.app_key))
    question = questions.one(page.form, pointer, viewer=request.user)  # type: ignore[arg-type]
    if question is None:
        return _reload()
    response = render(request, "privacy/_replaced.html", _around(request, page, question))
    return with_toast(response, sentence) if sentence else response


def _around(request: HttpRequest, page: AppContext, question: questions.Question) -> dict:
    """What else shows on the page after an answer: questions that come or go, checks, progress, the bar."""
    given = request.POST if request.method == "POST" else request.GET
    viewer: Model | None = request.user  # type: ignore[assignment]
    section = given.get("on_section", "")
    shown = questions.chosen_sections(page.form, section)
    return {
        "form": page.form,
        "unsaved": page.unsaved,
        "unsaved_by": page.unsaved_by,
        "app": page.app,
        "question": question,
        "section": section,
        "visibility_changes": questions.visibility_changes(page.form, question, given.getlist("shown"), viewer=viewer)
        if question.known
        else (),
        "others": [view for part in shown for view in part.fields if view is not question.view and view.asked],
    }


def _reload() -> HttpResponse:
    """The page shows a place that is not there any more: htmx loads it again."""
    response = HttpResponse(status=200)
    response["HX-Refresh"] = "true"
    return response


# --- steps back -----------------------------------------------------------------------------------------------------


@on_app("privacy.edit", post=True)
def app_undo(request: HttpRequest, app: App) -> HttpResponse:
    """Put back what was there before one answer."""
    edit = _edit_named(app, request.POST.get("edit", ""))
    if edit is None:
        return _refuse(request, app, "There is no such answer to undo. Nothing was changed.")
    try:
        answering.undo(actor=actor_of(request), app=app, edit=edit)
    except PROBLEMS as problem:
        return _refuse(request, app, _in_short(problem), status_of(problem))
    label = f"“{edit.label[:120]}”" if edit.label else "The answer"
    return _show_step(request, app, edit.pointer, f"{label} is as it was before.")


@on_app("privacy.edit", post=True)
def app_bring_back(request: HttpRequest, app: App) -> HttpResponse:
    """Put a removed record back into its list."""
    edit, place = _edit_named(app, request.POST.get("edit", "")), request.POST.get("place", "")
    if edit is None or not _is_number(place):
        return _refuse(request, app, "There is no such removed record. Nothing was changed. Reload the page.")
    try:
        answering.bring_back(actor=actor_of(request), app=app, edit=edit, place=int(place))
    except PROBLEMS as problem:
        return _refuse(request, app, _in_short(problem), status_of(problem))
    return _show_step(request, app, edit.pointer, "The record is back in the list.")


@on_app("privacy.edit")
@require_safe
def app_changed_records(request: HttpRequest, app: App) -> HttpResponse:
    """Which records of a list are something else live; pairing those of two long lists takes too long for each save."""
    field = catalogue.CATALOGUE.by_name.get(request.GET.get("field", ""))
    question = field and questions.one(AppContext(app).form, field.pointer, viewer=None)
    if field is None or field.kind != "records" or question is None:
        raise Http404("These records are not there any more. Nothing was changed. Reload the page.")
    return render(request, "privacy/_changed_records.html", {"app": app, "q": question})


@on_app("privacy.edit", post=True)
def app_take_live_record(request: HttpRequest, app: App) -> HttpResponse:
    """Put what is live of one record, which has this `place` in the list that the page showed, into the list."""
    pointer, place, expected = (request.POST.get(name, "") for name in ("pointer", "place", "expected"))
    if not expected or not _is_number(place):
        return _refuse(request, app, "There is no such record. Nothing was changed. Reload the page.")
    try:
        answering.take_live_record(
            actor=actor_of(request), app=app, pointer=pointer, place=int(place), expected=expected
        )
    except PROBLEMS as problem:
        return _refuse(request, app, _in_short(problem), status_of(problem))
    return _show_step(request, app, pointer, "The record is as it is live. Save it to Marketplace to change the draft.")


@on_app("privacy.edit", post=True)
def app_take_live(request: HttpRequest, app: App) -> HttpResponse:
    """Put the live value of one place into the working copy, in the place of what the page showed."""
    pointer, expected = request.POST.get("pointer", ""), request.POST.get("expected", "")
    if not expected:
        return _refuse(request, app, "This page does not say what it showed. Nothing was changed. Open it again.")
    try:
        answering.take_live_value(actor=actor_of(request), app=app, pointer=pointer, expected=expected)
    except PROBLEMS as problem:
        return _refuse(request, app, _in_short(problem), status_of(problem))
    sentence = "The live value is in the working copy now. Save it to Marketplace to change the draft."
    return _show_step(request, app, pointer, sentence)


def _edit_named(app: App, number: str) -> Edit | None:
    """The entry of the edit log with this id."""
    if not _is_number(number):
        return None
    return Edit.objects.filter(owner=app.owner_id, pk=number).select_related("author").first()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _in_short(problem: Problem) -> str:
    """What is said where nothing was typed."""
    return problem.in_short if isinstance(problem, refusals.AnswerConflict) else str(problem)


def _show_step(request: HttpRequest, app: App, pointer: str, sentence: str) -> HttpResponse:
    """The answer as it is after a step back, on the page that asked."""
    if request.htmx:  # type: ignore[attr-defined]
        return _show_question(request, app, pointer, sentence)
    messages.success(request, sentence)
    if request.POST.get("to") == "compare":
        show = "all" if request.POST.get("show") == "all" else ""
        return redirect(url("app_compare", app, before="live", after="working", show=show))
    return redirect(url("app_edit", app, section=catalogue.section_of(pointer).key))


def _refuse(request: HttpRequest, app: App, sentence: str, status: int = 409) -> HttpResponse:
    """Say why not, on the page that asked: what is there now is on it."""
    if request.htmx:  # type: ignore[attr-defined]
        return fragment_error(sentence, status)
    app, refusal = find(app.connection, app.app_key), refusals.Refusal(sentence)
    if request.POST.get("to") == "compare":
        show = request.POST.get("show", "")
        return show_compare(request, app, before="live", after="working", show=show, refusal=refusal)
    return show_form(request, app, refusal=refusal)
