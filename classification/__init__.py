"""Data classification of Confluence content and Jira projects."""
