"""People: adding, changing, new passwords, second factors."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import actor_of, for_administrators
from portal.forms import PersonEditForm, PersonForm
from portal.models import Grant, User
from portal.people import administration


@for_administrators
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = administration.add_person(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{user.email} is added.")
            return _show_password_link(request, user)
    page = Paginator(User.objects.prefetch_related("groups"), 100).get_page(request.GET.get("page"))
    return render(request, "portal/people.html", {"form": form, "page": page}, status=422 if form.errors else 200)


def _person(pk: int) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise Http404("There is no such person. Nothing was changed.")
    return user


@for_administrators
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    initial = {
        "name": user.name,
        "atlassian_account_id": user.atlassian_account_id,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "groups": ", ".join(user.groups.order_by("name").values_list("name", flat=True)),
    }
    form = PersonEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            administration.change_person(actor=actor_of(request), user=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{user.email} is saved.")
            return redirect("people")
    link = request.session.pop(PASSWORD_LINK, None)
    context = {
        "person": user,
        "form": form,
        "grants": Grant.objects.filter(user=user).select_related("connection"),
        "second_factor": administration.has_second_factor(user),
        "link": request.build_absolute_uri(link[1]) if link and link[0] == user.pk else "",
    }
    return render(request, "portal/person.html", context, status=422 if form.errors else 200)


#: Where the session keeps a link from the post that made it to the one page that shows it.
PASSWORD_LINK = "password_link"  # noqa: S105


def _show_password_link(request: HttpRequest, user: User) -> HttpResponse:
    request.session[PASSWORD_LINK] = [user.pk, administration.new_password_path(actor=actor_of(request), user=user)]
    return redirect("person", pk=user.pk)


@for_administrators
@require_POST
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    try:
        return _show_password_link(request, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("person", pk=user.pk)


@for_administrators
@require_POST
def person_second_factor_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    try:
        administration.remove_second_factor(actor=actor_of(request), user=user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"{user.email} signs in with the password alone until they set up another.")
    return redirect("person", pk=user.pk)
