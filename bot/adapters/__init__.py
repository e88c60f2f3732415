"""Doors: each turns one wire format into Invocations, and draws the Replies."""
