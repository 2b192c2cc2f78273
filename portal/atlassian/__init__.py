"""The service module: the one place that calls Atlassian's APIs."""
