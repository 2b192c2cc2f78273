"""How the server's log reads."""

import logging


class RefusalsInOneLine(logging.Filter):
    """What a request was refused for (a right, an address, a host) is one line; faults of ours keep their traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        if status is None or status >= 500:
            return True
        # Django says "Bad Request" once more after it said why.
        if status == 400 and record.name == "django.request" and not record.exc_info:
            return False
        record.exc_info = record.exc_text = None
        return True


def one_line(error: BaseException) -> str:
    """The words of an error for a line of the log that goes on after them."""
    return " ".join(str(error).split()).rstrip(".")
