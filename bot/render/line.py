"""Writes the line that a control types, so that the parser reads back exactly what was meant."""

from __future__ import annotations

# The marks that the parser takes for a double quote, curly ones included.
QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb'
ESCAPES = str.maketrans({mark: "\\" + mark for mark in QUOTES + "\\"})


def quoted(value: str) -> str:
    """Return a value as one word of a line, whatever it holds."""
    return f'"{value.translate(ESCAPES)}"'


def answered(command: str, name: str, value: str) -> str:
    """Return a button's command with the argument that it asked for."""
    return f"{command} --{name.replace('_', '-')} {quoted(value)}"
