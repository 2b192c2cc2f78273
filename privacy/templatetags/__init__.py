"""Template tags of the pages of privacy."""
