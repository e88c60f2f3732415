"""The bundled corpus, the ways a leak gets wrapped, and texts made to cost time."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.dispatch.phi import MAX_CHARS, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Sample:
    """One text and what the guard must say about it."""

    id: str
    tier: Tier
    kinds: tuple[str, ...]
    text: str


def _load(name: str) -> list[Sample]:
    rows = map(json.loads, (CORPUS / f"{name}.jsonl").read_text().splitlines())
    return [Sample(row["id"], Tier(row["tier"]), tuple(row["kinds"]), row["text"]) for row in rows]


LEAKS = _load("leaks")
HINTS = _load("hints")
ORDINARY = _load("ordinary")


def slow_texts() -> Mapping[str, str]:
    """Return texts of the full length, each one unit over and over, made to make a search slow."""
    rows = map(json.loads, (CORPUS / "adversarial.jsonl").read_text().splitlines())
    return {row["id"]: (row["unit"] * MAX_CHARS)[:MAX_CHARS] for row in rows}


def _widen(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


# What people and programs do to a message before it lands in a chat.
VISIBLE: Mapping[str, Callable[[str], str]] = {
    "code fence": lambda text: f"```\n{text}\n```",
    "log prefix": lambda text: f"2024-06-11T03:15:02Z ERROR {text}",
    "lines around": lambda text: f"first line\n{text}\nlast line",
    "prose around": lambda text: f'please look at "{text}" today',
    "JSON string": lambda text: json.dumps({"text": text}),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"text": text})),
    "Python repr": repr,
    "HTML": html.escape,
}
HIDDEN: Mapping[str, Callable[[str], str]] = {
    "full width": _widen,
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "NUL bytes": "\x00".join,
}
PACKED: Mapping[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "URL-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent signs": lambda text: urllib.parse.quote(text, safe=""),
}
# One level is taken off, so what is packed already is not packed again.
PACKED_ALREADY = ("base64", "hex", "url-encoded", "quoted-printable", "html-entities")


def is_packed(sample: Sample) -> bool:
    """Tell a sample that is wrapped in an encoding as it stands."""
    return any(word in sample.id for word in PACKED_ALREADY)
