"""Approvals of a draft, who wrote it, and what still stands in the way of publishing."""
