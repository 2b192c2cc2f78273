"""Characters that cannot be seen, that change the order of others, or that look like another letter: found and named.

marked("a\u200bb")        [Piece("a"), Piece("", "U+200B ZERO WIDTH SPACE"), Piece("b")]
spelled_out("a\u200bb")   "a[U+200B ZERO WIDTH SPACE]b", for a terminal
remarks("a\u200bb")       ["It holds U+200B ZERO WIDTH SPACE, which cannot be seen."]
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

#: Letters and marks that draw nothing although their category says that they would.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_ALLOWED: Final = frozenset(" \n\r\t")
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Scripts whose letters are taken for Latin ones.
_LOOKALIKE: Final = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL")
_TWINS: Final = dict(
    zip(
        "аесіјорѕухԁԛԝһӏАВЕІЈКМНОРСТУХЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανυρι",
        "aecijopsyxdqwhlABEIJKMHOPCTYXSABEZHIKMNOPTYXoavupi",
        strict=True,
    )
)
_WORD: Final = re.compile(r"[^\W\d_]+")
#: Nothing else in an ASCII text can deceive.
_ODD_ASCII: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: Characters that change how the letters beside them are joined, and scripts that need that.
_JOINERS: Final = "\u200c\u200d"
_JOINED: Final = (
    *("ARABIC", "SYRIAC", "MONGOLIAN", "SINHALA", "KHMER", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
    *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM"),
)
_NAMES: Final = {"\x00": "NULL", "\x7f": "DELETE"}


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is shown as it is, and the name of the character behind it that is not ("" for none)."""

    text: str
    name: str = ""


def is_plain(text: str) -> bool:
    """Whether a text cannot hold such a character; quick, since most texts are ASCII."""
    return text.isascii() and not _ODD_ASCII.search(text)


def name_of(letter: str) -> str:
    """U+200B ZERO WIDTH SPACE."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, _NAMES.get(letter, 'CONTROL CHARACTER'))}"


def is_hidden(letter: str) -> bool:
    """Whether a character draws nothing, or blank space other than a space or a line end."""
    if letter in _ALLOWED:
        return False
    kind = unicodedata.category(letter)
    selector = "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
    return kind in ("Cf", "Cc", "Zs", "Zl", "Zp") or selector or letter in _BLANK


def hidden(text: str) -> list[str]:
    """The characters of a text that draw nothing and stand for nothing, each once, in order.

    Blank space is left out, and so are joiners that an emoji or a script needs.
    """
    if is_plain(text):
        return []
    return list(dict.fromkeys(letter for at, letter in enumerate(text) if _is_removable(text, at)))


def without_hidden(text: str) -> str:
    """The text without those."""
    return "".join(letter for at, letter in enumerate(text) if not _is_removable(text, at))


def _is_removable(text: str, at: int) -> bool:
    letter = text[at]
    if unicodedata.category(letter) in ("Zs", "Zl", "Zp") or not is_hidden(letter) or _joins_emoji(text, at):
        return False
    return not (letter in _JOINERS and at > 0 and _script(text[at - 1]) in _JOINED)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _mixed(text: str) -> set[int]:
    """Positions of letters that look like Latin ones inside words that hold Latin ones too."""
    found: set[int] = set()
    for word in _WORD.finditer(text):
        if not word[0].isascii() and any(_script(letter) == "LATIN" for letter in word[0]):
            found |= {word.start() + at for at, letter in enumerate(word[0]) if _script(letter) in _LOOKALIKE}
    return found


def marked(text: str, *, twins: bool = False) -> list[Piece]:
    """A text as pieces; what cannot be seen is left out and named. `twins`: name every letter like a Latin one."""
    if is_plain(text):
        return [Piece(text)]
    odd = {at for at, letter in enumerate(text) if twins and letter in _TWINS} | _mixed(text)
    pieces, shown = [], ""
    for at, letter in enumerate(text):
        if is_hidden(letter) and not _joins_emoji(text, at):
            pieces.append(Piece(shown, name_of(letter)))
            shown = ""
            continue
        shown += letter
        if at in odd or _is_apart(text, at):
            pieces.append(Piece(shown, name_of(letter)))
            shown = ""
    return [*pieces, Piece(shown)] if shown or not pieces else pieces


def _is_apart(text: str, at: int) -> bool:
    """Whether this character is what normalisation would replace: an accent that could be one with its letter."""
    letter = text[at]
    if unicodedata.combining(letter):
        return at == 0 or len(unicodedata.normalize("NFC", text[at - 1] + letter)) == 1
    return unicodedata.normalize("NFC", letter) != letter


def _joins_emoji(text: str, at: int) -> bool:
    """Whether a joiner or selector belongs to the emoji before it."""
    return text[at] in "\u200d\ufe0f" and at > 0 and unicodedata.category(text[at - 1]) in ("So", "Sk", "Cf", "Mn")


def spelled_out(text: str) -> str:
    """A text for a terminal or a log: what cannot be seen stands in it by name and does not act."""
    return "".join(piece.text + (f"[{piece.name}]" if piece.name else "") for piece in marked(text))


def look_alike(left: str, right: str) -> bool:
    """Whether two different texts look the same."""
    return left != right and _looks(left) == _looks(right)


def _looks(text: str) -> str:
    shown = "".join(" " if letter.isspace() else letter for letter in text if letter.isspace() or not is_hidden(letter))
    shown = unicodedata.normalize("NFKC", shown)
    return " ".join("".join(_TWINS.get(letter, letter) for letter in shown).split())


def remarks(text: str) -> Iterator[str]:
    """One sentence for each kind of character that a reader of this text cannot see or tell from another."""
    if is_plain(text):
        return
    hidden = [letter for at, letter in enumerate(text) if is_hidden(letter) and not _joins_emoji(text, at)]
    turning = _names(letter for letter in hidden if letter in _BIDI)
    if turning:
        yield f"It holds {turning}, which can show text in another order than it has."
    unseen = _names(letter for letter in hidden if letter not in _BIDI)
    if unseen:
        yield f"It holds {unseen}, which cannot be seen."
    foreign = _names(text[at] for at in sorted(_mixed(text)))
    if foreign:
        yield f"It holds {foreign} among Latin letters, which looks like another letter."
    if unicodedata.normalize("NFC", text) != text:
        yield "It holds letters and accents as separate characters (not in Unicode form NFC), which look like one."


def _names(letters: Iterator[str]) -> str:
    names = list(dict.fromkeys(name_of(letter) for letter in letters))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@lru_cache(maxsize=4096)  # the links of a long list are looked at again with every answer
def host_remark(link: str) -> str:
    """What to know of a link whose host is not plain ASCII, or that only looks so: "" for others."""
    try:
        host = urlsplit(link.strip()).hostname or ""
        if host.isascii() and "xn--" not in host:
            return ""
        if host.isascii():
            return f"The host {host} is shown by browsers as {host.encode().decode('idna')}."
        return f"The host {spelled_out(host)} is {host.encode('idna').decode()} on the network."
    except (ValueError, UnicodeError):
        return "The host of this link holds characters that no host name has."
