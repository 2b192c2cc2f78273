"""The edit form: autosaved answers, undo, and restoring versions."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import actor_of
from portal.counts import agreeing, counted
from portal.jobs.operations import remote_work
from portal.responses import fragment_error, with_toast
from privacy import refusals, selectors
from privacy.document import catalogue
from privacy.drafts import answering, working_copy
from privacy.drafts.form_page import EditPage, edit_page, worked_on_document
from privacy.drafts.unsaved_changes import unsaved_changes
from privacy.models import App, Edit
from privacy.views import forms, questions
from privacy.views.pages import PROBLEMS, act, find, on_app, show_compare, status_of, url
from privacy.views.release import app_save


@on_app("privacy.edit")
@require_http_methods(["GET", "HEAD", "POST"])
@remote_work("Saving your answers")
def app_edit(request: HttpRequest, app: App) -> HttpResponse:
    """The form; without JavaScript each section is posted as a whole, with the same service per answer."""
    if request.method != "POST":
        return _show_form(request, app)
    try:
        if "vocabulary" in request.POST:
            chosen = request.POST["vocabulary"]
            working_copy.open_working_copy(actor=actor_of(request), app=app, vocabulary=chosen)
            return redirect(url("app_edit", app))
        kept, problems = _keep_all(request, app)
    except PROBLEMS as problem:
        return fragment_error(str(problem), 409) if request.htmx else _show_form(request, app, refusal=problem)  # type: ignore[attr-defined]
    if problems:
        return _show_form(request, find(app.connection, app.app_key), problems=problems, kept=kept)
    if request.POST.get("then") == "save":
        return app_save(request, slug=app.connection.slug, app_key=app.app_key)
    messages.success(request, _kept_sentence(kept))
    return redirect(url("app_edit", app, section=request.GET.get("section", "")))


def _keep_all(request: HttpRequest, app: App) -> tuple[int, dict[str, forms.Problem]]:
    """Keep the answers that were changed on the posted page; how many, and those that were not kept, by pointer."""
    page = edit_page(app=app)
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


def _show_form(
    request: HttpRequest,
    app: App,
    *,
    problems: dict[str, forms.Problem] | None = None,
    refusal: Exception | None = None,
    kept: int = 0,
) -> HttpResponse:
    page, section = edit_page(app=app), request.GET.get("section", "")
    shown = selectors.app_page(app=app)
    parts = questions.parts(page, key=section, viewer=request.user, problems=problems)  # type: ignore[arg-type]
    context = {
        "tab": "edit",
        "form": page,
        "page": shown,
        "unsaved": shown.unsaved,
        "unsaved_by": shown.unsaved_by,
        "app": app,
        "parts": parts,
        "section": questions.ALL if section == questions.ALL else parts[0].section.key if parts else "",
        "vocabularies": catalogue.VOCABULARIES,
        "problems": problems,
        "problem_anchors": [q.anchor for part in parts for q in part.questions if q.problem],
        "to_marketplace": request.POST.get("then") == "save",
        "kept": kept,
        "refusal": refusal,
        "unfolded": request.GET.get("records") == questions.ALL,
    }
    status = 409 if refusal or any(item.conflict for item in (problems or {}).values()) else 422 if problems else 200
    return render(request, "privacy/edit.html", context, status=status)


# --- one answer -----------------------------------------------------------------------------------------------------


@on_app("privacy.edit")
@require_http_methods(["GET", "POST"])
def app_answer(request: HttpRequest, app: App) -> HttpResponse:
    """One question: keeps what was typed, or (GET) shows it again as it is now."""
    try:
        field = catalogue.field_named(request.GET.get("field", ""))
    except KeyError:
        raise Http404("There is no such question any more. Nothing was changed. Reload the page.") from None
    if request.method == "GET":
        return _show_question(request, app, field.pointer)
    if "without_controls" in request.POST:
        return _remove_controls(request, app, field)
    return _keep_one(request, app, field.pointer, lambda data: forms.given_answer(field, data))


def _remove_controls(request: HttpRequest, app: App, field: catalogue.Field) -> HttpResponse:
    """Keep the same answer without its control characters, and draw its control anew."""
    document, label = worked_on_document(app), field.question[:120]
    response = _keep_one(request, app, field.pointer, lambda data: forms.given_without_controls(field, document, data))
    if request.htmx and response.status_code == 200:  # type: ignore[attr-defined]
        return _show_question(request, app, field.pointer, f"The control characters are removed from “{label}”.")
    return response


@on_app("privacy.edit")
@require_http_methods(["GET", "POST"])
def app_unknown(request: HttpRequest, app: App) -> HttpResponse:
    """One value that is edited as JSON: a place that the catalogue does not know, or an answer of another type."""
    pointer = request.GET.get("pointer", "")
    view = questions.views_of(edit_page(app=app)).get(pointer)
    if view is None:
        raise Http404("This place is not in the document any more, so nothing was changed. Reload the page.")
    if request.GET.get("of", "") != getattr(view, "of", ""):
        return _refuse(request, app, "This place belongs to another entry now. Nothing was changed. Reload the page.")
    if request.method == "GET":
        return _show_question(request, app, pointer)
    return _keep_one(request, app, pointer, lambda data: forms.given_json(pointer, data))


@on_app("privacy.edit")
@require_safe
def app_record(request: HttpRequest, app: App) -> HttpResponse:
    """What one record of many holds: the page draws it when the record is opened."""
    field = catalogue.CATALOGUE.by_name.get(request.GET.get("field", ""))
    row = forms.row_of(field, worked_on_document(app), request.GET.get("token", "")) if field else None
    if field is None or row is None:
        raise Http404("This entry is not there any more. Nothing was changed. Reload the page.")
    return render(request, "privacy/_record_body.html", {"field": field, "key": field.name, "row": row})


def _keep_one(
    request: HttpRequest, app: App, pointer: str, read: Callable[[QueryDict], forms.Given | None]
) -> HttpResponse:
    given = read(request.POST)
    if given is None:
        return fragment_error("The answer did not arrive. Nothing was changed. Reload the page and try again.", 400)
    try:
        outcome = forms.keep(actor=actor_of(request), app=app, given=given)
    except PROBLEMS as refusal:
        return fragment_error(f"{refusal} What you typed is still on this page.", status_of(refusal))
    problem = outcome if isinstance(outcome, forms.Problem) else None
    if not request.htmx:  # type: ignore[attr-defined]
        if problem:
            return _show_form(request, find(app.connection, app.app_key), problems={pointer: problem})
        return redirect(url("app_edit", app))
    return _answered(request, app, given, outcome)


def _answered(
    request: HttpRequest, app: App, given: forms.Given, outcome: answering.Answered | forms.Problem
) -> HttpResponse:
    """What changes on the page after one answer; the control itself is not touched, so nobody's typing is lost.

    Unless the value is of another kind now, so that the control could not post it again.
    """
    problem, pointer = outcome if isinstance(outcome, forms.Problem) else None, given.pointer
    answered = outcome if isinstance(outcome, answering.Answered) else None
    page = edit_page(app=find(app.connection, app.app_key), answered=answered)
    question = questions.one(page, pointer, viewer=request.user, problem=problem)  # type: ignore[arg-type]
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
        context |= _records_after(request, page, question, given, outcome)
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
    page = edit_page(app=find(app.connection, app.app_key))
    question = questions.one(page, pointer, viewer=request.user)  # type: ignore[arg-type]
    if question is None:
        return _reload()
    response = render(request, "privacy/_replaced.html", _around(request, page, question))
    return with_toast(response, sentence) if sentence else response


def _around(request: HttpRequest, page: EditPage, question: questions.Question) -> dict:
    """What else shows on the page after an answer: questions that come or go, checks, progress, the bar."""
    given = request.POST if request.method == "POST" else request.GET
    viewer: Model | None = request.user  # type: ignore[assignment]
    section = given.get("on_section", "")
    shown = questions.chosen_sections(page, section)
    return {
        "form": page,
        "unsaved": selectors.unsaved(app=page.app, document=page.document),
        "unsaved_by": unsaved_changes([page.app]).get(page.app.pk),
        "app": page.app,
        "question": question,
        "section": section,
        "visibility_changes": questions.visibility_changes(page, question, given.getlist("shown"), viewer=viewer)
        if question.known
        else (),
        "others": [view for part in shown for view in part.fields if view is not question.view and view.asked],
    }


def _reload() -> HttpResponse:
    """The page shows a place that is not there any more: htmx loads it again."""
    response = HttpResponse(status=200)
    response["HX-Refresh"] = "true"
    return response


# --- whole steps back -----------------------------------------------------------------------------------------------


@on_app("privacy.edit", post=True)
def app_undo(request: HttpRequest, app: App) -> HttpResponse:
    """Put back what was there before one answer; the newest one where none is named."""
    wanted = request.POST.get("edit", "")
    edits = selectors.ledger(app=app)
    edit = edits.filter(pk=wanted).first() if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    if edit is None:
        return _refuse(request, app, "There is no such answer to undo. Nothing was changed.")
    return _one_step(
        request,
        app,
        edit.pointer,
        lambda: answering.undo(actor=actor_of(request), app=app, edit=edit),
        _undone(edit),
    )


@on_app("privacy.edit", post=True)
def app_bring_back(request: HttpRequest, app: App) -> HttpResponse:
    """Put a removed record back into its list."""
    wanted, place = request.POST.get("edit", ""), request.POST.get("place", "")
    numbers = all(text.isascii() and text.isdigit() and len(text) < 19 for text in (wanted, place))
    edit = selectors.ledger(app=app).filter(pk=wanted).first() if numbers else None
    if edit is None:
        return _refuse(request, app, "There is no such removed record. Nothing was changed. Reload the page.")
    return _one_step(
        request,
        app,
        edit.pointer,
        lambda: answering.bring_back(actor=actor_of(request), app=app, edit=edit, place=int(place)),
        "The record is back in the list.",
    )


def _undone(edit: Edit) -> str:
    return f"“{edit.label[:120]}” is as it was before." if edit.label else "The answer is as it was before."


@on_app("privacy.edit", post=True)
def app_take_live(request: HttpRequest, app: App) -> HttpResponse:
    """Put the live value of one place into the working copy, in the place of what the page showed (`seen`)."""
    pointer, seen = request.POST.get("pointer", ""), request.POST.get("seen", "")
    if not seen:
        return _refuse(request, app, "This page does not say what it showed. Nothing was changed. Open it again.")
    return _one_step(
        request,
        app,
        pointer,
        lambda: answering.take_live_value(actor=actor_of(request), app=app, pointer=pointer, seen=seen),
        "The live value is in the working copy now. Save it to Marketplace to change the draft.",
    )


def _one_step(
    request: HttpRequest, app: App, pointer: str, step: Callable[[], answering.Answered], sentence: str
) -> HttpResponse:
    try:
        step()
    except refusals.AnswerConflict as conflict:
        return _refuse(request, app, conflict.in_short)
    except PROBLEMS as problem:
        return _refuse(request, app, str(problem), status_of(problem))
    if request.htmx:  # type: ignore[attr-defined]
        return _show_question(request, app, pointer, sentence)
    messages.success(request, sentence)
    if request.POST.get("to") == "compare":
        show = "all" if request.POST.get("show") == "all" else ""
        return redirect(url("app_compare", app, left="working", right="live", show=show))
    return redirect(url("app_edit", app, section=catalogue.section_of(pointer).key))


def _refuse(request: HttpRequest, app: App, sentence: str, status: int = 409) -> HttpResponse:
    """Say why not, on the page that asked: what is there now is on it."""
    if request.htmx:  # type: ignore[attr-defined]
        return fragment_error(sentence, status)
    app, refusal = find(app.connection, app.app_key), refusals.Refusal(sentence)
    if request.POST.get("to") == "compare":
        show = request.POST.get("show", "")
        return show_compare(request, app, left="working", right="live", show=show, refusal=refusal)
    return _show_form(request, app, refusal=refusal)


@on_app("privacy.edit", post=True)
def app_reset(request: HttpRequest, app: App) -> HttpResponse:
    """Drop the working copy; what it held is kept as a version."""

    def drop() -> str:
        kept = working_copy.reset_working_copy(actor=actor_of(request), app=app)
        if kept is None:
            return "There was nothing to drop: the working copy held no changes."
        return "The working copy is dropped. What it held is kept under “Versions” and can be restored from there."

    return act(request, app, drop)


@on_app("privacy.edit", post=True)
def app_restore(request: HttpRequest, app: App, pk: int) -> HttpResponse:
    """Make a version the working copy."""
    snapshot = app.snapshots.filter(pk=pk).first()
    if snapshot is None:
        raise Http404("There is no such version of this document. Nothing was changed.")

    def restore() -> str:
        working_copy.restore(actor=actor_of(request), app=app, snapshot=snapshot)
        return "The version is the working copy now. Look at what it changes, then save it to Marketplace."

    return act(request, app, restore, to="app_compare", left="working", right="live")
