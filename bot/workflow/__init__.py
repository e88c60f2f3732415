"""Durable execution: work that a kill does not lose and a restart does not repeat."""
