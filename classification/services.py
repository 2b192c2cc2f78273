"""The writes of classification, one door for views, commands and tasks: permission, remote write, read back, audit.

All raise PermissionDenied (with a sentence) for an actor without the capability, and ApiError while nothing has been
tried yet (the state before could not be read). Once the remote write was tried they do not raise: the Outcome says it.
"""

from .defaults import clear_project_default, clear_space_default, impact, set_project_default, set_space_default
from .items import remove_item_level, reset_item_level, set_item_level
from .outcomes import (
    ChangedMeanwhile,
    Impact,
    LevelNotApplicable,
    NotChangeable,
    Outcome,
    Reading,
    ReasonNeeded,
)
from .reading import ask_scan, cancel_scan, read_item, read_levels, read_projects, read_space

__all__ = [
    "ChangedMeanwhile",
    "Impact",
    "LevelNotApplicable",
    "NotChangeable",
    "Outcome",
    "Reading",
    "ReasonNeeded",
    "ask_scan",
    "cancel_scan",
    "clear_project_default",
    "clear_space_default",
    "impact",
    "read_item",
    "read_levels",
    "read_projects",
    "read_space",
    "remove_item_level",
    "reset_item_level",
    "set_item_level",
    "set_project_default",
    "set_space_default",
]
