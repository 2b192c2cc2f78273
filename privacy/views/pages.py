"""The pages of one app as responses, also after a refusal, and what all its views share."""

import functools
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal import access
from portal.atlassian.errors import ApiError
from portal.middleware import error_status
from portal.models import Connection
from privacy import refusals
from privacy.app_lookup import find_app
from privacy.document import catalogue
from privacy.document.readable import read_document
from privacy.models import App
from privacy.reviews import approvals, shown_comparison
from privacy.reviews.shown_comparison import Shown
from privacy.reviews.status import reviews_of
from privacy.views import forms, next_step, questions
from privacy.views.app_context import AppContext, changes_by_section
from privacy.views.versions import all_versions, approved_version

#: What a person did not get: a refusal of ours, or an error of Atlassian's.
Problem = refusals.Refusal | ApiError
PROBLEMS = (refusals.Refusal, ApiError)


def on_app(capability: str, *, post: bool = False) -> Callable:
    """Decorate a view `(request, app, …)` whose URL has `slug` and `app_key`.

    `post`: the address only takes posts. Who opens it otherwise, from the history or after a refusal, comes to the app.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @access.on_connection(capability, kind=Connection.Kind.MARKETPLACE)
        @functools.wraps(view)
        def wrapped(request: HttpRequest, connection: Connection, app_key: str, *args, **kwargs) -> HttpResponse:
            app = find(connection, app_key)
            if post and request.method != "POST":
                return redirect(url("app", app))
            return view(request, app, *args, **kwargs)

        return wrapped

    return decorate


def find(connection: Connection, key: str) -> App:
    """The app, with live, draft and working copy as they are now. Raises Http404."""
    app = None if "\x00" in key else find_app(connection=connection, key=key)
    if app is None:
        raise Http404("There is no such app in this developer space, or it has not been read yet.")
    return app


def url(name: str, app: App, *args, **query) -> str:
    """The address of a page of this app; what is empty in `query` is left out."""
    given = {key: value for key, value in query.items() if value}
    return reverse(name, args=[app.connection.slug, app.app_key, *args]) + (f"?{urlencode(given)}" if given else "")


def status_of(problem: Problem) -> int:
    """The status of the page that shows a problem: always 4xx."""
    return error_status(problem) if isinstance(problem, ApiError) else 409


#: The forms of the page with a text of one's own: which address takes it, and under which name.
TEXTS = {
    "app_review_verdict": ("verdict", "comment"),
    "app_review_ask": ("ask", "note"),
    "app_alert": ("alert", "note"),
}


def _typed(request: HttpRequest) -> dict[str, str]:
    """The text that came with this post, by form."""
    match = request.resolver_match
    form, name = TEXTS.get(match.url_name or "" if match else "", ("", ""))
    return {form: request.POST[name]} if name in request.POST else {}


def _open_forms(page: AppContext, allowed: Collection[str], why_not: str) -> dict[str, bool]:
    """Which of these forms the page draws for this person now."""
    state = page.signoff.state
    waiting = state in ("waiting", "signed_off")
    # What was asked for or approved cannot be published once live moved: it is asked for again in its place.
    closed = (waiting and not page.signoff.live_moved) or state in ("publishing", "hidden")
    return {
        "verdict": waiting and not why_not,
        "ask": not closed and page.draft.document is not None and "privacy.edit" in allowed,
        "alert": bool(page.app.alert) and "privacy.publish" in allowed,
    }


def show_app(
    request: HttpRequest,
    app: App,
    *,
    problem: Problem | None = None,
    form: object = None,
    status: int = 200,
) -> HttpResponse:
    """The page of an app. With a problem or an invalid form, what was typed is still in its place.

    Where that place is gone, because somebody else was quicker, the text stands in a box of its own.
    """
    if problem is not None:
        app, status = find(app.connection, app.app_key), status_of(problem)
    page = AppContext(app)
    actor = access.actor_of(request)
    allowed = access.capabilities(actor, app.connection)
    why_not = approvals.why_not_approve(actor, page.signoff.review) if page.signoff.review else ""
    typed, open_forms = _typed(request), _open_forms(page, allowed, why_not)
    wanted = request.GET.get("version", "")
    # Whoever is asked to approve came for the draft, and never finds live beside the way to approve it.
    first = (page.draft, page.live) if open_forms["verdict"] else (page.live, page.draft)
    shown = next((item for item in (page.live, page.draft, page.working) if item.key == wanted), None)
    if shown is None or shown.document is None:
        shown = next((item for item in first if item.document is not None), page.live)
    changes = page.draft_changes
    to_review = _to_review(page, actor) if open_forms["verdict"] else None
    context = {
        "tab": "overview",
        "page": page,
        "app": app,
        "shown": shown,
        "sections": read_document(shown.document) if shown.document is not None else (),
        "changes": changes,
        "next": next_step.next_step(page, allowed, to_review),
        "reviews": reviews_of(app).defer("snapshot__text"),
        "why_not": why_not,
        "problem": problem,
        "approved_version": approved_version(app=app, review=page.signoff.review) if app.alert else None,
        "form": form,
        "forms": open_forms,
        "typed": typed,
        "stray": "".join(text for name, text in typed.items() if not open_forms[name]),
    }
    return render(request, "privacy/app.html", context, status=status)


def _to_review(page: AppContext, actor: access.Actor) -> next_step.ToReview:
    """What this person is asked to approve: the changes since their last review, else all."""
    reviewed = approvals.last_reviewed(actor, page.app)
    since = page.compare(before=str(reviewed.pk), after="draft") if reviewed else None
    if since is not None:
        return next_step.ToReview(len(since.diff.changes), since_last=True)
    return next_step.ToReview(sum(item.total for item in page.draft_changes))


def show_compare(
    request: HttpRequest,
    app: App,
    *,
    before: str,
    after: str,
    show: str,
    refusal: Problem | None = None,
    problem: Problem | None = None,
    form: object = None,
    status: int = 200,
) -> HttpResponse:
    """Two versions side by side. Raises Http404 when one of them is none.

    Draft beside live is where a reviewer decides: `problem` and `form` are what was refused of that. Who decided on an
    earlier draft, compared with the same live, decides beside that one, which is `before` where it is "".
    """
    page = AppContext(app)
    actor = access.actor_of(request)
    allowed = access.capabilities(actor, app.connection)
    may_decide, reviewed_key = _deciding(page, actor, allowed)
    comparison = page.compare(before=before or (after == "draft" and reviewed_key) or "live", after=after)
    if comparison is None:
        raise Http404("There is no such version of this document. Nothing was changed.")
    reviewing = may_decide and after == "draft" and comparison.before.key in ("live", reviewed_key)
    typed = _typed(request).get("verdict", "")
    shown = Shown(draft=comparison.after.content_hash, live=app.live_hash)
    context = {
        "tab": "compare",
        "page": page,
        "app": app,
        "comparison": comparison,
        "diff": comparison.diff,
        "changed_sections": changes_by_section(comparison.diff),
        "show": "all" if show == "all" else "changes",
        "takes_live": comparison.before.key == "live" and comparison.after.key in ("draft", "working"),
        "recent": all_versions(app=app)[:30],
        "refusal": refusal,
        "problem": problem,
        "form": form,
        "may_decide": may_decide,
        "reviewing": reviewing,
        "reviewed_key": reviewed_key,
        "unsaved_bar": comparison.after.key == "working" and "privacy.edit" in allowed and page.unsaved,
        "shown": shown_comparison.sign(actor.user, shown) if reviewing and actor.user else "",
        "typed": {"verdict": typed},
        "stray": "" if reviewing else typed,
    }
    wrong = refusal or problem
    return render(request, "privacy/compare.html", context, status=status_of(wrong) if wrong else status)


def _deciding(page: AppContext, actor: access.Actor, allowed: Collection[str]) -> tuple[bool, str]:
    """Whether this person is asked to decide on the draft, and the key of the version that they decided on before."""
    why_not = approvals.why_not_approve(actor, page.signoff.review) if page.signoff.review else ""
    if not _open_forms(page, allowed, why_not)["verdict"]:
        return False, ""
    reviewed = approvals.last_reviewed(actor, page.app)
    return True, str(reviewed.pk) if reviewed else ""


def show_review(
    request: HttpRequest, app: App, *, problem: Problem | None = None, form: object = None, status: int = 200
) -> HttpResponse:
    """The comparison on which a reviewer decides, as it is now, with what was refused; nothing typed is lost."""
    app = find(app.connection, app.app_key)
    return show_compare(request, app, before="", after="draft", show="", problem=problem, form=form, status=status)


def show_form(
    request: HttpRequest,
    app: App,
    *,
    problems: Mapping[str, forms.Problem] | None = None,
    refusal: Problem | None = None,
    kept: int = 0,
) -> HttpResponse:
    """The edit form. `problems`: what was typed and not saved, by pointer; `kept`: how many answers were."""
    page, section = AppContext(app), request.GET.get("section", "")
    unfolded = request.GET.get("records") == questions.ALL
    parts = questions.parts(page.form, key=section, viewer=request.user, problems=problems)  # type: ignore[arg-type]
    chosen = questions.ALL if section == questions.ALL else parts[0].section.key if parts else ""
    context = {
        "tab": "edit",
        "form": page.form,
        "page": page,
        "unsaved": page.unsaved,
        "unsaved_by": page.unsaved_by,
        "app": app,
        "parts": parts,
        "section": chosen,
        "form_query": urlencode({"section": chosen} | ({"records": questions.ALL} if unfolded else {})),
        "vocabularies": catalogue.VOCABULARIES,
        "problems": problems,
        "problem_anchors": [q.anchor for part in parts for q in part.questions if q.problem],
        "to_marketplace": request.POST.get("then") == "save",
        "kept": kept,
        "refusal": refusal,
        "unfolded": unfolded,
        "field_names": _shows_field_names(request),
    }
    status = 409 if refusal or any(item.conflict for item in (problems or {}).values()) else 422 if problems else 200
    return render(request, "privacy/edit.html", context, status=status)


def _shows_field_names(request: HttpRequest) -> bool:
    """Whether the form shows the field names of the document; the choice is kept for the session."""
    wanted = request.GET.get("names")
    if wanted in ("show", "hide"):
        request.session["field_names"] = wanted == "show"
    return request.session.get("field_names", False)
