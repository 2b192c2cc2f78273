"""The commands: levels, scan, classify."""
