"""Carries allow-listed scripts out: a module for each way, with its `run` and its `look`.

Each is `bot.ports.scripts.Reacher`, and is loaded only where a script is reached by it.
"""
