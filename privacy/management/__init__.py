"""Commands of privacy, over the same services as its pages."""
