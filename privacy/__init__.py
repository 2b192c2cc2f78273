"""Privacy & Security documents of Marketplace apps: edit, compare, approve, publish."""
