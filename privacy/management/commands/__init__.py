"""The command: privacy."""
