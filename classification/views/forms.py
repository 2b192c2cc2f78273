"""The form fields of a change of level; rights and rules are checked in the services."""

from collections.abc import Sequence

from django import forms

from classification.models import Level
from classification.outcomes import LONGEST_REASON


class ChangeForm(forms.Form):
    """action: set, reset, remove or clear. seen: the level that the person saw, as `expected` of the service."""

    action = forms.ChoiceField(
        choices=[(name, name) for name in ("set", "reset", "remove", "clear")],
        error_messages={"required": "Choose what to do.", "invalid_choice": "This cannot be done here."},
    )
    level = forms.CharField(required=False)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)
    seen = forms.CharField(required=False)

    def __init__(self, *args, choices: Sequence[Level], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.choices = {str(level.pk): level for level in choices}

    def clean(self) -> dict:
        data = super().clean() or {}
        if data.get("action") == "set":
            chosen = data.get("level", "")
            data["level"] = self.choices.get(chosen)
            if not chosen:
                self.add_error("level", "Choose a level.")
            elif data["level"] is None:
                self.add_error(
                    "level", "This level can no longer be applied: it was archived or removed. Choose another one."
                )
        return data
