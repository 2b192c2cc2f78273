"""What holds for every test of the portal."""

from tests.locks import rows_are_locked_in_one_order  # noqa: F401 - holds for every test of this package
