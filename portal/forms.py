"""Forms of the portal's own pages."""

import functools
import zoneinfo
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from portal import registry
from portal.access import ADMINISTRATOR_ROLES
from portal.connections import changes
from portal.connections.token_scopes import token_scopes
from portal.models import AuditEntry, Connection, User

PLACES = {
    Connection.Kind.SITE: "site",
    Connection.Kind.ORGANIZATION: "organisation",
    Connection.Kind.MARKETPLACE: "developer space",
}


#: Where Atlassian makes API tokens of accounts, and API keys of organisations; and whose they should be.
TOKENS = {"url": "https://id.atlassian.com/manage-profile/security/api-tokens", "host": "id.atlassian.com"}
TOKEN_HELP: dict[str, dict[str, str]] = {
    Connection.Kind.SITE: {
        **TOKENS,
        "make": "Make an API token at",
        "account": "Trustdesk can see and change what its account can.",
    },
    Connection.Kind.ORGANIZATION: {
        "url": "https://admin.atlassian.com/",
        "host": "admin.atlassian.com",
        "make": "Make an API key at",
        "account": "Only an organisation admin can.",
    },
    Connection.Kind.MARKETPLACE: {
        **TOKENS,
        "make": "Make an API token at",
        "account": "Its account has to be a partner account that can manage the listings of the apps.",
    },
}
#: Fields that not every kind of connection has. The page hides the others; what was typed in them is left out.
ONLY_FOR = {
    "email": (Connection.Kind.SITE, Connection.Kind.MARKETPLACE),
    "org_id": (Connection.Kind.ORGANIZATION,),
    "developer_id": (Connection.Kind.MARKETPLACE,),
    "dialect": (Connection.Kind.SITE,),
}


class ConnectionForm(forms.Form):
    """The facts of a connection. The token goes in and never comes out again.

    kept_token: what was typed at the last try, used where none is typed now.
    """

    kind = forms.ChoiceField(label="What is it?", choices=Connection.Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label="Name", max_length=80, help_text="What your team calls it.")
    url = forms.CharField(
        label="Address",
        required=False,
        max_length=300,
        help_text="Example: your-site.atlassian.net. Leave empty for an organisation or a developer space.",
    )
    email = forms.CharField(
        label="Account e-mail",
        required=False,
        max_length=254,
        help_text="The Atlassian account of the token. Leave empty for an OAuth token.",
    )
    token = forms.CharField(
        label="API token",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    org_id = forms.CharField(label="Organisation id", required=False, max_length=80)
    developer_id = forms.CharField(label="Developer space id", required=False, max_length=80)
    dialect = forms.ChoiceField(
        label="API dialect",
        choices=Connection.Dialect.choices,
        initial=Connection.Dialect.CURRENT,
        help_text="Keep “current” unless this address answers like the reference documents.",
    )

    def __init__(self, *args, connection: Connection | None = None, kept_token: str = "", **kwargs) -> None:
        self.kept_token = kept_token
        if connection is not None:
            kwargs["initial"] = {name: getattr(connection, name) for name in self.base_fields if name != "token"}
        super().__init__(*args, **kwargs)
        if connection is not None:
            del self.fields["kind"]
            self.fields["token"].help_text = "Leave empty to keep the stored token."
            return
        self.fields["token"].help_text = _token_help()
        for name, kinds in ONLY_FOR.items():
            self.fields[name].widget.attrs["data-kinds"] = " ".join(kinds)
        for kind in Connection.Kind:
            if roles := own_roles(kind):
                self.fields[f"roles_{kind}"] = forms.MultipleChoiceField(
                    label=f"Your roles on this {PLACES[kind]}",
                    required=False,
                    choices=roles,
                    widget=forms.CheckboxSelectMultiple(attrs={"data-kinds": kind.value}),
                    help_text="What you want to do there yourself. Kept in the activity; you can change it later.",
                )

    def clean_token(self) -> str:
        return self.cleaned_data["token"] or self.kept_token

    def say_what_is_kept(self) -> None:
        """For a page that shows the form again."""
        if self.cleaned_data.get("token"):
            kept = "The token that you typed is kept, encrypted. Leave empty to use it."
            self["token"].help_text = _token_help(kept) if "kind" in self.fields else kept

    def clean(self) -> dict:
        """Name all that is missing at once: the service is not asked before the form is complete."""
        data = super().clean() or {}
        if "kind" in self.fields:
            for name in ("email", "org_id", "developer_id"):
                if data.get("kind") not in ONLY_FOR[name]:
                    data[name] = ""
            names = ("kind", "url", "email", "org_id", "developer_id", "token")
            for name, words in changes.missing(**{name: data.get(name, "") for name in names}).items():
                if name not in self.errors:
                    self.add_error(name, words)
        return data

    def focus_first_error(self) -> None:
        if name := next((name for name in self.fields if name in self.errors), ""):
            self.fields[name].widget.attrs["autofocus"] = True

    def facts(self) -> dict[str, str]:
        """The arguments of `connections.add`."""
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith("roles_")}

    def roles(self) -> list[str]:
        """The roles that who adds it takes on it."""
        return self.cleaned_data.get(f"roles_{self.cleaned_data['kind']}", [])


def _token_help(stored: str = "Stored encrypted and never shown again.") -> str:
    kinds = []
    for kind, words in TOKEN_HELP.items():
        reading, changing = token_scopes(kind)
        kinds.append({"value": kind, **words, "reading": reading, "changing": changing})
    return render_to_string("portal/_token_help.html", {"kinds": kinds, "stored": stored})


def own_roles(kind: str) -> list[tuple[str, str]]:
    """Key and words of the roles that give an administrator more than they have anyway."""
    return [
        (role.key, f"{role.label}: {role.description}")
        for role in registry.ROLES.values()
        if kind in role.kinds and role.key not in ADMINISTRATOR_ROLES
    ]


class RowsField(forms.ModelMultipleChoiceField):
    """Rows of a table to choose from."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> QuerySet:
        try:
            return super().clean(value)
        except OverflowError:  # larger than any id
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from None


class PeopleField(RowsField):
    """People to choose from, by name and e-mail."""

    def label_from_instance(self, user: User) -> str:
        return f"{user.name} ({user.email})" if user.name else user.email


class RolesForm(forms.Form):
    """Roles for people and groups: each of the roles for each of them."""

    roles = forms.MultipleChoiceField(
        label="Roles", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one role."}
    )
    people = PeopleField(
        label="People",
        queryset=User.objects.filter(is_active=True).order_by("name", "email"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"data-filtered": ""}),
        error_messages={"invalid_choice": "One of these people was removed or deactivated. Choose again."},
    )
    groups = RowsField(
        label="Groups",
        queryset=Group.objects.order_by("name"),
        required=False,
        error_messages={"invalid_choice": "One of these groups was removed. Choose again."},
    )

    def __init__(self, *args, kind: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (role.key, f"{role.label}: {role.description}") for role in registry.ROLES.values() if kind in role.kinds
        ]
        if not self.fields["groups"].queryset.exists():  # type: ignore[attr-defined]
            del self.fields["groups"]

    def clean(self) -> dict:
        data = super().clean() or {}
        if not self.errors and not data.get("people") and not data.get("groups"):
            raise forms.ValidationError("Choose at least one person or group.")
        return data


class PersonForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    name = forms.CharField(label="Name", max_length=150, required=False)


class PersonEditForm(forms.Form):
    name = forms.CharField(label="Name", max_length=150, required=False)
    groups = forms.CharField(
        label="Groups", required=False, max_length=500, help_text="Names, separated by commas. New ones are made."
    )
    atlassian_account_id = forms.CharField(
        label="Atlassian account ID",
        max_length=128,
        required=False,
        help_text="Atlassian sometimes names people by it. Nobody can approve what their account changed.",
    )
    is_active = forms.BooleanField(label="Can sign in", required=False)
    is_superuser = forms.BooleanField(label="Administrator of Trustdesk", required=False)

    def clean_groups(self) -> list[str]:
        return [name.strip()[:150] for name in self.cleaned_data["groups"].split(",") if name.strip()]


@functools.cache
def time_zones() -> list[str]:
    """The names of all time zones that are places; read from the disk once, since there are hundreds of files."""
    places = (zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return ["UTC", *sorted(places)]


class PreferencesForm(forms.Form):
    name = forms.CharField(label="Your name", max_length=150, required=False)
    time_zone = forms.ChoiceField(label="Time zone", required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", "The server's time zone"),
            *((zone, zone.replace("_", " ")) for zone in time_zones()),
        ]


#: Before a subject of the filter, where all of its actions are meant: "all:Levels".
ALL_OF = "all:"
#: Value of the filter -> its words, and how many days before today it begins.
PERIODS = {"today": ("Today", 0), "7-days": ("7 days", 6), "30-days": ("30 days", 29)}


class ActivityFilterForm(forms.Form):
    """The filter of the activity page; unknown values are ignored, so that an old link still opens."""

    q = forms.CharField(label="Text", required=False, max_length=200)
    connection = forms.ModelChoiceField(
        label="Connection", queryset=Connection.objects.none(), required=False, to_field_name="slug", empty_label="All"
    )
    actor = forms.CharField(label="Person", required=False, max_length=254)
    action = forms.ChoiceField(label="Action", required=False)
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=[("", "All"), *AuditEntry.Outcome.choices])
    #: Chosen by links beside the form; a day in one of the next two fields overrides it.
    period = forms.ChoiceField(
        required=False, widget=forms.HiddenInput, choices=[(value, label) for value, (label, _) in PERIODS.items()]
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, connections, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        self.fields["action"].choices = action_choices  # type: ignore[attr-defined]

    def actions(self) -> list[str]:
        """The chosen action, or all actions of the chosen subject, by all names that they have in entries."""
        chosen = self.cleaned_data.get("action", "")
        actions = [chosen] if chosen else []
        if chosen.startswith(ALL_OF):
            actions = registry.AUDIT_SUBJECTS[chosen.removeprefix(ALL_OF)]
        return [*actions, *registry.earlier_names(actions)]

    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day, in the reader's time zone."""
        if period := self.chosen_period():
            return timezone.localdate() - timedelta(days=PERIODS[period][1]), None
        return self.cleaned_data.get("since"), self.cleaned_data.get("until")

    def chosen_period(self) -> str:
        days = self.cleaned_data.get("since") or self.cleaned_data.get("until")
        return "" if days else self.cleaned_data.get("period", "")

    def period_links(self) -> list[tuple[str | None, str, bool]]:
        """Value for the address, words, and whether it is chosen."""
        chosen, data = self.chosen_period(), self.cleaned_data
        anything = not (chosen or data.get("since") or data.get("until"))
        links = [(value, label, value == chosen) for value, (label, _) in PERIODS.items()]
        return [(None, "Any time", anything), *links]


def action_choices() -> list[tuple]:
    """Actions grouped by subject, each group headed by a choice of all its actions."""
    choices: list[tuple] = [("", "All")]
    for subject, actions in sorted(registry.AUDIT_SUBJECTS.items()):
        labels = sorted(((action, registry.AUDIT_ACTIONS[action]) for action in actions), key=lambda pair: pair[1])
        choices.append((subject, [(f"{ALL_OF}{subject}", f"{subject}: all"), *labels]))
    return choices
