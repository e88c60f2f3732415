"""The one road that every action takes."""
