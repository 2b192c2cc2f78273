"""The Privacy & Security pages."""
