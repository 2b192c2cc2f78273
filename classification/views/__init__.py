"""The pages of classification, one module per thing that a person works on."""
