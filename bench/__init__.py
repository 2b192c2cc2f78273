"""Reproducible measurements against named peers, in the same run on the same machine. All of them: `make bench`."""
