#!/usr/bin/env python
"""Runs commands: sets the settings module, and says in one line what keeps a command from starting."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except ImproperlyConfigured as error:
        sys.exit(f"Trustdesk does not start: {error}")
    except DatabaseError:
        from portal.management.base import database_trouble

        if "--traceback" in sys.argv or not (trouble := database_trouble()):
            raise
        sys.exit(trouble)
    except BrokenPipeError:
        # Whoever read has had enough, as `head` does. Python would complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
