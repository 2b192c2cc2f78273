"""Commands of classification, over the same services as its pages."""
