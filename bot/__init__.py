"""Wardroom's engine: it knows no vendor and no single command."""

__version__ = "0.1.0"
