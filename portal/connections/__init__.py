"""Connections: adding and changing them, the clients that use them, and “Test connection”."""
