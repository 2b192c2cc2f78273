"""The sandbox, spoken to as any client of Atlassian would."""
