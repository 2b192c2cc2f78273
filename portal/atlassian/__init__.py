"""The one service module through which everything here speaks to Atlassian's APIs."""
