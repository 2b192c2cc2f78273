"""The working copy of a draft, its edit log and its versions."""
