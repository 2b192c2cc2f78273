"""The project and all that both apps share."""
