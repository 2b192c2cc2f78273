"""Template tags of the interface that both apps share."""
