"""The form fields of a change of level; rights and rules are checked in the services."""

from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError

from classification.levels.targets import RESET, Wanted
from classification.models import Level
from classification.outcomes import LONGEST_REASON

#: What a form sends as `expected` where no level was shown.
NOT_SHOWN = "?"


class ChangeForm(forms.Form):
    """wanted: the key of a level, "reset" or "none"; expected: the level that the person saw, as of `change_level`.

    buttons: what is offered beside the levels.
    """

    wanted = forms.CharField(error_messages={"required": "Choose a level."})
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)
    expected = forms.CharField(required=False)

    def __init__(self, *args, choices: Sequence[Level], buttons: Sequence[str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.offered: dict[str, Wanted] = {str(level.pk): level for level in choices}
        self.offered |= {name: RESET if name == "reset" else None for name in buttons}

    def clean_wanted(self) -> Wanted:
        chosen = self.cleaned_data["wanted"]
        if chosen in self.offered:
            return self.offered[chosen]
        if chosen.isdigit():
            raise ValidationError(
                "This level can no longer be applied: it was archived or removed. Choose another one."
            )
        raise ValidationError("This cannot be done here.")

    def clean_expected(self) -> str | None:
        return None if self.cleaned_data["expected"] == NOT_SHOWN else self.cleaned_data["expected"]


class UndoForm(forms.Form):
    """change: the sequence number of the audit entry that records what is to be undone."""

    change = forms.IntegerField(min_value=1, max_value=2**62, error_messages={"required": "There is nothing to undo."})
