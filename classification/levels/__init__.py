"""Changing one level: of an item, or of the default of a space or project."""
