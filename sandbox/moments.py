"""Times as Atlassian writes them."""

from datetime import UTC, datetime


def iso(now: float) -> str:
    """Unix seconds as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
