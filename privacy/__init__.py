"""Privacy & Security documents of Marketplace apps: draft, compare, sign off, publish."""
