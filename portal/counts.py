"""Counts in sentences: the noun and the verb agree with the number."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count and what is counted: "1 change", "1,362 changes"; `plural` where it is not the noun and an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def agreeing(count: int, one: str, many: str) -> str:
    """The word that goes with a count: agreeing(1, "is", "are") is "is"."""
    return one if count == 1 else many
