"""Jira, played over HTTP."""
