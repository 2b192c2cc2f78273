"""Refuses passwords that follow a pattern: one character, a few repeated ones, counting, the order of the keyboard."""

import itertools

from django.core.exceptions import ValidationError

#: Neighbours in one of these, forwards or backwards, are easy to guess from each other.
SEQUENCES = [
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    *["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"],
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "!@#$%^&*()",
]
NEIGHBOURS = {pair for row in SEQUENCES for way in (row, row[::-1]) for pair in itertools.pairwise(way)}
#: A password of pieces that are this long on average, or that repeats so few characters, is predictable.
PIECE, REPEATED = 4, 4


def is_predictable(password: str) -> bool:
    text = password.lower()
    if 0 < (text + text).find(text, 1) <= REPEATED < len(text):
        return True
    breaks = sum(a != b and (a, b) not in NEIGHBOURS for a, b in itertools.pairwise(text))
    return len(text) >= PIECE * (breaks + 1)


class PredictablePasswordValidator:
    """For AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user=None) -> None:
        if is_predictable(password):
            raise ValidationError(
                "This password repeats characters, or follows the alphabet, numbers or the keyboard. Choose another.",
                code="password_predictable",
            )

    def get_help_text(self) -> str:
        return "Your password can’t repeat a few characters or follow the alphabet, numbers or the keyboard."
