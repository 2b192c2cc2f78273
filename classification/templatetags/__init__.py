"""Template tags of the classification pages."""
