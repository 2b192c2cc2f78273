"""One Privacy & Security document as data: no database, no calls."""
